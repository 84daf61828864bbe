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

static const struct {
	const char *text;
	int code;
	const char *told[6]; /* up to NULL */
} several[] = {
	{"vm1 cpu.shares=1\nvm2 mem.hard_limit=0\nvm9 cpu.shares=5\nvm3 cpu.share=5\n"
	 "@host net.link.in[eth9]=5\n",
	 -ERANGE,
	 {"line 1: cpu.shares of vm1: 1 is out of range (2 to 262144)",
	  "line 2: mem.hard_limit of vm2: 0 is no limit; use unlimited",
	  "line 3: vm9: fake: no such domain: there are vm1 to vm3 (did you mean vm1?)",
	  "line 4: vm3: there is no attribute \"cpu.share\" (did you mean cpu.shares?)",
	  "line 5: net.link.in of @host: there is no instance \"eth9\" (there are: fakebr0)"}},
	{"vm1 cpu.shares=1 cpu.shares=5 io.weight io.weight=0 cpu.burst[1]=5\n",
	 -ERANGE,
	 {"line 1: cpu.shares of vm1: 1 is", "line 1: vm1: \"io.weight\" is not",
	  "line 1: io.weight of vm1: 0 is", "line 1: vm1: cpu.burst has no instances"}},
	{"vm9 cpu.share=1 cpu.shares=1 mem.balloon=50%\n",
	 -ENOENT,
	 {"line 1: vm9: ", "line 1: vm9: there is no attribute",
	  "line 1: cpu.shares of vm9: 1 is"}},
	{"\"\" cpu.shares=1\n\n\"vm1 cpu.shares=5\nvm2\nvm3 cpu.shares=5\nvm3 cpu.shares=6",
	 -EINVAL,
	 {"line 1: the name of the domain is empty", "line 1: cpu.shares of \"\": 1 is",
	  "line 3: a quote", "line 4: a domain, but no", "line 6: cpu.shares of vm3 is in the"}},
	{"vm1 cpu.shares=5 \"cpu.burst\nvm2 cpu.shares=1\n",
	 -EINVAL,
	 {"line 1: a quote", "line 2: cpu.shares of vm2: 1 is"}},
};

/* What is wrong behind the first problem is told at once, and nothing of the text is added. */
Test(plan_text, all_problems_are_told)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(several); i++) {
		struct pr_plan *plan = NULL;
		char more[32] = "";
		struct bed bed;
		size_t n = 0;

		bed_open(&bed);
		plan = bed_plan(&bed, "vm3 cpu.burst=0\n");
		cr_expect_eq(pr_plan_load(plan, bed.host, several[i].text, 0), several[i].code,
			     "case %zu: %s", i, pr_plan_errmsg(plan));
		for (; several[i].told[n]; n++) {
			const char *text = pr_plan_problem(plan, n);

			cr_assert_not_null(text, "case %zu: %zu are told", i, n);
			EXPECT_TEXT(text, several[i].told[n]);
		}
		cr_expect_null(pr_plan_problem(plan, n), "case %zu", i);
		cr_expect_eq(pr_plan_problem_count(plan), n, "case %zu: %zu", i,
			     pr_plan_problem_count(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), several[i].told[0]);
		snprintf(more, sizeof(more), " (and %zu more)", n - 1);
		EXPECT_TEXT(pr_plan_errmsg(plan), more);
		cr_expect_eq(pr_plan_count(plan), 1, "case %zu", i);
		cr_expect_eq(pr_plan_load(plan, bed.host, "vm1 cpu.shares=5\n", 0), 0);
		cr_expect_eq(pr_plan_problem_count(plan), 0, "case %zu: kept", i);
		cr_expect_null(pr_plan_problem(plan, 0), "case %zu: kept", i);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* For a check that tells of the rest what stands against it. */
Test(plan_text, what_is_right_is_kept_on_request)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm3 cpu.burst=0\n");
	cr_expect_eq(pr_plan_load(plan, bed.host,
				  "vm1 cpu.share=5 mem.balloon=64M\nvm9 cpu.shares=5\n"
				  "vm2 cpu.shares=5\n",
				  PRALLOC_KEEP_GOOD),
		     -EINVAL);
	cr_expect_eq(pr_plan_problem_count(plan), 2);
	cr_assert_eq(pr_plan_count(plan), 3);
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_REFUSED);
	cr_expect_eq(bed_step(plan, 2).status, PRALLOC_STEP_OK);
	cr_expect_eq(pr_plan_problem_count(plan), 2, "a check has forgotten the problems");
	pr_plan_free(plan);
	bed_close(&bed);
}

#define MANY 1000

Test(plan_text, beyond_some_problems_are_counted)
{
	static char text[MANY * sizeof("vm1 cpu.share=1\n")];
	struct pr_plan *plan;
	struct bed bed;
	size_t told = 0;

	bed_open(&bed);
	plan = bed_plan(&bed, "");
	for (size_t i = 0; i < MANY; i++)
		strcat(text, i % 2 ? "vm1 cpu.share=1\n" : "vm9 cpu.shares=5\n");
	cr_expect_eq(pr_plan_load(plan, bed.host, text, 0), -ENOENT);
	while (pr_plan_problem(plan, told))
		told++;
	cr_expect_eq(told, 64, "%zu", told);
	cr_expect_eq(pr_plan_problem_count(plan), MANY);
	EXPECT_TEXT(pr_plan_errmsg(plan), "(and 999 more)");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A host that does not answer is not asked line by line. */
Test(plan_text, reading_ends_with_the_time)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "");
	cr_assert_eq(pr_fake_inject(bed.host, "failread error=ETIMEDOUT", 0), 0, "%s",
		     pr_host_errmsg(bed.host));
	cr_expect_eq(pr_plan_load(plan, bed.host,
				  "vm1 mem.balloon=50%\nvm1 cpu.shares=1\nvm2 cpu.shares=1\n", 0),
		     -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	EXPECT_TEXT(pr_plan_errmsg(plan), "the rest was not read");
	cr_expect_eq(pr_plan_problem_count(plan), 1);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Not one problem for each line. */
Test(plan_text, what_concerns_the_plan_is_no_problem_of_the_text)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=5\n");
	cr_assert_eq(pr_plan_apply(plan, 1000, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_load(plan, bed.host, "vm2 cpu.shares=5\nvm3 cpu.shares=5\n", 0),
		     -EINVAL);
	cr_expect_str_eq(pr_plan_errmsg(plan), "the plan was applied already");
	cr_expect_eq(pr_plan_problem_count(plan), 0);
	cr_expect_eq(pr_plan_problem_count(NULL), 0);
	cr_expect_null(pr_plan_problem(NULL, 0));
	pr_plan_free(plan);
	bed_close(&bed);
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
