/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Move memory from one running VM to another in a program that has an event loop of its own.
 *
 *     plan_loop FROM TO SIZE SECONDS [URI]       plan_loop vm1 vm2 256MiB 60
 *
 * The loop waits for the plan beside whatever else it serves; here that is Ctrl-C, which gives the
 * plan up.  What was done by then is taken back, and so it is when SECONDS have passed.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <pralloc.h>

static int fail(const char *text)
{
	fprintf(stderr, "plan_loop: %s\n", text);
	return 1;
}

/* Called within pr_plan_start() and pr_plan_dispatch(), whenever a step is somewhere else. */
static void progress(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};

	(void)data;
	if (pr_plan_step(plan, index, &step) < 0)
		return;
	if (step.status == PRALLOC_STEP_WAITING && step.after.type == PRALLOC_TYPE_U64)
		printf("%s: on its way, %" PRIu64 " MiB\n", step.target, step.after.number >> 20);
	else if (step.status == PRALLOC_STEP_APPLIED)
		printf("%s: done\n", step.target);
	else if (step.status == PRALLOC_STEP_UNDONE)
		printf("%s: as before\n", step.target);
	fflush(stdout);
}

/* Signals as a descriptor: nothing happens in the middle of something else. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
}

/* 1 while the plan goes on. */
static int loop(struct pr_plan *plan, int signals)
{
	struct pollfd fds[] = {{.fd = pr_plan_fd(plan), .events = POLLIN},
			       {.fd = signals, .events = POLLIN}};
	struct signalfd_siginfo signal;
	int r = 1;

	while (r == 1 && poll(fds, 2, -1) >= 0) {
		if (fds[1].revents && read(signals, &signal, sizeof(signal)) > 0)
			pr_plan_cancel(plan);
		/* A few milliseconds at most; the plan goes on when it is called again. */
		if (fds[0].revents)
			r = pr_plan_dispatch(plan);
	}
	return r;
}

static int move(struct pr_ctx *ctx, struct pr_domain *from, struct pr_domain *to, char **argv)
{
	struct pr_value size = {.size = sizeof(size)};
	uint32_t timeout_ms = (uint32_t)strtoul(argv[4], NULL, 10) * 1000;
	struct pr_plan *plan;
	int signals = open_signals(), r = 0;

	if (signals < 0 || pr_value_parse(ctx, "mem.balloon", argv[3], 0, &size, NULL, 0) < 0 ||
	    pr_plan_new(ctx, &plan) < 0)
		return fail(signals < 0 ? "no descriptor for signals" : pr_ctx_errmsg(ctx));
	pr_plan_set_progress(plan, progress, NULL);
	if (pr_plan_move(plan, "mem.balloon", from, to, size.number, 0) < 0 ||
	    pr_plan_start(plan, timeout_ms, 0) < 0 || loop(plan, signals) != 0)
		r = fail(pr_plan_errmsg(plan));
	pr_plan_free(plan);
	close(signals);
	return r;
}

int main(int argc, char **argv)
{
	struct pr_ctx *ctx;
	struct pr_host *host = NULL;
	struct pr_domain *from = NULL, *to = NULL;
	int r;

	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: plan_loop FROM TO SIZE SECONDS [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, argc > 5 ? argv[5] : "qemu:///system", 0, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	else if (pr_domain_open(host, argv[1], 0, &from) < 0 ||
		 pr_domain_open(host, argv[2], 0, &to) < 0)
		r = fail(pr_host_errmsg(host));
	else
		r = move(ctx, from, to, argv);
	pr_domain_close(to);
	pr_domain_close(from);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
