/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reset and restore write, as steps of a plan. */
#include <errno.h>

#include "core/plan.h"
#include "core/settings.h"

static int add_step(struct pr_plan *plan, const struct pri_item *item, char **error)
{
	const struct pri_change *change = &item->change;
	bool is_text = pri_attr_is_text(change->attr);
	struct pri_request request = {
		.attr = change->attr,
		.instance = item->instance,
		.is_text = is_text,
		.text = change->wanted.text ? change->wanted.text : "default",
		.number = change->wanted.number,
	};

	return pri_plan_add(plan, &item->target, &request, error);
}

/* All, or the plan is as before. */
static int add_steps(struct pr_plan *plan, const struct pri_settings *list, char **error)
{
	size_t count = plan->count;
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->differing_count; i++)
		r = add_step(plan, list->differing[i], error);
	if (r < 0)
		pri_plan_truncate(plan, count);
	return r;
}

/* r: of collecting the list, which is used up. */
static int take_differing(struct pr_plan *plan, struct pri_settings *list, int r,
			  uint64_t deadline_ns, char **error)
{
	if (r == 0)
		r = pri_settings_differ(list, deadline_ns, error);
	if (r == 0)
		r = add_steps(plan, list, error);
	pri_settings_clear(list);
	return r;
}

static int check_plan(struct pr_plan *plan, const struct pr_domain *dom, char **error)
{
	int r = pri_plan_idle(plan, error);

	if (r == 0 && plan->applied)
		r = pri_set_error(error, -EINVAL, "the plan was applied already");
	if (r == 0 && !dom)
		r = pri_set_error(error, -EINVAL, "domain is NULL");
	if (r == 0 && dom->host->ctx != plan->ctx)
		r = pri_set_error(error, -EINVAL, "%s was opened from another context",
				  dom->identity.name);
	return r;
}

static int reset(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
		 const char *instance, uint32_t flags, char **error)
{
	struct pri_settings list = {.target = {dom->host, dom}, .mode = flags ?: PRALLOC_LIVE};
	uint64_t deadline_ns = pri_deadline(plan->ctx);
	int r = pri_settings_of_reset(&list, attribute, instance, deadline_ns, error);

	return take_differing(plan, &list, r, deadline_ns, error);
}

int pr_plan_reset(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
		  const char *instance, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = check_plan(plan, dom, &error);
	if (r == 0)
		r = pri_flags_check(flags, PRI_MODE_FLAGS, &error);
	if (r == 0 && flags == PRI_MODE_FLAGS)
		r = pri_set_error(&error, -EINVAL,
				  "live or persistent values are reset by a plan, not both");
	if (r == 0 && instance && !attribute)
		r = pri_set_error(&error, -EINVAL, "an instance without an attribute");
	if (r == 0)
		r = reset(plan, dom, attribute, instance, flags, &error);
	return pri_plan_result(plan, r, &error);
}

static int restore(struct pr_plan *plan, struct pr_domain *dom, uint32_t flags, char **error)
{
	struct pri_settings list = {.target = {dom->host, dom}, .mode = PRALLOC_LIVE};
	uint64_t deadline_ns = pri_deadline(plan->ctx);
	int r = pri_settings_of_restore(&list, deadline_ns, flags, error);

	return take_differing(plan, &list, r, deadline_ns, error);
}

int pr_plan_restore(struct pr_plan *plan, struct pr_domain *dom, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = check_plan(plan, dom, &error);
	if (r == 0)
		r = pri_flags_check(flags, PRALLOC_LIVE | PRALLOC_RESTORE_SERVED, &error);
	if (r == 0)
		r = restore(plan, dom, flags, &error);
	return pri_plan_result(plan, r, &error);
}
