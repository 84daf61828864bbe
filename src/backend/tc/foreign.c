/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody else has put on a tap: recognised, and where that is asked for recorded, removed,
 * and put back when we leave.
 *
 * The record is a file of the messages that make it again (store.c), next to the locks, so that any
 * process finds it.  It is written before anything is removed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "backend/tc/tc.h"

/* Whose a root qdisc is; those that limit no rate may stay. */
static const struct {
	const char *kind, *whose;
} shapers[] = {
	{"htb", "libvirt's <bandwidth> inbound has one, or tc"},
	{"hfsc", "Open vSwitch has one, or tc"},
	{"tbf", "of tc"},
	{"cake", "of tc"},
	{"cbq", "of tc"},
	{"netem", "of tc"},
	{"drr", "of tc"},
	{"qfq", "of tc"},
};

bool pri_tc_foreign(const struct pri_tc_tap *tap, char *text, size_t size)
{
	if (strcmp(tap->ingress, "ingress") == 0) {
		snprintf(text, size,
			 "an ingress qdisc (libvirt's <bandwidth> outbound and Open vSwitch's "
			 "policing have one, or tc)");
		return true;
	}
	if (tap->foreign) {
		snprintf(text, size, "filters of somebody else in its clsact qdisc");
		return true;
	}
	for (size_t i = 0; i < PRI_ARRAY_SIZE(shapers); i++) {
		if (strcmp(tap->root, shapers[i].kind) != 0)
			continue;
		snprintf(text, size, "a root qdisc %s, which limits (%s)", tap->root,
			 shapers[i].whose);
		return true;
	}
	return false;
}

static int remove_qdiscs(struct pri_tc_host *host, int ifindex, const struct pri_tc_tap *tap)
{
	struct pri_tc_batch batch = {0};
	bool limits = false;
	int r;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(shapers); i++)
		limits |= strcmp(tap->root, shapers[i].kind) == 0;
	if (limits)
		pri_tc_qdisc_delete(&batch, ifindex, TC_H_ROOT);
	if (*tap->ingress)
		pri_tc_qdisc_delete(&batch, ifindex, TC_H_INGRESS);
	r = pri_tc_send(&host->nl, &batch);
	pri_tc_batch_clear(&batch);
	return r;
}

int pri_tc_foreign_replace(struct pri_call *call, int ifindex)
{
	pri_autofree char *path = pri_tc_store_path(call, ifindex);
	struct pri_tc_host *host = call->host;
	struct pri_tc_batch record = {0};
	struct pri_tc_tap tap;
	char text[PRI_TC_FOREIGN_TEXT];
	int r = path ? pri_tc_tap_look(&host->nl, ifindex, &tap) : -ENOMEM;

	/* The tree of the other direction has done it. */
	if (r == 0 && !pri_tc_foreign(&tap, text, sizeof(text)))
		return 0;
	if (r == 0)
		r = pri_tc_record_foreign(&host->nl, ifindex, &record);
	if (r == 0)
		r = pri_tc_store_write(path, &record);
	pri_tc_batch_clear(&record);
	return r == 0 ? remove_qdiscs(host, ifindex, &tap) : r;
}

static int check_record(struct pri_call *call, const struct pri_tc_port *port)
{
	pri_autofree char *path = pri_tc_store_path(call, port->ifindex);
	struct pri_tc_host *host = call->host;
	struct pri_tc_batch batch = {0};
	struct pri_tc_tap tap;
	int r = path ? pri_tc_store_read(path, &batch) : -ENOMEM;

	pri_tc_batch_clear(&batch);
	/* With the tap it is gone that it was of. */
	if (r == -ENOENT || (r < 0 && pri_tc_tap_look(&host->nl, port->ifindex, &tap) == -ENODEV))
		return 0;
	if (r == -ENOMEM)
		return r;
	if (r == -EBADMSG)
		return pri_tc_error(call, -EIO,
				    "what %s had from somebody else is recorded in %s, which is "
				    "not whole (make it again by hand, with tc; then remove the "
				    "file)",
				    port->name, path);
	return r < 0 ? pri_tc_error(call, r == -EACCES ? r : -EIO, "%s: %s%s", path, strerror(-r),
				    r == -EACCES ? " (it has to be a file of this user)" : "")
		     : 0;
}

int pri_tc_foreign_check(struct pri_call *call, const struct pri_tc_tree *was,
			 const struct pri_tc_tree *wanted)
{
	for (uint32_t i = 0; i < was->port_count; i++) {
		const struct pri_tc_port *port = pri_tc_tree_port(wanted, was->ports[i].slot, i);
		int r = port && port->ifindex == was->ports[i].ifindex
				? 0
				: check_record(call, &was->ports[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int pri_tc_foreign_restore(struct pri_call *call, int ifindex)
{
	pri_autofree char *path = pri_tc_store_path(call, ifindex);
	struct pri_tc_host *host = call->host;
	struct pri_tc_batch batch = {0};
	struct pri_tc_tap tap;
	int r;

	if (!path)
		return -ENOMEM;
	if (access(path, F_OK) < 0)
		return 0;
	r = pri_tc_tap_look(&host->nl, ifindex, &tap);
	/* Still ours in the other direction. */
	if (r == 0 && *tap.ingress)
		return 0;
	if (r == 0)
		r = pri_tc_store_read(path, &batch);
	if (r == 0)
		r = pri_tc_send(&host->nl, &batch);
	pri_tc_batch_clear(&batch);
	if (r == 0 || r == -ENODEV)
		unlink(path);
	return r == -ENODEV ? 0 : r;
}
