/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reset and restore write, as steps of a plan: looked at, done, and undone. */
#include "core/plan.h"

#include "fixture.h"

#define TIME 20000

static struct pr_plan *empty_plan(struct bed *bed)
{
	return bed_plan(bed, "");
}

static void expect_step(struct pr_plan *plan, const char *attribute, const char *instance,
			uint64_t wanted)
{
	for (size_t i = 0; i < pr_plan_count(plan); i++) {
		struct pr_step step = bed_step(plan, i);

		if (strcmp(step.attribute, attribute) || strcmp(step.instance, instance))
			continue;
		cr_expect_eq(step.wanted.number, wanted, "%s[%s]: wanted %" PRIu64, attribute,
			     instance, step.wanted.number);
		return;
	}
	cr_expect(false, "no step of %s[%s]", attribute, instance);
}

Test(plan_settings, arguments)
{
	struct pr_plan *plan;
	struct pr_ctx *ctx = NULL;
	struct pr_plan *foreign = NULL;
	struct bed bed;

	bed_open(&bed);
	plan = empty_plan(&bed);
	cr_expect_eq(pr_plan_reset(NULL, bed.dom, NULL, NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_reset(plan, NULL, NULL, NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, NULL, "1", 0), -EINVAL);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, "no.such", NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, "ksm.run", NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, "cpu.pin", "9", 0), -ENODEV);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, NULL, NULL, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, NULL, NULL, PRALLOC_LIVE | PRALLOC_CONFIG),
		     -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "not both");
	cr_expect_eq(pr_plan_restore(NULL, bed.dom, 0), -EINVAL);
	cr_expect_eq(pr_plan_restore(plan, NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_restore(plan, bed.dom, PRALLOC_CONFIG), -EINVAL);
	cr_assert_eq(pr_ctx_new(&ctx), 0);
	cr_assert_eq(pr_plan_new(ctx, &foreign), 0);
	cr_expect_eq(pr_plan_reset(foreign, bed.dom, NULL, NULL, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(foreign), "another context");
	cr_expect_eq(pr_plan_count(plan), 0);
	pr_plan_free(foreign);
	pr_ctx_unref(ctx);
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(plan_settings, nothing_to_reset)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = empty_plan(&bed);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, NULL, NULL, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_restore(plan, bed.dom, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 0);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* To the persistent value where there is one; looked at, done, undone. */
Test(plan_settings, reset_of_everything)
{
	const char *pin = "";
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 3000, PRALLOC_CONFIG), 0);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2000, 0), 0);
	cr_assert_eq(pr_io_set_weight(bed.dom, NULL, 500, 0), 0);
	cr_assert_eq(pr_set_str(bed.dom, "cpu.pin", "1", "0,2-3", 0), 0);
	plan = empty_plan(&bed);
	cr_assert_eq(pr_plan_reset(plan, bed.dom, NULL, NULL, 0), 0, "%s", pr_plan_errmsg(plan));
	/* Of the weight, what holds for all devices, and what one of them has. */
	cr_expect_eq(pr_plan_count(plan), 4);
	expect_step(plan, "cpu.shares", "", 3000);
	expect_step(plan, "io.weight", "", 100);
	expect_step(plan, "cpu.pin", "1", PRALLOC_DEFAULT);
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 2000, "a look changes nothing");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 3000);
	cr_expect_eq(bed_get(bed.dom, "io.weight", NULL, 0), 100);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "io.weight", NULL, 0), 500);
	cr_assert_eq(pr_get_str(bed.dom, "cpu.pin", "1", &pin, 0), 0);
	cr_expect_str_eq(pin, "0,2-3");
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(plan_settings, reset_of_one_in_each_mode)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 3000, PRALLOC_CONFIG), 0);
	plan = empty_plan(&bed);
	cr_assert_eq(pr_plan_reset(plan, bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 0);
	cr_expect_eq(pr_plan_count(plan), 1);
	cr_expect_eq(pr_plan_reset(plan, bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "twice");
	cr_expect_eq(pr_plan_count(plan), 1);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), PRALLOC_DEFAULT);
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(plan_settings, restore)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "set domain=vm1 attribute=cpu.burst value=7ms config=yes");
	plan = empty_plan(&bed);
	cr_assert_eq(pr_plan_restore(plan, bed.dom, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 1);
	expect_step(plan, "cpu.burst", "", 7000);
	cr_expect_eq(bed_get(bed.dom, "cpu.burst", NULL, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.burst", NULL, 0), 7000);
	cr_expect_eq(pr_plan_restore(plan, bed.dom, 0), -EINVAL, "it was applied");
	pr_plan_free(plan);
	bed_inject(&bed, "stop domain=vm2");
	plan = empty_plan(&bed);
	cr_expect_eq(pr_plan_restore(plan, bed.other, 0), -ENOTCONN);
	pr_plan_free(plan);
	bed_close(&bed);
}
