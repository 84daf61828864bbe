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

static void note_unsure(struct pri_run *run, struct pri_item *item)
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
			note_unsure(run, item);
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

static bool is_out(const struct pri_back *back)
{
	return back->closed || back->deferred;
}

static void leave_item(struct pri_run *run, struct pri_item *item, int code, const char *how,
		       const char *why)
{
	const char *doubt = item->change.unsure ? DOUBT : "";

	pri_item_note(item, code, "%s%s: %s", doubt, how, why ? why : pri_strerror(code));
	pri_plan_set_status(run->plan, item, PRALLOC_STEP_LEFT);
}

static void leave(struct pri_run *run, struct pri_back *back, int code, const char *how,
		  const char *why)
{
	back->closed = true;
	leave_item(run, back->origin, code, how, why);
}

void pri_back_leave(struct pri_run *run, int code)
{
	for (size_t i = 0; i < run->back_count; i++)
		if (!run->backs[i].closed)
			leave(run, &run->backs[i], code, LEFT, NULL);
	for (size_t i = 0; !run->backs && i < run->n; i++)
		if (run->items[i]->change.took)
			leave_item(run, run->items[i], code, LEFT, NULL);
}

static void undone(struct pri_run *run, struct pri_back *back)
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
		leave(run, back, r, LEFT, error);
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
			leave(run, back, target->code, LEFT, target->text);
		else if (item->target.domain && restarted)
			leave(run, back, -EAGAIN, LEFT,
			      target->incarnation ? "the domain was restarted since"
						  : "the domain was stopped since");
		else if (!item->has_before)
			leave(run, back, -EIO, LEFT, "what it was before is not known");
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
		if (!is_out(&run->backs[i]) && !may_be_anything(run, run->backs[i].origin))
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
		leave(run, back, is->error, LEFT, is->text);
	/* It went back with something else, or was never done.  What still may be written is
	 * written over: only a write is in any case behind another one. */
	else if (pri_value_equal(is->attr, &item->before, &is->held) && !item->change.unsure)
		undone(run, back);
	else if (!pri_value_equal(is->attr, &item->before, &is->held) &&
		 !is_ours(item, &back->item))
		leave(run, back, -EAGAIN, LEFT, "somebody else changed it since");
}

int pri_leave_back_read(struct pri_run *run)
{
	for (size_t i = 0; i < run->back_count; i++)
		if (!is_out(&run->backs[i]) && !may_be_anything(run, run->backs[i].origin))
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

/* -- writing -- */

static void append(struct pri_run *run, struct pri_back *back)
{
	back->item.has_held = false;
	back->item.change.error = -ECANCELED; /* until its call is made */
	pri_run_append(run, &back->item);
}

/* What a recipient has got has to be there again before its donor gets it. */
static bool gives_back(const struct pri_back *back)
{
	return back->origin->phase == PRI_PHASE_TAKE && pri_plan_is_async(back->origin) &&
	       pri_attr_is(back->origin->change.attr, PRALLOC_ATTR_ADDITIVE);
}

int pri_enter_back_give(struct pri_run *run)
{
	for (size_t i = run->back_count; i-- > 0;)
		if (!is_out(&run->backs[i]) && !run->backs[i].written && gives_back(&run->backs[i]))
			append(run, &run->backs[i]);
	return 0;
}

int pri_enter_back_write(struct pri_run *run)
{
	pri_back_share(run);
	for (size_t i = run->back_count; i-- > 0;)
		if (!is_out(&run->backs[i]) && !run->backs[i].written)
			append(run, &run->backs[i]);
	return 0;
}

/* What was not set reads as it did before; the general comparison takes anything for that. */
static bool reads_as_before(const struct pri_back *back)
{
	const struct pri_change *change = &back->item.change;

	return !change->verify || !back->item.has_held || back->origin->before.text ||
	       back->origin->before.number != PRALLOC_DEFAULT ||
	       pri_value_equal(change->attr, &change->held, &back->origin->before);
}

static void wrote(struct pri_run *run, struct pri_back *back)
{
	const struct pri_change *change = &back->item.change;
	pri_autofree char *held = NULL, *text = NULL;

	back->written = true;
	if (pri_plan_is_async(back->origin))
		return;
	if (reads_as_before(back)) {
		undone(run, back);
		return;
	}
	held = pri_value_text(change->attr, &change->held);
	pri_note_error(&text, "default was accepted, but it reads back as %s", held ? held : "?");
	leave(run, back, -EREMOTEIO, "it was changed and could not be taken back", text);
}

/* A call ends at its first failure; what stood behind it is tried once more. */
int pri_leave_back_write(struct pri_run *run)
{
	bool again = false;

	for (size_t i = 0; i < run->count; i++) {
		struct pri_back *back = (struct pri_back *)run->list[i];
		int error = back->item.change.error;

		again = again || error == -ECANCELED;
		if (back->item.change.unsure)
			note_unsure(run, back->origin);
		if (error == 0)
			wrote(run, back);
		else if (error != -ECANCELED)
			leave(run, back, error,
			      back->origin->change.unsure
				      ? "it could not be taken back"
				      : "it was changed and could not be taken back",
			      back->item.change.text);
	}
	return again;
}

/* -- arrival -- */

static struct pri_arrival *arrival_of(const struct pri_back *back)
{
	return &pri_plan_step_of(back->origin)->arrival;
}

int pri_enter_back_arrive(struct pri_run *run)
{
	for (size_t i = 0; i < run->back_count; i++) {
		struct pri_back *back = &run->backs[i];

		if (is_out(back) || !back->written)
			continue;
		if (!run->begun_wait) {
			pri_arrival_begin(arrival_of(back), &back->item);
			pri_plan_set_status(run->plan, back->origin, PRALLOC_STEP_WAITING);
		}
		pri_run_append(run, &back->item);
	}
	run->begun_wait = true;
	if (run->count > 0)
		pri_lanes_notice(run);
	return 0;
}

/* How far it is. */
static void show(struct pri_run *run, struct pri_back *back)
{
	struct pri_item *item = back->origin;

	item->change.held.number = back->item.change.held.number;
	item->has_held = true;
	pri_plan_tell(run->plan, item);
}

static void not_arrived(struct pri_run *run, struct pri_back *back, const char *why)
{
	const struct pri_change *is = &back->item.change;
	pri_autofree char *held = pri_arrival_text(is->attr, is->held.number);
	pri_autofree char *wanted = pri_arrival_text(is->attr, is->wanted.number);
	pri_autofree char *text = NULL;

	show(run, back);
	if (!why)
		pri_note_error(&text, "it is at %s of %s", held ? held : "?",
			       wanted ? wanted : "?");
	leave(run, back, -ETIMEDOUT, "it was told to go back, but has not arrived",
	      why ? why : text);
}

static void came_back(struct pri_run *run, struct pri_back *back)
{
	const struct pri_attr *attr = back->item.change.attr;
	pri_autofree char *missing = NULL, *text = NULL;

	if (back->missing == 0) {
		undone(run, back);
		return;
	}
	show(run, back);
	missing = pri_arrival_text(attr, back->missing);
	pri_note_error(&text, "%s are missing, which a domain that got them has not given back",
		       missing ? missing : "?");
	leave(run, back, -ENOSPC, "it has got back what there is", text);
}

/* Whether it is to be looked at again. */
static bool look_back(struct pri_run *run, struct pri_back *back)
{
	struct pri_arrival *arrival = arrival_of(back);
	bool ended = pri_arrival_look(run, arrival, &back->item);
	const struct pri_change *is = &back->item.change;

	if (is->error < 0) {
		not_arrived(run, back, is->text ? is->text : pri_strerror(is->error));
		return false;
	}
	if (arrival->done) {
		came_back(run, back);
		return false;
	}
	show(run, back);
	if (!ended && pri_now_ns() < run->deadline_ns)
		return true;
	not_arrived(run, back, NULL);
	return false;
}

int pri_leave_back_arrive(struct pri_run *run)
{
	bool moving = false;

	for (size_t i = 0; i < run->back_count; i++)
		if (!is_out(&run->backs[i]) && run->backs[i].written)
			moving = look_back(run, &run->backs[i]) || moving;
	if (moving)
		pri_arrival_pause(run);
	return moving;
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
