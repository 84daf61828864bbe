/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call that a directive makes slow takes its time without keeping anybody. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <sys/timerfd.h>

#define NS_PER_SEC UINT64_C(1000000000)

int pri_fake_begin(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		   struct pri_pending *pending)
{
	uint64_t delay_ns = pri_fake_delay_ns(call), due_ns;
	struct itimerspec timer;

	(void)op;
	(void)changes;
	(void)n;
	due_ns = delay_ns ? pri_fake_core->now_ns() + delay_ns : 0;
	if (due_ns > call->deadline_ns)
		due_ns = call->deadline_ns;
	if (due_ns == 0 || due_ns <= pri_fake_core->now_ns())
		return 0;
	pending->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (pending->fd < 0)
		return 0;
	timer = (struct itimerspec){.it_value = {.tv_sec = (time_t)(due_ns / NS_PER_SEC),
						 .tv_nsec = (long)(due_ns % NS_PER_SEC)}};
	timerfd_settime(pending->fd, TFD_TIMER_ABSTIME, &timer, NULL);
	return 1;
}

int pri_fake_finish(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		    struct pri_identity *identity, struct pri_pending *pending)
{
	struct pri_fake_host *host = call->host;

	close(pending->fd);
	host->delayed = true;
	switch (op) {
	case PRI_OP_READ:
		return pri_fake_read(call, changes, n);
	case PRI_OP_CHECK:
		return pri_fake_check(call, changes, n);
	case PRI_OP_APPLY:
		return pri_fake_apply(call, changes, n);
	case PRI_OP_ARRIVED:
		return pri_fake_arrived(call, changes, n);
	default:
		return pri_fake_state(call, identity);
	}
}
