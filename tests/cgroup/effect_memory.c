/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Soft limits move memory under pressure, hard limits hold, and what would kill is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "groups.h"

#define PAGE 4096
#define POLL_MS 500
#define POLLS 60
#define IN_A_ROW 4
#define SMALL_MACHINE_KIB (1024 * 1024)

static uint64_t meminfo_kib(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long value = 0;
	char line[128];

	cr_assert(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), ": %lu", &value);
	fclose(file);
	return value;
}

/* Touch that many MiB, over and over. */
static void load_memory(void *mib)
{
	size_t size = *(size_t *)mib * MIB;
	unsigned char *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		_exit(1);
	for (unsigned char round = 1;; round++)
		for (size_t i = 0; i < size; i += PAGE)
			memory[i] = (unsigned char)(round + i / PAGE);
}

static double usage_mib(const struct groups *groups, int child)
{
	bool old = groups_version(groups, "memory") == 1;

	return (double)groups_number(groups, "memory", child,
				     old ? "memory.usage_in_bytes" : "memory.current") /
	       (double)MIB;
}

/* What the two groups have, and whether that is as it should be. */
typedef bool (*is_right)(double first_mib, double second_mib);

/* It has to stay right for a while: on its way memory passes everywhere. */
static void expect_usage(const struct groups *groups, const char *what, is_right right)
{
	double first = 0, second = 0;
	int in_a_row = 0;

	for (int i = 0; i < POLLS && in_a_row < IN_A_ROW; i++) {
		pause_ms(POLL_MS);
		first = usage_mib(groups, 0);
		second = usage_mib(groups, 1);
		in_a_row = right(first, second) ? in_a_row + 1 : 0;
	}
	tell("%s: %.1f and %.1f MiB", what, first, second);
	cr_expect_eq(in_a_row, IN_A_ROW, "%s: %.1f and %.1f MiB", what, first, second);
}

static bool first_has_two_thirds(double first_mib, double second_mib)
{
	return is_within(first_mib, 200, 5) && is_within(second_mib, 100, 5);
}

static bool second_has_two_thirds(double first_mib, double second_mib)
{
	return first_has_two_thirds(second_mib, first_mib);
}

static void set_soft_limits(struct groups *groups, uint64_t first_mib, uint64_t second_mib,
			    uint32_t flags)
{
	SET_OK(groups, 0, pr_mem_set_soft_limit(groups->doms[0], first_mib * MIB, flags));
	SET_OK(groups, 1, pr_mem_set_soft_limit(groups->doms[1], second_mib * MIB, flags));
}

/* The parent has 300 MiB: whose soft limit is 200 keeps that, the other one gets the rest. */
Test(effect_memory, soft_limits_below_a_limit_of_v2, .timeout = 120)
{
	static const char *const names[] = {"a", "b", NULL};
	static size_t mib = 200;
	struct pr_domain *parent = NULL;
	struct pr_host *top = NULL;
	struct groups groups;

	groups_open(&groups, names);
	if (groups_version(&groups, "memory") != 2 || meminfo_kib("SwapTotal") == 0) {
		groups_close(&groups);
		cr_skip_test("needs memory on cgroup v2, and swap");
	}
	EXPECT_OK(pr_host_open(groups.ctx, "cgroup:", 0, &top), pr_ctx_errmsg(groups.ctx));
	EXPECT_OK(pr_domain_open(top, groups.name, 0, &parent), pr_host_errmsg(top));
	EXPECT_OK(pr_mem_set_hard_limit(parent, 300 * MIB, 0), pr_domain_errmsg(parent));
	/* The parent protects nothing: that voids a soft limit below it. */
	cr_expect_eq(pr_mem_set_soft_limit(groups.doms[0], 200 * MIB, 0), -EOPNOTSUPP, "%s",
		     pr_domain_errmsg(groups.doms[0]));
	cr_expect(strstr(pr_domain_errmsg(groups.doms[0]), groups.name), "%s",
		  pr_domain_errmsg(groups.doms[0]));
	set_soft_limits(&groups, 200, 60, PRALLOC_ANCESTORS);
	cr_expect_eq(groups_number(&groups, "memory", -1, "memory.low"), 260 * MIB,
		     "the sum of those below it");
	groups_load(&groups, 0, load_memory, &mib);
	groups_load(&groups, 1, load_memory, &mib);
	expect_usage(&groups, "soft limits 200 and 60 of 300 MiB", first_has_two_thirds);
	set_soft_limits(&groups, 60, 200, PRALLOC_ANCESTORS);
	expect_usage(&groups, "soft limits 60 and 200 of 300 MiB", second_has_two_thirds);
	for (int i = 0; i < 2; i++)
		SET_OK(&groups, i, pr_domain_reset(groups.doms[i], "mem.soft_limit", NULL, 0));
	cr_expect_eq(groups_number(&groups, "memory", -1, "memory.low"), 0,
		     "what was raised is taken back");
	pr_domain_close(parent);
	pr_host_close(top);
	groups_close(&groups);
}

static bool first_has_double(double first_mib, double second_mib)
{
	return is_within(first_mib / second_mib, 250.0 / 120, 15);
}

static bool second_has_double(double first_mib, double second_mib)
{
	return first_has_double(second_mib, first_mib);
}

/* v1 looks at soft limits only when the whole machine is short of memory. */
Test(effect_memory, soft_limits_of_v1_under_pressure, .timeout = 120)
{
	static const char *const names[] = {"a", "b", NULL};
	static size_t mib = 350;
	struct groups groups;

	groups_open(&groups, names);
	if (groups_version(&groups, "memory") != 1 || meminfo_kib("MemTotal") > SMALL_MACHINE_KIB ||
	    meminfo_kib("SwapTotal") == 0) {
		groups_close(&groups);
		cr_skip_test("needs memory on cgroup v1, a small machine and swap");
	}
	set_soft_limits(&groups, 250, 120, 0);
	groups_load(&groups, 0, load_memory, &mib);
	groups_load(&groups, 1, load_memory, &mib);
	expect_usage(&groups, "soft limits 250 and 120 MiB", first_has_double);
	set_soft_limits(&groups, 120, 250, 0);
	expect_usage(&groups, "soft limits 120 and 250 MiB", second_has_double);
	groups_close(&groups);
}

static void wait_for_usage(const struct groups *groups, double mib)
{
	for (int i = 0; i < POLLS && usage_mib(groups, 0) < mib; i++)
		pause_ms(POLL_MS);
	cr_assert_geq(usage_mib(groups, 0), mib);
}

Test(effect_memory, hard_limit_near_use_is_harm, .timeout = 120)
{
	static const char *const names[] = {"a", NULL};
	static size_t mib = 64;
	struct groups groups;
	char before[64], after[64];
	const char *file;
	int r;

	groups_open(&groups, names);
	if (!groups_version(&groups, "memory")) {
		groups_close(&groups);
		cr_skip_test("no memory controller here");
	}
	file = groups_version(&groups, "memory") == 1 ? "memory.limit_in_bytes" : "memory.max";
	groups_load(&groups, 0, load_memory, &mib);
	wait_for_usage(&groups, 64);
	groups_cat(&groups, "memory", 0, file, before, sizeof(before));
	r = pr_mem_set_hard_limit(groups.doms[0], 64 * MIB, 0);
	cr_expect_eq(r, -ENOSPC, "%d: %s", r, pr_domain_errmsg(groups.doms[0]));
	tell("%s", pr_domain_errmsg(groups.doms[0]));
	groups_cat(&groups, "memory", 0, file, after, sizeof(after));
	cr_expect_str_eq(after, before, "nothing was changed");
	/* Without swap the kernel of v1 refuses it, and v2 would kill. */
	if (groups_version(&groups, "memory") == 1 && meminfo_kib("SwapTotal") == 0) {
		r = pr_mem_set_hard_limit(groups.doms[0], 32 * MIB, PRALLOC_ALLOW_HARM);
		cr_expect_eq(r, -EBUSY, "%d: %s", r, pr_domain_errmsg(groups.doms[0]));
		tell("%s", pr_domain_errmsg(groups.doms[0]));
		groups_cat(&groups, "memory", 0, file, after, sizeof(after));
		cr_expect_str_eq(after, before, "nothing was changed");
	}
	SET_OK(&groups, 0, pr_mem_set_hard_limit(groups.doms[0], 128 * MIB, 0));
	cr_expect_eq(groups_number(&groups, "memory", 0, file), 128 * MIB);
	groups_close(&groups);
}

/* On v1 swap is in the file of memory and swap together, which has to be above that of memory. */
Test(effect_memory, swap_alone_moves_with_the_hard_limit)
{
	static const char *const names[] = {"a", NULL};
	static const uint64_t limits_mib[][2] = {{64, 32}, {256, 64}, {48, 16}, {128, 0}, {96, 96}};
	struct groups groups;
	uint64_t swap = 0;

	groups_open(&groups, names);
	for (size_t i = 0; i < sizeof(limits_mib) / sizeof(limits_mib[0]); i++) {
		uint64_t hard = limits_mib[i][0] * MIB, wanted = limits_mib[i][1] * MIB;
		struct pr_plan *plan = NULL;
		int r;

		cr_assert_eq(pr_plan_new(groups.ctx, &plan), 0);
		cr_assert_eq(pr_plan_set_u64(plan, groups.doms[0], "mem.hard_limit", NULL, hard),
			     0);
		cr_assert_eq(pr_plan_set_u64(plan, groups.doms[0], "mem.swap_limit", NULL, wanted),
			     0);
		r = pr_plan_apply(plan, 10000, 0);
		if (i == 0 && r == -EOPNOTSUPP) {
			tell("%s", pr_plan_errmsg(plan));
			pr_plan_free(plan);
			groups_close(&groups);
			cr_skip_test("the kernel does not account swap here");
		}
		cr_assert_eq(r, 0, "%zu: %s", i, pr_plan_errmsg(plan));
		pr_plan_free(plan);
		SET_OK(&groups, 0, pr_get_u64(groups.doms[0], "mem.swap_limit", NULL, &swap, 0));
		cr_expect_eq(swap, wanted);
		if (groups_version(&groups, "memory") == 1)
			cr_expect_eq(
				groups_number(&groups, "memory", 0, "memory.memsw.limit_in_bytes"),
				hard + wanted);
		else
			cr_expect_eq(groups_number(&groups, "memory", 0, "memory.swap.max"),
				     wanted);
		/* The hard limit alone leaves swap what it is. */
		SET_OK(&groups, 0, pr_mem_set_hard_limit(groups.doms[0], hard * 2, 0));
		SET_OK(&groups, 0, pr_get_u64(groups.doms[0], "mem.swap_limit", NULL, &swap, 0));
		cr_expect_eq(swap, wanted, "after the hard limit alone");
	}
	groups_close(&groups);
}
