/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stages of a plan that only look: identities, checks, present values. */
#include <errno.h>
#include <string.h>

#include "core/plan_run.h"

/* -- who the domains are -- */

int pri_enter_identify(struct pri_run *run)
{
	for (size_t i = 0; i < run->plan->target_count; i++)
		if (run->targets[i].item)
			pri_run_append(run, run->targets[i].item);
	return 0;
}

static int fail_busy(struct pri_item *item, const struct pri_run_target *target)
{
	return pri_item_fail(item, -EBUSY, "%s: try again when that has ended", target->busy);
}

/* What stands against a domain stands against each of its steps. */
static void identify_item(const struct pri_run *run, struct pri_item *item)
{
	const struct pri_run_target *target = &run->targets[item->sequence];

	item->incarnation = target->incarnation;
	if (item->change.error < 0)
		return;
	if (target->code < 0)
		pri_item_fail(item, target->code, "%s", target->text);
	else if (target->busy)
		fail_busy(item, target);
}

int pri_enter_confirm(struct pri_run *run)
{
	for (size_t i = 0; i < run->plan->target_count; i++)
		if (run->targets[i].item && pri_plan_is_live(run->targets[i].item))
			pri_run_append(run, run->targets[i].item);
	return 0;
}

static int confirm_item(const struct pri_run *run, struct pri_item *item)
{
	const struct pri_run_target *target = &run->targets[item->sequence];

	if (target->code < 0)
		return pri_item_fail(item, target->code, "%s", target->text);
	if (target->incarnation != item->incarnation)
		return pri_item_fail(item, -EAGAIN, "the domain was restarted meanwhile");
	return 0;
}

/* A domain that was restarted while the plan was applied has lost what was written before. */
int pri_leave_confirm(struct pri_run *run)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->count; i++)
		r = confirm_item(run, run->list[i]);
	return r;
}

/* Guests have taken their time to give: what became meanwhile of those that take? */
int pri_enter_reconfirm(struct pri_run *run)
{
	return run->waits ? pri_enter_confirm(run) : 0;
}

int pri_leave_reconfirm(struct pri_run *run)
{
	int r = pri_leave_confirm(run);

	for (size_t i = 0; r == 0 && i < run->count; i++) {
		struct pri_item *item = run->list[i];

		if (run->targets[item->sequence].busy)
			r = fail_busy(item, &run->targets[item->sequence]);
	}
	return r;
}

/* -- what backends have to say -- */

int pri_enter_check(struct pri_run *run)
{
	for (size_t i = 0; run->prechecks && i < run->n; i++) {
		struct pri_item *item = run->items[i];

		identify_item(run, item);
		if (item->change.error < 0 || !pri_item_has_precheck(item))
			continue;
		item->change.link_planned = run->of_hosts && pri_sum_plans_link(run, item);
		pri_run_append(run, item);
	}
	return 0;
}

/* -- present values, and what is read beside them -- */

struct pri_run_reading *pri_run_add_reading(struct pri_run *run)
{
	size_t room = run->reading_room ? 2 * run->reading_room : 16;
	struct pri_run_reading *more;

	if (run->reading_count == run->reading_room) {
		more = realloc(run->readings, room * sizeof(*more));
		if (!more)
			return NULL;
		run->readings = more;
		run->reading_room = room;
	}
	more = &run->readings[run->reading_count++];
	*more = (struct pri_run_reading){0};
	return more;
}

static bool is_readable(const struct pri_item *item)
{
	uint32_t need = item->change.mode == PRALLOC_CONFIG ? PRI_SERVE_READ_CONFIG
							    : PRI_SERVE_READ;

	return item->route->serve && (item->route->serve->modes & need);
}

/* What is, of a step that was refused: to be shown, beside the error that it has. */
static int add_refused(struct pri_run *run, struct pri_item *item)
{
	struct pri_run_reading *reading;

	if (!is_readable(item) || item->change.error == -ENOENT || item->change.error == -ESTALE)
		return 0;
	reading = pri_run_add_reading(run);
	if (!reading)
		return -ENOMEM;
	reading->of = item;
	reading->present = true;
	reading->item = (struct pri_item){.target = item->target,
					  .route = item->route,
					  .change = {.attr = item->change.attr,
						     .serve = item->route->serve,
						     .mode = item->change.mode},
					  .sequence = item->sequence,
					  .phase = PRI_PHASE_TAKE};
	reading->item.instance = strdup(item->change.instance);
	reading->item.change.instance = reading->item.instance;
	return reading->item.instance ? 0 : -ENOMEM;
}

static int add_guards(struct pri_run *run, struct pri_item *item)
{
	const int *ids = NULL;
	size_t n = pri_guard_needs(item, run->flags, &ids);

	for (size_t i = 0; i < n; i++) {
		struct pri_run_reading *reading = pri_run_add_reading(run);

		if (!reading)
			return -ENOMEM;
		/* One that nobody can read is judged as not known. */
		pri_guard_reading(&reading->item, item, ids[i]);
		reading->of = item;
		reading->item.sequence = item->sequence;
		reading->item.phase = PRI_PHASE_TAKE;
	}
	return 0;
}

int pri_enter_read(struct pri_run *run)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < run->n; i++) {
		struct pri_item *item = run->items[i];

		if (!run->prechecks)
			identify_item(run, item);
		run->sums = run->sums || pri_sum_concerns(run, item);
		r = item->change.error == 0 ? add_guards(run, item) : add_refused(run, item);
		if (r == 0 && item->change.error == 0 && pri_note_concerns(run, item))
			r = pri_note_readings(run, item);
		if (item->change.error == 0)
			pri_run_append(run, item);
	}
	if (r == 0 && run->sums)
		r = pri_sum_readings(run);
	if (r == 0)
		r = pri_run_room(run);
	if (r < 0)
		return r;
	for (size_t i = 0; i < run->reading_count; i++)
		if (run->readings[i].item.route && is_readable(&run->readings[i].item))
			pri_run_append(run, &run->readings[i].item);
	/* So that what is read of a domain is one call. */
	if (run->reading_count > 0)
		pri_order(run->list, run->count);
	return 0;
}

static void take_before(struct pri_item *item, struct pri_item *from)
{
	if (!from->has_held)
		return;
	pri_value_clear(&item->before);
	item->before = from->change.held;
	from->change.held = (struct pri_value){0};
	item->has_before = true;
	from->has_held = false;
}

static void judge_guards(struct pri_run *run)
{
	struct pri_item readings[PRI_GUARD_READINGS_MAX];

	for (size_t i = 0; i < run->reading_count;) {
		struct pri_item *item = run->readings[i].of;
		size_t n = 0;

		if (!item || run->readings[i].present) {
			i++;
			continue;
		}
		for (; i < run->reading_count && run->readings[i].of == item; i++)
			readings[n++] = run->readings[i].item;
		if (item->change.error == 0)
			pri_guard_judge(item, readings, n, run->deadline_ns);
	}
}

static void fail_changed(const struct pri_run *run, struct pri_item *item)
{
	const struct pri_step *step = pri_plan_step_of(item);
	pri_autofree char *was = pri_value_text(item->change.attr, &step->expected);
	pri_autofree char *is = pri_value_text(item->change.attr, &item->before);

	pri_item_fail(item, -EAGAIN, "it was %s when the plan was %s and is %s now: %s",
		      was ? was : "?", step->is_moved ? "made" : "checked", is ? is : "?",
		      step->is_moved		      ? "make the plan anew"
		      : run->purpose == PRI_RUN_CHECK ? "the next check or apply goes on from there"
						      : "check the plan again");
}

/* Whether what is was looked at, and either is as it was or has been told. */
static bool judge_expected(const struct pri_run *run, struct pri_item *item)
{
	const struct pri_step *step = pri_plan_step_of(item);

	if (!step->is_expected)
		return true;
	if (item->change.error < 0 || !item->has_before)
		return false;
	if (!pri_value_equal(item->change.attr, &step->expected, &item->before))
		fail_changed(run, item);
	return true;
}

/* A check says what the next one or an apply may rely on; an apply uses it up. */
static int keep_expected(const struct pri_run *run, struct pri_item *item, bool judged)
{
	struct pri_step *step = pri_plan_step_of(item);

	/* What else stands against the step has come first: a change is told by a later check. */
	if (step->is_moved || (run->purpose == PRI_RUN_CHECK && !judged))
		return 0;
	step->is_expected = false;
	if (run->purpose != PRI_RUN_CHECK || !item->has_before)
		return 0;
	pri_value_clear(&step->expected);
	if (pri_value_copy(&step->expected, &item->before) < 0)
		return -ENOMEM;
	step->is_expected = true;
	return 0;
}

static int conclude(const struct pri_run *run, struct pri_item *item)
{
	int error = item->change.error;

	item->change.took = item->change.unsure = false;
	pri_plan_set_status(run->plan, item, error < 0 ? PRALLOC_STEP_REFUSED : PRALLOC_STEP_OK);
	return error;
}

/* Everything that can be said of one step alone. */
static int judge_item(const struct pri_run *run, struct pri_item *item)
{
	bool judged;

	take_before(item, item);
	/* The danger that needs no reading. */
	if (item->change.error == 0 && item->change.attr->guard == PRI_GUARD_HOST_CPUS)
		pri_guard_judge(item, NULL, 0, run->deadline_ns);
	judged = judge_expected(run, item);
	pri_plan_set_phase(item);
	return keep_expected(run, item, judged);
}

/* What is more than there is stands against one of the steps, which are concluded after it. */
static int judge_sums(struct pri_run *run)
{
	int refused = 0;

	pri_sum_judge(run);
	for (size_t i = 0; i < run->n; i++)
		if (conclude(run, run->items[i]) < 0 && refused == 0)
			refused = run->items[i]->change.error;
	return refused;
}

int pri_leave_read(struct pri_run *run)
{
	int kept = 0, refused = 0;

	for (size_t i = 0; i < run->reading_count; i++)
		if (run->readings[i].present)
			take_before(run->readings[i].of, &run->readings[i].item);
	judge_guards(run);
	for (size_t i = 0; i < run->n; i++) {
		if (judge_item(run, run->items[i]) < 0)
			kept = -ENOMEM;
		if (!run->sums && conclude(run, run->items[i]) < 0 && refused == 0)
			refused = run->items[i]->change.error;
	}
	if (run->sums)
		refused = judge_sums(run);
	if (run->purpose == PRI_RUN_CHECK)
		pri_note_judge(run);
	if (kept < 0 || refused < 0)
		return kept < 0 ? kept : refused;
	/* Nobody writes after a check. */
	if (run->purpose == PRI_RUN_CHECK)
		return 0;
	pri_order(run->items, run->n);
	while (run->gives < run->n && run->items[run->gives]->phase == PRI_PHASE_GIVE)
		run->gives++;
	return 0;
}
