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
	 "the host has 66GiB, its domains are guaranteed 0 of it, and with the plan 70GiB"},
	{"the same, allowed", "vm1 mem.guarantee=40G\nvm2 mem.guarantee=30G\n", PRALLOC_ALLOW_HARM,
	 0, ""},
	{"guarantees within the link",
	 "@host net.link.out[fakebr0]=10mbit\n"
	 "vm1 net.guarantee.out[fakebr0]=4mbit\nvm2 net.guarantee.out[fakebr0]=6mbit\n",
	 0, 0, ""},
	{"guarantees beyond the link that the plan makes",
	 "vm1 net.guarantee.out[fakebr0]=4mbit\nvm2 net.guarantee.out[fakebr0]=7mbit\n"
	 "@host net.link.out[fakebr0]=10mbit\n",
	 0, -ENOSPC, "make the link faster"},
	{"nothing allows more than a link has",
	 "vm1 net.guarantee.out[fakebr0]=11mbit\n@host net.link.out[fakebr0]=10mbit\n",
	 PRALLOC_ALLOW_HARM, -ENOSPC, "the link fakebr0 has"},
	{"a faster link, and more guarantees than the old one had",
	 "vm1 net.guarantee.out[fakebr0]=20mbit\n@host net.link.out[fakebr0]=100mbit\n", 0, 0, ""},
	{"a new link that is less than two guarantees",
	 "vm1 net.guarantee.out[fakebr0]=8mbit\nvm2 net.guarantee.out[fakebr0]=8mbit\n"
	 "@host net.link.out[fakebr0]=10mbit\n",
	 0, -ENOSPC, "with the plan 16Mbit/s"},
	{"each direction by itself",
	 "vm1 net.guarantee.out[fakebr0]=10mbit net.guarantee.in[fakebr0]=9mbit\n"
	 "@host net.link.out[fakebr0]=10mbit net.link.in[fakebr0]=9mbit\n",
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
	EXPECT_TEXT(pr_plan_errmsg(plan), "the link fakebr0 has 10Mbit/s");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_REFUSED, "the one that wants most");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What domains have that the plan says nothing of counts as well. */
Test(plan_sum, others_on_the_link)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	third = bed_domain(&bed, "vm3");
	cr_assert_eq(pr_host_set_str(bed.host, "net.link.out", "fakebr0", "10mbit", 0), 0);
	cr_assert_eq(pr_set_str(third, "net.guarantee.out", "fakebr0", "8mbit", 0), 0);
	plan = bed_plan(&bed, "vm1 net.guarantee.out[fakebr0]=3mbit\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "its domains are guaranteed 8Mbit/s of it, and with the "
					  "plan 11Mbit/s");
	pr_plan_free(plan);
	plan = bed_plan(&bed, "vm1 net.guarantee.out[fakebr0]=3mbit\n"
			      "vm3 net.guarantee.out[fakebr0]=7mbit\n");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "vm3 gives it: %s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	plan = bed_plan(&bed, "@host net.link.out[fakebr0]=7mbit\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "7Mbit/s is less than the 8Mbit/s that its domains "
					  "are guaranteed together");
	pr_plan_free(plan);
	plan = bed_plan(&bed, "@host net.link.out[fakebr0]=7mbit\n"
			      "vm3 net.guarantee.out[fakebr0]=7mbit\n");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "vm3 needs less: %s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

/* More to share comes first, wherever it stands in the plan; less comes last. */
Test(plan_sum, order_of_a_link)
{
	static const char *const plans[] = {
		"vm1 net.guarantee.out[fakebr0]=15mbit\n@host net.link.out[fakebr0]=20mbit\n",
		"@host net.link.out[fakebr0]=10mbit\nvm1 net.guarantee.out[fakebr0]=5mbit\n",
	};
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_set_str(bed.host, "net.link.out", "fakebr0", "10mbit", 0), 0);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(plans); i++) {
		struct pr_plan *plan = bed_plan(&bed, plans[i]);

		cr_assert_eq(pr_plan_apply(plan, 10000, 0), 0, "%s", pr_plan_errmsg(plan));
		cr_expect_eq(plan->steps[PRI_STEP_LIVE][0].item.phase, PRI_PHASE_TAKE, "plan %zu",
			     i);
		cr_expect_eq(plan->steps[PRI_STEP_LIVE][1].item.phase, PRI_PHASE_GIVE, "plan %zu",
			     i);
		pr_plan_free(plan);
	}
	bed_close(&bed);
}

/* Of the host's memory, too; what does not run has none. */
Test(plan_sum, others_of_the_host)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	third = bed_domain(&bed, "vm3");
	bed_inject(&bed, "memory bytes=8GiB");
	cr_assert_eq(pr_set_str(third, "mem.guarantee", NULL, "5G", PRALLOC_LIVE), 0, "%s",
		     pr_domain_errmsg(third));
	plan = bed_plan(&bed, "vm1 mem.guarantee=2G\nvm2 mem.guarantee=2G\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "the host has 8GiB, its domains are guaranteed 5GiB of "
					  "it, and with the plan 9GiB");
	EXPECT_TEXT(pr_plan_errmsg(plan), "let another domain give it, or allow harm");
	cr_expect_eq(pr_plan_check(plan, PRALLOC_ALLOW_HARM), 0, "%s", pr_plan_errmsg(plan));
	bed_inject(&bed, "stop domain=vm3");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "vm3 is off: %s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

static void collect(void *data, int level, const char *line)
{
	char *lines = data;

	(void)level;
	snprintf(lines + strlen(lines), 4096 - strlen(lines), "%s\n", line);
}

/* Who cannot be asked is named. */
Test(plan_sum, not_counted)
{
	char lines[4096] = "";
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	pr_ctx_set_log(bed.ctx, collect, PRALLOC_LOG_WARNING, lines);
	plan = bed_plan(&bed, "vm1 mem.guarantee=1G\n");
	cr_assert_eq(pr_set_str(bed.other, "mem.guarantee", NULL, "unlimited", 0), 0);
	bed_inject(&bed, "failread error=EIO domain=vm3 attribute=mem.guarantee");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	EXPECT_TEXT(lines, "mem.guarantee of vm2 is not counted among the guarantees of the host: "
			   "it is without limit");
	EXPECT_TEXT(lines, "mem.guarantee of vm3 is not counted");
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

/* vm1 to vm3 have 1 GiB each, and can have 2. */
static const struct {
	const char *what, *text;
	int code;
	const char *part;
} defaults[] = {
	{"one gets all, the other one more than is left",
	 "vm1 mem.balloon=default\nvm2 mem.balloon=1524M\n", -ENOSPC,
	 "the host has 3584MiB and its domains have 3GiB of it, with the plan 4596MiB"},
	{"all is more than is left", "vm1 mem.balloon=default\n", -ENOSPC, "mem.balloon of vm1"},
	{"somebody else gives it", "vm1 mem.balloon=default\nvm2 mem.balloon=512M\n", 0, ""},
	{"no memory of a virtio-mem device is kept", "vm1 mem.virtio_requested=default\n", 0, ""},
	{"no guarantee is none", "vm1 mem.guarantee=default\nvm2 mem.guarantee=3G\n", 0, ""},
};

Test(plan_sum, default_of_a_balloon)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(defaults); i++) {
		struct pr_plan *plan;
		struct bed bed;
		int r;

		bed_open(&bed);
		bed_inject(&bed, "memory bytes=3584MiB");
		plan = bed_plan(&bed, defaults[i].text);
		r = pr_plan_check(plan, 0);
		cr_expect_eq(r, defaults[i].code, "%s: %d %s", defaults[i].what, r,
			     pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), defaults[i].part);
		cr_expect_eq(pr_plan_check(plan, PRALLOC_ALLOW_HARM), 0, "%s: %s", defaults[i].what,
			     pr_plan_errmsg(plan));
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* A maximum that nobody tells: what there is does not become free. */
Test(plan_sum, default_that_is_not_known)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "memory bytes=3584MiB");
	bed_inject(&bed, "failread error=EIO domain=vm1 attribute=mem.maximum");
	plan = bed_plan(&bed, "vm1 mem.balloon=default\nvm2 mem.balloon=2G\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "with the plan 4GiB");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Two that each fit beside what a third one has, and do not fit together. */
Test(plan_sum, guarantees_that_fit_one_by_one)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	third = bed_domain(&bed, "vm3");
	cr_assert_eq(pr_host_set_str(bed.host, "net.link.out", "fakebr0", "10mbit", 0), 0);
	cr_assert_eq(pr_set_str(third, "net.guarantee.out", "fakebr0", "3mbit", 0), 0);
	plan = bed_plan(&bed, "vm1 net.guarantee.out[fakebr0]=4mbit\n"
			      "vm2 net.guarantee.out[fakebr0]=4mbit\n");
	cr_expect_eq(pr_plan_apply(plan, 10000, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "guaranteed 3Mbit/s of it, and with the plan 11Mbit/s");
	cr_expect_eq(bed_get(bed.dom, "net.guarantee.out", "fakebr0", 0), PRALLOC_DEFAULT);
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

/* Two problems of one step, of which the second one is the plan's. */
Test(plan_sum, beside_another_problem)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "memory bytes=3584MiB");
	plan = bed_plan(&bed, "vm1 mem.balloon=2G\nvm2 mem.balloon=1100M\n");
	bed_inject(&bed, "nodriver domain=vm1");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOTCONN, "%s", pr_plan_errmsg(plan));
	EXPECT_TEXT(bed_step(plan, 0).text, "driver");
	EXPECT_TEXT(bed_step(plan, 0).text, "; and the host has 3584MiB");
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_OK, "%s", bed_step(plan, 1).text);
	pr_plan_free(plan);
	/* One that is gone wants nothing. */
	bed_inject(&bed, "clear");
	plan = bed_plan(&bed, "vm1 mem.balloon=2G\nvm2 mem.balloon=1100M\n");
	bed_inject(&bed, "vanish domain=vm1");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOENT, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_OK, "%s", bed_step(plan, 1).text);
	pr_plan_free(plan);
	/* Neither does one that cannot be asked. */
	plan = bed_plan(&bed, "vm2 mem.guarantee=3G\nvm3 mem.guarantee=1G\n");
	bed_inject(&bed, "failread error=EIO domain=vm2 attribute=mem.guarantee");
	cr_expect_eq(pr_plan_check(plan, 0), -EIO, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_OK, "%s", bed_step(plan, 1).text);
	pr_plan_free(plan);
	bed_close(&bed);
}
