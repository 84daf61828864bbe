/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's event loop, one per process, and the wake-ups of hosts.
 *
 * Where the application has registered an event implementation before the first host is opened,
 * that one is used and has to be run by it.  Else the default one is registered and run in a
 * thread that lives as long as the process.  Nothing depends on an event arriving: they cut
 * waits short, and tell that cached XML may be old.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "backend/libvirt/libvirt.h"

#define NS_PER_S 1000000000u

struct pri_wake {
	atomic_uint references;
	atomic_uint count;   /* events */
	atomic_uint changes; /* of these, those after which the XML may be another one */
	pthread_mutex_t lock;
	pthread_cond_t changed;
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

static void wake_up(struct pri_wake *wake)
{
	pthread_mutex_lock(&wake->lock);
	atomic_fetch_add(&wake->count, 1);
	pthread_cond_broadcast(&wake->changed);
	pthread_mutex_unlock(&wake->lock);
}

static void xml_changed(struct pri_wake *wake)
{
	atomic_fetch_add(&wake->changes, 1);
	wake_up(wake);
}

static void on_balloon(virConnectPtr conn, virDomainPtr dom, unsigned long long actual,
		       void *opaque)
{
	(void)conn;
	(void)dom;
	(void)actual;
	wake_up(opaque);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
	(void)conn;
	(void)dom;
	(void)event;
	(void)detail;
	xml_changed(opaque);
	return 0;
}

static void on_device(virConnectPtr conn, virDomainPtr dom, const char *alias, void *opaque)
{
	(void)conn;
	(void)dom;
	(void)alias;
	xml_changed(opaque);
}

static void forget(void *opaque)
{
	pri_wake_unref(opaque);
}

static const struct {
	int event;
	virConnectDomainEventGenericCallback function;
} callbacks[PRI_LV_EVENTS] = {
	{VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_balloon)},
	{VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
	{VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
	{VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
};

bool pri_lv_events_register(struct pri_lv_host *host)
{
	bool all = true;

	for (size_t i = 0; i < PRI_LV_EVENTS; i++) {
		pri_wake_ref(host->wake);
		host->callbacks[i] = PRI_LV(host, virConnectDomainEventRegisterAny, host->conn,
					    NULL, callbacks[i].event, callbacks[i].function,
					    host->wake, forget);
		if (host->callbacks[i] < 0) {
			all = false;
			pri_wake_unref(host->wake);
		}
	}
	virResetLastError();
	return all;
}

void pri_lv_events_deregister(struct pri_lv_host *host)
{
	for (size_t i = 0; i < PRI_LV_EVENTS; i++)
		if (host->callbacks[i] >= 0)
			PRI_LV(host, virConnectDomainEventDeregisterAny, host->conn,
			       host->callbacks[i]);
}
