/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limit of one NIC, which concerns nobody else: one message, whatever stands beside it.  For
 * this the tree has to be known already, nobody may be writing it (turn.h), and the NIC has to be
 * in it with nothing but an average.  The kernel's answer tells what the class has then, so that
 * nothing is asked to verify it.
 */
#include "backend/tc/tc.h"

static struct pri_tc_entry *entry_of(const struct pri_tc_host *host, struct pri_tc_nic *nic,
				     enum pri_tc_direction direction)
{
	struct pri_tc_seat *seat = &nic->seats[direction];

	if (!seat->entry || seat->entry->tree.owner != nic->owner)
		seat->entry = pri_tc_entry_find(host, nic->owner, direction);
	return seat->entry;
}

static struct pri_tc_port *port_of(const struct pri_tc_tree *tree, struct pri_tc_nic *nic)
{
	struct pri_tc_seat *seat = &nic->seats[tree->direction];
	struct pri_tc_port *port;

	if (seat->port < tree->port_count && tree->ports[seat->port].ifindex == nic->ifindex)
		return &tree->ports[seat->port];
	port = pri_tc_tree_port_by_tap(tree, nic->ifindex);
	if (port)
		seat->port = (uint32_t)(port - tree->ports);
	return port;
}

/* Where there is no link, who has no limit leaves. */
static bool is_single(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
		      uint64_t average)
{
	return port && !port->nested && !port->peak && !port->burst &&
	       (tree->link != PRALLOC_UNLIMITED || average != PRALLOC_UNLIMITED);
}

static bool send_limit(struct pri_tc_host *host, struct pri_tc_entry *entry,
		       struct pri_tc_port *port, uint64_t average, struct pri_tc_class *echo)
{
	struct pri_tc_class *c = pri_tc_tree_class(&entry->tree, port->slot);
	struct pri_tc_port changed = *port;
	struct pri_tc_class wanted = *c;
	struct nlmsghdr *message;
	bool sent;

	changed.average = average;
	pri_tc_layout_limit(&entry->tree, &changed, &wanted);
	pri_tc_batch_reset(&host->batch);
	pri_tc_class_change(&host->batch, entry->tree.ifindex, &wanted);
	if (host->batch.failed || !pri_tc_entry_try(host, entry))
		return false;
	message = (struct nlmsghdr *)(void *)host->batch.data;
	message->nlmsg_flags |= echo ? NLM_F_ECHO : 0;
	sent = pri_tc_watch_send(host, message, echo);
	if (!pri_tc_entry_end(entry, /* wrote= */ true) || !sent) {
		entry->valid = false;
		return false;
	}
	port->average = average;
	*c = wanted;
	return true;
}

/* When it fails the long way finds out why, and repairs. */
bool pri_tc_limit(struct pri_call *call, struct pri_change *change)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	uint64_t average = change->wanted.number == PRALLOC_DEFAULT ? PRALLOC_UNLIMITED
								    : change->wanted.number;
	struct pri_tc_host *host = call->host;
	struct pri_tc_entry *entry;
	struct pri_tc_class echo;
	struct pri_tc_port *port;
	struct pri_tc_nic *nic;

	if (!call->domain || row->setting != PRI_TC_RATE)
		return false;
	nic = pri_tc_nic_find(call->domain, change->instance);
	if (!nic || nic->refused)
		return false;
	entry = entry_of(host, nic, row->direction);
	if (!entry || !pri_tc_entry_holds(host, entry) || !entry->tree.laid_out ||
	    !pri_tc_entry_has_file(entry, call->deadline_ns))
		return false;
	port = port_of(&entry->tree, nic);
	if (!is_single(&entry->tree, port, average) ||
	    !pri_tc_hand_holds(host, entry, port, call->deadline_ns) ||
	    !send_limit(host, entry, port, average, change->verify ? &echo : NULL))
		return false;
	if (change->verify)
		change->held.number = pri_tc_class_limit(&echo);
	change->took = true;
	change->error = 0;
	return true;
}
