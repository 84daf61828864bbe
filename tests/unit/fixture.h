/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake host for one test. */
#ifndef PRALLOC_TEST_BED_H
#define PRALLOC_TEST_BED_H

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

#define MIB (UINT64_C(1) << 20)
#define UNKNOWN_FLAG (UINT32_C(1) << 15)

struct bed {
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom, *other; /* vm1, vm2 */
};

static inline struct pr_domain *bed_domain(struct bed *bed, const char *name)
{
	struct pr_domain *dom = NULL;

	cr_assert_eq(pr_domain_open(bed->host, name, 0, &dom), 0, "%s", pr_host_errmsg(bed->host));
	return dom;
}

static inline void bed_open_as(struct bed *bed, const char *uri, uint32_t flags)
{
	*bed = (struct bed){0};
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	cr_assert_eq(pr_host_open(bed->ctx, uri, flags, &bed->host), 0, "%s",
		     pr_ctx_errmsg(bed->ctx));
	bed->dom = bed_domain(bed, "vm1");
	bed->other = bed_domain(bed, "vm2");
}

static inline void bed_open(struct bed *bed)
{
	bed_open_as(bed, "fake:///3", 0);
}

static inline void bed_close(struct bed *bed)
{
	pr_domain_close(bed->dom);
	pr_domain_close(bed->other);
	pr_host_close(bed->host);
	pr_ctx_unref(bed->ctx);
}

static inline void bed_inject(struct bed *bed, const char *directive)
{
	cr_assert_eq(pr_fake_inject(bed->host, directive, 0), 0, "%s: %s", directive,
		     pr_host_errmsg(bed->host));
}

/* The value, or fail: flags 0 or PRALLOC_CONFIG. */
static inline uint64_t bed_get(struct pr_domain *dom, const char *attribute, const char *instance,
			       uint32_t flags)
{
	uint64_t value = 0;

	cr_assert_eq(pr_get_u64(dom, attribute, instance, &value, flags), 0, "%s",
		     pr_domain_errmsg(dom));
	return value;
}

/* pr_plan_new and one change per line of a text. */
static inline struct pr_plan *bed_plan(struct bed *bed, const char *text)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	cr_assert_eq(pr_plan_load(plan, bed->host, text, 0), 0, "%s", pr_plan_errmsg(plan));
	return plan;
}

static inline struct pr_step bed_step(struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};

	cr_assert_eq(pr_plan_step(plan, index, &step), 0, "no step %zu", index);
	return step;
}

#define EXPECT_TEXT(text, part)                                                                    \
	cr_expect(strstr((text), (part)), "\"%s\" does not contain \"%s\"", (text), (part))

#endif /* PRALLOC_TEST_BED_H */
