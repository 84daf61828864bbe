/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/tc/turn.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
#define ROUNDS 5000

struct shared {
	uint64_t number;
	uint64_t sum; /* written during turns only */
};

static struct shared *map_shared(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert(shared != MAP_FAILED);
	return shared;
}

Test(tc_turn, is_taken_once_and_tells_that_it_was)
{
	uint64_t number = 0, mine, other;

	cr_assert(pri_tc_turn_try(&number, 0, getpid(), &mine));
	cr_expect(number & 1, "a number that is taken is odd");
	cr_expect(!pri_tc_turn_try(&number, 0, getpid(), &other));
	cr_expect(!pri_tc_turn_try(&number, number, getpid(), &other), "an odd one is not free");
	cr_assert(pri_tc_turn_end(&number, mine, pri_tc_turn_next(mine)));
	cr_expect(!(number & 1) && number != 0);
	cr_expect(!pri_tc_turn_try(&number, 0, getpid(), &other), "it was written meanwhile");
}

Test(tc_turn, without_a_write_the_number_stays)
{
	uint64_t number = 0, mine;

	cr_assert(pri_tc_turn_try(&number, 0, getpid(), &mine));
	cr_assert(pri_tc_turn_end(&number, mine, 0));
	cr_expect_eq(number, 0);
	cr_expect_eq(pri_tc_turn_take(&number, getpid(), &mine), 0);
}

/* Takes the turn and is killed; nobody has waited for it when this returns. */
static pid_t killed_in_its_turn(struct shared *shared)
{
	siginfo_t info;
	pid_t pid = fork();
	uint64_t mine;

	cr_assert(pid >= 0);
	if (pid == 0) {
		pri_tc_turn_take(&shared->number, getpid(), &mine);
		raise(SIGKILL);
	}
	cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

Test(tc_turn, of_a_killed_writer_is_taken_over, .timeout = 30)
{
	struct shared *shared = map_shared();
	uint64_t before, mine;
	pid_t pids[2];

	pids[0] = killed_in_its_turn(shared);
	before = shared->number;
	cr_assert(before & 1);
	pids[1] = killed_in_its_turn(shared);
	cr_expect(shared->number & 1 && shared->number != before,
		  "who takes over may be killed, too");
	cr_expect(pri_tc_turn_take(&shared->number, getpid(), &mine) & 1,
		  "nothing that is remembered holds then");
	cr_assert(pri_tc_turn_end(&shared->number, mine, pri_tc_turn_next(mine)));
	cr_expect(!(shared->number & 1) && shared->number > before);
	for (int i = 0; i < 2; i++)
		waitpid(pids[i], NULL, 0);
}

/* As one that was stopped: it has to see that others have written. */
Test(tc_turn, of_a_stopped_writer_ends_in_failure, .timeout = 30)
{
	uint64_t number = 0, stopped, mine;

	cr_assert(pri_tc_turn_try(&number, 0, getpid(), &stopped));
	cr_expect(pri_tc_turn_take(&number, getpid(), &mine) & 1);
	cr_expect(!pri_tc_turn_end(&number, stopped, pri_tc_turn_next(stopped)));
	cr_assert(pri_tc_turn_end(&number, mine, pri_tc_turn_next(mine)));
	cr_expect(!pri_tc_turn_end(&number, stopped, pri_tc_turn_next(stopped)));
	cr_expect_eq(number, pri_tc_turn_next(mine));
}

/* Both kinds of writers; those that wait hold a lock together in the library, so one does here. */
static void write_on_and_on(struct shared *shared, bool waits)
{
	for (int done = 0; done < ROUNDS;) {
		uint64_t mine, known = __atomic_load_n(&shared->number, __ATOMIC_ACQUIRE);

		if (waits)
			pri_tc_turn_take(&shared->number, getpid(), &mine);
		else if (!pri_tc_turn_try(&shared->number, known, getpid(), &mine))
			continue;
		shared->sum++;
		if (!pri_tc_turn_end(&shared->number, mine, pri_tc_turn_next(mine)))
			_exit(1);
		done++;
	}
	_exit(0);
}

Test(tc_turn, writers_do_not_meet, .timeout = 60)
{
	struct shared *shared = map_shared();

	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		cr_assert(pid >= 0);
		if (pid == 0)
			write_on_and_on(shared, /* waits= */ i == 0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		cr_assert(wait(&status) > 0);
		cr_expect_eq(status, 0, "a turn was taken from who had it: 0x%x",
			     (unsigned int)status);
	}
	cr_expect_eq(shared->sum, PROCESSES * ROUNDS);
}
