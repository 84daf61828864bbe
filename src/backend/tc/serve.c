/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the attributes mean in a tree: read, check, apply. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/tc/model.h"
#include "backend/tc/tc.h"

/* HTB forgets what was saved up longer ago. */
#define BURST_SEC_MAX 60

/* What a change is about. */
struct subject {
	int owner;
	const char *owner_name;
	const struct pri_tc_nic *nic;	/* of a domain: the NIC, or the first one on the link */
	struct pri_tc_interface bridge; /* of a host */
};

static int find_host_subject(struct pri_call *call, const struct pri_change *change,
			     struct subject *subject)
{
	int r = pri_tc_link_bridge(call, change->instance, &subject->bridge);

	subject->owner = subject->bridge.ifindex;
	subject->owner_name = subject->bridge.name;
	return r;
}

static bool is_on(const struct pri_tc_nic *nic, const char *link)
{
	return nic->link && strcmp(nic->link, link) == 0;
}

static const struct pri_tc_nic *first_on(const struct pri_tc_domain *domain, const char *link)
{
	for (size_t i = 0; i < domain->nic_count; i++)
		if (is_on(&domain->nics[i], link))
			return &domain->nics[i];
	return NULL;
}

static int find_subject(struct pri_call *call, const struct pri_change *change,
			struct subject *subject)
{
	const struct pri_tc_domain *domain = call->domain;

	*subject = (struct subject){0};
	if (!domain)
		return find_host_subject(call, change, subject);
	subject->nic = change->attr->instance == PRALLOC_INSTANCE_LINK
			       ? first_on(domain, change->instance)
			       : pri_tc_nic_find(domain, change->instance);
	if (!subject->nic)
		return pri_tc_error(call, -ENODEV, "the domain has no NIC %s any more",
				    change->instance);
	if (subject->nic->refused)
		return pri_tc_error(call, -EOPNOTSUPP, "%s", subject->nic->refused);
	subject->owner = subject->nic->owner;
	subject->owner_name = subject->nic->owner_name;
	return 0;
}

/* Reading. */

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

/* A tree that was remembered may have been changed by hand: what is told is read from the kernel. */
static int refresh(struct pri_tc_session *session, struct pri_tc_pair *pair,
		   const struct subject *subject, const struct pri_change *change);

static int read_counter(struct pri_tc_session *session, const struct subject *subject,
			struct pri_change *change)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	struct pri_tc_interface interface;
	struct pri_tc_pair *pair;
	int r = pri_tc_interface(session->call->host, subject->nic->ifindex, NULL, &interface);

	if (r < 0)
		return pri_tc_fail(session->call, r, subject->nic->tap, 0);
	change->held.number = counter_of(&interface, row);
	if (row->setting != PRI_TC_DROPS)
		return 0;
	r = pri_tc_session_tree(session, subject->owner, subject->owner_name, row->direction,
				&pair);
	if (r < 0)
		return r;
	change->held.number +=
		class_drops(&pair->was, pri_tc_tree_port_by_tap(&pair->was, subject->nic->ifindex));
	return 0;
}

/* The larger one of both directions. */
static int read_committed(struct pri_tc_session *session, const struct subject *subject,
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
				   const struct pri_tc_tree *tree, const struct subject *subject,
				   const struct pri_change *change)
{
	const struct pri_tc_domain *domain = session->call->domain;

	if (!subject->nic)
		return NULL;
	if (change->attr->instance != PRALLOC_INSTANCE_LINK)
		return pri_tc_tree_port_by_tap(tree, subject->nic->ifindex);
	for (size_t i = 0; i < domain->nic_count; i++) {
		const struct pri_tc_nic *nic = &domain->nics[i];
		struct pri_tc_port *port = is_on(nic, change->instance)
						   ? pri_tc_tree_port_by_tap(tree, nic->ifindex)
						   : NULL;

		if (port)
			return port;
	}
	return NULL;
}

static int refresh(struct pri_tc_session *session, struct pri_tc_pair *pair,
		   const struct subject *subject, const struct pri_change *change)
{
	struct pri_tc_port *port = port_of(session, &pair->was, subject, change);
	int r = subject->nic && !port ? 0 : pri_tc_session_refresh(session, pair, port);

	return r < 0 ? pri_tc_session_reload(session, pair) : 0;
}

static int read_one(struct pri_tc_session *session, struct pri_change *change)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	struct subject subject;
	struct pri_tc_pair *pair;
	int r = find_subject(session->call, change, &subject);

	if (r < 0)
		return r;
	if (row->setting >= PRI_TC_BYTES)
		return read_counter(session, &subject, change);
	if (row->setting == PRI_TC_COMMITTED)
		return read_committed(session, &subject, change);
	r = pri_tc_session_tree(session, subject.owner, subject.owner_name, row->direction, &pair);
	if (r == 0)
		r = refresh(session, pair, &subject, change);
	if (r < 0)
		return r;
	change->held.number = setting_of(&pair->was, port_of(session, &pair->was, &subject, change),
					 row->setting);
	return 0;
}

/* The text of the call becomes that of the change. */
static void blame(const struct pri_call *call, struct pri_change *change, int code)
{
	pri_tc_core->fail_change(call, change, code, "%s",
				 call->error ? call->error : strerror(-code));
}

static int prepare(struct pri_call *call)
{
	return call->domain ? pri_tc_nics(call, call->domain) : 0;
}

int pri_tc_read(struct pri_call *call, struct pri_change *changes, size_t n)
{
	struct pri_tc_session session = {.call = call};
	int r = prepare(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		r = read_one(&session, &changes[i]);
		if (r < 0)
			blame(call, &changes[i], r);
	}
	pri_tc_session_end(&session);
	return 0;
}

/* Changing what is wanted. */

static bool is_default(const struct pri_change *change)
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
	uint64_t value = is_default(change) ? 0 : change->wanted.number;

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
	if (is_default(change)) {
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
	if (is_default(change) && !pri_tc_tree_port_by_tap(&pair->wanted, nic->ifindex))
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
		if (is_on(&domain->nics[i], change->instance))
			r = set_nic(session, pair, &domain->nics[i], change);
	return r;
}

static int set_one(struct pri_tc_session *session, const struct pri_change *change,
		   struct pri_tc_pair **ret_pair)
{
	const struct pri_tc_row *row = pri_tc_row(change);
	struct subject subject;
	int r = find_subject(session->call, change, &subject);

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

/* Check. */

static int check_link(struct pri_tc_session *session, const struct pri_tc_pair *pair,
		      const struct pri_change *change)
{
	const struct pri_tc_tree *tree = &pair->wanted;

	if (tree->link != PRALLOC_UNLIMITED)
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
	int r = is_default(change) ? 0 : set_one(session, change, &pair);

	if (r < 0 || !pair)
		return r;
	if (!(change->flags & PRALLOC_ALLOW_INEFFECTIVE)) {
		r = check_link(session, pair, change);
		if (r == 0 && pri_tc_row(change)->setting == PRI_TC_WEIGHT)
			r = check_span(session, &pair->wanted);
	}
	return r < 0 ? r : pri_tc_session_check(session, pair);
}

int pri_tc_check(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = prepare(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct pri_tc_session session = {.call = call, .plans = true};

		r = check_one(&session, &changes[i]);
		if (r < 0)
			blame(call, &changes[i], r);
		pri_tc_session_end(&session);
	}
	return 0;
}

/* Apply. */

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
		int r = set_one(session, &changes[i], &pairs[i]);

		if (r < 0) {
			blame(session->call, &changes[i], r);
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
				blame(session->call, &changes[i], r);
		}
		if (r < 0)
			return;
	}
}

static void verify_all(struct pri_call *call, struct pri_change *changes, size_t n)
{
	struct pri_tc_session session = {.call = call};

	for (size_t i = 0; i < n; i++) {
		int r = changes[i].took && changes[i].verify ? read_one(&session, &changes[i]) : 0;

		if (r < 0)
			blame(call, &changes[i], r);
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
	int r = prepare(call);

	if (r < 0)
		return r;
	cancel(changes, n);
	if (n > 1 || !pri_tc_limit(call, changes))
		r = apply_all(call, changes, n);
	if (r == 0)
		verify_all(call, changes, n);
	return r;
}
