/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dangers that are looked for before anything is written. */
#include "fixture.h"

/* vm1 has 1024M of at most 2048M and uses 256M: it can spare 768M but for 51M (5 %). */
static const struct {
	const char *directive;
	uint64_t bytes;
	uint32_t flags;
	int code;
	const char *text[2];
} balloons[] = {
	{"clear", 1024 * MIB, 0, 0, {"", ""}},
	{"clear", 2048 * MIB, 0, 0, {"", ""}},
	{"clear", 308 * MIB, 0, 0, {"", ""}},
	{"clear", 307 * MIB, 0, -ENOSPC, {"717M", "can spare 716M"}},
	{"clear", 307 * MIB, PRALLOC_ALLOW_HARM, 0, {"", ""}},
	{"clear", 2048 * MIB + 1024, PRALLOC_ALLOW_HARM, -ERANGE, {"mem.maximum", "2GiB"}},
	{"clear", 307 * MIB, PRALLOC_CONFIG, 0, {"", ""}},
	{"uses domain=vm1 bytes=1000MiB", 1023 * MIB, 0, -ENOSPC, {"can spare 0M", "allow harm"}},
	{"uses domain=vm1 bytes=3GiB", 1023 * MIB, 0, -ENOSPC, {"can spare 0M", "allow harm"}},
	{"uses domain=vm1 bytes=3GiB", 1025 * MIB, 0, 0, {"", ""}},
	{"nodriver domain=vm1", 900 * MIB, 0, -ENOTCONN, {"not alive", "virtio_balloon"}},
	{"nodriver domain=vm1", 900 * MIB, PRALLOC_ALLOW_HARM, -ENOTCONN, {"not alive", ""}},
	{"failread error=ENODATA attribute=mem.actual",
	 900 * MIB,
	 0,
	 -ENODATA,
	 {"present size", "mem.actual"}},
	{"stop domain=vm1", 900 * MIB, 0, -ENOTCONN, {"is off", ""}},
};

Test(guard, balloon)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(balloons); i++) {
		struct bed bed;
		int r;

		bed_open(&bed);
		bed_inject(&bed, balloons[i].directive);
		r = pr_mem_balloon(bed.dom, balloons[i].bytes, balloons[i].flags);
		cr_expect_eq(r, balloons[i].code, "case %zu: %d %s", i, r,
			     pr_domain_errmsg(bed.dom));
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), balloons[i].text[0]);
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), balloons[i].text[1]);
		bed_close(&bed);
	}
}

/* Without statistics nobody knows what the guest can spare; more is never a danger. */
Test(guard, no_statistics)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "failread error=ENODATA attribute=mem.usable");
	cr_expect_eq(pr_mem_balloon(bed.dom, 900 * MIB, 0), 0, "mem.unused tells it too: %s",
		     pr_domain_errmsg(bed.dom));
	bed_inject(&bed, "failread error=ENODATA attribute=mem.unused");
	cr_expect_eq(pr_mem_balloon(bed.dom, 800 * MIB, 0), -ENODATA);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "mem.stats_period");
	cr_expect_eq(pr_mem_balloon(bed.dom, 1100 * MIB, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_expect_eq(pr_mem_balloon(bed.dom, 800 * MIB, PRALLOC_ALLOW_HARM), 0);
	bed_close(&bed);
}

/* Statistics of an unknown age can be of any age. */
Test(guard, age_is_not_known)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "failread error=ENODATA attribute=mem.stats_age");
	cr_expect_eq(pr_mem_balloon(bed.dom, 900 * MIB, 0), -ENODATA);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "do not tell their age");
	cr_expect_eq(pr_mem_balloon(bed.dom, 1100 * MIB, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_expect_eq(pr_mem_balloon(bed.dom, 900 * MIB, PRALLOC_ALLOW_HARM), 0);
	bed_close(&bed);
}

/* vm1 has 256M + 48M resident: 5 % more is 319.2M. */
static const struct {
	const char *directive;
	uint64_t bytes;
	uint32_t flags;
	int code;
	const char *text;
} limits[] = {
	{"clear", 320 * MIB, 0, 0, ""},
	{"clear", 319 * MIB, 0, -ENOSPC, "at least 320M"},
	{"clear", 319 * MIB, PRALLOC_ALLOW_HARM, 0, ""},
	{"clear", 319 * MIB, PRALLOC_CONFIG, 0, ""},
	{"clear", PRALLOC_UNLIMITED, 0, 0, ""},
	{"clear", PRALLOC_DEFAULT, 0, 0, ""},
	{"failread error=ENODATA attribute=mem.rss", 1024 * MIB, 0, -ENODATA, "mem.rss"},
	{"failread error=ENODATA attribute=mem.rss", 1024 * MIB, PRALLOC_ALLOW_HARM, 0, ""},
};

Test(guard, hard_limit)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(limits); i++) {
		struct bed bed;
		int r;

		bed_open(&bed);
		bed_inject(&bed, limits[i].directive);
		r = pr_mem_set_hard_limit(bed.dom, limits[i].bytes, limits[i].flags);
		cr_expect_eq(r, limits[i].code, "case %zu: %d %s", i, r, pr_domain_errmsg(bed.dom));
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), limits[i].text);
		bed_close(&bed);
	}
}

Test(guard, vcpus)
{
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_cpu_set_count(bed.dom, 4, 0), 0);
	cr_expect_eq(pr_cpu_set_count(bed.dom, 5, 0), -ERANGE);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "5 is beyond the maximum of 4 (cpu.maximum)");
	cr_expect_eq(pr_cpu_set_count(bed.dom, 5, PRALLOC_CONFIG), -ERANGE);
	cr_expect_eq(pr_cpu_set_count(bed.dom, 5, PRALLOC_ALLOW_HARM), -ERANGE);
	cr_expect_eq(pr_cpu_set_count(bed.dom, 0, 0), -ERANGE);
	bed_close(&bed);
}

/* The number of CPUs is asked for once; when that fails, nothing is pinned. */
Test(guard, host_cpus)
{
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, 30), 0);
	bed_inject(&bed, "delay ms=200");
	cr_expect_eq(pr_cpu_pin(bed.dom, 0, "0", 0), -ETIMEDOUT);
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_cpu_pin(bed.dom, 0, "7", 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_expect_eq(pr_cpu_pin(bed.dom, 0, "0,8", 0), -ERANGE);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "CPU 8 is not in this host (0 to 7)");
	cr_expect_eq(pr_set_str(bed.dom, "cpu.emulator_pin", NULL, "8", PRALLOC_CONFIG), -ERANGE);
	bed_close(&bed);
}
