/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limit of one NIC, which concerns nobody else: one message, whatever stands beside it.  For
 * this the tree has to be known already, and the NIC to be in it with nothing but an average.
 */
#include <errno.h>
#include <string.h>

#include "backend/tc/tc.h"

static struct pri_tc_port *find_port(const struct pri_tc_host *host, struct pri_tc_entry *entry,
				     int ifindex, uint64_t average)
{
	struct pri_tc_port *port;

	if (!pri_tc_entry_holds(host, entry) || !entry->tree.laid_out)
		return NULL;
	port = pri_tc_tree_port_by_tap(&entry->tree, ifindex);
	if (!port || port->nested || port->peak || port->burst)
		return NULL;
	/* Where there is no link, who has no limit leaves. */
	return entry->tree.link == PRALLOC_UNLIMITED && average == PRALLOC_UNLIMITED ? NULL : port;
}

static int send_limit(struct pri_tc_host *host, struct pri_tc_entry *entry,
		      struct pri_tc_port *port, uint64_t average)
{
	struct pri_tc_class *c = pri_tc_tree_class(&entry->tree, port->slot);
	struct pri_tc_port changed = *port;
	struct pri_tc_class wanted = *c;
	int r;

	changed.average = average;
	pri_tc_layout_limit(&entry->tree, &changed, &wanted);
	pri_tc_batch_reset(&host->batch);
	pri_tc_class_change(&host->batch, entry->tree.ifindex, &wanted);
	pri_tc_entry_begin(entry);
	r = pri_tc_send(&host->nl, &host->batch);
	pri_tc_entry_end(entry);
	entry->valid = r == 0;
	entry->number = pri_tc_entry_number(entry);
	if (r < 0)
		return r;
	*port = changed;
	*c = wanted;
	return 0;
}

static bool limit_locked(struct pri_call *call, const struct pri_tc_nic *nic,
			 struct pri_change *change)
{
	uint64_t wanted = change->wanted.number;
	uint64_t average = wanted == PRALLOC_DEFAULT ? PRALLOC_UNLIMITED : wanted;
	struct pri_tc_host *host = call->host;
	struct pri_tc_entry *entry =
		pri_tc_entry(call, nic->owner, pri_tc_row(change)->direction, /* make= */ true);
	struct pri_tc_port *port = entry ? find_port(host, entry, nic->ifindex, average) : NULL;

	/* When it fails the long way finds out why, and repairs. */
	if (!port || send_limit(host, entry, port, average) < 0)
		return false;
	change->took = true;
	change->error = 0;
	return true;
}

bool pri_tc_limit(struct pri_call *call, struct pri_change *change)
{
	const struct pri_tc_domain *domain = call->domain;
	const struct pri_tc_nic *nic;
	int lock = -1, r;
	bool done;

	if (!domain || pri_tc_row(change)->setting != PRI_TC_RATE)
		return false;
	nic = pri_tc_nic_find(domain, change->instance);
	if (!nic || nic->refused)
		return false;
	r = pri_tc_core->lock(call, nic->owner_name, &lock);
	if (r < 0) {
		pri_tc_core->fail_change(call, change, r, "%s",
					 call->error ? call->error : strerror(-r));
		return true;
	}
	done = limit_locked(call, nic, change);
	pri_tc_core->unlock(lock);
	return done;
}
