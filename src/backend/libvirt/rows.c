/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this backend serves, where, and why it does not serve the rest. */
#include "backend/libvirt/libvirt.h"

#define READ PRI_SERVE_READ
#define READ_BOTH (PRI_SERVE_READ | PRI_SERVE_READ_CONFIG)
#define LIVE_ONLY (PRI_SERVE_READ | PRI_SERVE_WRITE)
#define ALL PRI_SERVE_ALL

#define ANY (PRI_LV_QEMU | PRI_LV_TEST | PRI_LV_LXC | PRI_LV_OTHER)
#define CGROUPS (PRI_LV_QEMU | PRI_LV_LXC)

/* QEMU's balloon moves pages of 4 KiB; the kernel's limits are of whole pages. */
#define PAGE 4096

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
/* In KiB.  The kernel's "unlimited" is the largest whole page, a little less than libvirt's. */
static const struct pri_lv_scale limit_kib = {
	.factor = 1024,
	.type = VIR_TYPED_PARAM_ULLONG,
	.unlimited_raw = VIR_DOMAIN_MEMORY_PARAM_UNLIMITED,
	.unlimited_from = UINT64_C(9223372036854771712) >> 10,
	.unset_raw = VIR_DOMAIN_MEMORY_PARAM_UNLIMITED,
	.config_unlimited_is_unset = true,
};
static const struct pri_lv_scale kib = {.factor = 1024};
static const struct pri_lv_scale one = {.factor = 1};

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

static const struct pri_lv_row rows[] = {
	{{.attr = PRI_MEM_BALLOON, .modes = ALL | PRI_SERVE_PRECHECK, .grain = PAGE},
	 .family = &pri_lv_balloon,
	 .drivers = PRI_LV_QEMU | PRI_LV_TEST},
	{{.attr = PRI_MEM_MAXIMUM, .modes = READ_BOTH}, .family = &pri_lv_maximum, .drivers = ANY},
	{{.attr = PRI_MEM_SOFT_LIMIT, .modes = ALL, .grain = PAGE},
	 .family = &pri_lv_memtune,
	 .parameter = VIR_DOMAIN_MEMORY_SOFT_LIMIT,
	 .scale = &limit_kib,
	 .drivers = CGROUPS | PRI_LV_TEST,
	 .cgroup = 1},
	{{.attr = PRI_MEM_HARD_LIMIT, .modes = ALL, .grain = PAGE},
	 .family = &pri_lv_memtune,
	 .parameter = VIR_DOMAIN_MEMORY_HARD_LIMIT,
	 .scale = &limit_kib,
	 .drivers = CGROUPS | PRI_LV_TEST},
	{{.attr = PRI_MEM_STATS_PERIOD, .modes = ALL},
	 .family = &pri_lv_stats_period,
	 .drivers = PRI_LV_QEMU | PRI_LV_TEST},
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
	{{.attr = PRI_CPU_COUNT, .modes = READ_BOTH}, .family = &pri_lv_vcpu, .drivers = ANY},
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
};

/* Why an attribute has no row: ranges of enum pri_attr_id, the first that holds it. */
static const struct {
	int first, last;
	const char *reason;
} reasons[] = {
	{PRI_MEM_GUARANTEE, PRI_MEM_GUARANTEE,
	 "libvirt does not serve it: it never sets memory.min, and refuses min_guarantee"},
	{PRI_MEM_THROTTLE, PRI_MEM_THROTTLE,
	 "libvirt does not serve it: it sets memory.high only under the name of a soft limit"},
	{PRI_MEM_SWAP_LIMIT, PRI_MEM_SWAP_LIMIT,
	 "not served yet: libvirt's swap_hard_limit is memory and swap on cgroup v1, swap on v2"},
	{PRI_MEM_VIRTIO_REQUESTED, PRI_MEM_VIRTIO_REQUESTED,
	 "not served yet through libvirt (requested size of a virtio-mem device)"},
	{PRI_MEM_PSS, PRI_MEM_PSS, "libvirt does not report the proportional set size"},
	{PRI_MEM_PRESSURE, PRI_MEM_PRESSURE, "libvirt does not report pressure"},
	{PRI_CPU_BURST, PRI_CPU_BURST, "libvirt has no setting for the burst of a quota"},
	{PRI_CPU_GUEST_COUNT, PRI_CPU_GUEST_COUNT,
	 "not served yet through libvirt (vCPUs by the guest agent)"},
	{PRI_CPU_THROTTLED, PRI_CPU_THROTTLED, "libvirt does not report throttled time"},
	{PRI_CPU_PRESSURE, PRI_CPU_PRESSURE, "libvirt does not report pressure"},
	{PRI_IO_PRESSURE, PRI_IO_PRESSURE, "libvirt does not report pressure"},
	{PRI_IO_WEIGHT, PRI_IO_WRITE_OPS, "not served yet through libvirt (disk I/O)"},
	{PRI_NET_WEIGHT_IN, PRI_NET_GUARANTEE_OUT,
	 "libvirt does not serve it: it has no weights or guarantees of network traffic"},
	{PRI_NET_LINK_IN, PRI_NET_COMMITTED,
	 "libvirt does not serve it: it does not divide links among domains"},
	{PRI_NET_RATE_IN, PRI_NET_COMMITTED, "not served yet through libvirt (network)"},
	{PRI_KSM_RUN, PRI_KSM_PROFIT, "not served yet through libvirt (same-page merging)"},
};

static const char test_reason[] = "libvirt's test driver does not have it";
static const char driver_reason[] = "this libvirt driver is not known to have it";
static const char unknown_reason[] =
	"the host's cgroup version is not known (pr_host_set_cgroup_version() tells it)";
static const char soft_limit_reason[] =
	"libvirt does not serve it on cgroup v2: its soft_limit is memory.high there, a throttle "
	"and no protection";

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
		reason = host->cgroup_version ? soft_limit_reason : unknown_reason;
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
