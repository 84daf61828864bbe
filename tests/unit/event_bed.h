/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake host whose events are asked for. */
#ifndef PRALLOC_TEST_EVENT_BED_H
#define PRALLOC_TEST_EVENT_BED_H

#include <poll.h>

#include "core/event.h"
#include "fixture.h"

#define SECOND_MS 1000

static inline bool readable(int fd, int timeout_ms)
{
	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, timeout_ms) == 1;
}

static inline bool next(struct bed *bed, struct pr_event *event)
{
	int r;

	event->size = sizeof(*event);
	r = pr_host_next_event(bed->host, event, 0);
	cr_assert_geq(r, 0, "%d: %s", r, pr_host_errmsg(bed->host));
	return r == 1;
}

static inline struct pr_event expect(struct bed *bed, int type, const char *domain)
{
	struct pr_event event;

	cr_assert(next(bed, &event), "wanted event %d of %s, got none", type, domain);
	cr_assert_eq(event.type, type, "wanted event %d of %s, got %d of %s", type, domain,
		     event.type, event.domain);
	cr_assert_str_eq(event.domain, domain);
	return event;
}

static inline void expect_none(struct bed *bed, const char *after)
{
	struct pr_event event;

	cr_assert_not(next(bed, &event), "%s: wanted nothing, got event %d of %s %s %" PRIu64,
		      after, event.type, event.domain, event.attribute, event.after.number);
}

static inline int open_listening(struct bed *bed)
{
	int fd;

	bed_open(bed);
	fd = pr_host_event_fd(bed->host);
	cr_assert_geq(fd, 0, "%s", pr_host_errmsg(bed->host));
	return fd;
}

#endif /* PRALLOC_TEST_EVENT_BED_H */
