/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events that wait to be asked for.  Backends post from threads of their own, also when the
 * host has been closed: each who may do so holds the queue.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "core/event.h"

struct pri_event_queue {
	pthread_mutex_t lock;
	unsigned int references;
	int fd;
	struct pri_queued *first, **end;
	size_t count; /* without the one that follows */
	/* In the list after a loss, at most once: whoever gets it looks anew, and so sees what
	 * was lost later too. */
	struct pri_queued overflow;
	bool overflowed;
};

int pri_event_queue_new(struct pri_event_queue **ret_queue)
{
	struct pri_event_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		free(queue);
		return -EIO;
	}
	pthread_mutex_init(&queue->lock, NULL);
	queue->references = 1;
	queue->end = &queue->first;
	*ret_queue = queue;
	return 0;
}

int pri_event_queue_fd(const struct pri_event_queue *queue)
{
	return queue->fd;
}

void pri_event_ref(struct pri_event_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->references++;
	pthread_mutex_unlock(&queue->lock);
}

void pri_event_unref(struct pri_event_queue *queue)
{
	struct pri_queued event;
	unsigned int left;

	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	left = --queue->references;
	pthread_mutex_unlock(&queue->lock);
	if (left > 0)
		return;
	while (pri_event_queue_pop(queue, &event))
		pri_queued_clear(&event);
	close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

void pri_queued_clear(struct pri_queued *event)
{
	pri_value_clear(&event->before);
	pri_value_clear(&event->after);
	free(event->instance);
	*event = (struct pri_queued){.attr = PRI_ATTR_NONE};
}

static void free_copy(struct pri_queued *copy)
{
	if (copy)
		pri_queued_clear(copy);
	free(copy);
}

static int copy_value(struct pri_value *to, bool *has, const struct pri_value *from)
{
	*has = from != NULL;
	return from ? pri_value_copy(to, from) : 0;
}

static struct pri_queued *copy_event(const struct pri_event *event)
{
	struct pri_queued *copy = calloc(1, sizeof(*copy));
	bool with_instance = event->instance && *event->instance;

	if (!copy)
		return NULL;
	copy->type = event->type;
	copy->attr = event->attr;
	snprintf(copy->uuid, sizeof(copy->uuid), "%s", event->uuid ? event->uuid : "");
	snprintf(copy->name, sizeof(copy->name), "%s", event->name ? event->name : "");
	if (with_instance)
		copy->instance = strdup(event->instance);
	if ((copy->instance || !with_instance) &&
	    copy_value(&copy->before, &copy->has_before, event->before) == 0 &&
	    copy_value(&copy->after, &copy->has_after, event->after) == 0)
		return copy;
	free_copy(copy);
	return NULL;
}

/* append, lose and take_first are called with the lock held. */
static void append(struct pri_event_queue *queue, struct pri_queued *event)
{
	const uint64_t one = 1;

	event->time_ns = pri_now_ns();
	event->next = NULL;
	/* Cannot block: the counter is 0 while the list is empty. */
	if (!queue->first)
		(void)!write(queue->fd, &one, sizeof(one));
	*queue->end = event;
	queue->end = &event->next;
}

static void lose(struct pri_event_queue *queue)
{
	if (!queue->overflowed) {
		queue->overflowed = true;
		queue->overflow = (struct pri_queued){
			.type = PRALLOC_EVENT_OVERFLOW, .attr = PRI_ATTR_NONE, .has_after = true};
		append(queue, &queue->overflow);
	}
	queue->overflow.after.number++;
}

void pri_event_post(struct pri_event_queue *queue, const struct pri_event *event)
{
	struct pri_queued *copy = copy_event(event);

	pthread_mutex_lock(&queue->lock);
	if (copy && queue->count < PRI_EVENTS_MAX) {
		queue->count++;
		append(queue, pri_steal(copy));
	} else {
		lose(queue);
	}
	pthread_mutex_unlock(&queue->lock);
	free_copy(copy);
}

static void take_first(struct pri_event_queue *queue, struct pri_queued *ret_event)
{
	struct pri_queued *first = queue->first;
	uint64_t sum;

	queue->first = first->next;
	if (!queue->first) {
		queue->end = &queue->first;
		(void)!read(queue->fd, &sum, sizeof(sum));
	}
	*ret_event = *first;
	if (first == &queue->overflow) {
		queue->overflowed = false;
		return;
	}
	queue->count--;
	free(first);
}

bool pri_event_queue_pop(struct pri_event_queue *queue, struct pri_queued *ret_event)
{
	bool any;

	pthread_mutex_lock(&queue->lock);
	any = queue->first != NULL;
	if (any)
		take_first(queue, ret_event);
	pthread_mutex_unlock(&queue->lock);
	return any;
}
