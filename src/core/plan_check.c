/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a plan can be done. */
#include <errno.h>

#include "core/plan.h"

/* A guarantee that is not set keeps nothing; of other things "not set" is no amount. */
static uint64_t amount(const struct pri_attr *attr, uint64_t number)
{
	bool guarantee = attr->kind == PRALLOC_KIND_SOFT && attr->def == PRALLOC_DEFAULT;

	return number == PRALLOC_DEFAULT && guarantee ? 0 : number;
}

void pri_plan_set_phases(struct pri_item **items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pri_item *item = items[i];
		const struct pri_attr *attr = item->change.attr;
		bool gives = attr->gives == PRI_GIVES_LESS && item->has_before &&
			     amount(attr, item->change.wanted.number) <
				     amount(attr, item->before.number);

		items[i]->phase = gives ? PRI_PHASE_GIVE : PRI_PHASE_TAKE;
	}
}

int pri_plan_check_items(struct pr_plan *plan, struct pri_item **items, size_t n,
			 uint64_t deadline_ns, uint32_t flags, char **error)
{
	int r = pri_items_check(items, n, deadline_ns, flags);

	for (size_t i = 0; i < n; i++)
		*pri_plan_status(plan, items[i]) = items[i]->change.error < 0 ? PRALLOC_STEP_REFUSED
									      : PRALLOC_STEP_OK;
	return r < 0 ? pri_plan_report(items, n, r, error) : 0;
}

/* What is, of a step that was refused: to be shown, beside the error that it has. */
static void read_refused(struct pri_item *item, uint64_t deadline_ns)
{
	uint32_t need = item->change.mode == PRALLOC_CONFIG ? PRI_SERVE_READ_CONFIG
							    : PRI_SERVE_READ;
	struct pri_item copy = *item;
	struct pri_item *list = &copy;

	if (!item->route->serve || !(item->route->serve->modes & need))
		return;
	copy.change.text = NULL;
	copy.change.held = (struct pri_value){0};
	pri_items_read_before(&list, 1, deadline_ns);
	free(copy.change.text);
	pri_value_clear(&copy.change.held);
	item->before = copy.before;
	item->has_before = copy.has_before;
}

/* What is, of every step. */
int pri_plan_read_present(struct pr_plan *plan, struct pri_item **items, size_t n,
			  uint64_t deadline_ns, char **error)
{
	pri_autofree struct pri_item **passed = calloc(n ? n : 1, sizeof(*passed));
	size_t count = 0;
	int r;

	if (!passed)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (items[i]->change.error == 0)
			passed[count++] = items[i];
		else
			read_refused(items[i], deadline_ns);
	}
	r = pri_items_read_before(passed, count, deadline_ns);
	for (size_t i = 0; i < count; i++)
		if (passed[i]->change.error < 0)
			*pri_plan_status(plan, passed[i]) = PRALLOC_STEP_REFUSED;
	return r < 0 ? pri_plan_report(passed, count, r, error) : 0;
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
	plan->modes = pri_plan_modes(flags);
	r = pri_plan_items(plan, plan->modes, &items, &n);
	if (r < 0)
		return r;
	pri_plan_set_phases(items, n);
	pri_order(items, n);
	r = pri_plan_check_items(plan, items, n, deadline_ns, flags, error);
	present = pri_plan_read_present(plan, items, n, deadline_ns, &unread);
	if (r == 0 && present < 0)
		*error = pri_steal(unread);
	return r < 0 ? r : present;
}

int pr_plan_check(struct pr_plan *plan, uint32_t flags)
{
	char *error = NULL;

	return plan ? pri_plan_result(plan, plan_check(plan, flags, &error), &error) : -EINVAL;
}
