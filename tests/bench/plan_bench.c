/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plan_bench: four changes for each of 100, 1,000 and 10,000 fake domains, by a plan (check and
 * apply, with the record that its undo needs) beside the same changes by typed calls, each verified.
 * What is shown is the time per change; ratios are to the typed calls of the same number of domains,
 * "flat" is to a hundred domains; both is a check and then an apply, which looks again.
 *
 * plan_bench URI DONOR RECIPIENT RECIPIENT: a memory move between three guests by a plan, beside the
 * guests' own time: the donor's balloon and then the recipients', told and waited for by hand.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pralloc.h>

#include "bench.h"

#define CHANGES 4
#define BLOCKS 9
#define MOVES 5
#define RECIPIENTS 2
#define TIMEOUT_MS 60000
#define MOVE_BYTES (UINT64_C(64) << 20)

static const struct {
	const char *attribute;
	uint64_t values[2];
} changes[CHANGES] = {
	{"cpu.shares", {512, 2048}},
	{"io.weight[/dev/fake0]", {50, 200}},
	{"mem.soft_limit", {UINT64_C(512) << 20, UINT64_C(256) << 20}},
	{"net.weight.out[fakebr0]", {50, 200}},
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *times, size_t n)
{
	qsort(times, n, sizeof(*times), compare);
	return times[n / 2];
}

struct fleet {
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain **domains;
	size_t count;
};

static void fleet_open(struct fleet *fleet, size_t count)
{
	char uri[32];
	struct pr_domain *dom = NULL;

	*fleet = (struct fleet){.domains = calloc(count, sizeof(struct pr_domain *))};
	snprintf(uri, sizeof(uri), "fake:///%zu", count);
	if (!fleet->domains || pr_ctx_new(&fleet->ctx) < 0 ||
	    pr_host_open(fleet->ctx, uri, 0, &fleet->host) < 0)
		bench_die(uri, "cannot be opened");
	while (fleet->count < count && pr_host_next(fleet->host, &dom, 0) > 0)
		if (pr_domain_open(fleet->host, pr_domain_name(dom), 0,
				   &fleet->domains[fleet->count++]) < 0)
			bench_die(uri, pr_host_errmsg(fleet->host));
	pr_domain_close(dom);
}

static void fleet_close(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++)
		pr_domain_close(fleet->domains[i]);
	free(fleet->domains);
	pr_host_close(fleet->host);
	pr_ctx_unref(fleet->ctx);
}

static double by_calls(struct fleet *fleet, int which)
{
	double start = now_us();

	for (size_t i = 0; i < fleet->count; i++)
		for (size_t c = 0; c < CHANGES; c++)
			if (pr_set_u64(fleet->domains[i], changes[c].attribute, NULL,
				       changes[c].values[which], 0) < 0)
				bench_die(changes[c].attribute,
					  pr_domain_errmsg(fleet->domains[i]));
	return now_us() - start;
}

/* Making the plan is told apart: an agent makes it once, and the calls have their arguments too. */
static void by_plan(struct fleet *fleet, int which, double *make, double *check, double *apply)
{
	struct pr_plan *plan;
	double start = now_us();

	if (pr_plan_new(fleet->ctx, &plan) < 0)
		bench_die("plan", pr_ctx_errmsg(fleet->ctx));
	for (size_t i = 0; i < fleet->count; i++)
		for (size_t c = 0; c < CHANGES; c++)
			if (pr_plan_set_u64(plan, fleet->domains[i], changes[c].attribute, NULL,
					    changes[c].values[which]) < 0)
				bench_die("plan", pr_plan_errmsg(plan));
	*make = now_us() - start;
	start = now_us();
	if (pr_plan_check(plan, 0) < 0)
		bench_die("check", pr_plan_errmsg(plan));
	*check = now_us() - start;
	start = now_us();
	if (pr_plan_apply(plan, TIMEOUT_MS, 0) < 0)
		bench_die("apply", pr_plan_errmsg(plan));
	*apply = now_us() - start;
	pr_plan_free(plan);
}

static void fleets(void)
{
	static const size_t sizes[] = {100, 1000, 10000};
	double first[2] = {0};

	printf("%-8s %9s %9s %9s %9s %12s %12s %11s %11s\n", "domains", "calls ns", "make ns",
	       "check ns", "apply ns", "apply/calls", "both/calls", "apply flat", "both flat");
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		double calls[BLOCKS], make[BLOCKS], check[BLOCKS], apply[BLOCKS], both[BLOCKS], per,
			call, one[2];
		struct fleet fleet;

		fleet_open(&fleet, sizes[s]);
		per = (double)(fleet.count * CHANGES) / 1000;
		for (int b = 0; b < BLOCKS; b++) {
			calls[b] = by_calls(&fleet, 0);
			by_plan(&fleet, 1, &make[b], &check[b], &apply[b]);
			both[b] = check[b] + apply[b];
		}
		call = median(calls, BLOCKS) / per;
		one[0] = median(apply, BLOCKS) / per;
		one[1] = median(both, BLOCKS) / per;
		for (int i = 0; s == 0 && i < 2; i++)
			first[i] = one[i];
		printf("%-8zu %9.0f %9.0f %9.0f %9.0f %12.2f %12.2f %11.2f %11.2f\n", sizes[s],
		       call, median(make, BLOCKS) / per, median(check, BLOCKS) / per, one[0],
		       one[0] / call, one[1] / call, one[0] / first[0], one[1] / first[1]);
		fleet_close(&fleet);
	}
}

/* -- real guests -- */

static void by_hand(struct pr_domain *dom, uint64_t bytes)
{
	if (pr_mem_balloon(dom, bytes, PRALLOC_ALLOW_HARM) < 0 ||
	    pr_mem_balloon_wait(dom, bytes, TIMEOUT_MS, NULL, 0) < 0)
		bench_die("balloon", pr_domain_errmsg(dom));
}

static uint64_t size_of(struct pr_domain *dom)
{
	uint64_t bytes;

	if (pr_get_u64(dom, "mem.actual", NULL, &bytes, 0) < 0)
		bench_die("mem.actual", pr_domain_errmsg(dom));
	return bytes;
}

/* A guest and what it has at first. */
struct guest {
	struct pr_domain *dom;
	uint64_t bytes;
};

static void move_by_hand(const struct guest *donor, const struct guest *recipients)
{
	by_hand(donor->dom, donor->bytes - RECIPIENTS * MOVE_BYTES);
	for (int i = 0; i < RECIPIENTS; i++)
		by_hand(recipients[i].dom, recipients[i].bytes + MOVE_BYTES);
}

static void move_by_plan(struct pr_ctx *ctx, const struct guest *donor,
			 const struct guest *recipients)
{
	struct pr_plan *plan;
	int r = pr_plan_new(ctx, &plan);

	if (r < 0)
		bench_die("plan", pr_ctx_errmsg(ctx));
	for (int i = 0; r == 0 && i < RECIPIENTS; i++)
		r = pr_plan_move(plan, "mem.balloon", donor->dom, recipients[i].dom, MOVE_BYTES, 0);
	if (r == 0)
		r = pr_plan_apply(plan, TIMEOUT_MS, PRALLOC_ALLOW_HARM);
	if (r < 0)
		bench_die("plan", pr_plan_errmsg(plan));
	pr_plan_free(plan);
}

static void move_back(const struct guest *donor, const struct guest *recipients)
{
	for (int i = 0; i < RECIPIENTS; i++)
		by_hand(recipients[i].dom, recipients[i].bytes);
	by_hand(donor->dom, donor->bytes);
}

static void guests(const char *uri, char **names)
{
	double hand[MOVES], plan_us[MOVES];
	struct guest guest[1 + RECIPIENTS];
	struct pr_ctx *ctx;
	struct pr_host *host;

	if (pr_ctx_new(&ctx) < 0 || pr_host_open(ctx, uri, 0, &host) < 0)
		bench_die(uri, "cannot be opened");
	for (int i = 0; i < 1 + RECIPIENTS; i++) {
		if (pr_domain_open(host, names[i], 0, &guest[i].dom) < 0)
			bench_die(names[i], pr_host_errmsg(host));
		guest[i].bytes = size_of(guest[i].dom);
	}
	for (int i = 0; i < MOVES; i++) {
		double start = now_us();

		move_by_hand(&guest[0], &guest[1]);
		hand[i] = now_us() - start;
		move_back(&guest[0], &guest[1]);
		start = now_us();
		move_by_plan(ctx, &guest[0], &guest[1]);
		plan_us[i] = now_us() - start;
		move_back(&guest[0], &guest[1]);
	}
	printf("64 MiB from one guest to each of %d: by hand %.0f ms, by a plan %.0f ms, ratio %.2f\n",
	       RECIPIENTS, median(hand, MOVES) / 1000, median(plan_us, MOVES) / 1000,
	       median(plan_us, MOVES) / median(hand, MOVES));
	for (int i = 0; i < 1 + RECIPIENTS; i++)
		pr_domain_close(guest[i].dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		fleets();
	else if (argc == 3 + RECIPIENTS)
		guests(argv[1], argv + 2);
	else
		bench_die("usage", "plan_bench [URI DONOR RECIPIENT RECIPIENT]");
	return 0;
}
