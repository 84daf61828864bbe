/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages of the way back that write, and wait until it has arrived. */
#include <errno.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"

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
		if (!pri_back_is_out(&run->backs[i]) && !run->backs[i].written &&
		    gives_back(&run->backs[i]))
			append(run, &run->backs[i]);
	return 0;
}

int pri_enter_back_write(struct pri_run *run)
{
	pri_back_share(run);
	for (size_t i = run->back_count; i-- > 0;)
		if (!pri_back_is_out(&run->backs[i]) && !run->backs[i].written)
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
		pri_back_undone(run, back);
		return;
	}
	held = pri_value_text(change->attr, &change->held);
	pri_note_error(&text, "default was accepted, but it reads back as %s", held ? held : "?");
	pri_back_close(run, back, -EREMOTEIO, "it was changed and could not be taken back", text);
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
			pri_back_unsure(run, back->origin);
		if (error == 0)
			wrote(run, back);
		else if (error != -ECANCELED)
			pri_back_close(run, back, error,
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

		if (pri_back_is_out(back) || !back->written)
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
	pri_back_close(run, back, -ETIMEDOUT, "it was told to go back, but has not arrived",
		       why ? why : text);
}

static void came_back(struct pri_run *run, struct pri_back *back)
{
	const struct pri_attr *attr = back->item.change.attr;
	pri_autofree char *missing = NULL, *text = NULL;

	if (back->missing == 0) {
		pri_back_undone(run, back);
		return;
	}
	show(run, back);
	missing = pri_arrival_text(attr, back->missing);
	pri_note_error(&text, "%s are missing, which a domain that got them has not given back",
		       missing ? missing : "?");
	pri_back_close(run, back, -ENOSPC, "it has got back what there is", text);
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
		if (!pri_back_is_out(&run->backs[i]) && run->backs[i].written)
			moving = look_back(run, &run->backs[i]) || moving;
	if (moving)
		pri_arrival_pause(run);
	return moving;
}
