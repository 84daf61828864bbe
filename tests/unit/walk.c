/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Going over the domains of a host. */
#include "fixture.h"

static unsigned int count(struct bed *bed)
{
	struct pr_domain *dom = NULL;
	unsigned int n = 0;
	int r;

	while ((r = pr_host_next(bed->host, &dom, 0)) > 0) {
		cr_assert_not_null(dom);
		n++;
	}
	cr_expect_eq(r, 0, "%s", pr_host_errmsg(bed->host));
	cr_expect_null(dom);
	return n;
}

Test(walk, meets_every_domain)
{
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(count(&bed), 3);
	bed_inject(&bed, "stop domain=vm2");
	cr_expect_eq(count(&bed), 3, "also those that are off");
	bed_inject(&bed, "vanish domain=vm1");
	cr_expect_eq(count(&bed), 2);
	bed_close(&bed);
}

/* Domains that go while the walk is under way are left out without a word. */
Test(walk, domains_that_go_meanwhile)
{
	struct pr_domain *dom = NULL;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_next(bed.host, &dom, 0), 1);
	cr_expect_str_eq(pr_domain_name(dom), "vm1");
	bed_inject(&bed, "vanish domain=vm2");
	cr_assert_eq(pr_host_next(bed.host, &dom, 0), 1);
	cr_expect_str_eq(pr_domain_name(dom), "vm3");
	cr_expect_str_empty(pr_host_errmsg(bed.host));
	cr_expect_eq(pr_host_next(bed.host, &dom, 0), 0);
	cr_expect_null(dom);
	bed_close(&bed);
}

/* A domain that outlives the walk; two walks at once; a walk that is left early. */
Test(walk, handles_are_independent)
{
	struct pr_domain *a = NULL, *b = NULL;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_next(bed.host, &a, 0), 1);
	cr_assert_eq(pr_host_next(bed.host, &b, 0), 1);
	cr_assert_eq(pr_host_next(bed.host, &b, 0), 1);
	cr_expect_str_eq(pr_domain_name(a), "vm1");
	cr_expect_str_eq(pr_domain_name(b), "vm2");
	pr_domain_close(b);
	cr_expect_eq(pr_cpu_set_shares(a, 5, 0), 0);
	cr_assert_eq(pr_host_next(bed.host, &a, 0), 1);
	cr_expect_str_eq(pr_domain_name(a), "vm2");
	bed_close(&bed);
	cr_expect_eq(pr_cpu_set_shares(a, 6, 0), 0, "the host handle is closed, the domain is not");
	pr_domain_close(a);
}

/* With an error the walk is over: no domain is left in the caller's hand. */
Test(walk, errors_end_it)
{
	struct pr_domain *dom = NULL;
	struct bed bed, other;

	bed_open(&bed);
	bed_open(&other);
	cr_expect_eq(pr_host_next(NULL, &dom, 0), -EINVAL);
	cr_expect_eq(pr_host_next(bed.host, NULL, 0), -EINVAL);
	cr_expect_eq(pr_host_next(bed.host, &dom, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_host_next(bed.host, &dom, 0), 1);
	cr_expect_eq(pr_host_next(bed.host, &dom, UNKNOWN_FLAG), -EINVAL);
	cr_expect_null(dom);
	cr_assert_eq(pr_host_next(bed.host, &dom, 0), 1);
	cr_expect_eq(pr_host_next(other.host, &dom, 0), -EINVAL, "a domain of another host");
	cr_expect_null(dom);
	dom = bed_domain(&bed, "vm1");
	cr_expect_eq(pr_host_next(bed.host, &dom, 0), -EINVAL, "a domain of no walk");
	EXPECT_TEXT(pr_host_errmsg(bed.host), "start with NULL");
	cr_expect_null(dom);
	bed_close(&other);
	bed_close(&bed);
}
