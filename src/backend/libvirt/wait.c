/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a balloon, plugged memory or a vCPU.  What is read is the truth; an event only says
 * that it is worth looking.  The loop runs in the caller's thread and each look is a job of its own, so that a
 * deadline that passes leaves the worker free.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>

#include "backend/libvirt/libvirt.h"

#define INTERVAL_MIN_NS UINT64_C(20000000)
#define INTERVAL_MAX_NS UINT64_C(200000000)

/* What can be waited for. */
static const struct arrival {
	int attr;
	int shown; /* what tells how far it is */
	int all;   /* what "not set" means; none: nothing */
	unsigned int shift;
	uint64_t near; /* less than this away is there: the balloon's page */
	const char *there_is, *unit, *why;
} arrivals[] = {
	{PRI_MEM_BALLOON, PRI_MEM_BALLOON, PRI_MEM_MAXIMUM, 20, 4096, "the balloon is at ", "M",
	 ": the guest gives no more now"},
	{PRI_MEM_VIRTIO_REQUESTED, PRI_MEM_VIRTIO_PLUGGED, PRI_ATTR_NONE, 20, 1,
	 "the device has plugged ", "M",
	 ": the guest needs what it should let go, or has no virtio_mem driver"},
	{PRI_CPU_COUNT, PRI_CPU_COUNT, PRI_CPU_MAXIMUM, 0, 1, "there are ", " vCPUs", ""},
	{PRI_CPU_GUEST_COUNT, PRI_CPU_GUEST_COUNT, PRI_CPU_COUNT, 0, 1, "there are ", " vCPUs", ""},
};

static const struct arrival *arrival_of(const struct pri_change *change)
{
	size_t i = 0;

	while (arrivals[i].attr != change->serve->attr)
		i++;
	return &arrivals[i];
}

/* Read a number of the same instance.  As a function of the backend, with the text in call. */
static int look(struct pri_call *call, int attr, const char *instance, uint64_t *ret_number)
{
	struct pri_change change = {.mode = PRALLOC_LIVE, .instance = instance};
	int r;

	change.attr = &pri_lv_core->attrs[attr];
	change.serve = &pri_lv_row_find(call->host, attr)->serve;
	r = pri_lv_read(call, &change, 1);
	if (r == 0 && change.error < 0)
		r = pri_lv_core->fail(call, change.error, "%s",
				      change.text ? change.text : "it cannot be read");
	free(change.text);
	if (r == 0)
		*ret_number = change.held.number;
	return r;
}

/* "Not set" means all that the domain can have, or nothing. */
static int resolve_default(struct pri_call *call, const struct arrival *arrival, uint64_t *target)
{
	if (*target != PRALLOC_DEFAULT)
		return 0;
	*target = 0;
	return arrival->all == PRI_ATTR_NONE ? 0 : look(call, arrival->all, "", target);
}

static bool has_arrived(const struct arrival *arrival, uint64_t held, uint64_t target)
{
	return (held > target ? held - target : target - held) < arrival->near;
}

/* A look that the deadline cut short within this time is no hang. */
#define SHORT_LOOK_NS UINT64_C(1000000000)

static int time_is_over(struct pri_call *call, const struct arrival *arrival, uint64_t held,
			uint64_t target)
{
	return pri_lv_core->fail(call, -ETIMEDOUT,
				 "%s%" PRIu64 "%s, not %" PRIu64 "%s, and the time is over%s",
				 arrival->there_is, held >> arrival->shift, arrival->unit,
				 target >> arrival->shift, arrival->unit, arrival->why);
}

/* Sleep for a while.  False when the time is over. */
static bool pause_for(struct pri_call *call, unsigned int *seen, uint64_t interval_ns)
{
	struct pri_lv_host *host = call->host;
	uint64_t until_ns = pri_monotonic_ns() + interval_ns;

	pri_wake_wait(host->wake, seen,
		      until_ns < call->deadline_ns ? until_ns : call->deadline_ns);
	return pri_monotonic_ns() < call->deadline_ns;
}

static int wait_one(struct pri_call *call, struct pri_change *change)
{
	const struct arrival *arrival = arrival_of(change);
	struct pri_lv_host *host = call->host;
	uint64_t target = change->wanted.number, interval_ns = INTERVAL_MIN_NS;
	uint64_t *held = &change->held.number;
	unsigned int seen = pri_wake_count(host->wake);
	int r = resolve_default(call, arrival, &target);

	if (r < 0)
		return r;
	for (bool looked = false;; looked = true) {
		uint64_t begun_ns = pri_monotonic_ns();

		r = look(call, arrival->shown, change->instance, held);
		if (r == -ETIMEDOUT && looked && pri_monotonic_ns() - begun_ns < SHORT_LOOK_NS)
			return time_is_over(call, arrival, *held, target);
		if (r < 0)
			return r;
		if (has_arrived(arrival, *held, target))
			return 0;
		if (!pause_for(call, &seen, interval_ns))
			return time_is_over(call, arrival, *held, target);
		if (interval_ns < INTERVAL_MAX_NS)
			interval_ns *= 2;
	}
}

static int listen_work(struct pri_lv_job *job)
{
	struct pri_lv_fault fault = {0};

	/* Without events a wait still looks from time to time. */
	job->host->wants_events = true;
	pri_lv_ensure(job->host, &fault);
	return 0;
}

static int start_listening(struct pri_call *call)
{
	struct pri_lv_job *job = pri_lv_job_new(call, listen_work);
	int r;

	if (!job)
		return -ENOMEM;
	r = pri_lv_job_run(call, &job);
	pri_lv_job_end(job);
	return r;
}

/* One after the other: they move all the while. */
int pri_lv_wait(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = start_listening(call);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = wait_one(call, &changes[i]);
	return r;
}

void pri_lv_judge_arrival(struct pri_call *call, struct pri_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct arrival *arrival = arrival_of(&changes[i]);
		uint64_t target = changes[i].wanted.number;
		int r;

		if (changes[i].error < 0)
			continue;
		r = resolve_default(call, arrival, &target);
		if (r < 0)
			pri_lv_core->fail_change(call, &changes[i], r, "%s",
						 call->error ? call->error
							     : "its maximum is not known");
		else if (!has_arrived(arrival, changes[i].held.number, target))
			changes[i].error = -EINPROGRESS;
	}
}

void pri_lv_look_at_arrival(struct pri_lv_job *job)
{
	for (size_t i = 0; i < job->n; i++) {
		struct pri_change *change = &job->changes[i];
		int shown = arrival_of(change)->shown;

		change->attr = &pri_lv_core->attrs[shown];
		change->serve = &pri_lv_row_find(job->host, shown)->serve;
	}
}

int pri_lv_arrived(struct pri_call *call, struct pri_change *changes, size_t n)
{
	struct pri_pending pending;
	int r = pri_lv_begin(call, PRI_OP_ARRIVED, changes, n, &pending);

	return r == 1 ? pri_lv_finish(call, PRI_OP_ARRIVED, changes, n, NULL, &pending) : r;
}

static void begin_to_listen(struct pri_task *task)
{
	struct pri_lv_host *host =
		(struct pri_lv_host *)((char *)task - offsetof(struct pri_lv_host, listen_task));

	host->wants_events = true;
}

/* With the next job: a plan that is dispatched does not wait for a connection to be made. */
int pri_lv_notice(struct pri_call *call, int *ret_fd)
{
	struct pri_lv_host *host = call->host;

	if (!host->listen_asked) {
		host->listen_asked = true;
		host->listen_task.run = begin_to_listen;
		pri_worker_defer(host->worker, &host->listen_task);
	}
	*ret_fd = pri_wake_notice(host->wake);
	return *ret_fd < 0 ? pri_lv_core->fail(call, -EIO, "no descriptor is free") : 0;
}
