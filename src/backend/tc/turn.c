/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/tc/turn.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Bit 0: taken; PIDs have 22 bits at most. */
#define TAKEN UINT64_C(1)
#define PID_SHIFT 1
#define PID_MASK UINT64_C(0x3fffff)
#define COUNT_SHIFT 23

/* A single message takes a microsecond. */
#define YIELDS 50
#define PAUSE_NS 1000000L
/* Pauses that a turn stands still before it is taken from who has ended, and from anybody else. */
#define PAUSES_ENDED 10
#define PAUSES_MAX 500

bool pri_tc_turn_try(uint64_t *number, uint64_t known, pid_t pid, uint64_t *ret_mine)
{
	*ret_mine = (known >> COUNT_SHIFT) << COUNT_SHIFT |
		    ((uint64_t)pid & PID_MASK) << PID_SHIFT | TAKEN;
	return !(known & TAKEN) &&
	       __atomic_compare_exchange_n(number, &known, *ret_mine, /* weak= */ false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Also one that its parent has not waited for yet. */
static bool has_ended(uint64_t taken)
{
	pid_t pid = (pid_t)(taken >> PID_SHIFT & PID_MASK);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd look = {.fd = fd, .events = POLLIN};
	bool ended;

	/* Without pidfds (before Linux 5.3) only time tells. */
	if (fd < 0)
		return kill(pid, 0) < 0 && errno == ESRCH;
	ended = poll(&look, 1, 0) > 0;
	close(fd);
	return ended;
}

/* Whether the turn that stood still for so many pauses is to be taken over. */
static bool is_left(uint64_t taken, int pauses)
{
	return pauses >= PAUSES_MAX || (pauses >= PAUSES_ENDED && has_ended(taken));
}

/* Count is raised, so that who had it sees that it has it no more. */
static bool take_over(uint64_t *number, uint64_t taken, pid_t pid, uint64_t *ret_mine)
{
	*ret_mine = pri_tc_turn_next(taken) | ((uint64_t)pid & PID_MASK) << PID_SHIFT | TAKEN;
	return __atomic_compare_exchange_n(number, &taken, *ret_mine, /* weak= */ false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

uint64_t pri_tc_turn_take(uint64_t *number, pid_t pid, uint64_t *ret_mine)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t before = __atomic_load_n(number, __ATOMIC_ACQUIRE), now;

	for (int tries = 0;; tries++) {
		if (pri_tc_turn_try(number, before, pid, ret_mine))
			return before;
		if ((before & TAKEN) && is_left(before, tries - YIELDS) &&
		    take_over(number, before, pid, ret_mine))
			return before;
		if (tries < YIELDS)
			sched_yield();
		else
			nanosleep(&pause, NULL);
		now = __atomic_load_n(number, __ATOMIC_ACQUIRE);
		/* Somebody else's turn is waited for anew. */
		if (now != before)
			tries = -1;
		before = now;
	}
}

bool pri_tc_turn_end(uint64_t *number, uint64_t mine, uint64_t next)
{
	return __atomic_compare_exchange_n(number, &mine, next, /* weak= */ false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

uint64_t pri_tc_turn_next(uint64_t mine)
{
	return ((mine >> COUNT_SHIFT) + 1) << COUNT_SHIFT;
}
