/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way back of a plan where a recipient does not give back what it got: donors get what there is.
 * Whoever insists (PRALLOC_ALLOW_HARM) has everybody get all of it, which the host may not have.
 */
#include "core/plan_run.h"

static bool same_pool(const struct pri_back *a, const struct pri_back *b)
{
	return a->item.target.host == b->item.target.host &&
	       a->item.change.attr == b->item.change.attr &&
	       a->item.change.mode == b->item.change.mode;
}

/* Told to go back, and has not come there: what it has of what it got. */
static uint64_t kept_by(const struct pri_back *back)
{
	const struct pri_item *item = back->origin;
	bool was_told = back->written || back->item.change.error < 0;
	bool is_short = back->closed && was_told && item->change.took &&
			item->phase == PRI_PHASE_TAKE && pri_plan_is_async(item);

	return is_short && item->has_held && item->change.held.number > item->before.number
		       ? item->change.held.number - item->before.number
		       : 0;
}

/* Off what the donors of the pool should get back. */
static void take_off(struct pri_run *run, const struct pri_back *of, uint64_t rest)
{
	for (size_t i = 0; rest > 0 && i < run->back_count; i++) {
		struct pri_back *back = &run->backs[i];
		const struct pri_item *item = back->origin;
		uint64_t gave = item->has_held && item->before.number > item->change.held.number
					? item->before.number - item->change.held.number
					: 0;
		uint64_t less = gave < rest ? gave : rest;

		if (back->closed || back->written || !same_pool(of, back) ||
		    item->phase != PRI_PHASE_GIVE)
			continue;
		back->missing = less;
		back->item.change.wanted.number -= less;
		rest -= less;
	}
}

void pri_back_share(struct pri_run *run)
{
	for (size_t i = 0; !(run->flags & PRALLOC_ALLOW_HARM) && i < run->back_count; i++) {
		uint64_t kept = kept_by(&run->backs[i]);

		/* Once, also when the stage is entered again. */
		if (kept == 0 || run->backs[i].missing)
			continue;
		run->backs[i].missing = kept;
		take_off(run, &run->backs[i], kept);
	}
}
