/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Present settings as the text of a plan, and back. */
#include "fixture.h"

#define BOTH (PRALLOC_LIVE | PRALLOC_CONFIG)
/* What a domain of the fake host always has: these have no default. */
#define ALWAYS "vm1 mem.balloon=1GiB\nvm1 cpu.count=2\n"
#define ALWAYS_LIVE ALWAYS "vm1 cpu.guest_count=2\n"

static void expect_saved(struct pr_domain *dom, uint32_t flags, const char *wanted,
			 const char *when)
{
	const char *text = NULL;

	cr_assert_eq(pr_domain_save(dom, &text, flags), 0, "%s: %s", when, pr_domain_errmsg(dom));
	cr_expect_str_eq(text, wanted, "%s: %s", when, text);
}

/* A copy, as the text goes with the next call. */
static char *saved(struct pr_domain *dom, uint32_t flags)
{
	const char *text = NULL;

	cr_assert_eq(pr_domain_save(dom, &text, flags), 0, "%s", pr_domain_errmsg(dom));
	return strdup(text);
}

static void apply(struct bed *bed, const char *text, uint32_t flags)
{
	struct pr_plan *plan = bed_plan(bed, text);

	cr_assert_eq(pr_plan_apply(plan, 10000, flags), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
}

Test(save, arguments)
{
	static const struct {
		const char *directive;
		uint32_t flags;
		int code;
		const char *text;
	} cases[] = {
		{NULL, 0, 0, ""},
		{NULL, PRALLOC_LIVE, 0, ""},
		{NULL, PRALLOC_CONFIG, 0, ""},
		{NULL, BOTH, -EINVAL, "either"},
		{NULL, UNKNOWN_FLAG, -EINVAL, "unknown flag"},
		{NULL, PRALLOC_NO_VERIFY, -EINVAL, "flag"},
		{"stop domain=vm1", 0, -ENOTCONN, "is off"},
		{"stop domain=vm1", PRALLOC_CONFIG, 0, ""},
		{"vanish domain=vm1", 0, -ENOENT, ""},
		{"replace domain=vm1", PRALLOC_CONFIG, -ESTALE, ""},
		{"failread error=EIO attribute=cpu.shares", 0, -EIO, "cpu.shares of vm1"},
		{"failread error=ENODATA attribute=cpu.shares", 0, 0, ""},
		{"failread error=ENOTCONN attribute=cpu.guest_count", 0, 0, ""},
		{"failread error=ENOTCONN attribute=cpu.shares", 0, -ENOTCONN, ""},
	};
	const char *text = NULL;

	cr_expect_eq(pr_domain_save(NULL, &text, 0), -EINVAL);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct bed bed;
		int r;

		bed_open(&bed);
		if (cases[i].directive)
			bed_inject(&bed, cases[i].directive);
		text = NULL;
		r = pr_domain_save(bed.dom, &text, cases[i].flags);
		cr_expect_eq(r, cases[i].code, "case %zu: %d %s", i, r, pr_domain_errmsg(bed.dom));
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), cases[i].text);
		cr_expect_eq(text != NULL, r == 0, "case %zu", i);
		cr_expect_eq(pr_domain_save(bed.dom, NULL, cases[i].flags) == 0, false);
		bed_close(&bed);
	}
}

Test(save, only_what_is_not_the_default)
{
	struct bed bed;

	bed_open(&bed);
	expect_saved(bed.dom, 0, ALWAYS_LIVE, "new");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 1024, 0), 0);
	expect_saved(bed.dom, 0, ALWAYS_LIVE, "the default itself");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	cr_assert_eq(pr_cpu_pin(bed.dom, 1, "0,2-3", 0), 0);
	cr_assert_eq(pr_set_str(bed.dom, "io.guest.group", NULL, "the slow ones", 0), 0);
	expect_saved(bed.dom, 0,
		     "vm1 mem.balloon=1GiB\nvm1 cpu.shares=2048\nvm1 cpu.count=2\n"
		     "vm1 cpu.guest_count=2\nvm1 cpu.pin[1]=0,2-3\n"
		     "vm1 \"io.guest.group[vda]=the slow ones\"\n",
		     "changed");
	expect_saved(bed.other, 0, "vm2 mem.balloon=1GiB\nvm2 cpu.count=2\nvm2 cpu.guest_count=2\n",
		     "other");
	bed_close(&bed);
}

Test(save, persistent)
{
	struct bed bed;

	bed_open(&bed);
	expect_saved(bed.dom, PRALLOC_CONFIG, ALWAYS, "new");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 1024, PRALLOC_CONFIG), 0);
	expect_saved(bed.dom, PRALLOC_CONFIG,
		     "vm1 mem.balloon=1GiB\nvm1 cpu.shares=1024\nvm1 cpu.count=2\n",
		     "set to the default");
	bed_close(&bed);
}

/* A device that has no value of its own goes with all the others. */
Test(save, instances_that_differ_from_all)
{
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_io_set_weight(bed.dom, NULL, 500, 0), 0);
	expect_saved(bed.dom, 0, ALWAYS_LIVE "vm1 io.weight=500\n", "all");
	cr_assert_eq(pr_io_set_weight(bed.dom, "/dev/fake0", 100, 0), 0);
	expect_saved(bed.dom, 0, ALWAYS_LIVE "vm1 io.weight=500\nvm1 io.weight[/dev/fake0]=100\n",
		     "the default for one, another value for all");
	bed_close(&bed);
}

/* A reset would make it something else, though it is the default now. */
Test(save, default_where_the_configuration_says_otherwise)
{
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 4096, PRALLOC_CONFIG), 0);
	cr_assert_eq(pr_cpu_pin(bed.dom, 0, "1", PRALLOC_CONFIG), 0);
	expect_saved(bed.dom, 0,
		     "vm1 mem.balloon=1GiB\nvm1 cpu.shares=1024\nvm1 cpu.count=2\n"
		     "vm1 cpu.guest_count=2\nvm1 cpu.pin[0]=default\n",
		     "live");
	bed_close(&bed);
}

static void change_all(struct bed *bed, uint32_t flags)
{
	cr_assert_eq(pr_mem_balloon(bed->dom, 768 * MIB, flags), 0);
	cr_assert_eq(pr_mem_set_hard_limit(bed->dom, 3072 * MIB, flags), 0);
	cr_assert_eq(pr_mem_set_swap_limit(bed->dom, 512 * MIB, flags), 0);
	cr_assert_eq(pr_cpu_set_shares(bed->dom, 77, flags), 0);
	cr_assert_eq(pr_cpu_set_quota(bed->dom, PRALLOC_CPU_VCPU, 50000, 20000, flags), 0);
	cr_assert_eq(pr_cpu_pin(bed->dom, 1, "0,2-3", flags), 0);
	cr_assert_eq(pr_io_set_weight(bed->dom, "/dev/fake0", 321, flags), 0);
	cr_assert_eq(pr_set_u64(bed->dom, "io.guest.read_bytes", "vda", 12345678, flags), 0);
	cr_assert_eq(pr_set_str(bed->dom, "io.guest.group", "vda", "a=b # c", flags), 0);
	cr_assert_eq(pr_net_set_rate(bed->dom, NULL, PRALLOC_NET_OUT, 1000, 2001, 3003, flags), 0);
	cr_assert_eq(pr_net_set_weight(bed->dom, NULL, PRALLOC_NET_IN, 99, flags), 0);
}

Test(save, reset_and_apply_bring_everything_back)
{
	static const uint32_t modes[] = {PRALLOC_LIVE, PRALLOC_CONFIG};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(modes); i++) {
		char *before, *reset, *after;
		struct bed bed;

		bed_open(&bed);
		change_all(&bed, modes[i]);
		before = saved(bed.dom, modes[i]);
		cr_assert_eq(pr_domain_reset(bed.dom, NULL, NULL, modes[i]), 0, "%s",
			     pr_domain_errmsg(bed.dom));
		reset = saved(bed.dom, modes[i]);
		apply(&bed, before, modes[i]);
		after = saved(bed.dom, modes[i]);
		cr_expect_str_neq(before, reset, "the reset changed nothing: %s", reset);
		cr_expect_str_eq(before, after, "mode %u: %s\n%s", modes[i], before, after);
		free(before);
		free(reset);
		free(after);
		bed_close(&bed);
	}
}

Test(save, a_quote_in_a_value_is_refused)
{
	struct bed bed;
	const char *text = NULL;

	bed_open(&bed);
	cr_assert_eq(pr_set_str(bed.dom, "io.guest.group", NULL, "a\"b", 0), 0);
	cr_expect_eq(pr_domain_save(bed.dom, &text, 0), -EINVAL);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "io.guest.group of vm1 holds a quote");
	bed_close(&bed);
}
