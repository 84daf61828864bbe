/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes, faults, and the sequences of changes that a fault can come into. */
#ifndef PRALLOC_TEST_FAULT_BED_H
#define PRALLOC_TEST_FAULT_BED_H

#include "backend/fake/fake.h"
#include "core/plan.h"

#include "fixture.h"

#define TIME 20000
/* For what is waited for in vain; the second where calls or donors take a while. */
#define TIME_VAIN 8
#define TIME_VAIN_SLOW 40

/* Two of each class: synchronous, asynchronous, of something shared, and text. */
static const struct change {
	int vm; /* 1 or 2 */
	const char *attribute, *wished;
	/* What comes of it where vm1 gives no more than down to KEPT. */
	const char *partly;
} changes[] = {
	{1, "cpu.shares", "512", NULL},
	{2, "cpu.shares", "4096", NULL},
	{1, "mem.balloon", "768MiB", "900MiB"},
	{2, "mem.balloon", "1280MiB", "1148MiB"},
	{1, "net.weight.out[fakebr0]", "50", NULL},
	{2, "net.weight.out[fakebr0]", "200", NULL},
	{1, "cpu.pin[0]", "1", NULL},
	{2, "cpu.pin[1]", "0,2-3", NULL},
};

#define KEPT "stall domain=vm1 at_bytes=900MiB"
#define DONOR 2
#define RECIPIENT 3
#define CHANGES PRI_ARRAY_SIZE(changes)
#define LENGTH_MAX 3

/* It takes effect when it was given up.  Each takes its time, so only single changes have it. */
#define LATE "lose effect=yes ms=1"

#define IS_OTHER "left as it is: the domain was"
#define IS_BUSY "could not be taken back: "

static const struct fault {
	const char *directive;
	bool vain; /* what was dropped, or went with the domain, is waited for in vain */
	/* The domain that is another incarnation then, or does not let anything be changed, whose
	 * steps are left and say so; and how its values become those that it starts with, which
	 * are those of before. */
	const char *left, *text, *repair;
} faults[] = {
	{"fail error=EIO", false, NULL, NULL, NULL},
	{"fail error=EIO effect=yes", false, NULL, NULL, NULL},
	{"failread error=EIO", false, NULL, NULL, NULL},
	{"lose", false, NULL, NULL, NULL},
	{"lose effect=yes", false, NULL, NULL, NULL},
	{LATE, false, NULL, NULL, NULL},
	{"lie", true, NULL, NULL, NULL},
	{"restart domain=vm1", true, "vm1", IS_OTHER, "restart domain=vm1"},
	{"restart domain=vm2", true, "vm2", IS_OTHER, "restart domain=vm2"},
	{"stop domain=vm1", true, "vm1", IS_OTHER, "start domain=vm1"},
	{"stop domain=vm2", true, "vm2", IS_OTHER, "start domain=vm2"},
	{"migrating domain=vm1", false, "vm1", IS_BUSY, "restart domain=vm1"},
	{"migrating domain=vm2", false, "vm2", IS_BUSY, "restart domain=vm2"},
};

struct run {
	struct bed bed;
	char before[CHANGES][32];
	size_t list[LENGTH_MAX], n;
	char what[160];
	size_t runs;
	uint32_t mode;	   /* 0, or PRALLOC_CONFIG */
	uint32_t flags;	   /* of apply */
	bool slow;	   /* each call takes a while, and is begun and finished apart */
	bool partly;	   /* vm1 gives less than it is asked for */
	uint32_t patience; /* so many times longer is waited in vain */
	/* Do it with the fault in the call at.  1: it came, 0: there were not so many calls,
	 * -ETIMEDOUT: the time was over before, and all is as before. */
	int (*one)(struct run *run, const struct fault *fault, int at);
};

static inline struct pr_domain *domain_of(struct run *run, const struct change *change)
{
	return change->vm == 1 ? run->bed.dom : run->bed.other;
}

/* "": it cannot be read. */
static inline const char *value_of(struct run *run, size_t change)
{
	const char *is = "";

	if (pr_get_str(domain_of(run, &changes[change]), changes[change].attribute, NULL, &is,
		       run->mode) < 0)
		return "";
	return is;
}

static inline void run_open(struct run *run)
{
	bed_open(&run->bed);
	for (size_t i = 0; i < CHANGES; i++) {
		snprintf(run->before[i], sizeof(run->before[i]), "%s", value_of(run, i));
		cr_assert_str_not_empty(run->before[i], "%s: %s", changes[i].attribute,
					pr_domain_errmsg(domain_of(run, &changes[i])));
	}
}

static inline bool is_as_before(struct run *run, size_t change)
{
	return strcmp(value_of(run, change), run->before[change]) == 0;
}

static inline bool has(const struct run *run, size_t change)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->list[i] == change)
			return true;
	return false;
}

/* Everything is as wished; else as before. */
static inline bool holds(struct run *run, bool wished)
{
	for (size_t i = 0; i < CHANGES; i++) {
		const char *want = run->before[i];

		if (wished && has(run, i))
			want = run->partly && changes[i].partly ? changes[i].partly
								: changes[i].wished;
		if (strcmp(value_of(run, i), want) != 0)
			return false;
	}
	return true;
}

static inline void put_back_by_hand(struct run *run)
{
	for (size_t i = 0; i < CHANGES; i++)
		cr_assert_eq(pr_set_str(domain_of(run, &changes[i]), changes[i].attribute, NULL,
					run->before[i], run->mode | PRALLOC_ALLOW_HARM),
			     0);
}

static inline struct pr_plan *make_plan(struct run *run)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(run->bed.ctx, &plan), 0);
	for (size_t i = 0; i < run->n; i++) {
		const struct change *change = &changes[run->list[i]];

		cr_assert_eq(pr_plan_set_str(plan, domain_of(run, change), change->attribute, NULL,
					     change->wished),
			     0, "%s", pr_plan_errmsg(plan));
	}
	return plan;
}

static inline void describe(struct run *run, const struct fault *fault, int at)
{
	int length =
		snprintf(run->what, sizeof(run->what), "%s at=%d, steps", fault->directive, at);

	for (size_t i = 0; i < run->n; i++)
		length += snprintf(run->what + length, sizeof(run->what) - (size_t)length, " %zu",
				   run->list[i]);
}

static inline void inject(struct run *run, const struct fault *fault, int at)
{
	char directive[64];

	describe(run, fault, at);
	snprintf(directive, sizeof(directive), "%s at=%d", fault->directive, at);
	bed_inject(&run->bed, directive);
	if (run->slow)
		bed_inject(&run->bed, "delay ms=1");
	if (run->partly)
		bed_inject(&run->bed, KEPT);
}

/* Whether the fault's call was made: it is forgotten then. */
static inline bool has_come(const struct run *run)
{
	const struct pri_fake_host *host = run->bed.host->backends[0].state;

	for (size_t i = 0; i < host->fault_count; i++)
		if (host->faults[i].at > 0)
			return false;
	return true;
}

static inline bool starts(const struct fault *fault)
{
	return fault->repair && strncmp(fault->repair, "start", 5) == 0;
}

/* There is at least one call for each step, but that a balloon is not read before it goes back. */
static inline size_t calls_at_least(const struct run *run, const struct fault *fault)
{
	if (strncmp(fault->directive, "failread", 8) != 0)
		return run->n;
	return run->n - has(run, DONOR) - has(run, RECIPIENT);
}

static inline uint32_t time_in_vain(const struct run *run)
{
	return (run->slow || run->partly ? TIME_VAIN_SLOW : TIME_VAIN) * run->patience;
}

/* The machine may be busy with something else: more time then. */
static inline bool comes(struct run *run, const struct fault *fault, int at)
{
	int r;

	run->patience = 1;
	while ((r = run->one(run, fault, at)) == -ETIMEDOUT) {
		run->patience *= 2;
		cr_assert_lt(run->patience, 2000, "%s: no time is enough", run->what);
	}
	return r == 1;
}

static inline void all_faults(struct run *run)
{
	for (size_t f = 0; f < PRI_ARRAY_SIZE(faults); f++) {
		size_t calls = 0;

		if (run->n > 1 && strcmp(faults[f].directive, LATE) == 0)
			continue;

		while (comes(run, &faults[f], (int)calls + 1))
			cr_assert_lt(++calls, 1000, "%s: no end", run->what);
		cr_assert_geq(calls, calls_at_least(run, &faults[f]), "%s: %zu calls", run->what,
			      calls);
	}
}

static inline void sequences(struct run *run, size_t length)
{
	if (run->n > 0)
		all_faults(run);
	if (run->n == length)
		return;
	for (size_t i = 0; i < CHANGES; i++) {
		if (has(run, i))
			continue;
		run->list[run->n++] = i;
		sequences(run, length);
		run->n--;
	}
}

static inline void run_close(struct run *run)
{
	fprintf(stderr, "%zu plans\n", run->runs);
	bed_close(&run->bed);
}

static inline void all_sequences(struct run *run, size_t length)
{
	run_open(run);
	sequences(run, length);
	run_close(run);
}

/* Over calls that are begun and finished apart. */
static inline void all_slow(struct run *run)
{
	run->slow = true;
	run_open(run);
	sequences(run, 1);
	run->n = 2;
	run->list[0] = RECIPIENT;
	run->list[1] = DONOR;
	all_faults(run);
	run_close(run);
}

#endif /* PRALLOC_TEST_FAULT_BED_H */
