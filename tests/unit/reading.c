/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many attributes in one pass. */
#include <malloc.h>

#include "fixture.h"

#define COUNT(array) PRI_ARRAY_SIZE(array)

static struct pr_reading reading(const char *attribute, const char *instance)
{
	return (struct pr_reading){.size = sizeof(struct pr_reading),
				   .attribute = attribute,
				   .instance = instance,
				   .error = 99};
}

Test(reading, values_and_errors_side_by_side)
{
	struct pr_reading readings[] = {
		reading("cpu.shares", NULL),
		reading("no.such", NULL),
		reading("cpu.pin", "1"),
		reading(NULL, NULL),
		reading("net.rate.in", "faketap1"),
		reading("net.rate.in", "eth9"),
		reading("mem.total", NULL),
		reading("cpu.pin", "7"),
		reading("mem.rss", NULL),
		reading("cpu.pin", NULL),
	};
	static const int errors[] = {0,	      -EINVAL, 0,	-EINVAL, 0,
				     -ENODEV, -EINVAL, -ENODEV, 0,	 -EINVAL};
	struct pr_read_times times = {.size = sizeof(times)};
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_cpu_pin(bed.dom, 1, "0-2", 0), 0);
	for (int pass = 0; pass < 3; pass++) {
		cr_assert_eq(pr_read(bed.dom, readings, COUNT(readings), &times, 0), 0, "%s",
			     pr_domain_errmsg(bed.dom));
		for (size_t i = 0; i < COUNT(readings); i++)
			cr_expect_eq(readings[i].error, errors[i], "reading %zu: %d", i,
				     readings[i].error);
		cr_expect_eq(readings[0].value.type, PRALLOC_TYPE_U64);
		cr_expect_eq(readings[0].value.number, 1024);
		cr_expect_null(readings[0].value.text);
		cr_expect_eq(readings[1].value.type, 0);
		cr_expect_eq(readings[2].value.type, PRALLOC_TYPE_TEXT);
		cr_expect_str_eq(readings[2].value.text, "0-2");
		cr_expect_eq(readings[4].value.number, PRALLOC_UNLIMITED);
		cr_expect_leq(times.start_ns, times.end_ns);
		cr_expect_leq(times.end_ns, pri_now_ns());
	}
	bed_close(&bed);
}

Test(reading, text_that_is_not_set)
{
	struct pr_reading one = reading("cpu.emulator_pin", NULL);
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_read(bed.dom, &one, 1, NULL, 0), 0);
	cr_expect_eq(one.error, 0);
	cr_expect_eq(one.value.type, PRALLOC_TYPE_TEXT);
	cr_expect_eq(one.value.number, PRALLOC_DEFAULT);
	cr_expect_null(one.value.text);
	bed_close(&bed);
}

Test(reading, arguments)
{
	struct pr_reading two[] = {reading("cpu.shares", NULL), reading("cpu.quota", NULL)};
	struct pr_read_times times = {.size = sizeof(times) - 1};
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_read(NULL, two, 2, NULL, 0), -EINVAL);
	cr_expect_eq(pr_read(bed.dom, NULL, 2, NULL, 0), -EINVAL);
	cr_expect_eq(pr_read(bed.dom, NULL, 0, NULL, 0), 0);
	cr_expect_eq(pr_read(bed.dom, two, 2, NULL, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_read(bed.dom, two, 2, NULL, PRALLOC_LIVE | PRALLOC_CONFIG), -EINVAL);
	cr_expect_eq(pr_read(bed.dom, two, 2, &times, 0), -EINVAL);
	two[1].size--;
	cr_expect_eq(pr_read(bed.dom, two, 2, NULL, 0), -EINVAL);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "readings[1].size");
	cr_expect_eq(two[0].error, 99, "touched in spite of the error");
	two[1].size++;
	cr_expect_eq(pr_read(bed.dom, two, 2, NULL, PRALLOC_CONFIG), 0);
	cr_expect_eq(two[0].value.number, PRALLOC_DEFAULT);
	bed_close(&bed);
}

/* A program that was built with a larger struct: the elements are as far apart as they say. */
Test(reading, elements_of_a_newer_program)
{
	struct {
		struct pr_reading reading;
		uint64_t added;
	} list[] = {{reading("cpu.shares", NULL), 1}, {reading("cpu.period", NULL), 2}};
	struct bed bed;

	bed_open(&bed);
	list[0].reading.size = list[1].reading.size = sizeof(list[0]);
	cr_assert_eq(pr_read(bed.dom, &list[0].reading, 2, NULL, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_expect_eq(list[0].reading.value.number, 1024);
	cr_expect_eq(list[1].reading.value.number, 100000);
	cr_expect_eq(list[0].added, 1);
	cr_expect_eq(list[1].added, 2);
	bed_close(&bed);
}

Test(reading, what_concerns_all_is_the_result)
{
	static const struct {
		const char *directive;
		int code;
	} cases[] = {
		{"vanish domain=vm1", -ENOENT},	  {"replace domain=vm1", -ESTALE},
		{"delay ms=500", -ETIMEDOUT},	  {"failread error=EBUSY", -EBUSY},
		{"failread error=EBUSY at=1", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pr_reading two[] = {reading("cpu.shares", NULL), reading("cpu.quota", NULL)};
		struct pr_read_times times = {.size = sizeof(times)};
		struct bed bed;

		bed_open(&bed);
		cr_assert_eq(pr_ctx_set_timeout(bed.ctx, 50), 0);
		bed_inject(&bed, cases[i].directive);
		cr_expect_eq(pr_read(bed.dom, two, 2, &times, 0), cases[i].code, "%s: %s",
			     cases[i].directive, pr_domain_errmsg(bed.dom));
		cr_expect_eq(times.start_ns == 0, cases[i].code < 0, "%s", cases[i].directive);
		bed_close(&bed);
	}
}

/* The list may grow, shrink and change from call to call. */
Test(reading, another_list_each_time)
{
	static const char *const names[] = {"cpu.shares", "cpu.quota", "mem.rss", "cpu.time"};
	struct bed bed;

	bed_open(&bed);
	for (size_t turn = 0; turn < 16; turn++) {
		struct pr_reading list[COUNT(names)];
		size_t n = 1 + turn % COUNT(names);

		for (size_t i = 0; i < n; i++)
			list[i] = reading(names[(i + turn / 2) % COUNT(names)], NULL);
		cr_assert_eq(pr_read(bed.dom, list, n, NULL, 0), 0);
		for (size_t i = 0; i < n; i++)
			cr_expect_eq(list[i].value.number,
				     strcmp(list[i].attribute, "cpu.time") == 0
					     ? list[i].value.number
					     : bed_get(bed.dom, list[i].attribute, NULL, 0),
				     "turn %zu: %s", turn, list[i].attribute);
	}
	bed_close(&bed);
}

/* mallinfo2 says nothing where a sanitizer has taken the allocator over. */
static bool allocations_are_seen(void)
{
	size_t before = mallinfo2().uordblks;
	void *volatile block = malloc(100000);
	size_t after = mallinfo2().uordblks;

	free(block);
	return after > before;
}

static unsigned int freed_and_allocated(struct bed *bed, struct pr_reading *list, size_t n)
{
	unsigned int moved = 0;

	for (int pass = 0; pass < 100; pass++) {
		struct mallinfo2 before = mallinfo2();
		struct mallinfo2 after;

		cr_assert_eq(pr_read(bed->dom, list, n, NULL, 0), 0);
		after = mallinfo2();
		moved += memcmp(&before, &after, sizeof(before)) != 0;
	}
	return moved;
}

/* A freed block shows in the free lists, so that even malloc and free in turn are seen. */
Test(reading, steady_state_allocates_nothing)
{
	struct pr_reading list[] = {
		reading("cpu.shares", NULL), reading("mem.rss", NULL),
		reading("io.weight", NULL),  reading("io.read_bytes", "/dev/fake0"),
		reading("cpu.time", NULL),   reading("net.rx_bytes", "52:54:00:00:00:01"),
	};
	struct bed bed;

	if (!allocations_are_seen())
		cr_skip_test("mallinfo2 does not see this allocator");
	bed_open(&bed);
	freed_and_allocated(&bed, list, COUNT(list));
	cr_expect_eq(freed_and_allocated(&bed, list, COUNT(list)), 0);
	bed_close(&bed);
}
