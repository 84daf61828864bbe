/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages of a plan that write, and those that wait until it has arrived. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"

/* A guest that has not come nearer for so long has stopped: squeezed's figure. */
#define STALL_NS UINT64_C(5000000000)
/* What counts as coming nearer, where the unit is bytes: one page of every kind of guest. */
#define STEP_BYTES UINT64_C(65536)
/* How often to look: a twentieth of the time that it has taken so far, within these. */
#define PAUSE_DIVISOR 20
#define PAUSE_MIN_NS UINT64_C(5000000)
#define PAUSE_MAX_NS UINT64_C(100000000)
/* With PRALLOC_KEEP_PARTIAL recipients have a quarter of the time. */
#define KEEP_TAKE_DIVISOR 4

int pri_enter_record(struct pri_run *run)
{
	return pri_journal_begin(run->plan->journal, run->plan, run->items, run->n, &run->error);
}

static int enter_phase(struct pri_run *run, size_t first, size_t end, const char *note)
{
	int r = first < end ? pri_journal_sync(run->plan->journal, note, &run->error) : 0;

	for (size_t i = first; r == 0 && i < end; i++) {
		struct pri_item *item = run->items[i];

		item->change.took = item->change.unsure = false;
		item->change.error = -ECANCELED; /* until its call is made */
		item->has_held = false;
		pri_run_append(run, item);
	}
	return r;
}

int pri_enter_give(struct pri_run *run)
{
	return enter_phase(run, 0, run->gives, "give");
}

int pri_enter_take(struct pri_run *run)
{
	return enter_phase(run, run->gives, run->n, "take");
}

int pri_leave_write(struct pri_run *run)
{
	uint64_t now_ns = pri_now_ns();
	int first = 0;
	bool waits;

	for (size_t i = 0; i < run->count; i++) {
		struct pri_item *item = run->list[i];
		int error = item->change.error;

		item->elapsed_ns = now_ns - run->stage_ns;
		if (error < 0 && error != -ECANCELED && first == 0)
			first = error;
		if (error < 0)
			continue;
		waits = pri_plan_is_async(item);
		run->waits = run->waits || waits;
		pri_plan_set_status(run->plan, item,
				    waits ? PRALLOC_STEP_WAITING : PRALLOC_STEP_APPLIED);
	}
	return first;
}

/* -- arrival -- */

void pri_arrival_begin(struct pri_arrival *arrival, const struct pri_item *item)
{
	*arrival = (struct pri_arrival){
		.reached = item->has_before ? item->before.number : PRALLOC_DEFAULT,
		.moved_ns = pri_now_ns(),
	};
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

bool pri_arrival_look(struct pri_run *run, struct pri_arrival *arrival, struct pri_item *item)
{
	uint64_t held = item->change.held.number, wanted = item->change.wanted.number;
	uint64_t step = item->change.attr->unit == PRALLOC_UNIT_BYTES ? STEP_BYTES : 1;
	uint64_t now_ns = pri_now_ns();

	(void)run;
	if (item->change.error != -EINPROGRESS) {
		arrival->done = item->change.error == 0;
		return true;
	}
	item->change.error = 0;
	if (distance(held, wanted) + step <= distance(arrival->reached, wanted)) {
		arrival->reached = held;
		arrival->moved_ns = now_ns;
	}
	arrival->stalled = now_ns - arrival->moved_ns >= STALL_NS;
	return arrival->stalled;
}

void pri_arrival_pause(struct pri_run *run)
{
	uint64_t now_ns = pri_now_ns();
	uint64_t pause = (now_ns - run->stage_ns) / PAUSE_DIVISOR;

	if (pause < PAUSE_MIN_NS)
		pause = PAUSE_MIN_NS;
	if (pause > PAUSE_MAX_NS)
		pause = PAUSE_MAX_NS;
	run->looked_ns = now_ns;
	run->wake_ns = now_ns + pause;
	if (run->wake_ns > run->deadline_ns)
		run->wake_ns = run->deadline_ns;
}

/* Not more often than at the beginning: a host may have many events of others. */
void pri_arrival_hurry(struct pri_run *run)
{
	uint64_t at_ns = run->looked_ns + PAUSE_MIN_NS;

	if (run->looked_ns && run->wake_ns > at_ns)
		run->wake_ns = at_ns;
}

/* The first time all that were written, then those that have not come to an end. */
static int enter_arrival(struct pri_run *run, size_t first, size_t end)
{
	bool begun = run->begun_wait;

	for (size_t i = first; i < end; i++) {
		struct pri_item *item = run->items[i];
		struct pri_arrival *arrival = &pri_plan_step_of(item)->arrival;

		if (!pri_plan_is_async(item))
			continue;
		if (!begun)
			pri_arrival_begin(arrival, item);
		if (!arrival->done && !arrival->stalled)
			pri_run_append(run, item);
	}
	run->begun_wait = true;
	if (run->count > 0)
		pri_lanes_notice(run);
	return 0;
}

int pri_enter_given(struct pri_run *run)
{
	return enter_arrival(run, 0, run->gives);
}

int pri_enter_taken(struct pri_run *run)
{
	return enter_arrival(run, run->gives, run->n);
}

char *pri_arrival_text(const struct pri_attr *attr, uint64_t number)
{
	char *text;

	if (attr->unit != PRALLOC_UNIT_BYTES || number > PRI_NUMBER_MAX)
		return pri_value_text(attr, &(struct pri_value){.number = number});
	/* For a person: exact bytes of something that moves help nobody. */
	return asprintf(&text, "%" PRIu64 "M", number >> 20) < 0 ? NULL : text;
}

static int fail_stalled(struct pri_item *item, bool stalled)
{
	const struct pri_change *change = &item->change;
	pri_autofree char *is = pri_arrival_text(change->attr, change->held.number);
	pri_autofree char *wanted = pri_arrival_text(change->attr, change->wanted.number);

	if (stalled)
		return pri_item_fail(
			item, -ENOSPC,
			"the guest has stopped at %s of %s and has not moved for %u s: "
			"it cannot spare more now",
			is ? is : "?", wanted ? wanted : "?",
			(unsigned int)(STALL_NS / 1000000000u));
	return pri_item_fail(item, -ETIMEDOUT,
			     "the guest has reached %s of %s and the time is over: give it more "
			     "time",
			     is ? is : "?", wanted ? wanted : "?");
}

/* Whether less may arrive than was asked for. */
static bool may_keep(const struct pri_run *run, const struct pri_item *item)
{
	return (run->flags & PRALLOC_KEEP_PARTIAL) && item->phase == PRI_PHASE_GIVE &&
	       pri_attr_is(item->change.attr, PRALLOC_ATTR_ADDITIVE);
}

static uint64_t phase_deadline(const struct pri_run *run, const struct pri_item *item)
{
	uint64_t whole = run->deadline_ns - run->begun_ns;

	return may_keep(run, item) ? run->deadline_ns - whole / KEEP_TAKE_DIVISOR
				   : run->deadline_ns;
}

/* 0: come to an end; 1: on its way. */
static int look_at(struct pri_run *run, struct pri_item *item)
{
	struct pri_arrival *arrival = &pri_plan_step_of(item)->arrival;
	bool ended = pri_arrival_look(run, arrival, item);
	bool late = !ended && pri_now_ns() >= phase_deadline(run, item);

	item->elapsed_ns = pri_now_ns() - run->stage_ns;
	if (item->change.error < 0)
		return item->change.error;
	pri_plan_tell(run->plan, item);
	if (arrival->done) {
		pri_plan_set_status(run->plan, item, PRALLOC_STEP_APPLIED);
		return 0;
	}
	if (!ended && !late)
		return 1;
	arrival->stalled = true;
	return may_keep(run, item) ? 0 : fail_stalled(item, ended);
}

static int leave_arrival(struct pri_run *run)
{
	bool moving = false;
	int first = 0;

	for (size_t i = 0; i < run->count; i++) {
		int r = look_at(run, run->list[i]);

		moving = moving || r == 1;
		if (r < 0 && first == 0)
			first = r;
	}
	if (first < 0)
		return first;
	if (moving) {
		pri_arrival_pause(run);
		return 1;
	}
	run->begun_wait = false;
	return 0;
}

int pri_leave_given(struct pri_run *run)
{
	return leave_arrival(run);
}

int pri_leave_taken(struct pri_run *run)
{
	return leave_arrival(run);
}
