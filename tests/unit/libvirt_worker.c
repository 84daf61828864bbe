/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The worker thread of a libvirt host, with plain functions as jobs. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "backend/libvirt/worker.h"

#define MS UINT64_C(1000000)
#define LONG_MS 10000
#define TEXT_SIZE 256

/* What the jobs of a test share with it; outlives the worker. */
struct bench {
	struct pri_worker *worker;
	atomic_int ran, dropped, finished, tasks;
	atomic_bool hang;
	sigset_t mask;
};

struct test_job {
	struct pri_job job;
	struct bench *bench;
	char subject[8];
	int copy; /* the worker's descriptor */
};

static void sleep_ms(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

static bool becomes(atomic_int *value, int wanted)
{
	for (int i = 0; i < LONG_MS && atomic_load(value) != wanted; i++)
		sleep_ms(1);
	return atomic_load(value) == wanted;
}

static void run(struct pri_job *base)
{
	struct test_job *job = (struct test_job *)(void *)base;

	pri_worker_doing(job->bench->worker, "virTestCall");
	pthread_sigmask(SIG_SETMASK, NULL, &job->bench->mask);
	while (atomic_load(&job->bench->hang))
		sleep_ms(1);
	atomic_fetch_add(&job->bench->ran, 1);
}

static void drop(struct pri_job *base)
{
	struct test_job *job = (struct test_job *)(void *)base;
	struct bench *bench = job->bench;

	free(job);
	atomic_fetch_add(&bench->dropped, 1);
}

static void finish(void *state)
{
	struct bench *bench = state;

	atomic_fetch_add(&bench->finished, 1);
}

static struct test_job *job_new(struct bench *bench, const char *subject)
{
	struct test_job *job = calloc(1, sizeof(*job));

	cr_assert_not_null(job);
	job->bench = bench;
	snprintf(job->subject, sizeof(job->subject), "%s", subject);
	job->job = (struct pri_job){.run = run, .drop = drop, .subject = job->subject};
	return job;
}

static int run_job(struct bench *bench, struct test_job *job, uint64_t ms, char text[TEXT_SIZE])
{
	text[0] = '\0';
	return pri_worker_run(bench->worker, &job->job, pri_monotonic_ns() + ms * MS, text,
			      TEXT_SIZE);
}

static void bench_open(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	cr_assert_eq(pri_worker_new(bench, finish, &bench->worker), 0);
}

static void bench_close(struct bench *bench)
{
	pri_worker_close(bench->worker);
	cr_assert(becomes(&bench->finished, 1), "the worker did not end");
}

/* A job that hangs, given up after ms. */
static void hang_one(struct bench *bench, uint64_t ms, char text[TEXT_SIZE])
{
	atomic_store(&bench->hang, true);
	cr_assert_eq(run_job(bench, job_new(bench, "vm1"), ms, text), 1);
}

Test(libvirt_worker, runs_jobs_and_hands_them_back)
{
	struct bench bench;
	struct test_job *job;
	char text[TEXT_SIZE];

	bench_open(&bench);
	job = job_new(&bench, "vm1");
	for (int i = 1; i <= 100; i++) {
		cr_assert_eq(run_job(&bench, job, LONG_MS, text), 0);
		cr_assert_eq(atomic_load(&bench.ran), i);
	}
	free(job);
	bench_close(&bench);
	cr_assert_eq(atomic_load(&bench.dropped), 0);
}

Test(libvirt_worker, blocks_all_signals_and_leaves_the_callers_mask_alone)
{
	struct bench bench;
	struct test_job *job;
	char text[TEXT_SIZE];
	sigset_t mask;

	bench_open(&bench);
	job = job_new(&bench, "vm1");
	cr_assert_eq(run_job(&bench, job, LONG_MS, text), 0);
	cr_assert_eq(sigismember(&bench.mask, SIGPIPE), 1);
	cr_assert_eq(sigismember(&bench.mask, SIGINT), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	cr_assert_eq(sigismember(&mask, SIGPIPE), 0);
	free(job);
	bench_close(&bench);
}

Test(libvirt_worker, a_job_that_hangs_costs_the_deadline)
{
	struct bench bench;
	char text[TEXT_SIZE];
	uint64_t begun, took;

	bench_open(&bench);
	begun = pri_monotonic_ns();
	hang_one(&bench, 100, text);
	took = pri_monotonic_ns() - begun;
	cr_assert_geq(took, 100 * MS);
	cr_assert_lt(took, 5000 * MS);
	cr_assert_not_null(strstr(text, "virTestCall for vm1 has not returned for 0.1"), "%s",
			   text);
	atomic_store(&bench.hang, false);
	cr_assert(becomes(&bench.dropped, 1), "the late job was not dropped");
	bench_close(&bench);
}

Test(libvirt_worker, busy_names_the_job_that_hangs_and_returns_at_once_after_the_grace)
{
	struct bench bench;
	struct test_job *second;
	char text[TEXT_SIZE];
	uint64_t begun;

	bench_open(&bench);
	hang_one(&bench, 10, text);
	second = job_new(&bench, "vm2");
	cr_assert_eq(run_job(&bench, second, LONG_MS, text), -EBUSY);
	cr_assert_not_null(strstr(text, "virTestCall for vm1 has not returned for"), "%s", text);
	begun = pri_monotonic_ns();
	cr_assert_eq(run_job(&bench, second, LONG_MS, text), -EBUSY);
	cr_assert_lt(pri_monotonic_ns() - begun, PRI_WORKER_GRACE_NS / 2);
	atomic_store(&bench.hang, false);
	cr_assert(becomes(&bench.dropped, 1), "the late job was not dropped");
	cr_assert_eq(run_job(&bench, second, LONG_MS, text), 0);
	cr_assert_eq(atomic_load(&bench.ran), 2);
	free(second);
	bench_close(&bench);
}

static void *release_soon(void *arg)
{
	struct bench *bench = arg;

	sleep_ms(50);
	atomic_store(&bench->hang, false);
	return NULL;
}

Test(libvirt_worker, a_job_late_by_a_moment_makes_nobody_busy)
{
	struct bench bench;
	struct test_job *second;
	char text[TEXT_SIZE];
	pthread_t thread;

	bench_open(&bench);
	hang_one(&bench, 10, text);
	cr_assert_eq(pthread_create(&thread, NULL, release_soon, &bench), 0);
	second = job_new(&bench, "vm2");
	cr_assert_eq(run_job(&bench, second, LONG_MS, text), 0, "%s", text);
	pthread_join(thread, NULL);
	free(second);
	bench_close(&bench);
}

Test(libvirt_worker, a_deadline_in_the_past_begins_nothing)
{
	struct bench bench;
	struct test_job *job;
	char text[TEXT_SIZE];

	bench_open(&bench);
	job = job_new(&bench, "vm1");
	cr_assert_eq(run_job(&bench, job, 0, text), -ETIMEDOUT);
	free(job);
	bench_close(&bench);
	cr_assert_eq(atomic_load(&bench.ran), 0);
}

Test(libvirt_worker, close_does_not_wait_for_a_job_that_hangs)
{
	struct bench bench;
	char text[TEXT_SIZE];
	uint64_t begun;

	bench_open(&bench);
	hang_one(&bench, 10, text);
	begun = pri_monotonic_ns();
	pri_worker_close(bench.worker);
	cr_assert_lt(pri_monotonic_ns() - begun, 1000 * MS);
	cr_assert_eq(atomic_load(&bench.finished), 0);
	atomic_store(&bench.hang, false);
	cr_assert(becomes(&bench.finished, 1), "the worker did not end");
	cr_assert_eq(atomic_load(&bench.dropped), 1);
}

struct test_task {
	struct pri_task task;
	struct bench *bench;
	int dropped_before;
};

static void run_task(struct pri_task *base)
{
	struct test_task *task = (struct test_task *)(void *)base;

	task->dropped_before = atomic_load(&task->bench->dropped);
	atomic_fetch_add(&task->bench->tasks, 1);
}

Test(libvirt_worker, tasks_run_after_the_job_that_hangs_and_before_the_end)
{
	struct bench bench;
	struct test_task tasks[2];
	char text[TEXT_SIZE];

	bench_open(&bench);
	hang_one(&bench, 10, text);
	for (int i = 0; i < 2; i++) {
		tasks[i] = (struct test_task){.task = {.run = run_task}, .bench = &bench};
		pri_worker_defer(bench.worker, &tasks[i].task);
	}
	pri_worker_close(bench.worker);
	cr_assert_eq(atomic_load(&bench.tasks), 0);
	atomic_store(&bench.hang, false);
	cr_assert(becomes(&bench.finished, 1), "the worker did not end");
	cr_assert_eq(atomic_load(&bench.tasks), 2);
	cr_assert_eq(tasks[0].dropped_before, 1);
}

/* The alarm counts as a task. */
static void ring(void *state)
{
	struct bench *bench = state;

	atomic_fetch_add(&bench->tasks, 1);
	if (atomic_load(&bench->tasks) < 3)
		pri_worker_alarm(bench->worker, ring, pri_monotonic_ns());
}

Test(libvirt_worker, an_alarm_rings_in_time_and_can_be_set_again_by_itself)
{
	uint64_t begun = pri_monotonic_ns();
	struct bench bench;

	bench_open(&bench);
	pri_worker_alarm(bench.worker, ring, begun + LONG_MS * MS);
	pri_worker_alarm(bench.worker, ring, begun + 50 * MS);
	pri_worker_alarm(bench.worker, ring, begun + LONG_MS * MS);
	cr_assert(becomes(&bench.tasks, 3), "the earliest of three alarms did not ring");
	cr_assert_geq(pri_monotonic_ns(), begun + 50 * MS);
	bench_close(&bench);
}

Test(libvirt_worker, an_alarm_waits_for_the_job_and_not_for_the_end)
{
	struct bench bench;
	char text[TEXT_SIZE];

	bench_open(&bench);
	hang_one(&bench, 10, text);
	pri_worker_alarm(bench.worker, ring, pri_monotonic_ns());
	sleep_ms(50);
	cr_assert_eq(atomic_load(&bench.tasks), 0);
	pri_worker_close(bench.worker);
	atomic_store(&bench.hang, false);
	cr_assert(becomes(&bench.finished, 1), "the worker did not end");
	cr_assert_eq(atomic_load(&bench.tasks), 0, "an alarm rang after the end");
}

/* -- in two parts -- */

/* Two descriptors of one eventfd: the worker closes the one that it gets. */
static int begin_job(struct bench *bench, struct test_job *job, int *ret_ready, char *text)
{
	int r;

	*ret_ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cr_assert_geq(*ret_ready, 0);
	job->copy = dup(*ret_ready);
	cr_assert_geq(job->copy, 0);
	text[0] = '\0';
	r = pri_worker_begin(bench->worker, &job->job, job->copy, text, TEXT_SIZE);
	if (r < 0)
		close(job->copy);
	return r;
}

static int end_job(struct bench *bench, struct test_job *job, uint64_t ms, char text[TEXT_SIZE])
{
	text[0] = '\0';
	return pri_worker_end(bench->worker, &job->job, pri_monotonic_ns() + ms * MS, text,
			      TEXT_SIZE);
}

static bool is_ready(int fd, int ms)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	return poll(&pollfd, 1, ms) == 1;
}

Test(libvirt_worker, a_begun_job_runs_meanwhile_and_tells_when_it_is_done)
{
	struct test_job *job;
	char text[TEXT_SIZE];
	struct bench bench;
	int ready;

	bench_open(&bench);
	job = job_new(&bench, "vm1");
	atomic_store(&bench.hang, true);
	cr_assert_eq(begin_job(&bench, job, &ready, text), 0, "%s", text);
	cr_expect(!is_ready(ready, 20), "told before it was done");
	atomic_store(&bench.hang, false);
	cr_expect(is_ready(ready, LONG_MS), "nothing was told");
	cr_expect_eq(atomic_load(&bench.ran), 1);
	cr_expect_eq(end_job(&bench, job, LONG_MS, text), 0, "%s", text);
	for (int i = 0; i < LONG_MS && fcntl(job->copy, F_GETFD) >= 0; i++)
		sleep_ms(1);
	cr_expect_lt(fcntl(job->copy, F_GETFD), 0, "its descriptor stays open");
	cr_expect_eq(atomic_load(&bench.dropped), 0, "the job is the caller's again");
	free(job);
	close(ready);
	bench_close(&bench);
}

Test(libvirt_worker, the_end_of_a_begun_job_waits_for_it)
{
	struct test_job *job;
	char text[TEXT_SIZE];
	struct bench bench;
	int ready;

	bench_open(&bench);
	for (int i = 0; i < 100; i++) {
		job = job_new(&bench, "vm1");
		cr_assert_eq(begin_job(&bench, job, &ready, text), 0, "%s", text);
		cr_assert_eq(end_job(&bench, job, LONG_MS, text), 0, "%s", text);
		cr_assert_eq(atomic_load(&bench.ran), i + 1, "ended before it had run");
		free(job);
		close(ready);
	}
	bench_close(&bench);
}

Test(libvirt_worker, a_begun_job_that_hangs_is_given_up_at_its_end)
{
	struct test_job *job, *other;
	char text[TEXT_SIZE];
	struct bench bench;
	int ready, second;

	bench_open(&bench);
	job = job_new(&bench, "vm1");
	other = job_new(&bench, "vm2");
	atomic_store(&bench.hang, true);
	cr_assert_eq(begin_job(&bench, job, &ready, text), 0, "%s", text);
	/* One at a time: the other one is not begun, and is its caller's. */
	cr_expect_eq(begin_job(&bench, other, &second, text), -EBUSY);
	cr_expect(strstr(text, "vm1"), "%s", text);
	close(second);
	cr_expect_eq(end_job(&bench, job, 20, text), 1, "%s", text);
	cr_expect(strstr(text, "virTestCall"), "%s", text);
	cr_expect_eq(atomic_load(&bench.dropped), 0, "it still runs");
	atomic_store(&bench.hang, false);
	cr_expect(becomes(&bench.dropped, 1), "nobody dropped it");
	/* Whoever waits is not left alone with it. */
	cr_expect(is_ready(ready, LONG_MS), "nothing was told");
	cr_expect_eq(begin_job(&bench, other, &second, text), 0, "%s", text);
	cr_expect_eq(end_job(&bench, other, LONG_MS, text), 0, "%s", text);
	cr_expect_eq(atomic_load(&bench.ran), 2);
	free(other);
	close(second);
	close(ready);
	bench_close(&bench);
}

Test(libvirt_worker, a_job_that_is_run_waits_for_one_that_was_begun)
{
	struct test_job *job, *other;
	char text[TEXT_SIZE];
	struct bench bench;
	int ready;

	bench_open(&bench);
	job = job_new(&bench, "vm1");
	other = job_new(&bench, "vm2");
	atomic_store(&bench.hang, true);
	cr_assert_eq(begin_job(&bench, job, &ready, text), 0, "%s", text);
	cr_expect_lt(run_job(&bench, other, 20, text), 0, "nothing was begun");
	cr_expect(strstr(text, "vm1"), "%s", text);
	atomic_store(&bench.hang, false);
	cr_expect(is_ready(ready, LONG_MS));
	cr_expect_eq(end_job(&bench, job, LONG_MS, text), 0, "%s", text);
	cr_expect_eq(run_job(&bench, other, LONG_MS, text), 0, "%s", text);
	cr_expect_eq(atomic_load(&bench.ran), 2);
	free(other);
	free(job);
	close(ready);
	bench_close(&bench);
}
