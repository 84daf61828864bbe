/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU and the guest's balloon driver tell about memory, from one call. */
#include <errno.h>
#include <time.h>

#include "backend/libvirt/libvirt.h"

struct stats {
	virDomainMemoryStatStruct items[VIR_DOMAIN_MEMORY_STAT_NR];
	int n;
};

static const unsigned long long *find(const struct stats *stats, int tag)
{
	for (int i = 0; i < stats->n; i++)
		if (stats->items[i].tag == tag)
			return &stats->items[i].val;
	return NULL;
}

/* The guest's part of the statistics has a date; without one there is none. */
static const char *why_missing(const struct stats *stats)
{
	const unsigned long long *update = find(stats, VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE);

	if (update && *update == 0)
		return "the guest's balloon driver has never sent statistics";
	if (!find(stats, VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON))
		return "the domain has no memory balloon device that could tell it";
	return "the guest does not report it (is mem.stats_period set?)";
}

/* The date is of the host's clock: for another machine the age is as good as clocks agree. */
static uint64_t age(unsigned long long update)
{
	uint64_t now = (uint64_t)time(NULL);

	return now > update ? now - update : 0;
}

static void hold(const struct pri_lv_op *op, struct pri_change *change, const struct stats *stats)
{
	const struct pri_lv_row *row = pri_lv_row(change);
	const unsigned long long *value = find(stats, row->tag);

	if (!value || (row->tag == VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE && *value == 0))
		pri_lv_core->fail_change(op->call, change, -ENODATA, "%s", why_missing(stats));
	else if (row->tag == VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE)
		change->held.number = age(*value);
	else
		change->held.number = *value * row->scale->factor;
}

static int memstats_read(struct pri_lv_op *op)
{
	struct stats stats;

	stats.n = PRI_LV(op->host, virDomainMemoryStats, op->ptr, stats.items,
			 VIR_DOMAIN_MEMORY_STAT_NR, 0);
	if (stats.n < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		hold(op, op->changes[i], &stats);
	return 0;
}

const struct pri_lv_family pri_lv_memstats = {.read = memstats_read};
