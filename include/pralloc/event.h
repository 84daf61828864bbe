/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens on a host: domains that start and stop, balloons that move, settings that somebody
 * else changed, a connection that was lost.  Poll the descriptor of pr_host_event_fd, and when it
 * is readable call pr_host_next_event until it returns 0.
 */
#ifndef PRALLOC_EVENT_H
#define PRALLOC_EVENT_H

#include <pralloc/base.h>
#include <pralloc/value.h>

PRALLOC_BEGIN

/** What happened. */
enum pr_event_type {
	/** A domain was started or restored; its live settings are those of its configuration. */
	PRALLOC_EVENT_STARTED = 1,
	/** A domain was stopped, destroyed, saved, or has crashed. */
	PRALLOC_EVENT_STOPPED = 2,
	/** A domain came from another host or went to one; pr_domain_state tells which. */
	PRALLOC_EVENT_MIGRATED = 3,
	/** The guest's balloon has another size (mem.balloon), whoever asked for it. */
	PRALLOC_EVENT_BALLOON_CHANGED = 4,
	/** A live setting was changed, and not through this host handle. */
	PRALLOC_EVENT_SETTING_CHANGED = 5,
	/** The connection is lost; it is opened again as soon as that is possible. */
	PRALLOC_EVENT_CONNECTION_LOST = 6,
	/** The connection is there again.  What happened meanwhile was not seen: look anew. */
	PRALLOC_EVENT_CONNECTION_BACK = 7,
	/** Events were lost, as many as value after says, for lack of room: look anew. */
	PRALLOC_EVENT_OVERFLOW = 8,
	/** The guest started anew inside a domain that runs on (reboot, reset); settings stay. */
	PRALLOC_EVENT_REBOOTED = 9,
};

/** One event.  Strings are never NULL, and live until the next call on the host. */
struct pr_event {
	uint32_t size;		/**< sizeof(struct pr_event), set by the caller */
	int type;		/**< enum pr_event_type; do nothing on one that you do not know */
	const char *domain;	/**< name of the domain, "" for the host */
	const char *uuid;	/**< UUID of the domain, "" for the host */
	const char *attribute;	/**< "cpu.shares", or "" */
	const char *instance;	/**< canonical instance, or "" */
	struct pr_value before; /**< what was; type 0 when it is not known */
	struct pr_value after;	/**< what is; type 0 when it is not known */
	uint64_t time_ns;	/**< when it was seen: monotonic clock, nanoseconds */
};

/**
 * pr_host_event_fd - a descriptor that tells when there are events
 *
 * The first call starts the events of @host, and may block until they are under way; later ones
 * return the same descriptor.  It is readable (POLLIN) while events are queued, and from time to
 * time when pr_host_next_event has something to look for: then that may return 0.  It is
 * O_CLOEXEC, belongs to the host, is closed with it, and is only good for poll and its kin.
 * Returns the descriptor, or an error.  Errors: -EINVAL, -EOPNOTSUPP (the host has no events),
 * -ENOTCONN, -EBUSY, -ETIMEDOUT, -ENOMEM, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_host_event_fd(struct pr_host *host);

/**
 * pr_host_next_event - the oldest event that was not yet given out
 *
 * @event: event->size set by the caller.
 * @flags: 0.
 *
 * Does not wait.  Starts the events where pr_host_event_fd was not called before.  Events are in
 * the order in which they were seen.  What this handle writes itself is no SETTING_CHANGED.
 * Settings that this handle has written since the events were started are compared every 2
 * seconds, after all that is queued, so that changes of which the host tells nothing are found
 * too; that reads, and blocks for one second at most.
 *
 * 1024 events are kept.  What comes when as many wait is lost, and told by one OVERFLOW.
 * Returns 1 with an event, 0 when there is none, or an error.  Errors: -EINVAL, and those of
 * pr_host_event_fd for the first call.  Since: 0.1.
 */
PRALLOC_API int pr_host_next_event(struct pr_host *host, struct pr_event *event, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_EVENT_H */
