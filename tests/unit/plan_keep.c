/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Donors that stop, and what becomes of what they gave. */
#include "core/plan.h"

#include "fixture.h"

#define TIME 60000
#define ALL (1024 * MIB)

static uint64_t size_of(struct pr_domain *dom)
{
	return bed_get(dom, "mem.actual", NULL, 0);
}

static uint64_t seconds_since(uint64_t start_ns)
{
	return (pri_now_ns() - start_ns) / 1000000000;
}

/* A donor that stops in the middle, another one that gives all, and two that take. */
struct keep_bed {
	struct bed bed;
	struct pr_domain *third, *fourth;
	struct pr_plan *plan;
};

static void keep_bed_open(struct keep_bed *keep, const char *stall)
{
	bed_open_as(&keep->bed, "fake:///4", 0);
	keep->third = bed_domain(&keep->bed, "vm3");
	keep->fourth = bed_domain(&keep->bed, "vm4");
	cr_assert_eq(pr_plan_new(keep->bed.ctx, &keep->plan), 0);
	bed_inject(&keep->bed, stall);
	cr_assert_eq(
		pr_plan_move(keep->plan, "mem.balloon", keep->bed.dom, keep->third, 300 * MIB, 0),
		0);
	cr_assert_eq(pr_plan_move(keep->plan, "mem.balloon", keep->bed.other, keep->fourth,
				  100 * MIB, 0),
		     0);
}

static void keep_bed_close(struct keep_bed *keep)
{
	pr_plan_free(keep->plan);
	pr_domain_close(keep->third);
	pr_domain_close(keep->fourth);
	bed_close(&keep->bed);
}

static void expect_sizes(struct keep_bed *keep, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct pr_domain *const domains[] = {keep->bed.dom, keep->bed.other, keep->third,
					     keep->fourth};
	const uint64_t wanted[] = {a, b, c, d};
	uint64_t sum = 0;

	for (size_t i = 0; i < 4; i++) {
		sum += size_of(domains[i]);
		cr_expect_eq(size_of(domains[i]), wanted[i] * MIB, "vm%zu: %" PRIu64 "M", i + 1,
			     size_of(domains[i]) / MIB);
	}
	cr_expect_eq(sum, 4 * ALL, "created or lost");
}

Test(plan_keep, all_or_nothing)
{
	struct keep_bed keep;
	uint64_t start_ns;

	keep_bed_open(&keep, "stall domain=vm1 at_bytes=900MiB");
	start_ns = pri_now_ns();
	cr_expect_eq(pr_plan_apply(keep.plan, TIME, 0), -ENOSPC, "%s", pr_plan_errmsg(keep.plan));
	EXPECT_TEXT(pr_plan_errmsg(keep.plan), "mem.balloon of vm1");
	EXPECT_TEXT(pr_plan_errmsg(keep.plan), "stopped at 900M of 724M");
	cr_expect_lt(seconds_since(start_ns), 10, "noticed long before the deadline");
	expect_sizes(&keep, 1024, 1024, 1024, 1024);
	cr_expect_eq(bed_step(keep.plan, 0).status, PRALLOC_STEP_UNDONE);
	bed_inject(&keep.bed, "clear");
	expect_sizes(&keep, 1024, 1024, 1024, 1024);
	cr_expect_eq(pr_plan_apply(keep.plan, TIME, 0), 0, "%s", pr_plan_errmsg(keep.plan));
	expect_sizes(&keep, 724, 924, 1324, 1124);
	keep_bed_close(&keep);
}

/* 176 MiB are missing of 400: each recipient gets so much less, and the donor goes no further. */
Test(plan_keep, recipients_get_what_arrived)
{
	struct keep_bed keep;

	keep_bed_open(&keep, "stall domain=vm1 at_bytes=900MiB");
	cr_expect_eq(pr_plan_apply(keep.plan, TIME, PRALLOC_KEEP_PARTIAL), 0, "%s",
		     pr_plan_errmsg(keep.plan));
	expect_sizes(&keep, 900, 924, 1024 + 300 - 132, 1024 + 100 - 44);
	EXPECT_TEXT(bed_step(keep.plan, 0).text, "900M of 724M");
	cr_expect_eq(bed_step(keep.plan, 0).wanted.number, 724 * MIB, "what was asked for");
	cr_expect_eq(bed_step(keep.plan, 0).after.number, 900 * MIB);
	/* The guest could give again: it is not asked any more. */
	bed_inject(&keep.bed, "clear");
	cr_expect_eq(size_of(keep.bed.dom), 900 * MIB);
	cr_expect_eq(pr_plan_undo(keep.plan, TIME, 0), 0, "%s", pr_plan_errmsg(keep.plan));
	expect_sizes(&keep, 1024, 1024, 1024, 1024);
	keep_bed_close(&keep);
}

/* A slow donor has three quarters of the time. */
Test(plan_keep, slow_donor)
{
	struct keep_bed keep;
	uint64_t start_ns, sum;

	keep_bed_open(&keep, "balloon domain=vm1 rate=50MiB/s");
	start_ns = pri_now_ns();
	cr_expect_eq(pr_plan_apply(keep.plan, 2000, PRALLOC_KEEP_PARTIAL), 0, "%s",
		     pr_plan_errmsg(keep.plan));
	cr_expect_lt((pri_now_ns() - start_ns) / 1000000, 2000);
	sum = size_of(keep.bed.dom) + size_of(keep.bed.other) + size_of(keep.third) +
	      size_of(keep.fourth);
	cr_expect_eq(sum, 4 * ALL, "%" PRIu64 " created or lost", sum - 4 * ALL);
	cr_expect_lt(size_of(keep.bed.dom), 1000 * MIB);
	cr_expect_gt(size_of(keep.bed.dom), 900 * MIB);
	keep_bed_close(&keep);
}

/* A donor that cannot be told to stay was told to give all the same: it gets back what it gave. */
Test(plan_keep, donor_that_is_not_told_to_stay)
{
	struct keep_bed keep;

	keep_bed_open(&keep, "stall domain=vm1 at_bytes=900MiB");
	bed_inject(&keep.bed, "fail error=EIO at=3");
	cr_expect_eq(pr_plan_apply(keep.plan, 1000, PRALLOC_KEEP_PARTIAL), -EIO, "%s",
		     pr_plan_errmsg(keep.plan));
	cr_expect_eq(bed_step(keep.plan, 0).status, PRALLOC_STEP_UNDONE);
	bed_inject(&keep.bed, "clear");
	expect_sizes(&keep, 1024, 1024, 1024, 1024);
	keep_bed_close(&keep);
}

Test(plan_keep, nothing_arrived)
{
	struct pr_plan *plan = NULL;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	bed_inject(&bed, "stall domain=vm1 at_bytes=1GiB");
	cr_assert_eq(pr_plan_move(plan, "mem.balloon", bed.dom, bed.other, 100 * MIB, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_KEEP_PARTIAL), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "nothing has arrived");
	cr_expect_eq(size_of(bed.dom), ALL);
	cr_expect_eq(size_of(bed.other), ALL);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Two donors of 0.5 s each take 0.5 s together. */
Test(plan_keep, donors_shrink_side_by_side)
{
	struct keep_bed keep;
	uint64_t start_ns;

	keep_bed_open(&keep, "balloon domain=vm1 rate=600MiB/s");
	bed_inject(&keep.bed, "balloon domain=vm2 rate=200MiB/s");
	start_ns = pri_now_ns();
	cr_expect_eq(pr_plan_apply(keep.plan, TIME, 0), 0, "%s", pr_plan_errmsg(keep.plan));
	cr_expect_lt((pri_now_ns() - start_ns) / 1000000, 800, "%" PRIu64 " ms",
		     (pri_now_ns() - start_ns) / 1000000);
	expect_sizes(&keep, 724, 924, 1324, 1124);
	keep_bed_close(&keep);
}

/* Donors give more than recipients want: what is missing is missing of that first.  They have
 * three quarters of the time. */
#define SHORT_TIME 1500
static const struct {
	const char *what, *plan;
	uint64_t sizes[4]; /* MiB; vm1 stops at 900M */
} surplus[] = {
	{"enough has arrived",
	 "vm1 mem.balloon=600M\nvm2 mem.balloon=1084M\n",
	 {900, 1084, 1024, 1024}},
	{"a part of it",
	 "vm1 mem.balloon=700M\nvm2 mem.balloon=1224M\n",
	 {900, 1024 + 124, 1024, 1024}},
	{"several donors, enough",
	 "vm1 mem.balloon=600M\nvm2 mem.balloon=924M\n"
	 "vm3 mem.balloon=1124M\nvm4 mem.balloon=1124M\n",
	 {900, 924, 1124, 1124}},
	{"several donors, 76M are missing of 300M",
	 "vm1 mem.balloon=700M\nvm2 mem.balloon=924M\n"
	 "vm3 mem.balloon=1224M\nvm4 mem.balloon=1124M\n",
	 {900, 924, 1224 - 50, 1124 - 26}},
	{"less was asked for than is wanted: only what is missing",
	 "vm1 mem.balloon=700M\nvm2 mem.balloon=1424M\n",
	 {900, 1424 - 200, 1024, 1024}},
};

Test(plan_keep, more_was_asked_for_than_is_wanted)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(surplus); i++) {
		struct bed bed;
		struct pr_plan *plan;
		int r;

		bed_open_as(&bed, "fake:///4", 0);
		bed_inject(&bed, "stall domain=vm1 at_bytes=900MiB");
		plan = bed_plan(&bed, surplus[i].plan);
		r = pr_plan_apply(plan, SHORT_TIME, PRALLOC_KEEP_PARTIAL);
		cr_expect_eq(r, 0, "%s: %d %s", surplus[i].what, r, pr_plan_errmsg(plan));
		for (unsigned int vm = 0; vm < 4; vm++) {
			char name[16];
			struct pr_domain *dom;
			uint64_t size;

			snprintf(name, sizeof(name), "vm%u", vm + 1);
			dom = bed_domain(&bed, name);
			size = size_of(dom);
			/* Parts are of whole grains. */
			cr_expect(size + MIB > surplus[i].sizes[vm] * MIB &&
					  size < (surplus[i].sizes[vm] + 1) * MIB,
				  "%s: %s has %" PRIu64 "M", surplus[i].what, name, size / MIB);
			pr_domain_close(dom);
		}
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* What cannot be cut is not given on credit. */
Test(plan_keep, default_is_no_amount)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_mem_balloon(bed.other, 924 * MIB, 0), 0);
	bed_inject(&bed, "stall domain=vm1 at_bytes=900MiB");
	plan = bed_plan(&bed, "vm1 mem.balloon=800M\nvm2 mem.balloon=default\n");
	cr_expect_eq(pr_plan_apply(plan, SHORT_TIME, PRALLOC_KEEP_PARTIAL), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "mem.balloon of vm2");
	EXPECT_TEXT(pr_plan_errmsg(plan), "\"default\" is no amount");
	cr_expect_eq(size_of(bed.dom), ALL);
	cr_expect_eq(size_of(bed.other), 924 * MIB);
	pr_plan_free(plan);
	bed_close(&bed);
}
