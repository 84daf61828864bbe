/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU time moves when shares and quotas do, by the same numbers on v1 and on v2. */
#include <criterion/criterion.h>
#include <string.h>

#include "groups.h"

#define WINDOW_MS 5000
#define QUOTA_WINDOW_MS 3000
#define SETTLE_MS 300
#define WINDOWS 3
#define PERIOD_US 100000

static int last_cpu = 1;

/* Percent of the time of n loads that each of them got in a window. */
static void measure(const struct groups *groups, size_t n, double percent[])
{
	uint64_t before[GROUPS_MAX], total = 0;

	pause_ms(SETTLE_MS);
	for (size_t i = 0; i < n; i++)
		before[i] = groups_cpu_ns(groups, i);
	pause_ms(WINDOW_MS);
	for (size_t i = 0; i < n; i++) {
		before[i] = groups_cpu_ns(groups, i) - before[i];
		total += before[i];
	}
	for (size_t i = 0; i < n; i++)
		percent[i] = 100.0 * (double)before[i] / (double)total;
}

static bool is_near(const double percent[], const uint64_t shares[], size_t n)
{
	uint64_t sum = 0;
	bool near = true;

	for (size_t i = 0; i < n; i++)
		sum += shares[i];
	for (size_t i = 0; i < n; i++) {
		double ideal = 100.0 * (double)shares[i] / (double)sum;
		double distance = percent[i] - ideal;

		tell("shares %5lu: %.2f %% of the CPU, ideal %.2f", (unsigned long)shares[i],
		     percent[i], ideal);
		near = near && distance < 3 && distance > -3;
	}
	return near;
}

/* Another process of the machine may spoil a window. */
static void expect_division(struct groups *groups, const uint64_t shares[], size_t n)
{
	double percent[GROUPS_MAX];

	for (size_t i = 0; i < n; i++)
		SET_OK(groups, i, pr_cpu_set_shares(groups->doms[i], shares[i], 0));
	for (int i = 0; i < WINDOWS; i++) {
		measure(groups, n, percent);
		if (is_near(percent, shares, n))
			return;
	}
	cr_expect(false, "the CPU is not divided by the shares");
}

Test(effect_cpu, shares, .timeout = 120)
{
	static const char *const names[] = {"a", "b", "c", NULL};
	static const uint64_t first[] = {1024, 2048, 1024}, second[] = {2048, 1024, 1024};
	struct groups groups;

	groups_open(&groups, names);
	for (int i = 0; i < 3; i++)
		groups_load(&groups, i, load_cpu, &last_cpu);
	expect_division(&groups, first, 3);
	expect_division(&groups, second, 3);
	groups_close(&groups);
}

Test(effect_cpu, shares_of_the_thesis, .timeout = 120)
{
	static const char *const names[] = {"a", "b", NULL};
	static const uint64_t shares[] = {900, 200};
	struct groups groups;

	groups_open(&groups, names);
	for (int i = 0; i < 2; i++)
		groups_load(&groups, i, load_cpu, &last_cpu);
	expect_division(&groups, shares, 2);
	groups_close(&groups);
}

Test(effect_cpu, quota, .timeout = 120)
{
	static const char *const names[] = {"a", NULL};
	static const uint64_t percents[] = {5, 10, 25, 50};
	struct groups groups;
	uint64_t counted_us;

	groups_open(&groups, names);
	groups_load(&groups, 0, load_cpu, &last_cpu);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		double got = 0, distance = 100;

		SET_OK(&groups, 0,
		       pr_cpu_set_quota(groups.doms[0], PRALLOC_CPU_DOMAIN,
					percents[i] * PERIOD_US / 100, PERIOD_US, 0));
		for (int k = 0; k < WINDOWS && (distance > 1 || distance < -1); k++) {
			uint64_t used_ns, start_ns;

			pause_ms(SETTLE_MS);
			used_ns = groups_cpu_ns(&groups, 0);
			start_ns = monotonic_ns();
			pause_ms(QUOTA_WINDOW_MS);
			used_ns = groups_cpu_ns(&groups, 0) - used_ns;
			got = 100.0 * (double)used_ns / (double)(monotonic_ns() - start_ns);
			distance = got - (double)percents[i];
		}
		tell("quota %lu %%: %.2f %% of a CPU", (unsigned long)percents[i], got);
		cr_expect(distance < 1 && distance > -1, "quota of %lu %% gives %.2f %%",
			  (unsigned long)percents[i], got);
	}
	SET_OK(&groups, 0, pr_get_u64(groups.doms[0], "cpu.time", NULL, &counted_us, 0));
	cr_expect_gt(counted_us, 1000000);
	cr_expect_leq(counted_us, groups_cpu_ns(&groups, 0) / 1000 + 1000000);
	groups_close(&groups);
}

/* v1 takes no child with more of a CPU than its parent has, and no parent with less. */
Test(effect_cpu, quota_of_parent_and_child, .timeout = 60)
{
	static const char *const names[] = {"a", "a/vcpu0", "a/emulator", NULL};
	static const uint64_t quotas[][2] = {
		{50000, 40000}, {20000, 15000}, {80000, 80000}, {10000, 10000}, {90000, 5000}};
	struct groups groups;

	groups_open(&groups, names);
	for (size_t i = 0; i < sizeof(quotas) / sizeof(quotas[0]); i++) {
		uint64_t parent = 0, child = 0;
		struct pr_plan *plan = NULL;

		cr_assert_eq(pr_plan_new(groups.ctx, &plan), 0);
		cr_assert_eq(
			pr_plan_set_u64(plan, groups.doms[0], "cpu.vcpu_quota", NULL, quotas[i][1]),
			0);
		cr_assert_eq(pr_plan_set_u64(plan, groups.doms[0], "cpu.quota", NULL, quotas[i][0]),
			     0);
		cr_assert_eq(pr_plan_apply(plan, 10000, 0), 0, "%zu: %s", i, pr_plan_errmsg(plan));
		pr_plan_free(plan);
		SET_OK(&groups, 0, pr_get_u64(groups.doms[0], "cpu.quota", NULL, &parent, 0));
		SET_OK(&groups, 0, pr_get_u64(groups.doms[0], "cpu.vcpu_quota", NULL, &child, 0));
		cr_expect_eq(parent, quotas[i][0]);
		cr_expect_eq(child, quotas[i][1]);
	}
	groups_close(&groups);
}
