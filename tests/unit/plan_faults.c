/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All or nothing, counted out: every sequence of up to three changes, with every fault at every call
 * that it can come at, ends with all of them as wished or all as before.
 */
#include "fault_bed.h"

/* Only steps of a domain that is another one now or is busy may be left, and they say so.  A fault
 * that comes after the time is over can hit the very write that takes back. */
static void check_left(struct run *run, struct pr_plan *plan, const struct fault *fault, int r)
{
	for (size_t i = 0; i < run->n; i++) {
		struct pr_step step = bed_step(plan, i);

		if (step.status != PRALLOC_STEP_LEFT)
			continue;
		cr_assert(fault->left && strcmp(step.target, fault->left) == 0, "%s: step %zu: %s",
			  run->what, i, step.text);
		if (r != -ETIMEDOUT)
			EXPECT_TEXT(step.text, fault->text);
	}
}

/* On a machine that is busy with something else the short time may be over before the fault comes,
 * which then hits the way back: two faults, and not what is counted out here. */
static bool came_late(struct run *run, struct pr_plan *plan, const struct fault *fault, int r)
{
	bool left = false;

	for (size_t i = 0; i < run->n; i++)
		left = left || bed_step(plan, i).status == PRALLOC_STEP_LEFT;
	if (r != -ETIMEDOUT || (!fault->vain && !run->partly) || fault->left || !left)
		return false;
	put_back_by_hand(run);
	return true;
}

/* What starts anew has the values of before, but for persistent ones. */
static void repair(struct run *run, struct pr_plan *plan, const struct fault *fault, int r)
{
	/* One that is off is started in any case, also where it had no part in the plan. */
	if (fault->repair && (r < 0 || starts(fault)))
		bed_inject(&run->bed, fault->repair);
	if (run->mode != PRALLOC_CONFIG || r == 0)
		return;
	for (size_t i = 0; i < run->n; i++)
		cr_assert(bed_step(plan, i).status == PRALLOC_STEP_LEFT ||
				  is_as_before(run, run->list[i]),
			  "%s: step %zu", run->what, i);
	if (fault->left)
		put_back_by_hand(run);
}

static uint32_t time_of(const struct run *run, const struct fault *fault)
{
	return fault->vain || run->partly ? time_in_vain(run) : TIME;
}

static int one(struct run *run, const struct fault *fault, int at)
{
	struct pr_plan *plan = make_plan(run);
	bool came, wished = false;
	int r;

	inject(run, fault, at);
	r = pr_plan_apply(plan, time_of(run, fault), run->mode | run->flags);
	came = has_come(run);
	/* What stalls goes on when it does not any more, where it was not told to stay. */
	if (r == 0 && run->partly && came)
		wished = holds(run, true);
	bed_inject(&run->bed, "clear");
	if (came_late(run, plan, fault, r)) {
		pr_plan_free(plan);
		return came;
	}
	cr_assert(came || r == 0 || r == -ETIMEDOUT, "%s: %s", run->what, pr_plan_errmsg(plan));
	check_left(run, plan, fault, r);
	repair(run, plan, fault, r);
	cr_assert(wished || holds(run, r == 0), "%s: %d %s: neither as wished nor as before",
		  run->what, r, pr_plan_errmsg(plan));
	if (r == 0)
		cr_assert_eq(pr_plan_undo(plan, TIME, 0), 0, "%s: %s", run->what,
			     pr_plan_errmsg(plan));
	cr_assert(holds(run, false), "%s: not undone", run->what);
	pr_plan_free(plan);
	run->runs++;
	return r < 0 && !came ? r : came;
}

Test(plan_faults, every_sequence_of_three)
{
	struct run run = {.one = one};

	all_sequences(&run, LENGTH_MAX);
	/* 8 + 8 * 7 + 8 * 7 * 6 sequences, each with as many places as it has calls. */
	cr_expect_gt(run.runs, 400 * PRI_ARRAY_SIZE(faults));
}

/* The same over calls that are begun and finished apart. */
Test(plan_faults, slow_calls)
{
	struct run run = {.one = one};

	all_slow(&run);
}

Test(plan_faults, persistent)
{
	struct run run = {.one = one, .mode = PRALLOC_CONFIG};

	all_sequences(&run, 2);
}

/* All is given: it makes no difference whether less would do. */
Test(plan_faults, partly_or_all)
{
	struct run run = {.one = one, .flags = PRALLOC_KEEP_PARTIAL};

	all_sequences(&run, 2);
}

/* Less is given than was asked for: its donor is told to stay, and others get less. */
Test(plan_faults, partly)
{
	struct run run = {.one = one, .flags = PRALLOC_KEEP_PARTIAL, .partly = true};

	run_open(&run);
	run.n = 2;
	run.list[0] = RECIPIENT;
	run.list[1] = DONOR;
	all_faults(&run);
	run.list[0] = 1;
	all_faults(&run);
	run_close(&run);
}
