/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's event loop belongs to the process: an application that has one keeps it, and the
 * library starts a thread of its own only where there is none.
 */
#include <dirent.h>
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define GUEST "events"
#define THREADS_MAX 64
/* The C library keeps 32 and 33 for itself. */
#define LAST_STANDARD_SIGNAL 31
#define FIRST_REALTIME_SIGNAL 34
#define LAST_SIGNAL 64

struct threads {
	int ids[THREADS_MAX];
	size_t count;
};

static void list_threads(struct threads *threads)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;

	cr_assert(dir, "no /proc/self/task");
	threads->count = 0;
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		cr_assert_lt(threads->count, THREADS_MAX, "more threads than expected");
		threads->ids[threads->count++] = atoi(entry->d_name);
	}
	closedir(dir);
}

static bool has(const struct threads *threads, int id)
{
	for (size_t i = 0; i < threads->count; i++)
		if (threads->ids[i] == id)
			return true;
	return false;
}

static uint64_t blocked_signals(int id)
{
	char path[64], line[128];
	uint64_t mask = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", id);
	file = fopen(path, "re");
	cr_assert(file, "%s cannot be read", path);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "SigBlk: %" SCNx64, &mask) == 1;
	fclose(file);
	cr_assert(found, "%s: no SigBlk", path);
	return mask;
}

static bool can_be_blocked(int sig)
{
	return sig != SIGKILL && sig != SIGSTOP &&
	       (sig <= LAST_STANDARD_SIGNAL || sig >= FIRST_REALTIME_SIGNAL);
}

/* The threads that the library has started since, all of them deaf to signals. */
static size_t count_new(const struct threads *before)
{
	struct threads now;
	size_t count = 0;

	list_threads(&now);
	for (size_t i = 0; i < now.count; i++) {
		uint64_t mask;

		if (has(before, now.ids[i]))
			continue;
		count++;
		mask = blocked_signals(now.ids[i]);
		for (int sig = 1; sig <= LAST_SIGNAL; sig++)
			cr_assert(!can_be_blocked(sig) || mask >> (sig - 1) & 1,
				  "thread %d: wanted signal %d (%s) blocked, SigBlk is %" PRIx64,
				  now.ids[i], sig, strsignal(sig), mask);
	}
	return count;
}

static void need_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 512, .vcpus = 1};

	host_need_bed();
	host_need_guest(GUEST, &options);
}

TestSuite(host_events, .init = need_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

/* Open, move the balloon there and back, and close; the library may start so many threads. */
static void work_with_threads(size_t wanted)
{
	struct threads before;
	struct host_bed bed;
	uint64_t start_ms;
	size_t count;

	list_threads(&before);
	host_open(&bed, GUEST, 0);
	start_ms = host_now_ms();
	host_inflate(bed.dom, 384 * MIB);
	host_inflate(bed.dom, 512 * MIB);
	fprintf(stderr, "balloon there and back in %" PRIu64 " ms\n", host_now_ms() - start_ms);
	count = count_new(&before);
	cr_assert_eq(count, wanted, "wanted %zu new threads, got %zu", wanted, count);
	host_close(&bed);
}

/* One for the host's calls, one for events. */
Test(host_events, no_event_loop)
{
	work_with_threads(2);
}

/* The loop begins with the first wait, and a second host shares it. */
Test(host_events, one_loop_for_two_hosts)
{
	struct threads before;
	struct host_bed first, second;
	size_t count;

	list_threads(&before);
	host_open(&first, GUEST, 0);
	host_open(&second, GUEST, 0);
	host_inflate(first.dom, 480 * MIB);
	host_inflate(second.dom, 512 * MIB);
	count = count_new(&before);
	cr_assert_eq(count, 3, "wanted 3 new threads (two hosts, one loop), got %zu", count);
	host_close(&first);
	host_close(&second);
}

static atomic_bool loop_ends;

static void *run_loop(void *arg)
{
	(void)arg;
	while (!atomic_load(&loop_ends))
		virEventRunDefaultImpl();
	return NULL;
}

static void tick(int timer, void *data)
{
	(void)timer;
	(void)data;
}

Test(host_events, loop_of_the_application)
{
	pthread_t loop;

	cr_assert_eq(virEventRegisterDefaultImpl(), 0, "no default implementation");
	/* What makes virEventRunDefaultImpl() return when nothing happens. */
	cr_assert_geq(virEventAddTimeout(100, tick, NULL, NULL), 0, "no timer");
	cr_assert_eq(pthread_create(&loop, NULL, run_loop, NULL), 0, "no thread");
	work_with_threads(1);
	atomic_store(&loop_ends, true);
	pthread_join(loop, NULL);
}

Test(host_events, loop_that_never_runs)
{
	cr_assert_eq(virEventRegisterDefaultImpl(), 0, "no default implementation");
	work_with_threads(1);
}

/* Without a loop nobody sees that the daemon is gone until a request is written to its socket,
 * which raises SIGPIPE.  Such a write never arrived: it is done again over a new connection. */
Test(host_events, libvirtd_killed_without_a_loop)
{
	struct host_bed bed;

	signal(SIGPIPE, SIG_DFL);
	cr_assert_eq(virEventRegisterDefaultImpl(), 0, "no default implementation");
	host_open(&bed, GUEST, 0);
	host_set(bed.dom, "cpu.shares", NULL, "1100", 0);
	host_kill_libvirtd();
	host_restart_libvirtd(GUEST);
	host_set(bed.dom, "cpu.shares", NULL, "1200", 0);
	host_kill_libvirtd();
	host_restart_libvirtd(GUEST);
	host_expect(bed.dom, "cpu.shares", NULL, "1200", PRALLOC_LIVE);
	host_inflate(bed.dom, 448 * MIB);
	host_inflate(bed.dom, 512 * MIB);
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
	host_close(&bed);
}

/* An implementation that takes everything and never calls anybody. */
static atomic_int next_id, handles, timeouts;

static int add_handle(int fd, int events, virEventHandleCallback callback, void *data,
		      virFreeCallback release)
{
	(void)fd;
	(void)events;
	(void)callback;
	(void)data;
	(void)release;
	atomic_fetch_add(&handles, 1);
	return atomic_fetch_add(&next_id, 1) + 1;
}

static void update_handle(int id, int events)
{
	(void)id;
	(void)events;
}

static int remove_handle(int id)
{
	(void)id;
	return 0;
}

static int add_timeout(int interval, virEventTimeoutCallback callback, void *data,
		       virFreeCallback release)
{
	(void)interval;
	(void)callback;
	(void)data;
	(void)release;
	atomic_fetch_add(&timeouts, 1);
	return atomic_fetch_add(&next_id, 1) + 1;
}

Test(host_events, implementation_of_the_application)
{
	virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_handle,
			     remove_handle);
	work_with_threads(1);
	cr_assert_gt(handles + timeouts, 0, "the application's implementation was not used");
}
