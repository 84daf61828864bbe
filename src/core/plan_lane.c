/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls of a stage: one after another on a host, side by side on several. */
#include <errno.h>
#include <poll.h>

#include "core/plan_run.h"

/* The last look of a wait, when the time is over, tells how far it has come. */
#define LAST_LOOK_NS UINT64_C(1000000000)

/* Rounds of calls between two looks at the clock. */
#define ROUNDS 16

static uint64_t call_deadline(const struct pri_run *run)
{
	return run->op == PRI_OP_ARRIVED ? run->deadline_ns + LAST_LOOK_NS : run->deadline_ns;
}

struct pri_lane *pri_lane_of(const struct pri_run *run, const struct pr_host *host)
{
	size_t i = 0;

	while (run->lanes[i].host != host)
		i++;
	return &run->lanes[i];
}

static int add_lane(struct pri_run *run, struct pr_host *host)
{
	struct pri_lane *more;

	for (size_t i = 0; i < run->lane_count; i++)
		if (run->lanes[i].host == host)
			return 0;
	more = realloc(run->lanes, (run->lane_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	run->lanes = more;
	more[run->lane_count++] = (struct pri_lane){.host = host};
	return 0;
}

int pri_lanes_init(struct pri_run *run)
{
	int r = 0;

	if (run->plan->host)
		return add_lane(run, run->plan->host);
	for (size_t i = 0; r == 0 && i < run->n; i++)
		r = add_lane(run, run->items[i]->target.host);
	return r;
}

/* A run that is given up: what is under way comes to its end without anybody looking at it. */
static void abandon(struct pri_run *run, struct pri_lane *lane)
{
	struct pri_identity identity;

	lane->call.deadline_ns = 0;
	lane->call.backend->finish(&lane->call, run->op, lane->changes,
				   run->op == PRI_OP_STATE ? 0 : lane->busy, &identity,
				   &lane->pending);
	for (size_t i = 0; run->op != PRI_OP_STATE && i < lane->busy; i++)
		lane->items[lane->next - lane->busy + i]->change = lane->changes[i];
	free(lane->call.error);
}

void pri_lanes_clear(struct pri_run *run)
{
	for (size_t i = 0; i < run->lane_count; i++) {
		if (run->lanes[i].busy)
			abandon(run, &run->lanes[i]);
		free(run->lanes[i].changes);
	}
	free(run->lanes);
	free(run->lane_items);
}

/* A list of one host as it is. */
static void load_one(struct pri_run *run)
{
	struct pri_lane *lane = &run->lanes[0];

	lane->items = run->list;
	lane->count = run->count;
	lane->next = 0;
}

int pri_lanes_load(struct pri_run *run)
{
	struct pri_item **more;
	size_t first = 0;

	run->stopped = false;
	if (run->lane_count == 1) {
		load_one(run);
		return 0;
	}
	more = realloc(run->lane_items, run->room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	run->lane_items = more;
	for (size_t i = 0; i < run->lane_count; i++)
		run->lanes[i].count = run->lanes[i].next = 0;
	for (size_t i = 0; i < run->count; i++)
		pri_lane_of(run, run->list[i]->target.host)->count++;
	for (size_t i = 0; i < run->lane_count; i++) {
		run->lanes[i].items = run->lane_items + first;
		first += run->lanes[i].count;
		run->lanes[i].count = 0;
	}
	for (size_t i = 0; i < run->count; i++) {
		struct pri_lane *lane = pri_lane_of(run, run->list[i]->target.host);

		lane->items[lane->count++] = run->list[i];
	}
	return 0;
}

static int make_room(struct pri_lane *lane, size_t n)
{
	struct pri_change *more;

	if (n <= lane->room)
		return 0;
	more = realloc(lane->changes, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	lane->changes = more;
	lane->room = n;
	return 0;
}

static int call_now(struct pri_lane *lane, int op, size_t n, struct pri_identity *identity)
{
	const struct pri_backend *backend = lane->call.backend;

	switch (op) {
	case PRI_OP_READ:
		return backend->read(&lane->call, lane->changes, n);
	case PRI_OP_CHECK:
		return backend->check(&lane->call, lane->changes, n);
	case PRI_OP_APPLY:
		return backend->apply(&lane->call, lane->changes, n);
	case PRI_OP_ARRIVED:
		return backend->arrived(&lane->call, lane->changes, n);
	default:
		return backend->state(&lane->call, identity);
	}
}

/* Who the domain is that the item is of; or why nobody can say. */
static void take_identity(struct pri_run *run, struct pri_lane *lane, const struct pri_item *item,
			  const struct pri_identity *identity, int code)
{
	struct pri_run_target *target = &run->targets[item->sequence];

	free(pri_steal(target->text));
	target->code = code;
	target->busy = code == 0 ? identity->busy : NULL;
	if (code == 0)
		target->incarnation = identity->incarnation;
	else
		pri_set_error(&target->text, code, "%s: %s", lane->call.backend->name,
			      lane->call.error ? lane->call.error : pri_strerror(code));
	free(pri_steal(lane->call.error));
}

static int take_item(struct pri_run *run, struct pri_item *item)
{
	switch (run->op) {
	case PRI_OP_READ:
		item->has_held = item->change.error == 0;
		break;
	case PRI_OP_ARRIVED:
		item->has_held = item->change.error == 0 || item->change.error == -EINPROGRESS;
		break;
	case PRI_OP_APPLY:
		pri_own_note(item);
		if (!item->change.verify || item->change.error < 0)
			break;
		item->has_held = true;
		return pri_item_verify(item);
	default:
		break;
	}
	return item->change.error;
}

static void call_done(struct pri_run *run, struct pri_lane *lane, int r,
		      const struct pri_identity *identity)
{
	size_t n = lane->busy;
	struct pri_item **items = lane->items + lane->next - n;

	lane->busy = 0;
	if (run->op == PRI_OP_STATE) {
		take_identity(run, lane, items[0], identity, r);
		return;
	}
	for (size_t i = 0; i < n; i++)
		items[i]->change = lane->changes[i];
	if (r < 0)
		pri_batch_fail(items, n, r, &lane->call);
	else
		free(pri_steal(lane->call.error));
	for (size_t i = 0; i < n; i++)
		if (take_item(run, items[i]) < 0 && run->stops)
			run->stopped = true;
}

static void no_memory(struct pri_run *run, struct pri_lane *lane, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pri_item_fail(lane->items[lane->next + i], -ENOMEM, "out of memory");
	lane->next += n;
	run->stopped = run->stopped || run->stops;
}

static int prepare(struct pri_run *run, struct pri_lane *lane, size_t n)
{
	struct pri_item **items = lane->items + lane->next;
	/* Whoever has opened the host knows who its domains are. */
	size_t backend = run->op == PRI_OP_STATE ? 0 : items[0]->route->backend;
	int r;

	for (size_t i = 0; run->op != PRI_OP_STATE && i < n; i++) {
		items[i]->change.error = 0;
		free(pri_steal(items[i]->change.text));
		lane->changes[i] = items[i]->change;
	}
	lane->busy = n;
	lane->next += n;
	r = pri_call_begin(&lane->call, &items[0]->target, backend, call_deadline(run));
	if (run->op == PRI_OP_ARRIVED)
		lane->call.incarnation = items[0]->incarnation;
	return r == 0 && pri_has_passed(call_deadline(run)) ? -ETIMEDOUT : r;
}

static void begin_call(struct pri_run *run, struct pri_lane *lane)
{
	size_t n = run->op == PRI_OP_STATE
			   ? 1
			   : pri_batch_length(lane->items + lane->next, lane->count - lane->next);
	struct pri_identity identity = {.incarnation = 0};
	const struct pri_backend *backend;
	size_t changes = run->op == PRI_OP_STATE ? 0 : n;
	int r;

	if (make_room(lane, n) < 0) {
		no_memory(run, lane, n);
		return;
	}
	r = prepare(run, lane, n);
	backend = lane->call.backend;
	if (r == 0 && backend->begin)
		r = backend->begin(&lane->call, run->op, lane->changes, changes, &lane->pending);
	if (r == 1) {
		pri_run_watch_too(run, lane->pending.fd, PRI_WAKE_OTHER);
		return;
	}
	if (r == 0)
		r = call_now(lane, run->op, changes, &identity);
	call_done(run, lane, r, &identity);
}

static bool has_answer(const struct pri_lane *lane)
{
	struct pollfd fd = {.fd = lane->pending.fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0 || pri_now_ns() >= lane->call.deadline_ns;
}

static void end_call(struct pri_run *run, struct pri_lane *lane)
{
	struct pri_identity identity = {.incarnation = 0};
	size_t changes = run->op == PRI_OP_STATE ? 0 : lane->busy;
	int r;

	pri_run_unwatch_one(run, lane->pending.fd);
	r = lane->call.backend->finish(&lane->call, run->op, lane->changes, changes, &identity,
				       &lane->pending);
	call_done(run, lane, r, &identity);
}

static bool is_idle(const struct pri_run *run, const struct pri_lane *lane)
{
	return !lane->busy && (lane->next == lane->count || run->stopped);
}

/* Some calls of this machine take less time than a look at the clock is worth. */
static bool has_time(struct pri_run *run, unsigned int round, uint64_t until_ns)
{
	if (round % ROUNDS)
		return true;
	run->stopped = run->stopped || pri_run_is_cancelled(run);
	return pri_now_ns() < until_ns;
}

bool pri_lanes_step(struct pri_run *run, uint64_t until_ns)
{
	bool moved = true, all = true;

	for (unsigned int round = 1; moved && has_time(run, round, until_ns); round++) {
		moved = false;
		for (size_t i = 0; i < run->lane_count; i++) {
			struct pri_lane *lane = &run->lanes[i];

			if (lane->busy && has_answer(lane)) {
				end_call(run, lane);
				moved = true;
			}
			if (!lane->busy && !is_idle(run, lane)) {
				begin_call(run, lane);
				moved = true;
			}
		}
	}
	for (size_t i = 0; i < run->lane_count; i++)
		all = all && is_idle(run, &run->lanes[i]);
	return all;
}

uint64_t pri_lanes_until(const struct pri_run *run)
{
	uint64_t until_ns = UINT64_MAX;

	for (size_t i = 0; i < run->lane_count; i++) {
		const struct pri_lane *lane = &run->lanes[i];

		/* Its turn was over before its calls were. */
		if (!lane->busy && !is_idle(run, lane))
			return 0;
		if (lane->busy && lane->call.deadline_ns < until_ns)
			until_ns = lane->call.deadline_ns;
	}
	return until_ns == UINT64_MAX ? run->deadline_ns : until_ns;
}

void pri_lanes_notice(struct pri_run *run)
{
	for (size_t i = 0; i < run->lane_count; i++) {
		struct pri_target host = {.host = run->lanes[i].host};
		struct pri_call call;
		int fd = -1;

		if (run->lanes[i].has_notice)
			continue;
		run->lanes[i].has_notice = true;
		pri_call_begin(&call, &host, 0, run->deadline_ns);
		if (call.backend->notice && call.backend->notice(&call, &fd) == 0)
			pri_run_watch_too(run, fd, PRI_WAKE_NOTICE);
		free(call.error);
	}
}
