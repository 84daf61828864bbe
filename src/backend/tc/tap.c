/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands at a tap: our redirects, and what others have put there. */
#include <errno.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "backend/tc/tree.h"

#define NODE 1

static int take_qdisc(void *arg, const struct nlmsghdr *message)
{
	struct nlattr *attrs[TCA_MAX + 1];
	char *kind = arg;

	if (message->nlmsg_type == RTM_NEWQDISC &&
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(struct tcmsg), attrs, TCA_MAX, NULL) >=
		    0 &&
	    attrs[TCA_KIND])
		nla_strlcpy(kind, attrs[TCA_KIND], sizeof(((struct pri_tc_tap *)NULL)->root));
	return 0;
}

static int ask_qdisc(struct pri_tc_nl *nl, struct pri_tc_batch *batch, int ifindex, uint32_t parent,
		     char *kind)
{
	int r;

	pri_tc_batch_reset(batch);
	pri_tc_qdisc_get(batch, ifindex, parent);
	r = pri_tc_ask(nl, batch, take_qdisc, kind);
	return r == -ENOENT ? 0 : r;
}

/* u32 keeps its tables for both hooks of clsact together, and shows in one those of the other that
 * have the same priority. */
static uint16_t prio_of(enum pri_tc_direction direction)
{
	return (uint16_t)(PRI_TC_PRIO_REDIRECT + direction);
}

struct hook {
	enum pri_tc_direction direction;
	struct pri_tc_tap *tap;
};

static int take_filter(void *arg, const struct nlmsghdr *message)
{
	struct hook *hook = arg;
	struct pri_tc_filter filter;
	const struct tcmsg *header = nlmsg_data(message);

	if (message->nlmsg_type != RTM_NEWTFILTER)
		return 0;
	if (TC_H_MAJ(header->tcm_info) >> 16 != prio_of(hook->direction))
		hook->tap->foreign = true;
	else if (pri_tc_filter_parse(message, &filter) && filter.key_count > 0 &&
		 filter.keys[0].value == PRI_TC_MAGIC && filter.keys[0].mask == 0)
		hook->tap->redirects[hook->direction] = filter.redirect;
	return 0;
}

static int ask_filters(struct pri_tc_nl *nl, struct pri_tc_batch *batch, int ifindex,
		       struct pri_tc_tap *tap)
{
	for (int d = 0; d < PRI_TC_DIRECTIONS; d++) {
		struct hook hook = {d, tap};
		int r;

		pri_tc_batch_reset(batch);
		pri_tc_filter_dump(batch, ifindex, pri_tc_hook(d), /* prio= */ 0);
		r = pri_tc_dump(nl, batch, take_filter, &hook);
		if (r < 0)
			return r;
	}
	return 0;
}

int pri_tc_tap_look(struct pri_tc_nl *nl, int ifindex, struct pri_tc_tap *tap)
{
	struct pri_tc_batch batch = {0};
	int r;

	*tap = (struct pri_tc_tap){0};
	r = ask_qdisc(nl, &batch, ifindex, TC_H_ROOT, tap->root);
	if (r == 0)
		r = ask_qdisc(nl, &batch, ifindex, TC_H_INGRESS, tap->ingress);
	if (r == 0 && strcmp(tap->ingress, "clsact") == 0)
		r = ask_filters(nl, &batch, ifindex, tap);
	pri_tc_batch_clear(&batch);
	return r;
}

/* All that comes, with our mark in a key that asks nothing. */
void pri_tc_tap_redirect(struct pri_tc_filter *filter, enum pri_tc_direction direction, int tap,
			 int ifb)
{
	*filter = (struct pri_tc_filter){.ifindex = tap,
					 .parent = pri_tc_hook(direction),
					 .prio = prio_of(direction),
					 .handle = NODE,
					 .redirect = ifb,
					 .key_count = 1,
					 .keys = {{.value = PRI_TC_MAGIC}}};
}
