/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All or nothing, counted out: every sequence of up to three of the changes below, with every fault
 * at every call that it can come at, ends with all of them as wished or all as before.  The changes
 * are two of each class: synchronous, asynchronous, of something shared, and text.
 */
#include "core/plan.h"

#include "fixture.h"

#define TIME 20000
/* What was dropped, or went with the domain, is waited for in vain. */
#define TIME_VAIN 30

static const struct change {
	int vm; /* 1 or 2 */
	const char *attribute, *before, *wished;
} changes[] = {
	{1, "cpu.shares", "1024", "512"},
	{2, "cpu.shares", "1024", "4096"},
	{1, "mem.balloon", "1GiB", "768MiB"},
	{2, "mem.balloon", "1GiB", "1280MiB"},
	{1, "net.weight.out[fakebr0]", "100", "50"},
	{2, "net.weight.out[fakebr0]", "100", "200"},
	{1, "cpu.pin[0]", "default", "1"},
	{2, "cpu.pin[1]", "default", "0,2-3"},
};

#define CHANGES PRI_ARRAY_SIZE(changes)
#define LENGTH_MAX 3

/* It takes effect when it was given up.  Each takes its time, so only single changes have it. */
#define LATE "lose effect=yes ms=1"

#define IS_OTHER "left as it is: the domain was"
#define IS_BUSY "could not be taken back: "

static const struct fault {
	const char *directive;
	uint32_t time_ms;
	/* The domain that is another incarnation then, or does not let anything be changed, whose
	 * steps are left and say so; and how its values become those that it starts with, which
	 * are those of before. */
	const char *left, *text, *repair;
} faults[] = {
	{"fail error=EIO", TIME, NULL, NULL, NULL},
	{"fail error=EIO effect=yes", TIME, NULL, NULL, NULL},
	{"failread error=EIO", TIME, NULL, NULL, NULL},
	{"lose", TIME, NULL, NULL, NULL},
	{"lose effect=yes", TIME, NULL, NULL, NULL},
	{LATE, TIME, NULL, NULL, NULL},
	{"lie", TIME_VAIN, NULL, NULL, NULL},
	{"restart domain=vm1", TIME_VAIN, "vm1", IS_OTHER, "restart domain=vm1"},
	{"restart domain=vm2", TIME_VAIN, "vm2", IS_OTHER, "restart domain=vm2"},
	{"stop domain=vm1", TIME_VAIN, "vm1", IS_OTHER, "start domain=vm1"},
	{"stop domain=vm2", TIME_VAIN, "vm2", IS_OTHER, "start domain=vm2"},
	{"migrating domain=vm1", TIME, "vm1", IS_BUSY, "restart domain=vm1"},
	{"migrating domain=vm2", TIME, "vm2", IS_BUSY, "restart domain=vm2"},
};

struct run {
	struct bed *bed;
	size_t list[LENGTH_MAX], n;
	char what[160];
	size_t runs;
	bool slow; /* each call takes a while, and is begun and finished apart */
};

static struct pr_domain *domain_of(struct run *run, const struct change *change)
{
	return change->vm == 1 ? run->bed->dom : run->bed->other;
}

static bool holds(struct run *run, bool wished)
{
	for (size_t i = 0; i < CHANGES; i++) {
		const struct change *change = &changes[i];
		const char *is = "", *want = change->before;

		for (size_t k = 0; wished && k < run->n; k++)
			want = run->list[k] == i ? change->wished : want;
		if (pr_get_str(domain_of(run, change), change->attribute, NULL, &is, 0) < 0 ||
		    strcmp(is, want) != 0)
			return false;
	}
	return true;
}

static struct pr_plan *make_plan(struct run *run)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(run->bed->ctx, &plan), 0);
	for (size_t i = 0; i < run->n; i++) {
		const struct change *change = &changes[run->list[i]];

		cr_assert_eq(pr_plan_set_str(plan, domain_of(run, change), change->attribute, NULL,
					     change->wished),
			     0, "%s", pr_plan_errmsg(plan));
	}
	return plan;
}

static void describe(struct run *run, const struct fault *fault, int at)
{
	int length =
		snprintf(run->what, sizeof(run->what), "%s at=%d, steps", fault->directive, at);

	for (size_t i = 0; i < run->n; i++)
		length += snprintf(run->what + length, sizeof(run->what) - (size_t)length, " %zu",
				   run->list[i]);
}

/* Only steps of a domain that is another one now or is busy may be left, and they say so.  A fault that comes
 * after the time is over can hit the very write that takes back. */
static void check_left(struct run *run, struct pr_plan *plan, const struct fault *fault, int r)
{
	for (size_t i = 0; i < run->n; i++) {
		struct pr_step step = bed_step(plan, i);

		if (step.status != PRALLOC_STEP_LEFT)
			continue;
		cr_assert(fault->left && strcmp(step.target, fault->left) == 0, "%s: step %zu: %s",
			  run->what, i, step.text);
		if (r == -ETIMEDOUT && strstr(step.text, "could not be taken back"))
			continue;
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
	if (r != -ETIMEDOUT || fault->time_ms != TIME_VAIN || fault->left || !left)
		return false;
	for (size_t i = 0; i < CHANGES; i++)
		cr_assert_eq(pr_set_str(domain_of(run, &changes[i]), changes[i].attribute, NULL,
					changes[i].before, PRALLOC_ALLOW_HARM),
			     0);
	return true;
}

/* Returns whether the fault came at all. */
static bool one(struct run *run, const struct fault *fault, int at)
{
	struct pr_plan *plan = make_plan(run);
	char directive[64];
	int r;

	describe(run, fault, at);
	snprintf(directive, sizeof(directive), "%s at=%d", fault->directive, at);
	bed_inject(run->bed, directive);
	if (run->slow)
		bed_inject(run->bed, "delay ms=1");
	r = pr_plan_apply(plan, fault->time_ms, 0);
	bed_inject(run->bed, "clear");
	if (came_late(run, plan, fault, r)) {
		pr_plan_free(plan);
		return true;
	}
	check_left(run, plan, fault, r);
	/* One that is off is started in any case, also where it had no part in the plan. */
	if (fault->repair && (r < 0 || strncmp(fault->repair, "start", 5) == 0))
		bed_inject(run->bed, fault->repair);
	cr_assert(holds(run, r == 0), "%s: %d %s: neither as wished nor as before", run->what, r,
		  pr_plan_errmsg(plan));
	if (r == 0)
		cr_assert_eq(pr_plan_undo(plan, TIME, 0), 0, "%s: %s", run->what,
			     pr_plan_errmsg(plan));
	cr_assert(holds(run, false), "%s: not undone", run->what);
	pr_plan_free(plan);
	run->runs++;
	return r < 0;
}

/* A look that fails may forbid nothing (what a maximum is, where it cannot be read): so many in a
 * row without a failure, and there are no more calls. */
#define CALM 9

static void all_faults(struct run *run)
{
	for (size_t f = 0; f < PRI_ARRAY_SIZE(faults); f++) {
		size_t failed = 0;

		if (run->n > 1 && strcmp(faults[f].directive, LATE) == 0)
			continue;
		for (int at = 1, calm = 0; calm < CALM; at++) {
			bool came = one(run, &faults[f], at);

			cr_assert_lt(at, 1000, "%s: no end", run->what);
			calm = came ? 0 : calm + 1;
			failed += came;
		}
		/* There is at least one call for each step; a restart of a domain that is not in
		 * the plan does not concern it. */
		cr_assert(faults[f].left || failed >= run->n, "%s: %zu", run->what, failed);
	}
}

static void sequences(struct run *run, size_t length)
{
	if (run->n > 0)
		all_faults(run);
	if (run->n == length)
		return;
	for (size_t i = 0; i < CHANGES; i++) {
		bool has = false;

		for (size_t k = 0; k < run->n; k++)
			has = has || run->list[k] == i;
		if (has)
			continue;
		run->list[run->n++] = i;
		sequences(run, length);
		run->n--;
	}
}

Test(plan_faults, every_sequence_of_three)
{
	struct bed bed;
	struct run run = {.bed = &bed};

	bed_open(&bed);
	sequences(&run, LENGTH_MAX);
	/* 8 + 8 * 7 + 8 * 7 * 6 sequences, each with as many places as it has calls. */
	cr_expect_gt(run.runs, 400 * PRI_ARRAY_SIZE(faults));
	fprintf(stderr, "%zu plans\n", run.runs);
	bed_close(&bed);
}

/* The same over calls that are begun and finished apart. */
Test(plan_faults, slow_calls)
{
	struct bed bed;
	struct run run = {.bed = &bed, .slow = true};

	bed_open(&bed);
	sequences(&run, 1);
	fprintf(stderr, "%zu plans\n", run.runs);
	bed_close(&bed);
}
