/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contract over the fake host, and what only a host that can be made to fail can show. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "contract.h"

#define MIB (UINT64_C(1) << 20)
#define TIMEOUT_MS 2000

static const struct contract contract = {
	.uri = "fake:",
	.domain = "vm1",
	.everything = true,
};

#define CASE(name)                                                                                 \
	Test(contract_fake, name)                                                                  \
	{                                                                                          \
		contract_##name(&contract);                                                        \
	}

CONTRACT_CASES(CASE)

static void inject(struct contract_bed *bed, const char *directive)
{
	cr_assert_eq(pr_fake_inject(bed->host, directive, 0), 0, "%s: %s", directive,
		     pr_host_errmsg(bed->host));
}

static uint64_t get(struct pr_domain *dom, const char *attribute)
{
	uint64_t value = 0;

	cr_assert_eq(pr_get_u64(dom, attribute, NULL, &value, 0), 0, "%s", pr_domain_errmsg(dom));
	return value;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

Test(contract_fake_only, config_of_every_setting)
{
	struct contract_bed bed;
	const char *name = NULL;

	contract_open(&bed, &contract);
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

/* Three changes of one domain, so that they are one call of the backend. */
static const struct {
	const char *attribute, *value;
	uint64_t number, before;
} changes[] = {
	{"cpu.shares", "2048", 2048, 1024},
	{"cpu.quota", "50000", 50000, PRALLOC_UNLIMITED},
	{"mem.soft_limit", "256M", 256 * MIB, PRALLOC_UNLIMITED},
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static struct pr_plan *three_changes(struct contract_bed *bed)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	for (size_t i = 0; i < CHANGES; i++)
		cr_assert_eq(pr_plan_set_str(plan, bed->dom, changes[i].attribute, NULL,
					     changes[i].value),
			     0, "%s", pr_plan_errmsg(plan));
	return plan;
}

static void expect_before(struct contract_bed *bed, const char *when)
{
	for (size_t i = 0; i < CHANGES; i++)
		cr_assert_eq(get(bed->dom, changes[i].attribute), changes[i].before,
			     "%s: %s is not as before", when, changes[i].attribute);
}

static void fail_at(const char *format, size_t k, int wanted)
{
	struct contract_bed bed;
	struct pr_plan *plan;
	char directive[128];
	size_t failed = 0, done = 0;
	int r;

	contract_open(&bed, &contract);
	plan = three_changes(&bed);
	snprintf(directive, sizeof(directive), format, k);
	inject(&bed, directive);
	r = pr_plan_apply(plan, TIMEOUT_MS, 0);
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
	expect_before(&bed, directive);
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_only, write_fails_at_each_step)
{
	for (size_t k = 1; k <= CHANGES; k++) {
		fail_at("fail error=EIO at=%zu", k, -EIO);
		fail_at("fail error=EBUSY at=%zu effect=no", k, -EBUSY);
	}
}

Test(contract_fake_only, write_fails_with_effect_at_each_step)
{
	for (size_t k = 1; k <= CHANGES; k++)
		fail_at("fail error=EIO at=%zu effect=yes", k, -EIO);
}

Test(contract_fake_only, lie_at_each_step)
{
	for (size_t k = 1; k <= CHANGES; k++)
		fail_at("lie at=%zu", k, -EREMOTEIO);
}

Test(contract_fake_only, failure_past_the_last_step_never_comes)
{
	struct contract_bed bed;
	struct pr_plan *plan;

	contract_open(&bed, &contract);
	plan = three_changes(&bed);
	inject(&bed, "fail error=EIO at=4");
	cr_assert_eq(pr_plan_apply(plan, TIMEOUT_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	for (size_t i = 0; i < CHANGES; i++)
		cr_assert_eq(get(bed.dom, changes[i].attribute), changes[i].number);
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_only, lie_names_both_values)
{
	struct contract_bed bed;

	contract_open(&bed, &contract);
	inject(&bed, "lie attribute=cpu.shares");
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

	contract_open(&bed, &contract);
	inject(&bed, "failread error=ENODATA at=1 attribute=cpu.shares");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ENODATA, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_assert_eq(get(bed.dom, "cpu.shares"), 2048, "it took effect before");
	inject(&bed, "failread error=EACCES");
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -EACCES);
	contract_close(&bed);
}

Test(contract_fake_only, second_mode_fails_and_the_first_is_taken_back)
{
	struct contract_bed bed;
	uint64_t value = 0;

	contract_open(&bed, &contract);
	inject(&bed, "fail error=EIO at=2");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, PRALLOC_LIVE | PRALLOC_CONFIG), -EIO);
	cr_assert_eq(get(bed.dom, "cpu.shares"), 1024);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, PRALLOC_CONFIG), 0);
	cr_assert_eq(value, PRALLOC_DEFAULT);
	contract_close(&bed);
}

Test(contract_fake_only, stall_times_out_with_what_was_reached)
{
	struct contract_bed bed;
	uint64_t actual = 0, start;

	contract_open(&bed, &contract);
	inject(&bed, "stall domain=vm1 at_bytes=700MiB");
	cr_assert_eq(pr_mem_balloon(bed.dom, 512 * MIB, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	start = now_ms();
	cr_assert_eq(pr_mem_balloon_wait(bed.dom, 512 * MIB, 50, &actual, 0), -ETIMEDOUT);
	cr_assert(now_ms() - start >= 50 && now_ms() - start < 500, "took %llu ms",
		  (unsigned long long)(now_ms() - start));
	cr_assert_eq(actual, 700 * MIB);
	cr_assert_eq(get(bed.dom, "mem.actual"), 700 * MIB);
	contract_close(&bed);
}

Test(contract_fake_only, stalled_plan_is_taken_back)
{
	struct contract_bed bed;
	struct pr_plan *plan;

	contract_open(&bed, &contract);
	inject(&bed, "stall domain=vm1 at_bytes=700MiB");
	plan = three_changes(&bed);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.balloon", NULL, 512 * MIB), 0);
	cr_assert_eq(pr_plan_apply(plan, 100, 0), -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	expect_before(&bed, "stall");
	cr_assert_eq(get(bed.dom, "mem.balloon"), 1024 * MIB, "the target was not cancelled");
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_only, balloon_arrives_at_its_rate)
{
	struct contract_bed bed;
	uint64_t actual = 0, start, elapsed;

	contract_open(&bed, &contract);
	inject(&bed, "balloon domain=vm1 rate=1GiB/s");
	start = now_ms();
	cr_assert_eq(pr_mem_balloon(bed.dom, 924 * MIB, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert_gt(get(bed.dom, "mem.actual"), 924 * MIB, "there at once");
	cr_assert_eq(pr_mem_balloon_wait(bed.dom, 924 * MIB, TIMEOUT_MS, &actual, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	elapsed = now_ms() - start;
	cr_assert_eq(actual, 924 * MIB);
	cr_assert(elapsed >= 90 && elapsed < 1000, "100 MiB at 1 GiB/s took %llu ms",
		  (unsigned long long)elapsed);
	contract_close(&bed);
}

Test(contract_fake_only, guest_that_needs_its_memory)
{
	struct contract_bed bed;

	contract_open(&bed, &contract);
	inject(&bed, "uses domain=vm1 bytes=900MiB");
	cr_assert_eq(get(bed.dom, "mem.unused"), 124 * MIB);
	cr_assert_eq(pr_mem_balloon(bed.dom, 512 * MIB, 0), -ENOSPC);
	cr_assert_eq(get(bed.dom, "mem.balloon"), 1024 * MIB);
	cr_assert_eq(pr_mem_balloon(bed.dom, 512 * MIB, PRALLOC_ALLOW_HARM), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	contract_close(&bed);
}

Test(contract_fake_only, no_driver)
{
	struct contract_bed bed;
	uint64_t value;

	contract_open(&bed, &contract);
	inject(&bed, "nodriver domain=vm1");
	cr_assert_eq(pr_mem_balloon_ready(bed.dom, 0), -ENOTCONN);
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * MIB, 0), -ENOTCONN);
	cr_assert_eq(pr_get_u64(bed.dom, "mem.usable", NULL, &value, 0), -ENODATA);
	inject(&bed, "driver domain=vm1");
	cr_assert_eq(pr_mem_balloon_ready(bed.dom, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * MIB, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	contract_close(&bed);
}

Test(contract_fake_only, vanished)
{
	struct contract_bed bed;
	struct pr_domain *dom = NULL;
	uint64_t value;
	int state;

	contract_open(&bed, &contract);
	inject(&bed, "vanish domain=vm1");
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ENOENT);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, PRALLOC_CONFIG), -ENOENT);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ENOENT);
	cr_assert_eq(pr_domain_state(bed.dom, &state, 0), -ENOENT);
	cr_assert_eq(pr_domain_open(bed.host, "vm1", 0, &dom), -ENOENT);
	contract_close(&bed);
}

Test(contract_fake_only, replaced)
{
	struct pr_domain *other = NULL;
	struct contract_bed bed;
	int state = 0;

	contract_open(&bed, &contract);
	inject(&bed, "replace domain=vm1");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ESTALE);
	cr_assert_eq(pr_domain_state(bed.dom, &state, 0), -ESTALE);
	cr_assert_eq(pr_domain_open(bed.host, "vm1", 0, &other), 0, "%s", pr_host_errmsg(bed.host));
	cr_assert_str_neq(pr_domain_uuid(other), pr_domain_uuid(bed.dom));
	cr_assert_eq(get(other, "cpu.shares"), 1024);
	pr_domain_close(other);
	contract_close(&bed);
}

Test(contract_fake_only, restarted_with_its_persistent_values)
{
	struct contract_bed bed;

	contract_open(&bed, &contract);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 512, PRALLOC_CONFIG), 0);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	cr_assert_eq(pr_set_str(bed.dom, "cpu.quota", NULL, "50ms", 0), 0);
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * MIB, 0), 0);
	inject(&bed, "restart domain=vm1");
	cr_assert_eq(get(bed.dom, "cpu.shares"), 512);
	cr_assert_eq(get(bed.dom, "cpu.quota"), PRALLOC_UNLIMITED);
	cr_assert_eq(get(bed.dom, "mem.balloon"), 1024 * MIB);
	contract_close(&bed);
}

/* What a plan did in another life of the domain is no business of its undo. */
Test(contract_fake_only, undo_after_restart_leaves_the_domain_alone)
{
	struct contract_bed bed;
	struct pr_plan *plan;

	contract_open(&bed, &contract);
	plan = three_changes(&bed);
	cr_assert_eq(pr_plan_apply(plan, TIMEOUT_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	inject(&bed, "restart domain=vm1");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	cr_assert_eq(pr_plan_undo(plan, TIMEOUT_MS, 0), -EAGAIN, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(get(bed.dom, "cpu.shares"), 2048, "the new incarnation was changed");
	pr_plan_free(plan);
	contract_close(&bed);
}

/* A domain that starts anew in the middle of a plan has nothing of it afterwards. */
Test(contract_fake_only, restart_at_each_step)
{
	for (size_t k = 1; k <= CHANGES; k++) {
		struct contract_bed bed;
		struct pr_plan *plan;
		char directive[64];
		int r;

		contract_open(&bed, &contract);
		plan = three_changes(&bed);
		snprintf(directive, sizeof(directive), "restart domain=vm1 at=%zu", k);
		inject(&bed, directive);
		r = pr_plan_apply(plan, TIMEOUT_MS, 0);
		if (r < 0) {
			expect_before(&bed, directive);
		} else {
			for (size_t i = 0; i < CHANGES; i++)
				cr_assert_eq(get(bed.dom, changes[i].attribute), changes[i].number,
					     "%s: success, and %s does not hold", directive,
					     changes[i].attribute);
		}
		pr_plan_free(plan);
		contract_close(&bed);
	}
}

Test(contract_fake_only, stopped_in_the_middle)
{
	struct contract_bed bed;
	struct pr_plan *plan;
	int r;

	contract_open(&bed, &contract);
	plan = three_changes(&bed);
	inject(&bed, "stop domain=vm1 at=2");
	r = pr_plan_apply(plan, TIMEOUT_MS, 0);
	cr_assert_eq(r, -ENOTCONN, "%d: %s", r, pr_plan_errmsg(plan));
	inject(&bed, "start domain=vm1");
	expect_before(&bed, "stop");
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_only, off)
{
	struct contract_bed bed;
	uint64_t value = 0;
	int state = 0;

	contract_open(&bed, &contract);
	inject(&bed, "stop domain=vm1");
	cr_assert_eq(pr_domain_state(bed.dom, &state, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert_eq(state, PRALLOC_DOMAIN_OFF);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ENOTCONN);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ENOTCONN);
	cr_assert(*pr_domain_errmsg(bed.dom) != '\0');
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, PRALLOC_CONFIG), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	inject(&bed, "start domain=vm1");
	cr_assert_eq(get(bed.dom, "cpu.shares"), 2048);
	contract_close(&bed);
}

Test(contract_fake_only, delay_within_and_beyond_the_time_limit)
{
	struct contract_bed bed;
	uint64_t value = 0, start, elapsed;

	contract_open(&bed, &contract);
	inject(&bed, "delay ms=30 domain=vm1");
	start = now_ms();
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), 0);
	cr_assert_geq(now_ms() - start, 29);
	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, 10), 0);
	start = now_ms();
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ETIMEDOUT);
	elapsed = now_ms() - start;
	cr_assert(elapsed >= 9 && elapsed < 30, "10 ms took %llu ms", (unsigned long long)elapsed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ETIMEDOUT);
	inject(&bed, "clear");
	cr_assert_eq(get(bed.dom, "cpu.shares"), 1024, "it was written after the time was over");
	contract_close(&bed);
}

Test(contract_fake_only, read_only_host)
{
	struct pr_domain *dom = NULL;
	struct pr_host *host = NULL;
	struct pr_ctx *ctx = NULL;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	cr_assert_eq(pr_host_open(ctx, "fake:", PRALLOC_READ_ONLY, &host), 0);
	cr_assert_eq(pr_domain_open(host, "vm1", 0, &dom), 0);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), -EACCES);
	cr_assert_eq(get(dom, "cpu.shares"), 1024);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
}
