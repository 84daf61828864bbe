/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody may have removed at a tap by hand, with tc.  The kernel tells of interfaces that come
 * and go, but of qdiscs and filters only to who makes every change slower by listening to all of
 * them.  So a look holds for a second: at the tap of the NIC that is written to, and, where a whole
 * link is gone over anyway, whether all of its taps have their qdisc.
 */
#include "backend/tc/tc.h"

static bool redirects(struct pri_tc_host *host, const struct pri_tc_tree *tree, int ifindex)
{
	struct pri_tc_tap tap;

	return pri_tc_tap_look(&host->nl, ifindex, &tap) == 0 &&
	       tap.redirects[tree->direction] == tree->ifindex;
}

bool pri_tc_hand_holds(struct pri_tc_host *host, struct pri_tc_entry *entry,
		       struct pri_tc_port *port, uint64_t now_ns)
{
	if (pri_tc_is_looked_at(port, now_ns))
		return true;
	if (!redirects(host, &entry->tree, port->ifindex)) {
		entry->taps_ns = 0;
		return false;
	}
	port->looked_ns = now_ns;
	return true;
}

/* A tap that has gone comes back by itself. */
static bool look_at(struct pri_tc_session *session, struct pri_tc_pair *pair,
		    struct pri_tc_port *port)
{
	struct pri_tc_interface interface;
	struct pri_tc_host *host = session->call->host;

	if (pri_tc_interface(host, port->ifindex, NULL, &interface) < 0 ||
	    redirects(host, &pair->was, port->ifindex))
		return false;
	port->seen = true;
	pair->touched = true;
	return true;
}

/* Ask for the qdiscs of the taps from one on, as far as a batch gets: it ends where one is missing.
 * Returns how many were asked for. */
static uint32_t look_from(struct pri_tc_session *session, struct pri_tc_pair *pair, uint32_t begin,
			  bool *ret_missing)
{
	struct pri_tc_host *host = session->call->host;
	struct pri_tc_port *ports = &pair->wanted.ports[begin];
	struct pri_tc_batch batch = {0};
	uint32_t sent;

	for (uint32_t i = 0; i < pair->wanted.port_count - begin; i++) {
		pri_tc_group(&batch);
		pri_tc_clsact_get(&batch, ports[i].ifindex);
	}
	pri_tc_send(&host->nl, &batch);
	sent = batch.sent;
	for (uint32_t i = 0; i < sent; i++)
		if (batch.marks[i].refused && look_at(session, pair, &ports[i]))
			*ret_missing = true;
	pri_tc_batch_clear(&batch);
	return sent;
}

int pri_tc_hand_look(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	uint64_t now_ns = session->call->deadline_ns;
	struct pri_tc_pair *other;
	bool missing = false;
	uint32_t sent = 1;

	if (pair->entry && now_ns - pair->entry->taps_ns < PRI_TC_LOOK_NS)
		return 0;
	for (uint32_t i = 0; sent > 0 && i < pair->wanted.port_count; i += sent)
		sent = look_from(session, pair, i, &missing);
	if (pair->entry)
		pair->entry->taps_ns = now_ns;
	/* With a qdisc both directions have gone. */
	return missing ? pri_tc_session_tree(session, pair->was.owner, pair->was.owner_name,
					     1 - pair->was.direction, &other)
		       : 0;
}
