/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attribute table and its look-ups. */
#include "fixture.h"

Test(attr, every_row_is_whole)
{
	for (int i = 0; i < PRI_ATTR_COUNT; i++) {
		const struct pri_attr *attr = &pri_attrs[i];
		bool writable = pri_attr_is(attr, PRALLOC_ATTR_WRITABLE);

		cr_assert(attr->name && attr->summary, "row %d", i);
		cr_expect_eq(pri_attr_find(attr->name), attr, "%s stands twice", attr->name);
		cr_expect_eq(pri_attr_id(attr), i);
		cr_expect(attr->resource >= PRALLOC_RESOURCE_MEM &&
				  attr->resource <= PRALLOC_RESOURCE_NET,
			  "%s: resource", attr->name);
		cr_expect(attr->target == PRALLOC_TARGET_DOMAIN ||
				  attr->target == PRALLOC_TARGET_HOST,
			  "%s: target", attr->name);
		cr_expect(attr->unit >= PRALLOC_UNIT_COUNT && attr->unit <= PRALLOC_UNIT_NAME,
			  "%s: unit", attr->name);
		cr_expect(attr->instance >= PRALLOC_INSTANCE_NONE &&
				  attr->instance <= PRALLOC_INSTANCE_MEMORY,
			  "%s: instance", attr->name);
		cr_expect_eq(attr->kind == PRALLOC_KIND_READING, !writable, "%s: kind", attr->name);
		cr_expect(pri_attr_is_text(attr) || attr->min <= attr->max, "%s: range",
			  attr->name);
		cr_expect(attr->max <= PRI_NUMBER_MAX, "%s: maximum", attr->name);
		cr_expect(attr->def == PRALLOC_DEFAULT || attr->def == PRALLOC_UNLIMITED ||
				  (attr->def >= attr->min && attr->def <= attr->max),
			  "%s: default", attr->name);
		cr_expect(attr->def != PRALLOC_UNLIMITED ||
				  pri_attr_is(attr, PRALLOC_ATTR_UNLIMITED),
			  "%s: unlimited by default, but not allowed", attr->name);
	}
}

/* A weight is never unlimited, and what is waited for is written. */
Test(attr, properties_agree)
{
	for (int i = 0; i < PRI_ATTR_COUNT; i++) {
		const struct pri_attr *attr = &pri_attrs[i];
		bool weight = attr->unit == PRALLOC_UNIT_SHARES ||
			      attr->unit == PRALLOC_UNIT_WEIGHT;

		cr_expect(!weight || !pri_attr_is(attr, PRALLOC_ATTR_UNLIMITED), "%s", attr->name);
		cr_expect(!pri_attr_is(attr, PRALLOC_ATTR_ASYNC) ||
				  pri_attr_is(attr, PRALLOC_ATTR_WRITABLE),
			  "%s", attr->name);
		cr_expect(!pri_attr_is(attr, PRALLOC_ATTR_INSTANCE_OPTIONAL) ||
				  attr->instance != PRALLOC_INSTANCE_NONE,
			  "%s", attr->name);
		cr_expect(!attr->percent_of || pri_attrs[attr->percent_of].target == attr->target,
			  "%s: 100 %% belongs to another target", attr->name);
	}
}

static const struct {
	const char *text;
	size_t size;
	int code;
	const char *name, *instance; /* or, with an error, what its text contains */
} lookups[] = {
	{"cpu.shares", 16, 0, "cpu.shares", ""},
	{"cpu.shares", 1, 0, "cpu.shares", ""},
	{"cpu.pin[3]", 16, 0, "cpu.pin", "3"},
	{"cpu.pin[3]", 2, 0, "cpu.pin", "3"},
	{"io.weight[a]b]", 16, 0, "io.weight", "a]b"},
	{"net.rate.in[52:54:00:aa:bb:cc]", 18, 0, "net.rate.in", "52:54:00:aa:bb:cc"},
	{"cpu.pin[3]", 1, -ENOSPC, "1 characters", NULL},
	{"cpu.shares", 0, -ENOSPC, "no room", NULL},
	{"net.rate.in[52:54:00:aa:bb:cc]", 17, -ENOSPC, "at most 16", NULL},
	{"", 16, -EINVAL, "no attribute \"\"", NULL},
	{"[3]", 16, -EINVAL, "no attribute", NULL},
	{"cpu.share", 16, -EINVAL, "did you mean cpu.shares?", NULL},
	{"CPU.SHARES", 16, -EINVAL, "no attribute", NULL},
	{" cpu.shares", 16, -EINVAL, "did you mean cpu.shares?", NULL},
	{"nothing.like.it", 16, -EINVAL, "pralloc attributes", NULL},
	{"cpu.pin[", 16, -EINVAL, "malformed", NULL},
	{"cpu.pin[]", 16, -EINVAL, "malformed", NULL},
	{"cpu.pin[3", 16, -EINVAL, "malformed", NULL},
	{"cpu.pin[3]x", 16, -EINVAL, "malformed", NULL},
	{"cpu.shares[0]", 16, -EINVAL, "has no instances", NULL},
	{"cpu.shares]", 16, -EINVAL, "did you mean cpu.shares?", NULL},
};

Test(attr, lookup)
{
	struct pr_ctx *ctx;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(lookups); i++) {
		const char *name = "untouched";
		char instance[32] = "untouched";
		int r = pr_attr_lookup(ctx, lookups[i].text, &name, instance, lookups[i].size);

		cr_expect_eq(r, lookups[i].code, "\"%s\": %d", lookups[i].text, r);
		if (r < 0) {
			EXPECT_TEXT(pr_ctx_errmsg(ctx), lookups[i].name);
			cr_expect_str_eq(name, "untouched", "%s", lookups[i].text);
			cr_expect_str_eq(instance, "untouched", "%s", lookups[i].text);
			continue;
		}
		cr_expect_str_eq(name, lookups[i].name, "%s", lookups[i].text);
		cr_expect_str_eq(instance, lookups[i].instance, "%s", lookups[i].text);
		cr_expect_str_empty(pr_ctx_errmsg(ctx), "%s", lookups[i].text);
	}
	pr_ctx_unref(ctx);
}

Test(attr, lookup_arguments)
{
	const char *name;
	char instance[8];

	cr_expect_eq(pr_attr_lookup(NULL, NULL, &name, instance, sizeof(instance)), -EINVAL);
	cr_expect_eq(pr_attr_lookup(NULL, "cpu.pin", NULL, instance, sizeof(instance)), -EINVAL);
	cr_expect_eq(pr_attr_lookup(NULL, "cpu.pin", &name, NULL, sizeof(instance)), -EINVAL);
	cr_expect_eq(pr_attr_lookup(NULL, "cpu.pin[1]", &name, instance, sizeof(instance)), 0);
}

Test(attr, info)
{
	struct pr_attr_info info = {.size = sizeof(info)};

	cr_assert_eq(pr_attr_info(NULL, "cpu.pin[3]", &info), 0);
	cr_expect_str_eq(info.name, "cpu.pin");
	cr_expect_eq(info.type, PRALLOC_TYPE_TEXT);
	cr_expect_eq(info.instance, PRALLOC_INSTANCE_VCPU);
	cr_expect_null(info.percent_of);
	cr_assert_eq(pr_attr_info(NULL, "mem.balloon", &info), 0);
	cr_expect_str_eq(info.percent_of, "mem.maximum");
	cr_expect_eq(info.type, PRALLOC_TYPE_U64);
	cr_assert_eq(pr_attr_info(NULL, "cpu.shares", &info), 0);
	cr_expect_eq(info.minimum, 2);
	cr_expect_eq(info.maximum, 262144);
	cr_expect_eq(info.default_value, 1024);
}

Test(attr, info_arguments)
{
	struct pr_attr_info info = {.size = sizeof(info)};

	cr_expect_eq(pr_attr_info(NULL, NULL, &info), -EINVAL);
	cr_expect_eq(pr_attr_info(NULL, "cpu.shares", NULL), -EINVAL);
	cr_expect_eq(pr_attr_info(NULL, "cpu.sharess", &info), -EINVAL);
	info = (struct pr_attr_info){.size = sizeof(info) - 1};
	cr_expect_eq(pr_attr_info(NULL, "cpu.shares", &info), -EINVAL);
	cr_expect_null(info.name, "written in spite of its size");
	info.size = sizeof(info) + 8;
	cr_expect_eq(pr_attr_info(NULL, "cpu.shares", &info), 0, "a newer program");
}

Test(attr, next_meets_every_row_once)
{
	const char *name = NULL;
	int count = 0;

	while ((name = pr_attr_next(name)))
		cr_assert_str_eq(name, pri_attrs[count++].name);
	cr_expect_eq(count, PRI_ATTR_COUNT);
	cr_expect_null(pr_attr_next("no.such"));
	cr_expect_null(pr_attr_next(""));
}
