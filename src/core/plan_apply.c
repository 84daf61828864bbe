/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan is done: all steps or none. */
#include <errno.h>

#include "core/plan.h"

/* Taking back gets time of its own: the deadline has often passed by then. */
#define UNDO_NS (UINT64_C(30) * 1000000000u)

static int note_incarnations(struct pri_item **items, size_t n, uint64_t deadline_ns, char **error)
{
	for (size_t i = 0; i < n; i++) {
		struct pri_identity identity;
		struct pri_item *before = i > 0 ? items[i - 1] : NULL;
		int r;

		if (!items[i]->target.domain)
			continue;
		if (before && before->target.domain == items[i]->target.domain) {
			items[i]->incarnation = before->incarnation;
			continue;
		}
		r = pri_domain_identity(items[i]->target.domain, deadline_ns, &identity, error);
		if (r < 0)
			return r;
		items[i]->incarnation = identity.incarnation;
	}
	return 0;
}

/* A domain that was restarted while the plan was applied has lost what was written before. */
static int check_incarnations(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	const struct pr_domain *checked = NULL;

	for (size_t i = 0; i < n; i++) {
		struct pri_identity identity;
		pri_autofree char *error = NULL;
		int r;

		if (!items[i]->target.domain || items[i]->target.domain == checked ||
		    items[i]->change.mode == PRALLOC_CONFIG)
			continue;
		checked = items[i]->target.domain;
		r = pri_domain_identity(items[i]->target.domain, deadline_ns, &identity, &error);
		if (r < 0)
			return pri_item_fail(items[i], r, "%s", error ? error : pri_strerror(r));
		if (identity.incarnation != items[i]->incarnation)
			return pri_item_fail(items[i], -EAGAIN,
					     "the domain was restarted meanwhile");
	}
	return 0;
}

static int wait_for(struct pri_item **items, size_t n, uint64_t start_ns, uint64_t deadline_ns)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		if (!pri_plan_is_async(items[i]))
			continue;
		r = pri_batch_wait(&items[i], 1, deadline_ns);
		items[i]->has_held = r == 0 || r == -ETIMEDOUT;
		items[i]->elapsed_ns = pri_now_ns() - start_ns;
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_phase(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags)
{
	uint64_t start_ns = pri_now_ns();
	int r = pri_items_apply(items, n, deadline_ns, flags);

	for (size_t i = 0; i < n; i++)
		items[i]->elapsed_ns = pri_now_ns() - start_ns;
	return r < 0 ? r : wait_for(items, n, start_ns, deadline_ns);
}

static int apply_all(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags)
{
	size_t first = 0;

	for (int phase = 0; phase < PRI_PHASE_COUNT; phase++) {
		size_t end = first;
		int r;

		while (end < n && items[end]->phase == phase)
			end++;
		r = end > first ? apply_phase(items + first, end - first, deadline_ns, flags) : 0;
		if (r < 0)
			return r;
		first = end;
	}
	return 0;
}

/* Steps keep the error they failed with; the others say that they were not tried or undone. */
static int fail_apply(struct pr_plan *plan, struct pri_item **items, size_t n, int code,
		      char **error)
{
	pri_autofree char *cause = NULL;
	int r = pri_plan_report(items, n, code, &cause);

	for (size_t i = 0; i < n; i++)
		if (items[i]->change.error < 0)
			*pri_plan_status(plan, items[i]) = items[i]->change.error == -ECANCELED
								   ? PRALLOC_STEP_OK
								   : PRALLOC_STEP_FAILED;
	if (pri_plan_undo_all(plan, items, n, pri_now_ns() + UNDO_NS) < 0)
		return pri_set_error(error, r, "%s; not everything could be taken back",
				     cause ? cause : pri_strerror(r));
	return pri_set_error(error, r, "%s", cause ? cause : pri_strerror(r));
}

static int apply_items(struct pr_plan *plan, struct pri_item **items, size_t n,
		       uint64_t deadline_ns, uint32_t flags, char **error)
{
	int r;

	pri_order(items, n);
	r = pri_plan_check_items(plan, items, n, deadline_ns, flags, error);
	if (r == 0)
		r = pri_plan_read_present(plan, items, n, deadline_ns, error);
	if (r == 0)
		r = note_incarnations(items, n, deadline_ns, error);
	if (r < 0)
		return r;
	pri_plan_set_phases(items, n);
	pri_order(items, n);
	r = apply_all(items, n, deadline_ns, flags);
	if (r == 0)
		r = check_incarnations(items, n, deadline_ns);
	if (r < 0)
		return fail_apply(plan, items, n, r, error);
	for (size_t i = 0; i < n; i++)
		*pri_plan_status(plan, items[i]) = PRALLOC_STEP_APPLIED;
	plan->applied = true;
	return 0;
}

static int plan_apply(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags, char **error)
{
	uint64_t deadline_ns = pri_now_ns() + (uint64_t)timeout_ms * 1000000u;
	pri_autofree struct pri_item **items = NULL;
	size_t n;
	int r = pri_flags_check(flags, PRI_SET_FLAGS, error);

	if (r < 0)
		return r;
	if (plan->applied)
		return pri_set_error(error, -EINVAL, "the plan was applied already");
	if (timeout_ms == 0)
		return pri_set_error(error, -EINVAL, "a time limit of 0 ms is not allowed");
	plan->modes = pri_plan_modes(flags);
	r = pri_plan_items(plan, plan->modes, &items, &n);
	return r < 0 ? r : apply_items(plan, items, n, deadline_ns, flags, error);
}

int pr_plan_apply(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	char *error = NULL;

	return plan ? pri_plan_result(plan, plan_apply(plan, timeout_ms, flags, &error), &error)
		    : -EINVAL;
}
