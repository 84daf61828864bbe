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

#include "backend/tc/model.h"
#include "backend/tc/tree.h"

struct commit {
	struct pri_tc_nl *nl;
	const struct pri_tc_tree *was;
	const struct pri_tc_tree *wanted;
	int ifindex; /* of the IFB */
	uint32_t queue_limit;
	struct pri_tc_batch go, back; /* message by message */
};

/* One message, and the one that takes it back. */
typedef void (*class_message)(struct pri_tc_batch *batch, int ifindex,
			      const struct pri_tc_class *c);

static void class_pair(struct commit *commit, class_message go, const struct pri_tc_class *go_class,
		       class_message back, const struct pri_tc_class *back_class)
{
	go(&commit->go, commit->ifindex, go_class);
	back(&commit->back, commit->ifindex, back_class);
}

static void add_class(struct commit *commit, const struct pri_tc_class *c)
{
	class_pair(commit, pri_tc_class_new, c, pri_tc_class_delete, c);
	if (c->minor & PRI_TC_MINOR_VM)
		return;
	pri_tc_bfifo(&commit->go, commit->ifindex, c->minor, commit->queue_limit);
	pri_tc_no_message(&commit->back);
}

/* Back: first the class, then its queue. */
static void delete_class(struct commit *commit, const struct pri_tc_class *c)
{
	pri_tc_no_message(&commit->go);
	if (c->minor & PRI_TC_MINOR_VM)
		pri_tc_no_message(&commit->back);
	else
		pri_tc_bfifo(&commit->back, commit->ifindex, c->minor, commit->queue_limit);
	class_pair(commit, pri_tc_class_delete, c, pri_tc_class_new, c);
}

static void add_filter(struct commit *commit, const struct pri_tc_filter *filter)
{
	pri_tc_filter_new(&commit->go, filter);
	pri_tc_filter_delete(&commit->back, filter);
}

static void delete_filter(struct commit *commit, const struct pri_tc_filter *filter)
{
	pri_tc_filter_delete(&commit->go, filter);
	pri_tc_filter_new(&commit->back, filter);
}

typedef void (*filter_pair)(struct commit *commit, const struct pri_tc_filter *filter);

static void group(struct commit *commit)
{
	pri_tc_group(&commit->go);
	pri_tc_group(&commit->back);
}

/* The source MAC stands at -8, the destination's at -14; u32 looks at aligned words only. */
static void mac_keys(struct pri_tc_filter *filter, enum pri_tc_direction direction,
		     const uint8_t *mac)
{
	uint32_t first = (uint32_t)mac[0] << 8 | mac[1];
	uint32_t last = (uint32_t)mac[4] << 8 | mac[5];
	uint32_t middle = (uint32_t)mac[2] << 8 | mac[3];

	filter->key_count = 2;
	if (direction == PRI_TC_OUT) {
		filter->keys[0] = (struct pri_tc_key){first << 16 | middle, UINT32_MAX, -8};
		filter->keys[1] = (struct pri_tc_key){last << 16, 0xffff0000, -4};
	} else {
		filter->keys[0] = (struct pri_tc_key){first, 0x0000ffff, -16};
		filter->keys[1] = (struct pri_tc_key){middle << 16 | last, UINT32_MAX, -12};
	}
}

/* The filters of a port: its record, by MAC, by tap.  The tap stands in both of the latter, so
 * that a MAC that a guest has invented leads nowhere. */
static void port_filters(struct commit *commit, const struct pri_tc_tree *tree,
			 const struct pri_tc_port *port, filter_pair pair)
{
	struct pri_tc_filter filter = {0};

	pri_tc_record_write(tree, port, &filter);
	filter.ifindex = commit->ifindex;
	pair(commit, &filter);
	filter.prio = PRI_TC_PRIO_CLASSIFY;
	filter.indev = port->name;
	filter.handle = pri_tc_node(PRI_TC_TABLE_TAP, 0, port->slot);
	filter.key_count = 1;
	filter.keys[0] = (struct pri_tc_key){0, 0, 0};
	pair(commit, &filter);
	if (!port->has_mac)
		return;
	filter.handle = pri_tc_node(PRI_TC_TABLE_MAC, port->mac[5], port->slot);
	mac_keys(&filter, tree->direction, port->mac);
	pair(commit, &filter);
}

static void record(struct commit *commit, const struct pri_tc_tree *tree,
		   const struct pri_tc_port *port, filter_pair pair)
{
	struct pri_tc_filter filter = {0};

	pri_tc_record_write(tree, port, &filter);
	filter.ifindex = commit->ifindex;
	pair(commit, &filter);
}

static int redirect(struct commit *commit, const struct pri_tc_port *port)
{
	enum pri_tc_direction direction = commit->wanted->direction;
	struct pri_tc_filter filter;
	struct pri_tc_tap tap;
	int r = pri_tc_tap_look(commit->nl, port->ifindex, &tap);

	if (r < 0 || tap.redirects[direction] == commit->ifindex)
		return r;
	if (!*tap.ingress) {
		pri_tc_clsact(&commit->go, port->ifindex);
		pri_tc_clsact_delete(&commit->back, port->ifindex);
	}
	if (tap.redirects[direction]) {
		pri_tc_tap_redirect(&filter, direction, port->ifindex, tap.redirects[direction]);
		delete_filter(commit, &filter);
	}
	pri_tc_tap_redirect(&filter, direction, port->ifindex, commit->ifindex);
	add_filter(commit, &filter);
	return 0;
}

/* What belongs to nobody any more at the tap goes too. */
static int no_redirect(struct commit *commit, const struct pri_tc_port *port)
{
	enum pri_tc_direction direction = commit->wanted->direction;
	struct pri_tc_filter filter;
	struct pri_tc_tap tap;
	int r = pri_tc_tap_look(commit->nl, port->ifindex, &tap);

	if (r == -ENODEV)
		return 0;
	if (r < 0 || tap.redirects[direction] != commit->ifindex)
		return r;
	pri_tc_tap_redirect(&filter, direction, port->ifindex, commit->ifindex);
	delete_filter(commit, &filter);
	if (tap.redirects[1 - direction] || tap.foreign)
		return 0;
	pri_tc_clsact_delete(&commit->go, port->ifindex);
	pri_tc_clsact(&commit->back, port->ifindex);
	return 0;
}

static bool same_seat(const struct commit *commit, const struct pri_tc_port *a,
		      const struct pri_tc_port *b)
{
	return pri_tc_port_minor(a) == pri_tc_port_minor(b) &&
	       pri_tc_vm_minor(commit->was, a) == pri_tc_vm_minor(commit->wanted, b);
}

static bool same_tap(const struct pri_tc_port *a, const struct pri_tc_port *b)
{
	return a->ifindex == b->ifindex && a->has_mac == b->has_mac &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && strcmp(a->name, b->name) == 0;
}

static bool same_record(const struct commit *commit, const struct pri_tc_port *a,
			const struct pri_tc_port *b)
{
	const struct pri_tc_vm *x = &commit->was->vms[a->vm], *y = &commit->wanted->vms[b->vm];

	return a->peak == b->peak && a->burst == b->burst && x->weight == y->weight &&
	       x->guarantee == y->guarantee && memcmp(x->id, y->id, sizeof(x->id)) == 0;
}

/* How two forms of a port differ, from the least to the most. */
enum difference { SAME, RECORD, TAP, SEAT };

static enum difference compare(const struct commit *commit, const struct pri_tc_port *was,
			       const struct pri_tc_port *wanted)
{
	if (!was || !wanted || !same_seat(commit, was, wanted))
		return SEAT;
	if (!same_tap(was, wanted))
		return TAP;
	return same_record(commit, was, wanted) ? SAME : RECORD;
}

/* A tap that stays is redirected all the time; for a moment nothing tells that it is its own. */
static int leave(struct commit *commit, const struct pri_tc_port *port,
		 const struct pri_tc_port *wanted, enum difference difference)
{
	bool stays = wanted && wanted->ifindex == port->ifindex;
	int r = stays ? 0 : no_redirect(commit, port);

	if (r < 0)
		return r;
	port_filters(commit, commit->was, port, delete_filter);
	if (difference == SEAT)
		delete_class(commit, pri_tc_tree_class(commit->was, pri_tc_port_minor(port)));
	return 0;
}

static int join(struct commit *commit, const struct pri_tc_port *port, enum difference difference)
{
	uint16_t minor = pri_tc_port_minor(port), above = pri_tc_vm_minor(commit->wanted, port);

	if (difference == SEAT && above && port->slot == commit->wanted->vms[port->vm].first &&
	    !pri_tc_tree_class(commit->was, above))
		add_class(commit, pri_tc_tree_class(commit->wanted, above));
	if (difference == SEAT)
		add_class(commit, pri_tc_tree_class(commit->wanted, minor));
	port_filters(commit, commit->wanted, port, add_filter);
	return redirect(commit, port);
}

static int leave_all(struct commit *commit)
{
	for (uint32_t i = 0; i < commit->was->port_count; i++) {
		const struct pri_tc_port *port = &commit->was->ports[i];
		const struct pri_tc_port *wanted = pri_tc_tree_port(commit->wanted, port->slot, i);
		enum difference difference = compare(commit, port, wanted);
		int r;

		if (difference < TAP)
			continue;
		group(commit);
		r = leave(commit, port, wanted, difference);
		if (r < 0)
			return r;
	}
	/* Classes of VMs whose ports have left. */
	for (uint32_t i = 0; i < commit->was->class_count; i++) {
		const struct pri_tc_class *c = &commit->was->classes[i];

		if ((c->minor & PRI_TC_MINOR_VM) && !pri_tc_tree_class(commit->wanted, c->minor))
			delete_class(commit, c);
	}
	return 0;
}

static int join_all(struct commit *commit)
{
	for (uint32_t i = 0; i < commit->wanted->port_count; i++) {
		const struct pri_tc_port *port = &commit->wanted->ports[i];
		const struct pri_tc_port *was = pri_tc_tree_port(commit->was, port->slot, i);
		enum difference difference = compare(commit, was, port);
		int r = 0;

		if (difference == SAME && !port->seen)
			continue;
		group(commit);
		if (difference == RECORD) {
			record(commit, commit->was, was, delete_filter);
			record(commit, commit->wanted, port, add_filter);
		}
		if (difference >= TAP)
			r = join(commit, port, difference);
		else if (port->seen)
			r = redirect(commit, port);
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

static void change_classes(struct commit *commit, bool less)
{
	for (uint32_t i = 0; i < commit->wanted->class_count; i++) {
		const struct pri_tc_class *wanted = &commit->wanted->classes[i];
		const struct pri_tc_class *was = pri_tc_tree_class(commit->was, wanted->minor);

		if (!was || was->parent != wanted->parent || same_class(was, wanted) ||
		    (wanted->rate < was->rate) != less)
			continue;
		group(commit);
		class_pair(commit, pri_tc_class_change, wanted, pri_tc_class_change, was);
	}
}

/* The skeleton goes away with the IFB, so that it has nothing to take it back. */
static void build_skeleton(struct commit *commit)
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
	group(commit);
	pri_tc_htb(&commit->go, commit->ifindex);
	pri_tc_class_new(&commit->go, commit->ifindex,
			 pri_tc_tree_class(commit->wanted, PRI_TC_MINOR_LINK));
	pri_tc_class_new(&commit->go, commit->ifindex,
			 pri_tc_tree_class(commit->wanted, PRI_TC_MINOR_REST));
	pri_tc_bfifo(&commit->go, commit->ifindex, PRI_TC_MINOR_REST, commit->queue_limit);
	pri_tc_hash_table(&commit->go, commit->ifindex, PRI_TC_PRIO_CLASSIFY, PRI_TC_TABLE_MAC,
			  256);
	pri_tc_hash_table(&commit->go, commit->ifindex, PRI_TC_PRIO_CLASSIFY, PRI_TC_TABLE_TAP, 1);
	pri_tc_filter_new(&commit->go, &to_macs);
	pri_tc_filter_new(&commit->go, &to_taps);
	pri_tc_hash_table(&commit->go, commit->ifindex, PRI_TC_PRIO_RECORD, PRI_TC_TABLE_RECORD, 1);
	while (commit->back.count < commit->go.count && !commit->back.failed)
		pri_tc_no_message(&commit->back);
}

static int build(struct commit *commit)
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

static int make_ifb(struct commit *commit)
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

static int remove_ifb(struct commit *commit)
{
	struct pri_tc_batch batch = {0};
	int r;

	pri_tc_link_delete(&batch, commit->ifindex);
	r = pri_tc_send(commit->nl, &batch);
	pri_tc_batch_clear(&batch);
	return r;
}

/* Every redirect goes before the IFB does: what is redirected to nothing is lost. */
static int take_down(struct commit *commit)
{
	for (uint32_t i = 0; i < commit->was->port_count; i++) {
		int r;

		group(commit);
		r = no_redirect(commit, &commit->was->ports[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run(struct commit *commit, int *ret_left)
{
	struct pri_tc_refusal cause;
	int r = pri_tc_send(commit->nl, &commit->go), left;

	if (r == 0)
		return 0;
	cause = commit->nl->refusal;
	left = pri_tc_send_back(commit->nl, &commit->go, &commit->back);
	*ret_left = left < 0 ? 1 : left;
	commit->nl->refusal = cause;
	return r;
}

static int remove_tree(struct commit *commit, int *ret_left)
{
	int r = take_down(commit);

	if (r == 0)
		r = run(commit, ret_left);
	return r == 0 ? remove_ifb(commit) : r;
}

static int change_tree(struct commit *commit, int *ret_left)
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
	struct commit commit = {.nl = nl,
				.was = was,
				.wanted = wanted,
				.ifindex = was->ifindex,
				.queue_limit = pri_tc_queue_limit(wanted->link)};
	int r;

	*ret_left = 0;
	if (pri_tc_tree_is_set(wanted))
		r = change_tree(&commit, ret_left);
	else if (was->ifindex)
		r = remove_tree(&commit, ret_left);
	else
		r = 0;
	wanted->built = pri_tc_tree_is_set(wanted);
	wanted->ifindex = wanted->built ? commit.ifindex : 0;
	pri_tc_batch_clear(&commit.go);
	pri_tc_batch_clear(&commit.back);
	return r;
}
