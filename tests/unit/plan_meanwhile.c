/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of domains while a plan goes on: restarted, gone, on their way to another host. */
#include "core/plan.h"

#include <poll.h>

#include "fixture.h"

#define TIME 20000

static int to_the_end(struct pr_plan *plan)
{
	int r;

	do {
		struct pollfd fd = {.fd = pr_plan_fd(plan), .events = POLLIN};

		cr_assert_eq(poll(&fd, 1, 10000), 1, "nothing happens");
		r = pr_plan_dispatch(plan);
	} while (r == 1);
	return r;
}

/* As far as the first look at how far the guest is, then the directive, then the end. */
static int disturbed(struct bed *bed, struct pr_plan *plan, const char *directive)
{
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	while (bed_step(plan, 0).status != PRALLOC_STEP_WAITING)
		cr_assert_eq(pr_plan_dispatch(plan), 1, "%s", pr_plan_errmsg(plan));
	bed_inject(bed, directive);
	return to_the_end(plan);
}

/* Not when it would have stalled: what was written to it is lost, and will never arrive. */
Test(plan_meanwhile, donor_restarts_while_it_is_waited_for)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "balloon domain=vm1 rate=20MiB/s");
	plan = bed_plan(&bed, "vm1 mem.balloon=512M\nvm2 mem.balloon=1536M cpu.shares=512\n");
	cr_expect_eq(disturbed(&bed, plan, "restart domain=vm1"), -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "mem.balloon of vm1");
	EXPECT_TEXT(pr_plan_errmsg(plan), "restarted meanwhile");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	EXPECT_TEXT(bed_step(plan, 0).text, "restarted since");
	cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* And back: the domain that was to get back what it gave is another start of it. */
Test(plan_meanwhile, donor_restarts_while_it_is_given_back)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "fail error=EIO domain=vm2");
	plan = bed_plan(&bed, "vm1 mem.balloon=768M\nvm2 mem.balloon=1280M\n");
	bed_inject(&bed, "balloon domain=vm1 rate=1GiB/s");
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	while (bed_step(plan, 1).status != PRALLOC_STEP_FAILED ||
	       bed_step(plan, 0).status != PRALLOC_STEP_WAITING)
		cr_assert_eq(pr_plan_dispatch(plan), 1, "%s", pr_plan_errmsg(plan));
	bed_inject(&bed, "restart domain=vm1");
	cr_expect_lt(to_the_end(plan), 0);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	EXPECT_TEXT(bed_step(plan, 0).text, "restarted meanwhile");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* The recipients get nothing when one of them has become another one, or is about to leave. */
Test(plan_meanwhile, recipient_changes_while_the_donor_gives)
{
	static const struct {
		const char *directive, *text;
		int code;
	} cases[] = {
		{"restart domain=vm2", "restarted meanwhile", -EAGAIN},
		{"migrating domain=vm2", "migrated to another host", -EBUSY},
		{"vanish domain=vm2", "gone", -ENOENT},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan;
		struct bed bed;

		bed_open(&bed);
		bed_inject(&bed, "balloon domain=vm1 rate=1GiB/s");
		plan = bed_plan(&bed, "vm1 mem.balloon=768M\nvm2 mem.balloon=1280M\n"
				      "vm3 cpu.shares=512\n");
		cr_expect_eq(disturbed(&bed, plan, cases[i].directive), cases[i].code, "%s",
			     pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), cases[i].text);
		cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_UNDONE);
		cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_FAILED, "written to: %d",
			     bed_step(plan, 1).status);
		cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 1024 * MIB);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* Before anything is changed, and as soon as it has ended no more. */
Test(plan_meanwhile, domain_migrates)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=512 net.weight.in=300\n");
	bed_inject(&bed, "migrating domain=vm2");
	cr_expect_eq(pr_plan_check(plan, 0), -EBUSY);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm2");
	EXPECT_TEXT(pr_plan_errmsg(plan), "being migrated to another host");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK);
	for (size_t i = 1; i < 3; i++)
		cr_expect_eq(bed_step(plan, i).error, -EBUSY, "step %zu", i);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(pr_cpu_set_shares(bed.other, 512, 0), -EBUSY);
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* It begins in the middle: what it has got already cannot be taken back, and that is said. */
Test(plan_meanwhile, migration_begins_in_the_middle)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=2048\nvm2 cpu.shares=2048 cpu.pin[0]=1\n");
	bed_inject(&bed, "migrating domain=vm2 at=3");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY);
	EXPECT_TEXT(pr_plan_errmsg(plan), "not everything could be taken back");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_UNDONE);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_LEFT);
	EXPECT_TEXT(bed_step(plan, 1).text, "could not be taken back");
	pr_plan_free(plan);
	bed_close(&bed);
}
