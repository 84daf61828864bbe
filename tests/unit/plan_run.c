/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan without blocking: descriptor, dispatch, progress, cancelling, several hosts at once. */
#include "core/plan.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "fixture.h"

#define TIME 20000

static uint64_t ms_since(uint64_t start_ns)
{
	return (pri_now_ns() - start_ns) / 1000000;
}

/* As an agent would: the longest dispatch, and how many there were. */
static int loop(struct pr_plan *plan, uint64_t *longest_ms, size_t *count)
{
	int r;

	*longest_ms = 0;
	*count = 0;
	do {
		struct pollfd fd = {.fd = pr_plan_fd(plan), .events = POLLIN};
		uint64_t start_ns;

		cr_assert_eq(poll(&fd, 1, 10000), 1, "nothing happens");
		start_ns = pri_now_ns();
		r = pr_plan_dispatch(plan);
		if (ms_since(start_ns) > *longest_ms)
			*longest_ms = ms_since(start_ns);
		++*count;
	} while (r == 1);
	return r;
}

Test(plan_run, arguments)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\n");
	cr_expect_eq(pr_plan_start(NULL, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_start(plan, 0, 0), -EINVAL);
	cr_expect_eq(pr_plan_start(plan, TIME, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_plan_fd(NULL), -EINVAL);
	cr_expect_eq(pr_plan_fd(plan), -EINVAL);
	cr_expect_eq(pr_plan_dispatch(NULL), -EINVAL);
	cr_expect_eq(pr_plan_dispatch(plan), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "not started");
	cr_expect_eq(pr_plan_set_progress(NULL, NULL, NULL), -EINVAL);
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	cr_expect_eq(pr_plan_start(plan, TIME, 0), -EBUSY);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY);
	cr_expect_eq(pr_plan_check(plan, 0), -EBUSY);
	cr_expect_eq(pr_plan_set_u64(plan, bed.other, "cpu.shares", NULL, 5), -EBUSY);
	cr_expect_eq(pr_plan_load(plan, bed.host, "vm2 cpu.shares=5\n", 0), -EBUSY);
	cr_expect_eq(pr_plan_count(plan), 1, "nothing is lost");
	cr_expect_eq(pr_plan_move(plan, "cpu.shares", bed.dom, bed.other, 5, 0), -EBUSY);
	cr_expect_eq(pr_plan_set_journal(plan, "/tmp/pralloc-none", 0), -EBUSY);
	pr_plan_cancel(NULL);
	pr_plan_free(plan);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024, "given up before it began");
	bed_close(&bed);
}

Test(plan_run, does_not_block)
{
	struct pr_plan *plan;
	uint64_t longest_ms;
	size_t count;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 mem.balloon=768M cpu.shares=512\nvm2 mem.balloon=1280M\n");
	bed_inject(&bed, "balloon domain=vm1 rate=512MiB/s");
	bed_inject(&bed, "delay ms=20");
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	cr_expect_eq(loop(plan, &longest_ms, &count), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_lt(longest_ms, 20, "a dispatch took %" PRIu64 " ms", longest_ms);
	cr_expect_gt(count, 10);
	cr_expect_lt(count, 500, "it spins: %zu dispatches", count);
	cr_expect_eq(pr_plan_dispatch(plan), -EINVAL, "it has come to its end");
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 768 * MIB);
	cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), 1280 * MIB);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Five hosts that take 50 ms for each call take about as long as one of them. */
Test(plan_run, hosts_at_once)
{
	enum { HOSTS = 5 };
	struct pr_host *hosts[HOSTS] = {NULL};
	uint64_t alone_ms = 0, together_ms;
	struct pr_ctx *ctx = NULL;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	for (size_t n = 1; n <= HOSTS; n += HOSTS - 1) {
		struct pr_plan *plan = NULL;
		uint64_t start_ns;

		cr_assert_eq(pr_plan_new(ctx, &plan), 0);
		for (size_t i = 0; i < n; i++) {
			cr_assert_eq(pr_host_open(ctx, "fake:///2", 0, &hosts[i]), 0);
			cr_assert_eq(pr_plan_load(plan, hosts[i],
						  "vm1 cpu.shares=512\nvm2 mem.balloon=768M\n", 0),
				     0);
			cr_assert_eq(pr_fake_inject(hosts[i], "delay ms=50", 0), 0);
		}
		start_ns = pri_now_ns();
		cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
		together_ms = ms_since(start_ns);
		alone_ms = n == 1 ? together_ms : alone_ms;
		for (size_t i = 0; i < n; i++)
			pr_host_close(hosts[i]);
		pr_plan_free(plan);
	}
	cr_expect_lt(together_ms, 2 * alone_ms, "one host %" PRIu64 " ms, five %" PRIu64 " ms",
		     alone_ms, together_ms);
	pr_ctx_unref(ctx);
}

/* One host fails in the middle: the other one gets back what it had. */
Test(plan_run, one_host_fails)
{
	struct pr_host *other = NULL;
	struct pr_domain *there = NULL;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_open(bed.ctx, "fake:///2", 0, &other), 0);
	cr_assert_eq(pr_domain_open(other, "vm2", 0, &there), 0);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=4096\n");
	cr_assert_eq(pr_plan_load(plan, other, "vm1 cpu.shares=512\nvm2 cpu.shares=4096\n", 0), 0);
	bed_inject(&bed, "delay ms=20");
	cr_assert_eq(pr_fake_inject(other, "fail error=EIO domain=vm2", 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EIO);
	bed_inject(&bed, "clear");
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(bed_get(there, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	pr_domain_close(there);
	pr_host_close(other);
	bed_close(&bed);
}

/* -- cancelling -- */

static struct pr_plan *slow_plan(struct bed *bed)
{
	bed_inject(bed, "balloon domain=vm1 rate=20MiB/s");
	return bed_plan(bed, "vm1 mem.balloon=512M\nvm2 mem.balloon=1536M cpu.shares=512\n");
}

static void expect_cancelled(struct bed *bed, struct pr_plan *plan, int r, uint64_t start_ns)
{
	cr_expect_eq(r, -ECANCELED, "%d %s", r, pr_plan_errmsg(plan));
	EXPECT_TEXT(pr_plan_errmsg(plan), "cancelled");
	cr_expect_lt(ms_since(start_ns), 4000);
	cr_expect_eq(bed_get(bed->dom, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_get(bed->other, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_UNDONE);
}

static void *cancel_later(void *plan)
{
	usleep(200000);
	pr_plan_cancel(plan);
	return NULL;
}

Test(plan_run, cancel_from_a_thread)
{
	struct pr_plan *plan;
	pthread_t thread;
	uint64_t start_ns;
	struct bed bed;

	bed_open(&bed);
	plan = slow_plan(&bed);
	cr_assert_eq(pthread_create(&thread, NULL, cancel_later, plan), 0);
	start_ns = pri_now_ns();
	expect_cancelled(&bed, plan, pr_plan_apply(plan, TIME, 0), start_ns);
	pthread_join(thread, NULL);
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "once more: %s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

static struct pr_plan *interrupted;

static void cancel_now(int signal)
{
	(void)signal;
	pr_plan_cancel(interrupted);
}

Test(plan_run, cancel_from_a_signal_handler)
{
	struct sigaction action = {.sa_handler = cancel_now};
	struct itimerval timer = {.it_value = {.tv_usec = 200000}};
	uint64_t start_ns;
	struct bed bed;

	bed_open(&bed);
	interrupted = slow_plan(&bed);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	start_ns = pri_now_ns();
	expect_cancelled(&bed, interrupted, pr_plan_apply(interrupted, TIME, 0), start_ns);
	pr_plan_free(interrupted);
	bed_close(&bed);
}

/* Before it begins: nothing is done; and after the end: nothing is left of it. */
Test(plan_run, cancel_before_and_after)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\n");
	pr_plan_cancel(plan);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -ECANCELED);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_cancel(plan);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "what takes back is not cut short: %s",
		     pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* -- progress -- */

struct told {
	size_t count, waiting;
	int last[8];
	uint64_t smallest;
	size_t cancel_at; /* so many calls; 0: never */
	struct pr_plan *plan;
};

static void tell(void *data, const struct pr_plan *plan, size_t index)
{
	struct told *told = data;
	struct pr_step step = {.size = sizeof(step)};

	cr_assert_eq(pr_plan_step(plan, index, &step), 0);
	cr_assert_lt(index, 8);
	told->count++;
	told->last[index] = step.status;
	if (step.status == PRALLOC_STEP_WAITING && step.after.type) {
		told->waiting++;
		if (step.after.number < told->smallest)
			told->smallest = step.after.number;
	}
	if (told->count == told->cancel_at)
		pr_plan_cancel(told->plan);
}

Test(plan_run, progress)
{
	struct told told = {.smallest = UINT64_MAX};
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 mem.balloon=768M\nvm2 mem.balloon=1280M\nvm3 cpu.shares=512\n");
	bed_inject(&bed, "balloon domain=vm1 rate=1GiB/s");
	cr_assert_eq(pr_plan_set_progress(plan, tell, &told), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	for (size_t i = 0; i < 3; i++)
		cr_expect_eq(told.last[i], PRALLOC_STEP_APPLIED, "step %zu: %d", i, told.last[i]);
	cr_expect_gt(told.waiting, 5, "the balloon's way was not told");
	cr_expect_lt(told.smallest, 900 * MIB);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Wherever it is cancelled, everything is as before; not sampled, each time that something is
 * told. */
Test(plan_run, cancel_everywhere)
{
	for (size_t at = 1;; at++) {
		struct told told = {.cancel_at = at};
		struct pr_plan *plan;
		struct bed bed;
		int r;

		bed_open(&bed);
		plan = bed_plan(&bed, "vm1 mem.balloon=768M cpu.shares=512 cpu.pin[0]=1\n"
				      "vm2 mem.balloon=1280M cpu.shares=4096\n");
		bed_inject(&bed, "balloon domain=vm1 rate=8GiB/s");
		told.plan = plan;
		pr_plan_set_progress(plan, tell, &told);
		r = pr_plan_apply(plan, TIME, 0);
		cr_expect(r == 0 || r == -ECANCELED, "at %zu: %d %s", at, r, pr_plan_errmsg(plan));
		cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), r ? 1024 : 512, "at %zu", at);
		cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), r ? 1024 : 4096);
		cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), (r ? 1024 : 768) * MIB);
		cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), (r ? 1024 : 1280) * MIB);
		pr_plan_free(plan);
		bed_close(&bed);
		if (told.count < at)
			break;
		cr_assert_lt(at, 1000);
	}
}

/* -- others -- */

Test(plan_run, changed_since_the_check)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=512\n");
	cr_assert_eq(pr_plan_check(plan, 0), 0);
	cr_assert_eq(pr_cpu_set_shares(bed.other, 2000, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm2");
	EXPECT_TEXT(pr_plan_errmsg(plan), "checked and is 2000 now");
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_assert_eq(pr_plan_check(plan, 0), 0, "a new look: %s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Each check tells what has changed since the one before, once. */
Test(plan_run, changed_between_checks)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=512\n");
	cr_assert_eq(pr_cpu_set_shares(bed.other, 1500, 0), 0);
	cr_assert_eq(pr_plan_check(plan, 0), 0, "the first look: %s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_check(plan, 0), 0, "nothing new: %s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_cpu_set_shares(bed.other, 2000, 0), 0);
	cr_expect_eq(pr_plan_check(plan, 0), -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm2");
	EXPECT_TEXT(pr_plan_errmsg(plan), "it was 1500 when the plan was checked and is 2000 now");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_REFUSED);
	cr_expect_eq(pr_plan_check(plan, 0), 0, "it was told: %s", pr_plan_errmsg(plan));
	/* What else stands against the step does not hide it for ever. */
	cr_assert_eq(pr_cpu_set_shares(bed.other, 1800, 0), 0);
	bed_inject(&bed, "migrating domain=vm2");
	cr_expect_eq(pr_plan_check(plan, 0), -EBUSY, "%s", pr_plan_errmsg(plan));
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_check(plan, 0), -EAGAIN, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Nothing was looked at, so nothing is relied on. */
Test(plan_run, never_checked)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm2 cpu.shares=512\n");
	cr_assert_eq(pr_cpu_set_shares(bed.other, 2000, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What stands against a domain stands against each of its steps. */
Test(plan_run, domain_is_gone)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512 mem.balloon=900M\nvm2 cpu.shares=512\n");
	bed_inject(&bed, "vanish domain=vm1");
	cr_expect_eq(pr_plan_check(plan, 0), -ENOENT);
	cr_expect_eq(bed_step(plan, 0).error, -ENOENT);
	cr_expect_eq(bed_step(plan, 1).error, -ENOENT);
	cr_expect_eq(bed_step(plan, 2).status, PRALLOC_STEP_OK);
	pr_plan_free(plan);
	bed_close(&bed);
}
