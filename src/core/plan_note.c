/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a check has to say of steps that can be done.
 *
 * Nothing guarantees CPU time, so none of it can be promised twice; but a limit that is more than
 * the host has never acts, and vCPUs that are more than its CPUs never run together.  Both are
 * legal, and on purpose where the value is the same on hosts of all sizes: they are told, and not
 * refused.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/plan_run.h"

static const struct quota {
	int quota, period;
	bool of_thread; /* each has its own, and runs on one CPU at a time */
} quotas[] = {
	{PRI_CPU_QUOTA, PRI_CPU_PERIOD, false},
	{PRI_CPU_VCPU_QUOTA, PRI_CPU_VCPU_PERIOD, true},
	{PRI_CPU_EMULATOR_QUOTA, PRI_CPU_EMULATOR_PERIOD, false},
	{PRI_CPU_IOTHREAD_QUOTA, PRI_CPU_IOTHREAD_PERIOD, true},
};

static const struct quota *quota_of(const struct pri_item *item)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(quotas); i++)
		if (quotas[i].quota == pri_attr_id(item->change.attr))
			return &quotas[i];
	return NULL;
}

/* The step of the plan that sets the period too, or NULL. */
static const struct pri_item *period_step(const struct pri_run *run, const struct pri_item *item,
					  const struct quota *quota)
{
	struct pri_item key = {.target = item->target,
			       .change = {.attr = &pri_attrs[quota->period], .instance = ""}};
	size_t number;

	return pri_plan_find(run->plan, &key, &number)
		       ? &run->plan->steps[pri_step_mode(item->change.mode)][number].item
		       : NULL;
}

/* One that nobody can read is not known, and says nothing. */
static struct pri_run_reading *add_reading(struct pri_run *run, const struct pri_target *target,
					   int id, uint32_t mode)
{
	struct pri_run_reading *reading = pri_run_add_reading(run);
	pri_autofree char *error = NULL;

	if (!reading)
		return NULL;
	pri_item_init_read(&reading->item, target, &pri_attrs[id], NULL, mode, &error);
	reading->item.sequence = UINT32_MAX;
	reading->item.phase = PRI_PHASE_TAKE;
	return reading;
}

/* Once for each host. */
static int add_cpus(struct pri_run *run, struct pr_host *host)
{
	struct pri_target target = {.host = host};
	struct pri_lane *lane = pri_lane_of(run, host);

	if (lane->cpus_reading)
		return 0;
	if (!add_reading(run, &target, PRI_CPU_ONLINE, PRALLOC_LIVE))
		return -ENOMEM;
	lane->cpus_reading = run->reading_count;
	return 0;
}

int pri_note_readings(struct pri_run *run, struct pri_item *item)
{
	const struct quota *quota = quota_of(item);
	struct pri_run_reading *reading;

	if (item->change.wanted.number > PRI_NUMBER_MAX)
		return 0;
	if (quota && !period_step(run, item, quota)) {
		reading = add_reading(run, &item->target, quota->period, item->change.mode);
		if (!reading)
			return -ENOMEM;
		reading->note = item;
		reading->item.sequence = item->sequence;
	}
	return add_cpus(run, item->target.host);
}

/* 0: not known. */
static uint64_t number_of(const struct pri_attr *attr, uint64_t number)
{
	return pri_amount(number == PRALLOC_DEFAULT ? attr->def : number);
}

static uint64_t number_read(const struct pri_item *reading)
{
	return reading->has_held ? number_of(reading->change.attr, reading->change.held.number) : 0;
}

static uint64_t cpus_of(struct pri_run *run, const struct pr_host *host)
{
	const struct pri_lane *lane = pri_lane_of(run, host);

	return lane->cpus_reading ? number_read(&run->readings[lane->cpus_reading - 1].item) : 0;
}

/* reading: of the period, where no step of the plan sets it. */
static void judge_quota(struct pri_run *run, struct pri_item *item, const struct quota *quota,
			const struct pri_item *reading)
{
	const struct pri_item *step = period_step(run, item, quota);
	uint64_t period = step	    ? number_of(step->change.attr, step->change.wanted.number)
			  : reading ? number_read(reading)
				    : 0;
	uint64_t cpus = quota->of_thread ? 1 : cpus_of(run, item->target.host);
	uint64_t wanted = item->change.wanted.number, most;

	if (__builtin_mul_overflow(cpus, period, &most) || most == 0 || wanted <= most)
		return;
	if (quota->of_thread)
		pri_item_note(item, 0,
			      "%" PRIu64 " us in each %" PRIu64
			      " us are more than a thread can run: "
			      "the limit never acts (below %" PRIu64 " us it would)",
			      wanted, period, most);
	else
		pri_item_note(item, 0,
			      "%" PRIu64 " us in each %" PRIu64 " us are more than the %" PRIu64
			      " CPUs of the host have: the limit never acts (below %" PRIu64
			      " us it would)",
			      wanted, period, cpus, most);
}

static void judge_count(struct pri_run *run, struct pri_item *item)
{
	uint64_t cpus = cpus_of(run, item->target.host);

	if (cpus > 0 && item->change.wanted.number > cpus)
		pri_item_note(item, 0,
			      "%" PRIu64 " vCPUs are more than the %" PRIu64
			      " CPUs of the host: they never run at the same time",
			      item->change.wanted.number, cpus);
}

static void judge(struct pri_run *run, struct pri_item *item, const struct pri_item *reading)
{
	const struct quota *quota = quota_of(item);

	if (item->change.error < 0 || item->change.wanted.number > PRI_NUMBER_MAX)
		return;
	if (!quota)
		judge_count(run, item);
	else if (reading || period_step(run, item, quota))
		judge_quota(run, item, quota, reading);
}

void pri_note_judge(struct pri_run *run)
{
	for (size_t i = 0; i < run->reading_count; i++)
		if (run->readings[i].note)
			judge(run, run->readings[i].note, &run->readings[i].item);
	/* Those that nothing was read for alone. */
	for (size_t i = 0; i < run->n; i++)
		if (pri_note_concerns(run, run->items[i]) && !run->items[i]->change.text)
			judge(run, run->items[i], NULL);
}
