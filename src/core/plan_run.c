/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan's way through its stages. */
#include <errno.h>
#include <poll.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"

#define NS_PER_S UINT64_C(1000000000)
/* Taking back gets so much time at least: the deadline has often passed by then. */
#define UNDO_NS (30 * NS_PER_S)

static const struct pri_stage_row stages[] = {
	[PRI_STAGE_LOCK] = {0, false, pri_enter_lock, NULL, PRI_STAGE_IDENTIFY},
	[PRI_STAGE_IDENTIFY] = {PRI_OP_STATE, false, pri_enter_identify, NULL, PRI_STAGE_CHECK},
	[PRI_STAGE_CHECK] = {PRI_OP_CHECK, false, pri_enter_check, NULL, PRI_STAGE_READ},
	[PRI_STAGE_READ] = {PRI_OP_READ, false, pri_enter_read, pri_leave_read, PRI_STAGE_RECORD},
	[PRI_STAGE_RECORD] = {0, false, pri_enter_record, NULL, PRI_STAGE_GIVE},
	[PRI_STAGE_GIVE] = {PRI_OP_APPLY, true, pri_enter_give, pri_leave_write, PRI_STAGE_GIVEN},
	[PRI_STAGE_GIVEN] = {PRI_OP_ARRIVED, false, pri_enter_given, pri_leave_given,
			     PRI_STAGE_KEEP},
	[PRI_STAGE_KEEP] = {PRI_OP_APPLY, true, pri_enter_keep, pri_leave_keep, PRI_STAGE_KEPT},
	[PRI_STAGE_KEPT] = {PRI_OP_ARRIVED, false, pri_enter_kept, pri_leave_kept,
			    PRI_STAGE_RECONFIRM},
	[PRI_STAGE_RECONFIRM] = {PRI_OP_STATE, false, pri_enter_reconfirm, pri_leave_reconfirm,
				 PRI_STAGE_TAKE},
	[PRI_STAGE_TAKE] = {PRI_OP_APPLY, true, pri_enter_take, pri_leave_write, PRI_STAGE_TAKEN},
	[PRI_STAGE_TAKEN] = {PRI_OP_ARRIVED, false, pri_enter_taken, pri_leave_taken,
			     PRI_STAGE_CONFIRM},
	[PRI_STAGE_CONFIRM] = {PRI_OP_STATE, false, pri_enter_confirm, pri_leave_confirm,
			       PRI_STAGE_END},
	[PRI_STAGE_BACK_IDENTIFY] = {PRI_OP_STATE, false, pri_enter_back_identify,
				     pri_leave_back_identify, PRI_STAGE_BACK_READ},
	[PRI_STAGE_BACK_READ] = {PRI_OP_READ, false, pri_enter_back_read, pri_leave_back_read,
				 PRI_STAGE_BACK_GIVE},
	[PRI_STAGE_BACK_GIVE] = {PRI_OP_APPLY, false, pri_enter_back_give, pri_leave_back_write,
				 PRI_STAGE_BACK_GIVEN},
	[PRI_STAGE_BACK_GIVEN] = {PRI_OP_ARRIVED, false, pri_enter_back_arrive,
				  pri_leave_back_arrive, PRI_STAGE_BACK_WRITE},
	[PRI_STAGE_BACK_WRITE] = {PRI_OP_APPLY, false, pri_enter_back_write, pri_leave_back_write,
				  PRI_STAGE_BACK_ARRIVE},
	[PRI_STAGE_BACK_ARRIVE] = {PRI_OP_ARRIVED, false, pri_enter_back_arrive,
				   pri_leave_back_arrive, PRI_STAGE_END},
};

static int run_fill(struct pri_run *run)
{
	struct pr_plan *plan = run->plan;
	int r = pri_plan_items(plan, plan->modes, &run->items, &run->n);

	if (r < 0)
		return r;
	run->targets = calloc(plan->target_count ? plan->target_count : 1, sizeof(*run->targets));
	if (!run->targets)
		return -ENOMEM;
	return pri_lanes_init(run);
}

/* Undo has nothing to look for first; what was said of a step in an earlier run is forgotten. */
static int run_begin(struct pri_run *run)
{
	if (run->purpose < PRI_RUN_UNDO)
		return 0;
	for (size_t i = 0; i < run->n; i++) {
		run->items[i]->change.error = 0;
		pri_free_if_any(pri_steal(run->items[i]->change.text));
		pri_plan_step_of(run->items[i])->arrival = (struct pri_arrival){0};
	}
	pri_order(run->items, run->n);
	run->stage = PRI_STAGE_BACK_IDENTIFY;
	pri_journal_note(run->plan->journal, "undo");
	return pri_back_init(run);
}

int pri_run_new(struct pr_plan *plan, int purpose, uint64_t deadline_ns, uint32_t flags,
		struct pri_run **ret_run, char **error)
{
	struct pri_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return -ENOMEM;
	*run = (struct pri_run){
		.plan = plan,
		.purpose = purpose,
		.flags = flags,
		.begun_ns = pri_now_ns(),
		.deadline_ns = deadline_ns,
		.epoll_fd = -1,
		.timer_fd = -1,
	};
	r = run_fill(run);
	if (r == 0)
		r = run_begin(run);
	if (r < 0) {
		pri_run_free(run);
		return pri_set_error(error, r, "%s", pri_strerror(r));
	}
	plan->run = run;
	*ret_run = run;
	return 0;
}

static void readings_clear(struct pri_run *run)
{
	for (size_t i = 0; i < run->reading_count; i++) {
		pri_item_clear(&run->readings[i].item);
		pr_domain_close(run->readings[i].owned);
	}
	free(run->readings);
}

void pri_run_free(struct pri_run *run)
{
	if (!run)
		return;
	pri_lanes_clear(run);
	pri_run_unlock(run);
	pri_back_clear(run);
	readings_clear(run);
	pri_run_unwatch(run);
	if (run->plan->run == run)
		run->plan->run = NULL;
	for (size_t i = 0; run->targets && i < run->plan->target_count; i++)
		free(run->targets[i].text);
	free(run->targets);
	free(run->items);
	free(run->list);
	free(run->error);
	free(run);
}

void pri_run_append(struct pri_run *run, struct pri_item *item)
{
	run->list[run->count++] = item;
}

int pri_run_room(struct pri_run *run)
{
	size_t room = run->n + run->reading_count + run->back_count + 1;
	struct pri_item **more;

	if (room <= run->room)
		return 0;
	more = realloc(run->list, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	run->list = more;
	run->room = room;
	return 0;
}

static bool writes(int stage)
{
	return stage >= PRI_STAGE_GIVE && stage < PRI_STAGE_BACK_IDENTIFY;
}

static void note_failed_steps(struct pri_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		int error = run->items[i]->change.error;

		if (error < 0)
			pri_plan_set_status(run->plan, run->items[i],
					    error == -ECANCELED ? PRALLOC_STEP_OK
								: PRALLOC_STEP_FAILED);
	}
}

static void enter_stage(struct pri_run *run, int stage)
{
	run->stage = stage;
	run->entered = false;
	run->stage_ns = 0;
	run->wake_ns = 0;
	run->begun_wait = false;
}

static void note_failure(struct pri_run *run, int code)
{
	char *cause = NULL;
	int r = pri_plan_report(run->items, run->n, code, &cause);

	/* What happened to a step says more than that something failed. */
	if (!run->error) {
		run->error = cause;
		code = r;
	} else {
		free(cause);
	}
	run->code = code;
}

static int begin_back(struct pri_run *run)
{
	int r = pri_back_init(run);

	note_failed_steps(run);
	if (run->deadline_ns < pri_now_ns() + UNDO_NS)
		run->deadline_ns = pri_now_ns() + UNDO_NS;
	pri_journal_note(run->plan->journal, "undo");
	return r;
}

static void fail_run(struct pri_run *run, int code)
{
	int next = PRI_STAGE_END;

	if (run->stage < PRI_STAGE_BACK_IDENTIFY)
		note_failure(run, code);
	if (writes(run->stage)) {
		code = begin_back(run);
		next = code < 0 ? PRI_STAGE_END : PRI_STAGE_BACK_IDENTIFY;
	}
	if (run->goes_back && next == PRI_STAGE_END)
		pri_back_leave(run, code);
	enter_stage(run, next);
}

bool pri_run_is_cancelled(const struct pri_run *run)
{
	return run->stage < PRI_STAGE_BACK_IDENTIFY && atomic_load(&run->plan->cancelled);
}

static int cancel(struct pri_run *run)
{
	free(run->error);
	run->error = NULL;
	return pri_run_fail(run, -ECANCELED, "the plan was cancelled");
}

static int enter(struct pri_run *run)
{
	const struct pri_stage_row *stage = &stages[run->stage];
	int r = pri_run_room(run);

	run->count = 0;
	if (run->stage_ns == 0)
		run->stage_ns = pri_now_ns();
	run->op = stage->op;
	run->stops = stage->stops;
	if (r == 0)
		r = stage->enter(run);
	if (r == 0 && stage->op)
		r = pri_lanes_load(run);
	run->entered = r == 0;
	return r;
}

static int next_stage(const struct pri_run *run)
{
	if (run->purpose == PRI_RUN_CHECK && run->stage == PRI_STAGE_READ)
		return PRI_STAGE_END;
	if (run->purpose == PRI_RUN_LOOK && run->stage == PRI_STAGE_BACK_READ)
		return PRI_STAGE_END;
	return stages[run->stage].next;
}

static void go_on(struct pri_run *run)
{
	uint64_t again_ns = run->stage == PRI_STAGE_BACK_ARRIVE ? pri_back_again(run) : 0;

	enter_stage(run, again_ns ? PRI_STAGE_BACK_IDENTIFY : next_stage(run));
	run->wake_ns = again_ns;
}

/* One stage, or what can be done of it now.  1: something has to be waited for. */
static int step(struct pri_run *run, uint64_t until_ns)
{
	const struct pri_stage_row *stage = &stages[run->stage];
	int r = 0;

	if (run->wake_ns && pri_now_ns() < run->wake_ns && !pri_run_is_cancelled(run))
		return 1;
	run->wake_ns = 0;
	if (pri_run_is_cancelled(run) && !run->entered)
		r = cancel(run);
	else if (!run->entered)
		r = enter(run);
	if (r == 0 && stage->op) {
		run->stopped = run->stopped || pri_run_is_cancelled(run);
		if (!pri_lanes_step(run, until_ns))
			return 1;
	}
	if (r == 0 && pri_run_is_cancelled(run))
		r = cancel(run);
	if (r == 0 && stage->leave)
		r = stage->leave(run);
	if (r < 0) {
		fail_run(run, r);
		return 0;
	}
	if (r == 1) {
		run->entered = false;
		return run->wake_ns != 0;
	}
	go_on(run);
	return 0;
}

/* Only what was waited for does not say so already. */
static void finish_apply(struct pri_run *run)
{
	for (size_t i = 0; run->waits && i < run->n; i++)
		pri_plan_set_status(run->plan, run->items[i], PRALLOC_STEP_APPLIED);
	run->plan->applied = true;
}

static int finish(struct pri_run *run, char **error)
{
	struct pr_plan *plan = run->plan;
	int r = run->code;

	if (run->purpose == PRI_RUN_LOOK)
		r = pri_back_look(run, error);
	else if (run->goes_back)
		r = pri_back_result(run, error);
	else if (r < 0)
		*error = pri_steal(run->error);
	else if (run->purpose == PRI_RUN_APPLY)
		finish_apply(run);
	pri_journal_end(plan->journal, plan);
	if (run->cuts)
		pri_keep_forget(run);
	atomic_store(&plan->cancelled, false);
	(void)!read(plan->cancel_fd, &(uint64_t){0}, sizeof(uint64_t));
	plan->result = r;
	plan->was_run = true;
	pri_run_free(run);
	return r;
}

int pri_run_step(struct pri_run *run, uint64_t until_ns, char **error)
{
	int r;

	pri_run_consume(run);
	do {
		if (run->stage == PRI_STAGE_END)
			return finish(run, error);
		r = step(run, until_ns);
	} while (r == 0 && pri_now_ns() < until_ns);
	/* What waits has a time of its own, or a call's answer; one that has passed already is of a
	 * last look. */
	pri_run_wake_at(run, r == 0 ? 0 : run->wake_ns ? run->wake_ns : pri_lanes_until(run));
	return 1;
}

int pri_run_whole(struct pri_run *run, char **error)
{
	int r;

	while ((r = pri_run_step(run, UINT64_MAX, error)) == 1) {
		struct pollfd fd;
		char *cause = NULL;

		if (run->epoll_fd < 0) {
			if (pri_run_watch(run, &cause) < 0)
				poll(NULL, 0, 1);
			free(cause);
			continue;
		}
		fd = (struct pollfd){.fd = run->epoll_fd, .events = POLLIN};
		poll(&fd, 1, -1);
	}
	return r;
}
