/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances, and the handle that asks for them. */
#include "fixture.h"

static const struct {
	const char *attribute;
	size_t index;
	int code;
	const char *name; /* or what the error contains */
} at[] = {
	{"cpu.pin", 0, 0, "0"},
	{"cpu.pin", 1, 0, "1"},
	{"cpu.pin[1]", 0, 0, "0"},
	{"cpu.pin", 2, -ENODEV, "2 instances"},
	{"cpu.pin", SIZE_MAX, -ENODEV, "2 instances"},
	{"net.rate.in", 0, 0, "52:54:00:00:00:01"},
	{"io.guest.group", 0, 0, "vda"},
	{"io.weight", 0, 0, "/dev/fake0"},
	{"net.weight.in", 0, 0, "fakebr0"},
	{"cpu.shares", 0, -EINVAL, "has no instances"},
	{"net.link.in", 0, -EINVAL, "belongs to the host, not to a domain (vm1)"},
	{"no.such", 0, -EINVAL, "no attribute"},
	{NULL, 0, -EINVAL, "NULL"},
};

Test(instance, by_index)
{
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(at); i++) {
		const char *name = "untouched";
		int r = pr_domain_instance(bed.dom, at[i].attribute, at[i].index, &name);

		cr_expect_eq(r, at[i].code, "case %zu: %d", i, r);
		cr_expect_str_eq(name, r < 0 ? "untouched" : at[i].name, "case %zu", i);
		if (r < 0)
			EXPECT_TEXT(pr_domain_errmsg(bed.dom), at[i].name);
	}
	cr_expect_eq(pr_domain_instance(NULL, "cpu.pin", 0, NULL), -EINVAL);
	cr_expect_eq(pr_domain_instance(bed.dom, "cpu.pin", 0, NULL), -EINVAL);
	bed_close(&bed);
}

static const struct {
	const char *attribute;
	size_t index;
	int code;
	const char *name; /* or what the error contains */
} of_host[] = {
	{"net.link.out", 0, 0, "fakebr0"},
	{"net.link.in", 1, -ENODEV, "1 instances"},
	{"mem.total", 0, -EINVAL, "has no instances"},
	{"net.weight.out", 0, -EINVAL, "belongs to a domain"},
	{NULL, 0, -EINVAL, "NULL"},
};

Test(instance, of_the_host)
{
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(of_host); i++) {
		const char *name = "untouched";
		int r = pr_host_instance(bed.host, of_host[i].attribute, of_host[i].index, &name);

		cr_expect_eq(r, of_host[i].code, "case %zu: %d", i, r);
		cr_expect_str_eq(name, r < 0 ? "untouched" : of_host[i].name, "case %zu", i);
		if (r < 0)
			EXPECT_TEXT(pr_host_errmsg(bed.host), of_host[i].name);
	}
	cr_expect_eq(pr_host_instance(NULL, "net.link.out", 0, NULL), -EINVAL);
	cr_expect_eq(pr_host_instance(bed.host, "net.link.out", 0, NULL), -EINVAL);
	bed_close(&bed);
}

static const struct {
	int attr;
	const char *given, *found; /* found NULL: none is needed */
	int code;
} resolved[] = {
	{PRI_CPU_SHARES, NULL, NULL, 0},
	{PRI_CPU_SHARES, "", NULL, 0},
	{PRI_IO_WEIGHT, NULL, NULL, 0},
	{PRI_IO_WEIGHT, "/dev/fake0", "/dev/fake0", 0},
	{PRI_NET_RATE_IN, NULL, "52:54:00:00:00:01", 0},
	{PRI_NET_RATE_IN, "faketap1", "52:54:00:00:00:01", 0},
	{PRI_NET_RATE_IN, "net0", "52:54:00:00:00:01", 0},
	{PRI_CPU_PIN, "0", "0", 0},
	{PRI_CPU_PIN, "00001", "1", 0},
	{PRI_CPU_PIN, "99999", "99999", 0}, /* whether it exists the backend knows */
	{PRI_CPU_PIN, "100000", NULL, -EINVAL},
	{PRI_CPU_PIN, "1 ", NULL, -EINVAL},
	{PRI_CPU_PIN, "", NULL, -EINVAL},
	{PRI_NET_RATE_IN, "FAKETAP1", NULL, -ENODEV},
	{PRI_IO_WEIGHT, "/dev/fake", NULL, -ENODEV},
	{PRI_CPU_SHARES, "0", NULL, -EINVAL},
};

Test(instance, resolve)
{
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(resolved); i++) {
		struct pri_target target = {bed.host, bed.dom};
		pri_autofree char *name = NULL, *error = NULL;
		int r = pri_instance_resolve(&target, &pri_attrs[resolved[i].attr], PRALLOC_LIVE,
					     resolved[i].given, &name, &error);

		cr_expect_eq(r, resolved[i].code, "case %zu: %d %s", i, r, error);
		cr_expect_eq(error != NULL, r < 0, "case %zu", i);
		if (resolved[i].found)
			cr_expect_str_eq(name, resolved[i].found, "case %zu", i);
		else
			cr_expect_null(name, "case %zu: %s", i, name);
	}
	bed_close(&bed);
}

Test(instance, domain_handle)
{
	char name[PRI_NAME_MAX + 1];
	struct pr_domain *dom = NULL;
	struct bed bed;
	int state = 77;

	bed_open(&bed);
	memset(name, 'a', sizeof(name));
	name[PRI_NAME_MAX] = '\0';
	cr_expect_eq(pr_domain_open(NULL, "vm1", 0, &dom), -EINVAL);
	cr_expect_eq(pr_domain_open(bed.host, NULL, 0, &dom), -EINVAL);
	cr_expect_eq(pr_domain_open(bed.host, "", 0, &dom), -EINVAL);
	cr_expect_eq(pr_domain_open(bed.host, name, 0, &dom), -EINVAL);
	cr_expect_eq(pr_domain_open(bed.host, "vm1", UNKNOWN_FLAG, &dom), -EINVAL);
	cr_expect_eq(pr_domain_open(bed.host, "vm1", 0, NULL), -EINVAL);
	cr_expect_eq(pr_domain_open(bed.host, "vm01", 0, &dom), -ENOENT);
	cr_expect_null(dom);
	cr_expect_eq(pr_domain_state(NULL, &state, 0), -EINVAL);
	cr_expect_eq(pr_domain_state(bed.dom, NULL, 0), -EINVAL);
	cr_expect_eq(pr_domain_state(bed.dom, &state, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(state, 77);
	cr_expect_eq(pr_domain_state(bed.dom, &state, 0), 0);
	cr_expect_eq(state, PRALLOC_DOMAIN_RUNNING);
	cr_expect_null(pr_domain_name(NULL));
	cr_expect_null(pr_domain_uuid(NULL));
	cr_expect_str_not_empty(pr_domain_errmsg(NULL));
	cr_expect_eq(strlen(pr_domain_uuid(bed.dom)), 36);
	pr_domain_close(NULL);
	bed_close(&bed);
}

/* What an instance is called besides. */
Test(instance, alias)
{
	struct bed bed;
	struct pri_target target;
	char *name;

	bed_open(&bed);
	target = (struct pri_target){bed.host, bed.dom};
	name = pri_instance_alias(&target, &pri_attrs[PRI_NET_RATE_IN], PRALLOC_LIVE,
				  "52:54:00:00:00:01");
	cr_expect_str_eq(name ? name : "", "faketap1");
	free(name);
	name = pri_instance_alias(&target, &pri_attrs[PRI_NET_WEIGHT_IN], PRALLOC_LIVE, "fakebr0");
	cr_expect_str_eq(name ? name : "", "fakebr0", "one that has no other name");
	free(name);
	cr_expect_null(pri_instance_alias(&target, &pri_attrs[PRI_NET_RATE_IN], PRALLOC_LIVE,
					  "52:54:00:00:00:09"));
	bed_close(&bed);
}
