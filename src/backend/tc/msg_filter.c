/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * u32 filters: those that classify, those that redirect, and those that only keep values.
 *
 * Handles are explicit always: those that the kernel gives are not unique beyond 4095 filters.
 * Hash tables belong to all priorities of a qdisc together.  A filter that is changed keeps its
 * old keys, so what is to change is removed and made again.
 */
#include <arpa/inet.h>
#include <string.h>

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include "backend/tc/msg.h"

#define NODE_MASK UINT32_C(0xfff)

static struct tcmsg header_of(int ifindex, uint32_t parent, uint16_t prio, uint32_t handle)
{
	return (struct tcmsg){.tcm_ifindex = ifindex,
			      .tcm_parent = parent,
			      .tcm_handle = handle,
			      .tcm_info = TC_H_MAKE((uint32_t)prio << 16, htons(ETH_P_ALL))};
}

void pri_tc_hash_table(struct pri_tc_batch *batch, int ifindex, uint16_t prio, uint32_t table,
		       uint32_t buckets)
{
	const struct tcmsg header = header_of(ifindex, PRI_TC_ROOT, prio, pri_tc_table(table));
	size_t nest;

	pri_tc_message(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "u32");
	nest = pri_tc_nest(batch, TCA_OPTIONS);
	pri_tc_put_u32(batch, TCA_U32_DIVISOR, buckets);
	pri_tc_nest_end(batch, nest);
}

static void put_selector(struct pri_tc_batch *batch, const struct pri_tc_filter *filter)
{
	const struct tc_u32_sel sel = {
		.nkeys = filter->key_count,
		.hmask = htonl(filter->hash_mask),
		.hoff = (short)filter->hash_offset,
		.flags = filter->link ? 0 : TC_U32_TERMINAL,
	};
	char data[sizeof(sel) + PRI_TC_KEYS_MAX * sizeof(struct tc_u32_key)];
	size_t size = sizeof(sel);

	memcpy(data, &sel, sizeof(sel));
	for (size_t i = 0; i < filter->key_count; i++) {
		const struct tc_u32_key key = {.mask = htonl(filter->keys[i].mask),
					       .val = htonl(filter->keys[i].value),
					       .off = filter->keys[i].offset};

		memcpy(data + size, &key, sizeof(key));
		size += sizeof(key);
	}
	pri_tc_put(batch, TCA_U32_SEL, data, size);
}

static void put_redirect(struct pri_tc_batch *batch, int ifindex)
{
	const struct tc_mirred mirred = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)ifindex};
	size_t actions = pri_tc_nest(batch, TCA_U32_ACT);
	size_t action = pri_tc_nest(batch, 1);
	size_t options;

	pri_tc_put_string(batch, TCA_ACT_KIND, "mirred");
	options = pri_tc_nest(batch, TCA_ACT_OPTIONS | NLA_F_NESTED);
	pri_tc_put(batch, TCA_MIRRED_PARMS, &mirred, sizeof(mirred));
	pri_tc_nest_end(batch, options);
	pri_tc_nest_end(batch, action);
	pri_tc_nest_end(batch, actions);
}

void pri_tc_filter_new(struct pri_tc_batch *batch, const struct pri_tc_filter *filter)
{
	const struct tcmsg header =
		header_of(filter->ifindex, filter->parent, filter->prio, filter->handle);
	size_t nest;

	pri_tc_message(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "u32");
	nest = pri_tc_nest(batch, TCA_OPTIONS);
	if (filter->handle & ~NODE_MASK)
		pri_tc_put_u32(batch, TCA_U32_HASH, filter->handle & ~NODE_MASK);
	if (filter->classid)
		pri_tc_put_u32(batch, TCA_U32_CLASSID, filter->classid);
	if (filter->link)
		pri_tc_put_u32(batch, TCA_U32_LINK, pri_tc_table(filter->link));
	put_selector(batch, filter);
	if (filter->indev)
		pri_tc_put_string(batch, TCA_U32_INDEV, filter->indev);
	if (filter->redirect)
		put_redirect(batch, filter->redirect);
	pri_tc_nest_end(batch, nest);
}

/* The number of a root table is not known, so that what stands in one goes with its priority. */
void pri_tc_filter_delete(struct pri_tc_batch *batch, const struct pri_tc_filter *filter)
{
	uint32_t handle = filter->handle & ~NODE_MASK ? filter->handle : 0;
	const struct tcmsg header =
		header_of(filter->ifindex, filter->parent, filter->prio, handle);

	pri_tc_message(batch, RTM_DELTFILTER, 0, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "u32");
}

void pri_tc_record_get(struct pri_tc_batch *batch, int ifindex, uint16_t slot)
{
	const struct tcmsg header =
		header_of(ifindex, PRI_TC_ROOT, PRI_TC_PRIO_RECORD, pri_tc_record_handle(slot));

	pri_tc_message(batch, RTM_GETTFILTER, 0, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "u32");
}

void pri_tc_filter_dump(struct pri_tc_batch *batch, int ifindex, uint32_t parent, uint16_t prio)
{
	const struct tcmsg header = {.tcm_ifindex = ifindex,
				     .tcm_parent = parent,
				     .tcm_info = TC_H_MAKE((uint32_t)prio << 16, 0)};

	pri_tc_message(batch, RTM_GETTFILTER, 0, &header, sizeof(header));
}

/* libnl's readers of numbers and texts do not look at the size of what they read. */
static const struct nla_policy filter_policy[TCA_MAX + 1] = {[TCA_KIND] = {.type = NLA_STRING}};
static const struct nla_policy u32_policy[TCA_U32_MAX + 1] = {
	[TCA_U32_CLASSID] = {.type = NLA_U32}};
static const struct nla_policy action_policy[TCA_ACT_MAX + 1] = {
	[TCA_ACT_KIND] = {.type = NLA_STRING}};

static int redirect_of(struct nlattr *actions)
{
	struct nlattr *list[2], *action[TCA_ACT_MAX + 1], *options[TCA_MIRRED_MAX + 1];
	struct tc_mirred mirred;

	if (nla_parse_nested(list, 1, actions, NULL) < 0 || !list[1] ||
	    nla_parse_nested(action, TCA_ACT_MAX, list[1], action_policy) < 0 ||
	    !action[TCA_ACT_KIND] || nla_strcmp(action[TCA_ACT_KIND], "mirred") != 0 ||
	    !action[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(options, TCA_MIRRED_MAX, action[TCA_ACT_OPTIONS], NULL) < 0 ||
	    !options[TCA_MIRRED_PARMS] ||
	    nla_memcpy(&mirred, options[TCA_MIRRED_PARMS], sizeof(mirred)) != sizeof(mirred))
		return 0;
	return (int)mirred.ifindex;
}

static bool parse_selector(struct nlattr *attr, struct pri_tc_filter *filter)
{
	const struct tc_u32_sel *sel = nla_data(attr);

	if ((size_t)nla_len(attr) < sizeof(*sel) || sel->nkeys > PRI_TC_KEYS_MAX ||
	    (size_t)nla_len(attr) < sizeof(*sel) + sel->nkeys * sizeof(sel->keys[0]))
		return false;
	filter->key_count = sel->nkeys;
	filter->hash_mask = ntohl(sel->hmask);
	filter->hash_offset = sel->hoff;
	for (size_t i = 0; i < sel->nkeys; i++)
		filter->keys[i] = (struct pri_tc_key){.value = ntohl(sel->keys[i].val),
						      .mask = ntohl(sel->keys[i].mask),
						      .offset = sel->keys[i].off};
	return true;
}

bool pri_tc_filter_parse(const struct nlmsghdr *message, struct pri_tc_filter *ret_filter)
{
	struct nlattr *attrs[TCA_MAX + 1], *options[TCA_U32_MAX + 1];
	const struct tcmsg *header = nlmsg_data(message);

	if (message->nlmsg_type != RTM_NEWTFILTER ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attrs, TCA_MAX,
			filter_policy) < 0 ||
	    !attrs[TCA_KIND] || nla_strcmp(attrs[TCA_KIND], "u32") != 0 || !attrs[TCA_OPTIONS] ||
	    nla_parse_nested(options, TCA_U32_MAX, attrs[TCA_OPTIONS], u32_policy) < 0 ||
	    !options[TCA_U32_SEL])
		return false;
	*ret_filter = (struct pri_tc_filter){.ifindex = header->tcm_ifindex,
					     .parent = header->tcm_parent,
					     .prio = TC_H_MAJ(header->tcm_info) >> 16,
					     .handle = header->tcm_handle};
	if (options[TCA_U32_CLASSID])
		ret_filter->classid = nla_get_u32(options[TCA_U32_CLASSID]);
	if (options[TCA_U32_ACT])
		ret_filter->redirect = redirect_of(options[TCA_U32_ACT]);
	return parse_selector(options[TCA_U32_SEL], ret_filter);
}
