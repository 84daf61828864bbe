/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/libvirt/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

struct pri_worker {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct pri_job *job; /* posted or running */
	uint64_t begun_ns, abandoned_ns;
	struct pri_task *tasks, **tasks_end;
	bool closed;
	void *state;
	void (*finish)(void *state);
	void (*alarm)(void *state); /* NULL: none is set */
	uint64_t alarm_ns;
	_Atomic(const char *) doing;
};

uint64_t pri_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

int pri_thread_start(void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int r;

	r = pthread_attr_init(&attr);
	if (r)
		return -r;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* A new thread inherits the mask.  A dead libvirtd raises SIGPIPE in the thread that
	 * writes, and the application's handlers are not ours to run. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attr, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -r;
}

static void free_worker(struct pri_worker *worker)
{
	pthread_cond_destroy(&worker->work);
	pthread_cond_destroy(&worker->done);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

/* These are called with the lock held and give it up meanwhile. */
static void run_task(struct pri_worker *worker)
{
	struct pri_task *task = worker->tasks;

	worker->tasks = task->next;
	if (!worker->tasks)
		worker->tasks_end = &worker->tasks;
	pthread_mutex_unlock(&worker->lock);
	task->run(task);
	pthread_mutex_lock(&worker->lock);
}

static void tell_ready(const struct pri_job *job)
{
	if (job->ready >= 0 && eventfd_write(job->ready, 1) == 0)
		close(job->ready);
}

static void run_job(struct pri_worker *worker)
{
	struct pri_job *job = worker->job;

	pthread_mutex_unlock(&worker->lock);
	job->run(job);
	pthread_mutex_lock(&worker->lock);
	worker->job = NULL;
	job->done = true;
	tell_ready(job);
	/* Whoever began it, and another one that waits for its turn. */
	pthread_cond_broadcast(&worker->done);
	if (!job->abandoned)
		return;
	pthread_mutex_unlock(&worker->lock);
	job->drop(job);
	pthread_mutex_lock(&worker->lock);
}

static bool alarm_is_due(const struct pri_worker *worker)
{
	return worker->alarm && pri_monotonic_ns() >= worker->alarm_ns;
}

static void run_alarm(struct pri_worker *worker)
{
	void (*alarm)(void *state) = worker->alarm;

	worker->alarm = NULL;
	pthread_mutex_unlock(&worker->lock);
	alarm(worker->state);
	pthread_mutex_lock(&worker->lock);
}

static void wait_work(struct pri_worker *worker)
{
	struct timespec until = to_timespec(worker->alarm_ns);

	if (worker->alarm)
		pthread_cond_timedwait(&worker->work, &worker->lock, &until);
	else
		pthread_cond_wait(&worker->work, &worker->lock);
}

static void *worker_main(void *arg)
{
	struct pri_worker *worker = arg;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		if (worker->tasks)
			run_task(worker);
		else if (worker->job)
			run_job(worker);
		else if (worker->closed)
			break;
		else if (alarm_is_due(worker))
			run_alarm(worker);
		else
			wait_work(worker);
	}
	pthread_mutex_unlock(&worker->lock);
	worker->finish(worker->state);
	free_worker(worker);
	return NULL;
}

int pri_worker_new(void *state, void (*finish)(void *state), struct pri_worker **ret_worker)
{
	struct pri_worker *worker = calloc(1, sizeof(*worker));
	pthread_condattr_t attr;
	int r;

	if (!worker)
		return -ENOMEM;
	worker->state = state;
	worker->finish = finish;
	worker->tasks_end = &worker->tasks;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->work, &attr);
	pthread_cond_init(&worker->done, &attr);
	pthread_condattr_destroy(&attr);
	r = pri_thread_start(worker_main, worker);
	if (r) {
		free_worker(worker);
		return r;
	}
	*ret_worker = worker;
	return 0;
}

static void describe(struct pri_worker *worker, char *text, size_t size)
{
	const char *doing = atomic_load(&worker->doing);
	uint64_t ms = (pri_monotonic_ns() - worker->begun_ns) / 1000000;

	snprintf(text, size, "%s for %s has not returned for %u.%03u s", doing ? doing : "a call",
		 worker->job->subject, (unsigned int)(ms / 1000), (unsigned int)(ms % 1000));
}

/* Wait for "done" with the lock held.  False when the time is over. */
static bool wait_done(struct pri_worker *worker, uint64_t until_ns)
{
	struct timespec ts = to_timespec(until_ns);

	return pthread_cond_timedwait(&worker->done, &worker->lock, &ts) == 0;
}

/* A job that was given up a moment ago may end any moment; one that hangs is told at once.  One that
 * somebody began and has not fetched yet is waited for. */
static int wait_idle(struct pri_worker *worker, uint64_t deadline_ns)
{
	uint64_t until_ns = worker->abandoned_ns + PRI_WORKER_GRACE_NS;

	while (worker->job && !worker->job->abandoned)
		if (!wait_done(worker, deadline_ns))
			return -EBUSY;

	if (until_ns > deadline_ns)
		until_ns = deadline_ns;
	while (worker->job && wait_done(worker, until_ns))
		;
	return worker->job ? -EBUSY : 0;
}

static void hand_over(struct pri_worker *worker, struct pri_job *job, int ready)
{
	job->done = job->abandoned = false;
	job->ready = ready;
	worker->begun_ns = pri_monotonic_ns();
	atomic_store(&worker->doing, NULL);
	worker->job = job;
	pthread_cond_signal(&worker->work);
}

static int end_locked(struct pri_worker *worker, struct pri_job *job, uint64_t deadline_ns,
		      char *text, size_t size)
{
	while (!job->done && wait_done(worker, deadline_ns))
		;
	if (job->done)
		return 0;
	describe(worker, text, size);
	job->abandoned = true;
	worker->abandoned_ns = pri_monotonic_ns();
	return 1;
}

static int run_locked(struct pri_worker *worker, struct pri_job *job, uint64_t deadline_ns,
		      char *text, size_t size)
{
	int r = worker->job ? wait_idle(worker, deadline_ns) : 0;

	if (r) {
		describe(worker, text, size);
		return r;
	}
	if (pri_monotonic_ns() >= deadline_ns) {
		snprintf(text, size, "no time was left for it");
		return -ETIMEDOUT;
	}
	hand_over(worker, job, /* ready= */ -1);
	return end_locked(worker, job, deadline_ns, text, size);
}

int pri_worker_run(struct pri_worker *worker, struct pri_job *job, uint64_t deadline_ns, char *text,
		   size_t size)
{
	int r;

	pthread_mutex_lock(&worker->lock);
	r = run_locked(worker, job, deadline_ns, text, size);
	pthread_mutex_unlock(&worker->lock);
	return r;
}

int pri_worker_begin(struct pri_worker *worker, struct pri_job *job, int ready, char *text,
		     size_t size)
{
	int r;

	pthread_mutex_lock(&worker->lock);
	r = worker->job ? wait_idle(worker, pri_monotonic_ns() + PRI_WORKER_GRACE_NS) : 0;
	if (r)
		describe(worker, text, size);
	else
		hand_over(worker, job, ready);
	pthread_mutex_unlock(&worker->lock);
	return r;
}

int pri_worker_end(struct pri_worker *worker, struct pri_job *job, uint64_t deadline_ns, char *text,
		   size_t size)
{
	int r;

	pthread_mutex_lock(&worker->lock);
	r = end_locked(worker, job, deadline_ns, text, size);
	pthread_mutex_unlock(&worker->lock);
	return r;
}

void pri_worker_doing(struct pri_worker *worker, const char *call)
{
	atomic_store(&worker->doing, call);
}

bool pri_worker_is_abandoned(struct pri_worker *worker)
{
	bool abandoned;

	pthread_mutex_lock(&worker->lock);
	abandoned = worker->job && worker->job->abandoned;
	pthread_mutex_unlock(&worker->lock);
	return abandoned;
}

void pri_worker_defer(struct pri_worker *worker, struct pri_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&worker->lock);
	*worker->tasks_end = task;
	worker->tasks_end = &task->next;
	pthread_cond_signal(&worker->work);
	pthread_mutex_unlock(&worker->lock);
}

void pri_worker_alarm(struct pri_worker *worker, void (*alarm)(void *state), uint64_t at_ns)
{
	pthread_mutex_lock(&worker->lock);
	if (!worker->alarm || at_ns < worker->alarm_ns) {
		worker->alarm = alarm;
		worker->alarm_ns = at_ns;
		pthread_cond_signal(&worker->work);
	}
	pthread_mutex_unlock(&worker->lock);
}

void pri_worker_close(struct pri_worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->closed = true;
	pthread_cond_signal(&worker->work);
	pthread_mutex_unlock(&worker->lock);
}
