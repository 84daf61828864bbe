/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scale of a backend's row: range, grain, verification. */
#include "fixture.h"

#define PAGE 4096
#define LARGEST ((uint64_t)INT64_MAX)

/* cgroup v2: weight = shares × 100 / 1024, nearest, 1 to 10000. */
static uint64_t to_weight(uint64_t shares)
{
	uint64_t weight = (shares * 100 + 512) / 1024;

	return weight < 1 ? 1 : weight > 10000 ? 10000 : weight;
}

static uint64_t to_shares(uint64_t weight)
{
	return (weight * 1024 + 50) / 100;
}

static struct pr_host host = {
	.backend_count = 1,
	.backends = {{&pri_fake_backend, NULL}},
};

static const struct {
	int attr;
	struct pri_serve serve;
	uint64_t wanted, held; /* held 0: refused */
	const char *text[2];   /* what the refusal names */
} cases[] = {
	/* any value */
	{PRI_CPU_SHARES, {0}, 1025, 1025, {NULL}},
	{PRI_CPU_SHARES, {.grain = 1}, 1025, 1025, {NULL}},
	/* to the nearest page, as far as that is within 2.5 % */
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, 1 << 20, 1 << 20, {NULL}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, (1 << 20) + 2047, 1 << 20, {NULL}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, (1 << 20) + 2048, (1 << 20) + PAGE, {NULL}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, PAGE, PAGE, {NULL}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, PAGE + 102, PAGE, {NULL}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, PAGE + 2047, 0, {"4KiB", "8KiB"}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, 1, 0, {"0", "4KiB"}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, 3000, 0, {"0", "4KiB"}},
	/* the nearest page of the largest value would be out of range */
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, LARGEST, LARGEST - PAGE + 1, {NULL}},
	{PRI_MEM_HARD_LIMIT, {.grain = PAGE}, PRALLOC_UNLIMITED, PRALLOC_UNLIMITED, {NULL}},
	/* a range of the backend's own */
	{PRI_IO_WEIGHT, {.min = 1, .max = 1000}, 1000, 1000, {NULL}},
	{PRI_IO_WEIGHT, {.min = 1, .max = 1000}, 1001, 0, {"1001", "1 to 1000"}},
	{PRI_IO_WEIGHT, {.min = 10, .max = 1000}, 9, 0, {"9", "10 to 1000"}},
	{PRI_IO_WEIGHT, {.min = 10, .max = 1000}, 10, 10, {NULL}},
	/* a scale that is not linear in whole numbers */
	{PRI_CPU_SHARES, {.encode = to_weight, .decode = to_shares}, 1024, 1024, {NULL}},
	{PRI_CPU_SHARES, {.encode = to_weight, .decode = to_shares}, 2048, 2048, {NULL}},
	{PRI_CPU_SHARES, {.encode = to_weight, .decode = to_shares}, 1030, 1034, {NULL}},
	{PRI_CPU_SHARES, {.encode = to_weight, .decode = to_shares}, 26, 0, {"20", "31"}},
	{PRI_CPU_SHARES, {.encode = to_weight, .decode = to_shares}, 37, 0, {"31", "41"}},
};

static void make(struct pri_item *item, struct pri_route *route, size_t i)
{
	*route = (struct pri_route){.serve = &cases[i].serve, .known = true};
	*item = (struct pri_item){
		.target = {.host = &host},
		.route = route,
		.change = {.attr = &pri_attrs[cases[i].attr],
			   .instance = "",
			   .mode = PRALLOC_LIVE,
			   .wanted = {.number = cases[i].wanted}},
	};
}

Test(item, grain)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_serve serve = cases[i].serve;
		struct pri_route route;
		struct pri_item item;
		int r;

		make(&item, &route, i);
		serve.modes = PRI_SERVE_ALL;
		route.serve = &serve;
		r = pri_item_check(&item);
		if (cases[i].held) {
			cr_expect_eq(r, 0, "case %zu: %s", i, item.change.text);
			cr_expect_eq(item.change.wanted.number, cases[i].held, "case %zu: %" PRIu64,
				     i, item.change.wanted.number);
		} else {
			cr_assert_eq(r, -ERANGE, "case %zu: %d", i, r);
			EXPECT_TEXT(item.change.text, cases[i].text[0]);
			EXPECT_TEXT(item.change.text, cases[i].text[1]);
		}
		pri_item_clear(&item);
	}
}

/* Whatever passes stays where it is when it is read and set again. */
Test(item, grain_is_stable)
{
	struct pri_serve serve = {.modes = PRI_SERVE_ALL, .encode = to_weight, .decode = to_shares};
	struct pri_route route = {.serve = &serve, .known = true};
	unsigned int passed = 0;

	for (uint64_t shares = 2; shares <= 262144; shares += 1 + shares / 64) {
		struct pri_item item = {
			.target = {.host = &host},
			.route = &route,
			.change = {.attr = &pri_attrs[PRI_CPU_SHARES],
				   .instance = "",
				   .mode = PRALLOC_LIVE,
				   .wanted = {.number = shares}},
		};

		if (pri_item_check(&item) == 0) {
			uint64_t held = item.change.wanted.number;

			passed++;
			cr_expect_eq(pri_item_check(&item), 0, "%" PRIu64, held);
			cr_expect_eq(item.change.wanted.number, held, "%" PRIu64, shares);
		}
		pri_item_clear(&item);
	}
	cr_expect_gt(passed, 100);
}

static const struct {
	uint32_t modes, mode;
	const char *text; /* NULL: allowed */
} modes[] = {
	{PRI_SERVE_WRITE, PRALLOC_LIVE, NULL},
	{PRI_SERVE_WRITE_CONFIG, PRALLOC_CONFIG, NULL},
	{PRI_SERVE_ALL & ~PRI_SERVE_WRITE, PRALLOC_LIVE, "while the domain runs"},
	{PRI_SERVE_ALL & ~PRI_SERVE_WRITE_CONFIG, PRALLOC_CONFIG, "persistently"},
};

Test(item, modes_of_the_row)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(modes); i++) {
		struct pri_serve serve = {.modes = modes[i].modes};
		struct pri_route route = {.serve = &serve, .known = true};
		struct pri_item item = {
			.target = {.host = &host},
			.route = &route,
			.change = {.attr = &pri_attrs[PRI_CPU_SHARES],
				   .instance = "",
				   .mode = modes[i].mode,
				   .wanted = {.number = 1024}},
		};
		int r = pri_item_check(&item);

		cr_expect_eq(r, modes[i].text ? -EOPNOTSUPP : 0, "case %zu: %d", i, r);
		if (r < 0)
			EXPECT_TEXT(item.change.text, modes[i].text);
		pri_item_clear(&item);
	}
}

static const struct {
	uint64_t wanted, held;
	int code;
} read_back[] = {
	{1024, 1024, 0},
	{1024, 1027, 0}, /* the same weight of 100 */
	{1024, 2048, -EREMOTEIO},
	{1024, PRALLOC_DEFAULT, -EREMOTEIO},
	{PRALLOC_DEFAULT, 1024, 0}, /* only the backend knows its default */
	{PRALLOC_UNLIMITED, 1024, -EREMOTEIO},
};

Test(item, verify)
{
	struct pri_serve serve = {.modes = PRI_SERVE_ALL, .encode = to_weight, .decode = to_shares};
	struct pri_route route = {.serve = &serve, .known = true};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(read_back); i++) {
		struct pri_item item = {
			.target = {.host = &host},
			.route = &route,
			.change = {.attr = &pri_attrs[PRI_CPU_SHARES],
				   .serve = &serve,
				   .instance = "",
				   .mode = PRALLOC_LIVE,
				   .wanted = {.number = read_back[i].wanted},
				   .held = {.number = read_back[i].held}},
		};
		int r = pri_item_verify(&item);

		cr_expect_eq(r, read_back[i].code, "case %zu: %d", i, r);
		if (r < 0)
			EXPECT_TEXT(item.change.text, "reads back as");
		pri_item_clear(&item);
	}
}
