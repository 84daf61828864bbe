/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the tree that is to the tree that is wanted, in messages that each have one that takes it
 * back.
 *
 * Order: rates that become less; NICs that leave; NICs that come; rates that become more.  All of
 * a NIC is one group, and its redirect is the last that comes and the first that goes, so that
 * between two groups, where a process may be killed, every NIC is either there or not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "backend/tc/commit.h"
#include "backend/tc/model.h"

static bool same_seat(const struct pri_tc_commit *commit, const struct pri_tc_port *a,
		      const struct pri_tc_port *b)
{
	if (!a->nested && !b->nested)
		return a->slot == b->slot;
	return pri_tc_port_minor(a) == pri_tc_port_minor(b) &&
	       pri_tc_vm_minor(commit->was, a) == pri_tc_vm_minor(commit->wanted, b);
}

static bool same_tap(const struct pri_tc_port *a, const struct pri_tc_port *b)
{
	return a->ifindex == b->ifindex && a->has_mac == b->has_mac &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && strcmp(a->name, b->name) == 0;
}

static bool same_record(const struct pri_tc_commit *commit, const struct pri_tc_port *a,
			const struct pri_tc_port *b)
{
	const struct pri_tc_vm *x = &commit->was->vms[a->vm], *y = &commit->wanted->vms[b->vm];

	return a->peak == b->peak && a->burst == b->burst && x->weight == y->weight &&
	       x->guarantee == y->guarantee && memcmp(x->id, y->id, sizeof(x->id)) == 0;
}

/* How two forms of a port differ, from the least to the most. */
enum difference { SAME, RECORD, TAP, SEAT };

static enum difference compare(const struct pri_tc_commit *commit, const struct pri_tc_port *was,
			       const struct pri_tc_port *wanted)
{
	if (!was || !wanted || !same_seat(commit, was, wanted))
		return SEAT;
	if (!same_tap(was, wanted))
		return TAP;
	return same_record(commit, was, wanted) ? SAME : RECORD;
}

/* A tap that stays is redirected all the time; for a moment nothing tells that it is its own. */
static int leave(struct pri_tc_commit *commit, const struct pri_tc_port *port,
		 const struct pri_tc_port *wanted, enum difference difference)
{
	bool stays = wanted && wanted->ifindex == port->ifindex;
	int r = stays ? 0 : pri_tc_no_redirect(commit, port);

	if (r < 0)
		return r;
	pri_tc_port_filters(commit, commit->was, port, pri_tc_delete_filter);
	if (difference == SEAT)
		pri_tc_delete_class(commit,
				    pri_tc_tree_class(commit->was, pri_tc_port_minor(port)));
	return 0;
}

static int join(struct pri_tc_commit *commit, const struct pri_tc_port *port,
		enum difference difference)
{
	uint16_t minor = pri_tc_port_minor(port), above = pri_tc_vm_minor(commit->wanted, port);

	if (difference == SEAT && above && port->slot == commit->wanted->vms[port->vm].first &&
	    !pri_tc_tree_class(commit->was, above))
		pri_tc_add_class(commit, pri_tc_tree_class(commit->wanted, above));
	if (difference == SEAT)
		pri_tc_add_class(commit, pri_tc_tree_class(commit->wanted, minor));
	pri_tc_port_filters(commit, commit->wanted, port, pri_tc_add_filter);
	return pri_tc_redirect(commit, port);
}

static int leave_all(struct pri_tc_commit *commit)
{
	for (uint32_t i = 0; i < commit->was->port_count; i++) {
		const struct pri_tc_port *port = &commit->was->ports[i];
		const struct pri_tc_port *wanted = pri_tc_tree_port(commit->wanted, port->slot, i);
		enum difference difference = compare(commit, port, wanted);
		int r;

		if (difference < TAP)
			continue;
		pri_tc_commit_group(commit);
		r = leave(commit, port, wanted, difference);
		if (r < 0)
			return r;
	}
	/* Classes of VMs whose ports have left. */
	for (uint32_t i = 0; i < commit->was->class_count; i++) {
		const struct pri_tc_class *c = &commit->was->classes[i];

		if ((c->minor & PRI_TC_MINOR_VM) && !pri_tc_tree_class(commit->wanted, c->minor))
			pri_tc_delete_class(commit, c);
	}
	return 0;
}

static int join_all(struct pri_tc_commit *commit)
{
	for (uint32_t i = 0; i < commit->wanted->port_count; i++) {
		const struct pri_tc_port *port = &commit->wanted->ports[i];
		const struct pri_tc_port *was = pri_tc_tree_port(commit->was, port->slot, i);
		enum difference difference = compare(commit, was, port);
		int r = 0;

		if (difference == SAME && !port->seen)
			continue;
		pri_tc_commit_group(commit);
		if (difference == RECORD) {
			pri_tc_record_pair(commit, commit->was, was, pri_tc_delete_filter);
			pri_tc_record_pair(commit, commit->wanted, port, pri_tc_add_filter);
		}
		if (difference >= TAP)
			r = join(commit, port, difference);
		else if (port->seen)
			r = pri_tc_redirect(commit, port);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool same_class(const struct pri_tc_class *a, const struct pri_tc_class *b)
{
	return a->rate == b->rate && a->ceil == b->ceil && a->buffer == b->buffer &&
	       a->cbuffer == b->cbuffer && a->quantum == b->quantum;
}

static void change_classes(struct pri_tc_commit *commit, bool less)
{
	for (uint32_t i = 0; i < commit->wanted->class_count; i++) {
		const struct pri_tc_class *wanted = &commit->wanted->classes[i];
		const struct pri_tc_class *was = pri_tc_tree_class(commit->was, wanted->minor);

		if (!was || was->parent != wanted->parent || same_class(was, wanted) ||
		    (wanted->rate < was->rate) != less)
			continue;
		pri_tc_commit_group(commit);
		pri_tc_class_change(&commit->go, commit->ifindex, wanted);
		pri_tc_no_message(&commit->back);
	}
}

/* The skeleton goes away with the IFB, so that it has nothing to take it back. */
static void build_skeleton(struct pri_tc_commit *commit)
{
	struct pri_tc_filter to_macs = {.ifindex = commit->ifindex,
					.parent = PRI_TC_ROOT,
					.prio = PRI_TC_PRIO_CLASSIFY,
					.handle = 1,
					.link = PRI_TC_TABLE_MAC,
					.hash_mask = 0x00ff0000,
					.hash_offset = -4,
					.key_count = 1};
	struct pri_tc_filter to_taps = to_macs;

	if (commit->wanted->direction == PRI_TC_IN) {
		to_macs.hash_mask = 0x000000ff;
		to_macs.hash_offset = -12;
		/* What goes to many has a copy for each tap: it belongs to nobody. */
		to_taps.keys[0] = (struct pri_tc_key){0, 0x00000100, -16};
	}
	to_taps.handle = 2;
	to_taps.link = PRI_TC_TABLE_TAP;
	to_taps.hash_mask = 0;
	to_taps.hash_offset = 0;
	pri_tc_commit_group(commit);
	pri_tc_htb(&commit->go, commit->ifindex);
	pri_tc_class_new(&commit->go, commit->ifindex,
			 pri_tc_tree_class(commit->wanted, PRI_TC_MINOR_LINK));
	pri_tc_class_new(&commit->go, commit->ifindex,
			 pri_tc_tree_class(commit->wanted, PRI_TC_MINOR_REST));
	pri_tc_bfifo(&commit->go, commit->ifindex, PRI_TC_MINOR_REST, commit->queue_limit);
	pri_tc_hash_table(&commit->go, commit->ifindex, PRI_TC_PRIO_CLASSIFY, PRI_TC_TABLE_MAC,
			  PRI_TC_BUCKETS);
	pri_tc_hash_table(&commit->go, commit->ifindex, PRI_TC_PRIO_CLASSIFY, PRI_TC_TABLE_TAP, 1);
	pri_tc_filter_new(&commit->go, &to_macs);
	pri_tc_filter_new(&commit->go, &to_taps);
	pri_tc_hash_table(&commit->go, commit->ifindex, PRI_TC_PRIO_RECORD, PRI_TC_TABLE_RECORD,
			  PRI_TC_BUCKETS);
	while (commit->back.count < commit->go.count && !commit->back.failed)
		pri_tc_no_message(&commit->back);
}

static int build(struct pri_tc_commit *commit)
{
	int r;

	if (!commit->was->built)
		build_skeleton(commit);
	change_classes(commit, /* less= */ true);
	r = leave_all(commit);
	if (r == 0)
		r = join_all(commit);
	if (r == 0)
		change_classes(commit, /* less= */ false);
	if (commit->go.failed || commit->back.failed)
		return -ENOMEM;
	return r;
}

static int take_ifindex(void *arg, const struct nlmsghdr *message)
{
	struct pri_tc_interface interface;

	if (pri_tc_interface_parse(message, &interface))
		*(int *)arg = interface.ifindex;
	return 0;
}

static int make_ifb(struct pri_tc_commit *commit)
{
	static const char *const words[] = {[PRI_TC_OUT] = "out of", [PRI_TC_IN] = "in to"};
	const struct pri_tc_tree *tree = commit->wanted;
	struct pri_tc_batch batch = {0};
	char name[IFNAMSIZ], alias[64];
	int r;

	pri_tc_ifb_name(tree->direction, tree->owner, name);
	snprintf(alias, sizeof(alias), "libpralloc: %s %s", words[tree->direction],
		 tree->owner_name);
	pri_tc_ifb(&batch, name);
	pri_tc_alias(&batch, name, alias);
	r = pri_tc_send(commit->nl, &batch);
	if (r == 0) {
		pri_tc_batch_reset(&batch);
		pri_tc_link_get(&batch, 0, name);
		r = pri_tc_ask(commit->nl, &batch, take_ifindex, &commit->ifindex);
	}
	pri_tc_batch_clear(&batch);
	return r;
}

static int remove_ifb(struct pri_tc_commit *commit)
{
	struct pri_tc_batch batch = {0};
	int r;

	pri_tc_link_delete(&batch, commit->ifindex);
	r = pri_tc_send(commit->nl, &batch);
	pri_tc_batch_clear(&batch);
	return r;
}

/* Every redirect goes before the IFB does: what is redirected to nothing is lost. */
static int take_down(struct pri_tc_commit *commit)
{
	for (uint32_t i = 0; i < commit->was->port_count; i++) {
		int r;

		pri_tc_commit_group(commit);
		r = pri_tc_no_redirect(commit, &commit->was->ports[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The class, as it was, that a message changes; NULL: it is no such message. */
static const struct pri_tc_class *changed_class(const struct pri_tc_commit *commit,
						const struct nlmsghdr *message)
{
	const struct tcmsg *header = message ? nlmsg_data(message) : NULL;

	if (!header || message->nlmsg_type != RTM_NEWTCLASS ||
	    (message->nlmsg_flags & NLM_F_CREATE))
		return NULL;
	return pri_tc_tree_class(commit->was, TC_H_MIN(header->tcm_handle));
}

/* What takes changes of classes back is made only here: there are thousands, and nearly never is
 * one needed. */
static int run_back(struct pri_tc_commit *commit)
{
	struct pri_tc_batch all = {0};
	int r;

	for (uint32_t i = 0; i < commit->go.count; i++) {
		const struct nlmsghdr *back = pri_tc_message_at(&commit->back, i);
		const struct pri_tc_class *was =
			changed_class(commit, pri_tc_message_at(&commit->go, i));

		if (back)
			pri_tc_copy(&all, back);
		else if (was)
			pri_tc_class_change(&all, commit->ifindex, was);
		else
			pri_tc_no_message(&all);
	}
	r = all.failed ? -ENOMEM : pri_tc_send_back(commit->nl, &commit->go, &all);
	pri_tc_batch_clear(&all);
	return r;
}

static int run(struct pri_tc_commit *commit, int *ret_left)
{
	struct pri_tc_refusal cause;
	int r = pri_tc_send(commit->nl, &commit->go), left;

	if (r == 0)
		return 0;
	cause = commit->nl->refusal;
	left = run_back(commit);
	*ret_left = left < 0 ? 1 : left;
	commit->nl->refusal = cause;
	return r;
}

static int remove_tree(struct pri_tc_commit *commit, int *ret_left)
{
	int r = take_down(commit);

	if (r == 0)
		r = run(commit, ret_left);
	return r == 0 ? remove_ifb(commit) : r;
}

static int change_tree(struct pri_tc_commit *commit, int *ret_left)
{
	struct pri_tc_refusal cause;
	int r = commit->ifindex ? 0 : make_ifb(commit);

	if (r == 0)
		r = build(commit);
	if (r == 0)
		r = run(commit, ret_left);
	cause = commit->nl->refusal;
	if (r < 0 && !commit->was->ifindex && commit->ifindex && remove_ifb(commit) < 0)
		++*ret_left;
	commit->nl->refusal = cause;
	return r;
}

int pri_tc_commit(struct pri_tc_nl *nl, const struct pri_tc_tree *was, struct pri_tc_tree *wanted,
		  int *ret_left)
{
	struct pri_tc_commit commit = {.nl = nl,
				       .was = was,
				       .wanted = wanted,
				       .ifindex = was->ifindex,
				       .queue_limit = pri_tc_queue_limit(wanted->link),
				       .go = nl->spare[0],
				       .back = nl->spare[1]};
	int r;

	*ret_left = 0;
	pri_tc_batch_reset(&commit.go);
	pri_tc_batch_reset(&commit.back);
	if (pri_tc_tree_is_set(wanted))
		r = change_tree(&commit, ret_left);
	else if (was->ifindex)
		r = remove_tree(&commit, ret_left);
	else
		r = 0;
	wanted->built = pri_tc_tree_is_set(wanted);
	wanted->ifindex = wanted->built ? commit.ifindex : 0;
	nl->spare[0] = commit.go;
	nl->spare[1] = commit.back;
	return r;
}
