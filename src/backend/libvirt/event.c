/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's event loop, one per process, and what it brings to a host: wake-ups, and events for
 * its queue.  Callbacks may still run when the host is gone; they hold its struct pri_wake.
 *
 * Where the application has registered an event implementation before the first host is opened,
 * that one is used and has to be run by it.  Else the default one is registered and run in a
 * thread that lives as long as the process.  Nothing depends on an event arriving: they cut
 * waits short, and tell that cached XML may be old.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <pralloc/event.h>

#include "backend/libvirt/libvirt.h"

#define NS_PER_S 1000000000u

struct pri_wake {
	atomic_uint references;
	atomic_uint count;   /* events */
	atomic_uint changes; /* of these, those after which the XML may be another one */
	atomic_int driver, cgroup_version; /* of the host, which callbacks must not touch */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* With the lock held: */
	struct pri_event_queue *queue; /* NULL: nobody listens */
	struct pri_worker *worker;     /* NULL: it ends */
	bool told_lost;
	int notice; /* eventfd of pri_wake_notice(); -1: nobody asked */
};

static pthread_once_t loop_once = PTHREAD_ONCE_INIT;
static bool loop_is_ours;

static void *run_loop(void *arg)
{
	const struct timespec pause = {.tv_nsec = 100000000};

	(void)arg;
	for (;;)
		if (virEventRunDefaultImpl() < 0)
			nanosleep(&pause, NULL);
	return NULL;
}

static void ignore_timeout(int timer, void *data)
{
	(void)timer;
	(void)data;
}

static void start_loop(void)
{
	/* Fails exactly where no implementation is registered; never fires. */
	int timer = virEventAddTimeout(-1, ignore_timeout, NULL, NULL);

	if (timer >= 0) {
		virEventRemoveTimeout(timer);
		return;
	}
	loop_is_ours = virEventRegisterDefaultImpl() == 0 && pri_thread_start(run_loop, NULL) == 0;
}

bool pri_lv_event_loop(void)
{
	pthread_once(&loop_once, start_loop);
	return loop_is_ours;
}

struct pri_wake *pri_wake_new(void)
{
	struct pri_wake *wake = calloc(1, sizeof(*wake));
	pthread_condattr_t attr;

	if (!wake)
		return NULL;
	atomic_init(&wake->references, 1);
	wake->notice = -1;
	pthread_mutex_init(&wake->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&wake->changed, &attr);
	pthread_condattr_destroy(&attr);
	return wake;
}

void pri_wake_ref(struct pri_wake *wake)
{
	atomic_fetch_add(&wake->references, 1);
}

void pri_wake_unref(struct pri_wake *wake)
{
	if (!wake || atomic_fetch_sub(&wake->references, 1) > 1)
		return;
	pthread_cond_destroy(&wake->changed);
	pthread_mutex_destroy(&wake->lock);
	pri_lv_core->event_unref(wake->queue);
	if (wake->notice >= 0)
		close(wake->notice);
	free(wake);
}

unsigned int pri_wake_count(const struct pri_wake *wake)
{
	return atomic_load(&wake->count);
}

unsigned int pri_wake_changes(const struct pri_wake *wake)
{
	return atomic_load(&wake->changes);
}

void pri_wake_wait(struct pri_wake *wake, unsigned int *seen, uint64_t until_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(until_ns / NS_PER_S),
		.tv_nsec = (long)(until_ns % NS_PER_S),
	};

	pthread_mutex_lock(&wake->lock);
	while (atomic_load(&wake->count) == *seen)
		if (pthread_cond_timedwait(&wake->changed, &wake->lock, &ts) != 0)
			break;
	*seen = atomic_load(&wake->count);
	pthread_mutex_unlock(&wake->lock);
}

void pri_wake_up(struct pri_wake *wake, bool xml_may_change)
{
	pthread_mutex_lock(&wake->lock);
	atomic_fetch_add(&wake->count, 1);
	if (xml_may_change)
		atomic_fetch_add(&wake->changes, 1);
	pthread_cond_broadcast(&wake->changed);
	/* Full after 2^64 events. */
	if (wake->notice >= 0)
		(void)eventfd_write(wake->notice, 1);
	pthread_mutex_unlock(&wake->lock);
}

int pri_wake_notice(struct pri_wake *wake)
{
	int fd;

	pthread_mutex_lock(&wake->lock);
	if (wake->notice < 0)
		wake->notice = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = wake->notice;
	pthread_mutex_unlock(&wake->lock);
	return fd;
}

void pri_wake_serve(struct pri_wake *wake, struct pri_worker *worker)
{
	pthread_mutex_lock(&wake->lock);
	wake->worker = worker;
	pthread_mutex_unlock(&wake->lock);
}

void pri_wake_listen(struct pri_wake *wake, struct pri_event_queue *queue)
{
	struct pri_event_queue *former;

	if (queue)
		pri_lv_core->event_ref(queue);
	pthread_mutex_lock(&wake->lock);
	former = wake->queue;
	wake->queue = queue;
	wake->told_lost = false;
	pthread_mutex_unlock(&wake->lock);
	pri_lv_core->event_unref(former);
}

bool pri_wake_is_heard(struct pri_wake *wake)
{
	bool heard;

	pthread_mutex_lock(&wake->lock);
	heard = wake->queue != NULL;
	pthread_mutex_unlock(&wake->lock);
	return heard;
}

void pri_wake_describe(struct pri_wake *wake, const struct pri_lv_host *host)
{
	atomic_store(&wake->driver, host->driver);
	atomic_store(&wake->cgroup_version, host->cgroup_version);
}

void pri_wake_view(const struct pri_wake *wake, struct pri_lv_host *view)
{
	*view = (struct pri_lv_host){
		.driver = atomic_load(&wake->driver),
		.cgroup_version = atomic_load(&wake->cgroup_version),
	};
}

void pri_wake_tell(struct pri_wake *wake, const struct pri_event *event)
{
	pthread_mutex_lock(&wake->lock);
	if (wake->queue)
		pri_lv_core->event_post(wake->queue, event);
	pthread_mutex_unlock(&wake->lock);
}

/* With the lock held. */
static void tell_connection(struct pri_wake *wake, bool lost)
{
	if (wake->told_lost == lost)
		return;
	wake->told_lost = lost;
	pri_lv_core->event_post(wake->queue, &(struct pri_event){
						     .type = lost ? PRALLOC_EVENT_CONNECTION_LOST
								  : PRALLOC_EVENT_CONNECTION_BACK,
						     .attr = PRI_ATTR_NONE,
					     });
}

void pri_wake_lost(struct pri_wake *wake, uint64_t retry_ns)
{
	pthread_mutex_lock(&wake->lock);
	if (wake->queue)
		tell_connection(wake, true);
	if (wake->queue && wake->worker)
		pri_worker_alarm(wake->worker, pri_lv_reopen, pri_monotonic_ns() + retry_ns);
	pthread_mutex_unlock(&wake->lock);
}

void pri_wake_back(struct pri_wake *wake)
{
	pthread_mutex_lock(&wake->lock);
	if (wake->queue)
		tell_connection(wake, false);
	pthread_mutex_unlock(&wake->lock);
}
