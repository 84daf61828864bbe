/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel's files say. */
#include "backend/cgroup/cgroup.h"

#include "fixture.h"

Test(cgroup_text, numbers)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0\n", true, 0},
		{"1024", true, 1024},
		{"18446744073709551615\n", true, UINT64_MAX},
		{"18446744073709551616\n", false, 0},
		{"99999999999999999999\n", false, 0},
		{"max\n", true, PRALLOC_UNLIMITED},
		{"-1\n", true, PRALLOC_UNLIMITED},
		{"100 200\n", true, 100},
		{"", false, 0},
		{"\n", false, 0},
		{"12x\n", false, 0},
		{"x12\n", false, 0},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		uint64_t value = 0;

		cr_expect_eq(pri_cg_parse_number(cases[i].text, &value), cases[i].good, "\"%s\"",
			     cases[i].text);
		if (cases[i].good)
			cr_expect_eq(value, cases[i].value, "\"%s\": %" PRIu64, cases[i].text,
				     value);
	}
}

Test(cgroup_text, numbers_are_printed_as_they_are)
{
	static const uint64_t values[] = {0, 9, 10, 1024, UINT64_MAX};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(values); i++) {
		char text[PRI_CG_NUMBER_MAX], wanted[32];

		pri_cg_print_number(values[i], text);
		snprintf(wanted, sizeof(wanted), "%" PRIu64, values[i]);
		cr_expect_str_eq(text, wanted);
	}
}

Test(cgroup_text, keyed)
{
	static const char text[] = "anon 4096\nanon_thp 2\nfile 8192\n";
	uint64_t value = 7;

	cr_expect(pri_cg_parse_keyed(text, "anon", &value) && value == 4096);
	cr_expect(pri_cg_parse_keyed(text, "file", &value) && value == 8192);
	/* A key is a whole word at the start of a line. */
	cr_expect(!pri_cg_parse_keyed(text, "thp", &value));
	cr_expect(!pri_cg_parse_keyed(text, "fil", &value));
	cr_expect(!pri_cg_parse_keyed("", "anon", &value));
	cr_expect_eq(value, 8192, "written on failure");
}

Test(cgroup_text, nested)
{
	static const char text[] =
		"8:0 rbps=1048576 wbps=max riops=max wiops=10\n8:16 rbps=1\n18:0 rbps=2\n";
	const char *line = pri_cg_parse_line(text, "8:0");
	uint64_t value;

	cr_assert(line);
	cr_expect(pri_cg_parse_nested(line, "rbps", &value) && value == 1048576);
	cr_expect(pri_cg_parse_nested(line, "wbps", &value) && value == PRALLOC_UNLIMITED);
	cr_expect(pri_cg_parse_nested(line, "wiops", &value) && value == 10);
	cr_expect(!pri_cg_parse_nested(line, "iops", &value));
	cr_expect(!pri_cg_parse_nested(pri_cg_parse_line(text, "8:16"), "wiops", &value),
		  "found in the next line");
	cr_expect_null(pri_cg_parse_line(text, "8:1"));
}

Test(cgroup_text, pressure)
{
	uint64_t value;

	cr_expect(pri_cg_parse_pressure("some avg10=1.75 avg60=5.14 avg300=7.33 total=76311734\n"
					"full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
					&value) &&
		  value == 175);
	cr_expect(pri_cg_parse_pressure("some avg10=100.00 avg60=0.00\n", &value) &&
		  value == 10000);
	cr_expect(!pri_cg_parse_pressure("full avg10=1.00\n", &value));
	cr_expect(!pri_cg_parse_pressure("some avg10=1\n", &value));
	cr_expect(!pri_cg_parse_pressure("some avg10=-1.00\n", &value));
	cr_expect(!pri_cg_parse_pressure("some avg10=184467440737095517.00\n", &value));
}

Test(cgroup_text, bandwidth)
{
	uint64_t quota, period;

	cr_expect(pri_cg_parse_bandwidth("max 100000\n", &quota, &period) &&
		  quota == PRALLOC_UNLIMITED && period == 100000);
	cr_expect(pri_cg_parse_bandwidth("5000 10000\n", &quota, &period) && quota == 5000 &&
		  period == 10000);
	cr_expect(!pri_cg_parse_bandwidth("5000\n", &quota, &period));
}

Test(cgroup_text, memberships)
{
	static const char text[] = "9:name=systemd:/init.scope\n4:memory:/a/b\n"
				   "3:cpu,cpuacct:/c\n2:cpuset:/\n0::/unified\n";
	static const struct {
		struct pri_cg_mount mount;
		const char *path;
	} cases[] = {
		{{.version = 1, .controllers = 1u << PRI_CG_MEMORY}, "/a/b"},
		{{.version = 1, .controllers = 1u << PRI_CG_CPU}, "/c"},
		{{.version = 1, .controllers = 1u << PRI_CG_CPUACCT}, "/c"},
		{{.version = 1, .controllers = 1u << PRI_CG_CPUSET}, "/"},
		{{.version = 1, .controllers = 1u << PRI_CG_IO}, NULL},
		{{.version = 2, .controllers = 1u << PRI_CG_CORE}, "/unified"},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		char path[64] = "";
		bool found = pri_cg_membership(&cases[i].mount, text, path, sizeof(path));

		cr_expect_eq(found, cases[i].path != NULL, "case %zu", i);
		if (found && cases[i].path)
			cr_expect_str_eq(path, cases[i].path, "case %zu", i);
	}
}
