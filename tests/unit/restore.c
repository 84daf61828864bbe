/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A running domain gets the persistent values that it did not start with. */
#include "fixture.h"

static void set(struct bed *bed, const char *attribute, const char *instance, uint64_t value,
		uint32_t flags)
{
	cr_assert_eq(pr_set_u64(bed->dom, attribute, instance, value, flags), 0, "%s: %s",
		     attribute, pr_domain_errmsg(bed->dom));
}

static void restore(struct bed *bed, int wanted, const char *text, uint32_t flags)
{
	int r = pr_domain_restore(bed->dom, flags);

	cr_assert_eq(r, wanted, "wanted %d, got %d: %s", wanted, r, pr_domain_errmsg(bed->dom));
	EXPECT_TEXT(pr_domain_errmsg(bed->dom), text);
}

Test(restore, arguments)
{
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_domain_restore(NULL, 0), -EINVAL);
	restore(&bed, -EINVAL, "unknown flag", UNKNOWN_FLAG);
	restore(&bed, -EINVAL, "unknown flag", PRALLOC_CONFIG);
	restore(&bed, 0, "", PRALLOC_LIVE);
	restore(&bed, 0, "", PRALLOC_RESTORE_SERVED);
	bed_close(&bed);
}

Test(restore, what_has_a_persistent_value)
{
	struct bed bed;

	bed_open(&bed);
	set(&bed, "net.weight.in", "fakebr0", 300, PRALLOC_CONFIG);
	set(&bed, "mem.guarantee", NULL, 64 * MIB, PRALLOC_CONFIG);
	set(&bed, "net.rate.out", NULL, 5000, PRALLOC_CONFIG);
	set(&bed, "cpu.burst", NULL, 7000, 0);
	set(&bed, "net.weight.out", NULL, 700, 0);
	cr_assert_eq(bed_get(bed.dom, "net.weight.in", NULL, 0), 100);
	restore(&bed, 0, "", 0);
	cr_expect_eq(bed_get(bed.dom, "net.weight.in", NULL, 0), 300);
	cr_expect_eq(bed_get(bed.dom, "mem.guarantee", NULL, 0), 64 * MIB);
	cr_expect_eq(bed_get(bed.dom, "net.rate.out", NULL, 0), 5000);
	/* Without a persistent value a live one stays, unlike after a reset. */
	cr_expect_eq(bed_get(bed.dom, "cpu.burst", NULL, 0), 7000);
	cr_expect_eq(bed_get(bed.dom, "net.weight.out", NULL, 0), 700);
	bed_close(&bed);
}

/* The value of all devices is not made one of each. */
Test(restore, what_holds_for_all_stays_so)
{
	struct bed bed;

	bed_open(&bed);
	set(&bed, "io.weight", NULL, 200, PRALLOC_CONFIG);
	restore(&bed, 0, "", 0);
	cr_expect_eq(bed_get(bed.dom, "io.weight", "/dev/fake0", 0), 200);
	set(&bed, "io.weight", NULL, 400, 0);
	cr_expect_eq(bed_get(bed.dom, "io.weight", "/dev/fake0", 0), 400);
	set(&bed, "io.weight", "/dev/fake0", 50, PRALLOC_CONFIG);
	restore(&bed, 0, "", 0);
	cr_expect_eq(bed_get(bed.dom, "io.weight", NULL, 0), 200);
	cr_expect_eq(bed_get(bed.dom, "io.weight", "/dev/fake0", 0), 50);
	bed_close(&bed);
}

/* A start brings these, and the guest has to follow. */
Test(restore, the_balloon_stays)
{
	struct bed bed;
	uint64_t balloon;

	bed_open(&bed);
	balloon = bed_get(bed.dom, "mem.balloon", NULL, 0);
	set(&bed, "mem.balloon", NULL, 512 * MIB, PRALLOC_CONFIG);
	restore(&bed, 0, "", 0);
	cr_expect_eq(bed_get(bed.dom, "mem.balloon", NULL, 0), balloon);
	bed_close(&bed);
}

Test(restore, all_or_nothing)
{
	struct bed bed;

	bed_open(&bed);
	set(&bed, "mem.guarantee", NULL, 64 * MIB, PRALLOC_CONFIG);
	set(&bed, "net.weight.in", NULL, 300, PRALLOC_CONFIG);
	bed_inject(&bed, "fail error=EIO attribute=net.weight.in");
	restore(&bed, -EIO, "net.weight.in", 0);
	cr_expect_neq(bed_get(bed.dom, "mem.guarantee", NULL, 0), 64 * MIB);
	cr_expect_eq(bed_get(bed.dom, "net.weight.in", NULL, 0), 100);
	bed_inject(&bed, "clear");
	restore(&bed, 0, "", 0);
	cr_expect_eq(bed_get(bed.dom, "mem.guarantee", NULL, 0), 64 * MIB);
	bed_close(&bed);
}

/* What holds already is not written again. */
Test(restore, twice)
{
	struct bed bed;

	bed_open(&bed);
	set(&bed, "net.weight.in", NULL, 300, PRALLOC_CONFIG);
	restore(&bed, 0, "", 0);
	bed_inject(&bed, "fail error=EIO attribute=net.weight.in");
	restore(&bed, 0, "", 0);
	bed_close(&bed);
}

Test(restore, a_domain_that_is_off)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "stop domain=vm1");
	restore(&bed, -ENOTCONN, "vm1 is off", 0);
	bed_close(&bed);
}

Test(restore, a_configuration_that_cannot_be_read)
{
	struct bed bed;

	bed_open(&bed);
	set(&bed, "mem.guarantee", NULL, 64 * MIB, PRALLOC_CONFIG);
	bed_inject(&bed, "failread error=EIO attribute=net.weight.out");
	restore(&bed, -EIO, "net.weight.out", 0);
	cr_expect_neq(bed_get(bed.dom, "mem.guarantee", NULL, 0), 64 * MIB);
	bed_close(&bed);
}
