/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages that take a plan back: only where it still is what the plan wrote, and only in the
 * incarnation of the domain that the plan wrote it in. */
#include <errno.h>
#include <string.h>

#include "core/domain_lock.h"
#include "core/plan_journal.h"
#include "core/plan_run.h"

#define LEFT "left as it is"
#define DOUBT "it is not known whether it was written, or still will be; "

/* Whoever does not answer is asked again after that time, as long as there is more. */
#define AGAIN_NS UINT64_C(50000000)

static void make_back(struct pri_back *back, struct pri_item *item)
{
	*back = (struct pri_back){.item = *item, .origin = item};
	back->item.change.wanted = item->before;
	back->item.change.held = (struct pri_value){0};
	back->item.change.text = NULL;
	back->item.change.error = 0;
	back->item.change.verify = !pri_plan_is_async(item);
	back->item.change.took = back->item.change.unsure = false;
	back->item.has_held = false;
	back->item.has_before = false;
}

void pri_back_unsure(struct pri_run *run, struct pri_item *item)
{
	run->unsure = true;
	item->change.unsure = true;
	if (run->purpose != PRI_RUN_LOOK)
		pri_journal_step(run->plan->journal, run->plan, item, "unsure");
}

int pri_back_init(struct pri_run *run)
{
	run->goes_back = true;
	run->backs = calloc(run->n + 1, sizeof(*run->backs));
	if (!run->backs)
		return -ENOMEM;
	for (size_t i = 0; i < run->n; i++) {
		struct pri_item *item = run->items[i];

		if (!item->change.took)
			continue;
		make_back(&run->backs[run->back_count++], item);
		if (item->change.unsure)
			pri_back_unsure(run, item);
	}
	return 0;
}

void pri_back_clear(struct pri_run *run)
{
	for (size_t i = 0; i < run->back_count; i++) {
		free(run->backs[i].item.change.text);
		pri_value_clear(&run->backs[i].item.change.held);
	}
	free(run->backs);
}

static void leave_item(struct pri_run *run, struct pri_item *item, int code, const char *how,
		       const char *why)
{
	const char *doubt = item->change.unsure ? DOUBT : "";

	pri_item_note(item, code, "%s%s: %s", doubt, how, why ? why : pri_strerror(code));
	pri_plan_set_status(run->plan, item, PRALLOC_STEP_LEFT);
}

void pri_back_close(struct pri_run *run, struct pri_back *back, int code, const char *how,
		    const char *why)
{
	back->closed = true;
	leave_item(run, back->origin, code, how, why);
}

void pri_back_leave(struct pri_run *run, int code)
{
	for (size_t i = 0; i < run->back_count; i++)
		if (!run->backs[i].closed)
			pri_back_close(run, &run->backs[i], code, LEFT, NULL);
	for (size_t i = 0; !run->backs && i < run->n; i++)
		if (run->items[i]->change.took)
			leave_item(run, run->items[i], code, LEFT, NULL);
}

void pri_back_undone(struct pri_run *run, struct pri_back *back)
{
	struct pri_item *item = back->origin;

	back->closed = true;
	item->change.took = item->change.unsure = false;
	pri_value_clear(&item->change.held);
	item->has_held = pri_value_copy(&item->change.held, &item->before) == 0;
	pri_plan_set_status(run->plan, item, PRALLOC_STEP_UNDONE);
	pri_journal_step(run->plan->journal, run->plan, item, "undone");
}

/* -- who the domains are -- */

static void lock_or_leave(struct pri_run *run, struct pri_back *back)
{
	struct pri_run_target *target = &run->targets[back->item.sequence];
	pri_autofree char *error = NULL;
	int r = 0;

	if (back->item.target.domain && !target->locked) {
		r = pri_domain_lock_wait(back->item.target.domain, run->deadline_ns, &error);
		target->locked = r == 0 ? back->item.target.domain : NULL;
	}
	if (r == 0 && pri_host_lock_concerns(&back->item))
		r = pri_host_lock_wait(&run->host_locks, &back->item, run->deadline_ns, &error);
	if (r < 0)
		pri_back_close(run, back, r, LEFT, error);
}

int pri_enter_back_identify(struct pri_run *run)
{
	for (size_t i = 0; i < run->plan->target_count; i++)
		run->targets[i].item = NULL;
	for (size_t i = 0; i < run->back_count; i++) {
		struct pri_back *back = &run->backs[i];
		struct pri_run_target *target = &run->targets[back->item.sequence];

		back->deferred = false;
		lock_or_leave(run, back);
		if (back->closed || !back->item.target.domain || target->item)
			continue;
		target->item = &back->item;
		pri_run_append(run, &back->item);
	}
	return 0;
}

/* A host on which a write hangs does not answer until that has come to its end.  What is written
 * or read then comes after it. */
static bool may_answer_later(const struct pri_run *run, int code)
{
	return run->unsure && (code == -EBUSY || code == -ENOTCONN) &&
	       run->purpose != PRI_RUN_LOOK && pri_now_ns() + 2 * AGAIN_NS < run->deadline_ns;
}

uint64_t pri_back_again(const struct pri_run *run)
{
	for (size_t i = 0; i < run->back_count; i++)
		if (run->backs[i].deferred)
			return pri_now_ns() + AGAIN_NS;
	return 0;
}

/* All of it: who gives memory back and who gets it do so in one go. */
static void find_hosts_that_do_not_answer(struct pri_run *run)
{
	for (size_t i = 0; i < run->lane_count; i++)
		run->lanes[i].defers = false;
	for (size_t i = 0; run->unsure && i < run->back_count; i++) {
		const struct pri_item *item = &run->backs[i].item;

		if (!run->backs[i].closed && item->target.domain &&
		    may_answer_later(run, run->targets[item->sequence].code))
			pri_lane_of(run, item->target.host)->defers = true;
	}
}

int pri_leave_back_identify(struct pri_run *run)
{
	find_hosts_that_do_not_answer(run);
	for (size_t i = 0; i < run->back_count; i++) {
		struct pri_back *back = &run->backs[i];
		const struct pri_item *item = back->origin;
		const struct pri_run_target *target = &run->targets[item->sequence];
		bool restarted = item->change.mode == PRALLOC_LIVE &&
				 target->incarnation != item->incarnation;

		if (back->closed)
			continue;
		if (pri_lane_of(run, item->target.host)->defers)
			back->deferred = true;
		else if (item->target.domain && target->code < 0)
			pri_back_close(run, back, target->code, LEFT, target->text);
		else if (item->target.domain && restarted)
			pri_back_close(run, back, -EAGAIN, LEFT,
				       target->incarnation ? "the domain was restarted since"
							   : "the domain was stopped since");
		else if (!item->has_before)
			pri_back_close(run, back, -EIO, LEFT, "what it was before is not known");
	}
	return 0;
}

/* -- whether it is still what was written -- */

/* A write that failed may have left anything behind, and a balloon is always written. */
static bool may_be_anything(const struct pri_run *run, const struct pri_item *item)
{
	return pri_plan_is_async(item) ||
	       (run->purpose == PRI_RUN_APPLY && !item->has_held && item->change.error < 0);
}

int pri_enter_back_read(struct pri_run *run)
{
	for (size_t i = 0; i < run->back_count; i++)
		if (!pri_back_is_out(&run->backs[i]) && !may_be_anything(run, run->backs[i].origin))
			pri_run_append(run, &run->backs[i].item);
	return 0;
}

/* What was read back after the write; without that, what was written. */
static bool is_ours(const struct pri_item *item, const struct pri_item *is)
{
	struct pri_item now = *item;
	bool same;

	if (item->has_held)
		return pri_value_equal(item->change.attr, &item->change.held, &is->change.held);
	now.change.held = is->change.held;
	now.change.text = NULL;
	same = pri_item_verify(&now) == 0;
	free(now.change.text);
	return same;
}

static void judge_present(struct pri_run *run, struct pri_back *back)
{
	const struct pri_change *is = &back->item.change;
	const struct pri_item *item = back->origin;

	if (is->error < 0)
		pri_back_close(run, back, is->error, LEFT, is->text);
	/* It went back with something else, or was never done.  What still may be written is
	 * written over: only a write is in any case behind another one. */
	else if (pri_value_equal(is->attr, &item->before, &is->held) && !item->change.unsure)
		pri_back_undone(run, back);
	else if (!pri_value_equal(is->attr, &item->before, &is->held) &&
		 !is_ours(item, &back->item))
		pri_back_close(run, back, -EAGAIN, LEFT, "somebody else changed it since");
}

int pri_leave_back_read(struct pri_run *run)
{
	for (size_t i = 0; i < run->back_count; i++)
		if (!pri_back_is_out(&run->backs[i]) && !may_be_anything(run, run->backs[i].origin))
			judge_present(run, &run->backs[i]);
	return 0;
}

int pri_back_look(struct pri_run *run, char **error)
{
	for (size_t i = 0; i < run->back_count; i++) {
		struct pri_item *item = run->backs[i].origin;

		item->change.took = false;
		if (!run->backs[i].closed)
			pri_plan_set_status(run->plan, item, PRALLOC_STEP_OK);
	}
	run->plan->applied = false;
	return pri_plan_report(run->items, run->n, 0, error);
}

/* -- the end -- */

int pri_back_result(struct pri_run *run, char **error)
{
	struct pr_plan *plan = run->plan;
	bool failed = run->purpose == PRI_RUN_APPLY;
	const char *cause = run->error ? run->error : pri_strerror(run->code);
	int left = 0;

	for (size_t i = run->n; left == 0 && i-- > 0;)
		if (run->items[i]->change.took)
			left = run->items[i]->change.error ?: -EIO;
	if (failed || plan->left)
		plan->left = left < 0;
	else
		plan->applied = left < 0;
	if (failed)
		return pri_set_error(error, run->code, "%s%s", cause,
				     left < 0 ? "; not everything could be taken back" : "");
	return left < 0 ? pri_plan_report(run->items, run->n, left, error) : 0;
}
