/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contract over the fake host, and what only a host that can be made to fail can show. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "contract_fake.h"

const struct contract fake_contract = {
	.uri = "fake:",
	.domain = "vm1",
	.everything = true,
};

#define CASE(name)                                                                                 \
	Test(contract_fake, name)                                                                  \
	{                                                                                          \
		contract_##name(&fake_contract);                                                   \
	}

CONTRACT_CASES(CASE)

void fake_inject(struct contract_bed *bed, const char *directive)
{
	cr_assert_eq(pr_fake_inject(bed->host, directive, 0), 0, "%s: %s", directive,
		     pr_host_errmsg(bed->host));
}

uint64_t fake_get(struct pr_domain *dom, const char *attribute)
{
	uint64_t value = 0;

	cr_assert_eq(pr_get_u64(dom, attribute, NULL, &value, 0), 0, "%s", pr_domain_errmsg(dom));
	return value;
}

Test(contract_fake_only, config_of_every_setting)
{
	struct contract_bed bed;
	const char *name = NULL;

	contract_open(&bed, &fake_contract);
	while ((name = pr_attr_next(name))) {
		struct pr_attr_info info = {.size = sizeof(info)};
		bool through_guest = strcmp(name, "cpu.guest_count") == 0;
		const char *instance = NULL, *text;
		int r;

		cr_assert_eq(pr_attr_info(bed.ctx, name, &info), 0);
		if (info.target != PRALLOC_TARGET_DOMAIN ||
		    !(info.properties & PRALLOC_ATTR_WRITABLE))
			continue;
		if (info.instance == PRALLOC_INSTANCE_VCPU)
			instance = "1";
		r = pr_get_str(bed.dom, name, instance, &text, PRALLOC_CONFIG);
		cr_assert_eq(r, through_guest ? -EOPNOTSUPP : 0, "%s", pr_domain_errmsg(bed.dom));
	}
	contract_close(&bed);
}

const struct fake_change fake_changes[FAKE_CHANGES] = {
	{"cpu.shares", "2048", 2048, 1024},
	{"cpu.quota", "50000", 50000, PRALLOC_UNLIMITED},
	{"mem.soft_limit", "256M", 256 * FAKE_MIB, PRALLOC_DEFAULT},
};

struct pr_plan *fake_three_changes(struct contract_bed *bed)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	for (size_t i = 0; i < FAKE_CHANGES; i++)
		cr_assert_eq(pr_plan_set_str(plan, bed->dom, fake_changes[i].attribute, NULL,
					     fake_changes[i].value),
			     0, "%s", pr_plan_errmsg(plan));
	return plan;
}

void fake_expect_before(struct contract_bed *bed, const char *when)
{
	for (size_t i = 0; i < FAKE_CHANGES; i++)
		cr_assert_eq(fake_get(bed->dom, fake_changes[i].attribute), fake_changes[i].before,
			     "%s: %s is not as before", when, fake_changes[i].attribute);
}

static void fail_at(const char *fault, size_t k, int wanted)
{
	struct contract_bed bed;
	struct pr_plan *plan;
	char directive[128];
	size_t failed = 0, done = 0;
	int r;

	snprintf(directive, sizeof(directive), "%s at=%zu", fault, k);
	contract_open(&bed, &fake_contract);
	plan = fake_three_changes(&bed);
	fake_inject(&bed, directive);
	r = pr_plan_apply(plan, FAKE_TIMEOUT_MS, 0);
	cr_assert_eq(r, wanted, "%s: %d: %s", directive, r, pr_plan_errmsg(plan));
	cr_assert(*pr_plan_errmsg(plan) != '\0');
	for (size_t i = 0; i < pr_plan_count(plan); i++) {
		struct pr_step step = {.size = sizeof(step)};

		cr_assert_eq(pr_plan_step(plan, i, &step), 0);
		failed += step.error == wanted;
		done += step.status == PRALLOC_STEP_APPLIED || step.status == PRALLOC_STEP_LEFT;
	}
	cr_assert_eq(failed, 1, "%s: %zu steps have the error", directive, failed);
	cr_assert_eq(done, 0, "%s: %zu steps are said to hold", directive, done);
	fake_expect_before(&bed, directive);
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_only, write_fails_at_each_step)
{
	for (size_t k = 1; k <= FAKE_CHANGES; k++) {
		fail_at("fail error=EIO", k, -EIO);
		fail_at("fail error=EBUSY effect=no", k, -EBUSY);
	}
}

Test(contract_fake_only, write_fails_with_effect_at_each_step)
{
	for (size_t k = 1; k <= FAKE_CHANGES; k++)
		fail_at("fail error=EIO effect=yes", k, -EIO);
}

Test(contract_fake_only, lie_at_each_step)
{
	for (size_t k = 1; k <= FAKE_CHANGES; k++)
		fail_at("lie", k, -EREMOTEIO);
}

Test(contract_fake_only, failure_past_the_last_step_never_comes)
{
	struct contract_bed bed;
	struct pr_plan *plan;

	contract_open(&bed, &fake_contract);
	plan = fake_three_changes(&bed);
	fake_inject(&bed, "fail error=EIO at=4");
	cr_assert_eq(pr_plan_apply(plan, FAKE_TIMEOUT_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	for (size_t i = 0; i < FAKE_CHANGES; i++)
		cr_assert_eq(fake_get(bed.dom, fake_changes[i].attribute), fake_changes[i].number);
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_only, lie_names_both_values)
{
	struct contract_bed bed;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "lie attribute=cpu.shares");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -EREMOTEIO);
	cr_assert(strstr(pr_domain_errmsg(bed.dom), "2048") &&
			  strstr(pr_domain_errmsg(bed.dom), "1024"),
		  "%s", pr_domain_errmsg(bed.dom));
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, PRALLOC_NO_VERIFY), 0,
		     "not verified, and still noticed");
	cr_assert_eq(pr_set_str(bed.dom, "cpu.quota", NULL, "50ms", 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	contract_close(&bed);
}

Test(contract_fake_only, failing_read_back_is_reported)
{
	struct contract_bed bed;
	uint64_t value;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "failread error=ENODATA at=1 attribute=cpu.shares");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ENODATA, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_assert_eq(fake_get(bed.dom, "cpu.shares"), 2048, "it took effect before");
	fake_inject(&bed, "failread error=EACCES");
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -EACCES);
	contract_close(&bed);
}

Test(contract_fake_only, second_mode_fails_and_the_first_is_taken_back)
{
	struct contract_bed bed;
	uint64_t value = 0;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "fail error=EIO at=2");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, PRALLOC_LIVE | PRALLOC_CONFIG), -EIO);
	cr_assert_eq(fake_get(bed.dom, "cpu.shares"), 1024);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, PRALLOC_CONFIG), 0);
	cr_assert_eq(value, PRALLOC_DEFAULT);
	contract_close(&bed);
}
