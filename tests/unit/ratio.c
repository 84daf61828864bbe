/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One factor for many weights. */
#include "core/ratio.h"

#include "fixture.h"

#define VALUES_MAX 5

/* cgroup v2: weight = shares × 100 / 1024, nearest. */
static uint64_t to_weight(uint64_t shares)
{
	return (shares * 100 + 512) / 1024;
}

static uint64_t to_shares(uint64_t weight)
{
	return (weight * 1024 + 50) / 100;
}

static const struct pri_serve plain = {.grain = 0};
static const struct pri_serve tens = {.grain = 10};
static const struct pri_serve shares = {.encode = to_weight, .decode = to_shares};

static const struct {
	const char *name;
	const struct pri_serve *serve;
	struct pri_range range;
	uint64_t values[VALUES_MAX]; /* ascending, up to a 0 */
	uint64_t scaled[VALUES_MAX]; /* a first 0: there is no factor */
} cases[] = {
	{"one comes to the end", &plain, {1, 1000}, {3000}, {1000}},
	{"one comes to the beginning", &plain, {10, 1000}, {3}, {10}},
	{"the nearest exact one", &plain, {1, 1000}, {100, 500, 3000}, {33, 165, 990}},
	{"nearer to 1 than 2 of 60", &plain, {1, 1000}, {2, 3000}, {0}},
	{"all of a ratio of 1000", &plain, {1, 1000}, {10, 500, 10000}, {1, 50, 1000}},
	{"ratio beyond the range", &plain, {1, 1000}, {9, 10000}, {0}},
	{"ratio at the end by rounding", &plain, {1, 1000}, {1, 1010}, {1, 1000}},
	{"a small one decides", &plain, {1, 1000}, {7, 100, 3000}, {2, 29, 870}},
	{"nothing within 2.5 %", &plain, {1, 10}, {10, 15, 19, 100}, {0}},
	{"up", &plain, {50, 1000}, {20, 35, 60}, {52, 91, 156}},
	{"up, exact at the first", &plain, {50, 1000}, {20, 40, 60}, {50, 100, 150}},
	{"up beyond the end", &plain, {50, 1000}, {20, 401}, {0}},
	{"grain", &tens, {10, 1000}, {30, 3000}, {10, 1000}},
	{"grain beyond the end", &tens, {10, 1005}, {3000, 6000}, {500, 1000}},
	{"weights of v2", &shares, {20, 102400}, {1024, 204800}, {512, 102400}},
	{"weights of v2, up", &shares, {20, 102400}, {2, 1024}, {20, 10240}},
};

Test(ratio, cases)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_factor factor = {0};
		size_t n = 0;
		bool found;

		while (n < VALUES_MAX && cases[i].values[n])
			n++;
		found = pri_ratio_find(cases[i].serve, &cases[i].range, cases[i].values, n,
				       &factor);
		cr_expect_eq(found, cases[i].scaled[0] > 0, "%s", cases[i].name);
		for (size_t k = 0; found && k < n; k++) {
			uint64_t scaled =
				pri_ratio_scale(cases[i].serve, &factor, cases[i].values[k]);

			cr_expect_eq(scaled, cases[i].scaled[k], "%s: %" PRIu64 " becomes %" PRIu64,
				     cases[i].name, cases[i].values[k], scaled);
		}
	}
}

/* Whatever is found keeps what it promises, and what can be brought into the range exactly is. */
Test(ratio, promises)
{
	static const struct pri_range range = {1, 1000};
	unsigned int seed = 1;

	for (size_t round = 0; round < 2000; round++) {
		uint64_t values[3] = {1 + (uint64_t)rand_r(&seed) % 300};
		struct pri_factor factor;
		double least = 1e9, most = 0;

		values[1] = values[0] + 1 + (uint64_t)rand_r(&seed) % 700;
		values[2] = values[1] + 1001 + (uint64_t)rand_r(&seed) % 8000;
		if (!pri_ratio_find(&plain, &range, values, 3, &factor))
			continue;
		for (size_t k = 0; k < 3; k++) {
			uint64_t scaled = pri_ratio_scale(&plain, &factor, values[k]);
			double part = (double)scaled / (double)values[k];

			cr_assert(scaled >= range.min && scaled <= range.max);
			least = part < least ? part : least;
			most = part > most ? part : most;
		}
		cr_assert_lt(most / least, 1.025, "%" PRIu64 " %" PRIu64 " %" PRIu64, values[0],
			     values[1], values[2]);
	}
	for (uint64_t by = 2; by <= 10; by++) {
		const uint64_t values[] = {3 * by, 10 * by, 1000 * by};
		struct pri_factor factor = {0};

		cr_assert(pri_ratio_find(&plain, &range, values, 3, &factor));
		cr_expect_eq(pri_ratio_scale(&plain, &factor, values[0]), 3);
		cr_expect_eq(pri_ratio_scale(&plain, &factor, values[1]), 10);
		cr_expect_eq(pri_ratio_scale(&plain, &factor, values[2]), 1000);
	}
}
