/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading attributes. */
#include "backend/tc/subject.h"

static uint64_t or_default(uint64_t value, uint64_t when_none)
{
	return value ? value : when_none;
}

static uint64_t guaranteed(const struct pri_tc_tree *tree)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < tree->vm_count; i++)
		if (__builtin_add_overflow(sum, tree->vms[i].guarantee, &sum))
			return PRI_NUMBER_MAX;
	return sum;
}

static uint64_t setting_of(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
			   enum pri_tc_setting setting)
{
	static const struct pri_tc_port no_port = {.average = PRALLOC_UNLIMITED};
	static const struct pri_tc_vm no_vm = {.weight = PRI_TC_WEIGHT_DEFAULT};
	const struct pri_tc_vm *vm = port ? &tree->vms[port->vm] : &no_vm;

	if (!port)
		port = &no_port;
	switch (setting) {
	case PRI_TC_RATE:
		return port->average;
	case PRI_TC_PEAK:
		return or_default(port->peak, PRALLOC_UNLIMITED);
	case PRI_TC_BURST:
		return or_default(port->burst, PRALLOC_DEFAULT);
	case PRI_TC_WEIGHT:
		return vm->weight;
	case PRI_TC_GUARANTEE:
		return or_default(vm->guarantee, PRALLOC_DEFAULT);
	case PRI_TC_LINK:
		return tree->link == PRALLOC_UNLIMITED ? PRALLOC_DEFAULT : tree->link;
	default:
		return guaranteed(tree);
	}
}

static uint64_t class_drops(const struct pri_tc_tree *tree, const struct pri_tc_port *port)
{
	const struct pri_tc_class *c = port ? pri_tc_tree_class(tree, pri_tc_port_minor(port))
					    : NULL;

	return c ? c->drops : 0;
}

/* What the host receives from a tap the guest has sent. */
static uint64_t counter_of(const struct pri_tc_interface *i, const struct pri_tc_row *row)
{
	bool in = row->direction == PRI_TC_IN;

	switch (row->setting) {
	case PRI_TC_BYTES:
		return in ? i->tx_bytes : i->rx_bytes;
	case PRI_TC_PACKETS:
		return in ? i->tx_packets : i->rx_packets;
	default:
		return in ? i->tx_drops : i->rx_drops;
	}
}

/* A tree that was remembered may have been changed by hand, and has old counters: what is told is
 * read from the kernel. */
static int refresh(struct pri_tc_session *session, struct pri_tc_pair *pair,
		   struct pri_tc_port *port, bool record)
{
	int r = pri_tc_session_refresh(session, pair, port, record);

	return r < 0 ? pri_tc_session_reload(session, pair) : 0;
}

static int read_drops(struct pri_tc_session *session, const struct pri_tc_subject *subject,
		      const struct pri_change *change, uint64_t *ret_drops)
{
	int ifindex = subject->nic->ifindex;
	struct pri_tc_port *port;
	struct pri_tc_pair *pair;
	int r = pri_tc_session_tree(session, subject->owner, subject->owner_name,
				    pri_tc_row(change)->direction, &pair);

	*ret_drops = 0;
	if (r < 0)
		return r;
	port = pri_tc_tree_port_by_tap(&pair->was, ifindex);
	if (!port)
		return 0;
	r = refresh(session, pair, port, /* record= */ false);
	if (r == 0)
		*ret_drops = class_drops(&pair->was, pri_tc_tree_port_by_tap(&pair->was, ifindex));
	return r;
}

static int read_counter(struct pri_tc_session *session, const struct pri_tc_subject *subject,
			struct pri_change *change)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	struct pri_tc_interface interface;
	uint64_t drops = 0;
	int r = pri_tc_interface(session->call->host, subject->nic->ifindex, NULL, &interface);

	if (r < 0)
		return pri_tc_fail(session->call, r, subject->nic->tap, 0);
	change->held.number = counter_of(&interface, row);
	if (row->setting == PRI_TC_DROPS)
		r = read_drops(session, subject, change, &drops);
	change->held.number += drops;
	return r;
}

/* The larger one of both directions. */
static int read_committed(struct pri_tc_session *session, const struct pri_tc_subject *subject,
			  struct pri_change *change)
{
	change->held.number = 0;
	for (int d = 0; d < PRI_TC_DIRECTIONS; d++) {
		struct pri_tc_pair *pair;
		int r = pri_tc_session_tree(session, subject->owner, subject->owner_name, d, &pair);
		uint64_t sum;

		if (r < 0)
			return r;
		sum = guaranteed(&pair->was);
		if (sum > change->held.number)
			change->held.number = sum;
	}
	return 0;
}

/* The port of a domain in a tree: of a link, the first that has joined. */
static struct pri_tc_port *port_of(const struct pri_tc_session *session,
				   const struct pri_tc_tree *tree,
				   const struct pri_tc_subject *subject,
				   const struct pri_change *change)
{
	const struct pri_tc_domain *domain = session->call->domain;

	if (!subject->nic)
		return NULL;
	if (change->attr->instance != PRALLOC_INSTANCE_LINK)
		return pri_tc_tree_port_by_tap(tree, subject->nic->ifindex);
	for (size_t i = 0; i < domain->nic_count; i++) {
		const struct pri_tc_nic *nic = &domain->nics[i];
		struct pri_tc_port *port = pri_tc_is_on(nic, change->instance)
						   ? pri_tc_tree_port_by_tap(tree, nic->ifindex)
						   : NULL;

		if (port)
			return port;
	}
	return NULL;
}

static int refresh_subject(struct pri_tc_session *session, struct pri_tc_pair *pair,
			   const struct pri_tc_subject *subject, const struct pri_change *change)
{
	struct pri_tc_port *port = port_of(session, &pair->was, subject, change);

	if (subject->nic && !port)
		return 0;
	return refresh(session, pair, port, pri_tc_row(change)->setting != PRI_TC_RATE);
}

int pri_tc_read_one(struct pri_tc_session *session, struct pri_change *change)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	struct pri_tc_subject subject;
	struct pri_tc_pair *pair;
	int r = pri_tc_subject(session->call, change, &subject);

	if (r < 0)
		return r;
	if (row->setting >= PRI_TC_BYTES)
		return read_counter(session, &subject, change);
	if (row->setting == PRI_TC_COMMITTED)
		return read_committed(session, &subject, change);
	r = pri_tc_session_tree(session, subject.owner, subject.owner_name, row->direction, &pair);
	if (r == 0)
		r = refresh_subject(session, pair, &subject, change);
	if (r < 0)
		return r;
	change->held.number = setting_of(&pair->was, port_of(session, &pair->was, &subject, change),
					 row->setting);
	return 0;
}

int pri_tc_read(struct pri_call *call, struct pri_change *changes, size_t n)
{
	struct pri_tc_session session = {.call = call};
	int r = pri_tc_prepare(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		r = pri_tc_read_one(&session, &changes[i]);
		if (r < 0)
			pri_tc_blame(call, &changes[i], r);
	}
	pri_tc_session_end(&session);
	return 0;
}
