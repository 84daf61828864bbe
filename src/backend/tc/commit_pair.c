/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a commit sends, each with what takes it back. */
#include <errno.h>

#include "backend/tc/commit.h"

void pri_tc_class_pair(struct pri_tc_commit *commit, pri_tc_class_message go,
		       const struct pri_tc_class *go_class, pri_tc_class_message back,
		       const struct pri_tc_class *back_class)
{
	go(&commit->go, commit->ifindex, go_class);
	back(&commit->back, commit->ifindex, back_class);
}

void pri_tc_add_class(struct pri_tc_commit *commit, const struct pri_tc_class *c)
{
	pri_tc_class_pair(commit, pri_tc_class_new, c, pri_tc_class_delete, c);
	if (c->minor & PRI_TC_MINOR_VM)
		return;
	pri_tc_bfifo(&commit->go, commit->ifindex, c->minor, commit->queue_limit);
	pri_tc_no_message(&commit->back);
}

/* Back: first the class, then its queue. */
void pri_tc_delete_class(struct pri_tc_commit *commit, const struct pri_tc_class *c)
{
	pri_tc_no_message(&commit->go);
	if (c->minor & PRI_TC_MINOR_VM)
		pri_tc_no_message(&commit->back);
	else
		pri_tc_bfifo(&commit->back, commit->ifindex, c->minor, commit->queue_limit);
	pri_tc_class_pair(commit, pri_tc_class_delete, c, pri_tc_class_new, c);
}

void pri_tc_add_filter(struct pri_tc_commit *commit, const struct pri_tc_filter *filter)
{
	pri_tc_filter_new(&commit->go, filter);
	pri_tc_filter_delete(&commit->back, filter);
}

void pri_tc_delete_filter(struct pri_tc_commit *commit, const struct pri_tc_filter *filter)
{
	pri_tc_filter_delete(&commit->go, filter);
	pri_tc_filter_new(&commit->back, filter);
}

void pri_tc_commit_group(struct pri_tc_commit *commit)
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
void pri_tc_port_filters(struct pri_tc_commit *commit, const struct pri_tc_tree *tree,
			 const struct pri_tc_port *port, pri_tc_filter_pair pair)
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

void pri_tc_record_pair(struct pri_tc_commit *commit, const struct pri_tc_tree *tree,
			const struct pri_tc_port *port, pri_tc_filter_pair pair)
{
	struct pri_tc_filter filter = {0};

	pri_tc_record_write(tree, port, &filter);
	filter.ifindex = commit->ifindex;
	pair(commit, &filter);
}

int pri_tc_redirect(struct pri_tc_commit *commit, const struct pri_tc_port *port)
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
		pri_tc_delete_filter(commit, &filter);
	}
	pri_tc_tap_redirect(&filter, direction, port->ifindex, commit->ifindex);
	pri_tc_add_filter(commit, &filter);
	return 0;
}

/* What belongs to nobody any more at the tap goes too. */
int pri_tc_no_redirect(struct pri_tc_commit *commit, const struct pri_tc_port *port)
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
	pri_tc_delete_filter(commit, &filter);
	if (tap.redirects[1 - direction] || tap.foreign)
		return 0;
	pri_tc_clsact_delete(&commit->go, port->ifindex);
	pri_tc_clsact(&commit->back, port->ifindex);
	return 0;
}
