/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NICs that come to a tree, come back to it, and leave it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pralloc/ctx.h>

#include "backend/tc/tc.h"

static int check_tap(struct pri_tc_session *session, const struct pri_tc_nic *nic, uint32_t flags,
		     bool *ret_replace)
{
	struct pri_tc_host *host = session->call->host;
	struct pri_tc_tap tap;
	char text[PRI_TC_FOREIGN_TEXT];
	int r = pri_tc_tap_look(&host->nl, nic->ifindex, &tap);

	if (r < 0)
		return pri_tc_fail(session->call, r, nic->tap, 0);
	*ret_replace = pri_tc_foreign(&tap, text, sizeof(text));
	if (*ret_replace && !(flags & PRALLOC_REPLACE))
		return pri_tc_error(session->call, -EBUSY,
				    "%s has %s; PRALLOC_REPLACE takes it over until the "
				    "reset",
				    nic->tap, text);
	return 0;
}

static bool is_gone(struct pri_tc_session *session, const struct pri_tc_port *port)
{
	struct pri_tc_interface interface;

	return pri_tc_interface(session->call->host, port->ifindex, NULL, &interface) == -ENODEV;
}

/* Beside libvirt the name of a tap is given to another domain when the first one has stopped. */
static bool same_name(const struct pri_tc_host *host, const struct pri_tc_port *port,
		      const struct pri_tc_nic *nic)
{
	return !host->beside && (!port->has_mac || !nic->has_mac) &&
	       strcmp(port->name, nic->tap) == 0;
}

/* The class that a NIC had before its tap was made again, and that nobody else has its MAC. */
static int find_former(struct pri_tc_session *session, const struct pri_tc_tree *tree,
		       const struct pri_tc_nic *nic, struct pri_tc_port **ret_former)
{
	*ret_former = NULL;
	for (uint32_t i = 0; i < tree->port_count; i++) {
		struct pri_tc_port *port = &tree->ports[i];
		bool same_mac = port->has_mac && nic->has_mac &&
				memcmp(port->mac, nic->mac, sizeof(port->mac)) == 0;
		bool gone;

		if (port->ifindex == nic->ifindex ||
		    (!same_mac && !same_name(session->call->host, port, nic)))
			continue;
		gone = is_gone(session, port);
		if (gone)
			*ret_former = port;
		if (!gone && same_mac)
			return pri_tc_error(session->call, -EBUSY,
					    "%s and %s of %s have the same MAC %s", nic->tap,
					    port->name, tree->owner_name, nic->mac_text);
	}
	return 0;
}

/* Give a port to the domain that it is of, with what has been set for it. */
static int adopt(struct pri_tc_tree *tree, struct pri_tc_port *port,
		 const struct pri_tc_domain *domain, bool is_new)
{
	struct pri_tc_vm former = {.weight = PRI_TC_WEIGHT_DEFAULT};
	uint32_t before = tree->vm_count;
	uint16_t vm;
	int r;

	if (!is_new)
		former = tree->vms[port->vm];
	/* A port alone may belong to a VM that somebody else knows better. */
	if (!is_new && domain->name && domain->nic_count == 1)
		return 0;
	r = pri_tc_tree_vm(tree, domain->id, &vm);
	if (r < 0)
		return r;
	if (tree->vm_count > before) {
		tree->vms[vm].weight = former.weight;
		tree->vms[vm].guarantee = former.guarantee;
	}
	port->vm = vm;
	return 0;
}

static bool same_mac(const struct pri_tc_port *port, const struct pri_tc_nic *nic)
{
	return !nic->has_mac ||
	       (port->has_mac && memcmp(port->mac, nic->mac, sizeof(port->mac)) == 0);
}

int pri_tc_join(struct pri_tc_session *session, struct pri_tc_pair *pair,
		const struct pri_tc_domain *domain, const struct pri_tc_nic *nic, uint32_t flags,
		struct pri_tc_port **ret_port)
{
	struct pri_tc_tree *tree = &pair->wanted;
	struct pri_tc_port *port = pri_tc_tree_port_by_tap(tree, nic->ifindex), *former = NULL;
	bool is_new = false, replace = false;
	int r = 0;

	if (nic->refused)
		return pri_tc_error(session->call, -EOPNOTSUPP, "%s", nic->refused);
	if (!port || !same_mac(port, nic))
		r = find_former(session, tree, nic, &former);
	if (r == 0 && !port) {
		port = former;
		r = check_tap(session, nic, flags, &replace);
	}
	if (r == 0 && !port) {
		is_new = true;
		r = pri_tc_tree_add(tree, &port);
		if (r == -ENOSPC)
			r = pri_tc_error(session->call, r, "%s has no room for more NICs",
					 tree->owner_name);
	}
	if (r < 0 || !port)
		return r;
	if (pair->fresh || !pri_tc_is_looked_at(port, session->call->deadline_ns)) {
		port->seen = true;
		port->looked_ns = session->call->deadline_ns;
	}
	port->replace = replace;
	port->ifindex = nic->ifindex;
	memcpy(port->name, nic->tap, sizeof(port->name));
	if (nic->has_mac) {
		port->has_mac = true;
		memcpy(port->mac, nic->mac, sizeof(port->mac));
	}
	pair->touched = true;
	r = adopt(tree, port, domain, is_new);
	if (r == 0)
		*ret_port = port;
	return r;
}

static void drop_gone(struct pri_tc_session *session, struct pri_tc_tree *tree)
{
	for (uint32_t i = tree->port_count; i-- > 0;)
		if (is_gone(session, &tree->ports[i]))
			pri_tc_tree_remove(tree, &tree->ports[i]);
}

static struct pri_tc_nic nic_of(struct pri_tc_host *host, const struct pri_tc_interface *interface)
{
	struct pri_tc_nic nic = {.ifindex = interface->ifindex};

	memcpy(nic.tap, interface->name, sizeof(nic.tap));
	nic.has_mac = pri_tc_mac_learn(host, interface, nic.mac);
	pri_tc_mac_print(nic.mac, nic.mac_text);
	return nic;
}

static int join_interface(struct pri_tc_session *session, struct pri_tc_pair *pair,
			  const struct pri_tc_nic *nic, uint32_t flags)
{
	struct pri_tc_domain domain = {.name = (char *)nic->tap, .nic_count = 1};
	struct pri_tc_port *port;

	pri_tc_name_id(nic->tap, domain.id);
	return pri_tc_join(session, pair, &domain, nic, flags, &port);
}

int pri_tc_join_all(struct pri_tc_session *session, struct pri_tc_pair *pair, uint32_t flags)
{
	pri_autofree struct pri_tc_interface *all = NULL;
	struct pri_tc_host *host = session->call->host;
	size_t n = 0, joined = 0;
	int r = pri_tc_interfaces(host, pair->was.owner, NULL, &all, &n);

	if (r < 0)
		return pri_tc_fail(session->call, r, pair->was.owner_name, 0);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct pri_tc_nic nic;

		if (!pri_tc_is_workload(host, &all[i]))
			continue;
		nic = nic_of(host, &all[i]);
		r = join_interface(session, pair, &nic, flags);
		joined++;
	}
	drop_gone(session, &pair->wanted);
	if (r == 0 && joined == 0)
		r = pri_tc_error(session->call, -ENODEV,
				 "%s has no taps (start a domain on it first)",
				 pair->was.owner_name);
	return r;
}

static bool is_known(const struct pri_tc_tree *tree, int ifindex)
{
	return pri_tc_tree_port_by_tap(tree, ifindex) != NULL;
}

/* One that has come, or come back.  One that cannot join is somebody else's trouble. */
static void sync_interface(struct pri_tc_session *session, struct pri_tc_pair *pair,
			   const struct pri_tc_interface *interface)
{
	struct pri_tc_nic nic = nic_of(session->call->host, interface);
	struct pri_tc_port *former = NULL;
	int r = find_former(session, &pair->wanted, &nic, &former);

	if (r == 0 && (former || pair->wanted.link != PRALLOC_UNLIMITED))
		r = join_interface(session, pair, &nic, /* flags= */ 0);
	if (r < 0)
		pri_tc_core->log(session->call, PRALLOC_LOG_WARNING, "%s is not divided: %s",
				 interface->name,
				 session->call->error ? session->call->error : strerror(-r));
}

int pri_tc_sync(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	pri_autofree struct pri_tc_interface *all = NULL;
	struct pri_tc_host *host = session->call->host;
	size_t n = 0;
	int r = pri_tc_interfaces(host, pair->was.owner, NULL, &all, &n);

	if (r < 0)
		return pri_tc_fail(session->call, r, pair->was.owner_name, 0);
	for (size_t i = 0; i < n; i++)
		if (pri_tc_is_workload(host, &all[i]) && !is_known(&pair->wanted, all[i].ifindex))
			sync_interface(session, pair, &all[i]);
	return 0;
}

void pri_tc_leave_unset(struct pri_tc_tree *tree)
{
	if (tree->link != PRALLOC_UNLIMITED)
		return;
	for (uint32_t i = tree->port_count; i-- > 0;)
		if (!pri_tc_port_is_set(tree, &tree->ports[i]))
			pri_tc_tree_remove(tree, &tree->ports[i]);
}
