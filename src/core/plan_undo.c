/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An applied plan is taken back. */
#include <errno.h>

#include "core/plan.h"

static int fail_left(struct pri_item *item, int code, const char *why)
{
	return pri_item_fail(item, code, "left as it is: %s", why);
}

static int same_incarnation(struct pri_item *item, uint64_t deadline_ns)
{
	struct pri_identity identity;
	pri_autofree char *error = NULL;
	int r;

	if (!item->target.domain)
		return 0;
	r = pri_domain_identity(item->target.domain, deadline_ns, &identity, &error);
	if (r < 0)
		return fail_left(item, r, error ? error : pri_strerror(r));
	if (item->change.mode == PRALLOC_LIVE && identity.incarnation != item->incarnation)
		return fail_left(item, -EAGAIN,
				 identity.incarnation ? "the domain was restarted since"
						      : "the domain was stopped since");
	return 0;
}

/* What was read back after the write; without that, what was written. */
static bool unchanged(const struct pri_item *item, struct pri_item *now)
{
	if (item->has_held)
		return pri_value_equal(now->change.attr, &item->change.held, &now->change.held);
	return pri_item_verify(now) == 0;
}

/* Whether the value is still what the plan wrote, looked at through a copy: the item keeps the
 * error it has.  A write that failed may have left anything behind. */
static int still_ours(struct pri_item *item, uint64_t deadline_ns)
{
	struct pri_item copy = *item;
	struct pri_item *list = &copy;
	int r;

	if (pri_plan_is_async(item) || (!item->has_held && item->change.error < 0))
		return 0;
	copy.change.held = (struct pri_value){0};
	copy.change.text = NULL;
	r = pri_batch_read(&list, 1, deadline_ns);
	if (r < 0)
		fail_left(item, r, copy.change.text ? copy.change.text : pri_strerror(r));
	/* What went back with something else needs no saying. */
	else if (!unchanged(item, &copy) &&
		 !(item->has_before &&
		   pri_value_equal(item->change.attr, &item->before, &copy.change.held)))
		r = fail_left(item, -EAGAIN, "somebody else changed it since");
	free(copy.change.text);
	pri_value_clear(&copy.change.held);
	return r;
}

static int undo_item(struct pri_item *item, uint64_t deadline_ns)
{
	int r = same_incarnation(item, deadline_ns);

	if (r == 0)
		r = still_ours(item, deadline_ns);
	if (r == 0)
		r = pri_items_undo(&item, 1, deadline_ns);
	if (r == 0 && pri_plan_is_async(item)) {
		struct pri_item back = *item;
		struct pri_item *list = &back;

		back.change.wanted = item->before;
		back.change.text = NULL;
		r = pri_batch_wait(&list, 1, deadline_ns);
		if (r < 0)
			pri_item_fail(item, r, "it was told to go back, but has not arrived: %s",
				      back.change.text ? back.change.text : pri_strerror(r));
		item->change.held = back.change.held;
		free(back.change.text);
	}
	return r;
}

/* Takes everything that took effect back, last first.  Returns the first failure. */
int pri_plan_undo_all(struct pr_plan *plan, struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	int first = 0;

	for (size_t i = n; i-- > 0;) {
		struct pri_item *item = items[i];
		int r;

		if (!item->change.took)
			continue;
		r = undo_item(item, deadline_ns);
		*pri_plan_status(plan, item) = r < 0 ? PRALLOC_STEP_LEFT : PRALLOC_STEP_UNDONE;
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

static int plan_undo(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags, char **error)
{
	uint64_t deadline_ns = pri_now_ns() + (uint64_t)timeout_ms * 1000000u;
	pri_autofree struct pri_item **items = NULL;
	size_t n;
	int r = pri_flags_check(flags, 0, error);

	if (r < 0)
		return r;
	if (!plan->applied)
		return pri_set_error(error, -EINVAL, "the plan was not applied");
	if (timeout_ms == 0)
		return pri_set_error(error, -EINVAL, "a time limit of 0 ms is not allowed");
	r = pri_plan_items(plan, plan->modes, &items, &n);
	if (r < 0)
		return r;
	pri_order(items, n);
	for (size_t i = 0; i < n; i++) {
		/* of an undo before this one */
		items[i]->change.error = 0;
		free(pri_steal(items[i]->change.text));
	}
	r = pri_plan_undo_all(plan, items, n, deadline_ns);
	if (r == 0)
		plan->applied = false;
	return r < 0 ? pri_plan_report(items, n, r, error) : 0;
}

int pr_plan_undo(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	char *error = NULL;

	return plan ? pri_plan_result(plan, plan_undo(plan, timeout_ms, flags, &error), &error)
		    : -EINVAL;
}
