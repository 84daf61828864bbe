/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text form of a plan. */
#include "fixture.h"

static const struct {
	const char *text;
	size_t steps;
} good[] = {
	{"", 0},
	{"\n\n", 0},
	{"# nothing but a comment", 0},
	{" \t# indented\r\n", 0},
	{"vm1 cpu.shares=5", 1},
	{"vm1 cpu.shares=5\n", 1},
	{"vm1 cpu.shares=5\r\nvm2 cpu.shares=6\r\n", 2},
	{"  vm1\tcpu.shares=5  \t net.rate.in=1mbit # the rest\n", 2},
	{"\"vm1\" cpu.shares=5\n", 1},
	{"@host ksm.run=1\n", 1},
	{"vm1 cpu.pin[1]=0,2-3\nvm1 cpu.pin[0]=1\n", 2},
	{"vm1 mem.balloon=50% mem.hard_limit=unlimited cpu.shares=default\n", 3},
	{"fa4e0000-0000-4000-8000-000000000001 cpu.shares=5\n", 1},
};

Test(plan_text, good)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(good); i++) {
		struct pr_plan *plan;
		struct bed bed;

		bed_open(&bed);
		plan = bed_plan(&bed, good[i].text);
		cr_expect_eq(pr_plan_count(plan), good[i].steps, "case %zu: %zu", i,
			     pr_plan_count(plan));
		cr_expect_eq(pr_plan_check(plan, 0), 0, "case %zu: %s", i, pr_plan_errmsg(plan));
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

static const struct {
	const char *text;
	int code;
	const char *line, *cause;
} bad[] = {
	{"vm1\n", -EINVAL, "line 1:", "no ATTRIBUTE=VALUE"},
	{"vm1 # cpu.shares=5\n", -EINVAL, "line 1:", "no ATTRIBUTE=VALUE"},
	{"\n\nvm1 cpu.shares\n", -EINVAL, "line 3:", "\"cpu.shares\" is not ATTRIBUTE=VALUE"},
	{"vm1 cpu.shares=5\r\nvm9 cpu.shares=5\r\n", -ENOENT, "line 2:", "vm9"},
	{"vm1 cpu.shares=\n", -EINVAL, "line 1:", "cpu.shares"},
	{"vm1 =5\n", -EINVAL, "line 1:", "no attribute \"\""},
	{"vm1 cpu.shares=5#comment\n", -EINVAL, "line 1:", "5#comment"},
	{"vm1 cpu.shares=1\n", -ERANGE, "line 1:", "2 to 262144"},
	{"vm1 cpu.share=5\n", -EINVAL, "line 1:", "did you mean cpu.shares?"},
	{"vm1 cpu.shares=5 cpu.shares=6\n", -EINVAL, "line 1:", "twice"},
	{"vm1 cpu.shares=5\n# x\nvm1 cpu.shares=6\n", -EINVAL, "line 3:", "twice"},
	{"\"vm1 cpu.shares=5\n", -EINVAL, "line 1:", "quote is not closed"},
	{"vm1 \"cpu.shares=5\n", -EINVAL, "line 1:", "quote is not closed"},
	{"\"\" cpu.shares=5\n", -EINVAL, "line 1:", "name of the domain is empty"},
	{"\"no such\" cpu.shares=5\n", -ENOENT, "line 1:", "no such"},
	{"@host cpu.shares=5\n", -EINVAL, "line 1:", "belongs to a domain"},
	{"vm1 ksm.run=1\n", -EINVAL, "line 1:", "belongs to the host"},
	{"vm1 net.rate.in[eth9]=5\n", -ENODEV, "line 1:", "eth9"},
	{"vm1 cpu.shares = 5\n", -EINVAL, "line 1:", "is not ATTRIBUTE=VALUE"},
};

/* All or nothing: what was in the plan before stays, and nothing else does. */
Test(plan_text, bad)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(bad); i++) {
		char text[256];
		struct pr_plan *plan;
		struct bed bed;
		int r;

		bed_open(&bed);
		plan = bed_plan(&bed, "vm3 cpu.shares=7\n");
		r = pr_plan_load(plan, bed.host, bad[i].text, 0);
		cr_expect_eq(r, bad[i].code, "case %zu: %d %s", i, r, pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), bad[i].line);
		EXPECT_TEXT(pr_plan_errmsg(plan), bad[i].cause);
		cr_expect_eq(pr_plan_count(plan), 1, "case %zu", i);
		snprintf(text, sizeof(text), "vm1 cpu.shares=5\nvm3 cpu.burst=0\n%s", bad[i].text);
		cr_expect_lt(pr_plan_load(plan, bed.host, text, 0), 0, "case %zu", i);
		cr_expect_eq(pr_plan_count(plan), 1, "case %zu", i);
		/* What a refused text had is not "twice" afterwards. */
		cr_expect_eq(pr_plan_load(plan, bed.host, "vm1 cpu.shares=5\n", 0), 0, "%s",
			     pr_plan_errmsg(plan));
		cr_expect_eq(pr_plan_load(plan, bed.host, "vm3 cpu.shares=5\n", 0), -EINVAL);
		cr_expect_eq(pr_plan_apply(plan, 1000, 0), 0, "%s", pr_plan_errmsg(plan));
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

Test(plan_text, arguments)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "");
	cr_expect_eq(pr_plan_load(NULL, bed.host, "", 0), -EINVAL);
	cr_expect_eq(pr_plan_load(plan, NULL, "", 0), -EINVAL);
	cr_expect_eq(pr_plan_load(plan, bed.host, NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_load(plan, bed.host, "", PRALLOC_LIVE), -EINVAL);
	cr_expect_str_not_empty(pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}
