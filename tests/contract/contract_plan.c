/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans over everything that a host can change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "contract.h"

#define STEPS_MAX 128
#define TIMEOUT_MS 120000

struct wish {
	struct contract_attr attr;
	char value[PRALLOC_VALUE_TEXT_MAX];
	char *before;
};

static struct wish wishes[STEPS_MAX];

/* QEMU takes a total or one of the directions, not both. */
static bool excluded(const char *name)
{
	return strncmp(name, "io.guest.read_", strlen("io.guest.read_")) == 0 ||
	       strncmp(name, "io.guest.write_", strlen("io.guest.write_")) == 0;
}

static void add_wish(struct pr_plan *plan, struct contract_bed *bed, const struct wish *wish)
{
	int r = pr_plan_set_str(plan, bed->dom, wish->attr.info.name, wish->attr.instance,
				wish->value);

	cr_assert_eq(r, 0, "%s", pr_plan_errmsg(plan));
}

/* What it has no effect without, where the plan will have that too. */
static void add_base(struct pr_plan *plan, struct contract_bed *bed, const struct wish *wish)
{
	struct contract_attr base;

	if (!contract_base(&wish->attr, &base))
		return;
	for (size_t i = 0; i < bed->done; i++)
		if (strcmp(wishes[i].attr.info.name, base.info.name) == 0 &&
		    strcmp(wishes[i].attr.instance, wish->attr.instance) == 0)
			add_wish(plan, bed, &wishes[i]);
}

/* Whether a plan with this step can be done; printed with the step's text where not. */
static bool possible(struct contract_bed *bed, const struct wish *wish)
{
	struct pr_step step = {.size = sizeof(step)};
	struct pr_plan *plan;
	int r;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	add_base(plan, bed, wish);
	add_wish(plan, bed, wish);
	r = pr_plan_check(plan, bed->contract->write_flags);
	cr_assert(r == 0 || r == -EOPNOTSUPP || r == -ENODATA, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_step(plan, pr_plan_count(plan) - 1, &step), 0);
	cr_assert_eq(step.status, r == 0 ? PRALLOC_STEP_OK : PRALLOC_STEP_REFUSED, "%s: status %d",
		     wish->attr.info.name, step.status);
	cr_assert_eq(step.error, r);
	if (r < 0) {
		cr_assert(*step.text, "%s: refused without a text", wish->attr.info.name);
		cr_assert(!bed->contract->everything, "%s", step.text);
		fprintf(stderr, "not here: %s\n", step.text);
	}
	pr_plan_free(plan);
	return r == 0;
}

static void make_wish(struct contract_bed *bed, const struct contract_attr *attr)
{
	struct wish *wish = &wishes[bed->done];

	if (!(attr->info.properties & PRALLOC_ATTR_WRITABLE) || excluded(attr->info.name))
		return;
	cr_assert_lt(bed->done, STEPS_MAX);
	*wish = (struct wish){.attr = *attr};
	wish->before = contract_get(bed, attr, PRALLOC_LIVE);
	if (!wish->before)
		return;
	contract_other(bed, attr, PRALLOC_LIVE, wish->value);
	if (possible(bed, wish))
		bed->done++;
	else
		free(wish->before);
}

static void expect_statuses(struct pr_plan *plan, int status)
{
	for (size_t i = 0; i < pr_plan_count(plan); i++) {
		struct pr_step step = {.size = sizeof(step)};

		cr_assert_eq(pr_plan_step(plan, i, &step), 0);
		cr_assert_eq(step.status, status, "%s of %s: status %d: %s", step.attribute,
			     step.target, step.status, step.text);
	}
}

static void expect_all(struct contract_bed *bed, size_t count, bool before)
{
	for (size_t i = 0; i < count; i++)
		contract_expect(bed, &wishes[i].attr, PRALLOC_LIVE,
				before ? wishes[i].before : wishes[i].value);
}

/* check, apply, undo of the first count wishes */
static void run_plan(struct contract_bed *bed, size_t count)
{
	uint32_t flags = bed->contract->write_flags;
	struct pr_plan *plan;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	for (size_t i = 0; i < count; i++)
		add_wish(plan, bed, &wishes[i]);
	cr_assert_eq(pr_plan_count(plan), count);
	expect_statuses(plan, PRALLOC_STEP_NEW);
	cr_assert_eq(pr_plan_set_str(plan, bed->dom, wishes[0].attr.info.name,
				     wishes[0].attr.instance, wishes[0].value),
		     -EINVAL, "the same attribute twice was taken");
	cr_assert_eq(pr_plan_count(plan), count);
	cr_assert_eq(pr_plan_undo(plan, TIMEOUT_MS, 0), -EINVAL, "undone before it was applied");

	cr_assert_eq(pr_plan_check(plan, flags), 0, "%s", pr_plan_errmsg(plan));
	expect_statuses(plan, PRALLOC_STEP_OK);
	expect_all(bed, count, /* before= */ true);
	cr_assert_eq(pr_plan_apply(plan, TIMEOUT_MS, flags), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_str_empty(pr_plan_errmsg(plan), "a text after success");
	expect_statuses(plan, PRALLOC_STEP_APPLIED);
	expect_all(bed, count, /* before= */ false);
	cr_assert_eq(pr_plan_apply(plan, TIMEOUT_MS, flags), -EINVAL, "applied twice");
	cr_assert_eq(pr_plan_undo(plan, TIMEOUT_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_statuses(plan, PRALLOC_STEP_UNDONE);
	expect_all(bed, count, /* before= */ true);
	pr_plan_free(plan);
}

void contract_plan(const struct contract *contract)
{
	struct contract_bed bed;
	size_t count;

	contract_open(&bed, contract);
	contract_each(&bed, make_wish);
	count = bed.done;
	cr_assert_gt(count, 0);
	run_plan(&bed, count);
	fprintf(stderr, "%s: a plan of %zu steps\n", contract->uri, count);
	for (size_t i = 0; i < count; i++)
		free(wishes[i].before);
	contract_close(&bed);
}

void contract_plan_single_step(const struct contract *contract)
{
	struct contract_attr setting;
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_setting(&bed, &setting);
	make_wish(&bed, &setting);
	cr_assert_eq(bed.done, 1, "%s is served, and no plan takes it", setting.info.name);
	run_plan(&bed, 1);
	free(wishes[0].before);
	contract_close(&bed);
}
