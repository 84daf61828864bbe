/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs to a host is changed by one process at a time, over all of a plan. */
#include "core/host_lock.h"

#include <signal.h>
#include <sys/wait.h>

#include "cgroup_bed.h"

#define TIME 20000
#define JOURNAL_MAX 64

static struct pr_plan *plan_of(struct cg_bed *bed, const char *lines)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	cr_assert_eq(pr_plan_load(plan, bed->host, lines, 0), 0, "%s", pr_plan_errmsg(plan));
	return plan;
}

/* A second way to the same host, as another process opens it. */
static void open_again(const struct cg_bed *bed, const char *uri, struct cg_bed *ret_again)
{
	*ret_again = (struct cg_bed){.tree = bed->tree};
	cr_assert_eq(pr_ctx_new(&ret_again->ctx), 0);
	cr_assert_eq(pr_ctx_set_root(ret_again->ctx, bed->tree.root), 0);
	cr_assert_eq(pr_host_open(ret_again->ctx, uri, 0, &ret_again->host), 0, "%s",
		     pr_ctx_errmsg(ret_again->ctx));
}

static void close_again(struct cg_bed *again)
{
	pr_host_close(again->host);
	pr_ctx_unref(again->ctx);
}

/* Tells the parent, and stays in the middle of the plan until it is killed. */
static void stop_here(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};
	const int *pipe_fd = data;

	if (pr_plan_step(plan, index, &step) < 0 || step.status != PRALLOC_STEP_APPLIED)
		return;
	if (write(*pipe_fd, "x", 1) == 1)
		pause();
	_exit(1);
}

/* Another process in the middle of a plan, with a journal or NULL. */
static pid_t planner(struct cg_bed *bed, const char *lines, const char *journal)
{
	int pipes[2];
	char ready;
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct cg_bed again;
		struct pr_plan *plan;

		open_again(bed, "cgroup:", &again);
		plan = plan_of(&again, lines);
		cr_assert_eq(pr_plan_set_journal(plan, journal, 0), 0);
		pr_plan_set_progress(plan, stop_here, &pipes[1]);
		pr_plan_apply(plan, TIME, 0);
		_exit(1);
	}
	close(pipes[1]);
	cr_assert_eq(read(pipes[0], &ready, 1), 1, "the other process has not come far");
	close(pipes[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void expect_held(int code, const char *text, pid_t pid, const char *what)
{
	char part[32];

	snprintf(part, sizeof(part), "PID %d", (int)pid);
	cr_expect_eq(code, -EBUSY, "%s: %d: %s", what, code, text);
	cr_expect(strstr(text, part), "%s: %s", what, text);
	cr_expect(strstr(text, "ksm.* of the host"), "%s: %s", what, text);
}

static uint64_t ksm_run(struct cg_bed *bed)
{
	uint64_t value = 9;

	cr_expect_eq(pr_host_get_u64(bed->host, "ksm.run", NULL, &value, 0), 0, "reading: %s",
		     pr_host_errmsg(bed->host));
	return value;
}

Test(host_lock, writers_wait_for_a_plan)
{
	struct pr_plan *plan;
	struct cg_bed bed;
	pid_t pid;
	int r;

	cg_bed_open(&bed, "v2", "cgroup:");
	plan = plan_of(&bed, "@host ksm.sleep_ms=40\n");
	pid = planner(&bed, "@host ksm.run=1 ksm.pages_to_scan=200\n", NULL);
	r = pr_host_set_u64(bed.host, "ksm.run", NULL, 2, 0);
	expect_held(r, pr_host_errmsg(bed.host), pid, "a typed call");
	r = pr_plan_apply(plan, TIME, 0);
	expect_held(r, pr_plan_errmsg(plan), pid, "a plan of another setting");
	r = pr_plan_check(plan, 0);
	expect_held(r, pr_plan_errmsg(plan), pid, "a check");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_REFUSED);
	cr_expect_eq(bed_step(plan, 0).error, -EBUSY);
	cr_expect_eq(ksm_run(&bed), 1, "the other one's");
	end(pid);
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_host_set_u64(bed.host, "ksm.run", NULL, 2, 0), 0, "%s",
		     pr_host_errmsg(bed.host));
	pr_plan_free(plan);
	cg_bed_close(&bed);
}

/* What is taken back later is held meanwhile as well. */
Test(host_lock, undo_and_recover)
{
	char journal[JOURNAL_MAX];
	struct pr_plan *plan, *recovered = NULL;
	struct cg_bed bed;
	pid_t pid;
	int r;

	cg_bed_open(&bed, "v2", "cgroup:");
	plan = plan_of(&bed, "@host ksm.run=1\n");
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pid = planner(&bed, "@host ksm.sleep_ms=40\n", NULL);
	r = pr_plan_undo(plan, TIME, 0);
	expect_held(r, pr_plan_errmsg(plan), pid, "undo");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	cr_expect_eq(ksm_run(&bed), 1);
	end(pid);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(ksm_run(&bed), 0);
	pr_plan_free(plan);

	snprintf(journal, sizeof(journal), "%s/journal", bed.tree.root);
	end(planner(&bed, "@host ksm.run=1\n", journal));
	cr_assert_eq(ksm_run(&bed), 1);
	pid = planner(&bed, "@host ksm.sleep_ms=50\n", NULL);
	cr_assert_eq(pr_plan_new(bed.ctx, &recovered), 0);
	r = pr_plan_recover(recovered, &bed.host, 1, journal, TIME, 0);
	expect_held(r, pr_plan_errmsg(recovered), pid, "recover");
	pr_plan_free(recovered);
	end(pid);
	cr_assert_eq(pr_plan_new(bed.ctx, &recovered), 0);
	cr_expect_eq(pr_plan_recover(recovered, &bed.host, 1, journal, TIME, 0), 0, "%s",
		     pr_plan_errmsg(recovered));
	cr_expect_eq(ksm_run(&bed), 0);
	pr_plan_free(recovered);
	cg_bed_close(&bed);
}

static void expect_free(struct cg_bed *again, const char *after)
{
	cr_expect_eq(pr_host_set_u64(again->host, "ksm.sleep_ms", NULL, 30, 0), 0, "after %s: %s",
		     after, pr_host_errmsg(again->host));
}

Test(host_lock, is_let_go)
{
	struct pr_plan *plan;
	struct cg_bed bed, again;

	cg_bed_open(&bed, "v2", "cgroup:");
	open_again(&bed, "cgroup:///machine", &again);
	/* A file that can be read, and that refuses what is written. */
	tree_remove(&bed.tree, "sys/kernel/mm/ksm/run");
	tree_add(&bed.tree, "sys/kernel/mm/ksm/run -> /proc/self/oom_score\n");
	plan = plan_of(&bed, "@host ksm.run=1 ksm.pages_to_scan=300\n");
	cr_expect_lt(pr_plan_apply(plan, TIME, 0), 0);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_FAILED, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_UNDONE);
	expect_free(&again, "a failure");
	pr_plan_free(plan);
	tree_remove(&bed.tree, "sys/kernel/mm/ksm/run");
	tree_add(&bed.tree, "sys/kernel/mm/ksm/run: 0\n");
	plan = plan_of(&bed, "@host ksm.run=1\n");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_free(&again, "a check");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_free(&again, "an apply");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_free(&again, "an undo");
	pr_plan_free(plan);
	plan = plan_of(&bed, "@host ksm.run=1\n");
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	pr_plan_cancel(plan);
	pr_plan_free(plan);
	expect_free(&again, "a plan that was given up");
	close_again(&again);
	cg_bed_close(&bed);
}

static struct pri_item item_of(struct pr_host *host, int attr)
{
	static const struct pri_route route = {.serve = NULL};

	return (struct pri_item){
		.target = {.host = host},
		.route = &route,
		.change = {.attr = &pri_attrs[attr], .instance = "", .mode = PRALLOC_LIVE},
	};
}

static int lock(struct pri_host_locks *locks, struct pr_host *host, int attr)
{
	struct pri_item item = item_of(host, attr);
	pri_autofree char *error = NULL;

	return pri_host_lock(locks, &item, &error);
}

/* All ways to this machine are one; another machine is another, whatever it is called. */
Test(host_lock, whose_it_is)
{
	struct pri_host_locks first = {0}, second = {0}, third = {0};
	struct pr_host *fake = NULL, *remote = NULL, *twice = NULL;
	struct cg_bed bed, again;

	cg_bed_open(&bed, "v2", "cgroup:");
	open_again(&bed, "cgroup:///machine", &again);
	cr_assert_eq(pr_host_open(bed.ctx, "fake:", 0, &fake), 0);
	cr_assert_eq(lock(&first, bed.host, PRI_KSM_RUN), 0);
	cr_expect_eq(lock(&first, bed.host, PRI_KSM_SLEEP_MS), 0, "held already");
	cr_expect_eq(lock(&first, again.host, PRI_KSM_RUN), 0, "the same by another handle");
	cr_expect_eq(lock(&second, again.host, PRI_KSM_SLEEP_MS), -EBUSY);
	cr_expect_eq(lock(&second, fake, PRI_KSM_RUN), 0);
	cr_expect_eq(second.count, 0, "a fake host needs none");
	/* libvirt's test driver is no machine that is proven to be this one. */
	cr_assert_eq(pr_host_open(bed.ctx, "test:///default", 0, &remote), 0);
	cr_assert_eq(pr_host_open(bed.ctx, "test:///default", 0, &twice), 0);
	cr_expect_eq(lock(&second, remote, PRI_KSM_RUN), 0);
	cr_expect_eq(lock(&third, twice, PRI_KSM_RUN), -EBUSY);
	pri_host_unlock(&second);
	cr_expect_eq(lock(&third, twice, PRI_KSM_RUN), 0);
	pri_host_unlock(&third);
	pri_host_unlock(&first);
	cr_expect_eq(lock(&third, again.host, PRI_KSM_RUN), 0);
	pri_host_unlock(&third);
	pr_host_close(twice);
	pr_host_close(remote);
	pr_host_close(fake);
	close_again(&again);
	cg_bed_close(&bed);
}
