/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits and dangers that only present values can tell, looked for before anything is written. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>

#include "core/core.h"

/* Older statistics do not tell what a guest can spare.  With a slower statistics period: three
 * periods. */
#define STATS_AGE_MAX_S 10
#define STATS_PERIODS_MAX 3
/* What a guest keeps for itself beyond its present use: 5 % of its size, at least 16 MiB.  A
 * guest at its last 4 MiB was measured to kill processes at the next fork. */
#define RESERVE_DIVISOR 20
#define RESERVE_MIN_BYTES (UINT64_C(16) << 20)
/* A hard limit less than 5 % above present use makes the kernel reclaim or kill. */
#define HARD_LIMIT_MARGIN_DIVISOR 20

static bool known(const struct pri_item *reading, uint64_t *ret_value)
{
	if (!reading->has_held || reading->change.held.number > PRI_NUMBER_MAX)
		return false;
	*ret_value = reading->change.held.number;
	return true;
}

static char *bytes_text(uint64_t bytes)
{
	return pri_value_text(&pri_attrs[PRI_MEM_BALLOON], &(struct pri_value){.number = bytes});
}

/* MiB, for a person: exact bytes of a statistic help nobody. */
static uint64_t mib(uint64_t bytes)
{
	return bytes >> 20;
}

static int beyond(struct pri_item *item, uint64_t maximum, const char *what)
{
	pri_autofree char *wanted = pri_value_text(item->change.attr, &item->change.wanted);
	pri_autofree char *most =
		pri_value_text(item->change.attr, &(struct pri_value){.number = maximum});

	return pri_item_fail(item, -ERANGE, "%s is beyond the maximum of %s (%s)",
			     wanted ? wanted : "?", most ? most : "?", what);
}

enum { MAXIMUM, ACTUAL, USABLE, UNUSED, AVAILABLE, AGE, PERIOD, BALLOON_READINGS };

/* Memory that the guest does not need now.  Statistics can be older than the last move of the
 * balloon, so what is in use is subtracted from the present size too. */
static bool spare_bytes(const struct pri_item *readings, uint64_t actual, uint64_t *ret_spare)
{
	uint64_t reserve = actual / RESERVE_DIVISOR;
	uint64_t spare, available;

	if (!known(&readings[USABLE], &spare) && !known(&readings[UNUSED], &spare))
		return false;
	if (known(&readings[AVAILABLE], &available) && available > spare) {
		uint64_t used = available - spare;
		uint64_t rest = actual > used ? actual - used : 0;

		spare = spare < rest ? spare : rest;
	}
	if (reserve < RESERVE_MIN_BYTES)
		reserve = RESERVE_MIN_BYTES;
	*ret_spare = spare > reserve ? spare - reserve : 0;
	return true;
}

static bool too_old(const struct pri_item *readings, uint64_t age)
{
	uint64_t limit = STATS_AGE_MAX_S, period;

	if (known(&readings[PERIOD], &period) && period * STATS_PERIODS_MAX > limit)
		limit = period * STATS_PERIODS_MAX;
	return age > limit;
}

static int judge_amount(struct pri_item *item, const struct pri_item *readings, uint64_t actual)
{
	uint64_t wanted = item->change.wanted.number;
	uint64_t spare, age;
	pri_autofree char *size = bytes_text(actual);

	if (!spare_bytes(readings, actual, &spare))
		return pri_item_fail(
			item, -ENODATA,
			"what the guest can spare is not known (no balloon statistics; "
			"set mem.stats_period, or allow harm)");
	if (!known(&readings[AGE], &age))
		return pri_item_fail(item, -ENODATA,
				     "what the guest can spare is not known (its statistics do not "
				     "tell their age; allow harm to do it all the same)");
	if (too_old(readings, age))
		return pri_item_fail(item, -ENODATA,
				     "what the guest can spare is not known (its statistics are "
				     "%" PRIu64 " s old; allow harm to do it all the same)",
				     age);
	if (actual - wanted <= spare)
		return 0;
	return pri_item_fail(item, -ENOSPC,
			     "the guest cannot give %" PRIu64 "M: it has %s and can spare %" PRIu64
			     "M (statistics %" PRIu64 " s old); allow harm to take more",
			     mib(actual - wanted), size ? size : "?", mib(spare), age);
}

static int judge_shrink(struct pri_item *item, const struct pri_item *readings)
{
	const struct pri_item *size = &readings[ACTUAL];
	uint64_t actual;

	if (!known(size, &actual))
		return pri_item_fail(
			item, size->change.error ?: -ENODATA, "its present size is not known (%s)",
			size->change.text ? size->change.text : "no balloon statistics");
	return item->change.wanted.number < actual ? judge_amount(item, readings, actual) : 0;
}

/* Compare with a maximum that the target itself has; one that is not known forbids nothing: the
 * backend refuses what it cannot do. */
static int judge_maximum(struct pri_item *item, const struct pri_item *readings, size_t n)
{
	uint64_t maximum;

	(void)n;
	if (known(&readings[MAXIMUM], &maximum) && item->change.wanted.number > maximum)
		return beyond(item, maximum, readings[MAXIMUM].change.attr->name);
	return 0;
}

static int judge_balloon(struct pri_item *item, const struct pri_item *readings, size_t n)
{
	int r = judge_maximum(item, readings, n);

	return r < 0 || n == 1 ? r : judge_shrink(item, readings);
}

static int judge_hard_limit(struct pri_item *item, const struct pri_item *readings, size_t n)
{
	uint64_t used;

	(void)n;
	if (!known(&readings[0], &used))
		return pri_item_fail(
			item, -ENODATA,
			"what the domain uses is not known (mem.rss); allow harm to do it "
			"all the same");
	if (item->change.wanted.number >= used + used / HARD_LIMIT_MARGIN_DIVISOR)
		return 0;
	return pri_item_fail(item, -ENOSPC,
			     "%" PRIu64 "M is less than 5 %% above the %" PRIu64
			     "M that the domain uses: the kernel may kill it (at least %" PRIu64
			     "M, or allow harm)",
			     mib(item->change.wanted.number), mib(used),
			     mib(used + used / HARD_LIMIT_MARGIN_DIVISOR) + 1);
}

static int host_cpus(struct pri_item *item, uint64_t deadline_ns, uint32_t *ret_cpus)
{
	struct pri_target host = {.host = item->target.host};
	struct pri_host_facts facts = {0};
	struct pri_call call;
	char *error = NULL;
	int r;

	*ret_cpus = host.host->cpus;
	if (*ret_cpus)
		return 0;
	r = pri_call_begin(&call, &host, 0, deadline_ns);
	if (r == 0)
		r = call.backend->facts(&call, &facts);
	if (r < 0) {
		pri_call_failed(&call, r, "CPUs of the host", &error);
		pri_item_fail(item, r, "%s", error ? error : pri_strerror(r));
		free(error);
		return r;
	}
	*ret_cpus = host.host->cpus = facts.cpu_numbers ? facts.cpu_numbers : facts.cpus;
	return 0;
}

static int guard_host_cpus(struct pri_item *item, uint64_t deadline_ns)
{
	pri_autofree char *canonical = NULL;
	unsigned int highest;
	uint32_t cpus;
	int r;

	if (!item->change.wanted.text)
		return 0;
	r = host_cpus(item, deadline_ns, &cpus);
	if (r < 0)
		return r;
	r = pri_cpulist_canonical(item->change.wanted.text, &canonical, &highest);
	if (r < 0)
		return pri_item_fail(item, r, "\"%s\" is no CPU list", item->change.wanted.text);
	if (highest >= cpus)
		return pri_item_fail(item, -ERANGE, "CPU %u is not in this host (0 to %u)", highest,
				     cpus - 1);
	return 0;
}

/* What has to be read for a guard: the first count ids always, all of them where harm is to be
 * looked for, which is what the running domain can suffer. */
static const struct guard {
	int ids[BALLOON_READINGS];
	size_t count, harm_count;
	int (*judge)(struct pri_item *item, const struct pri_item *readings, size_t n);
} guards[] = {
	[PRI_GUARD_BALLOON] = {{[MAXIMUM] = PRI_MEM_MAXIMUM,
				[ACTUAL] = PRI_MEM_ACTUAL,
				[USABLE] = PRI_MEM_USABLE,
				[UNUSED] = PRI_MEM_UNUSED,
				[AVAILABLE] = PRI_MEM_AVAILABLE,
				[AGE] = PRI_MEM_STATS_AGE,
				[PERIOD] = PRI_MEM_STATS_PERIOD},
			       1,
			       BALLOON_READINGS,
			       judge_balloon},
	[PRI_GUARD_HARD_LIMIT] = {{PRI_MEM_RSS}, 0, 1, judge_hard_limit},
	[PRI_GUARD_VCPUS] = {{PRI_CPU_MAXIMUM}, 1, 1, judge_maximum},
	[PRI_GUARD_HOST_CPUS] = {{0}, 0, 0, NULL},
	[PRI_GUARD_QUOTA] = {{0}, 0, 0, NULL},
};

static_assert(BALLOON_READINGS == PRI_GUARD_READINGS_MAX, "room for the readings of each guard");

size_t pri_guard_needs(const struct pri_item *item, uint32_t flags, const int **ret_ids)
{
	const struct guard *guard = &guards[item->change.attr->guard];
	bool harm = item->change.mode == PRALLOC_LIVE && !(flags & PRALLOC_ALLOW_HARM);

	if (!guard->judge || item->change.wanted.number > PRI_NUMBER_MAX)
		return 0;
	*ret_ids = guard->ids;
	return harm ? guard->harm_count : guard->count;
}

int pri_guard_judge(struct pri_item *item, const struct pri_item *readings, size_t n,
		    uint64_t deadline_ns)
{
	if (item->change.attr->guard == PRI_GUARD_HOST_CPUS)
		return guard_host_cpus(item, deadline_ns);
	return n > 0 ? guards[item->change.attr->guard].judge(item, readings, n) : 0;
}

int pri_guard(struct pri_item *item, uint64_t deadline_ns, uint32_t flags)
{
	struct pri_item readings[PRI_GUARD_READINGS_MAX];
	struct pri_item *list[PRI_GUARD_READINGS_MAX];
	const int *ids = NULL;
	size_t n, readable = 0;
	int r;

	if (item->change.attr->guard == PRI_GUARD_NONE)
		return 0;
	n = pri_guard_needs(item, flags, &ids);
	for (size_t i = 0; i < n; i++)
		if (pri_guard_reading(&readings[i], item, ids[i]))
			list[readable++] = &readings[i];
	pri_batch_read(list, readable, deadline_ns);
	r = pri_guard_judge(item, readings, n, deadline_ns);
	for (size_t i = 0; i < n; i++)
		pri_item_clear(&readings[i]);
	return r;
}

bool pri_guard_reading(struct pri_item *reading, const struct pri_item *item, int id)
{
	pri_autofree char *error = NULL;

	return pri_item_init_read(reading, &item->target, &pri_attrs[id], NULL, item->change.mode,
				  &error) == 0;
}
