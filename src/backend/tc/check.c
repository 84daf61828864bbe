/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands against a change, before anything is written. */
#include <errno.h>

#include "backend/tc/model.h"
#include "backend/tc/subject.h"

static int check_link(struct pri_tc_session *session, const struct pri_tc_pair *pair,
		      const struct pri_change *change)
{
	const struct pri_tc_tree *tree = &pair->wanted;

	if (tree->link != PRALLOC_UNLIMITED || change->link_planned)
		return 0;
	return pri_tc_error(session->call, -EOPNOTSUPP,
			    "net.link.%s of %s is not set: there is nothing to divide by %s "
			    "(pralloc net shows links)",
			    tree->direction == PRI_TC_OUT ? "out" : "in", tree->owner_name,
			    pri_tc_row(change)->setting == PRI_TC_WEIGHT ? "weight" : "guarantee");
}

static int check_span(struct pri_tc_session *session, const struct pri_tc_tree *tree)
{
	uint32_t least = tree->vms[0].weight, most = least;

	for (uint32_t i = 1; i < tree->vm_count; i++) {
		least = tree->vms[i].weight < least ? tree->vms[i].weight : least;
		most = tree->vms[i].weight > most ? tree->vms[i].weight : most;
	}
	if (most <= (uint64_t)least * PRI_TC_SPAN_MAX)
		return 0;
	return pri_tc_error(session->call, -EOPNOTSUPP,
			    "weights of %u and %u on %s are further apart than %d:1, beyond "
			    "which what is lent does not follow them",
			    least, most, tree->owner_name, PRI_TC_SPAN_MAX);
}

static int check_one(struct pri_tc_session *session, const struct pri_change *change)
{
	struct pri_tc_pair *pair = NULL;
	int r = pri_tc_is_default(change) ? 0 : pri_tc_want(session, change, &pair);

	if (r < 0 || !pair)
		return r;
	if (!(change->flags & PRALLOC_ALLOW_INEFFECTIVE)) {
		r = check_link(session, pair, change);
		if (r == 0 && pri_tc_row(change)->setting == PRI_TC_WEIGHT)
			r = check_span(session, &pair->wanted);
	}
	if (r < 0 || pri_tc_row(change)->setting != PRI_TC_GUARANTEE)
		return r;
	return pri_tc_session_check(session, pair);
}

int pri_tc_check(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = pri_tc_prepare(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct pri_tc_session session = {.call = call, .plans = true};

		r = check_one(&session, &changes[i]);
		if (r < 0)
			pri_tc_blame(call, &changes[i], r);
		pri_tc_session_end(&session);
	}
	return 0;
}
