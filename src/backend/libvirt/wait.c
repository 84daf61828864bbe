/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waiting for a balloon or a vCPU.  What is read is the truth; an event only says that it is worth
 * looking.  The loop runs in the caller's thread and each look is a job of its own, so that a
 * deadline that passes leaves the worker free.
 */
#include <errno.h>
#include <inttypes.h>

#include "backend/libvirt/libvirt.h"

#define INTERVAL_MIN_NS UINT64_C(20000000)
#define INTERVAL_MAX_NS UINT64_C(200000000)

/* What can be waited for. */
static const struct arrival {
	int attr;
	int all;       /* what "not set" means */
	uint64_t near; /* less than this away is there: the balloon's page */
} arrivals[] = {
	{PRI_MEM_BALLOON, PRI_MEM_MAXIMUM, 4096},
	{PRI_CPU_COUNT, PRI_CPU_MAXIMUM, 1},
	{PRI_CPU_GUEST_COUNT, PRI_CPU_COUNT, 1},
};

static const struct arrival *arrival_of(const struct pri_change *change)
{
	size_t i = 0;

	while (arrivals[i].attr != change->serve->attr)
		i++;
	return &arrivals[i];
}

/* "Not set" means all that the domain can have. */
static int resolve_default(struct pri_call *call, int attr, uint64_t *target)
{
	const struct pri_lv_row *row = pri_lv_row_find(call->host, attr);
	struct pri_change maximum = {.mode = PRALLOC_LIVE, .instance = ""};
	int r;

	if (*target != PRALLOC_DEFAULT)
		return 0;
	maximum.attr = &pri_lv_core->attrs[attr];
	maximum.serve = &row->serve;
	r = pri_lv_read(call, &maximum, 1);
	if (r == 0 && maximum.error < 0)
		r = pri_lv_core->fail(call, maximum.error, "%s",
				      maximum.text ? maximum.text : "its maximum is not known");
	free(maximum.text);
	if (r == 0)
		*target = maximum.held.number;
	return r;
}

static bool has_arrived(const struct arrival *arrival, uint64_t held, uint64_t target)
{
	return (held > target ? held - target : target - held) < arrival->near;
}

/* A look that the deadline cut short within this time is no hang. */
#define SHORT_LOOK_NS UINT64_C(1000000000)

static int time_is_over(struct pri_call *call, const struct pri_change *change, uint64_t target)
{
	if (change->serve->attr != PRI_MEM_BALLOON)
		return pri_lv_core->fail(call, -ETIMEDOUT,
					 "there are %" PRIu64 " vCPUs, not %" PRIu64
					 ", and the time is over",
					 change->held.number, target);
	return pri_lv_core->fail(call, -ETIMEDOUT,
				 "the balloon is at %" PRIu64 "M of %" PRIu64
				 "M and the time is over: the guest gives no more now",
				 change->held.number >> 20, target >> 20);
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
	unsigned int seen = pri_wake_count(host->wake);
	int r = resolve_default(call, arrival->all, &target);

	if (r < 0)
		return r;
	for (bool looked = false;; looked = true) {
		uint64_t begun_ns = pri_monotonic_ns();

		r = pri_lv_read(call, change, 1);
		if (r == -ETIMEDOUT && looked && pri_monotonic_ns() - begun_ns < SHORT_LOOK_NS)
			return time_is_over(call, change, target);
		if (r < 0)
			return r;
		if (change->error < 0)
			return pri_lv_core->fail(call, change->error, "%s",
						 change->text ? change->text : "no statistics");
		if (has_arrived(arrival, change->held.number, target))
			return 0;
		if (!pause_for(call, &seen, interval_ns))
			return time_is_over(call, change, target);
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

/* One at a time: a domain has one of each. */
int pri_lv_wait(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = start_listening(call);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = wait_one(call, &changes[i]);
	return r;
}
