/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of one target: their trees, and all of each tree at once. */
#include <errno.h>
#include <stdlib.h>

#include "backend/tc/subject.h"

/* HTB forgets what was saved up longer ago. */
#define BURST_SEC_MAX 60

/* What only all changes together can tell. */
static int check_bursts(struct pri_tc_session *session, const struct pri_tc_tree *tree)
{
	for (uint32_t i = 0; i < tree->port_count; i++) {
		const struct pri_tc_port *port = &tree->ports[i];

		if (port->average != PRALLOC_UNLIMITED &&
		    port->burst / BURST_SEC_MAX > port->average)
			return pri_tc_error(session->call, -ERANGE,
					    "a burst of %llu bytes is more than HTB saves up "
					    "at %llu bytes/s (%d s)",
					    (unsigned long long)port->burst,
					    (unsigned long long)port->average, BURST_SEC_MAX);
	}
	return 0;
}

static int commit(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	int r;

	if (!pair->touched)
		return 0;
	pri_tc_leave_unset(&pair->wanted);
	r = check_bursts(session, &pair->wanted);
	return r < 0 ? r : pri_tc_session_commit(session, pair);
}

static void cancel(struct pri_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		changes[i].took = false;
		changes[i].error = -ECANCELED;
	}
}

static int plan(struct pri_tc_session *session, struct pri_change *changes, size_t n,
		struct pri_tc_pair **pairs)
{
	for (size_t i = 0; i < n; i++) {
		int r = pri_tc_want(session, &changes[i], &pairs[i]);

		if (r < 0) {
			pri_tc_blame(session->call, &changes[i], r);
			return r;
		}
	}
	return 0;
}

static void commit_all(struct pri_tc_session *session, struct pri_change *changes, size_t n,
		       struct pri_tc_pair **pairs)
{
	for (size_t p = 0; p < session->count; p++) {
		int r = commit(session, session->pairs[p]);

		for (size_t i = 0; i < n; i++) {
			if (pairs[i] != session->pairs[p])
				continue;
			changes[i].took = r == 0;
			changes[i].error = r;
			if (r < 0)
				pri_tc_blame(session->call, &changes[i], r);
		}
		if (r < 0)
			return;
	}
}

static void verify_all(struct pri_call *call, struct pri_change *changes, size_t n)
{
	struct pri_tc_session session = {.call = call};

	for (size_t i = 0; i < n; i++) {
		int r = changes[i].took && changes[i].verify
				? pri_tc_read_one(&session, &changes[i])
				: 0;

		if (r < 0)
			pri_tc_blame(call, &changes[i], r);
	}
	pri_tc_session_end(&session);
}

static int apply_all(struct pri_call *call, struct pri_change *changes, size_t n)
{
	struct pri_tc_session session = {.call = call, .plans = true, .writes = true};
	struct pri_tc_pair **pairs = calloc(n, sizeof(*pairs));

	if (!pairs)
		return -ENOMEM;
	if (plan(&session, changes, n, pairs) == 0)
		commit_all(&session, changes, n, pairs);
	pri_tc_session_end(&session);
	free(pairs);
	return 0;
}

int pri_tc_apply(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = pri_tc_prepare(call);

	if (r < 0)
		return r;
	cancel(changes, n);
	if (n == 1 && pri_tc_limit(call, changes))
		return 0;
	/* It may have seen interfaces come and go. */
	r = pri_tc_prepare(call);
	if (r == 0)
		r = apply_all(call, changes, n);
	if (r == 0)
		verify_all(call, changes, n);
	return r;
}
