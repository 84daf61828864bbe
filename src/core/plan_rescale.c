/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights beyond a backend's range: those of all who compete are multiplied by one factor. */
#include <errno.h>
#include <inttypes.h>

#include "core/plan_siblings.h"
#include "core/ratio.h"

static int compare_values(const void *first, const void *second)
{
	uint64_t a = *(const uint64_t *)first, b = *(const uint64_t *)second;

	return a < b ? -1 : a > b;
}

/* Ascending, each once: most domains have the default. */
static size_t collect_values(const struct pri_sibling *siblings, size_t n, uint64_t *values)
{
	size_t count = 0, distinct = 0;

	for (size_t i = 0; i < n; i++)
		if (siblings[i].value > 0)
			values[count++] = siblings[i].value;
	qsort(values, count, sizeof(*values), compare_values);
	for (size_t i = 0; i < count; i++)
		if (distinct == 0 || values[i] != values[distinct - 1])
			values[distinct++] = values[i];
	return distinct;
}

/* What can be set of each of them. */
static struct pri_range common_range(const struct pri_sibling *siblings, size_t n)
{
	struct pri_range common = {0, UINT64_MAX};

	for (size_t i = 0; i < n; i++) {
		struct pri_range range = pri_sibling_range(&siblings[i]);

		if (siblings[i].value == 0)
			continue;
		common.min = range.min > common.min ? range.min : common.min;
		common.max = range.max < common.max ? range.max : common.max;
	}
	return common;
}

static const char *name_of(const struct pri_sibling *siblings, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (siblings[i].value == value)
			return pri_target_name(&siblings[i].item.target);
	return "?";
}

static int fail_factor(const struct pri_siblings *all, const struct pri_sibling *siblings, size_t n,
		       const struct pri_range *range, uint64_t least, uint64_t most)
{
	const struct pri_change *change = &siblings[0].item.change;
	bool bare = !*change->instance;

	return pri_set_error(all->error, -ERANGE,
			     "%s%s%s%s: no factor brings %" PRIu64 " of %s, %" PRIu64
			     " of %s and what is between them into the backend's range (%" PRIu64
			     " to %" PRIu64 ") with all ratios within 2.5 %%",
			     change->attr->name, bare ? "" : "[", change->instance, bare ? "" : "]",
			     least, name_of(siblings, n, least), most, name_of(siblings, n, most),
			     range->min, range->max);
}

/* Each value becomes the scaled one. */
static int scale_group(struct pri_siblings *all, const struct pri_sibling_group *group)
{
	struct pri_sibling *siblings = &all->all[group->first];
	pri_autofree uint64_t *values = calloc(group->count, sizeof(*values));
	struct pri_range range = common_range(siblings, group->count);
	const struct pri_serve *serve = siblings[0].item.change.serve;
	struct pri_factor factor;
	size_t n;

	if (!values)
		return -ENOMEM;
	n = collect_values(siblings, group->count, values);
	if (!pri_ratio_find(serve, &range, values, n, &factor))
		return fail_factor(all, siblings, group->count, &range, values[0], values[n - 1]);
	for (size_t i = 0; i < group->count; i++)
		if (siblings[i].value > 0)
			siblings[i].value = pri_ratio_scale(serve, &factor, siblings[i].value);
	return 0;
}

static bool is_scaled(const struct pri_siblings *all, const struct pri_sibling *sibling)
{
	return all->groups[sibling->group].is_outside && sibling->value > 0;
}

/* The step of a sibling that has none; what it was reckoned from has to hold still when it is
 * applied. */
static int add_step(struct pri_siblings *all, struct pri_sibling *sibling)
{
	const struct pri_change *change = &sibling->item.change;
	struct pri_request request = {
		.attr = change->attr, .instance = sibling->item.instance, .number = sibling->value};
	struct pri_step *step;
	int r = pri_plan_add(all->plan, &sibling->item.target, &request, all->error);

	if (r < 0)
		return r;
	step = &all->plan->steps[pri_step_mode(all->mode)][all->plan->count - 1];
	step->is_expected = step->is_moved = true;
	return pri_value_copy(&step->expected, &change->held);
}

/* What was said of the step was said of another value. */
static void change_step(struct pr_plan *plan, const struct pri_sibling *sibling)
{
	for (size_t m = 0; m < PRI_STEP_MODES; m++) {
		struct pri_step *step = &plan->steps[m][sibling->number];

		step->item.change.wanted.number = sibling->value;
		step->item.change.error = 0;
		pri_free_if_any(pri_steal(step->item.change.text));
		step->status = PRALLOC_STEP_NEW;
	}
}

/* What fails is forgotten: steps that are there already are changed last. */
static int put(struct pri_siblings *all)
{
	struct pr_plan *plan = all->plan;
	size_t count = plan->count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->count; i++)
		if (is_scaled(all, &all->all[i]) && !all->all[i].is_planned)
			r = add_step(all, &all->all[i]);
	if (r < 0) {
		pri_plan_truncate(plan, count);
		return r;
	}
	for (size_t i = 0; i < all->count; i++)
		if (is_scaled(all, &all->all[i]) && all->all[i].is_planned)
			change_step(plan, &all->all[i]);
	if (plan->count > count)
		plan->moved_mode = all->mode;
	return 0;
}

static int rescale(struct pri_siblings *all)
{
	int r = pri_siblings_planned(all);

	if (r == 0)
		r = pri_siblings_others(all);
	for (size_t i = 0; r == 0 && i < all->group_count; i++)
		if (all->groups[i].is_outside)
			r = scale_group(all, &all->groups[i]);
	return r < 0 ? r : put(all);
}

static int plan_rescale(struct pr_plan *plan, uint32_t flags, char **error)
{
	struct pri_siblings all = {
		.plan = plan, .mode = flags ? flags : PRALLOC_LIVE, .error = error};
	int r = pri_flags_check(flags, PRI_MODE_FLAGS, error);

	if (r == 0 && flags == PRI_MODE_FLAGS)
		r = pri_set_error(error, -EINVAL,
				  "live or persistent values are compared, not both");
	if (r == 0)
		r = pri_plan_idle(plan, error);
	if (r == 0 && plan->applied)
		r = pri_set_error(error, -EINVAL, "the plan was applied already");
	if (r == 0)
		r = pri_move_from(plan, all.mode, error);
	if (r == 0)
		r = rescale(&all);
	pri_siblings_clear(&all);
	return r;
}

int pr_plan_rescale(struct pr_plan *plan, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = plan_rescale(plan, flags, &error);
	return pri_plan_result(plan, r, &error);
}
