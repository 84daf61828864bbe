/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a plan as items of the one path. */
#include <errno.h>

#include "core/plan.h"

uint32_t pri_plan_modes(uint32_t flags)
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
			items[n++] = &plan->steps[m][i].item;
	*ret_items = items;
	*ret_n = n;
	return 0;
}

void pri_plan_tell(struct pr_plan *plan, const struct pri_item *item)
{
	if (plan->progress)
		plan->progress(plan->progress_data, plan, pri_plan_number(plan, item));
}

void pri_plan_set_status(struct pr_plan *plan, struct pri_item *item, int status)
{
	struct pri_step *step = pri_plan_step_of(item);

	if (step->status == status)
		return;
	step->status = status;
	pri_plan_tell(plan, item);
}

/* A guarantee that is not set keeps nothing; of other things "not set" is no amount. */
static uint64_t amount(const struct pri_attr *attr, uint64_t number)
{
	bool guarantee = attr->kind == PRALLOC_KIND_SOFT && attr->def == PRALLOC_DEFAULT;

	return number == PRALLOC_DEFAULT && guarantee ? 0 : number;
}

void pri_plan_set_phase(struct pri_item *item)
{
	const struct pri_attr *attr = item->change.attr;
	uint64_t wanted = item->change.wanted.number, before = item->before.number;
	bool gives = item->has_before && attr->gives == PRI_GIVES_LESS &&
		     amount(attr, wanted) < amount(attr, before);

	/* What has no limit yet, or none any more, is nothing to go by. */
	if (attr->gives == PRI_GIVES_MORE)
		gives = item->has_before && wanted <= PRI_NUMBER_MAX &&
			(wanted > before || before > PRI_NUMBER_MAX);
	item->phase = gives ? PRI_PHASE_GIVE : PRI_PHASE_TAKE;
}

/* The first step with an error, as the error of the call. */
int pri_plan_report(struct pri_item **items, size_t n, int code, char **error)
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

bool pri_plan_is_async(const struct pri_item *item)
{
	return pri_attr_is(item->change.attr, PRALLOC_ATTR_ASYNC) &&
	       item->change.mode == PRALLOC_LIVE;
}
