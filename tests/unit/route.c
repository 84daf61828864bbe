/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who serves what, where a backend stands beside the one that opened the host. */
#include "core/plan.h"
#include "fixture.h"

#define MODES(attribute) [attribute] = {.attr = (attribute), .modes

static const struct pri_serve first_rows[PRI_ATTR_COUNT] = {MODES(PRI_CPU_SHARES) = PRI_SERVE_ALL},
			      MODES(PRI_IO_WEIGHT) = PRI_SERVE_ALL
}
, MODES(PRI_NET_WEIGHT_IN) = PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG,
  .no_write = "first only keeps it"
}
, MODES(PRI_MEM_THROTTLE) = PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG
}
,
}
;

static const struct pri_serve beside_rows[PRI_ATTR_COUNT] =
	{MODES(PRI_CPU_SHARES) = PRI_SERVE_READ | PRI_SERVE_WRITE},
			      MODES(PRI_IO_WEIGHT) = PRI_SERVE_READ | PRI_SERVE_WRITE
						     | PRI_SERVE_PREFER
}
, MODES(PRI_NET_WEIGHT_IN) = PRI_SERVE_READ | PRI_SERVE_WRITE
}
, MODES(PRI_MEM_THROTTLE) = PRI_SERVE_READ
}
,
}
;

static const struct pri_serve *row(const struct pri_serve *rows, int attr)
{
	return rows[attr].modes ? &rows[attr] : NULL;
}

static const struct pri_serve *first_serve(void *host, int attr, const char **ret_reason)
{
	(void)host;
	*ret_reason = "first says no";
	return row(first_rows, attr);
}

static const struct pri_serve *beside_serve(void *host, int attr, const char **ret_reason)
{
	(void)host;
	*ret_reason = attr == PRI_MEM_GUARANTEE ? "beside says no" : NULL;
	return row(beside_rows, attr);
}

static const struct pri_backend first = {.name = "first", .serve = first_serve};
static const struct pri_backend beside = {.name = "beside", .serve = beside_serve};

static const struct {
	int attr;
	uint32_t mode;
	const char *backend; /* NULL: nobody */
	const char *reason;
	const char *chosen; /* who serves when "beside" is chosen */
} cases[] = {
	{PRI_CPU_SHARES, PRALLOC_LIVE, "first", NULL, "beside"},
	{PRI_CPU_SHARES, PRALLOC_CONFIG, "first", NULL, "first"},
	{PRI_IO_WEIGHT, PRALLOC_LIVE, "beside", NULL, "beside"},
	{PRI_IO_WEIGHT, PRALLOC_CONFIG, "first", NULL, "first"},
	{PRI_NET_WEIGHT_IN, PRALLOC_LIVE, "beside", NULL, "beside"},
	{PRI_NET_WEIGHT_IN, PRALLOC_CONFIG, "first", "first only keeps it", "first"},
	{PRI_MEM_THROTTLE, PRALLOC_LIVE, "beside", NULL, "beside"},
	{PRI_MEM_GUARANTEE, PRALLOC_LIVE, NULL, "beside says no", NULL},
	{PRI_NET_LINK_IN, PRALLOC_LIVE, NULL, "first says no", NULL},
};

static struct pr_host two_backends(struct pr_ctx *ctx)
{
	return (struct pr_host){
		.ctx = ctx,
		.backend_count = 2,
		.backends = {{.backend = &first}, {.backend = &beside}},
	};
}

static void expect_backend(struct pr_host *host, size_t i, const char *wanted)
{
	const struct pri_attr *attr = &pri_attrs[cases[i].attr];
	const struct pri_route *route = pri_route(host, attr, cases[i].mode);

	cr_expect_eq(!route->serve, !wanted, "%s, mode %u", attr->name, cases[i].mode);
	if (wanted && route->serve)
		cr_expect_str_eq(host->backends[route->backend].backend->name, wanted,
				 "%s, mode %u", attr->name, cases[i].mode);
}

Test(route, of_each_mode)
{
	struct pr_ctx *ctx;
	struct pr_host host;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	host = two_backends(ctx);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		const struct pri_attr *attr = &pri_attrs[cases[i].attr];
		const char *reason;

		expect_backend(&host, i, cases[i].backend);
		reason = pri_route(&host, attr, cases[i].mode)->reason;
		cr_expect_eq(!reason, !cases[i].reason, "%s: reason %s", attr->name, reason);
		if (reason && cases[i].reason)
			cr_expect_str_eq(reason, cases[i].reason, "%s", attr->name);
	}
	pr_ctx_unref(ctx);
}

Test(route, chosen_and_given_back)
{
	struct pr_ctx *ctx;
	struct pr_host host;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	host = two_backends(ctx);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		const char *name = pri_attrs[cases[i].attr].name;

		cr_expect_eq(pr_host_set_route(&host, name, "beside", 0),
			     cases[i].chosen ? 0 : -EOPNOTSUPP, "%s", name);
		expect_backend(&host, i, cases[i].chosen);
		cr_expect_eq(pr_host_set_route(&host, name, NULL, 0), 0);
		expect_backend(&host, i, cases[i].backend);
	}
	cr_expect_eq(pr_host_set_route(&host, "cpu.shares", "third", 0), -EINVAL);
	EXPECT_TEXT(pr_host_errmsg(&host), "first, beside");
	pr_ctx_unref(ctx);
}

Test(route, each_mode_of_a_step_has_its_own)
{
	static const char *const wanted[] = {
		[PRI_STEP_LIVE] = "beside", [PRI_STEP_CONFIG] = "first"};
	struct pr_plan *plan = NULL;
	struct pr_host host;
	struct pr_domain dom = {.references = 1, .host = &host, .lock_fd = -1};
	struct pr_ctx *ctx;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	host = two_backends(ctx);
	host.references = 1;
	cr_assert_eq(pr_plan_new(ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, &dom, "mem.throttle", NULL, 1 << 20), 0, "%s",
		     pr_plan_errmsg(plan));
	for (size_t m = 0; m < PRI_STEP_MODES; m++) {
		const struct pri_item *item = &plan->steps[m][0].item;

		cr_expect_str_eq(host.backends[item->route->backend].backend->name, wanted[m]);
		cr_expect_eq(item->change.serve, item->route->serve);
	}
	pr_plan_free(plan);
	pr_ctx_unref(ctx);
}
