/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings go back to what they are without anybody's intervention. */
#include "fixture.h"

#define BOTH (PRALLOC_LIVE | PRALLOC_CONFIG)

Test(reset, arguments)
{
	static const struct {
		const char *attribute, *instance;
		uint32_t flags;
		int code;
		const char *text;
	} cases[] = {
		{"cpu.shares", NULL, 0, 0, ""},
		{"cpu.pin", NULL, 0, 0, ""},
		{"cpu.pin", "", 0, 0, ""},
		{"cpu.pin[1]", NULL, 0, 0, ""},
		{"cpu.pin", "1", 0, 0, ""},
		{NULL, NULL, 0, 0, ""},
		{"no.such", NULL, 0, -EINVAL, "no attribute"},
		{"", NULL, 0, -EINVAL, "no attribute"},
		{"cpu.shares", NULL, UNKNOWN_FLAG, -EINVAL, "unknown flag"},
		{"cpu.shares", "1", 0, -EINVAL, "has no instances"},
		{"cpu.pin[1]", "1", 0, -EINVAL, "twice"},
		{"cpu.pin", "9", 0, -ENODEV, "vCPU"},
		{"net.rate.in", "eth9", 0, -ENODEV, "eth9"},
		{"mem.rss", NULL, 0, -EINVAL, "can only be read"},
		{"ksm.run", NULL, 0, -EINVAL, "belongs to the host"},
		{"cpu.guest_count", NULL, PRALLOC_CONFIG, -EOPNOTSUPP, "persistently"},
		{NULL, "1", 0, -EINVAL, "without an attribute"},
	};
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_domain_reset(NULL, NULL, NULL, 0), -EINVAL);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		int r = pr_domain_reset(bed.dom, cases[i].attribute, cases[i].instance,
					cases[i].flags);

		cr_expect_eq(r, cases[i].code, "case %zu: %d %s", i, r, pr_domain_errmsg(bed.dom));
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), cases[i].text);
	}
	bed_close(&bed);
}

static void set_some(struct bed *bed, uint32_t flags)
{
	cr_assert_eq(pr_cpu_set_shares(bed->dom, 4096, flags), 0);
	cr_assert_eq(pr_cpu_pin(bed->dom, 1, "0-2", flags), 0);
	cr_assert_eq(pr_io_set_weight(bed->dom, "/dev/fake0", 500, flags), 0);
	cr_assert_eq(pr_net_set_rate(bed->dom, NULL, PRALLOC_NET_IN, 1000, 2000, 3000, flags), 0);
}

static void expect_some(struct bed *bed, uint32_t flags, uint64_t shares, const char *pin,
			uint64_t weight, uint64_t rate, const char *when)
{
	const char *text;

	cr_expect_eq(bed_get(bed->dom, "cpu.shares", NULL, flags), shares, "%s", when);
	cr_expect_eq(pr_get_str(bed->dom, "cpu.pin", "1", &text, flags), 0);
	cr_expect_str_eq(text, pin, "%s", when);
	cr_expect_eq(bed_get(bed->dom, "io.weight", "/dev/fake0", flags), weight, "%s", when);
	cr_expect_eq(bed_get(bed->dom, "net.rate.in", NULL, flags), rate, "%s", when);
}

Test(reset, all_to_the_default)
{
	struct bed bed;

	bed_open(&bed);
	set_some(&bed, 0);
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	expect_some(&bed, 0, 1024, "default", 100, PRALLOC_UNLIMITED, "reset");
	bed_close(&bed);
}

Test(reset, all_to_the_persistent_value)
{
	struct bed bed;

	bed_open(&bed);
	set_some(&bed, PRALLOC_CONFIG);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2, 0), 0);
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	expect_some(&bed, 0, 4096, "0-2", 500, 1000, "live");
	expect_some(&bed, PRALLOC_CONFIG, 4096, "0-2", 500, 1000, "persistent");
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, BOTH), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	expect_some(&bed, 0, 1024, "default", 100, PRALLOC_UNLIMITED, "live, both");
	expect_some(&bed, PRALLOC_CONFIG, PRALLOC_DEFAULT, "default", PRALLOC_DEFAULT,
		    PRALLOC_DEFAULT, "persistent, both");
	bed_close(&bed);
}

Test(reset, one_leaves_the_others)
{
	struct bed bed;

	bed_open(&bed);
	set_some(&bed, 0);
	cr_assert_eq(pr_cpu_pin(bed.dom, 0, "5", 0), 0);
	cr_expect_eq(pr_domain_reset(bed.dom, "cpu.pin", "1", 0), 0);
	expect_some(&bed, 0, 4096, "default", 500, 1000, "one instance");
	cr_assert_eq(pr_cpu_pin(bed.dom, 1, "5", 0), 0);
	cr_expect_eq(pr_domain_reset(bed.dom, "cpu.pin", NULL, 0), 0);
	expect_some(&bed, 0, 4096, "default", 500, 1000, "all instances");
	cr_expect_eq(pr_domain_reset(bed.dom, "io.weight", NULL, 0), 0);
	expect_some(&bed, 0, 4096, "default", 100, 1000, "every device");
	bed_close(&bed);
}

/* All or nothing, over both modes. */
Test(reset, failure_at_each_write)
{
	static const char *const faults[] = {"fail error=EIO", "fail error=EIO effect=yes"};

	for (size_t f = 0; f < PRI_ARRAY_SIZE(faults); f++) {
		for (int at = 1; at <= 12; at++) {
			char directive[64];
			struct bed bed;

			bed_open(&bed);
			set_some(&bed, BOTH);
			snprintf(directive, sizeof(directive), "%s at=%d", faults[f], at);
			bed_inject(&bed, directive);
			cr_expect_lt(pr_domain_reset(bed.dom, NULL, NULL, BOTH), 0, "%s",
				     directive);
			cr_expect_str_not_empty(pr_domain_errmsg(bed.dom));
			expect_some(&bed, 0, 4096, "0-2", 500, 1000, directive);
			expect_some(&bed, PRALLOC_CONFIG, 4096, "0-2", 500, 1000, directive);
			bed_close(&bed);
		}
	}
}

/* A reset that could not look is no success. */
Test(reset, of_all_tells_what_stops_it)
{
	static const struct {
		const char *directive;
		uint32_t flags;
		int code;
	} cases[] = {
		{"stop domain=vm1", 0, -ENOTCONN},
		{"stop domain=vm1", PRALLOC_CONFIG, 0},
		{"vanish domain=vm1", 0, -ENOENT},
		{"replace domain=vm1", PRALLOC_CONFIG, -ESTALE},
		{"failread error=EIO attribute=cpu.shares", 0, -EIO},
		{"failread error=ENODATA attribute=cpu.burst at=2", 0, 0},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct bed bed;
		int r;

		bed_open(&bed);
		set_some(&bed, BOTH);
		bed_inject(&bed, cases[i].directive);
		r = pr_domain_reset(bed.dom, NULL, NULL, cases[i].flags);
		cr_expect_eq(r, cases[i].code, "%s: %d %s", cases[i].directive, r,
			     pr_domain_errmsg(bed.dom));
		bed_close(&bed);
	}
}

/* A balloon goes to its persistent size; without one a reset of all leaves it alone. */
Test(reset, balloon)
{
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_mem_balloon(bed.dom, 700 * MIB, 0), 0);
	cr_assert_eq(pr_mem_balloon(bed.dom, 900 * MIB, PRALLOC_CONFIG), 0);
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_expect_eq(bed_get(bed.dom, "mem.balloon", NULL, 0), 900 * MIB);
	cr_assert_eq(pr_set_u64(bed.dom, "mem.virtio_requested", NULL, 64 * MIB, 0), 0);
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_expect_eq(bed_get(bed.dom, "mem.virtio_requested", NULL, 0), 64 * MIB);
	bed_close(&bed);
}
