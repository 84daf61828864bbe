/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trees that one call touches: each loaded once, locked once, committed once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/tc/tc.h"

static bool is_locked(const struct pri_tc_session *session, int owner)
{
	for (size_t i = 0; i < session->count; i++)
		if (session->pairs[i]->was.owner == owner && session->pairs[i]->lock >= 0)
			return true;
	return false;
}

static int open_pair(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	struct pri_tc_host *host = session->call->host;
	const char *name = pair->was.owner_name;
	int r = 0;

	pair->lock = -1;
	if (session->writes && !is_locked(session, pair->was.owner))
		r = pri_tc_core->lock(session->call, name, &pair->lock);
	if (r < 0)
		return r;
	r = pri_tc_tree_load(&host->nl, &pair->was);
	if (r == 0)
		r = pri_tc_tree_copy(&pair->wanted, &pair->was);
	if (r < 0)
		return pri_tc_fail(session->call, r, name, 0);
	return session->writes && pair->was.built ? pri_tc_sync(session, pair) : 0;
}

int pri_tc_session_tree(struct pri_tc_session *session, int owner, const char *owner_name,
			enum pri_tc_direction direction, struct pri_tc_pair **ret_pair)
{
	struct pri_tc_pair **more, *pair;

	for (size_t i = 0; i < session->count; i++) {
		*ret_pair = session->pairs[i];
		if ((*ret_pair)->was.owner == owner && (*ret_pair)->was.direction == direction)
			return 0;
	}
	more = realloc(session->pairs, (session->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	session->pairs = more;
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	pair->was = (struct pri_tc_tree){.owner = owner, .direction = direction};
	snprintf(pair->was.owner_name, sizeof(pair->was.owner_name), "%s", owner_name);
	more[session->count++] = *ret_pair = pair;
	return open_pair(session, pair);
}

static int fail_layout(struct pri_tc_session *session, const struct pri_tc_pair *pair, int code)
{
	const struct pri_tc_tree *tree = &pair->wanted;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < tree->vm_count; i++)
		if (__builtin_add_overflow(sum, tree->vms[i].guarantee, &sum))
			sum = UINT64_MAX;
	if (code == -ENOSPC)
		return pri_tc_core->fail(session->call, code,
					 "the guarantees on %s would be %llu bytes/s, more than "
					 "its %llu (net.link.%s; or take from another domain)",
					 tree->owner_name, (unsigned long long)sum,
					 (unsigned long long)tree->link,
					 tree->direction == PRI_TC_OUT ? "out" : "in");
	if (code == -EOPNOTSUPP)
		return pri_tc_core->fail(session->call, code,
					 "a peak needs a class that several NICs on one link "
					 "cannot share (set the average alone)");
	return code;
}

int pri_tc_session_check(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	int r = pri_tc_layout(&pair->wanted);

	return r < 0 ? fail_layout(session, pair, r) : 0;
}

int pri_tc_session_commit(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	struct pri_tc_host *host = session->call->host;
	int r = pri_tc_session_check(session, pair), left = 0;

	if (r < 0)
		return r;
	r = pri_tc_commit(&host->nl, &pair->was, &pair->wanted, &left);
	return r < 0 ? pri_tc_fail(session->call, r, pair->was.owner_name, left) : 0;
}

void pri_tc_session_end(struct pri_tc_session *session)
{
	for (size_t i = 0; i < session->count; i++) {
		pri_tc_tree_clear(&session->pairs[i]->was);
		pri_tc_tree_clear(&session->pairs[i]->wanted);
		pri_tc_core->unlock(session->pairs[i]->lock);
		free(session->pairs[i]);
	}
	free(session->pairs);
	session->pairs = NULL;
	session->count = 0;
}
