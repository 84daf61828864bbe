/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a program that uses the library is tested without any VM; quoted in guide.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pralloc.h>

#define expect(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
	if (holds)
		return;
	fprintf(stderr, "line %d: %s does not hold\n", line, condition);
	exit(1);
}

/* What is tested: move memory from one domain to another within a time. */
static int move(struct pr_plan *plan, struct pr_domain *from, struct pr_domain *to,
		uint32_t timeout_ms)
{
	if (pr_plan_set_str(plan, from, "mem.balloon", NULL, "512MiB") < 0 ||
	    pr_plan_set_str(plan, to, "mem.balloon", NULL, "1536MiB") < 0)
		return -EINVAL;
	return pr_plan_apply(plan, timeout_ms, 0);
}

static uint64_t size_of(struct pr_domain *dom)
{
	uint64_t bytes;

	expect(pr_get_u64(dom, "mem.actual", NULL, &bytes, 0) == 0);
	return bytes;
}

int main(void)
{
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *vm1, *vm2;
	struct pr_plan *plan;
	struct pr_step step = {.size = sizeof(step)};

	expect(pr_ctx_new(&ctx) == 0);
	expect(pr_host_open(ctx, "fake:///2", 0, &host) == 0);
	expect(pr_domain_open(host, "vm1", 0, &vm1) == 0);
	expect(pr_domain_open(host, "vm2", 0, &vm2) == 0);
	expect(pr_plan_new(ctx, &plan) == 0);

	/* A guest that gives 100 MiB per second does not give 512 MiB in 0.2 s. */
	expect(pr_fake_inject(host, "balloon domain=vm1 rate=100MiB/s", 0) == 0);
	expect(move(plan, vm1, vm2, 200) == -ETIMEDOUT);
	expect(pr_plan_step(plan, 0, &step) == 0 && step.status == PRALLOC_STEP_UNDONE);
	expect(size_of(vm1) == 1024ull << 20);
	expect(size_of(vm2) == 1024ull << 20);

	/* A guest that keeps up does. */
	expect(pr_fake_inject(host, "clear", 0) == 0);
	expect(pr_plan_apply(plan, 200, 0) == 0);
	expect(size_of(vm1) == 512ull << 20);
	expect(size_of(vm2) == 1536ull << 20);

	pr_plan_free(plan);
	pr_domain_close(vm2);
	pr_domain_close(vm1);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return 0;
}
