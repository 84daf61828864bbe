/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces that come and go: domains of a "tc:" host, and taps that have to join their link. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pralloc/ctx.h>
#include <pralloc/event.h>

#include "backend/tc/tc.h"

static bool is_domain(const struct pri_tc_host *host, const struct pri_tc_interface *interface)
{
	return pri_tc_is_workload(host, interface) && strcmp(interface->slave_kind, "bridge") == 0;
}

static const struct pri_tc_interface *find(const struct pri_tc_interface *list, size_t n,
					   int ifindex)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].ifindex == ifindex)
			return &list[i];
	return NULL;
}

static void tell(const struct pri_tc_host *host, int type, const char *name)
{
	struct pri_identity identity = pri_tc_identity(name, 1);
	const struct pri_event event = {
		.type = type, .uuid = identity.uuid, .name = identity.name, .attr = PRI_ATTR_NONE};

	pri_tc_core->event_post(host->events, &event);
}

/* Those of a that are not among b. */
static void tell_missing(const struct pri_tc_host *host, const struct pri_tc_interface *a,
			 size_t a_count, const struct pri_tc_interface *b, size_t b_count, int type)
{
	for (size_t i = 0; i < a_count; i++) {
		const struct pri_tc_interface *other = find(b, b_count, a[i].ifindex);

		if (is_domain(host, &a[i]) && !(other && is_domain(host, other)))
			tell(host, type, a[i].name);
	}
}

static int see(struct pri_tc_host *host, bool quiet)
{
	struct pri_tc_interface *all = NULL;
	size_t n = 0;
	int r = pri_tc_interfaces(host, 0, NULL, &all, &n);

	if (r < 0)
		return r;
	if (!quiet && !host->beside) {
		tell_missing(host, host->seen, host->seen_count, all, n, PRALLOC_EVENT_STOPPED);
		tell_missing(host, all, n, host->seen, host->seen_count, PRALLOC_EVENT_STARTED);
	}
	free(host->seen);
	host->seen = all;
	host->seen_count = n;
	return 0;
}

int pri_tc_listen(struct pri_call *call, struct pri_event_queue *queue)
{
	struct pri_tc_host *host = call->host;
	int r;

	pri_tc_watch_look(host);
	host->looked = host->changes;
	r = see(host, /* quiet= */ true);
	if (r < 0)
		return pri_tc_fail(call, r, "interfaces", 0);
	host->events = queue;
	pri_tc_core->event_ref(queue);
	return 0;
}

/* A session syncs what it loads. */
static void sync_tree(struct pri_call *call, const struct pri_tc_interface *bridge,
		      enum pri_tc_direction direction)
{
	struct pri_tc_session session = {.call = call, .plans = true, .writes = true};
	struct pri_tc_pair *pair;
	int r = pri_tc_session_tree(&session, bridge->ifindex, bridge->name, direction, &pair);

	for (size_t i = 0; r == 0 && i < session.count; i++)
		if (session.pairs[i]->touched)
			r = pri_tc_session_commit(&session, session.pairs[i]);
	if (r < 0)
		pri_tc_core->log(call, PRALLOC_LOG_WARNING, "%s: taps that came back: %s",
				 bridge->name, call->error ? call->error : strerror(-r));
	pri_tc_session_end(&session);
}

void pri_tc_look(struct pri_call *call)
{
	struct pri_tc_host *host = call->host;
	uint64_t deadline_ns = call->deadline_ns;

	pri_tc_watch_look(host);
	if (host->looked == host->changes || see(host, /* quiet= */ false) < 0)
		return;
	host->looked = host->changes;
	/* Who holds the lock of a link now does this itself. */
	call->deadline_ns = pri_tc_core->now_ns();
	for (size_t i = 0; !call->read_only && i < host->seen_count; i++) {
		const struct pri_tc_interface *bridge;
		enum pri_tc_direction direction;
		int owner;

		if (!pri_tc_ifb_owner(&host->seen[i], &direction, &owner))
			continue;
		bridge = find(host->seen, host->seen_count, owner);
		if (bridge)
			sync_tree(call, bridge, direction);
	}
	call->deadline_ns = deadline_ns;
}
