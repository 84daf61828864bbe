/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Check, apply and undo of a plan. */
#include <errno.h>

#include "core/plan.h"

/* Taking back gets time of its own: the deadline has often passed by then. */
#define UNDO_NS (UINT64_C(30) * 1000000000u)

static uint32_t modes_of(uint32_t flags)
{
	return flags & PRI_MODE_FLAGS ? flags & PRI_MODE_FLAGS : PRALLOC_LIVE;
}

int pri_plan_items(struct pr_plan *plan, uint32_t modes, struct pri_item ***ret_items,
		   size_t *ret_n)
{
	static const uint32_t mode_of[] = {
		[PRI_STEP_LIVE] = PRALLOC_LIVE, [PRI_STEP_CONFIG] = PRALLOC_CONFIG};
	struct pri_item **items =
		calloc(plan->count ? PRI_STEP_MODES * plan->count : 1, sizeof(*items));
	size_t n = 0;

	if (!items)
		return -ENOMEM;
	for (size_t m = 0; m < PRI_STEP_MODES; m++)
		for (size_t i = 0; (modes & mode_of[m]) && i < plan->count; i++)
			items[n++] = &plan->steps[i].items[m];
	*ret_items = items;
	*ret_n = n;
	return 0;
}

int *pri_plan_status(struct pr_plan *plan, const struct pri_item *item)
{
	size_t step =
		(size_t)((const char *)item - (const char *)plan->steps) / sizeof(*plan->steps);

	return &plan->steps[step].status[item->change.mode == PRALLOC_CONFIG ? PRI_STEP_CONFIG
									     : PRI_STEP_LIVE];
}

/* The first step with an error, as the error of the call. */
static int report(struct pri_item **items, size_t n, int code, char **error)
{
	size_t failed = 0;
	const struct pri_item *first = NULL;

	for (size_t i = 0; i < n; i++) {
		if (items[i]->change.error == 0 || items[i]->change.error == -ECANCELED)
			continue;
		failed++;
		if (!first)
			first = items[i];
	}
	if (!first)
		return code;
	if (failed > 1)
		return pri_set_error(error, first->change.error, "%s (and %zu more steps)",
				     first->change.text ? first->change.text
							: pri_strerror(first->change.error),
				     failed - 1);
	return pri_set_error(error, first->change.error, "%s",
			     first->change.text ? first->change.text
						: pri_strerror(first->change.error));
}

static void set_phases(struct pri_item **items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pri_item *item = items[i];
		bool gives = item->change.attr->gives == PRI_GIVES_LESS && item->has_before &&
			     item->change.wanted.number < item->before.number;

		items[i]->phase = gives ? PRI_PHASE_GIVE : PRI_PHASE_TAKE;
	}
}

static int check_items(struct pr_plan *plan, struct pri_item **items, size_t n,
		       uint64_t deadline_ns, uint32_t flags, char **error)
{
	int r = pri_items_check(items, n, deadline_ns, flags);

	for (size_t i = 0; i < n; i++)
		*pri_plan_status(plan, items[i]) = items[i]->change.error < 0 ? PRALLOC_STEP_REFUSED
									      : PRALLOC_STEP_OK;
	return r < 0 ? report(items, n, r, error) : 0;
}

/* What is, for the steps that passed the check; the others keep the error of the check. */
static int read_present(struct pr_plan *plan, struct pri_item **items, size_t n,
			uint64_t deadline_ns, char **error)
{
	pri_autofree struct pri_item **passed = calloc(n ? n : 1, sizeof(*passed));
	size_t count = 0;
	int r;

	if (!passed)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (items[i]->change.error == 0)
			passed[count++] = items[i];
	r = pri_items_read_before(passed, count, deadline_ns);
	for (size_t i = 0; i < count; i++)
		if (passed[i]->change.error < 0)
			*pri_plan_status(plan, passed[i]) = PRALLOC_STEP_REFUSED;
	return r < 0 ? report(passed, count, r, error) : 0;
}

static int plan_check(struct pr_plan *plan, uint32_t flags, char **error)
{
	uint64_t deadline_ns = pri_deadline(plan->ctx);
	pri_autofree struct pri_item **items = NULL;
	pri_autofree char *unread = NULL;
	size_t n;
	int r = pri_flags_check(flags, PRI_SET_FLAGS, error);
	int present;

	if (r < 0)
		return r;
	if (plan->applied)
		return pri_set_error(error, -EINVAL, "the plan was applied already");
	plan->modes = modes_of(flags);
	r = pri_plan_items(plan, plan->modes, &items, &n);
	if (r < 0)
		return r;
	set_phases(items, n);
	pri_order(items, n);
	r = check_items(plan, items, n, deadline_ns, flags, error);
	present = read_present(plan, items, n, deadline_ns, &unread);
	if (r == 0 && present < 0)
		*error = pri_steal(unread);
	return r < 0 ? r : present;
}

int pr_plan_check(struct pr_plan *plan, uint32_t flags)
{
	char *error = NULL;

	return plan ? pri_plan_result(plan, plan_check(plan, flags, &error), &error) : -EINVAL;
}

static int note_incarnations(struct pri_item **items, size_t n, char **error)
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
		r = pri_domain_identity(items[i]->target.domain, &identity, error);
		if (r < 0)
			return r;
		items[i]->incarnation = identity.incarnation;
	}
	return 0;
}

static bool is_async(const struct pri_item *item)
{
	return pri_attr_is(item->change.attr, PRALLOC_ATTR_ASYNC) &&
	       item->change.mode == PRALLOC_LIVE;
}

static int wait_for(struct pri_item **items, size_t n, uint64_t start_ns, uint64_t deadline_ns)
{
	for (size_t i = 0; i < n; i++) {
		int r;

		if (!is_async(items[i]))
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

static int fail_left(struct pri_item *item, int code, const char *why)
{
	return pri_item_fail(item, code, "left as it is: %s", why);
}

static int same_incarnation(struct pri_item *item)
{
	struct pri_identity identity;
	pri_autofree char *error = NULL;
	int r;

	if (!item->target.domain)
		return 0;
	r = pri_domain_identity(item->target.domain, &identity, &error);
	if (r < 0)
		return fail_left(item, r, error ? error : pri_strerror(r));
	if (item->change.mode == PRALLOC_LIVE && identity.incarnation != item->incarnation)
		return fail_left(item, -EAGAIN, "the domain was restarted since");
	return 0;
}

/* Whether the value is still what the plan wrote, looked at through a copy: the item keeps the
 * error it has. */
static int still_ours(struct pri_item *item, uint64_t deadline_ns)
{
	struct pri_item copy = *item;
	struct pri_item *list = &copy;
	int r;

	if (is_async(item) || !item->has_held)
		return 0;
	copy.change.held = (struct pri_value){0};
	copy.change.text = NULL;
	r = pri_batch_read(&list, 1, deadline_ns);
	if (r < 0)
		fail_left(item, r, copy.change.text ? copy.change.text : pri_strerror(r));
	else if (!pri_value_equal(copy.change.attr, &item->change.held, &copy.change.held))
		r = fail_left(item, -EAGAIN, "somebody else changed it since");
	free(copy.change.text);
	pri_value_clear(&copy.change.held);
	return r;
}

static int undo_item(struct pri_item *item, uint64_t deadline_ns)
{
	int r = same_incarnation(item);

	if (r == 0)
		r = still_ours(item, deadline_ns);
	if (r == 0)
		r = pri_items_undo(&item, 1, deadline_ns);
	if (r == 0 && is_async(item)) {
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
static int undo_all(struct pr_plan *plan, struct pri_item **items, size_t n, uint64_t deadline_ns)
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

/* Steps keep the error they failed with; the others say that they were not tried or undone. */
static int fail_apply(struct pr_plan *plan, struct pri_item **items, size_t n, int code,
		      char **error)
{
	pri_autofree char *cause = NULL;
	int r = report(items, n, code, &cause);

	for (size_t i = 0; i < n; i++)
		if (items[i]->change.error < 0)
			*pri_plan_status(plan, items[i]) = items[i]->change.error == -ECANCELED
								   ? PRALLOC_STEP_OK
								   : PRALLOC_STEP_FAILED;
	if (undo_all(plan, items, n, pri_now_ns() + UNDO_NS) < 0)
		return pri_set_error(error, r, "%s; not everything could be taken back",
				     cause ? cause : pri_strerror(r));
	return pri_set_error(error, r, "%s", cause ? cause : pri_strerror(r));
}

static int apply_items(struct pr_plan *plan, struct pri_item **items, size_t n,
		       uint64_t deadline_ns, uint32_t flags, char **error)
{
	int r;

	pri_order(items, n);
	r = check_items(plan, items, n, deadline_ns, flags, error);
	if (r == 0)
		r = read_present(plan, items, n, deadline_ns, error);
	if (r == 0)
		r = note_incarnations(items, n, error);
	if (r < 0)
		return r;
	set_phases(items, n);
	pri_order(items, n);
	r = apply_all(items, n, deadline_ns, flags);
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
	plan->modes = modes_of(flags);
	r = pri_plan_items(plan, plan->modes, &items, &n);
	return r < 0 ? r : apply_items(plan, items, n, deadline_ns, flags, error);
}

int pr_plan_apply(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	char *error = NULL;

	return plan ? pri_plan_result(plan, plan_apply(plan, timeout_ms, flags, &error), &error)
		    : -EINVAL;
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
	r = undo_all(plan, items, n, deadline_ns);
	if (r == 0)
		plan->applied = false;
	return r < 0 ? report(items, n, r, error) : 0;
}

int pr_plan_undo(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags)
{
	char *error = NULL;

	return plan ? pri_plan_result(plan, plan_undo(plan, timeout_ms, flags, &error), &error)
		    : -EINVAL;
}
