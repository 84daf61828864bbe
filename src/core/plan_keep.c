/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PRALLOC_KEEP_PARTIAL: donors have given less than they were asked for.  Each of those is told to
 * stay where it is, so that it does not go on giving to nobody; recipients get what has arrived.
 */
#include <errno.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"

static bool is_short(struct pri_item *item)
{
	return pri_plan_is_async(item) && pri_plan_step_of(item)->arrival.stalled;
}

/* Wish something else than what was asked for, which is remembered. */
static void wish(struct pri_run *run, struct pri_item *item, uint64_t number)
{
	struct pri_step *step = pri_plan_step_of(item);

	if (!step->is_cut)
		step->asked = item->change.wanted.number;
	step->is_cut = run->cuts = true;
	item->change.wanted.number = number;
}

void pri_keep_forget(struct pri_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		struct pri_step *step = pri_plan_step_of(run->items[i]);

		if (step->is_cut)
			step->item.change.wanted.number = step->asked;
		step->is_cut = false;
	}
}

int pri_enter_keep(struct pri_run *run)
{
	for (size_t i = 0; i < run->gives; i++) {
		struct pri_item *item = run->items[i];

		if (!is_short(item))
			continue;
		wish(run, item, item->change.held.number);
		item->change.error = -ECANCELED;
		pri_run_append(run, item);
	}
	return 0;
}

/* Whatever became of it, what was told before was taken. */
int pri_leave_keep(struct pri_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		run->list[i]->change.took = true;
	return pri_leave_write(run);
}

int pri_enter_kept(struct pri_run *run)
{
	for (size_t i = 0; i < run->gives; i++) {
		struct pri_item *item = run->items[i];
		struct pri_arrival *arrival = &pri_plan_step_of(item)->arrival;

		if (!is_short(item) || arrival->done)
			continue;
		if (!run->begun_wait)
			arrival->moved_ns = pri_now_ns();
		pri_run_append(run, item);
	}
	run->begun_wait = true;
	return 0;
}

/* A donor that is done, or that stays somewhere near, is where it is. */
static bool settle(struct pri_run *run, struct pri_item *item)
{
	struct pri_arrival *arrival = &pri_plan_step_of(item)->arrival;
	bool ended = pri_arrival_look(run, arrival, item);

	arrival->stalled = true;
	if (!ended && pri_now_ns() < run->deadline_ns)
		return false;
	arrival->done = true;
	return true;
}

static void note_short(struct pri_run *run, struct pri_item *item)
{
	const struct pri_attr *attr = item->change.attr;
	uint64_t asked = pri_plan_step_of(item)->asked;
	pri_autofree char *is = pri_arrival_text(attr, item->change.held.number);
	pri_autofree char *was = pri_arrival_text(attr, asked);

	pri_item_note(item, 0, "it has come to %s of %s and stays there", is ? is : "?",
		      was ? was : "?");
	pri_plan_set_status(run->plan, item, PRALLOC_STEP_APPLIED);
}

static bool same_pool(const struct pri_item *a, const struct pri_item *b)
{
	return a->target.host == b->target.host && a->change.attr == b->change.attr &&
	       a->change.mode == b->change.mode;
}

/* All of something, however much that is (not what is kept back from a virtio-mem device). */
static bool wants_all(const struct pri_item *item)
{
	return item->change.wanted.number > PRI_NUMBER_MAX && item->change.attr->percent_of;
}

static uint64_t gain_of(const struct pri_item *item)
{
	if (item->change.wanted.number > PRI_NUMBER_MAX)
		return 0;
	return item->has_before && item->change.wanted.number > item->before.number
		       ? item->change.wanted.number - item->before.number
		       : 0;
}

struct shortage {
	uint64_t asked, missing, arrived; /* of all donors: asked of them, not given, given */
	uint64_t gains;			  /* wanted by all recipients */
	struct pri_item *all;		  /* the recipient that wants all there is, or NULL */
};

static void add_donor(struct pri_item *item, struct shortage *shortage)
{
	const struct pri_step *step = pri_plan_step_of(item);
	uint64_t before = item->before.number, held = item->change.held.number;
	uint64_t asked = step->is_cut ? step->asked : item->change.wanted.number;

	shortage->asked += before > asked ? before - asked : 0;
	shortage->arrived += before > held ? before - held : 0;
	if (is_short(item) && held > asked)
		shortage->missing += held - asked;
}

static void add_up(const struct pri_run *run, const struct pri_item *first,
		   struct shortage *shortage)
{
	*shortage = (struct shortage){0};
	for (size_t i = 0; i < run->n; i++) {
		struct pri_item *item = run->items[i];

		if (!same_pool(first, item))
			continue;
		if (i < run->gives)
			add_donor(item, shortage);
		else
			shortage->gains += gain_of(item);
		if (i >= run->gives && wants_all(item))
			shortage->all = item;
	}
}

/* What recipients cannot have.  Where more was asked for than they want, that is missing first. */
static uint64_t lack_of(const struct shortage *shortage)
{
	uint64_t slack = shortage->asked > shortage->gains ? shortage->asked - shortage->gains : 0;
	uint64_t lack = shortage->missing > slack ? shortage->missing - slack : 0;

	return lack < shortage->gains ? lack : shortage->gains;
}

/* Each recipient gets so much less as it wanted more, in whole grains; the last one what is left
 * over, so that nothing is created and nothing lost. */
static void cut(struct pri_run *run, const struct pri_item *first, const struct shortage *shortage)
{
	uint64_t rest = lack_of(shortage);
	double part = shortage->gains ? (double)rest / (double)shortage->gains : 0;

	for (size_t i = run->n; i-- > run->gives;) {
		struct pri_item *item = run->items[i];
		uint64_t gain = gain_of(item), grain = item->change.serve->grain, less;

		if (!same_pool(first, item) || gain == 0)
			continue;
		less = (uint64_t)((double)gain * part);
		less = grain > 1 ? less - less % grain : less;
		less = less < rest ? less : rest;
		wish(run, item, item->change.wanted.number - less);
		rest -= less;
	}
	for (size_t i = run->n; rest > 0 && i-- > run->gives;) {
		struct pri_item *item = run->items[i];
		uint64_t gain = gain_of(item), less = gain < rest ? gain : rest;

		if (!same_pool(first, item) || gain == 0)
			continue;
		item->change.wanted.number -= less;
		rest -= less;
	}
}

static int share_out(struct pri_run *run)
{
	for (size_t i = 0; i < run->gives; i++) {
		struct pri_item *item = run->items[i];
		struct shortage shortage;
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = is_short(run->items[k]) && same_pool(run->items[k], item);
		if (!is_short(item) || seen)
			continue;
		add_up(run, item, &shortage);
		if (shortage.arrived == 0)
			return pri_item_fail(item, -ENOSPC,
					     "nothing has arrived of what it and "
					     "others were asked to give");
		if (shortage.all)
			return pri_item_fail(shortage.all, -ENOSPC,
					     "less has arrived than was asked for, and \"default\" "
					     "is no amount that could be less");
		cut(run, item, &shortage);
	}
	return pri_journal_wanted(run->plan->journal, run->plan, run->items, run->n, &run->error);
}

int pri_leave_kept(struct pri_run *run)
{
	bool moving = false, any = false;

	for (size_t i = 0; i < run->count; i++) {
		struct pri_item *item = run->list[i];

		if (item->change.error < 0 && item->change.error != -EINPROGRESS)
			return item->change.error;
		moving = !settle(run, item) || moving;
	}
	if (moving) {
		pri_arrival_pause(run);
		return 1;
	}
	run->begun_wait = false;
	for (size_t i = 0; i < run->gives; i++) {
		if (!is_short(run->items[i]))
			continue;
		note_short(run, run->items[i]);
		any = true;
	}
	return any ? share_out(run) : 0;
}
