/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Move memory from one running VM to another, all of it or nothing.
 *
 *     move_memory FROM TO SIZE [URI]       move_memory vm1 vm2 256MiB
 *
 * Both changes are one plan: the donor shrinks first, its guest is waited for, then the recipient
 * grows.  When the donor does not give, it gets back what it gave, and the recipient stays as it is.
 */
#include <inttypes.h>
#include <stdio.h>

#include <pralloc.h>

#define TIMEOUT_MS 60000

static int fail(const char *text)
{
	fprintf(stderr, "move_memory: %s\n", text);
	return 1;
}

static int parse_size(struct pr_ctx *ctx, const char *text, uint64_t *ret_bytes)
{
	struct pr_value value = {.size = sizeof(value)};

	if (pr_value_parse(ctx, "mem.balloon", text, 0, &value, NULL, 0) < 0)
		return fail(pr_ctx_errmsg(ctx));
	*ret_bytes = value.number;
	return 0;
}

/* What each VM has now; after a failure only what could not be taken back is not as before. */
static void print_steps(const struct pr_plan *plan)
{
	struct pr_step step = {.size = sizeof(step)};

	for (size_t i = 0; i < pr_plan_count(plan) && pr_plan_step(plan, i, &step) == 0; i++) {
		if (step.status == PRALLOC_STEP_APPLIED)
			printf("%s: %" PRIu64 " MiB, was %" PRIu64 " MiB\n", step.target,
			       step.after.number >> 20, step.before.number >> 20);
		if (step.status == PRALLOC_STEP_LEFT)
			fail(step.text);
	}
}

static int move(struct pr_ctx *ctx, struct pr_domain *from, struct pr_domain *to, const char *size)
{
	struct pr_plan *plan;
	uint64_t bytes;
	int r = 0;

	if (parse_size(ctx, size, &bytes))
		return 1;
	if (pr_plan_new(ctx, &plan) < 0)
		return fail(pr_ctx_errmsg(ctx));
	if (pr_plan_move(plan, "mem.balloon", from, to, bytes, 0) < 0 ||
	    pr_plan_apply(plan, TIMEOUT_MS, 0) < 0)
		r = fail(pr_plan_errmsg(plan));
	print_steps(plan);
	pr_plan_free(plan);
	return r;
}

int main(int argc, char **argv)
{
	const char *uri = argc > 4 ? argv[4] : "qemu:///system";
	struct pr_ctx *ctx;
	struct pr_host *host = NULL;
	struct pr_domain *from = NULL, *to = NULL;
	int r;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: move_memory FROM TO SIZE [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, uri, 0, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	else if (pr_domain_open(host, argv[1], 0, &from) < 0 ||
		 pr_domain_open(host, argv[2], 0, &to) < 0)
		r = fail(pr_host_errmsg(host));
	else
		r = move(ctx, from, to, argv[3]);
	pr_domain_close(to);
	pr_domain_close(from);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
