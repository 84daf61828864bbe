/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The typed calls are nothing but changes of the right attributes. */
#include "fixture.h"

#define DOMAIN_CALLS(dom, flags)                                                                   \
	{                                                                                          \
		pr_mem_balloon((dom), 900 * MIB, (flags)),                                         \
			pr_mem_set_soft_limit((dom), MIB, (flags)),                                \
			pr_mem_set_hard_limit((dom), 1024 * MIB, (flags)),                         \
			pr_mem_set_guarantee((dom), MIB, (flags)),                                 \
			pr_mem_set_throttle((dom), MIB, (flags)),                                  \
			pr_mem_set_swap_limit((dom), MIB, (flags)),                                \
			pr_cpu_set_shares((dom), 5, (flags)),                                      \
			pr_cpu_set_quota((dom), PRALLOC_CPU_VCPU, 5000, 50000, (flags)),           \
			pr_cpu_set_count((dom), 3, (flags)), pr_cpu_pin((dom), 1, "2", (flags)),   \
			pr_io_set_weight((dom), NULL, 7, (flags)),                                 \
			pr_net_set_rate((dom), NULL, PRALLOC_NET_OUT, 1, 2, 3, (flags)),           \
			pr_net_set_weight((dom), NULL, PRALLOC_NET_IN, 9, (flags)),                \
			pr_net_set_guarantee((dom), "fakebr0", PRALLOC_NET_OUT, 8, (flags)),       \
	}

static const struct {
	const char *attribute, *instance;
	uint64_t value;
} results[] = {
	{"mem.balloon", NULL, 900 * MIB},
	{"mem.soft_limit", NULL, MIB},
	{"mem.hard_limit", NULL, 1024 * MIB},
	{"mem.guarantee", NULL, MIB},
	{"mem.throttle", NULL, MIB},
	{"mem.swap_limit", NULL, MIB},
	{"cpu.shares", NULL, 5},
	{"cpu.vcpu_quota", NULL, 5000},
	{"cpu.vcpu_period", NULL, 50000},
	{"cpu.count", NULL, 3},
	{"io.weight", "/dev/fake0", 7},
	{"net.rate.out", NULL, 1},
	{"net.rate.out.peak", NULL, 2},
	{"net.rate.out.burst", NULL, 3},
	{"net.weight.in", NULL, 9},
	{"net.guarantee.out", NULL, 8},
};

Test(resource, each_sets_its_attribute)
{
	static const uint32_t modes[] = {PRALLOC_LIVE, PRALLOC_CONFIG};
	struct bed bed;

	for (size_t m = 0; m < PRI_ARRAY_SIZE(modes); m++) {
		bed_open(&bed);
		{
			const int codes[] = DOMAIN_CALLS(bed.dom, modes[m]);

			for (size_t i = 0; i < PRI_ARRAY_SIZE(codes); i++)
				cr_expect_eq(codes[i], 0, "call %zu: %d", i, codes[i]);
		}
		for (size_t i = 0; i < PRI_ARRAY_SIZE(results); i++)
			cr_expect_eq(bed_get(bed.dom, results[i].attribute, results[i].instance,
					     modes[m]),
				     results[i].value, "%s", results[i].attribute);
		bed_close(&bed);
	}
}

Test(resource, null_and_unknown_flags)
{
	const int of_null[] = DOMAIN_CALLS(NULL, 0);
	struct bed bed;

	bed_open(&bed);
	{
		const int unknown[] = DOMAIN_CALLS(bed.dom, UNKNOWN_FLAG);

		for (size_t i = 0; i < PRI_ARRAY_SIZE(unknown); i++) {
			cr_expect_eq(of_null[i], -EINVAL, "call %zu", i);
			cr_expect_eq(unknown[i], -EINVAL, "call %zu", i);
		}
	}
	cr_expect_eq(pr_mem_balloon_wait(NULL, MIB, 1, NULL, 0), -EINVAL);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, MIB, 1, NULL, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, MIB, 0, NULL, 0), -EINVAL);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, PRALLOC_DEFAULT, 1, NULL, 0), -EINVAL);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, 0, 1, NULL, 0), -ERANGE);
	cr_expect_eq(pr_mem_balloon_ready(NULL, 0), -EINVAL);
	cr_expect_eq(pr_mem_balloon_ready(bed.dom, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_mem_balloon_ready(bed.dom, 0), 0);
	cr_expect_eq(pr_net_set_link(NULL, "fakebr0", 1, 1, 0), -EINVAL);
	cr_expect_eq(pr_net_reset(NULL, "fakebr0", 0), -EINVAL);
	cr_expect_eq(pr_net_reset(bed.host, "fakebr0", UNKNOWN_FLAG), -EINVAL);
	bed_close(&bed);
}

Test(resource, enumerated_arguments)
{
	static const int bad[] = {-1, 0, 5, INT32_MAX, INT32_MIN};
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(bad); i++) {
		cr_expect_eq(pr_cpu_set_quota(bed.dom, bad[i], 5000, 0, 0), -EINVAL);
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), "1 to 4");
		cr_expect_eq(pr_net_set_rate(bed.dom, NULL, bad[i], 1, 0, 0, 0), -EINVAL);
		EXPECT_TEXT(pr_domain_errmsg(bed.dom), "1 in, 2 out");
		cr_expect_eq(pr_net_set_weight(bed.dom, NULL, bad[i], 1, 0), -EINVAL);
		cr_expect_eq(pr_net_set_guarantee(bed.dom, NULL, bad[i], 1, 0), -EINVAL);
	}
	cr_expect_eq(pr_cpu_pin(bed.dom, UINT32_MAX, "0", 0), -EINVAL);
	cr_expect_eq(pr_cpu_pin(bed.dom, 0, NULL, 0), -EINVAL);
	cr_expect_eq(pr_cpu_pin(bed.dom, 0, "", 0), -EINVAL);
	cr_expect_eq(pr_cpu_set_count(bed.dom, UINT32_MAX, 0), -ERANGE);
	bed_close(&bed);
}

/* Quota and period, average, peak and burst: all or none. */
Test(resource, several_values_are_one)
{
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_cpu_set_quota(bed.dom, PRALLOC_CPU_DOMAIN, 5000, 999, 0), -ERANGE);
	cr_expect_eq(bed_get(bed.dom, "cpu.quota", NULL, 0), PRALLOC_UNLIMITED);
	for (int at = 1; at <= 3; at++) {
		char directive[40];

		snprintf(directive, sizeof(directive), "fail error=EIO effect=yes at=%d", at);
		bed_inject(&bed, directive);
		cr_expect_eq(pr_net_set_rate(bed.dom, NULL, PRALLOC_NET_IN, 1, 2, 3, 0), -EIO);
		cr_expect_eq(bed_get(bed.dom, "net.rate.in", NULL, 0), PRALLOC_UNLIMITED);
		cr_expect_eq(bed_get(bed.dom, "net.rate.in.peak", NULL, 0), PRALLOC_UNLIMITED);
		cr_expect_eq(bed_get(bed.dom, "net.rate.in.burst", NULL, 0), PRALLOC_DEFAULT);
	}
	cr_expect_eq(pr_cpu_set_quota(bed.dom, PRALLOC_CPU_DOMAIN, 5000, 0, 0), 0);
	cr_expect_eq(bed_get(bed.dom, "cpu.period", NULL, 0), 100000, "0 keeps it");
	bed_close(&bed);
}

/* The guest is told the nearest KiB, and that is where it arrives. */
Test(resource, balloon_between_two_steps)
{
	uint64_t actual = 0;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_mem_balloon(bed.dom, 700000001, 0), 0);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, 700000001, 1000, &actual, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_expect_eq(actual, 700000256);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, 800 * MIB, 20, &actual, 0), -ETIMEDOUT);
	cr_expect_eq(actual, 700000256);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, 800 * MIB, 20, NULL, 0), -ETIMEDOUT);
	bed_close(&bed);
}

Test(resource, link_of_the_host)
{
	uint64_t rate = 0;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "fail error=EIO at=2");
	cr_expect_eq(pr_net_set_link(bed.host, NULL, 10, 20, 0), -EIO);
	cr_expect_eq(pr_host_get_u64(bed.host, "net.link.out", NULL, &rate, 0), 0);
	cr_expect_eq(rate, PRALLOC_DEFAULT, "both directions or none");
	cr_expect_eq(pr_net_set_link(bed.host, "fakebr0", 10, 20, 0), 0);
	cr_expect_eq(pr_host_get_u64(bed.host, "net.link.in", NULL, &rate, 0), 0);
	cr_expect_eq(rate, 20);
	cr_expect_eq(pr_net_reset(bed.host, NULL, 0), 0, "%s", pr_host_errmsg(bed.host));
	cr_expect_eq(pr_host_get_u64(bed.host, "net.link.out", NULL, &rate, 0), 0);
	cr_expect_eq(rate, PRALLOC_DEFAULT);
	cr_expect_eq(pr_net_set_link(bed.host, "br9", 10, 20, 0), -ENODEV);
	bed_close(&bed);
}

/* A link is given back with what the domains had on it. */
Test(resource, reset_of_a_link_takes_weights_and_guarantees)
{
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_net_set_link(bed.host, "fakebr0", 1000, 2000, 0), 0);
	cr_assert_eq(pr_net_set_weight(bed.dom, NULL, PRALLOC_NET_OUT, 300, 0), 0);
	cr_assert_eq(pr_net_set_guarantee(bed.other, NULL, PRALLOC_NET_IN, 500, 0), 0);
	cr_assert_eq(pr_net_set_rate(bed.dom, NULL, PRALLOC_NET_OUT, 700, 0, 0, 0), 0);
	bed_inject(&bed, "fail error=EIO at=1 domain=vm1 attribute=net.weight.out");
	cr_expect_eq(pr_net_reset(bed.host, "fakebr0", 0), -EIO);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "net.weight.out[fakebr0] of vm1");
	cr_expect_eq(bed_get(bed.other, "net.guarantee.in", NULL, 0), 500, "all or nothing");
	cr_expect_eq(pr_net_reset(bed.host, "fakebr0", 0), 0, "%s", pr_host_errmsg(bed.host));
	cr_expect_eq(bed_get(bed.dom, "net.weight.out", NULL, 0), 100);
	cr_expect_eq(bed_get(bed.other, "net.guarantee.in", NULL, 0), PRALLOC_DEFAULT);
	cr_expect_eq(bed_get(bed.dom, "net.rate.out", NULL, 0), 700, "no matter of the link");
	cr_expect_eq(pr_net_reset(bed.host, "br9", 0), -ENODEV);
	bed_close(&bed);
}
