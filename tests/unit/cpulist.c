/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU lists: canonical form and what is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define CPUS 8192

static const struct {
	const char *text, *canonical;
	unsigned int highest;
} good[] = {
	{"0", "0", 0},		{"0,2-3", "0,2-3", 3},
	{"0,1", "0-1", 1},	{"3,2,1,0", "0-3", 3},
	{"5,0-3", "0-3,5", 5},	{"0-2,2-4,3", "0-4", 4},
	{"0-2,3-4", "0-4", 4},	{"7-7", "7", 7},
	{"007,08", "7-8", 8},	{" 0,2-3\n", "0,2-3", 3},
	{"\t1", "1", 1},	{"63-64,127,128", "63-64,127-128", 128},
	{"8191", "8191", 8191}, {"0-8191", "0-8191", 8191},
	{"1,1,1,1", "1", 1},
};

static const struct {
	const char *text;
	int code;
} bad[] = {
	{"", -EINVAL},
	{" ", -EINVAL},
	{",", -EINVAL},
	{"0,", -EINVAL},
	{",0", -EINVAL},
	{"0,,1", -EINVAL},
	{"3-1", -EINVAL},
	{"1-", -EINVAL},
	{"-1", -EINVAL},
	{"1-2-3", -EINVAL},
	{"0-7,^3", -EINVAL},
	{"^3", -EINVAL},
	{"0 1", -EINVAL},
	{"0, 1", -EINVAL},
	{"0 - 1", -EINVAL},
	{"+1", -EINVAL},
	{"0x1", -EINVAL},
	{"1.5", -EINVAL},
	{"all", -EINVAL},
	{"0-3:2/4", -EINVAL},
	{"0-N", -EINVAL},
	{"8192", -ERANGE},
	{"0-8192", -ERANGE},
	{"8192-1", -ERANGE},
	{"81910", -ERANGE},
	{"4294967296", -ERANGE},
	{"18446744073709551616", -ERANGE},
	{"0,99999999999999999999999999999999", -ERANGE},
};

Test(cpulist, good_lists_become_canonical)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(good); i++) {
		pri_autofree char *text = NULL;
		unsigned int highest = 0;
		int r = pri_cpulist_canonical(good[i].text, &text, &highest);

		cr_assert_eq(r, 0, "\"%s\": %d", good[i].text, r);
		cr_expect_str_eq(text, good[i].canonical, "\"%s\": got %s", good[i].text, text);
		cr_expect_eq(highest, good[i].highest, "\"%s\": highest %u", good[i].text, highest);
	}
}

Test(cpulist, bad_lists_are_refused_and_write_nothing)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(bad); i++) {
		char *text = (char *)bad;
		unsigned int highest = 4711;
		int r = pri_cpulist_canonical(bad[i].text, &text, &highest);

		cr_expect_eq(r, bad[i].code, "\"%s\": %d", bad[i].text, r);
		cr_expect_eq(text, (char *)bad, "\"%s\": text was written", bad[i].text);
		cr_expect_eq(highest, 4711, "\"%s\": highest was written", bad[i].text);
	}
}

/* Every list of runs of a length with gaps of a length: the longest texts are among them. */
Test(cpulist, all_patterns_of_the_whole_range_survive)
{
	pri_autofree char *given = malloc(CPUS * sizeof("8191"));

	cr_assert_not_null(given);
	for (unsigned int run = 1; run <= 4; run++) {
		pri_autofree char *once = NULL, *twice = NULL;
		unsigned int highest, last = 0;
		size_t length = 0;

		for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
			if (cpu % (run + 1) == run)
				continue;
			last = cpu;
			length += (size_t)sprintf(given + length, "%s%u", length ? "," : "", cpu);
		}
		cr_assert_eq(pri_cpulist_canonical(given, &once, &highest), 0, "runs of %u", run);
		cr_expect_eq(highest, last, "runs of %u: highest %u", run, highest);
		cr_assert_eq(pri_cpulist_canonical(once, &twice, &highest), 0, "runs of %u", run);
		cr_expect_str_eq(once, twice, "runs of %u", run);
		cr_expect_eq(highest, last, "runs of %u: highest %u", run, highest);
	}
}

/* Against a set of CPUs built here, over lists that a fixed generator makes. */
Test(cpulist, random_lists_mean_the_same_cpus)
{
	uint64_t state = 1;

	for (int round = 0; round < 500; round++) {
		bool wanted[64] = {false}, got[64] = {false};
		pri_autofree char *text = NULL;
		char given[512] = "";
		unsigned int highest, first, last;
		size_t length = 0;

		for (int part = 0; part < 8; part++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			first = (unsigned int)(state >> 40) % 64;
			last = first + (unsigned int)(state >> 50) % (64 - first);
			length += (size_t)sprintf(given + length, "%s%u-%u", part ? "," : "", first,
						  last);
			for (unsigned int cpu = first; cpu <= last; cpu++)
				wanted[cpu] = true;
		}
		cr_assert_eq(pri_cpulist_canonical(given, &text, &highest), 0, "%s", given);
		for (char *part = text, *next; *part; part = *next ? next + 1 : next) {
			first = (unsigned int)strtoul(part, &next, 10);
			last = *next == '-' ? (unsigned int)strtoul(next + 1, &next, 10) : first;
			for (unsigned int cpu = first; cpu <= last; cpu++)
				got[cpu] = true;
		}
		cr_expect_arr_eq(got, wanted, sizeof(got), "%s became %s", given, text);
	}
}
