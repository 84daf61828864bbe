/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library environment. */
#include "fixture.h"

struct lines {
	unsigned int count;
	int level;
	char last[512];
};

static void keep(void *data, int level, const char *text)
{
	struct lines *lines = data;

	lines->count++;
	lines->level = level;
	snprintf(lines->last, sizeof(lines->last), "%s", text);
}

Test(ctx, null_is_no_crash)
{
	cr_expect_eq(pr_ctx_new(NULL), -EINVAL);
	cr_expect_null(pr_ctx_ref(NULL));
	cr_expect_null(pr_ctx_unref(NULL));
	cr_expect_eq(pr_ctx_set_log(NULL, keep, PRALLOC_LOG_DEBUG, NULL), -EINVAL);
	cr_expect_eq(pr_ctx_set_timeout(NULL, 1), -EINVAL);
	cr_expect_str_not_empty(pr_ctx_errmsg(NULL));
}

Test(ctx, references)
{
	struct pr_ctx *ctx;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	cr_expect_str_empty(pr_ctx_errmsg(ctx));
	cr_expect_eq(pr_ctx_ref(ctx), ctx);
	cr_expect_null(pr_ctx_unref(ctx));
	cr_expect_eq(pr_ctx_set_timeout(ctx, 5), 0, "gone with the first of two references");
	cr_expect_null(pr_ctx_unref(ctx));
}

Test(ctx, log_levels)
{
	static const int bad[] = {-1, 0, 5, INT32_MAX};
	struct lines lines = {0};
	struct pr_ctx *ctx;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(bad); i++) {
		cr_expect_eq(pr_ctx_set_log(ctx, keep, bad[i], &lines), -EINVAL, "%d", bad[i]);
		EXPECT_TEXT(pr_ctx_errmsg(ctx), "1 to 4");
	}
	cr_expect_eq(pr_ctx_set_log(ctx, keep, PRALLOC_LOG_WARNING, &lines), 0);
	cr_expect_str_empty(pr_ctx_errmsg(ctx));
	pri_log(ctx, PRALLOC_LOG_INFO, "too talkative");
	cr_expect_eq(lines.count, 0);
	pri_log(ctx, PRALLOC_LOG_WARNING, "%d is just right", 3);
	cr_expect_eq(lines.count, 1);
	cr_expect_eq(lines.level, PRALLOC_LOG_WARNING);
	cr_expect_str_eq(lines.last, "3 is just right");
	cr_expect_eq(pr_ctx_set_log(ctx, NULL, PRALLOC_LOG_DEBUG, NULL), 0);
	pri_log(ctx, PRALLOC_LOG_ERROR, "nobody listens");
	cr_expect_eq(lines.count, 1);
	pr_ctx_unref(ctx);
}

Test(ctx, timeout_of_zero_is_refused)
{
	struct bed bed;
	uint64_t value;

	bed_open(&bed);
	cr_expect_eq(pr_ctx_set_timeout(bed.ctx, 0), -EINVAL);
	EXPECT_TEXT(pr_ctx_errmsg(bed.ctx), "0 ms");
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), 0, "the old one holds");
	cr_expect_eq(pr_ctx_set_timeout(bed.ctx, UINT32_MAX), 0);
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	bed_close(&bed);
}

/* One deadline for the whole call, whatever it has to ask the host for on the way. */
static void expect_timeout(struct bed *bed, const char *what, int code, uint64_t start_ns)
{
	uint64_t ms = (pri_now_ns() - start_ns) / 1000000;

	cr_expect_eq(code, -ETIMEDOUT, "%s: %d (%s)", what, code, pr_domain_errmsg(bed->dom));
	cr_expect_leq(ms, 1000, "%s took %" PRIu64 " ms", what, ms);
}

Test(ctx, deadline_of_each_call)
{
	struct pr_domain *dom = NULL;
	struct pr_host_info info = {.size = sizeof(info)};
	struct pr_reading reading = {.size = sizeof(reading), .attribute = "cpu.shares"};
	struct bed bed;
	uint64_t value;
	int state;

	bed_open(&bed);
	bed_inject(&bed, "delay ms=5000");
	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, 50), 0);
	expect_timeout(&bed, "get", pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0),
		       pri_now_ns());
	expect_timeout(&bed, "set", pr_cpu_set_shares(bed.dom, 5, 0), pri_now_ns());
	expect_timeout(&bed, "set with %", pr_set_str(bed.dom, "mem.balloon", NULL, "50%", 0),
		       pri_now_ns());
	expect_timeout(&bed, "state", pr_domain_state(bed.dom, &state, 0), pri_now_ns());
	expect_timeout(&bed, "read", pr_read(bed.dom, &reading, 1, NULL, 0), pri_now_ns());
	expect_timeout(&bed, "reset", pr_domain_reset(bed.dom, NULL, NULL, 0), pri_now_ns());
	expect_timeout(&bed, "open", pr_domain_open(bed.host, "vm3", 0, &dom), pri_now_ns());
	expect_timeout(&bed, "info", pr_host_info(bed.host, &info, 0), pri_now_ns());
	expect_timeout(&bed, "walk", pr_host_next(bed.host, &dom, 0), pri_now_ns());
	cr_expect_null(dom);
	bed_close(&bed);
}

/* Sixty settings of 40 ms each would take seconds; they are read in one call. */
Test(ctx, reset_of_all_is_no_sum_of_delays)
{
	struct bed bed;
	uint64_t start_ns;

	bed_open(&bed);
	cr_assert_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	bed_inject(&bed, "delay ms=40");
	start_ns = pri_now_ns();
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	cr_expect_lt((pri_now_ns() - start_ns) / 1000000, 1000);
	bed_close(&bed);
}

/* Every order in which a program can give back a context, two hosts, two domains and a plan. */
enum { CTX, HOST, OTHER_HOST, DOMAIN, WALKED, PLAN, HANDLES };

struct tree {
	struct pr_ctx *ctx;
	struct pr_host *host, *other;
	struct pr_domain *dom, *walked;
	struct pr_plan *plan;
};

static void grow_tree(struct tree *tree)
{
	struct pr_domain *dom;

	*tree = (struct tree){0};
	cr_assert_eq(pr_ctx_new(&tree->ctx), 0);
	cr_assert_eq(pr_host_open(tree->ctx, "fake:///2", 0, &tree->host), 0);
	cr_assert_eq(pr_host_open(tree->ctx, "fake:///2", 0, &tree->other), 0);
	cr_assert_eq(pr_domain_open(tree->host, "vm2", 0, &tree->dom), 0);
	cr_assert_eq(pr_host_next(tree->other, &tree->walked, 0), 1);
	cr_assert_eq(pr_plan_new(tree->ctx, &tree->plan), 0);
	cr_assert_eq(pr_plan_set_u64(tree->plan, tree->dom, "cpu.shares", NULL, 7), 0);
	cr_assert_eq(pr_domain_open(tree->host, "vm1", 0, &dom), 0);
	cr_assert_eq(pr_plan_set_u64(tree->plan, dom, "cpu.shares", NULL, 7), 0);
	pr_domain_close(dom);
	cr_assert_eq(pr_plan_host_set_u64(tree->plan, tree->other, "ksm.run", NULL, 1), 0);
}

static void cut(struct tree *tree, int handle)
{
	switch (handle) {
	case CTX:
		pr_ctx_unref(tree->ctx);
		break;
	case HOST:
		pr_host_close(tree->host);
		break;
	case OTHER_HOST:
		pr_host_close(tree->other);
		break;
	case DOMAIN:
		pr_domain_close(tree->dom);
		break;
	case WALKED:
		pr_domain_close(tree->walked);
		break;
	default:
		cr_expect_eq(pr_plan_apply(tree->plan, 10000, 0), 0, "%s",
			     pr_plan_errmsg(tree->plan));
		pr_plan_free(tree->plan);
	}
}

Test(ctx, closing_in_every_order)
{
	for (int n = 0; n < 720; n++) {
		int left[HANDLES] = {CTX, HOST, OTHER_HOST, DOMAIN, WALKED, PLAN};
		int rest = n;
		struct tree tree;

		grow_tree(&tree);
		for (int size = HANDLES; size > 0; size--) {
			int at = rest % size;

			rest /= size;
			cut(&tree, left[at]);
			memmove(&left[at], &left[at + 1],
				(size_t)(size - at - 1) * sizeof(left[0]));
		}
	}
}

Test(ctx, version)
{
	cr_expect_eq(pr_version(), PRALLOC_VERSION);
}
