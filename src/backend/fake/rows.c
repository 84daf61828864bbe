/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attributes that the fake host serves: all of them. */
#include "backend/fake/fake.h"

#define READ_BOTH (PRI_SERVE_READ | PRI_SERVE_READ_CONFIG)
#define LIVE_ONLY (PRI_SERVE_READ | PRI_SERVE_WRITE)
#define RESTORED (PRI_SERVE_ALL | PRI_SERVE_RESTORE)

/* A row is written out as {serve = {attr, modes, min, max, grain}, read, write}. */
/* check() has something to say where it was told to. */
#define CHECKED (RESTORED | PRI_SERVE_PRECHECK_CONFIG)
#define SETTING(id, grain_)                                                                        \
	[id] = {                                                                                   \
		.serve = {.attr = (id), .modes = CHECKED, .grain = (grain_)},                      \
		.read = pri_fake_value_read,                                                       \
		.write = pri_fake_value_write,                                                     \
	}
/* A setting that no configuration keeps: of the host, or made through the guest. */
#define LIVE_SETTING(id)                                                                           \
	[id] = {                                                                                   \
		.serve = {.attr = (id), .modes = LIVE_ONLY},                                       \
		.read = pri_fake_value_read,                                                       \
		.write = pri_fake_value_write,                                                     \
	}
#define READING(id, modes_, read_)                                                                 \
	[id] = {                                                                                   \
		.serve = {.attr = (id), .modes = (modes_)},                                        \
		.read = (read_),                                                                   \
	}
#define COUNTER(id, base_, per_second_)                                                            \
	[id] = {                                                                                   \
		.serve = {.attr = (id), .modes = PRI_SERVE_READ},                                  \
		.read = pri_fake_counter_read,                                                     \
		.base = (base_),                                                                   \
		.per_second = (per_second_),                                                       \
	}
/* A limit of the guest's disk with its peak and the length of that in seconds. */
#define GUEST_LIMIT(id) SETTING(id, ANY), SETTING(id##_MAX, ANY), SETTING(id##_MAX_LENGTH, ANY)

#define ANY 0
#define KIB 1024
#define PAGE 4096

static const struct pri_fake_row rows[PRI_ATTR_COUNT] = {
	[PRI_MEM_BALLOON] =
		{
			.serve = {.attr = PRI_MEM_BALLOON,
				  .modes = PRI_SERVE_ALL | PRI_SERVE_PRECHECK,
				  .grain = KIB},
			.read = pri_fake_balloon_read,
			.write = pri_fake_balloon_write,
		},
	READING(PRI_MEM_MAXIMUM, READ_BOTH, pri_fake_maximum_read),
	SETTING(PRI_MEM_SOFT_LIMIT, PAGE),
	SETTING(PRI_MEM_GUARANTEE, PAGE),
	SETTING(PRI_MEM_THROTTLE, PAGE),
	SETTING(PRI_MEM_HARD_LIMIT, PAGE),
	SETTING(PRI_MEM_SWAP_LIMIT, PAGE),
	SETTING(PRI_MEM_STATS_PERIOD, ANY),
	[PRI_MEM_VIRTIO_REQUESTED] =
		{
			.serve = {.attr = PRI_MEM_VIRTIO_REQUESTED,
				  .modes = PRI_SERVE_ALL,
				  .max = PRI_FAKE_VIRTIO_SIZE,
				  .grain = PRI_FAKE_VIRTIO_BLOCK},
			.read = pri_fake_value_read,
			.write = pri_fake_virtio_write,
		},
	READING(PRI_MEM_VIRTIO_PLUGGED, PRI_SERVE_READ, pri_fake_plugged_read),
	READING(PRI_MEM_VIRTIO_SIZE, READ_BOTH, pri_fake_maximum_read),
	READING(PRI_MEM_ACTUAL, PRI_SERVE_READ, pri_fake_memory_read),
	READING(PRI_MEM_RSS, PRI_SERVE_READ, pri_fake_memory_read),
	READING(PRI_MEM_UNUSED, PRI_SERVE_READ, pri_fake_guest_read),
	READING(PRI_MEM_AVAILABLE, PRI_SERVE_READ, pri_fake_guest_read),
	READING(PRI_MEM_USABLE, PRI_SERVE_READ, pri_fake_guest_read),
	READING(PRI_MEM_STATS_AGE, PRI_SERVE_READ, pri_fake_guest_read),
	READING(PRI_MEM_PSS, PRI_SERVE_READ, pri_fake_memory_read),
	READING(PRI_MEM_SWAP_IN, PRI_SERVE_READ, pri_fake_guest_read),
	READING(PRI_MEM_SWAP_OUT, PRI_SERVE_READ, pri_fake_guest_read),
	READING(PRI_MEM_MAJOR_FAULTS, PRI_SERVE_READ, pri_fake_guest_read),
	COUNTER(PRI_MEM_PRESSURE, 0, 0),
	READING(PRI_MEM_TOTAL, PRI_SERVE_READ, pri_fake_host_read),
	READING(PRI_MEM_FREE, PRI_SERVE_READ, pri_fake_host_read),
	READING(PRI_MEM_COMMITTED, PRI_SERVE_READ, pri_fake_host_read),

	SETTING(PRI_CPU_SHARES, ANY),
	SETTING(PRI_CPU_QUOTA, ANY),
	SETTING(PRI_CPU_PERIOD, ANY),
	SETTING(PRI_CPU_VCPU_QUOTA, ANY),
	SETTING(PRI_CPU_VCPU_PERIOD, ANY),
	SETTING(PRI_CPU_EMULATOR_QUOTA, ANY),
	SETTING(PRI_CPU_EMULATOR_PERIOD, ANY),
	SETTING(PRI_CPU_IOTHREAD_QUOTA, ANY),
	SETTING(PRI_CPU_IOTHREAD_PERIOD, ANY),
	SETTING(PRI_CPU_BURST, ANY),
	SETTING(PRI_CPU_COUNT, ANY),
	LIVE_SETTING(PRI_CPU_GUEST_COUNT),
	READING(PRI_CPU_MAXIMUM, READ_BOTH, pri_fake_maximum_read),
	SETTING(PRI_CPU_PIN, ANY),
	SETTING(PRI_CPU_EMULATOR_PIN, ANY),
	COUNTER(PRI_CPU_TIME, 3 * UINT64_C(1000000), 100000),
	COUNTER(PRI_CPU_THROTTLED, 0, 0),
	COUNTER(PRI_CPU_STEAL, 0, 1000),
	COUNTER(PRI_CPU_PRESSURE, 0, 0),
	READING(PRI_CPU_ONLINE, PRI_SERVE_READ, pri_fake_host_read),

	SETTING(PRI_IO_WEIGHT, ANY),
	SETTING(PRI_IO_HOST_READ_BYTES, ANY),
	SETTING(PRI_IO_HOST_WRITE_BYTES, ANY),
	SETTING(PRI_IO_HOST_READ_IOPS, ANY),
	SETTING(PRI_IO_HOST_WRITE_IOPS, ANY),
	GUEST_LIMIT(PRI_IO_GUEST_TOTAL_BYTES),
	GUEST_LIMIT(PRI_IO_GUEST_READ_BYTES),
	GUEST_LIMIT(PRI_IO_GUEST_WRITE_BYTES),
	GUEST_LIMIT(PRI_IO_GUEST_TOTAL_IOPS),
	GUEST_LIMIT(PRI_IO_GUEST_READ_IOPS),
	GUEST_LIMIT(PRI_IO_GUEST_WRITE_IOPS),
	SETTING(PRI_IO_GUEST_IOPS_SIZE, ANY),
	SETTING(PRI_IO_GUEST_GROUP, ANY),
	COUNTER(PRI_IO_READ_BYTES, 64 * PRI_FAKE_MIB, 16384),
	COUNTER(PRI_IO_WRITE_BYTES, 8 * PRI_FAKE_MIB, 4096),
	COUNTER(PRI_IO_READ_OPS, 4096, 4),
	COUNTER(PRI_IO_WRITE_OPS, 512, 1),
	COUNTER(PRI_IO_PRESSURE, 0, 0),

	SETTING(PRI_NET_RATE_IN, ANY),
	SETTING(PRI_NET_RATE_IN_PEAK, ANY),
	SETTING(PRI_NET_RATE_IN_BURST, ANY),
	SETTING(PRI_NET_RATE_OUT, ANY),
	SETTING(PRI_NET_RATE_OUT_PEAK, ANY),
	SETTING(PRI_NET_RATE_OUT_BURST, ANY),
	SETTING(PRI_NET_WEIGHT_IN, ANY),
	SETTING(PRI_NET_WEIGHT_OUT, ANY),
	SETTING(PRI_NET_GUARANTEE_IN, ANY),
	SETTING(PRI_NET_GUARANTEE_OUT, ANY),
	COUNTER(PRI_NET_RX_BYTES, PRI_FAKE_MIB, 6000),
	COUNTER(PRI_NET_TX_BYTES, PRI_FAKE_MIB / 4, 1500),
	COUNTER(PRI_NET_RX_PACKETS, 1024, 6),
	COUNTER(PRI_NET_TX_PACKETS, 512, 3),
	COUNTER(PRI_NET_RX_DROPS, 0, 0),
	COUNTER(PRI_NET_TX_DROPS, 0, 0),
	LIVE_SETTING(PRI_NET_LINK_IN),
	LIVE_SETTING(PRI_NET_LINK_OUT),
	READING(PRI_NET_COMMITTED, PRI_SERVE_READ, pri_fake_committed_read),
	READING(PRI_NET_COMMITTED_IN, PRI_SERVE_READ, pri_fake_committed_read),
	READING(PRI_NET_COMMITTED_OUT, PRI_SERVE_READ, pri_fake_committed_read),

	LIVE_SETTING(PRI_KSM_RUN),
	LIVE_SETTING(PRI_KSM_PAGES_TO_SCAN),
	LIVE_SETTING(PRI_KSM_SLEEP_MS),
	LIVE_SETTING(PRI_KSM_MERGE_ACROSS_NODES),
	LIVE_SETTING(PRI_KSM_ADVISOR_MODE),
	COUNTER(PRI_KSM_SHARED, 2048, 0),
	COUNTER(PRI_KSM_SHARING, 8192, 0),
	COUNTER(PRI_KSM_PROFIT, 24 * PRI_FAKE_MIB, 0),
};

const struct pri_fake_row *pri_fake_row(int attr)
{
	return rows[attr].read ? &rows[attr] : NULL;
}
