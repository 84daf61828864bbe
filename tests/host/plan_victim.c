/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process of its own that applies plans over two guests.
 *
 *     plan_victim kill URI DONOR TAKER JOURNAL AT      is killed at the AT-th thing that it is told
 *     plan_victim undo URI DONOR TAKER JOURNAL AT      the same, while it takes back what it applied
 *     plan_victim contend URI DONOR TAKER SHARES MS    sets both to SHARES, again and again
 *
 * Exit status of contend: how often it was refused because another one had the lock, at most 100.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pralloc.h>

#define PATIENCE_MS 60000
#define FAILED 200

struct victim {
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *donor, *taker;
	int at, count;
};

static int fail(const char *text)
{
	fprintf(stderr, "plan_victim: %s\n", text);
	return FAILED;
}

static void die_here(void *data, const struct pr_plan *plan, size_t index)
{
	struct victim *victim = data;

	(void)plan;
	(void)index;
	if (++victim->count == victim->at)
		raise(SIGKILL);
}

static int be_killed(struct victim *victim, const char *journal, const char *at, bool undo)
{
	struct pr_plan *plan;

	victim->at = atoi(at);
	if (pr_plan_new(victim->ctx, &plan) < 0)
		return fail(pr_ctx_errmsg(victim->ctx));
	if (pr_plan_move(plan, "mem.balloon", victim->donor, victim->taker, 32 << 20, 0) < 0 ||
	    pr_plan_set_u64(plan, victim->donor, "cpu.shares", NULL, 512) < 0 ||
	    pr_plan_set_u64(plan, victim->taker, "cpu.shares", NULL, 4096) < 0 ||
	    pr_plan_set_journal(plan, journal, 0) < 0 ||
	    (!undo && pr_plan_set_progress(plan, die_here, victim) < 0) ||
	    pr_plan_apply(plan, PATIENCE_MS, 0) < 0 ||
	    (undo && pr_plan_set_progress(plan, die_here, victim) < 0) ||
	    (undo && pr_plan_undo(plan, PATIENCE_MS, 0) < 0))
		return fail(pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int contend(struct victim *victim, const char *shares, const char *ms)
{
	long end_ms = now_ms() + atol(ms);
	int busy = 0;

	while (now_ms() < end_ms) {
		struct pr_plan *plan;
		int r;

		if (pr_plan_new(victim->ctx, &plan) < 0)
			return fail(pr_ctx_errmsg(victim->ctx));
		pr_plan_set_str(plan, victim->donor, "cpu.shares", NULL, shares);
		pr_plan_set_str(plan, victim->taker, "cpu.shares", NULL, shares);
		r = pr_plan_apply(plan, PATIENCE_MS, 0);
		if (r < 0 && r != -EBUSY)
			return fail(pr_plan_errmsg(plan));
		busy += r == -EBUSY && busy < 100;
		pr_plan_free(plan);
	}
	return busy;
}

int main(int argc, char **argv)
{
	struct victim victim = {0};
	int r;

	if (argc != 7)
		return fail("usage: plan_victim kill|undo|contend URI DONOR TAKER WHAT NUMBER");
	if (pr_ctx_new(&victim.ctx) < 0 || pr_host_open(victim.ctx, argv[2], 0, &victim.host) < 0)
		return fail(victim.ctx ? pr_ctx_errmsg(victim.ctx) : "out of memory");
	if (pr_domain_open(victim.host, argv[3], 0, &victim.donor) < 0 ||
	    pr_domain_open(victim.host, argv[4], 0, &victim.taker) < 0)
		return fail(pr_host_errmsg(victim.host));
	r = strcmp(argv[1], "contend") == 0
		    ? contend(&victim, argv[5], argv[6])
		    : be_killed(&victim, argv[5], argv[6], strcmp(argv[1], "undo") == 0);
	pr_domain_close(victim.taker);
	pr_domain_close(victim.donor);
	pr_host_close(victim.host);
	pr_ctx_unref(victim.ctx);
	return r;
}
