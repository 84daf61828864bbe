/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What wakes a plan that waits: its timer, a call's answer, an event of a domain, pr_plan_cancel. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "core/plan_run.h"

#define NS_PER_S UINT64_C(1000000000)
/* Descriptors that are asked for at once; what is behind them comes first the next time. */
#define EVENTS_MAX 64

static int add_watch(const struct pri_run *run, int fd, uint32_t events, int why)
{
	struct epoll_event event = {.events = events, .data.u32 = (uint32_t)why};

	return epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int pri_run_watch(struct pri_run *run, char **error)
{
	int r;

	if (run->epoll_fd >= 0)
		return 0;
	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	run->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r = run->epoll_fd < 0 || run->timer_fd < 0
		    ? -EIO
		    : add_watch(run, run->timer_fd, EPOLLIN, PRI_WAKE_OTHER);
	if (r == 0)
		/* Once: it stays readable while what was done is taken back. */
		r = add_watch(run, run->plan->cancel_fd, EPOLLIN | EPOLLET, PRI_WAKE_OTHER);
	if (r == 0)
		return 0;
	pri_set_error(error, -EIO, "no descriptor is free: %m");
	/* One without the other would never wake anybody. */
	pri_run_unwatch(run);
	return -EIO;
}

void pri_run_unwatch(struct pri_run *run)
{
	if (run->timer_fd >= 0)
		close(run->timer_fd);
	if (run->epoll_fd >= 0)
		close(run->epoll_fd);
	run->timer_fd = run->epoll_fd = -1;
}

/* Without a descriptor for it the answer is found by looking. */
void pri_run_watch_too(struct pri_run *run, int fd, int why)
{
	char *cause = NULL;

	if (pri_run_watch(run, &cause) == 0)
		add_watch(run, fd, why == PRI_WAKE_NOTICE ? EPOLLIN | EPOLLET : EPOLLIN, why);
	free(cause);
}

void pri_run_unwatch_one(const struct pri_run *run, int fd)
{
	if (run->epoll_fd >= 0)
		epoll_ctl(run->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void pri_run_wake_at(const struct pri_run *run, uint64_t at_ns)
{
	struct itimerspec timer = {.it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S),
						.tv_nsec = (long)(at_ns % NS_PER_S)}};

	if (run->timer_fd < 0)
		return;
	(void)!read(run->timer_fd, &(uint64_t){0}, sizeof(uint64_t));
	if (at_ns == 0)
		timer.it_value.tv_nsec = 1;
	timerfd_settime(run->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

/* An edge that nobody takes keeps the descriptor readable for ever. */
void pri_run_consume(struct pri_run *run)
{
	struct epoll_event events[EVENTS_MAX];
	int n = run->epoll_fd < 0 ? 0 : epoll_wait(run->epoll_fd, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++)
		if (events[i].data.u32 == PRI_WAKE_NOTICE)
			pri_arrival_hurry(run);
}
