/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a killed process has left is read from its journal and taken back. */
#include <errno.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"

static int take_back(struct pr_plan *plan, int purpose, uint64_t deadline_ns, char **error)
{
	struct pri_run *run = NULL;
	int r = pri_run_new(plan, purpose, deadline_ns, 0, &run, error);

	return r < 0 ? r : pri_run_whole(run, error);
}

static int tell_left(const struct pri_journal_left *left, char **error)
{
	return pri_set_error(error, left->code, "%s; its steps are left%s",
			     left->why ? left->why : pri_strerror(left->code),
			     left->again ? ": recover them later" : "");
}

static int recover(struct pr_plan *plan, struct pr_host *const *hosts, size_t host_count,
		   const char *path, uint64_t deadline_ns, uint32_t flags, char **error)
{
	int purpose = flags & PRALLOC_DRY_RUN ? PRI_RUN_LOOK : PRI_RUN_RECOVER;
	struct pri_journal_left left = {0};
	pri_autofree char *text = NULL;
	int r = pri_journal_new(path, &plan->journal);

	if (r == 0)
		r = pri_journal_open(plan->journal, /* create= */ false, &text, error);
	if (r < 0 || !text || pri_journal_is_over(text))
		return r;
	/* Who only looks leaves it as it is. */
	if (purpose == PRI_RUN_LOOK)
		pri_journal_free(pri_steal(plan->journal));
	else
		r = pri_journal_mend(plan->journal, text, error);
	if (r == 0)
		r = pri_journal_read(plan, hosts, host_count, text, &left, error);
	if (r == 0 && left.again)
		pri_journal_keep_open(plan->journal);
	if (r == 0)
		r = take_back(plan, purpose, deadline_ns, error);
	if (r == 0 && left.code < 0)
		r = tell_left(&left, error);
	free(left.why);
	return r;
}

int pr_plan_recover(struct pr_plan *plan, struct pr_host *const *hosts, size_t host_count,
		    const char *path, uint32_t timeout_ms, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = pri_flags_check(flags, PRALLOC_DRY_RUN, &error);
	if (r == 0)
		r = pri_plan_idle(plan, &error);
	if (r == 0 && (plan->count > 0 || plan->journal))
		r = pri_set_error(&error, -EINVAL, "the plan is not empty");
	if (r == 0 && (!path || timeout_ms == 0 || (!hosts && host_count)))
		r = pri_set_error(&error, -EINVAL,
				  "path or hosts is NULL, or the time limit is 0 ms");
	if (r == 0)
		r = recover(plan, hosts, host_count, path,
			    pri_now_ns() + (uint64_t)timeout_ms * 1000000u, flags, &error);
	return pri_plan_result(plan, r, &error);
}

int pr_plan_set_journal(struct pr_plan *plan, const char *path, uint32_t flags)
{
	struct pri_journal *journal = NULL;
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0)
		r = pri_plan_idle(plan, &error);
	if (r == 0 && plan->applied)
		r = pri_set_error(&error, -EINVAL, "the plan was applied already");
	if (r == 0 && path)
		r = pri_journal_new(path, &journal);
	if (r == 0) {
		pri_journal_free(plan->journal);
		plan->journal = journal;
	}
	return pri_plan_result(plan, r, &error);
}
