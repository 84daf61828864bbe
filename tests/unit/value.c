/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts to values: what is taken, what is refused and how. */
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
	const char *attribute, *text;
	uint64_t maximum, number;
} good[] = {
	{"mem.balloon", "512MiB", 0, 512 * MI},
	{"mem.balloon", "512M", 0, 512 * MI},
	{"mem.balloon", "512m", 0, 512 * MI},
	{"mem.balloon", " 0.5GiB\n", 0, 512 * MI},
	{"mem.balloon", "0.50000000000000000000000000000000000000000000000000000G", 0, 512 * MI},
	{"mem.balloon", "00001.5G", 0, 1536 * MI},
	{"mem.balloon", "1T", 0, 1024 * GI},
	{"mem.balloon", "2PiB", 0, 2 * KI *KI *GI},
	{"mem.balloon", "7E", 0, 7 * GI *GI},
	{"mem.balloon", "0.5EiB", 0, GI *GI / 2},
	{"mem.balloon", "2EB", 0, UINT64_C(2000000000000000000)},
	{"mem.balloon", "10MB", 0, 10000000},
	{"mem.balloon", "10mB", 0, 10000000},
	{"mem.balloon", "1kB", 0, 1000},
	{"mem.balloon", "1KB", 0, 1000},
	{"mem.balloon", "0.5kB", 0, 500},
	{"mem.balloon", "1.5GB", 0, 1500000000},
	{"mem.balloon", "3TB", 0, UINT64_C(3000000000000)},
	{"mem.balloon", "4PB", 0, UINT64_C(4000000000000000)},
	{"mem.balloon", "7B", 0, 7},
	{"mem.balloon", "4096", 0, 4096},
	{"mem.balloon", "9223372036854775807", 0, INT64_MAX},
	/* 2^-50 of a PiB: fifty digits, exactly one byte */
	{"mem.balloon", "0.00000000000000088817841970012523233890533447265625P", 0, 1},
	{"mem.balloon", "1.00000000000000088817841970012523233890533447265625P", 0, KI *KI *GI + 1},
	{"mem.balloon", "50%", 4 * GI, 2 * GI},
	{"mem.balloon", "12.5%", 4 * GI, 512 * MI},
	{"mem.balloon", "33.3%", 1000, 333},
	{"mem.balloon", "0.25%", 1000, 3},
	{"mem.balloon", "0.249%", 1000, 2},
	{"mem.balloon", "100%", INT64_MAX, INT64_MAX},
	{"mem.balloon", "150%", 2 * GI, 3 * GI},
	{"mem.balloon", "default", 0, DEFAULT},
	{"mem.balloon", "Default", 0, DEFAULT},
	{"mem.hard_limit", "unlimited", 0, UNLIMITED},
	{"mem.hard_limit", "max", 0, UNLIMITED},
	{"mem.hard_limit", "MAX", 0, UNLIMITED},
	{"mem.stats_period", "5", 0, 5},
	{"mem.stats_period", "5s", 0, 5},
	{"mem.stats_period", "2000ms", 0, 2},
	{"mem.stats_period", "3000000us", 0, 3},
	{"mem.pressure", "12.34%", 0, 1234},
	{"mem.pressure", "12.34%", 1000, 1234},
	{"mem.pressure", "50%", 7, 5000},
	{"mem.pressure", "1234", 0, 1234},
	{"mem.major_faults", "18446744073709551613", 0, UINT64_MAX - 2},
	{"mem.major_faults", "0", 0, 0},
	{"mem.virtio_requested", "0", 0, 0},
	{"cpu.shares", "1024", 0, 1024},
	{"cpu.shares", "2", 0, 2},
	{"cpu.shares", "262144", 0, 262144},
	{"cpu.shares", "2.000", 0, 2},
	{"cpu.shares", "25%", 4096, 1024},
	{"cpu.quota", "50000", 0, 50000},
	{"cpu.quota", "50000us", 0, 50000},
	{"cpu.quota", "50ms", 0, 50000},
	{"cpu.quota", "0.05S", 0, 50000},
	{"cpu.quota", "25%", 100000, 25000},
	{"cpu.quota", "150%", 100000, 150000},
	{"cpu.burst", "0", 0, 0},
	{"cpu.count", "4", 0, 4},
	{"cpu.count", "50%", 5, 3},
	{"io.weight", "10000", 0, 10000},
	{"io.weight[/dev/sdb]", "100", 0, 100},
	{"io.host.read_bytes", "10MB/s", 0, 10000000},
	{"io.host.read_bytes", "10MB/S", 0, 10000000},
	{"io.host.read_bytes", "10MB", 0, 10000000},
	{"io.host.read_bytes", "10M", 0, 10 * MI},
	{"io.host.read_bytes", "10MiB/s", 0, 10 * MI},
	{"io.host.read_bytes", "80Mbit/s", 0, 10000000},
	{"io.host.read_iops", "500", 0, 500},
	{"io.host.read_iops", "500/s", 0, 500},
	{"io.host.read_iops", "2k", 0, 2000},
	{"io.host.read_iops", "1.5K", 0, 1500},
	{"io.host.read_iops", "1M", 0, 1000000},
	{"io.host.read_iops", "1g", 0, 1000000000},
	{"net.rate.in", "1.5mbit", 0, 187500},
	{"net.rate.in", "80Mbit/s", 0, 10000000},
	{"net.rate.in", "80MBIT", 0, 10000000},
	{"net.rate.in", "8bit", 0, 1},
	{"net.rate.in", "1kbit", 0, 125},
	{"net.rate.in", "0.008kbit", 0, 1},
	{"net.rate.in", "10gbit", 0, 1250000000},
	{"net.rate.in", "1tbit", 0, UINT64_C(125000000000)},
	{"net.rate.in", "73786976294838206456bit", 0, INT64_MAX},
	{"net.rate.in[52:54:00:aa:bb:cc]", "123B/s", 0, 123},
	{"net.rate.in", "50%", 1250000000, 625000000},
	{"ksm.sleep_ms", "20", 0, 20},
	{"ksm.sleep_ms", "1.5s", 0, 1500},
	{"ksm.sleep_ms", "5000us", 0, 5},
	{"ksm.pages_to_scan", "100", 0, 100},
	{"ksm.run", "0", 0, 0},
};

/* given: what the error text has to contain besides allowed; NULL: the text itself. */
static const struct {
	const char *attribute, *text;
	uint64_t maximum;
	int code;
	const char *given, *allowed;
} bad[] = {
	{"mem.balloon", "", 0, -EINVAL, "\"\"", "512MiB"},
	{"mem.balloon", "  ", 0, -EINVAL, "\"\"", "512MiB"},
	{"mem.balloon", "5x", 0, -EINVAL, NULL, "is not a size (such as 512MiB, 2G, 10MB"},
	{"mem.balloon", "M", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", ".5G", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "5.", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "5.G", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "1.2.3G", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "1,5G", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "-5M", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "+5M", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "0x10", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "1e6", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "512 M", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "512MM", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "512Mi", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "512M/s", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "10mbit", 0, -EINVAL, NULL, "is not a size (such as 512MiB"},
	{"mem.balloon", "10Mb", 0, -EINVAL, NULL, "a byte is a capital B"},
	{"mem.balloon", "10mib", 0, -EINVAL, NULL, "a byte is a capital B"},
	{"mem.balloon", "50ms", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "5\nM", 0, -EINVAL, "5?M", "512MiB"},
	{"mem.balloon", "0.3B", 0, -EINVAL, NULL, "whole number of bytes"},
	{"mem.balloon", "1.0001K", 0, -EINVAL, NULL, "whole number of bytes"},
	{"mem.balloon", "0.00000000000000088817841970012523233890533447265626P", 0, -EINVAL,
	 "0.0000000000000008881784197001252323389053344726...", "whole number of bytes"},
	{"mem.balloon", "0", 0, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "9223372036854775808", 0, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "18446744073709551615", 0, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "18446744073709551616", 0, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "99999999999999999999999999999999999999999P", 0, -ERANGE,
	 "99999999999999999999999999999999999999999P", "(1B to 8E)"},
	{"mem.balloon", "16384P", 0, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "99999999999999999999999x", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "unlimited", 0, -ERANGE, NULL, "not allowed (1B to 8E)"},
	{"mem.balloon", "unlimitedx", 0, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "50%", 0, -EINVAL, NULL, "no maximum"},
	{"mem.balloon", "50%", UNLIMITED, -EINVAL, NULL, "no maximum"},
	{"mem.balloon", "50%", DEFAULT, -EINVAL, NULL, "no maximum"},
	{"mem.balloon", "50%%", GI, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "50 %", GI, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "-50%", GI, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "%", GI, -EINVAL, NULL, "512MiB"},
	{"mem.balloon", "0%", GI, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "200%", INT64_MAX, -ERANGE, NULL, "(1B to 8E)"},
	{"mem.balloon", "99999999999999999999999999999%", UINT64_MAX - 2, -ERANGE, NULL,
	 "(1B to 8E)"},
	/* the numbers that mean default and unlimited are no amounts */
	{"mem.major_faults", "18446744073709551614", 0, -ERANGE, NULL, "(0 to 18.4E)"},
	{"mem.major_faults", "18446744073709551615", 0, -ERANGE, NULL, "(0 to 18.4E)"},
	{"mem.major_faults", "200%", INT64_MAX, -ERANGE, NULL, "(0 to 18.4E)"},
	{"mem.hard_limit", "0", 0, -EINVAL, NULL, "use unlimited"},
	{"mem.hard_limit", "0.0M", 0, -EINVAL, NULL, "use unlimited"},
	{"mem.hard_limit", "5x", 0, -EINVAL, NULL, "unlimited, default)"},
	{"mem.guarantee", "-1", 0, -EINVAL, NULL, "512MiB"},
	{"mem.stats_period", "1500ms", 0, -EINVAL, NULL, "whole number of seconds"},
	{"mem.stats_period", "1min", 0, -EINVAL, NULL, "is not a time (such as 10s"},
	{"mem.pressure", "12.345%", 0, -EINVAL, NULL, "whole number of hundredths"},
	{"mem.pressure", "unlimited", 0, -ERANGE, NULL, "not allowed"},
	{"cpu.shares", "1", 0, -ERANGE, "1 is out of range", "(2 to 262144)"},
	{"cpu.shares", "0", 0, -ERANGE, "0 is out of range", "(2 to 262144)"},
	{"cpu.shares", "262145", 0, -ERANGE, NULL, "(2 to 262144)"},
	{"cpu.shares", "1k", 0, -EINVAL, NULL, "is not a number of shares (such as 1024"},
	{"cpu.shares", "2.5", 0, -EINVAL, NULL, "whole number of shares"},
	{"cpu.shares", "unlimited", 0, -ERANGE, NULL, "a weight counts in relation"},
	{"cpu.shares", "max", 0, -ERANGE, NULL, "(2 to 262144)"},
	{"io.weight", "unlimited", 0, -ERANGE, NULL, "a weight counts in relation"},
	{"io.weight", "10001", 0, -ERANGE, NULL, "(1 to 10000)"},
	{"cpu.quota", "999", 0, -ERANGE, NULL, "(1ms to "},
	{"cpu.quota", "0", 0, -EINVAL, NULL, "use unlimited"},
	{"cpu.quota", "0.5us", 0, -EINVAL, NULL, "whole number of microseconds"},
	{"cpu.quota", "50m", 0, -EINVAL, NULL, "is not a time (such as 50000us"},
	{"cpu.quota", "50ns", 0, -EINVAL, NULL, "is not a time"},
	{"cpu.period", "2s", 0, -ERANGE, NULL, "(1ms to 1s)"},
	{"cpu.period", "unlimited", 0, -ERANGE, NULL, "(1ms to 1s)"},
	{"cpu.count", "1.5", 0, -EINVAL, NULL, "whole number of vCPUs"},
	{"cpu.count", "8193", 0, -ERANGE, NULL, "(1 to 8192)"},
	{"io.host.read_bytes", "10Mb/s", 0, -EINVAL, NULL, "a byte is a capital B"},
	{"io.host.read_bytes", "10mbps", 0, -EINVAL, NULL, "10MB/s"},
	{"io.host.read_bytes", "0", 0, -EINVAL, NULL, "use unlimited"},
	{"io.host.read_bytes", "10MB/", 0, -EINVAL, NULL, "10MB/s"},
	{"io.host.read_bytes", "10MB/s/s", 0, -EINVAL, NULL, "10MB/s"},
	{"io.host.read_bytes", "50%/s", GI, -EINVAL, NULL, "10MB/s"},
	{"io.host.read_iops", "2kB", 0, -EINVAL, NULL, "operations per second (such as 500"},
	{"net.rate.in", "1bit", 0, -EINVAL, NULL, "whole number of bytes per second"},
	{"net.rate.in", "10Kib", 0, -EINVAL, NULL, "a byte is a capital B"},
	{"net.rate.in", "10kibit", 0, -EINVAL, NULL, "80Mbit/s"},
	{"net.rate.in", "73786976294838206464bit", 0, -ERANGE, NULL, "(8 bit/s to "},
	{"net.rate.in", "99999999999tbit", 0, -ERANGE, NULL, "(8 bit/s to "},
	{"net.guarantee.in", "unlimited", 0, -ERANGE, NULL, "a guarantee is an amount"},
	{"ksm.sleep_ms", "500us", 0, -EINVAL, NULL, "whole number of milliseconds"},
	{"ksm.run", "3", 0, -ERANGE, NULL, "(0 to 2)"},
	{"cpu.pin[0]", "3-1", 0, -EINVAL, NULL, "is not a CPU list (such as 0,2-3"},
	{"cpu.pin", "", 0, -EINVAL, "\"\"", "0,2-3"},
	{"cpu.pin", "unlimited", 0, -EINVAL, NULL, "0,2-3"},
	{"cpu.pin", "0-7,^3", 0, -EINVAL, NULL, "excludes CPUs with ^"},
	{"cpu.pin", "0-8192", 0, -ERANGE, NULL, "above 8191"},
	{"io.guest.group", "", 0, -EINVAL, "\"\"", "default"},
	{"io.guest.group", "a\tb", 0, -EINVAL, "a?b", "control character"},
	{"io.guest.group", "a\x7f", 0, -EINVAL, "a?", "character 2"},
};

static struct pr_ctx *new_ctx(void)
{
	struct pr_ctx *ctx = NULL;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	return ctx;
}

static int parse(struct pr_ctx *ctx, const char *attribute, const char *text, uint64_t maximum,
		 uint64_t *number)
{
	struct pr_value value = {.size = sizeof(value)};
	int r = pr_value_parse(ctx, attribute, text, maximum, &value, NULL, 0);

	if (r == 0) {
		cr_expect_eq(value.type, PRALLOC_TYPE_U64, "%s", attribute);
		cr_expect_null(value.text, "%s", attribute);
		*number = value.number;
	}
	return r;
}

Test(value, longest_name)
{
	struct pr_ctx *ctx = new_ctx();
	struct pr_value value = {.size = sizeof(value)};
	char name[PRI_NAME_MAX + 1], text[PRI_NAME_MAX];

	memset(name, 'x', PRI_NAME_MAX);
	name[PRI_NAME_MAX] = '\0';
	cr_expect_eq(pr_value_parse(ctx, "io.guest.group", name, 0, &value, text, sizeof(text)),
		     -ERANGE);
	cr_expect(strstr(pr_ctx_errmsg(ctx), "name of 256 bytes") &&
			  strstr(pr_ctx_errmsg(ctx), "1 to 255"),
		  "%s", pr_ctx_errmsg(ctx));
	name[PRI_NAME_MAX - 1] = '\0';
	cr_expect_eq(pr_value_parse(ctx, "io.guest.group", name, 0, &value, text, sizeof(text)), 0,
		     "%s", pr_ctx_errmsg(ctx));
	cr_expect_str_eq(value.text, name);
	pr_ctx_unref(ctx);
}

Test(value, good_texts_are_exact)
{
	struct pr_ctx *ctx = new_ctx();

	for (size_t i = 0; i < PRI_ARRAY_SIZE(good); i++) {
		uint64_t number = 4711;
		int r = parse(ctx, good[i].attribute, good[i].text, good[i].maximum, &number);

		cr_expect_eq(r, 0, "%s \"%s\": %s", good[i].attribute, good[i].text,
			     pr_ctx_errmsg(ctx));
		cr_expect_eq(number, good[i].number, "%s \"%s\": %" PRIu64, good[i].attribute,
			     good[i].text, number);
		cr_expect_str_empty(pr_ctx_errmsg(ctx));
	}
	pr_ctx_unref(ctx);
}

Test(value, bad_texts_say_what_was_given_and_what_is_allowed)
{
	struct pr_ctx *ctx = new_ctx();

	for (size_t i = 0; i < PRI_ARRAY_SIZE(bad); i++) {
		const char *given = bad[i].given ? bad[i].given : bad[i].text;
		char buffer[64] = "untouched";
		struct pr_value value = {.size = sizeof(value), .number = 4711};
		int r = pr_value_parse(ctx, bad[i].attribute, bad[i].text, bad[i].maximum, &value,
				       buffer, sizeof(buffer));
		const char *text = pr_ctx_errmsg(ctx);
		size_t name = strcspn(bad[i].attribute, "[");

		cr_expect_eq(r, bad[i].code, "%s \"%s\": %d (%s)", bad[i].attribute, bad[i].text, r,
			     text);
		cr_expect(strstr(text, given), "%s \"%s\": %s", bad[i].attribute, bad[i].text,
			  text);
		cr_expect(strstr(text, bad[i].allowed), "%s \"%s\": %s lacks %s", bad[i].attribute,
			  bad[i].text, text, bad[i].allowed);
		cr_expect(strncmp(text, bad[i].attribute, name) == 0 &&
				  strncmp(text + name, ": ", 2) == 0,
			  "no attribute in front: %s", text);
		cr_expect_null(strchr(text, '\n'), "two lines: %s", text);
		cr_expect_eq(value.number, 4711, "%s: value was written", bad[i].text);
		cr_expect_str_eq(buffer, "untouched", "%s: buffer was written", bad[i].text);
	}
	pr_ctx_unref(ctx);
}

Test(value, texts_become_canonical)
{
	static const struct {
		const char *attribute, *text, *canonical;
	} cases[] = {
		{"cpu.pin", "3,0-1", "0-1,3"},
		{"cpu.pin[7]", " 0,1,2\n", "0-2"},
		{"cpu.emulator_pin", "0-3,5", "0-3,5"},
		{"io.guest.group", " disks of vm1 ", "disks of vm1"},
		{"io.guest.group", "unlimited", "unlimited"},
		{"io.guest.group", "b\xc3\xa4r", "b\xc3\xa4r"},
		{"ksm.advisor_mode", "scan-time", "scan-time"},
	};
	struct pr_ctx *ctx = new_ctx();

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_value value = {.size = sizeof(value)};
		char buffer[64], again[64];
		int r = pr_value_parse(ctx, cases[i].attribute, cases[i].text, 0, &value, buffer,
				       sizeof(buffer));

		cr_assert_eq(r, 0, "%s: %s", cases[i].text, pr_ctx_errmsg(ctx));
		cr_expect_eq(value.type, PRALLOC_TYPE_TEXT);
		cr_expect_eq(value.text, buffer);
		cr_expect_str_eq(buffer, cases[i].canonical, "\"%s\"", cases[i].text);
		cr_expect_eq(
			pr_value_format(ctx, cases[i].attribute, &value, again, sizeof(again), 0),
			0);
		cr_expect_str_eq(again, buffer);
	}
	pr_ctx_unref(ctx);
}

Test(value, a_text_can_be_default)
{
	struct pr_value value = {.size = sizeof(value)};
	char buffer[PRALLOC_VALUE_TEXT_MAX];

	cr_assert_eq(pr_value_parse(NULL, "cpu.pin", "default", 0, &value, NULL, 0), 0);
	cr_expect_eq(value.type, PRALLOC_TYPE_TEXT);
	cr_expect_eq(value.number, DEFAULT);
	cr_expect_null(value.text);
	cr_assert_eq(pr_value_format(NULL, "cpu.pin", &value, buffer, sizeof(buffer), 0), 0);
	cr_expect_str_eq(buffer, "default");
	cr_assert_eq(pr_value_format(NULL, "cpu.pin", &value, buffer, sizeof(buffer),
				     PRALLOC_FORMAT_SHORT),
		     0);
	cr_expect_str_eq(buffer, "-");
}

/* What the range of each attribute says holds for texts and for numbers alike. */
Test(value, ranges_hold_for_every_attribute)
{
	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name)) {
		const struct pri_attr *attr = pri_attr_find(name);
		bool unlimited = pri_attr_is(attr, PRALLOC_ATTR_UNLIMITED);
		uint64_t low = attr->min - 1, high = attr->max + 1;
		char *error = NULL;

		if (pri_attr_is_text(attr)) {
			cr_expect_eq(pri_value_check(&error, attr, 1), -EINVAL, "%s", name);
			cr_expect_eq(pri_value_check(&error, attr, DEFAULT), 0, "%s", name);
			free(error);
			continue;
		}
		cr_expect_eq(pri_value_check(&error, attr, attr->min), 0, "%s", name);
		cr_expect_eq(pri_value_check(&error, attr, attr->max), 0, "%s", name);
		cr_expect_eq(pri_value_check(&error, attr, DEFAULT), 0, "%s", name);
		cr_expect_eq(pri_value_check(&error, attr, UNLIMITED), unlimited ? 0 : -ERANGE,
			     "%s", name);
		cr_expect_null(strstr(error ? error : "", "(null)"));
		if (attr->min > 0)
			cr_expect_eq(pri_value_check(&error, attr, low),
				     low == 0 && unlimited ? -EINVAL : -ERANGE, "%s", name);
		if (attr->max < PRI_NUMBER_MAX)
			cr_expect_eq(pri_value_check(&error, attr, high), -ERANGE, "%s", name);
		free(error);
	}
}

Test(value, a_number_out_of_range_says_the_range)
{
	char *error = NULL;

	cr_assert_eq(pri_value_check(&error, pri_attr_find("cpu.shares"), 1), -ERANGE);
	cr_expect_str_eq(error, "1 is out of range (2 to 262144)");
	cr_assert_eq(pri_value_check(&error, pri_attr_find("cpu.period"), 2000000), -ERANGE);
	cr_expect_str_eq(error, "2s is out of range (1ms to 1s)");
	cr_assert_eq(pri_value_check(&error, pri_attr_find("net.rate.in"), 0), -EINVAL);
	cr_expect_str_eq(error,
			 "0B/s is no limit; use unlimited for none (or 8 bit/s to 73.8 Ebit/s)");
	free(error);
}

Test(value, wrong_arguments_are_refused)
{
	struct pr_value value = {.size = sizeof(value), .type = PRALLOC_TYPE_U64, .number = 1};
	struct pr_value cpus = {.size = sizeof(cpus), .type = PRALLOC_TYPE_TEXT, .text = "0"};
	struct pr_value small = {.size = sizeof(small) - 1};
	struct pr_value nothing = {.size = sizeof(nothing)};
	struct pr_ctx *ctx = new_ctx();
	char buffer[64] = "untouched";

	cr_expect_eq(pr_value_parse(ctx, NULL, "1", 0, &value, NULL, 0), -EINVAL);
	cr_expect_eq(pr_value_parse(ctx, "cpu.shares", NULL, 0, &value, NULL, 0), -EINVAL);
	cr_expect_eq(pr_value_parse(ctx, "cpu.shares", "2", 0, NULL, NULL, 0), -EINVAL);
	cr_expect_eq(pr_value_parse(ctx, "cpu.shares", "2", 0, &small, NULL, 0), -EINVAL);
	cr_expect_eq(pr_value_parse(ctx, "cpu.sharse", "2", 0, &value, NULL, 0), -EINVAL);
	cr_expect(strstr(pr_ctx_errmsg(ctx), "cpu.shares"), "%s", pr_ctx_errmsg(ctx));
	cr_expect_eq(pr_value_parse(NULL, "cpu.sharse", "2", 0, &value, NULL, 0), -EINVAL);

	cr_expect_eq(pr_value_format(ctx, NULL, &value, buffer, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", NULL, buffer, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &value, NULL, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &small, buffer, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &nothing, buffer, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &cpus, buffer, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.pin", &value, buffer, 64, 0), -EINVAL);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &value, buffer, 64, 1), -EINVAL);
	cr_expect(strstr(pr_ctx_errmsg(ctx), "0x1"), "%s", pr_ctx_errmsg(ctx));
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &value, buffer, 64,
				     PRALLOC_FORMAT_RAW | PRALLOC_FORMAT_SHORT),
		     -EINVAL);
	cr_expect_str_eq(buffer, "untouched");
	pr_ctx_unref(ctx);
}

Test(value, small_buffers_are_refused_and_not_written)
{
	struct pr_value value = {.size = sizeof(value), .type = PRALLOC_TYPE_U64, .number = 1024};
	struct pr_ctx *ctx = new_ctx();
	char buffer[8] = "abcdefg";

	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &value, buffer, 4, 0), -ENOSPC);
	cr_expect_str_eq(pr_ctx_errmsg(ctx),
			 "cpu.shares: the buffer has 4 bytes, the text needs 5");
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &value, buffer, 0, 0), -ENOSPC);
	cr_expect_eq(pr_value_parse(ctx, "cpu.pin", "0-3,5", 0, &value, buffer, 5), -ENOSPC);
	cr_expect_str_eq(pr_ctx_errmsg(ctx), "cpu.pin: the buffer has 5 bytes, the text needs 6");
	cr_expect_eq(pr_value_parse(ctx, "cpu.pin", "0", 0, &value, NULL, 5), -ENOSPC);
	cr_expect_str_eq(buffer, "abcdefg");
	cr_expect_eq(value.number, 1024);
	cr_expect_eq(pr_value_format(ctx, "cpu.shares", &value, buffer, 5, 0), 0);
	cr_expect_str_eq(buffer, "1024");
	cr_expect_eq(pr_value_parse(ctx, "cpu.pin", "0-3,5", 0, &value, buffer, 6), 0);
	cr_expect_str_eq(buffer, "0-3,5");
	cr_expect_str_empty(pr_ctx_errmsg(ctx));
	pr_ctx_unref(ctx);
}
