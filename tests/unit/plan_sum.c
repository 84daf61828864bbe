/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only the plan as a whole can tell. */
#include "core/plan.h"

#include "fixture.h"

/* 33 domains of 1 GiB on a host of 66 GiB; four of them can have 2 GiB more each by size, and the
 * host has 33 GiB left. */
static const struct {
	const char *what, *text;
	uint32_t flags;
	int code;
	const char *part;
} cases[] = {
	{"guarantees within the host", "vm1 mem.guarantee=30G\nvm2 mem.guarantee=30G\n", 0, 0, ""},
	{"guarantees beyond the host", "vm1 mem.guarantee=40G\nvm2 mem.guarantee=30G\n", 0, -ENOSPC,
	 "guarantees 70GiB together"},
	{"the same, allowed", "vm1 mem.guarantee=40G\nvm2 mem.guarantee=30G\n", PRALLOC_ALLOW_HARM,
	 0, ""},
	{"guarantees within the link",
	 "@host net.link.out[fakebr0]=10mbit\n"
	 "vm1 net.guarantee.out[fakebr0]=4mbit\nvm2 net.guarantee.out[fakebr0]=6mbit\n",
	 0, 0, ""},
};

Test(plan_sum, budgets)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan;
		struct bed bed;
		int r;

		bed_open_as(&bed, "fake:///33", 0);
		plan = bed_plan(&bed, cases[i].text);
		r = pr_plan_check(plan, cases[i].flags);
		cr_expect_eq(r, cases[i].code, "%s: %d %s", cases[i].what, r, pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), cases[i].part);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

Test(plan_sum, link_is_too_small)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_set_str(bed.host, "net.link.out", "fakebr0", "10mbit", 0), 0);
	plan = bed_plan(&bed, "vm1 net.guarantee.out[fakebr0]=4mbit\n"
			      "vm2 net.guarantee.out[fakebr0]=7mbit\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "the link fakebr0 has");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_REFUSED, "the one that wants most");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* 32 domains of 2 GiB are all of a host of 64 GiB: one of them can only grow when another gives. */
Test(plan_sum, memory_of_the_host)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open_as(&bed, "fake:///40", 0);
	for (unsigned int i = 1; i <= 40; i++) {
		struct pr_domain *dom;
		char name[16];

		snprintf(name, sizeof(name), "vm%u", i);
		dom = bed_domain(&bed, name);
		cr_assert_eq(pr_mem_balloon(dom, (i <= 39 ? 2048 : 1024) * MIB, 0), 0);
		pr_domain_close(dom);
	}
	plan = bed_plan(&bed, "vm40 mem.balloon=2G\n");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "all fits: %s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_inject(&bed, "memory bytes=78GiB");
	plan = bed_plan(&bed, "vm40 mem.balloon=1500M\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "mem.balloon of vm40");
	EXPECT_TEXT(pr_plan_errmsg(plan), "the host has 78GiB");
	cr_expect_eq(pr_plan_check(plan, PRALLOC_ALLOW_HARM), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	plan = bed_plan(&bed, "vm40 mem.balloon=1500M\nvm1 mem.balloon=1500M\n");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "vm1 gives it: %s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}
