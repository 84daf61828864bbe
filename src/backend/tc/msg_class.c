/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Classes of HTB.
 *
 * Compact: with a link layer named, the kernel wants no rate tables.  A change sets everything
 * anew (what is left out goes to its default), so that the full tuple is sent always.  The kernel
 * makes a class whose parent is not there a root class, beyond the link's limit: the parent comes
 * first in a batch.
 */
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "backend/tc/msg.h"

static uint32_t short_rate(uint64_t rate)
{
	return rate < UINT32_MAX ? (uint32_t)rate : UINT32_MAX;
}

static void put_class(struct pri_tc_batch *batch, int flags, int ifindex,
		      const struct pri_tc_class *c)
{
	const struct tcmsg header = {.tcm_ifindex = ifindex,
				     .tcm_handle = PRI_TC_ROOT | c->minor,
				     .tcm_parent = PRI_TC_ROOT | c->parent};
	const struct tc_htb_opt options = {
		.rate = {.linklayer = TC_LINKLAYER_ETHERNET, .rate = short_rate(c->rate)},
		.ceil = {.linklayer = TC_LINKLAYER_ETHERNET, .rate = short_rate(c->ceil)},
		.buffer = c->buffer,
		.cbuffer = c->cbuffer,
		.quantum = c->quantum,
	};
	struct {
		struct tcmsg header;
		struct nlattr kind_head;
		char kind[4];
		struct nlattr nest, options_head;
		struct tc_htb_opt options;
	} body = {
		.header = header,
		.kind_head = {NLA_HDRLEN + 4, TCA_KIND},
		.kind = "htb",
		.nest = {NLA_HDRLEN, TCA_OPTIONS},
		.options_head = {NLA_HDRLEN + sizeof(options), TCA_HTB_PARMS},
		.options = options,
	};
	size_t nest = batch->used + NLMSG_HDRLEN + offsetof(typeof(body), nest);

	/* In one piece: there may be thousands. */
	pri_tc_message(batch, RTM_NEWTCLASS, flags, &body, sizeof(body));
	if (c->rate >= UINT32_MAX)
		pri_tc_put_u64(batch, TCA_HTB_RATE64, c->rate);
	if (c->ceil >= UINT32_MAX)
		pri_tc_put_u64(batch, TCA_HTB_CEIL64, c->ceil);
	pri_tc_nest_end(batch, nest);
}

void pri_tc_class_new(struct pri_tc_batch *batch, int ifindex, const struct pri_tc_class *c)
{
	put_class(batch, NLM_F_CREATE | NLM_F_EXCL, ifindex, c);
}

void pri_tc_class_change(struct pri_tc_batch *batch, int ifindex, const struct pri_tc_class *c)
{
	put_class(batch, 0, ifindex, c);
}

void pri_tc_class_delete(struct pri_tc_batch *batch, int ifindex, const struct pri_tc_class *c)
{
	const struct tcmsg header = {.tcm_ifindex = ifindex, .tcm_handle = PRI_TC_ROOT | c->minor};

	pri_tc_message(batch, RTM_DELTCLASS, 0, &header, sizeof(header));
}

void pri_tc_class_get(struct pri_tc_batch *batch, int ifindex, uint16_t minor)
{
	const struct tcmsg header = {.tcm_ifindex = ifindex, .tcm_handle = PRI_TC_ROOT | minor};

	pri_tc_message(batch, RTM_GETTCLASS, 0, &header, sizeof(header));
}

void pri_tc_class_dump(struct pri_tc_batch *batch, int ifindex)
{
	const struct tcmsg header = {.tcm_ifindex = ifindex};

	pri_tc_message(batch, RTM_GETTCLASS, 0, &header, sizeof(header));
}

static void parse_stats(struct nlattr *stats, struct pri_tc_class *c)
{
	struct nlattr *attrs[TCA_STATS_MAX + 1];
	struct gnet_stats_queue queue;
	struct gnet_stats_basic basic;

	if (nla_parse_nested(attrs, TCA_STATS_MAX, stats, NULL) < 0)
		return;
	if (attrs[TCA_STATS_BASIC] &&
	    nla_memcpy(&basic, attrs[TCA_STATS_BASIC], sizeof(basic)) >= 12) {
		c->bytes = basic.bytes;
		c->packets = basic.packets;
	}
	/* Where it is longer than 32 bits. */
	if (attrs[TCA_STATS_PKT64])
		c->packets = nla_get_u64(attrs[TCA_STATS_PKT64]);
	if (attrs[TCA_STATS_QUEUE] &&
	    nla_memcpy(&queue, attrs[TCA_STATS_QUEUE], sizeof(queue)) == sizeof(queue))
		c->drops = queue.drops;
}

static bool parse_options(struct nlattr *nest, struct pri_tc_class *c)
{
	struct nlattr *options[TCA_HTB_MAX + 1];
	struct tc_htb_opt htb;

	if (nla_parse_nested(options, TCA_HTB_MAX, nest, NULL) < 0 || !options[TCA_HTB_PARMS] ||
	    nla_memcpy(&htb, options[TCA_HTB_PARMS], sizeof(htb)) != sizeof(htb))
		return false;
	c->rate = options[TCA_HTB_RATE64] ? nla_get_u64(options[TCA_HTB_RATE64]) : htb.rate.rate;
	c->ceil = options[TCA_HTB_CEIL64] ? nla_get_u64(options[TCA_HTB_CEIL64]) : htb.ceil.rate;
	c->buffer = htb.buffer;
	c->cbuffer = htb.cbuffer;
	c->quantum = htb.quantum;
	return true;
}

bool pri_tc_class_parse(const struct nlmsghdr *message, struct pri_tc_class *ret_class)
{
	struct nlattr *attrs[TCA_MAX + 1];
	const struct tcmsg *header = nlmsg_data(message);

	if (message->nlmsg_type != RTM_NEWTCLASS ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attrs, TCA_MAX, NULL) < 0)
		return false;
	*ret_class = (struct pri_tc_class){
		.minor = TC_H_MIN(header->tcm_handle),
		/* A class without a parent is dumped with the root as its parent. */
		.parent = header->tcm_parent == TC_H_ROOT ? 0 : TC_H_MIN(header->tcm_parent),
	};
	if (!attrs[TCA_OPTIONS] || !parse_options(attrs[TCA_OPTIONS], ret_class))
		return false;
	if (attrs[TCA_STATS2])
		parse_stats(attrs[TCA_STATS2], ret_class);
	return true;
}
