/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that make a plan happen: check, apply, undo, and the same without blocking. */
#include <errno.h>

#include "core/plan_run.h"

/* How long a dispatch works before it hands back, so that the caller's loop stays alive. */
#define DISPATCH_NS UINT64_C(2000000)

int pri_plan_idle(const struct pr_plan *plan, char **error)
{
	if (plan->run)
		return pri_set_error(error, -EBUSY,
				     "the plan is being done: dispatch it to its end");
	return 0;
}

static int begin(struct pr_plan *plan, int purpose, uint64_t deadline_ns, uint32_t flags,
		 uint32_t allowed, struct pri_run **ret_run, char **error)
{
	int r = pri_flags_check(flags, allowed, error);

	if (r == 0)
		r = pri_plan_idle(plan, error);
	if (r < 0)
		return r;
	if (purpose != PRI_RUN_UNDO && plan->applied)
		return pri_set_error(error, -EINVAL, "the plan was applied already");
	if (purpose == PRI_RUN_UNDO && !plan->applied && !plan->left)
		return pri_set_error(error, -EINVAL, "the plan was not applied");
	if (deadline_ns == 0)
		return pri_set_error(error, -EINVAL, "a time limit of 0 ms is not allowed");
	if (purpose != PRI_RUN_UNDO) {
		r = pri_move_modes(plan, pri_plan_modes(flags), error);
		if (r < 0)
			return r;
		plan->modes = pri_plan_modes(flags);
		plan->left = false;
	}
	return pri_run_new(plan, purpose, deadline_ns, flags, ret_run, error);
}

/* 0 for no time, which begin() refuses. */
static uint64_t deadline(uint32_t timeout_ms)
{
	return timeout_ms ? pri_now_ns() + (uint64_t)timeout_ms * 1000000u : 0;
}

static int run_whole(struct pr_plan *plan, int purpose, uint64_t deadline_ns, uint32_t flags,
		     uint32_t allowed)
{
	struct pri_run *run = NULL;
	char *error = NULL;
	int r = begin(plan, purpose, deadline_ns, flags, allowed, &run, &error);

	if (r == 0)
		r = pri_run_whole(run, &error);
	return pri_plan_result(plan, r, &error);
}

int pr_plan_check(struct pr_plan *plan, uint32_t flags)
{
	return plan ? run_whole(plan, PRI_RUN_CHECK, pri_deadline(plan->ctx), flags,
				PRI_SET_FLAGS | PRALLOC_KEEP_PARTIAL)
		    : -EINVAL;
}

int pr_plan_apply(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	return plan ? run_whole(plan, PRI_RUN_APPLY, deadline(timeout_ms), flags,
				PRI_SET_FLAGS | PRALLOC_KEEP_PARTIAL)
		    : -EINVAL;
}

int pr_plan_undo(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	return plan ? run_whole(plan, PRI_RUN_UNDO, deadline(timeout_ms), flags, PRALLOC_ALLOW_HARM)
		    : -EINVAL;
}

int pr_plan_start(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	struct pri_run *run = NULL;
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = begin(plan, PRI_RUN_APPLY, deadline(timeout_ms), flags,
		  PRI_SET_FLAGS | PRALLOC_KEEP_PARTIAL, &run, &error);
	if (r == 0)
		r = pri_run_watch(run, &error);
	if (r == 0)
		pri_run_wake_at(run, 0);
	else
		pri_run_free(run);
	return pri_plan_result(plan, r, &error);
}

int pr_plan_fd(const struct pr_plan *plan)
{
	return plan && plan->run ? plan->run->epoll_fd : -EINVAL;
}

int pr_plan_dispatch(struct pr_plan *plan)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	if (!plan->run) {
		r = pri_set_error(&error, -EINVAL, "the plan was not started");
		return pri_plan_result(plan, r, &error);
	}
	r = pri_run_step(plan->run, pri_now_ns() + DISPATCH_NS, &error);
	if (r == 1) {
		pri_deadline_set(plan->ctx, 0);
		free(error);
		plan->errmsg[0] = '\0';
		return 1;
	}
	return pri_plan_result(plan, r, &error);
}

/* The one call that may come from another thread or a signal handler: nothing but an atomic store
 * and a write, and errno stays. */
void pr_plan_cancel(struct pr_plan *plan)
{
	int saved = errno;

	if (!plan)
		return;
	atomic_store(&plan->cancelled, true);
	(void)!write(plan->cancel_fd, &(uint64_t){1}, sizeof(uint64_t));
	errno = saved;
}

int pr_plan_set_progress(struct pr_plan *plan, pr_plan_progress_fn progress, void *data)
{
	if (!plan)
		return -EINVAL;
	plan->progress = progress;
	plan->progress_data = data;
	plan->errmsg[0] = '\0';
	return 0;
}
