/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: what they take in, check, apply, and take back. */
#include "core/plan.h"

#include "fixture.h"

#define TIME 20000
#define BOTH (PRALLOC_LIVE | PRALLOC_CONFIG)
#define MANY 2000u

static void expect_shares(struct bed *bed, uint64_t first, uint64_t second, const char *when)
{
	cr_expect_eq(bed_get(bed->dom, "cpu.shares", NULL, 0), first, "vm1 %s", when);
	cr_expect_eq(bed_get(bed->other, "cpu.shares", NULL, 0), second, "vm2 %s", when);
}

Test(plan, arguments)
{
	struct pr_step step = {.size = sizeof(step) - 1};
	struct pr_plan *plan = NULL;
	struct bed bed, stranger;

	bed_open(&bed);
	bed_open(&stranger);
	cr_expect_eq(pr_plan_new(NULL, &plan), -EINVAL);
	cr_expect_eq(pr_plan_new(bed.ctx, NULL), -EINVAL);
	cr_expect_str_not_empty(pr_ctx_errmsg(bed.ctx));
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_expect_str_empty(pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_set_u64(NULL, bed.dom, "cpu.shares", NULL, 5), -EINVAL);
	cr_expect_eq(pr_plan_set_u64(plan, NULL, "cpu.shares", NULL, 5), -EINVAL);
	cr_expect_eq(pr_plan_set_str(plan, bed.dom, "cpu.shares", NULL, NULL), -EINVAL);
	cr_expect_eq(pr_plan_set_str(plan, bed.dom, NULL, NULL, "5"), -EINVAL);
	cr_expect_eq(pr_plan_host_set_u64(plan, NULL, "ksm.run", NULL, 1), -EINVAL);
	cr_expect_eq(pr_plan_host_set_str(plan, bed.host, "cpu.shares", NULL, "5"), -EINVAL);
	cr_expect_eq(pr_plan_set_u64(plan, bed.dom, "ksm.run", NULL, 1), -EINVAL);
	cr_expect_eq(pr_plan_set_u64(plan, bed.dom, "cpu.shares", NULL, 1), -ERANGE);
	cr_expect_eq(pr_plan_set_u64(plan, bed.dom, "mem.rss", NULL, 1), -EINVAL);
	cr_expect_eq(pr_plan_set_u64(plan, bed.dom, "net.rate.in", "eth9", 1), -ENODEV);
	cr_expect_eq(pr_plan_set_u64(plan, stranger.dom, "cpu.shares", NULL, 5), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "another context");
	cr_expect_eq(pr_plan_count(plan), 0);
	cr_expect_eq(pr_plan_count(NULL), 0);
	cr_expect_eq(pr_plan_set_u64(plan, bed.dom, "cpu.shares", NULL, 5), 0);
	cr_expect_eq(pr_plan_step(plan, 0, &step), -EINVAL, "too small");
	step.size = sizeof(step);
	cr_expect_eq(pr_plan_step(plan, 1, &step), -EINVAL);
	cr_expect_eq(pr_plan_step(plan, SIZE_MAX, &step), -EINVAL);
	cr_expect_eq(pr_plan_step(plan, 0, NULL), -EINVAL);
	cr_expect_eq(pr_plan_step(NULL, 0, &step), -EINVAL);
	cr_expect_eq(pr_plan_check(NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_check(plan, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_plan_apply(NULL, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_apply(plan, TIME, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_plan_apply(plan, 0, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "0 ms");
	cr_expect_eq(pr_plan_undo(NULL, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "was not applied");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_check(plan, 0), -EINVAL);
	cr_expect_eq(pr_plan_set_u64(plan, bed.other, "cpu.shares", NULL, 5), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "applied already");
	cr_expect_eq(pr_plan_undo(plan, 0, 0), -EINVAL);
	cr_expect_eq(pr_plan_undo(plan, TIME, PRALLOC_LIVE), -EINVAL);
	cr_expect_str_not_empty(pr_plan_errmsg(NULL));
	pr_plan_free(NULL);
	pr_plan_free(plan);
	bed_close(&stranger);
	bed_close(&bed);
}

Test(plan, empty)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "");
	cr_expect_eq(pr_plan_check(plan, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* The same thing under another name is the same thing; another instance is another one. */
Test(plan, twice)
{
	struct pr_domain *again;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	again = bed_domain(&bed, pr_domain_uuid(bed.dom));
	plan = bed_plan(&bed, "vm1 cpu.shares=5 net.rate.in=5 cpu.pin[0]=0\n@host ksm.run=1\n");
	cr_expect_eq(pr_plan_set_u64(plan, bed.dom, "cpu.shares", NULL, 5), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm1 is in the plan twice");
	cr_expect_eq(pr_plan_set_u64(plan, again, "cpu.shares", NULL, 6), -EINVAL);
	cr_expect_eq(pr_plan_set_u64(plan, again, "net.rate.in", "faketap1", 6), -EINVAL);
	cr_expect_eq(pr_plan_set_str(plan, again, "cpu.pin[00]", NULL, "1"), -EINVAL);
	cr_expect_eq(pr_plan_host_set_u64(plan, bed.host, "ksm.run", NULL, 2), -EINVAL);
	cr_expect_eq(pr_plan_set_str(plan, again, "cpu.pin", "1", "1"), 0);
	cr_expect_eq(pr_plan_set_u64(plan, bed.other, "cpu.shares", NULL, 5), 0);
	cr_expect_eq(pr_plan_count(plan), 6);
	pr_plan_free(plan);
	pr_domain_close(again);
	bed_close(&bed);
}

Test(plan, check_finds_all_problems_at_once)
{
	static const struct {
		int status, error;
	} wanted[] = {
		{PRALLOC_STEP_OK, 0},
		{PRALLOC_STEP_REFUSED, -ENOSPC},
		{PRALLOC_STEP_REFUSED, -ERANGE},
		{PRALLOC_STEP_REFUSED, -ENODEV},
		{PRALLOC_STEP_OK, 0},
	};
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512 mem.balloon=100M\n"
			      "vm2 cpu.count=9 cpu.pin[7]=0 mem.hard_limit=1G\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOSPC);
	EXPECT_TEXT(pr_plan_errmsg(plan), "mem.balloon of vm1");
	EXPECT_TEXT(pr_plan_errmsg(plan), "more steps");
	for (size_t i = 0; i < PRI_ARRAY_SIZE(wanted); i++) {
		struct pr_step step = bed_step(plan, i);

		cr_expect_eq(step.status, wanted[i].status, "step %zu: %d", i, step.status);
		cr_expect_eq(step.error, wanted[i].error, "step %zu: %d", i, step.error);
		cr_expect_eq(*step.text != '\0', step.error < 0, "step %zu: %s", i, step.text);
	}
	cr_expect_eq(bed_step(plan, 0).before.number, 1024);
	cr_expect_eq(bed_step(plan, 1).before.number, 1024 * MIB, "refused, but shown");
	cr_expect_lt(pr_plan_apply(plan, TIME, 0), 0);
	expect_shares(&bed, 1024, 1024, "after a plan that was refused");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What gives comes first although it was added last; a write that fails tells the order. */
/* What the backend has to say of a persistent value is said before anything is written. */
Test(plan, persistent_values_are_checked_before)
{
	static const uint32_t both = PRALLOC_LIVE | PRALLOC_CONFIG;
	struct bed bed;
	struct pr_plan *plan;

	bed_open(&bed);
	bed_inject(&bed, "refuse error=ENODEV domain=vm2 attribute=cpu.shares");
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=600 mem.hard_limit=900M\n");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_check(plan, PRALLOC_CONFIG), -ENODEV);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm2 (persistent)");
	EXPECT_TEXT(pr_plan_errmsg(plan), "made to be refused");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_REFUSED);
	cr_expect_eq(bed_step(plan, 2).status, PRALLOC_STEP_OK);
	/* A write would be the first thing to fail. */
	bed_inject(&bed, "fail error=EIO");
	cr_expect_eq(pr_plan_apply(plan, 1000, both), -ENODEV, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_set_u64(bed.other, "cpu.shares", NULL, 600, both), -ENODEV);
	EXPECT_TEXT(pr_domain_errmsg(bed.other), "made to be refused");
	bed_inject(&bed, "clear");
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(pr_plan_apply(plan, 1000, both), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(plan, gives_before_takes)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=4096\nvm2 cpu.shares=512\n");
	bed_inject(&bed, "fail error=EIO at=1");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EIO);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm2");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK, "not tried");
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_FAILED);
	bed_inject(&bed, "fail error=EIO at=2");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EIO);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm1");
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_UNDONE);
	expect_shares(&bed, 1024, 1024, "after two failures");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_shares(&bed, 4096, 512, "applied");
	pr_plan_free(plan);
	bed_close(&bed);
}

static struct pr_plan *mixed_plan(struct bed *bed)
{
	return bed_plan(bed, "vm1 cpu.shares=4096 mem.hard_limit=1G\n@host ksm.run=1\n"
			     "vm2 cpu.shares=512 cpu.pin[0]=1-2\n");
}

static void expect_untouched(struct bed *bed, uint32_t flags, const char *when)
{
	const char *pin;
	uint64_t run = 9;

	cr_expect_eq(bed_get(bed->dom, "cpu.shares", NULL, flags), flags ? PRALLOC_DEFAULT : 1024,
		     "%s", when);
	cr_expect_eq(bed_get(bed->other, "cpu.shares", NULL, flags), flags ? PRALLOC_DEFAULT : 1024,
		     "%s", when);
	cr_expect_eq(bed_get(bed->dom, "mem.hard_limit", NULL, flags),
		     flags ? PRALLOC_DEFAULT : PRALLOC_UNLIMITED, "%s", when);
	cr_expect_eq(pr_get_str(bed->other, "cpu.pin", "0", &pin, flags), 0);
	cr_expect_str_eq(pin, "default", "%s", when);
	cr_expect_eq(pr_host_get_u64(bed->host, "ksm.run", NULL, &run, 0), 0);
	cr_expect_eq(run, 0, "%s", when);
}

/* At each call that can fail: nothing is left, whether the write took effect or not. */
Test(plan, failure_at_each_write)
{
	static const char *const faults[] = {"fail error=EIO", "lie", "fail error=EIO effect=yes"};

	for (size_t f = 0; f < PRI_ARRAY_SIZE(faults); f++) {
		for (int at = 1; at <= 5; at++) {
			char directive[64];
			struct pr_plan *plan;
			struct bed bed;

			bed_open(&bed);
			plan = mixed_plan(&bed);
			snprintf(directive, sizeof(directive), "%s at=%d", faults[f], at);
			bed_inject(&bed, directive);
			cr_expect_lt(pr_plan_apply(plan, TIME, 0), 0, "%s", directive);
			expect_untouched(&bed, 0, directive);
			cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s: once more: %s",
				     directive, pr_plan_errmsg(plan));
			cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
			expect_untouched(&bed, 0, "undone");
			pr_plan_free(plan);
			bed_close(&bed);
		}
	}
}

Test(plan, live_and_persistent)
{
	const char *lines = "vm1 cpu.shares=4096 mem.hard_limit=1G\nvm2 cpu.shares=512\n";

	for (int at = 1; at <= 7; at++) {
		char directive[64];
		struct pr_plan *plan;
		struct bed bed;

		bed_open(&bed);
		plan = bed_plan(&bed, lines);
		snprintf(directive, sizeof(directive), "fail error=EIO at=%d", at);
		bed_inject(&bed, directive);
		cr_expect_eq(pr_plan_apply(plan, TIME, BOTH), at < 7 ? -EIO : 0, "%s: %s",
			     directive, pr_plan_errmsg(plan));
		if (at == 7) {
			bed_inject(&bed, "clear");
			cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 4096);
			cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
		}
		expect_untouched(&bed, 0, directive);
		expect_untouched(&bed, PRALLOC_CONFIG, directive);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

Test(plan, two_hosts)
{
	struct pr_host *other = NULL;
	struct pr_domain *there = NULL;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_open(bed.ctx, "fake:///1", 0, &other), 0);
	cr_assert_eq(pr_domain_open(other, "vm1", 0, &there), 0);
	plan = bed_plan(&bed, "vm1 cpu.shares=4096\n");
	cr_assert_eq(pr_plan_set_u64(plan, there, "cpu.shares", NULL, 8192), 0, "%s",
		     pr_plan_errmsg(plan));
	cr_assert_eq(pr_fake_inject(other, "fail error=EBUSY at=1", 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 4096);
	cr_expect_eq(bed_get(there, "cpu.shares", NULL, 0), 8192);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0);
	cr_expect_eq(bed_get(there, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	pr_domain_close(there);
	pr_host_close(other);
	bed_close(&bed);
}

/* A thousand times two domains, by and large at the price of the writes. */
Test(plan, many_domains)
{
	struct pr_plan *plan = NULL;
	struct bed bed;
	uint64_t start_ns = pri_now_ns();

	bed_open_as(&bed, "fake:///2000", 0);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	for (unsigned int i = 1; i <= MANY; i++) {
		struct pr_domain *dom;
		char name[16];

		snprintf(name, sizeof(name), "vm%u", i);
		dom = bed_domain(&bed, name);
		cr_assert_eq(pr_plan_set_u64(plan, dom, "cpu.shares", NULL, i % 2 ? 512 : 2048), 0);
		pr_domain_close(dom);
	}
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_shares(&bed, 512, 2048, "applied");
	for (unsigned int i = 0; i < MANY; i++)
		cr_assert_eq(bed_step(plan, i).status, PRALLOC_STEP_APPLIED, "step %u", i);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_shares(&bed, 1024, 1024, "undone");
	cr_expect_lt((pri_now_ns() - start_ns) / 1000000, 5000);
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(plan, deadline)
{
	struct pr_plan *plan;
	struct bed bed;
	uint64_t start_ns;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=512\nvm3 cpu.shares=512\n");
	bed_inject(&bed, "delay ms=60");
	start_ns = pri_now_ns();
	cr_expect_eq(pr_plan_apply(plan, 100, 0), -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	cr_expect_lt((pri_now_ns() - start_ns) / 1000000, 1000);
	bed_inject(&bed, "clear");
	expect_shares(&bed, 1024, 1024, "timed out");
	pr_plan_free(plan);
	bed_close(&bed);
}
