/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a change means in a tree. */
#include "backend/tc/subject.h"

bool pri_tc_is_default(const struct pri_change *change)
{
	uint64_t value = change->wanted.number;

	switch (pri_tc_row(change)->setting) {
	case PRI_TC_RATE:
	case PRI_TC_PEAK:
		return value == PRALLOC_UNLIMITED || value == PRALLOC_DEFAULT;
	case PRI_TC_WEIGHT:
		return value == PRI_TC_WEIGHT_DEFAULT || value == PRALLOC_DEFAULT;
	default:
		return value == PRALLOC_DEFAULT;
	}
}

static void put_setting(struct pri_tc_tree *tree, struct pri_tc_port *port,
			const struct pri_change *change)
{
	uint64_t value = pri_tc_is_default(change) ? 0 : change->wanted.number;

	switch (pri_tc_row(change)->setting) {
	case PRI_TC_RATE:
		port->average = value ? value : PRALLOC_UNLIMITED;
		break;
	case PRI_TC_PEAK:
		port->peak = value;
		break;
	case PRI_TC_BURST:
		port->burst = value;
		break;
	case PRI_TC_WEIGHT:
		tree->vms[port->vm].weight = value ? (uint32_t)value : PRI_TC_WEIGHT_DEFAULT;
		break;
	default:
		tree->vms[port->vm].guarantee = value;
		break;
	}
}

static int set_link(struct pri_tc_session *session, struct pri_tc_pair *pair,
		    const struct pri_change *change)
{
	pair->touched = true;
	if (pri_tc_is_default(change)) {
		pair->wanted.link = PRALLOC_UNLIMITED;
		return 0;
	}
	pair->wanted.link = change->wanted.number;
	return pri_tc_join_all(session, pair, change->flags);
}

static int set_nic(struct pri_tc_session *session, struct pri_tc_pair *pair,
		   const struct pri_tc_nic *nic, const struct pri_change *change)
{
	struct pri_tc_port *port;
	int r;

	/* What is not there has the default already. */
	if (pri_tc_is_default(change) && !pri_tc_tree_port_by_tap(&pair->wanted, nic->ifindex))
		return 0;
	r = pri_tc_join(session, pair, session->call->domain, nic, change->flags, &port);
	if (r == 0)
		put_setting(&pair->wanted, port, change);
	return r;
}

static int set_nics(struct pri_tc_session *session, struct pri_tc_pair *pair,
		    const struct pri_change *change)
{
	const struct pri_tc_domain *domain = session->call->domain;
	int r = 0;

	for (size_t i = 0; r == 0 && i < domain->nic_count; i++)
		if (pri_tc_is_on(&domain->nics[i], change->instance))
			r = set_nic(session, pair, &domain->nics[i], change);
	return r;
}

int pri_tc_want(struct pri_tc_session *session, const struct pri_change *change,
		struct pri_tc_pair **ret_pair)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	struct pri_tc_subject subject;
	int r = pri_tc_subject(session->call, change, &subject);

	if (r == 0)
		r = pri_tc_session_tree(session, subject.owner, subject.owner_name, row->direction,
					ret_pair);
	if (r < 0 || !*ret_pair)
		return r;
	if (row->setting == PRI_TC_LINK)
		return set_link(session, *ret_pair, change);
	if (change->attr->instance == PRALLOC_INSTANCE_LINK)
		return set_nics(session, *ret_pair, change);
	return set_nic(session, *ret_pair, subject.nic, change);
}
