/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Balloons that stall, domains that come and go, hosts that are slow. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "contract_fake.h"

static uint64_t fake_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

Test(contract_fake_life, stall_times_out_with_what_was_reached)
{
	struct contract_bed bed;
	uint64_t actual = 0, start;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "stall domain=vm1 at_bytes=700MiB");
	cr_assert_eq(pr_mem_balloon(bed.dom, 512 * FAKE_MIB, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	start = fake_now_ms();
	cr_assert_eq(pr_mem_balloon_wait(bed.dom, 512 * FAKE_MIB, 50, &actual, 0), -ETIMEDOUT);
	cr_assert(fake_now_ms() - start >= 50 && fake_now_ms() - start < 500, "took %llu ms",
		  (unsigned long long)(fake_now_ms() - start));
	cr_assert_eq(actual, 700 * FAKE_MIB);
	cr_assert_eq(fake_get(bed.dom, "mem.actual"), 700 * FAKE_MIB);
	contract_close(&bed);
}

Test(contract_fake_life, stalled_plan_is_taken_back)
{
	struct contract_bed bed;
	struct pr_plan *plan;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "stall domain=vm1 at_bytes=700MiB");
	plan = fake_three_changes(&bed);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.balloon", NULL, 512 * FAKE_MIB), 0);
	cr_assert_eq(pr_plan_apply(plan, 100, 0), -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	fake_expect_before(&bed, "stall");
	cr_assert_eq(fake_get(bed.dom, "mem.balloon"), 1024 * FAKE_MIB,
		     "the target was not cancelled");
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_life, balloon_arrives_at_its_rate)
{
	struct contract_bed bed;
	uint64_t actual = 0, start, elapsed;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "balloon domain=vm1 rate=1GiB/s");
	start = fake_now_ms();
	cr_assert_eq(pr_mem_balloon(bed.dom, 924 * FAKE_MIB, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_assert_gt(fake_get(bed.dom, "mem.actual"), 924 * FAKE_MIB, "there at once");
	cr_assert_eq(pr_mem_balloon_wait(bed.dom, 924 * FAKE_MIB, FAKE_TIMEOUT_MS, &actual, 0), 0,
		     "%s", pr_domain_errmsg(bed.dom));
	elapsed = fake_now_ms() - start;
	cr_assert_eq(actual, 924 * FAKE_MIB);
	cr_assert(elapsed >= 90 && elapsed < 1000, "100 MiB at 1 GiB/s took %llu ms",
		  (unsigned long long)elapsed);
	contract_close(&bed);
}

Test(contract_fake_life, guest_that_needs_its_memory)
{
	struct contract_bed bed;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "uses domain=vm1 bytes=900MiB");
	cr_assert_eq(fake_get(bed.dom, "mem.unused"), 124 * FAKE_MIB);
	cr_assert_eq(pr_mem_balloon(bed.dom, 512 * FAKE_MIB, 0), -ENOSPC);
	cr_assert_eq(fake_get(bed.dom, "mem.balloon"), 1024 * FAKE_MIB);
	cr_assert_eq(pr_mem_balloon(bed.dom, 512 * FAKE_MIB, PRALLOC_ALLOW_HARM), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	contract_close(&bed);
}

Test(contract_fake_life, no_driver)
{
	struct contract_bed bed;
	uint64_t value;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "nodriver domain=vm1");
	cr_assert_eq(pr_mem_balloon_ready(bed.dom, 0), -ENOTCONN);
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * FAKE_MIB, 0), -ENOTCONN);
	cr_assert_eq(pr_get_u64(bed.dom, "mem.usable", NULL, &value, 0), -ENODATA);
	fake_inject(&bed, "driver domain=vm1");
	cr_assert_eq(pr_mem_balloon_ready(bed.dom, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * FAKE_MIB, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	contract_close(&bed);
}

Test(contract_fake_life, vanished)
{
	struct contract_bed bed;
	struct pr_domain *dom = NULL;
	uint64_t value;
	int state;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "vanish domain=vm1");
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ENOENT);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, PRALLOC_CONFIG), -ENOENT);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ENOENT);
	cr_assert_eq(pr_domain_state(bed.dom, &state, 0), -ENOENT);
	cr_assert_eq(pr_domain_open(bed.host, "vm1", 0, &dom), -ENOENT);
	contract_close(&bed);
}

Test(contract_fake_life, replaced)
{
	struct pr_domain *other = NULL;
	struct contract_bed bed;
	int state = 0;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "replace domain=vm1");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ESTALE);
	cr_assert_eq(pr_domain_state(bed.dom, &state, 0), -ESTALE);
	cr_assert_eq(pr_domain_open(bed.host, "vm1", 0, &other), 0, "%s", pr_host_errmsg(bed.host));
	cr_assert_str_neq(pr_domain_uuid(other), pr_domain_uuid(bed.dom));
	cr_assert_eq(fake_get(other, "cpu.shares"), 1024);
	pr_domain_close(other);
	contract_close(&bed);
}

Test(contract_fake_life, restarted_with_its_persistent_values)
{
	struct contract_bed bed;

	contract_open(&bed, &fake_contract);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 512, PRALLOC_CONFIG), 0);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	cr_assert_eq(pr_set_str(bed.dom, "cpu.quota", NULL, "50ms", 0), 0);
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * FAKE_MIB, 0), 0);
	fake_inject(&bed, "restart domain=vm1");
	cr_assert_eq(fake_get(bed.dom, "cpu.shares"), 512);
	cr_assert_eq(fake_get(bed.dom, "cpu.quota"), PRALLOC_UNLIMITED);
	cr_assert_eq(fake_get(bed.dom, "mem.balloon"), 1024 * FAKE_MIB);
	contract_close(&bed);
}

/* What a plan did in another life of the domain is no business of its undo. */
Test(contract_fake_life, undo_after_restart_leaves_the_domain_alone)
{
	struct contract_bed bed;
	struct pr_plan *plan;

	contract_open(&bed, &fake_contract);
	plan = fake_three_changes(&bed);
	cr_assert_eq(pr_plan_apply(plan, FAKE_TIMEOUT_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	fake_inject(&bed, "restart domain=vm1");
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	cr_assert_eq(pr_plan_undo(plan, FAKE_TIMEOUT_MS, 0), -EAGAIN, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(fake_get(bed.dom, "cpu.shares"), 2048, "the new incarnation was changed");
	pr_plan_free(plan);
	contract_close(&bed);
}

/* A plan never touches another incarnation to take something back: it fails, and each step that
 * is not as before says so. */
static void expect_left_or_before(struct contract_bed *bed, struct pr_plan *plan, const char *when)
{
	for (size_t i = 0; i < FAKE_CHANGES; i++) {
		struct pr_step step = {.size = sizeof(step)};
		uint64_t now = fake_get(bed->dom, fake_changes[i].attribute);

		cr_assert_eq(pr_plan_step(plan, i, &step), 0);
		cr_assert_neq(step.status, PRALLOC_STEP_APPLIED, "%s: %s is said to hold", when,
			      step.attribute);
		if (now == fake_changes[i].before)
			continue;
		cr_assert_eq(step.status, PRALLOC_STEP_LEFT, "%s: %s: status %d", when,
			     step.attribute, step.status);
		cr_assert(strstr(step.text, "restarted"), "%s: %s: %s", when, step.attribute,
			  step.text);
	}
}

Test(contract_fake_life, restart_at_each_step)
{
	for (size_t k = 1; k <= FAKE_CHANGES; k++) {
		struct contract_bed bed;
		struct pr_plan *plan;
		char directive[64];
		int r;

		contract_open(&bed, &fake_contract);
		plan = fake_three_changes(&bed);
		snprintf(directive, sizeof(directive), "restart domain=vm1 at=%zu", k);
		fake_inject(&bed, directive);
		r = pr_plan_apply(plan, FAKE_TIMEOUT_MS, 0);
		cr_assert_eq(r, -EAGAIN, "%s: %d: %s", directive, r, pr_plan_errmsg(plan));
		expect_left_or_before(&bed, plan, directive);
		pr_plan_free(plan);
		contract_close(&bed);
	}
}

Test(contract_fake_life, stopped_in_the_middle)
{
	struct contract_bed bed;
	struct pr_plan *plan;
	int r;

	contract_open(&bed, &fake_contract);
	plan = fake_three_changes(&bed);
	fake_inject(&bed, "stop domain=vm1 at=2");
	r = pr_plan_apply(plan, FAKE_TIMEOUT_MS, 0);
	cr_assert_eq(r, -ENOTCONN, "%d: %s", r, pr_plan_errmsg(plan));
	fake_inject(&bed, "start domain=vm1");
	fake_expect_before(&bed, "stop");
	pr_plan_free(plan);
	contract_close(&bed);
}

Test(contract_fake_life, off)
{
	struct contract_bed bed;
	uint64_t value = 0;
	int state = 0;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "stop domain=vm1");
	cr_assert_eq(pr_domain_state(bed.dom, &state, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert_eq(state, PRALLOC_DOMAIN_OFF);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ENOTCONN);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ENOTCONN);
	cr_assert(*pr_domain_errmsg(bed.dom) != '\0');
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, PRALLOC_CONFIG), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	fake_inject(&bed, "start domain=vm1");
	cr_assert_eq(fake_get(bed.dom, "cpu.shares"), 2048);
	contract_close(&bed);
}

Test(contract_fake_life, delay_within_and_beyond_the_time_limit)
{
	struct contract_bed bed;
	uint64_t value = 0, start, elapsed;

	contract_open(&bed, &fake_contract);
	fake_inject(&bed, "delay ms=30 domain=vm1");
	start = fake_now_ms();
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), 0);
	cr_assert_geq(fake_now_ms() - start, 29);
	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, 10), 0);
	start = fake_now_ms();
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ETIMEDOUT);
	elapsed = fake_now_ms() - start;
	cr_assert(elapsed >= 9 && elapsed < 30, "10 ms took %llu ms", (unsigned long long)elapsed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), -ETIMEDOUT);
	fake_inject(&bed, "clear");
	cr_assert_eq(fake_get(bed.dom, "cpu.shares"), 1024,
		     "it was written after the time was over");
	contract_close(&bed);
}

Test(contract_fake_life, read_only_host)
{
	struct pr_domain *dom = NULL;
	struct pr_host *host = NULL;
	struct pr_ctx *ctx = NULL;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	cr_assert_eq(pr_host_open(ctx, "fake:", PRALLOC_READ_ONLY, &host), 0);
	cr_assert_eq(pr_domain_open(host, "vm1", 0, &dom), 0);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), -EACCES);
	cr_assert_eq(fake_get(dom, "cpu.shares"), 1024);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
}
