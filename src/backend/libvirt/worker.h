/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One thread that makes the calls of one host, so that a call that hangs costs the caller its
 * deadline and no more.  Knows nothing of libvirt.
 */
#ifndef PRI_WORKER_H
#define PRI_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A job that was given up may still end within this time without anybody being told. */
#define PRI_WORKER_GRACE_NS UINT64_C(500000000)

struct pri_worker;

/*
 * One job.  Everything that it touches is its own or the worker's: when its caller has given it
 * up, it still runs.
 */
struct pri_job {
	void (*run)(struct pri_job *job);
	/* Called in the worker instead of handing the job back, when the caller gave it up. */
	void (*drop)(struct pri_job *job);
	const char *subject;  /* for texts: whom it is about; belongs to the job */
	bool done, abandoned; /* the worker's */
	int ready;	      /* of pri_worker_begin(), or -1 */
};

/* Something to be done by the worker when it is free; nobody waits for it. */
struct pri_task {
	struct pri_task *next;
	void (*run)(struct pri_task *task);
};

/* Start the thread.  finish(state) is the last thing it does, after pri_worker_close().
 * 0, -ENOMEM or -EAGAIN. */
int pri_worker_new(void *state, void (*finish)(void *state), struct pri_worker **ret_worker);

/*
 * Run a job and wait for it until the deadline (monotonic, nanoseconds).
 *
 * 0: done, the job is the caller's again.  1: the deadline passed, the job belongs to the worker
 * from now on.  -EBUSY: a job that was given up before still runs, nothing was begun.  -ETIMEDOUT:
 * the deadline had passed before, nothing was begun.  For all but 0, text says what hangs.
 */
int pri_worker_run(struct pri_worker *worker, struct pri_job *job, uint64_t deadline_ns, char *text,
		   size_t size);

/*
 * The same in two parts.  Begin: 0, or -EBUSY as above.  From then on the job is the worker's until
 * pri_worker_end(), which waits for it until the deadline; other jobs wait for it meanwhile.  ready
 * is an eventfd that the worker writes to when the job is done, and closes: one of the job's own.
 */
int pri_worker_begin(struct pri_worker *worker, struct pri_job *job, int ready, char *text,
		     size_t size);
int pri_worker_end(struct pri_worker *worker, struct pri_job *job, uint64_t deadline_ns, char *text,
		   size_t size);

/* In a job: the name (static) of the call that is about to be made. */
void pri_worker_doing(struct pri_worker *worker, const char *call);

/* Whether the caller has given up the job that is being done. */
bool pri_worker_is_abandoned(struct pri_worker *worker);

/* Leave a task to the worker.  Does not block. */
void pri_worker_defer(struct pri_worker *worker, struct pri_task *task);

/* Call alarm(state) in the worker when it is free at that time (monotonic, nanoseconds), or later.
 * There is one alarm; the earlier one holds.  From any thread, also in the worker. */
void pri_worker_alarm(struct pri_worker *worker, void (*alarm)(void *state), uint64_t at_ns);

/* The worker ends when it is free.  Does not block; worker is invalid afterwards. */
void pri_worker_close(struct pri_worker *worker);

/* A detached thread with all signals blocked.  0 or a negative errno. */
int pri_thread_start(void *(*run)(void *), void *arg);

uint64_t pri_monotonic_ns(void);

#endif /* PRI_WORKER_H */
