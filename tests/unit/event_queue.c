/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events that wait: overflow, and threads that post. */
#include <pthread.h>

#include "event_bed.h"

static void flood(struct pri_event_queue *queue, size_t count)
{
	struct pri_event event = {
		.type = PRALLOC_EVENT_STARTED, .uuid = "u", .name = "x", .attr = PRI_ATTR_NONE};

	for (size_t i = 0; i < count; i++)
		pri_event_post(queue, &event);
}

/* 1024 are kept; the rest is one event that tells how many it stands for. */
Test(event_queue, overflow)
{
	struct pr_event event;
	struct bed bed;
	int fd = open_listening(&bed);

	flood(bed.host->listener->queue, PRI_EVENTS_MAX + 10);
	for (size_t i = 0; i < PRI_EVENTS_MAX; i++)
		expect(&bed, PRALLOC_EVENT_STARTED, "x");
	event = expect(&bed, PRALLOC_EVENT_OVERFLOW, "");
	cr_expect_eq(event.after.number, 10);
	expect_none(&bed, "the overflow");
	cr_expect_not(readable(fd, 0));
	flood(bed.host->listener->queue, PRI_EVENTS_MAX);
	expect(&bed, PRALLOC_EVENT_STARTED, "x");
	flood(bed.host->listener->queue, 1);
	for (size_t i = 0; i < PRI_EVENTS_MAX; i++)
		expect(&bed, PRALLOC_EVENT_STARTED, "x");
	expect_none(&bed, "room was enough");
	bed_close(&bed);
}

/* What was lost before and after is told by the same one, which stands where the first was. */
Test(event_queue, overflow_twice)
{
	struct pr_event event;
	struct bed bed;

	open_listening(&bed);
	flood(bed.host->listener->queue, PRI_EVENTS_MAX + 1);
	for (size_t i = 0; i < 5; i++)
		expect(&bed, PRALLOC_EVENT_STARTED, "x");
	flood(bed.host->listener->queue, 7);
	for (size_t i = 0; i < PRI_EVENTS_MAX - 5; i++)
		expect(&bed, PRALLOC_EVENT_STARTED, "x");
	event = expect(&bed, PRALLOC_EVENT_OVERFLOW, "");
	cr_expect_eq(event.after.number, 1 + 2);
	for (size_t i = 0; i < 5; i++)
		expect(&bed, PRALLOC_EVENT_STARTED, "x");
	expect_none(&bed, "all were taken");
	bed_close(&bed);
}

#define THREAD_EVENTS 300

static void *post_many(void *arg)
{
	flood(arg, THREAD_EVENTS);
	pri_event_unref(arg);
	return NULL;
}

/* Threads post, and go on when the host is gone. */
Test(event_queue, posted_by_threads)
{
	pthread_t threads[3];
	struct bed bed;
	size_t got = 0;
	int fd = open_listening(&bed);

	for (size_t i = 0; i < PRI_ARRAY_SIZE(threads); i++) {
		pri_event_ref(bed.host->listener->queue);
		cr_assert_eq(
			pthread_create(&threads[i], NULL, post_many, bed.host->listener->queue), 0);
	}
	while (got < THREAD_EVENTS && readable(fd, 10 * SECOND_MS)) {
		struct pr_event event;

		while (next(&bed, &event))
			got++;
	}
	cr_expect_geq(got, THREAD_EVENTS);
	bed_close(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
}
