/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this backend serves, where, and why it does not serve the rest. */
#include "backend/libvirt/libvirt.h"

#define READ PRI_SERVE_READ
#define READ_BOTH (PRI_SERVE_READ | PRI_SERVE_READ_CONFIG)
#define LIVE_ONLY (PRI_SERVE_READ | PRI_SERVE_WRITE)
#define ALL PRI_SERVE_ALL
/* Where check() tells what keeps a persistent value from being taken, or the domain from starting
 * with it; both. */
#define CONFIG_CHECKED (ALL | PRI_SERVE_PRECHECK_CONFIG)
#define CHECKED (CONFIG_CHECKED | PRI_SERVE_PRECHECK)
#define KEPT (PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG | PRI_SERVE_RESTORE)

#define ANY (PRI_LV_QEMU | PRI_LV_TEST | PRI_LV_LXC | PRI_LV_OTHER)
#define CGROUPS (PRI_LV_QEMU | PRI_LV_LXC)

/* QEMU's balloon moves pages of 4 KiB; the kernel's limits are of whole pages. */
#define PAGE 4096
#define KIB UINT64_C(1024)
/* The smallest block of a virtio-mem device: a transparent hugepage. */
#define BLOCK (UINT64_C(2) << 20)

/*
 * On cgroup v2 libvirt 9 writes cpu_shares into cpu.weight as it is, but refuses less than 2.
 * Shares are weights on a scale where 1024 is 100: ratios survive, as with systemd.
 */
#define WEIGHT_MIN_SHARES 20
#define WEIGHT_MAX_SHARES 102400

static uint64_t shares_to_weight(uint64_t shares)
{
	return (shares * 100 + 512) / 1024;
}

static uint64_t weight_to_shares(uint64_t weight)
{
	return (weight * 1024 + 50) / 100;
}

/* A persistent 0 unsets it. */
static const struct pri_lv_scale plain = {
	.factor = 1, .type = VIR_TYPED_PARAM_ULLONG, .zero_is_unset = true};
/* libvirt takes a persistent 0, and then does not start the domain: "must be in range". */
static const struct pri_lv_scale shares = {
	.factor = 1,
	.type = VIR_TYPED_PARAM_ULLONG,
	.zero_is_unset = true,
	.unset_element = "shares",
};
/* cgroup v1 reads an unlimited quota as -1, v2 as the largest number of microseconds. */
static const struct pri_lv_scale quota = {
	.factor = 1,
	.type = VIR_TYPED_PARAM_LLONG,
	.unlimited_raw = UINT64_MAX,
	.unlimited_from = UINT64_C(17592186044415),
	.zero_is_unset = true,
};
/* In KiB. */
static const struct pri_lv_scale limit_kib = {
	.factor = 1024,
	.type = VIR_TYPED_PARAM_ULLONG,
	.unlimited_raw = VIR_DOMAIN_MEMORY_PARAM_UNLIMITED,
	.unlimited_from = PRI_LV_UNLIMITED_FROM_KIB,
	.unset_raw = VIR_DOMAIN_MEMORY_PARAM_UNLIMITED,
	.config_unlimited_is_unset = true,
};
static const struct pri_lv_scale kib = {.factor = 1024};
static const struct pri_lv_scale one = {.factor = 1};
static const struct pri_lv_scale number = {.factor = 1, .type = VIR_TYPED_PARAM_UINT};
static const struct pri_lv_scale io_limit = {
	.factor = 1,
	.type = VIR_TYPED_PARAM_ULLONG,
	.zero_is_unlimited = true,
	.config_unlimited_is_unset = true,
};
/* In KiB per second, and in KiB. */
static const struct pri_lv_scale rate = {
	.factor = 1024,
	.type = VIR_TYPED_PARAM_UINT,
	.zero_is_unlimited = true,
	.config_unlimited_is_unset = true,
};
static const struct pri_lv_scale burst = {
	.factor = 1024, .type = VIR_TYPED_PARAM_UINT, .zero_is_unset = true};
static const struct pri_lv_scale count = {.factor = 1, .type = VIR_TYPED_PARAM_ULLONG};

static const char soft_limit_reason[] =
	"only its persistent value is kept on cgroup v2: libvirt's soft_limit is memory.high there, "
	"a throttle and no protection";
static const char guarantee_reason[] =
	"only its persistent value is kept: libvirt never sets memory.min, and refuses min_guarantee";
static const char throttle_reason[] =
	"only its persistent value is kept: libvirt sets memory.high only under the name of a soft "
	"limit";
static const char cpu_burst_reason[] =
	"only its persistent value is kept: libvirt has no setting for the burst of a quota";
static const char link_reason[] =
	"only its persistent value is kept: libvirt has no weights or guarantees of network traffic";
static const char swap_reason[] =
	"only its persistent value is kept on cgroup v2: libvirt's swap_hard_limit claims to be "
	"memory and swap there, and is swap alone";
static const char rate_reason[] =
	"libvirt's rates are only read, unless pr_host_set_route chooses libvirt for them: to set "
	"them it deletes the tap's qdiscs first, and then needs sfq, fw and police of the host's "
	"kernel; a persistent rate is kept";

/* QEMU's largest limit of a disk, and the kernel's of operations. */
#define IOTUNE_MAX UINT64_C(1000000000000000)
#define IOPS_MAX UINT32_MAX
/* BFQ's weights; io.weight of cgroup v2 goes to 10000, which the kernel tells. */
#define BFQ_WEIGHT_MAX 1000

#define SCHED(id, name, units)                                                                     \
	{                                                                                          \
		{.attr = (id), .modes = ALL}, .family = &pri_lv_sched, .parameter = (name),        \
					      .scale = (units), .drivers = CGROUPS                 \
	}
/* Live, QEMU takes them without an I/O thread too, and nothing changes. */
#define IOTHREAD(id, name, units)                                                                  \
	{                                                                                          \
		{.attr = (id), .modes = ALL | PRI_SERVE_PRECHECK},                                 \
			.family = &pri_lv_sched, .parameter = (name), .scale = (units),            \
			.tag = PRI_LV_NEEDS_IOTHREAD, .drivers = CGROUPS                           \
	}
#define STAT(id, number, units)                                                                    \
	{                                                                                          \
		{.attr = (id), .modes = READ},                                                     \
			.family = &pri_lv_memstats, .tag = VIR_DOMAIN_MEMORY_STAT_##number,        \
			.scale = (units), .drivers = PRI_LV_QEMU | PRI_LV_TEST                     \
	}
#define NODE(id, number)                                                                           \
	{                                                                                          \
		{.attr = (id), .modes = READ}, .family = &pri_lv_node, .tag = (number),            \
					       .drivers = ANY                                      \
	}

#define THROTTLE(id, name, most)                                                                   \
	{                                                                                          \
		{.attr = (id), .modes = CHECKED, .min = 1, .max = (most)},                         \
			.family = &pri_lv_blkio, .parameter = VIR_DOMAIN_BLKIO_DEVICE_##name,      \
			.scale = &io_limit, .drivers = CGROUPS                                     \
	}
/* The test driver takes a limit only beside a burst. */
#define IOTUNE(id, name, units, most)                                                              \
	{                                                                                          \
		{.attr = PRI_IO_GUEST_##id, .modes = CONFIG_CHECKED, .min = 1, .max = (most)},     \
			.family = &pri_lv_iotune, .parameter = VIR_DOMAIN_BLOCK_IOTUNE_##name,     \
			.scale = (units), .drivers = PRI_LV_QEMU                                   \
	}
#define IOTUNE_OF(what)                                                                            \
	IOTUNE(what, what##_SEC, &io_limit, IOTUNE_MAX),                                           \
		IOTUNE(what##_MAX, what##_SEC_MAX, &io_limit, IOTUNE_MAX),                         \
		IOTUNE(what##_MAX_LENGTH, what##_SEC_MAX_LENGTH, &plain, UINT32_MAX)
#define MOVED(id, group, name)                                                                     \
	{                                                                                          \
		{.attr = (id), .modes = READ}, .family = &pri_lv_stats, .parameter = (name),       \
					       .tag = VIR_DOMAIN_STATS_##group,                    \
					       .drivers = PRI_LV_QEMU                              \
	}
#define RATE(id, name, units)                                                                      \
	{                                                                                          \
		{.attr = (id),                                                                     \
		 .modes = READ | KEPT,                                                             \
		 .no_write = rate_reason,                                                          \
		 .chosen = &chosen_rates[(id)-PRI_NET_RATE_IN].serve},                             \
			.family = &pri_lv_iface, .parameter = VIR_DOMAIN_BANDWIDTH_##name,         \
			.scale = (units), .drivers = PRI_LV_QEMU | PRI_LV_TEST,                    \
			.config_family = &pri_lv_metadata                                          \
	}
/* libvirt has no element for it, and sets it in no running domain. */
#define METADATA_ON(id, why, version)                                                              \
	{                                                                                          \
		{.attr = (id), .modes = KEPT, .no_write = (why)},                                  \
			.family = &pri_lv_metadata, .drivers = CGROUPS | PRI_LV_TEST,              \
			.cgroup = (version)                                                        \
	}
#define METADATA(id, why) METADATA_ON(id, why, 0)
#define METADATA_V2(id, why) METADATA_ON(id, why, 2)
#define KSM(id, access, name, units)                                                               \
	{                                                                                          \
		{.attr = (id), .modes = (access)},                                                 \
			.family = &pri_lv_ksm, .parameter = VIR_NODE_MEMORY_SHARED_##name,         \
			.scale = (units), .drivers = PRI_LV_QEMU | PRI_LV_LXC                      \
	}

/* In whole KiB, and as many as libvirt's parameters hold. */
#define CHOSEN_RATE(id, name, units)                                                               \
	[(id)-PRI_NET_RATE_IN] = {                                                                 \
		.serve = {.attr = (id),                                                            \
			  .modes = LIVE_ONLY | PRI_SERVE_PRECHECK,                                 \
			  .min = KIB,                                                              \
			  .max = UINT32_MAX * KIB,                                                 \
			  .grain = KIB},                                                           \
		.family = &pri_lv_iface,                                                           \
		.parameter = VIR_DOMAIN_BANDWIDTH_##name,                                          \
		.scale = (units),                                                                  \
	}

static const struct pri_lv_row chosen_rates[] = {
	CHOSEN_RATE(PRI_NET_RATE_IN, IN_AVERAGE, &rate),
	CHOSEN_RATE(PRI_NET_RATE_IN_PEAK, IN_PEAK, &rate),
	CHOSEN_RATE(PRI_NET_RATE_IN_BURST, IN_BURST, &burst),
	CHOSEN_RATE(PRI_NET_RATE_OUT, OUT_AVERAGE, &rate),
	CHOSEN_RATE(PRI_NET_RATE_OUT_PEAK, OUT_PEAK, &rate),
	CHOSEN_RATE(PRI_NET_RATE_OUT_BURST, OUT_BURST, &burst),
};

static const struct pri_lv_row rows[] = {
	{{.attr = PRI_MEM_BALLOON, .modes = ALL | PRI_SERVE_PRECHECK, .grain = PAGE},
	 .family = &pri_lv_balloon,
	 .drivers = PRI_LV_QEMU | PRI_LV_TEST},
	{{.attr = PRI_MEM_MAXIMUM, .modes = READ_BOTH}, .family = &pri_lv_maximum, .drivers = ANY},
	{{.attr = PRI_MEM_SOFT_LIMIT, .modes = ALL, .grain = PAGE, .unset = PRALLOC_UNLIMITED},
	 .family = &pri_lv_memtune,
	 .parameter = VIR_DOMAIN_MEMORY_SOFT_LIMIT,
	 .scale = &limit_kib,
	 .drivers = CGROUPS | PRI_LV_TEST,
	 .cgroup = 1},
	METADATA_V2(PRI_MEM_SOFT_LIMIT, soft_limit_reason),
	{{.attr = PRI_MEM_HARD_LIMIT, .modes = CHECKED, .grain = PAGE},
	 .family = &pri_lv_memtune,
	 .parameter = VIR_DOMAIN_MEMORY_HARD_LIMIT,
	 .scale = &limit_kib,
	 .drivers = CGROUPS | PRI_LV_TEST},
	/* The test driver forgets one of the two limits, or refuses them. */
	{{.attr = PRI_MEM_SWAP_LIMIT, .modes = CHECKED, .grain = PAGE},
	 .family = &pri_lv_memtune,
	 .parameter = VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT,
	 .scale = &limit_kib,
	 .drivers = CGROUPS,
	 .cgroup = 1},
	METADATA_V2(PRI_MEM_SWAP_LIMIT, swap_reason),
	METADATA(PRI_MEM_GUARANTEE, guarantee_reason),
	METADATA(PRI_MEM_THROTTLE, throttle_reason),
	{{.attr = PRI_MEM_STATS_PERIOD, .modes = ALL},
	 .family = &pri_lv_stats_period,
	 .drivers = PRI_LV_QEMU | PRI_LV_TEST},
	{{.attr = PRI_MEM_VIRTIO_REQUESTED, .modes = CHECKED, .grain = BLOCK},
	 .family = &pri_lv_virtio,
	 .tag = PRI_LV_VIRTIO_REQUESTED,
	 .drivers = PRI_LV_QEMU},
	{{.attr = PRI_MEM_VIRTIO_PLUGGED, .modes = READ},
	 .family = &pri_lv_virtio,
	 .tag = PRI_LV_VIRTIO_PLUGGED,
	 .drivers = PRI_LV_QEMU},
	{{.attr = PRI_MEM_VIRTIO_SIZE, .modes = READ_BOTH},
	 .family = &pri_lv_virtio,
	 .tag = PRI_LV_VIRTIO_SIZE,
	 .drivers = PRI_LV_QEMU},
	STAT(PRI_MEM_ACTUAL, ACTUAL_BALLOON, &kib),
	STAT(PRI_MEM_RSS, RSS, &kib),
	STAT(PRI_MEM_UNUSED, UNUSED, &kib),
	STAT(PRI_MEM_AVAILABLE, AVAILABLE, &kib),
	STAT(PRI_MEM_USABLE, USABLE, &kib),
	STAT(PRI_MEM_STATS_AGE, LAST_UPDATE, &one),
	STAT(PRI_MEM_SWAP_IN, SWAP_IN, &kib),
	STAT(PRI_MEM_SWAP_OUT, SWAP_OUT, &kib),
	STAT(PRI_MEM_MAJOR_FAULTS, MAJOR_FAULT, &one),
	NODE(PRI_MEM_TOTAL, 0),
	NODE(PRI_MEM_FREE, 1),
	NODE(PRI_MEM_COMMITTED, 2),
	{{.attr = PRI_CPU_SHARES, .modes = ALL},
	 .family = &pri_lv_sched,
	 .parameter = VIR_DOMAIN_SCHEDULER_CPU_SHARES,
	 .scale = &shares,
	 .drivers = CGROUPS,
	 .cgroup = 1},
	{{.attr = PRI_CPU_SHARES,
	  .modes = ALL,
	  .min = WEIGHT_MIN_SHARES,
	  .max = WEIGHT_MAX_SHARES,
	  .encode = shares_to_weight,
	  .decode = weight_to_shares},
	 .family = &pri_lv_sched,
	 .parameter = VIR_DOMAIN_SCHEDULER_CPU_SHARES,
	 .scale = &shares,
	 .drivers = CGROUPS,
	 .cgroup = 2},
	SCHED(PRI_CPU_QUOTA, VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA, &quota),
	SCHED(PRI_CPU_PERIOD, VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD, &plain),
	SCHED(PRI_CPU_VCPU_QUOTA, VIR_DOMAIN_SCHEDULER_VCPU_QUOTA, &quota),
	SCHED(PRI_CPU_VCPU_PERIOD, VIR_DOMAIN_SCHEDULER_VCPU_PERIOD, &plain),
	SCHED(PRI_CPU_EMULATOR_QUOTA, VIR_DOMAIN_SCHEDULER_EMULATOR_QUOTA, &quota),
	SCHED(PRI_CPU_EMULATOR_PERIOD, VIR_DOMAIN_SCHEDULER_EMULATOR_PERIOD, &plain),
	IOTHREAD(PRI_CPU_IOTHREAD_QUOTA, VIR_DOMAIN_SCHEDULER_IOTHREAD_QUOTA, &quota),
	IOTHREAD(PRI_CPU_IOTHREAD_PERIOD, VIR_DOMAIN_SCHEDULER_IOTHREAD_PERIOD, &plain),
	METADATA(PRI_CPU_BURST, cpu_burst_reason),
	{{.attr = PRI_CPU_COUNT, .modes = ALL | PRI_SERVE_PRECHECK},
	 .family = &pri_lv_vcpu,
	 .drivers = ANY},
	{{.attr = PRI_CPU_GUEST_COUNT, .modes = LIVE_ONLY | PRI_SERVE_PRECHECK},
	 .family = &pri_lv_guest_vcpu,
	 .tag = VIR_DOMAIN_VCPU_GUEST,
	 .drivers = PRI_LV_QEMU},
	{{.attr = PRI_CPU_MAXIMUM, .modes = READ_BOTH},
	 .family = &pri_lv_vcpu,
	 .tag = VIR_DOMAIN_VCPU_MAXIMUM,
	 .drivers = ANY},
	{{.attr = PRI_CPU_PIN, .modes = ALL},
	 .family = &pri_lv_vcpu_pin,
	 .drivers = PRI_LV_QEMU | PRI_LV_OTHER},
	{{.attr = PRI_CPU_PIN, .modes = LIVE_ONLY},
	 .family = &pri_lv_vcpu_pin,
	 .drivers = PRI_LV_TEST},
	{{.attr = PRI_CPU_EMULATOR_PIN, .modes = ALL},
	 .family = &pri_lv_emulator_pin,
	 .drivers = PRI_LV_QEMU | PRI_LV_TEST},
	{{.attr = PRI_CPU_TIME, .modes = READ}, .family = &pri_lv_cpu_time, .drivers = ANY},
	{{.attr = PRI_CPU_STEAL, .modes = READ},
	 .family = &pri_lv_cpu_steal,
	 .drivers = PRI_LV_QEMU},
	NODE(PRI_CPU_ONLINE, 3),
	{{.attr = PRI_IO_WEIGHT, .modes = CHECKED, .min = 1, .max = BFQ_WEIGHT_MAX},
	 .family = &pri_lv_blkio,
	 .parameter = VIR_DOMAIN_BLKIO_WEIGHT,
	 .scale = &number,
	 .drivers = CGROUPS | PRI_LV_TEST,
	 .cgroup = 1},
	{{.attr = PRI_IO_WEIGHT, .modes = CHECKED},
	 .family = &pri_lv_blkio,
	 .parameter = VIR_DOMAIN_BLKIO_WEIGHT,
	 .scale = &number,
	 .drivers = CGROUPS,
	 .cgroup = 2},
	THROTTLE(PRI_IO_HOST_READ_BYTES, READ_BPS, INT64_MAX),
	THROTTLE(PRI_IO_HOST_WRITE_BYTES, WRITE_BPS, INT64_MAX),
	THROTTLE(PRI_IO_HOST_READ_IOPS, READ_IOPS, IOPS_MAX),
	THROTTLE(PRI_IO_HOST_WRITE_IOPS, WRITE_IOPS, IOPS_MAX),
	IOTUNE_OF(TOTAL_BYTES),
	IOTUNE_OF(READ_BYTES),
	IOTUNE_OF(WRITE_BYTES),
	IOTUNE_OF(TOTAL_IOPS),
	IOTUNE_OF(READ_IOPS),
	IOTUNE_OF(WRITE_IOPS),
	IOTUNE(IOPS_SIZE, SIZE_IOPS_SEC, &plain, IOTUNE_MAX),
	IOTUNE(GROUP, GROUP_NAME, NULL, 0),
	MOVED(PRI_IO_READ_BYTES, BLOCK, "rd.bytes"),
	MOVED(PRI_IO_WRITE_BYTES, BLOCK, "wr.bytes"),
	MOVED(PRI_IO_READ_OPS, BLOCK, "rd.reqs"),
	MOVED(PRI_IO_WRITE_OPS, BLOCK, "wr.reqs"),
	RATE(PRI_NET_RATE_IN, IN_AVERAGE, &rate),
	RATE(PRI_NET_RATE_IN_PEAK, IN_PEAK, &rate),
	RATE(PRI_NET_RATE_IN_BURST, IN_BURST, &burst),
	RATE(PRI_NET_RATE_OUT, OUT_AVERAGE, &rate),
	RATE(PRI_NET_RATE_OUT_PEAK, OUT_PEAK, &rate),
	RATE(PRI_NET_RATE_OUT_BURST, OUT_BURST, &burst),
	METADATA(PRI_NET_WEIGHT_IN, link_reason),
	METADATA(PRI_NET_WEIGHT_OUT, link_reason),
	METADATA(PRI_NET_GUARANTEE_IN, link_reason),
	METADATA(PRI_NET_GUARANTEE_OUT, link_reason),
	MOVED(PRI_NET_RX_BYTES, INTERFACE, "rx.bytes"),
	MOVED(PRI_NET_TX_BYTES, INTERFACE, "tx.bytes"),
	MOVED(PRI_NET_RX_PACKETS, INTERFACE, "rx.pkts"),
	MOVED(PRI_NET_TX_PACKETS, INTERFACE, "tx.pkts"),
	MOVED(PRI_NET_RX_DROPS, INTERFACE, "rx.drop"),
	MOVED(PRI_NET_TX_DROPS, INTERFACE, "tx.drop"),
	KSM(PRI_KSM_PAGES_TO_SCAN, LIVE_ONLY, PAGES_TO_SCAN, &number),
	KSM(PRI_KSM_SLEEP_MS, LIVE_ONLY, SLEEP_MILLISECS, &number),
	KSM(PRI_KSM_MERGE_ACROSS_NODES, LIVE_ONLY, MERGE_ACROSS_NODES, &number),
	KSM(PRI_KSM_SHARED, READ, PAGES_SHARED, &count),
	KSM(PRI_KSM_SHARING, READ, PAGES_SHARING, &count),
};

/* Why an attribute has no row: ranges of enum pri_attr_id, the first that holds it. */
static const struct {
	int first, last;
	const char *reason;
} reasons[] = {
	{PRI_MEM_PSS, PRI_MEM_PSS, "libvirt does not report the proportional set size"},
	{PRI_MEM_PRESSURE, PRI_MEM_PRESSURE, "libvirt does not report pressure"},
	{PRI_CPU_THROTTLED, PRI_CPU_THROTTLED, "libvirt does not report throttled time"},
	{PRI_CPU_PRESSURE, PRI_CPU_PRESSURE, "libvirt does not report pressure"},
	{PRI_IO_PRESSURE, PRI_IO_PRESSURE, "libvirt does not report pressure"},
	{PRI_NET_LINK_IN, PRI_NET_COMMITTED_OUT,
	 "libvirt does not serve it: it does not divide links among domains"},
	{PRI_KSM_RUN, PRI_KSM_RUN,
	 "libvirt cannot start or stop same-page merging, only tune it (/sys/kernel/mm/ksm/run)"},
	{PRI_KSM_ADVISOR_MODE, PRI_KSM_ADVISOR_MODE,
	 "libvirt does not know the advisor of same-page merging"},
	{PRI_KSM_PROFIT, PRI_KSM_PROFIT, "libvirt does not report the profit of same-page merging"},
};

static const char test_reason[] = "libvirt's test driver does not have it";
static const char driver_reason[] = "this libvirt driver is not known to have it";
static const char unknown_reason[] =
	"the host's cgroup version is not known (pr_host_set_cgroup_version() tells it)";
/* The row of attr, or NULL and why. */
static const struct pri_lv_row *choose(const struct pri_lv_host *host, int attr,
				       const char **ret_reason)
{
	const char *reason = NULL;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(rows); i++) {
		const struct pri_lv_row *row = &rows[i];

		if (row->serve.attr != attr)
			continue;
		if (!(row->drivers & host->driver)) {
			if (!reason)
				reason = host->driver == PRI_LV_TEST ? test_reason : driver_reason;
			continue;
		}
		if (row->cgroup == 0 || row->cgroup == host->cgroup_version)
			return row;
		reason = unknown_reason;
	}
	for (size_t i = 0; !reason && i < PRI_ARRAY_SIZE(reasons); i++)
		if (attr >= reasons[i].first && attr <= reasons[i].last)
			reason = reasons[i].reason;
	*ret_reason = reason ? reason : "libvirt does not serve it";
	return NULL;
}

const struct pri_lv_row *pri_lv_row_find(const struct pri_lv_host *host, int attr)
{
	const char *reason;

	return choose(host, attr, &reason);
}

const struct pri_serve *pri_lv_serve(void *host, int attr, const char **ret_reason)
{
	const struct pri_lv_row *row = choose(host, attr, ret_reason);

	return row ? &row->serve : NULL;
}
