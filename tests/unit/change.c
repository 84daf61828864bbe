/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one path of every change: flags, arguments, atomicity, verification. */
#include "fixture.h"

static const struct {
	const char *attribute, *instance;
	uint64_t value;
	uint32_t flags;
	int code;
	const char *text; /* what the error text contains */
} sets[] = {
	{"cpu.shares", NULL, 2, 0, 0, ""},
	{"cpu.shares", NULL, 262144, 0, 0, ""},
	{"cpu.shares", NULL, PRALLOC_DEFAULT, 0, 0, ""},
	{"cpu.shares", "", 1024, 0, 0, ""},
	{"cpu.pin[1]", NULL, 3, 0, -EINVAL, "pr_set_str"},
	{"mem.hard_limit", NULL, PRALLOC_UNLIMITED, 0, 0, ""},
	{"net.rate.in", NULL, 1, 0, 0, ""},
	{"net.rate.in", "faketap1", 1, 0, 0, ""},
	{"net.rate.in", "52:54:00:00:00:01", 1, 0, 0, ""},
	{"cpu.shares", NULL, 1024, PRALLOC_LIVE | PRALLOC_CONFIG | PRALLOC_NO_VERIFY, 0, ""},
	{"cpu.shares", NULL, 1024, PRALLOC_ALLOW_HARM | PRALLOC_ALLOW_INEFFECTIVE, 0, ""},
	{NULL, NULL, 1, 0, -EINVAL, "NULL"},
	{"", NULL, 1, 0, -EINVAL, "no attribute"},
	{"cpu.share", NULL, 1024, 0, -EINVAL, "did you mean cpu.shares"},
	{"cpu.shares", NULL, 1024, UNKNOWN_FLAG, -EINVAL, "0x8000"},
	{"cpu.shares", NULL, 1024, UINT32_C(1) << 31, -EINVAL, "0x80000000"},
	{"cpu.shares", NULL, 0, 0, -ERANGE, "2 to 262144"},
	{"cpu.shares", NULL, 1, 0, -ERANGE, "2 to 262144"},
	{"cpu.shares", NULL, 262145, 0, -ERANGE, "2 to 262144"},
	{"cpu.shares", NULL, UINT64_MAX - 2, 0, -ERANGE, "2 to 262144"},
	{"cpu.shares", NULL, PRALLOC_UNLIMITED, 0, -ERANGE, "weight"},
	{"cpu.shares", "0", 1024, 0, -EINVAL, "has no instances"},
	{"cpu.shares[0]", NULL, 1024, 0, -EINVAL, "has no instances"},
	{"mem.hard_limit", NULL, 0, 0, -EINVAL, "unlimited"},
	{"mem.rss", NULL, 1, 0, -EINVAL, "can only be read"},
	{"ksm.run", NULL, 1, 0, -EINVAL, "belongs to the host"},
	{"net.rate.in", "eth7", 1, 0, -ENODEV, "52:54:00:00:00:01"},
	{"net.rate.in[faketap1]", "faketap1", 1, 0, -EINVAL, "twice"},
	{"cpu.guest_count", NULL, 1, PRALLOC_CONFIG, -EOPNOTSUPP, "persistently"},
	{"cpu.count", NULL, 5, 0, -ERANGE, "cpu.maximum"},
	{"mem.balloon", NULL, UINT64_C(1) << 40, 0, -ERANGE, "mem.maximum"},
};

Test(change, set_u64)
{
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(sets); i++) {
		int r = pr_set_u64(bed.dom, sets[i].attribute, sets[i].instance, sets[i].value,
				   sets[i].flags);

		cr_expect_eq(r, sets[i].code, "case %zu: %d %s", i, r, pr_domain_errmsg(bed.dom));
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), sets[i].text);
		if (r == 0)
			cr_expect_str_empty(pr_domain_errmsg(bed.dom), "case %zu", i);
	}
	bed_close(&bed);
}

static const struct {
	const char *attribute, *instance, *value;
	int code;
	const char *text;
} texts[] = {
	{"cpu.shares", NULL, "2048", 0, ""},
	{"cpu.shares", NULL, "default", 0, ""},
	{"mem.balloon", NULL, "50%", 0, ""},
	{"cpu.quota", NULL, "150%", 0, ""},
	{"cpu.pin", "1", "0,2-3", 0, ""},
	{"cpu.pin[0]", NULL, "default", 0, ""},
	{"cpu.shares", NULL, NULL, -EINVAL, "NULL"},
	{"cpu.shares", NULL, "", -EINVAL, "cpu.shares"},
	{"cpu.shares", NULL, "50%", -EINVAL, "cpu.shares"},
	{"cpu.shares", NULL, "many", -EINVAL, "many"},
	{"cpu.pin", "0", "0-99", -ERANGE, "CPU 99"},
	{"cpu.pin", "0", "8", -ERANGE, "0 to 7"},
	{"cpu.pin", "0", "3-1", -EINVAL, "cpu.pin"},
	{"cpu.pin", "9", "0", -ENODEV, "0 to 1"},
	{"cpu.pin", "x", "0", -EINVAL, "vCPU number"},
	{"cpu.pin", "-1", "0", -EINVAL, "vCPU number"},
	{"cpu.pin", "000001", "0", -EINVAL, "vCPU number"},
	{"cpu.pin", NULL, "0", -EINVAL, "which one"},
	{"mem.balloon", NULL, "101%", -ERANGE, "mem.maximum"},
};

Test(change, set_str)
{
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(texts); i++) {
		int r = pr_set_str(bed.dom, texts[i].attribute, texts[i].instance, texts[i].value,
				   0);

		cr_expect_eq(r, texts[i].code, "case %zu: %d %s", i, r, pr_domain_errmsg(bed.dom));
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), texts[i].text);
	}
	bed_close(&bed);
}

Test(change, get_arguments)
{
	const char *text = "untouched";
	uint64_t value = 77;
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_get_u64(NULL, "cpu.shares", NULL, &value, 0), -EINVAL);
	cr_expect_eq(pr_get_str(NULL, "cpu.shares", NULL, &text, 0), -EINVAL);
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, NULL, 0), -EINVAL);
	cr_expect_eq(pr_get_str(bed.dom, "cpu.shares", NULL, NULL, 0), -EINVAL);
	cr_expect_eq(pr_get_u64(bed.dom, NULL, NULL, &value, 0), -EINVAL);
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, PRALLOC_NO_VERIFY), -EINVAL);
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, PRALLOC_LIVE | PRALLOC_CONFIG),
		     -EINVAL);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "either");
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.pin", "0", &value, 0), -EINVAL);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "pr_get_str");
	cr_expect_eq(pr_get_u64(bed.dom, "mem.rss", NULL, &value, PRALLOC_CONFIG), -EOPNOTSUPP);
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.pin[0]", "1", &value, 0), -EINVAL);
	cr_expect_eq(pr_get_u64(bed.dom, "mem.total", NULL, &value, 0), -EINVAL);
	cr_expect_eq(pr_host_get_u64(bed.host, "mem.rss", NULL, &value, 0), -EINVAL);
	cr_expect_eq(value, 77);
	cr_expect_str_eq(text, "untouched");
	bed_close(&bed);
}

#define BOTH (PRALLOC_LIVE | PRALLOC_CONFIG)

/* A failure of either mode leaves both as they were, also when the write took effect. */
Test(change, live_and_config_or_neither)
{
	static const char *const faults[] = {"fail error=EIO at=1",
					     "fail error=EIO at=2",
					     "fail error=EIO at=1 effect=yes",
					     "fail error=EIO at=2 effect=yes",
					     "lie at=1",
					     "lie at=2",
					     "failread error=EIO at=1",
					     "failread error=EIO at=2",
					     "failread error=EIO at=3",
					     "failread error=EIO at=4"};
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 500, PRALLOC_LIVE), 0);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 600, PRALLOC_CONFIG), 0);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(faults); i++) {
		bed_inject(&bed, faults[i]);
		cr_expect_lt(pr_cpu_set_shares(bed.dom, 4096, BOTH), 0, "%s", faults[i]);
		cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 500, "%s", faults[i]);
		cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 600, "%s",
			     faults[i]);
	}
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 4096, BOTH), 0);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 4096);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 4096);
	bed_close(&bed);
}

/* What cannot be taken back is said. */
Test(change, what_is_left_is_said)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "fail error=EIO at=2");
	bed_inject(&bed, "fail error=EBUSY at=3");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 4096, BOTH), -EIO);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "could not be taken back");
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 4096);
	bed_close(&bed);
}

Test(change, read_back)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "lie at=1");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 4096, 0), -EREMOTEIO);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "4096");
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "1024");
	bed_inject(&bed, "lie at=1");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 4096, PRALLOC_NO_VERIFY), 0);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	bed_close(&bed);
}

/* What moves while the domain runs does not move in its persistent configuration. */
Test(change, read_back_of_a_persistent_balloon)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "lie at=1");
	cr_expect_eq(pr_mem_balloon(bed.dom, 768 * MIB, PRALLOC_CONFIG), -EREMOTEIO);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "768MiB was accepted");
	bed_inject(&bed, "lie at=1");
	cr_expect_eq(pr_mem_balloon(bed.dom, 768 * MIB, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	bed_close(&bed);
}

Test(change, read_only_host)
{
	const char *text;
	struct pr_plan *plan;
	struct bed bed;
	uint64_t actual = 0;

	bed_open_as(&bed, "fake:///3", PRALLOC_READ_ONLY);
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 4096, 0), -EACCES);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "read-only");
	cr_expect_eq(pr_mem_balloon(bed.dom, 700 * MIB, 0), -EACCES);
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 4096, PRALLOC_CONFIG), -EACCES);
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), -EACCES);
	cr_expect_eq(pr_host_set_u64(bed.host, "ksm.run", NULL, 1, 0), -EACCES);
	plan = bed_plan(&bed, "vm1 cpu.shares=4096\n");
	cr_expect_eq(pr_plan_check(plan, 0), -EACCES);
	cr_expect_eq(pr_plan_apply(plan, 1000, 0), -EACCES);
	pr_plan_free(plan);
	/* Looking and waiting change nothing. */
	cr_expect_eq(pr_get_str(bed.dom, "cpu.shares", NULL, &text, 0), 0);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, 1024 * MIB, 1000, &actual, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_expect_eq(actual, 1024 * MIB);
	bed_close(&bed);
}
