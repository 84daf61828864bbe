/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans of several hosts, dispatched in their own threads, each given up from another one at some
 * moment.  What was given up is as before, what was not is done.  As thread.c, for ThreadSanitizer:
 *
 *     meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
 *     meson test -C build-tsan thread_plan
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <pralloc.h>

#define ROUNDS 60
#define TIMEOUT_MS 20000
#define HOSTS 2
#define OLD 1024
#define NEW 2048

static const char *const trees[][HOSTS] = {
	{"fake:///2?inject=delay+ms=1", "fake:///2"},
	{"fake:///2", "fake:///2"},
	/* With the worker thread of a libvirt host. */
	{"fake:///2?inject=delay+ms=1", "test:///default"},
};

#define TREES (sizeof(trees) / sizeof(trees[0]))

struct tree {
	const char *const *uris;
	struct pr_ctx *ctx;
	struct pr_host *hosts[HOSTS];
	struct pr_domain *doms[HOSTS];
	_Atomic(struct pr_plan *) plan; /* to be given up */
	pthread_t thread;
	unsigned int done, cancelled;
	char error[512];
};

static int failed(struct tree *tree, const char *what, int code, const char *text)
{
	snprintf(tree->error, sizeof(tree->error), "%s: %s: %d: %s", tree->uris[0], what, code,
		 text);
	return -1;
}

static int open_all(struct tree *tree)
{
	int r = pr_ctx_new(&tree->ctx);

	if (r < 0)
		return failed(tree, "context", r, strerror(-r));
	for (int i = 0; i < HOSTS; i++) {
		int real = strncmp(tree->uris[i], "test:", 5) == 0;

		r = pr_host_open(tree->ctx, tree->uris[i], 0, &tree->hosts[i]);
		if (r < 0)
			return failed(tree, "host", r, pr_ctx_errmsg(tree->ctx));
		r = pr_domain_open(tree->hosts[i], real ? "test" : "vm1", 0, &tree->doms[i]);
		if (r < 0)
			return failed(tree, "domain", r, pr_host_errmsg(tree->hosts[i]));
	}
	return 0;
}

static int add_steps(struct tree *tree, struct pr_plan *plan, unsigned int round)
{
	int r = pr_plan_set_u64(plan, tree->doms[0], "cpu.shares", NULL, round % 2 ? OLD : NEW);

	if (r == 0)
		r = pr_plan_set_u64(plan, tree->doms[1], "mem.hard_limit", NULL,
				    (UINT64_C(4096) + round) << 20);
	return r;
}

static int dispatch(struct pr_plan *plan)
{
	struct pollfd fd = {.fd = pr_plan_fd(plan), .events = POLLIN};
	int r = 1;

	while (r == 1 && poll(&fd, 1, TIMEOUT_MS) > 0)
		r = pr_plan_dispatch(plan);
	return r;
}

/* All of it or nothing. */
static int judge(struct tree *tree, int r, unsigned int round, uint64_t before)
{
	uint64_t wanted = round % 2 ? OLD : NEW, is = 0;

	tree->done += r == 0;
	tree->cancelled += r == -ECANCELED;
	if (pr_get_u64(tree->doms[0], "cpu.shares", NULL, &is, 0) < 0)
		return failed(tree, "get", -1, pr_domain_errmsg(tree->doms[0]));
	if (is == (r == 0 ? wanted : before))
		return 0;
	return failed(tree, "neither done nor as before", r, "cpu.shares");
}

static int one_round(struct tree *tree, unsigned int round)
{
	struct pr_plan *plan;
	uint64_t before = 0;
	int r = pr_plan_new(tree->ctx, &plan);

	if (r < 0 || pr_get_u64(tree->doms[0], "cpu.shares", NULL, &before, 0) < 0)
		return failed(tree, "plan", r, pr_ctx_errmsg(tree->ctx));
	r = add_steps(tree, plan, round);
	if (r == 0)
		r = pr_plan_start(plan, TIMEOUT_MS, PRALLOC_ALLOW_HARM);
	if (r == 0) {
		atomic_store(&tree->plan, plan);
		r = dispatch(plan);
		/* From here on nobody else has it. */
		while (!atomic_exchange(&tree->plan, NULL))
			;
	}
	if (r != 0 && r != -ECANCELED)
		failed(tree, "dispatch", r, pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return *tree->error ? -1 : judge(tree, r, round, before);
}

static void *tree_main(void *arg)
{
	struct tree *tree = arg;
	int r = open_all(tree);

	for (unsigned int round = 0; r == 0 && round < ROUNDS; round++)
		r = one_round(tree, round);
	for (int i = 0; i < HOSTS; i++) {
		pr_domain_close(tree->doms[i]);
		pr_host_close(tree->hosts[i]);
	}
	pr_ctx_unref(tree->ctx);
	return NULL;
}

/* Take the plan, so that it is not freed meanwhile, give it up, and hand it back. */
static void give_up(struct tree *tree)
{
	struct pr_plan *plan = atomic_exchange(&tree->plan, NULL);

	if (!plan)
		return;
	pr_plan_cancel(plan);
	atomic_store(&tree->plan, plan);
}

static void *cancel_main(void *arg)
{
	struct tree *all = arg;
	struct timespec pause = {.tv_nsec = 1000};

	for (unsigned int i = 0; i < 400; i++) {
		pause.tv_nsec = 1000 + i % 40 * 100000;
		nanosleep(&pause, NULL);
		give_up(&all[i % TREES]);
	}
	return NULL;
}

int main(void)
{
	/* Threads of the library end behind our back, and a leak checker would see them half-way. */
	const struct timespec end = {.tv_nsec = 100000000};
	struct tree all[TREES] = {0};
	unsigned int done = 0, cancelled = 0;
	pthread_t canceller;
	int failures = 0;

	for (size_t i = 0; i < TREES; i++) {
		all[i].uris = trees[i];
		if (pthread_create(&all[i].thread, NULL, tree_main, &all[i]) != 0)
			return 1;
	}
	if (pthread_create(&canceller, NULL, cancel_main, all) != 0)
		return 1;
	for (size_t i = 0; i < TREES; i++) {
		pthread_join(all[i].thread, NULL);
		done += all[i].done;
		cancelled += all[i].cancelled;
		if (!*all[i].error)
			continue;
		fprintf(stderr, "thread_plan: %s\n", all[i].error);
		failures++;
	}
	pthread_join(canceller, NULL);
	printf("%u done, %u given up\n", done, cancelled);
	if (failures == 0 && (done == 0 || cancelled == 0)) {
		fprintf(stderr, "thread_plan: nothing was tested\n");
		failures++;
	}
	nanosleep(&end, NULL);
	return failures > 0;
}
