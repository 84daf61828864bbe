/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values to text: the forms, that exact ones come back, and copies and comparison. */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define KI UINT64_C(1024)
#define MI (KI * KI)
#define GI (MI * KI)
#define UNLIMITED PRALLOC_UNLIMITED
#define DEFAULT PRALLOC_DEFAULT

static const struct {
	const char *attribute;
	uint64_t number;
	const char *exact, *brief;
} formats[] = {
	{"mem.balloon", 512 * MI, "512MiB", "512M"},
	{"mem.balloon", 1536 * MI, "1536MiB", "1.5G"},
	{"mem.balloon", 1000, "1000", "1000B"},
	{"mem.balloon", 1023 * MI + 900 * KI, "1048452KiB", "1G"},
	{"mem.balloon", 10 * GI + 250 * MI, "10490MiB", "10.2G"},
	{"mem.balloon", 1300 * MI, "1300MiB", "1.27G"},
	{"mem.balloon", UNLIMITED, "unlimited", "unlimited"},
	{"mem.balloon", DEFAULT, "default", "-"},
	{"mem.balloon", 0, "0", "0B"},
	{"mem.balloon", UINT64_MAX - 2, "18446744073709551613", "16E"},
	{"cpu.shares", 1024, "1024", "1024"},
	{"cpu.shares", 262144, "262144", "262k"},
	{"cpu.quota", 100000, "100ms", "100 ms"},
	{"cpu.quota", 1500000, "1500ms", "1.5 s"},
	{"cpu.quota", 50001, "50001us", "50 ms"},
	{"cpu.quota", 2000000, "2s", "2 s"},
	{"cpu.time", UINT64_C(7200000000), "7200s", "2 h"},
	{"cpu.time", UINT64_C(5400000000), "5400s", "1.5 h"},
	{"mem.stats_period", 90, "90s", "90 s"},
	{"mem.stats_age", UINT64_MAX - 2, "18446744073709551613s", "213503982334601 d"},
	{"ksm.sleep_ms", 20, "20ms", "20 ms"},
	{"ksm.sleep_ms", 2000, "2s", "2 s"},
	{"ksm.sleep_ms", 0, "0ms", "0 s"},
	{"mem.pressure", 1234, "12.34%", "12.3 %"},
	{"mem.pressure", 2500, "25.00%", "25 %"},
	{"mem.pressure", 5, "0.05%", "0.05 %"},
	{"io.host.read_bytes", 10000000, "10MB/s", "10 MB/s"},
	{"io.host.read_bytes", 10 * MI, "10MiB/s", "10 MiB/s"},
	{"io.host.read_bytes", 1024000, "1000KiB/s", "1.02 MB/s"},
	{"io.host.read_bytes", 1500000, "1500kB/s", "1.5 MB/s"},
	{"io.host.read_bytes", 123, "123B/s", "123 B/s"},
	{"io.host.read_iops", 500, "500", "500/s"},
	{"io.host.read_iops", 12500, "12500", "12.5k/s"},
	{"net.rate.in", 10000000, "80Mbit/s", "80 Mbit/s"},
	{"net.rate.in", 187500, "1500kbit/s", "1.5 Mbit/s"},
	{"net.rate.in", 1250000000, "10Gbit/s", "10 Gbit/s"},
	{"net.rate.in", 123, "123B/s", "984 bit/s"},
	{"net.rate.in", 125, "1kbit/s", "1 kbit/s"},
	{"net.rate.in", UINT64_MAX - 2, "18446744073709551613B/s", "148 Ebit/s"},
	{"net.rate.in.burst", 64 * KI, "64KiB", "64K"},
	{"net.rx_packets", 9999, "9999", "9999"},
	{"net.rx_packets", 10000, "10000", "10k"},
	{"net.rx_packets", 999999, "999999", "1M"},
};

Test(value_format, formats)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(formats); i++) {
		struct pr_value value = {.size = sizeof(value),
					 .type = PRALLOC_TYPE_U64,
					 .number = formats[i].number};
		char text[PRALLOC_VALUE_TEXT_MAX];

		cr_assert_eq(
			pr_value_format(NULL, formats[i].attribute, &value, text, sizeof(text), 0),
			0);
		cr_expect_str_eq(text, formats[i].exact, "%s %" PRIu64 ": %s", formats[i].attribute,
				 formats[i].number, text);
		cr_assert_eq(pr_value_format(NULL, formats[i].attribute, &value, text, sizeof(text),
					     PRALLOC_FORMAT_SHORT),
			     0);
		cr_expect_str_eq(text, formats[i].brief, "%s %" PRIu64 ": %s", formats[i].attribute,
				 formats[i].number, text);
	}
}

/* A value, its neighbours, eight times it and its thousandfold, for every power of 2 and 10. */
static size_t edges(uint64_t *numbers)
{
	size_t n = 0;

	for (int shift = 0; shift < 64; shift++)
		for (int delta = -1; delta <= 1; delta++)
			numbers[n++] = (UINT64_C(1) << shift) + (uint64_t)delta;
	for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10)
		for (uint64_t factor = 1; factor <= 9; factor++) {
			numbers[n++] = power * factor;
			numbers[n++] = power * factor - 1;
			numbers[n++] = power / 8 * factor;
			numbers[n++] = power * 5 / 4 * factor;
		}
	for (uint64_t below = 0; below < 4; below++)
		numbers[n++] = UINT64_MAX - below;
	return n;
}

static void round_trip(const struct pri_attr *attr, uint64_t number)
{
	static const uint32_t flags[] = {0, PRALLOC_FORMAT_RAW};
	struct pr_value value = {.size = sizeof(value), .type = PRALLOC_TYPE_U64, .number = number};
	char text[PRALLOC_VALUE_TEXT_MAX];

	for (size_t i = 0; i < PRI_ARRAY_SIZE(flags); i++) {
		struct pri_value got = {4711, NULL};
		char *error = NULL;
		int r;

		cr_assert_eq(
			pr_value_format(NULL, attr->name, &value, text, sizeof(text), flags[i]), 0);
		r = pri_value_parse(&error, attr, text, 0, &got);
		cr_expect_eq(r, 0, "%s \"%s\": %s", attr->name, text, error);
		cr_expect_eq(got.number, number, "%s \"%s\" came back as %" PRIu64, attr->name,
			     text, got.number);
		free(error);
	}
}

Test(value_format, exact_texts_come_back_for_every_attribute)
{
	static uint64_t numbers[2048];
	size_t n = edges(numbers), attributes = 0;

	cr_assert_lt(n, PRI_ARRAY_SIZE(numbers));
	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name)) {
		/* Its unit, without its range: that is another test. */
		struct pri_attr attr = *pri_attr_find(name);

		if (pri_attr_is_text(&attr))
			continue;
		attr.min = 0;
		attr.max = PRI_NUMBER_MAX;
		attr.properties |= PRALLOC_ATTR_UNLIMITED;
		for (size_t i = 0; i < n; i++)
			round_trip(&attr, numbers[i]);
		attributes++;
	}
	cr_expect_gt(attributes, 90);
}

/* There is no unit beyond days (27 years of them have four digits) and percent. */
static bool has_short_text(const struct pri_attr *attr, uint64_t number)
{
	if (number >= PRALLOC_DEFAULT)
		return true;
	if (attr->unit == PRALLOC_UNIT_CENTIPERCENT)
		return number < 999900;
	if (attr->unit == PRALLOC_UNIT_SEC)
		return number < UINT64_C(86400) * 9999;
	if (attr->unit == PRALLOC_UNIT_MSEC)
		return number < UINT64_C(86400) * 9999 * 1000;
	if (attr->unit == PRALLOC_UNIT_USEC)
		return number < UINT64_C(86400) * 9999 * 1000 * 1000;
	return true;
}

Test(value_format, short_texts_are_short)
{
	static uint64_t numbers[2048];
	size_t n = edges(numbers);

	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name)) {
		const struct pri_attr *attr = pri_attr_find(name);

		for (size_t i = 0; i < n && !pri_attr_is_text(attr); i++) {
			struct pr_value value = {.size = sizeof(value),
						 .type = PRALLOC_TYPE_U64,
						 .number = numbers[i]};
			char text[PRALLOC_VALUE_TEXT_MAX];

			if (!has_short_text(attr, numbers[i]))
				continue;
			cr_assert_eq(pr_value_format(NULL, name, &value, text, sizeof(text),
						     PRALLOC_FORMAT_SHORT),
				     0);
			cr_expect_leq(strspn(text, "0123456789."), 4, "%s: %s", name, text);
		}
	}
}

Test(value_format, equality)
{
	const struct pri_attr *shares = pri_attr_find("cpu.shares");
	const struct pri_attr *pin = pri_attr_find("cpu.pin");
	const struct pri_attr *group = pri_attr_find("io.guest.group");
	char list_a[] = "0-2", list_b[] = "2,1,0", list_c[] = "0-3", word[] = "x";
	const struct pri_value one = {1, NULL}, two = {2, NULL}, absent = {DEFAULT, NULL};
	const struct pri_value a = {0, list_a}, b = {7, list_b}, c = {0, list_c}, w = {0, word};

	cr_expect(pri_value_equal(shares, &one, &one));
	cr_expect(!pri_value_equal(shares, &one, &two));
	cr_expect(!pri_value_equal(shares, &one, &absent));
	cr_expect(pri_value_equal(pin, &a, &b));
	cr_expect(!pri_value_equal(pin, &a, &c));
	cr_expect(!pri_value_equal(pin, &a, &w));
	cr_expect(!pri_value_equal(pin, &a, &absent));
	cr_expect(!pri_value_equal(pin, &absent, &a));
	cr_expect(pri_value_equal(pin, &absent, &absent));
	cr_expect(!pri_value_equal(group, &a, &b));
	cr_expect(pri_value_equal(group, &w, &w));
}

Test(value_format, copies_own_their_text)
{
	struct pri_value from = {5, NULL}, to = {0, NULL};

	cr_assert_eq(pri_value_copy(&to, &from), 0);
	cr_expect_eq(to.number, 5);
	from.number = DEFAULT;
	cr_assert_eq(pri_value_set_text(&from, "0-1"), 0);
	cr_expect_eq(from.number, 0, "a text that is set is not the default");
	cr_assert_eq(pri_value_copy(&to, &from), 0);
	cr_expect_str_eq(to.text, "0-1");
	cr_expect_neq(to.text, from.text);
	cr_assert_eq(pri_value_copy(&to, &to), 0);
	cr_assert_eq(pri_value_set_text(&from, "2"), 0);
	cr_expect_str_eq(to.text, "0-1");
	cr_assert_eq(pri_value_set_text(&to, NULL), 0);
	cr_expect_null(to.text);
	pri_value_clear(&from);
	pri_value_clear(&from);
	cr_expect_null(from.text);
}

Test(value_format, internal_texts)
{
	char list[] = "0-1";
	const struct pri_value cpus = {0, list}, absent = {DEFAULT, NULL}, size = {4096, NULL};
	pri_autofree char *a = pri_value_text(pri_attr_find("cpu.pin"), &cpus);
	pri_autofree char *b = pri_value_text(pri_attr_find("cpu.pin"), &absent);
	pri_autofree char *c = pri_value_text(pri_attr_find("mem.balloon"), &size);
	pri_autofree char *d = pri_value_text(pri_attr_find("mem.balloon"), &absent);

	cr_expect_str_eq(a, "0-1");
	cr_expect_str_eq(b, "default");
	cr_expect_str_eq(c, "4KiB");
	cr_expect_str_eq(d, "default");
}
