/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way back, counted out: every sequence of up to three changes is applied and undone, with every
 * fault at every call of the undo that it can come at.  Either all is as before then, or what is not
 * says so, and a second undo puts it right.
 */
#include "fault_bed.h"

#define ALL UINT64_C(2048)

/* A domain that is another one now is left for good; it has the values that it starts with. */
static bool is_another(const struct run *run, const struct fault *fault, const struct pr_step *step)
{
	return run->mode != PRALLOC_CONFIG && fault->left && strcmp(fault->text, IS_OTHER) == 0 &&
	       strcmp(step->target, fault->left) == 0;
}

/* Each step is as before, or is left and says why; what the call returned is of one of these. */
static void check_steps(struct run *run, struct pr_plan *plan, int r)
{
	bool named = r == 0;

	for (size_t i = 0; i < run->n; i++) {
		struct pr_step step = bed_step(plan, i);

		named = named || (step.status == PRALLOC_STEP_LEFT && step.error == r);
		if (step.status == PRALLOC_STEP_LEFT) {
			cr_assert_lt(step.error, 0, "%s: step %zu", run->what, i);
			cr_assert_str_not_empty(step.text, "%s: step %zu", run->what, i);
			cr_assert_lt(r, 0, "%s: step %zu: %s", run->what, i, step.text);
			continue;
		}
		cr_assert_eq(step.status, PRALLOC_STEP_UNDONE, "%s: step %zu: %d", run->what, i,
			     step.status);
		cr_assert(is_as_before(run, run->list[i]), "%s: step %zu is not undone: %s",
			  run->what, i, value_of(run, run->list[i]));
	}
	cr_assert(named, "%s: %d %s", run->what, r, pr_plan_errmsg(plan));
}

static void check_second(struct run *run, struct pr_plan *plan, const struct fault *fault, int r)
{
	for (size_t i = 0; i < run->n; i++) {
		struct pr_step step = bed_step(plan, i);

		if (step.status != PRALLOC_STEP_LEFT)
			continue;
		cr_assert(is_another(run, fault, &step), "%s: again: step %zu: %s", run->what, i,
			  step.text);
		EXPECT_TEXT(step.text, IS_OTHER);
		r = r == step.error ? 0 : r;
	}
	cr_assert_eq(r, 0, "%s: again: %s", run->what, pr_plan_errmsg(plan));
}

/* What went from one to the other is in one of them only. */
static void check_sum(struct run *run)
{
	uint64_t sum = bed_get(run->bed.dom, "mem.actual", NULL, 0) / MIB +
		       bed_get(run->bed.other, "mem.actual", NULL, 0) / MIB;

	if (has(run, DONOR) && has(run, RECIPIENT))
		cr_assert_leq(sum, ALL, "%s: %" PRIu64 " MiB", run->what, sum);
}

static uint32_t time_of(const struct run *run, const struct fault *fault)
{
	bool waits = run->mode != PRALLOC_CONFIG && (has(run, DONOR) || has(run, RECIPIENT));

	return waits && fault->vain ? time_in_vain(run) : TIME;
}

static int one(struct run *run, const struct fault *fault, int at)
{
	struct pr_plan *plan = make_plan(run);
	bool came, late;
	int r;

	cr_assert_eq(pr_plan_apply(plan, TIME, run->mode), 0, "%s", pr_plan_errmsg(plan));
	inject(run, fault, at);
	r = pr_plan_undo(plan, time_of(run, fault), 0);
	came = has_come(run);
	bed_inject(&run->bed, "clear");
	if (starts(fault))
		bed_inject(&run->bed, fault->repair);
	cr_assert(!came || fault->left || r < 0, "%s: not noticed", run->what);
	cr_assert(came || r == 0 || r == -ETIMEDOUT, "%s: %s", run->what, pr_plan_errmsg(plan));
	late = r == -ETIMEDOUT && !came;
	check_steps(run, plan, r);
	if (!fault->left)
		check_sum(run);
	if (r < 0)
		check_second(run, plan, fault, pr_plan_undo(plan, TIME, 0));
	cr_assert(holds(run, false), "%s: not undone", run->what);
	pr_plan_free(plan);
	run->runs++;
	return late ? -ETIMEDOUT : came;
}

Test(plan_faults_undo, every_sequence_of_three)
{
	struct run run = {.one = one};

	all_sequences(&run, LENGTH_MAX);
	cr_expect_gt(run.runs, 400 * PRI_ARRAY_SIZE(faults));
}

Test(plan_faults_undo, slow_calls)
{
	struct run run = {.one = one};

	all_slow(&run);
}

Test(plan_faults_undo, persistent)
{
	struct run run = {.one = one, .mode = PRALLOC_CONFIG};

	all_sequences(&run, 2);
}
