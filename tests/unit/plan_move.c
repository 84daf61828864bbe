/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves: the sum of what is wanted is the sum of what is. */
#include "core/plan.h"

#include "fixture.h"

#define TIME 20000

static struct pr_plan *new_plan(struct bed *bed)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	return plan;
}

static void expect_move(struct pr_plan *plan, const char *attribute, struct pr_domain *from,
			struct pr_domain *to, uint64_t amount)
{
	cr_assert_eq(pr_plan_move(plan, attribute, from, to, amount, 0), 0, "%s: %s", attribute,
		     pr_plan_errmsg(plan));
}

Test(plan_move, arguments)
{
	struct pr_plan *plan;
	struct pr_host *other = NULL;
	struct pr_domain *there = NULL, *again;
	struct bed bed;

	bed_open(&bed);
	again = bed_domain(&bed, "vm1");
	plan = new_plan(&bed);
	cr_assert_eq(pr_host_open(bed.ctx, "fake:///1", 0, &other), 0);
	cr_assert_eq(pr_domain_open(other, "vm1", 0, &there), 0);
	cr_expect_eq(pr_plan_move(NULL, "cpu.shares", bed.dom, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, NULL, bed.dom, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", NULL, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, NULL, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, again, 1, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "itself");
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, there, 1, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "different hosts");
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 0, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 1, UNKNOWN_FLAG),
		     -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "cpu.period", bed.dom, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "cpu.pin[0]", bed.dom, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "mem.rss", bed.dom, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "mem.nothing", bed.dom, bed.other, 1, 0), -EINVAL);
	cr_expect_eq(pr_plan_move(plan, "mem.hard_limit", bed.dom, bed.other, 1, 0), -ERANGE);
	EXPECT_TEXT(pr_plan_errmsg(plan), "unlimited");
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 1023, 0), -ERANGE);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cannot be given");
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, UINT64_MAX, 0), -ERANGE);
	cr_expect_eq(pr_plan_count(plan), 0, "nothing is left of what failed");
	cr_assert_eq(pr_plan_set_u64(plan, bed.other, "cpu.shares", NULL, 5), 0);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 5, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "another step");
	cr_expect_eq(pr_plan_count(plan), 1);
	pr_plan_free(plan);
	pr_domain_close(again);
	pr_domain_close(there);
	pr_host_close(other);
	bed_close(&bed);
}

/* One to one, of each unit that adds up. */
Test(plan_move, amounts)
{
	static const struct {
		const char *attribute, *start; /* start NULL: what a new domain has */
		uint64_t amount, first, second;
	} cases[] = {
		{"mem.balloon", NULL, 256 * MIB, 768 * MIB, 1280 * MIB},
		{"cpu.shares", NULL, 24, 1000, 1048},
		{"io.weight[/dev/fake0]", NULL, 50, 50, 150},
		{"net.weight.out[fakebr0]", NULL, 99, 1, 199},
		{"mem.soft_limit", "512M", 12 * MIB, 500 * MIB, 524 * MIB},
		{"io.guest.read_bytes[vda]", "1000000", 1, 999999, 1000001},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		const char *name = cases[i].attribute;
		struct pr_plan *plan;
		struct bed bed;

		bed_open(&bed);
		plan = new_plan(&bed);
		if (cases[i].start) {
			cr_assert_eq(pr_set_str(bed.dom, name, NULL, cases[i].start, 0), 0);
			cr_assert_eq(pr_set_str(bed.other, name, NULL, cases[i].start, 0), 0);
		}
		expect_move(plan, name, bed.dom, bed.other, cases[i].amount);
		cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s: %s", name, pr_plan_errmsg(plan));
		cr_expect_eq(bed_get(bed.dom, name, NULL, 0), cases[i].first, "%s", name);
		cr_expect_eq(bed_get(bed.other, name, NULL, 0), cases[i].second, "%s", name);
		cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s: %s", name, pr_plan_errmsg(plan));
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* Several to several, with one that passes on what it gets. */
Test(plan_move, several)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	third = bed_domain(&bed, "vm3");
	plan = new_plan(&bed);
	expect_move(plan, "mem.balloon", bed.dom, bed.other, 100 * MIB);
	expect_move(plan, "mem.balloon", bed.dom, third, 50 * MIB);
	expect_move(plan, "mem.balloon", bed.other, third, 100 * MIB);
	cr_expect_eq(pr_plan_count(plan), 3);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 874 * MIB);
	cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_get(third, "mem.actual", NULL, 0), 1174 * MIB);
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

/* An amount that the scale does not hold is moved to the nearest step, or refused; never half. */
Test(plan_move, grain)
{
	static const struct {
		uint64_t amount;
		int code;
		uint64_t moved;
	} cases[] = {
		{100 * MIB + 100, 0, 100 * MIB},
		{100 * MIB + 600, 0, 100 * MIB + 1024},
		{1024, 0, 1024},
		{1500, -ERANGE, 0},
		{1, -ERANGE, 0},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan;
		struct bed bed;
		int r;

		bed_open(&bed);
		plan = new_plan(&bed);
		r = pr_plan_move(plan, "mem.balloon", bed.dom, bed.other, cases[i].amount, 0);
		cr_expect_eq(r, cases[i].code, "%" PRIu64 ": %d %s", cases[i].amount, r,
			     pr_plan_errmsg(plan));
		cr_expect_eq(pr_plan_count(plan), r == 0 ? 2 : 0);
		for (size_t s = 0; s < pr_plan_count(plan); s++)
			cr_expect_eq(bed_step(plan, s).wanted.number,
				     s ? 1024 * MIB + cases[i].moved : 1024 * MIB - cases[i].moved,
				     "%" PRIu64, cases[i].amount);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

Test(plan_move, persistent)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_set_u64(bed.dom, "cpu.shares", NULL, 500, PRALLOC_CONFIG), 0);
	cr_assert_eq(pr_set_u64(bed.other, "cpu.shares", NULL, 600, PRALLOC_CONFIG), 0);
	plan = new_plan(&bed);
	cr_assert_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 100, PRALLOC_CONFIG), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 400);
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, PRALLOC_CONFIG), 700);
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 1024, "live is as it was");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What was reckoned from is not what is any more: neither check nor apply goes on from there. */
Test(plan_move, changed_meanwhile)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = new_plan(&bed);
	expect_move(plan, "cpu.shares", bed.dom, bed.other, 24);
	cr_assert_eq(pr_cpu_set_shares(bed.other, 2000, 0), 0);
	cr_expect_eq(pr_plan_check(plan, 0), -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "it was 1024 when the plan was made and is 2000 now");
	cr_expect_eq(pr_plan_check(plan, 0), -EAGAIN, "a look does not change that");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EAGAIN);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What was reckoned from live values would break the sum of persistent ones. */
Test(plan_move, modes)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_set_u64(bed.dom, "cpu.shares", NULL, 300, PRALLOC_CONFIG), 0);
	cr_assert_eq(pr_set_u64(bed.other, "cpu.shares", NULL, 300, PRALLOC_CONFIG), 0);
	plan = new_plan(&bed);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "cpu.period", NULL, 50000), 0);
	expect_move(plan, "cpu.shares", bed.dom, bed.other, 24);
	cr_expect_eq(pr_plan_check(plan, PRALLOC_CONFIG), -EINVAL);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_CONFIG), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm1 was reckoned from live values");
	cr_expect_eq(pr_plan_start(plan, TIME, PRALLOC_CONFIG), -EINVAL);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_LIVE | PRALLOC_CONFIG), -EINVAL);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 300);
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, PRALLOC_CONFIG), 300);
	cr_expect_eq(
		pr_plan_move(plan, "cpu.emulator_period", bed.dom, bed.other, 24, PRALLOC_CONFIG),
		-EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "reckoned from live values already");
	cr_expect_eq(pr_plan_rescale(plan, PRALLOC_CONFIG), -EINVAL);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_LIVE), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 1048);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	/* A move that failed binds to nothing. */
	plan = new_plan(&bed);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 1023, 0), -ERANGE);
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 20, PRALLOC_CONFIG), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "persistent values");
	EXPECT_TEXT(pr_plan_errmsg(plan), "PRALLOC_CONFIG alone");
	pr_plan_free(plan);
	bed_close(&bed);
}
