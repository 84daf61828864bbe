/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row for each attribute: where it is on cgroup v1 and v2, on which level, in which scale. */
#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define READ PRI_SERVE_READ
#define LIVE (PRI_SERVE_READ | PRI_SERVE_WRITE)
#define PREFER PRI_SERVE_PREFER
#define SINGLE PRI_SERVE_SINGLE
#define CHECKED PRI_SERVE_PRECHECK

/* Shares are weights on a scale where 1024 is 100: ratios survive, as with systemd and libcgroup,
 * and not with the formulas of container runtimes. */
#define WEIGHT_MIN_SHARES 20
#define WEIGHT_MAX_SHARES 102400
/* The kernel holds the number of operations in 32 bits, and its largest is no limit. */
#define IOPS_MAX (UINT32_MAX - 1)
#define LIMIT_MAX (PRI_CG_UNLIMITED_FROM - 1)

static uint64_t shares_to_weight(uint64_t shares)
{
	return (shares * 100 + 512) / 1024;
}

static uint64_t weight_to_shares(uint64_t weight)
{
	return (weight * 1024 + 50) / 100;
}

static const char no_psi[] =
	"the kernel does not account pressure (it needs CONFIG_PSI, and psi=1 where it is off)";
static const char no_swap[] =
	"swap is not accounted: the kernel needs swapaccount=1 or CONFIG_MEMCG_SWAP";
static const char no_burst[] = "the kernel has none (it needs Linux 5.14)";
static const char quota_refusal[] =
	"below 1 ms, or more of a CPU than a group above has, or less than one below has";
static const char burst_refusal[] = "a burst is at most the quota";
static const char pin_refusal[] = "CPUs that the group above does not have, or that are not there";
static const char only_v2[] =
	"cgroup v1 has nothing like it: mem.soft_limit and mem.hard_limit are what there is";
static const char of_libvirt[] = "a group of processes has none: it is of virtual machines alone";
static const char of_qemu[] =
	"QEMU does it inside the machine: io.host.* is what the kernel does for a group";
static const char of_network[] = "cgroups do not divide the network: a link's qdiscs do";

#define AT(c, l, b) .controller = PRI_CG_##c, .level = PRI_CG_##l, .below = PRI_CG_##b
#define SERVE(id, m) .serve.attr = (id), .serve.modes = (m)

#define QUOTAS(quota_id, period_id, b)                                                             \
	[quota_id] =                                                                               \
		{                                                                                  \
			.v1 = {.serve = {.attr = (quota_id), .modes = LIVE},                       \
			       AT(CPU, PAYLOAD, b),                                                \
			       .file = "cpu.cfs_quota_us",                                         \
			       .refusal = quota_refusal,                                           \
			       .read = pri_cg_number_read,                                         \
			       .write = pri_cg_v1_bandwidth_write},                                \
			.v2 = {.serve = {.attr = (quota_id), .modes = LIVE},                       \
			       AT(CPU, PAYLOAD, b),                                                \
			       .file = "cpu.max",                                                  \
			       .untouched = "max 100000",                                          \
			       .refusal = quota_refusal,                                           \
			       .read = pri_cg_v2_quota_read,                                       \
			       .write = pri_cg_v2_bandwidth_write},                                \
	},                                                                                         \
	[period_id] = {                                                                            \
		.v1 = {.serve = {.attr = (period_id), .modes = LIVE},                              \
		       AT(CPU, PAYLOAD, b),                                                        \
		       .file = "cpu.cfs_period_us",                                                \
		       .refusal = quota_refusal,                                                   \
		       .read = pri_cg_number_read,                                                 \
		       .write = pri_cg_v1_bandwidth_write},                                        \
		.v2 = {.serve = {.attr = (period_id), .modes = LIVE},                              \
		       AT(CPU, PAYLOAD, b),                                                        \
		       .file = "cpu.max",                                                          \
		       .untouched = "max 100000",                                                  \
		       .refusal = quota_refusal,                                                   \
		       .read = pri_cg_v2_period_read,                                              \
		       .write = pri_cg_v2_bandwidth_write},                                        \
	}

#define PIN(id, b)                                                                                 \
	[id] = {                                                                                   \
		.v1 = {.serve = {.attr = (id), .modes = LIVE},                                     \
		       AT(CPUSET, PAYLOAD, b),                                                     \
		       .file = "cpuset.cpus",                                                      \
		       .refusal = pin_refusal,                                                     \
		       .read = pri_cg_pin_read,                                                    \
		       .write = pri_cg_pin_write},                                                 \
		.v2 = {.serve = {.attr = (id), .modes = LIVE},                                     \
		       AT(CPUSET, PAYLOAD, b),                                                     \
		       .file = "cpuset.cpus",                                                      \
		       .unset = "\n",                                                              \
		       .untouched = "",                                                            \
		       .refusal = pin_refusal,                                                     \
		       .read = pri_cg_pin_read,                                                    \
		       .write = pri_cg_pin_write},                                                 \
	}

#define PRESSURE(id, name)                                                                         \
	[id] = {.v2 = {.serve = {.attr = (id), .modes = READ},                                     \
		       AT(CORE, PAYLOAD, ITSELF),                                                  \
		       .file = (name),                                                             \
		       .absent = no_psi,                                                           \
		       .read = pri_cg_pressure_read},                                              \
		.v2_only = "pressure is told in groups of cgroup v2 alone"}

#define THROTTLE(id, v1_file, v2_key, most)                                                        \
	[id] = {                                                                                   \
		.v1 = {.serve = {.attr = (id), .modes = LIVE, .min = 1, .max = (most)},            \
		       AT(IO, UNIT, ITSELF),                                                       \
		       .file = (v1_file),                                                          \
		       .read = pri_cg_v1_throttle_read,                                            \
		       .write = pri_cg_v1_throttle_write},                                         \
		.v2 = {.serve = {.attr = (id), .modes = LIVE, .min = 1, .max = (most)},            \
		       AT(IO, UNIT, ITSELF),                                                       \
		       .file = "io.max",                                                           \
		       .key = (v2_key),                                                            \
		       .untouched = "",                                                            \
		       .read = pri_cg_v2_throttle_read,                                            \
		       .write = pri_cg_v2_throttle_write},                                         \
	}

#define MOVED(id, v1_file, v1_bfq, v1_key, v2_key)                                                 \
	[id] = {                                                                                   \
		.v1 = {.serve = {.attr = (id), .modes = READ},                                     \
		       AT(IO, UNIT, ITSELF),                                                       \
		       .file = (v1_file),                                                          \
		       .alternative = (v1_bfq),                                                    \
		       .key = (v1_key),                                                            \
		       .read = pri_cg_v1_iostat_read},                                             \
		.v2 = {.serve = {.attr = (id), .modes = READ},                                     \
		       AT(IO, UNIT, ITSELF),                                                       \
		       .file = "io.stat",                                                          \
		       .key = (v2_key),                                                            \
		       .read = pri_cg_v2_iostat_read},                                             \
	}

#define KSM(id, m, name, kind_of_refusal, default_text)                                            \
	[id] = {.host = {.serve = {.attr = (id), .modes = (m)},                                    \
			 .controller = PRI_CG_CONTROLLERS,                                         \
			 .file = (name),                                                           \
			 .unset = (default_text),                                                  \
			 .refusal = (kind_of_refusal),                                             \
			 .read = pri_cg_ksm_read,                                                  \
			 .write = pri_cg_ksm_write}}

#define HOST(id, function, name)                                                                   \
	[id] = {.host = {.serve = {.attr = (id), .modes = READ},                                   \
			 .controller = PRI_CG_CONTROLLERS,                                         \
			 .key = (name),                                                            \
			 .read = (function)}}

#define NOT(id, why) [id] = {.reason = (why)}

static const char ksm_refusal[] = "the advisor tunes it (ksm.advisor_mode is not none)";
static const char ksm_busy[] = "pages are merged: set ksm.run to 2 first, which takes them apart";
static const char ksm_run_refusal[] = "the kernel is busy with taking merged pages apart";
static const char ksm_choice[] = "it knows the modes that the file itself lists";

/* On hybrid hosts a domain is often in the hierarchy of v2 alone, as libvirt's are: it has no
 * group for cpuacct there. */
static const struct pri_cg_way usage_of_v2 = {
	.serve = {.attr = PRI_CPU_TIME, .modes = READ},
	AT(CORE, PAYLOAD, ITSELF),
	.file = "cpu.stat",
	.key = "usage_usec",
	.read = pri_cg_keyed_read,
};

const struct pri_cg_row pri_cg_rows[PRI_ATTR_COUNT] =
	{
		NOT(PRI_MEM_BALLOON, of_libvirt),
		NOT(PRI_MEM_MAXIMUM, of_libvirt),
		[PRI_MEM_SOFT_LIMIT] =
			{
				.v1 = {.serve = {.attr = PRI_MEM_SOFT_LIMIT,
						 .modes = LIVE,
						 .min = 1,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE,
						 .unset = PRALLOC_UNLIMITED},
				       AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.soft_limit_in_bytes",
				       .unlimited = "-1",
				       .unset = "-1",
				       .read = pri_cg_number_read,
				       .write = pri_cg_number_write},
				.v2 = {.serve = {.attr = PRI_MEM_SOFT_LIMIT,
						 .modes = LIVE | PREFER | CHECKED,
						 .min = 1,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, UNIT, ITSELF),
				       .file = "memory.low",
				       .property = "MemoryLow",
				       .unlimited = "max",
				       .unset = "0",
				       .untouched = "0",
				       .zero_is_unset = true,
				       .read = pri_cg_number_read,
				       .check = pri_cg_protect_check,
				       .write = pri_cg_protect_write},
			},
		[PRI_MEM_GUARANTEE] =
			{
				.v2 = {.serve = {.attr = PRI_MEM_GUARANTEE,
						 .modes = LIVE | PREFER | CHECKED,
						 .min = 1,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, UNIT, ITSELF),
				       .file = "memory.min",
				       .property = "MemoryMin",
				       .unlimited = "max",
				       .unset = "0",
				       .untouched = "0",
				       .zero_is_unset = true,
				       .read = pri_cg_number_read,
				       .check = pri_cg_protect_check,
				       .write = pri_cg_protect_write},
				.v2_only = only_v2,
			},
		[PRI_MEM_THROTTLE] =
			{
				.v2 = {.serve = {.attr = PRI_MEM_THROTTLE,
						 .modes = LIVE | PREFER,
						 .min = 1,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.high",
				       .property = "MemoryHigh",
				       .unlimited = "max",
				       .untouched = "max",
				       .usage = "memory.current",
				       .read = pri_cg_number_read,
				       .write = pri_cg_lower_write},
				.v2_only = only_v2,
			},
		[PRI_MEM_HARD_LIMIT] =
			{
				.v1 = {.serve = {.attr = PRI_MEM_HARD_LIMIT,
						 .modes = LIVE | CHECKED,
						 .min = 1,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.limit_in_bytes",
				       .property = "MemoryMax",
				       .unlimited = "-1",
				       .usage = "memory.usage_in_bytes",
				       .read = pri_cg_number_read,
				       .check = pri_cg_v1_limit_check,
				       .write = pri_cg_v1_limit_write,
				       .first = pri_cg_v1_limit_first},
				.v2 = {.serve = {.attr = PRI_MEM_HARD_LIMIT,
						 .modes = LIVE,
						 .min = 1,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.max",
				       .property = "MemoryMax",
				       .unlimited = "max",
				       .untouched = "max",
				       .usage = "memory.current",
				       .read = pri_cg_number_read,
				       .write = pri_cg_lower_write},
			},
		[PRI_MEM_SWAP_LIMIT] =
			{
				.v1 = {.serve = {.attr = PRI_MEM_SWAP_LIMIT,
						 .modes = LIVE | CHECKED,
						 .min = 0,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.memsw.limit_in_bytes",
				       .absent = no_swap,
				       .read = pri_cg_v1_swap_read,
				       .check = pri_cg_v1_swap_check,
				       .write = pri_cg_v1_swap_write,
				       .first = pri_cg_v1_swap_first},
				.v2 = {.serve = {.attr = PRI_MEM_SWAP_LIMIT,
						 .modes = LIVE | PREFER,
						 .min = 0,
						 .max = LIMIT_MAX,
						 .grain = PRI_CG_PAGE},
				       AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.swap.max",
				       .property = "MemorySwapMax",
				       .unlimited = "max",
				       .untouched = "max",
				       .absent = no_swap,
				       .read = pri_cg_number_read,
				       .write = pri_cg_number_write},
			},
		NOT(PRI_MEM_STATS_PERIOD, of_libvirt),
		NOT(PRI_MEM_VIRTIO_REQUESTED, of_libvirt),
		NOT(PRI_MEM_VIRTIO_PLUGGED, of_libvirt),
		NOT(PRI_MEM_VIRTIO_SIZE, of_libvirt),
		NOT(PRI_MEM_ACTUAL, of_libvirt),
		/* What a process' own resident size is: its memory, and what it has mapped of files. */
		[PRI_MEM_RSS] =
			{
				.v1 = {SERVE(PRI_MEM_RSS, READ), AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.stat", .key = "total_rss",
				       .more = "total_mapped_file", .read = pri_cg_keyed_read},
				.v2 = {SERVE(PRI_MEM_RSS, READ), AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.stat", .key = "anon", .more = "file_mapped",
				       .read = pri_cg_keyed_read},
			},
		NOT(PRI_MEM_UNUSED, of_libvirt),
		NOT(PRI_MEM_AVAILABLE, of_libvirt),
		NOT(PRI_MEM_USABLE, of_libvirt),
		NOT(PRI_MEM_STATS_AGE, of_libvirt),
		[PRI_MEM_PSS] =
			{
				.v1 = {SERVE(PRI_MEM_PSS, READ), AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "cgroup.procs", .read = pri_cg_pss_read},
				.v2 = {SERVE(PRI_MEM_PSS, READ), AT(CORE, PAYLOAD, ITSELF),
				       .file = "cgroup.procs", .read = pri_cg_pss_read},
			},
		[PRI_MEM_SWAP_IN] =
			{
				.v2 = {SERVE(PRI_MEM_SWAP_IN, READ), AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.stat", .key = "pswpin",
				       .multiply = PRI_CG_PAGE,
				       .absent = "the kernel counts it since Linux 6.16",
				       .read = pri_cg_keyed_read},
				.v2_only = "cgroup v1 does not count it",
			},
		[PRI_MEM_SWAP_OUT] =
			{
				.v2 = {SERVE(PRI_MEM_SWAP_OUT, READ), AT(MEMORY, PAYLOAD, ITSELF),
				       .file = "memory.stat", .key = "pswpout",
				       .multiply = PRI_CG_PAGE,
				       .absent = "the kernel counts it since Linux 6.16",
				       .read = pri_cg_keyed_read},
				.v2_only = "cgroup v1 does not count it",
			},
		[PRI_MEM_MAJOR_FAULTS] =
			{
				.v1 = {SERVE(PRI_MEM_MAJOR_FAULTS, READ),
				       AT(MEMORY, PAYLOAD, ITSELF), .file = "memory.stat",
				       .key = "total_pgmajfault", .read = pri_cg_keyed_read},
				.v2 = {SERVE(PRI_MEM_MAJOR_FAULTS, READ),
				       AT(MEMORY, PAYLOAD, ITSELF), .file = "memory.stat",
				       .key = "pgmajfault", .read = pri_cg_keyed_read},
			},
		PRESSURE(PRI_MEM_PRESSURE, "memory.pressure"),
		HOST(PRI_MEM_TOTAL, pri_cg_meminfo_read, "MemTotal:"),
		HOST(PRI_MEM_FREE, pri_cg_meminfo_read, "MemFree:"),
		NOT(PRI_MEM_COMMITTED, "groups have no size that could be summed up"),

		[PRI_CPU_SHARES] =
			{
				.v1 = {.serve = {.attr = PRI_CPU_SHARES, .modes = LIVE | SINGLE},
				       AT(CPU, UNIT, ITSELF),
				       .file = "cpu.shares",
				       .property = "CPUShares",
				       .read = pri_cg_number_read,
				       .write = pri_cg_number_write},
				.v2 = {.serve = {.attr = PRI_CPU_SHARES,
						 .modes = LIVE | SINGLE,
						 .min = WEIGHT_MIN_SHARES,
						 .max = WEIGHT_MAX_SHARES,
						 .encode = shares_to_weight,
						 .decode = weight_to_shares},
				       AT(CPU, UNIT, ITSELF),
				       .file = "cpu.weight",
				       .property = "CPUWeight",
				       .untouched = "100",
				       .read = pri_cg_number_read,
				       .write = pri_cg_number_write},
			},
		QUOTAS(PRI_CPU_QUOTA, PRI_CPU_PERIOD, ITSELF),
		QUOTAS(PRI_CPU_VCPU_QUOTA, PRI_CPU_VCPU_PERIOD, VCPUS),
		QUOTAS(PRI_CPU_EMULATOR_QUOTA, PRI_CPU_EMULATOR_PERIOD, EMULATOR),
		QUOTAS(PRI_CPU_IOTHREAD_QUOTA, PRI_CPU_IOTHREAD_PERIOD, IOTHREADS),
		[PRI_CPU_BURST] =
			{
				.v1 = {SERVE(PRI_CPU_BURST, LIVE), AT(CPU, PAYLOAD, ITSELF),
				       .file = "cpu.cfs_burst_us", .absent = no_burst,
				       .refusal = burst_refusal, .read = pri_cg_number_read,
				       .write = pri_cg_number_write},
				.v2 = {SERVE(PRI_CPU_BURST, LIVE), AT(CPU, PAYLOAD, ITSELF),
				       .file = "cpu.max.burst", .absent = no_burst,
				       .untouched = "0", .refusal = burst_refusal,
				       .read = pri_cg_number_read, .write = pri_cg_number_write},
			},
		NOT(PRI_CPU_COUNT, of_libvirt),
		NOT(PRI_CPU_GUEST_COUNT, of_libvirt),
		NOT(PRI_CPU_MAXIMUM, of_libvirt),
		PIN(PRI_CPU_PIN, VCPU),
		PIN(PRI_CPU_EMULATOR_PIN, EMULATOR),
		[PRI_CPU_TIME] =
			{
				.v1 = {SERVE(PRI_CPU_TIME, READ), AT(CPUACCT, PAYLOAD, ITSELF),
				       .file = "cpuacct.usage", .divide = 1000,
				       .read = pri_cg_number_read, .otherwise = &usage_of_v2},
				.v2 = {SERVE(PRI_CPU_TIME, READ), AT(CORE, PAYLOAD, ITSELF),
				       .file = "cpu.stat", .key = "usage_usec",
				       .read = pri_cg_keyed_read},
			},
		[PRI_CPU_THROTTLED] =
			{
				.v1 = {SERVE(PRI_CPU_THROTTLED, READ), AT(CPU, PAYLOAD, ITSELF),
				       .file = "cpu.stat", .key = "throttled_time", .divide = 1000,
				       .read = pri_cg_keyed_read},
				.v2 = {SERVE(PRI_CPU_THROTTLED, READ), AT(CPU, PAYLOAD, ITSELF),
				       .file = "cpu.stat", .key = "throttled_usec",
				       .absent = "the controller cpu is not enabled for the group",
				       .read = pri_cg_keyed_read},
			},
		NOT(PRI_CPU_STEAL, of_libvirt),
		PRESSURE(PRI_CPU_PRESSURE, "cpu.pressure"),
		HOST(PRI_CPU_ONLINE, pri_cg_cpus_read, NULL),

		[PRI_IO_WEIGHT] =
			{
				.v1 = {SERVE(PRI_IO_WEIGHT, LIVE | PREFER | CHECKED),
				       AT(IO, UNIT, ITSELF), .file = "blkio.bfq.weight",
				       .property = "IOWeight", .read = pri_cg_weight_read,
				       .check = pri_cg_weight_check, .write = pri_cg_weight_write},
				.v2 = {SERVE(PRI_IO_WEIGHT, LIVE | PREFER | CHECKED),
				       AT(IO, UNIT, ITSELF), .file = "io.weight",
				       .alternative = "io.bfq.weight", .property = "IOWeight",
				       .untouched = "default 100", .read = pri_cg_weight_read,
				       .check = pri_cg_weight_check, .write = pri_cg_weight_write},
			},
		THROTTLE(PRI_IO_HOST_READ_BYTES, "blkio.throttle.read_bps_device", "rbps",
			 INT64_MAX),
		THROTTLE(PRI_IO_HOST_WRITE_BYTES, "blkio.throttle.write_bps_device", "wbps",
			 INT64_MAX),
		THROTTLE(PRI_IO_HOST_READ_IOPS, "blkio.throttle.read_iops_device", "riops",
			 IOPS_MAX),
		THROTTLE(PRI_IO_HOST_WRITE_IOPS, "blkio.throttle.write_iops_device", "wiops",
			 IOPS_MAX),
		NOT(PRI_IO_GUEST_TOTAL_BYTES, of_qemu),
		NOT(PRI_IO_GUEST_TOTAL_BYTES_MAX, of_qemu),
		NOT(PRI_IO_GUEST_TOTAL_BYTES_MAX_LENGTH, of_qemu),
		NOT(PRI_IO_GUEST_READ_BYTES, of_qemu),
		NOT(PRI_IO_GUEST_READ_BYTES_MAX, of_qemu),
		NOT(PRI_IO_GUEST_READ_BYTES_MAX_LENGTH, of_qemu),
		NOT(PRI_IO_GUEST_WRITE_BYTES, of_qemu),
		NOT(PRI_IO_GUEST_WRITE_BYTES_MAX, of_qemu),
		NOT(PRI_IO_GUEST_WRITE_BYTES_MAX_LENGTH, of_qemu),
		NOT(PRI_IO_GUEST_TOTAL_IOPS, of_qemu),
		NOT(PRI_IO_GUEST_TOTAL_IOPS_MAX, of_qemu),
		NOT(PRI_IO_GUEST_TOTAL_IOPS_MAX_LENGTH, of_qemu),
		NOT(PRI_IO_GUEST_READ_IOPS, of_qemu),
		NOT(PRI_IO_GUEST_READ_IOPS_MAX, of_qemu),
		NOT(PRI_IO_GUEST_READ_IOPS_MAX_LENGTH, of_qemu),
		NOT(PRI_IO_GUEST_WRITE_IOPS, of_qemu),
		NOT(PRI_IO_GUEST_WRITE_IOPS_MAX, of_qemu),
		NOT(PRI_IO_GUEST_WRITE_IOPS_MAX_LENGTH, of_qemu),
		NOT(PRI_IO_GUEST_IOPS_SIZE, of_qemu),
		NOT(PRI_IO_GUEST_GROUP, of_qemu),
		MOVED(PRI_IO_READ_BYTES, "blkio.throttle.io_service_bytes_recursive",
		      "blkio.bfq.io_service_bytes_recursive", "Read", "rbytes"),
		MOVED(PRI_IO_WRITE_BYTES, "blkio.throttle.io_service_bytes_recursive",
		      "blkio.bfq.io_service_bytes_recursive", "Write", "wbytes"),
		MOVED(PRI_IO_READ_OPS, "blkio.throttle.io_serviced_recursive",
		      "blkio.bfq.io_serviced_recursive", "Read", "rios"),
		MOVED(PRI_IO_WRITE_OPS, "blkio.throttle.io_serviced_recursive",
		      "blkio.bfq.io_serviced_recursive", "Write", "wios"),
		PRESSURE(PRI_IO_PRESSURE, "io.pressure"),

		NOT(PRI_NET_RATE_IN, of_network),
		NOT(PRI_NET_RATE_IN_PEAK, of_network),
		NOT(PRI_NET_RATE_IN_BURST, of_network),
		NOT(PRI_NET_RATE_OUT, of_network),
		NOT(PRI_NET_RATE_OUT_PEAK, of_network),
		NOT(PRI_NET_RATE_OUT_BURST, of_network),
		NOT(PRI_NET_WEIGHT_IN, of_network),
		NOT(PRI_NET_WEIGHT_OUT, of_network),
		NOT(PRI_NET_GUARANTEE_IN, of_network),
		NOT(PRI_NET_GUARANTEE_OUT, of_network),
		NOT(PRI_NET_RX_BYTES, of_network),
		NOT(PRI_NET_TX_BYTES, of_network),
		NOT(PRI_NET_RX_PACKETS, of_network),
		NOT(PRI_NET_TX_PACKETS, of_network),
		NOT(PRI_NET_RX_DROPS, of_network),
		NOT(PRI_NET_TX_DROPS, of_network),
		NOT(PRI_NET_LINK_IN, of_network),
		NOT(PRI_NET_LINK_OUT, of_network),
		NOT(PRI_NET_COMMITTED, of_network),
		NOT(PRI_NET_COMMITTED_IN, of_network),
		NOT(PRI_NET_COMMITTED_OUT, of_network),

		KSM(PRI_KSM_RUN, LIVE, "run", ksm_run_refusal, NULL),
		KSM(PRI_KSM_PAGES_TO_SCAN, LIVE, "pages_to_scan", ksm_refusal, NULL),
		KSM(PRI_KSM_SLEEP_MS, LIVE, "sleep_millisecs", ksm_refusal, NULL),
		KSM(PRI_KSM_MERGE_ACROSS_NODES, LIVE, "merge_across_nodes", ksm_busy, NULL),
		KSM(PRI_KSM_ADVISOR_MODE, LIVE, "advisor_mode", ksm_choice, "none"),
		KSM(PRI_KSM_SHARED, READ, "pages_shared", NULL, NULL),
		KSM(PRI_KSM_SHARING, READ, "pages_sharing", NULL, NULL),
		KSM(PRI_KSM_PROFIT, READ, "general_profit", NULL, NULL),
};
