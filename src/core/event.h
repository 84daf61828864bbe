/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of events share: the queue, and what this handle has written itself. */
#ifndef PRI_EVENT_H
#define PRI_EVENT_H

#include "core/core.h"

/* Events that wait; what comes when as many do is lost. */
#define PRI_EVENTS_MAX 1024
/* How often is looked for what no event tells. */
#define PRI_EVENT_LOOK_NS UINT64_C(2000000000)
/* So long after a write may its own event still be posted. */
#define PRI_EVENT_ECHO_NS UINT64_C(2000000000)
/* Writes of one setting whose events are awaited; with more of them, they cannot be told from
 * those of somebody else. */
#define PRI_EVENT_ECHOES 8

/* An event that waits. */
struct pri_queued {
	struct pri_queued *next;
	int type; /* enum pr_event_type */
	int attr; /* enum pri_attr_id or PRI_ATTR_NONE */
	bool has_before, has_after;
	struct pri_value before, after;
	uint64_t time_ns;
	char uuid[37];
	char name[PRI_NAME_MAX];
	char *instance; /* NULL: none */
};

/* A setting that this handle has written. */
struct pri_own {
	char uuid[37]; /* "": the host's */
	int attr;
	char *instance; /* NULL: none */
	struct pri_value last;
	uint64_t set_ns;
	struct pri_value echoes[PRI_EVENT_ECHOES];
	size_t echo_count;
	uint64_t blurred_ns; /* until then, echoes are missing */
	bool looked_at;	     /* in the comparison that goes on */
};

/* The events of a host. */
struct pri_listener {
	struct pri_event_queue *queue;
	int fd; /* what the caller polls: the queue's and the timer */
	int timer;
	uint64_t look_ns;	   /* when to look again; 0: the timer stands still */
	struct pri_queued current; /* whose texts were given out */
	struct pri_own *owns;
	size_t own_count, own_room;
};

/* event.c: the timer runs from now on, if it does not yet */
void pri_listener_schedule(struct pri_listener *listener);

/* event_queue.c: the one part of the core that other threads reach */
int pri_event_queue_new(struct pri_event_queue **ret_queue);
/* Readable while events wait. */
int pri_event_queue_fd(const struct pri_event_queue *queue);
/* The oldest event; false when there is none.  Free with pri_queued_clear. */
bool pri_event_queue_pop(struct pri_event_queue *queue, struct pri_queued *ret_event);
void pri_queued_clear(struct pri_queued *event);

/* event_own.c */
/* Whether the event only tells what this handle did.  Else, before is filled in where known. */
bool pri_own_expects(struct pri_listener *listener, struct pri_queued *event);
/* A domain has lost what was set before that time. */
void pri_own_forget(struct pri_listener *listener, const char *uuid, uint64_t time_ns);
/* Queue an event for each setting that is not as it was. */
void pri_own_compare(struct pr_host *host);
void pri_own_clear(struct pri_listener *listener);

#endif /* PRI_EVENT_H */
