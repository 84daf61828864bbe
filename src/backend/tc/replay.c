/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what the kernel dumps of an interface's queueing to messages that make it again.
 *
 * A dump is nearly what makes an object.  What differs is known by kind: statistics, which nobody
 * can set, flags about hardware, versions, and the numbers of actions, under which another action
 * may stand by then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "backend/tc/tc.h"

#define FILTER_ROOT_TABLE UINT32_C(0x80000000)
#define RATE_TABLE_SIZE 1024
#define CELL_LOG 3
#define DEPTH_MAX 8

struct replay {
	struct pri_tc_nl *nl;
	int ifindex;
	struct pri_tc_batch objects; /* as dumped */
	struct pri_tc_batch *record;
};

static int keep(void *arg, const struct nlmsghdr *message)
{
	const struct tcmsg *header = nlmsg_data(message);
	struct replay *replay = arg;

	if (header->tcm_ifindex == replay->ifindex)
		pri_tc_copy(&replay->objects, message);
	return replay->objects.failed ? -ENOMEM : 0;
}

static int dump(struct replay *replay, const struct pri_tc_batch *question)
{
	pri_tc_batch_reset(&replay->objects);
	return pri_tc_dump(replay->nl, (struct pri_tc_batch *)question, keep, replay);
}

static struct nlmsghdr *object_at(const struct replay *replay, uint32_t index)
{
	return (struct nlmsghdr *)(void *)(replay->objects.data +
					   replay->objects.marks[index].offset);
}

static const struct tcmsg *header_at(const struct replay *replay, uint32_t index)
{
	return nlmsg_data(object_at(replay, index));
}

/* Actions: kind, and which attribute begins with the number. */
static const struct {
	const char *kind;
	int parameters;
} actions[] = {
	{"police", TCA_POLICE_TBF},
	{"mirred", 2},
	{"gact", 2},
	{"skbedit", 2},
	{"vlan", 2},
	{"pedit", 2},
	{"nat", 1},
	{"csum", 1},
	{"connmark", 1},
	{"tunnel_key", 2},
};

static int parameters_of(const struct nlattr *kind)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(actions); i++)
		if (nla_strcmp(kind, actions[i].kind) == 0)
			return actions[i].parameters;
	return 0;
}

/* The rate table, of which only the size matters once the link layer is named. */
static void put_police(struct pri_tc_batch *batch, const struct nlattr *attr)
{
	static const char table[RATE_TABLE_SIZE];
	struct tc_police police = {0};

	nla_memcpy(&police, attr, sizeof(police));
	police.index = 0;
	police.rate.cell_log = CELL_LOG;
	police.peakrate.cell_log = police.peakrate.rate ? CELL_LOG : 0;
	pri_tc_put(batch, TCA_POLICE_TBF, &police, sizeof(police));
	if (police.rate.rate)
		pri_tc_put(batch, TCA_POLICE_RATE, table, sizeof(table));
	if (police.peakrate.rate)
		pri_tc_put(batch, TCA_POLICE_PEAKRATE, table, sizeof(table));
}

/* With the old form of a police action, which tc and libvirt write, its options stand where those of
 * the filter do. */
static void put_old_police(struct pri_tc_batch *batch, const struct nlattr *attr)
{
	size_t nest = pri_tc_nest(batch, nla_type(attr));
	struct nlattr *option;
	int left;

	for (left = nla_len(attr), option = nla_data(attr); nla_ok(option, left);
	     option = nla_next(option, &left)) {
		if (nla_type(option) == TCA_POLICE_TBF)
			put_police(batch, option);
		else
			pri_tc_put(batch, nla_type(option), nla_data(option),
				   (size_t)nla_len(option));
	}
	pri_tc_nest_end(batch, nest);
}

static void put_action_option(struct pri_tc_batch *batch, const struct nlattr *attr,
			      const struct nlattr *kind)
{
	pri_autofree char *data = NULL;
	size_t size = (size_t)nla_len(attr);

	if (nla_strcmp(kind, "police") == 0 && nla_type(attr) == TCA_POLICE_TBF) {
		put_police(batch, attr);
		return;
	}
	data = malloc(size + 1);
	if (!data) {
		batch->failed = true;
		return;
	}
	memcpy(data, nla_data(attr), size);
	if (nla_type(attr) == parameters_of(kind) && size >= sizeof(uint32_t))
		memset(data, 0, sizeof(uint32_t));
	pri_tc_put(batch, nla_type(attr), data, size);
}

static void put_action(struct pri_tc_batch *batch, const struct nlattr *action)
{
	struct nlattr *attrs[TCA_ACT_MAX + 1], *option;
	size_t nest, options;
	int left;

	if (nla_parse_nested(attrs, TCA_ACT_MAX, (struct nlattr *)action, NULL) < 0 ||
	    !attrs[TCA_ACT_KIND] || !attrs[TCA_ACT_OPTIONS])
		return;
	nest = pri_tc_nest(batch, nla_type(action));
	pri_tc_put_string(batch, TCA_ACT_KIND, nla_get_string(attrs[TCA_ACT_KIND]));
	options = pri_tc_nest(batch, TCA_ACT_OPTIONS | NLA_F_NESTED);
	for (left = nla_len(attrs[TCA_ACT_OPTIONS]), option = nla_data(attrs[TCA_ACT_OPTIONS]);
	     nla_ok(option, left); option = nla_next(option, &left))
		put_action_option(batch, option, attrs[TCA_ACT_KIND]);
	pri_tc_nest_end(batch, options);
	pri_tc_nest_end(batch, nest);
}

/* What is in the options of each kind: copied, left out, or changed. */
enum treatment { COPY, DROP, HTB_VERSION_OF, ACTIONS, POLICE };

static const struct {
	const char *kind;
	int message, attr;
	enum treatment treatment;
} special[] = {
	{"htb", RTM_NEWQDISC, TCA_HTB_INIT, HTB_VERSION_OF},
	{"u32", RTM_NEWTFILTER, TCA_U32_ACT, ACTIONS},
	{"u32", RTM_NEWTFILTER, TCA_U32_FLAGS, DROP},
	{"u32", RTM_NEWTFILTER, TCA_U32_PCNT, DROP},
	{"u32", RTM_NEWTFILTER, TCA_U32_POLICE, POLICE},
	{"fw", RTM_NEWTFILTER, TCA_FW_ACT, ACTIONS},
	{"fw", RTM_NEWTFILTER, TCA_FW_POLICE, POLICE},
	{"basic", RTM_NEWTFILTER, TCA_BASIC_ACT, ACTIONS},
	{"basic", RTM_NEWTFILTER, TCA_BASIC_POLICE, POLICE},
	{"matchall", RTM_NEWTFILTER, TCA_MATCHALL_ACT, ACTIONS},
	{"matchall", RTM_NEWTFILTER, TCA_MATCHALL_FLAGS, DROP},
	{"flower", RTM_NEWTFILTER, TCA_FLOWER_ACT, ACTIONS},
	{"flower", RTM_NEWTFILTER, TCA_FLOWER_FLAGS, DROP},
};

static enum treatment treatment_of(int message, const char *kind, int attr)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(special); i++)
		if (special[i].message == message && special[i].attr == attr &&
		    strcmp(special[i].kind, kind) == 0)
			return special[i].treatment;
	return COPY;
}

static void put_actions(struct pri_tc_batch *batch, const struct nlattr *attr)
{
	size_t nest = pri_tc_nest(batch, nla_type(attr));
	struct nlattr *action;
	int left;

	for (left = nla_len(attr), action = nla_data(attr); nla_ok(action, left);
	     action = nla_next(action, &left))
		put_action(batch, action);
	pri_tc_nest_end(batch, nest);
}

/* The kernel tells its whole version, and takes the first part of it. */
static void put_htb(struct pri_tc_batch *batch, const struct nlattr *attr)
{
	struct tc_htb_glob glob = {0};

	nla_memcpy(&glob, attr, sizeof(glob));
	glob.version >>= 16;
	glob.direct_pkts = 0;
	pri_tc_put(batch, nla_type(attr), &glob, sizeof(glob));
}

static void put_option(struct pri_tc_batch *batch, int message, const char *kind,
		       const struct nlattr *attr)
{
	switch (treatment_of(message, kind, nla_type(attr))) {
	case DROP:
		break;
	case ACTIONS:
		put_actions(batch, attr);
		break;
	case POLICE:
		put_old_police(batch, attr);
		break;
	case HTB_VERSION_OF:
		put_htb(batch, attr);
		break;
	default:
		pri_tc_put(batch, attr->nla_type, nla_data(attr), (size_t)nla_len(attr));
	}
}

/* Qdiscs whose options are no attributes but a struct, which may have attributes behind it: it is
 * copied as it is. */
static const char *const plain[] = {
	"bfifo", "multiq", "netem", "pfifo", "pfifo_head_drop", "prio", "sfq", "skbprio",
};

static bool is_plain(int message, const char *kind)
{
	for (size_t i = 0; message == RTM_NEWQDISC && i < PRI_ARRAY_SIZE(plain); i++)
		if (strcmp(kind, plain[i]) == 0)
			return true;
	return false;
}

static void put_options(struct pri_tc_batch *batch, int message, const char *kind,
			const struct nlattr *options)
{
	struct nlattr *option;
	size_t nest;
	int left;

	if (is_plain(message, kind)) {
		pri_tc_put(batch, TCA_OPTIONS, nla_data(options), (size_t)nla_len(options));
		return;
	}
	nest = pri_tc_nest(batch, TCA_OPTIONS);
	for (left = nla_len(options), option = nla_data(options); nla_ok(option, left);
	     option = nla_next(option, &left))
		put_option(batch, message, kind, option);
	pri_tc_nest_end(batch, nest);
}

static void replay_object(struct replay *replay, uint32_t index)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct nlmsghdr *message = object_at(replay, index);
	struct tcmsg header = *header_at(replay, index);
	const char *kind;
	bool root = message->nlmsg_type == RTM_NEWQDISC && header.tcm_parent == TC_H_ROOT;

	if (nlmsg_parse(message, sizeof(header), attrs, TCA_MAX, NULL) < 0 || !attrs[TCA_KIND])
		return;
	kind = nla_get_string(attrs[TCA_KIND]);
	if (message->nlmsg_type != RTM_NEWTFILTER)
		header.tcm_info = 0;
	pri_tc_message(replay->record, message->nlmsg_type,
		       NLM_F_CREATE | (root ? NLM_F_REPLACE : NLM_F_EXCL), &header, sizeof(header));
	pri_tc_put_string(replay->record, TCA_KIND, kind);
	if (attrs[TCA_OPTIONS])
		put_options(replay->record, message->nlmsg_type, kind, attrs[TCA_OPTIONS]);
}

/* Qdiscs without a number were made by the kernel, and will be again. */
static void replay_qdiscs(struct replay *replay, bool roots)
{
	for (uint32_t i = 0; i < replay->objects.count; i++) {
		const struct tcmsg *header = header_at(replay, i);
		bool root = header->tcm_parent == TC_H_ROOT || header->tcm_parent == TC_H_INGRESS;

		if (header->tcm_handle && root == roots)
			replay_object(replay, i);
	}
}

static bool has_class(const struct replay *replay, uint32_t handle)
{
	for (uint32_t i = 0; i < replay->objects.count; i++)
		if (header_at(replay, i)->tcm_handle == handle)
			return true;
	return false;
}

static int depth_of(const struct replay *replay, uint32_t index)
{
	uint32_t parent = header_at(replay, index)->tcm_parent;
	int depth = 0;

	while (depth < DEPTH_MAX && has_class(replay, parent)) {
		for (uint32_t i = 0; i < replay->objects.count; i++) {
			if (header_at(replay, i)->tcm_handle != parent)
				continue;
			parent = header_at(replay, i)->tcm_parent;
			break;
		}
		depth++;
	}
	return depth;
}

/* Qdiscs whose classes are made by hand; those of the others (tbf, prio, mq) are always there. */
static const char *const classful[] = {"htb", "hfsc", "cbq", "drr", "qfq"};

static bool is_made(const struct replay *replay, uint32_t index)
{
	struct nlattr *kind =
		nlmsg_find_attr(object_at(replay, index), sizeof(struct tcmsg), TCA_KIND);

	for (size_t i = 0; kind && i < PRI_ARRAY_SIZE(classful); i++)
		if (nla_strcmp(kind, classful[i]) == 0)
			return true;
	return false;
}

static void replay_classes(struct replay *replay)
{
	for (int depth = 0; depth <= DEPTH_MAX; depth++)
		for (uint32_t i = 0; i < replay->objects.count; i++)
			if (is_made(replay, i) && depth_of(replay, i) == depth)
				replay_object(replay, i);
}

/* Hash tables come before what is in them; a root table, and what has no number, the kernel makes. */
static void replay_filters(struct replay *replay)
{
	for (int tables = 1; tables >= 0; tables--) {
		for (uint32_t i = 0; i < replay->objects.count; i++) {
			uint32_t handle = header_at(replay, i)->tcm_handle;
			bool table = !(handle & 0xfffff);

			if (handle && table == tables && !(table && (handle & FILTER_ROOT_TABLE)))
				replay_object(replay, i);
		}
	}
}

static int record_filters(struct replay *replay, uint32_t parent)
{
	struct pri_tc_batch question = {0};
	int r;

	pri_tc_filter_dump(&question, replay->ifindex, parent, /* prio= */ 0);
	r = dump(replay, &question);
	pri_tc_batch_clear(&question);
	if (r == 0)
		replay_filters(replay);
	return r;
}

/* u32 shows in one hook of clsact also what the other has at the same priority. */
static bool is_recorded(const struct replay *replay, const struct tcmsg *filter)
{
	for (uint32_t i = 0; i < replay->record->count; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(const void *)(replay->record->data +
								replay->record->marks[i].offset);
		const struct tcmsg *header = NLMSG_DATA(message);

		if (message->nlmsg_type == RTM_NEWTFILTER &&
		    header->tcm_handle == filter->tcm_handle &&
		    header->tcm_info == filter->tcm_info &&
		    header->tcm_parent != filter->tcm_parent)
			return true;
	}
	return false;
}

static int record_hook(struct replay *replay, enum pri_tc_direction direction)
{
	struct pri_tc_batch question = {0};
	int r;

	pri_tc_filter_dump(&question, replay->ifindex, pri_tc_hook(direction), /* prio= */ 0);
	r = dump(replay, &question);
	pri_tc_batch_clear(&question);
	for (uint32_t i = 0; r == 0 && i < replay->objects.count; i++)
		if (header_at(replay, i)->tcm_handle && is_recorded(replay, header_at(replay, i)))
			r = -ENOTUNIQ;
	if (r == 0)
		replay_filters(replay);
	return r;
}

/* The root's number, and whether there are both hooks. */
static void find_roots(const struct replay *replay, uint32_t *ret_root, bool *ret_both)
{
	for (uint32_t i = 0; i < replay->objects.count; i++) {
		const struct tcmsg *header = header_at(replay, i);
		struct nlattr *kind =
			nlmsg_find_attr(object_at(replay, i), sizeof(*header), TCA_KIND);

		if (header->tcm_parent == TC_H_ROOT)
			*ret_root = header->tcm_handle;
		if (kind && nla_strcmp(kind, "clsact") == 0)
			*ret_both = true;
	}
}

static int record_all(struct replay *replay, struct pri_tc_batch *questions)
{
	uint32_t root = 0;
	bool both = false;
	int r = dump(replay, &questions[0]);

	if (r < 0)
		return r;
	find_roots(replay, &root, &both);
	replay_qdiscs(replay, /* roots= */ true);
	r = dump(replay, &questions[1]);
	if (r < 0)
		return r;
	replay_classes(replay);
	r = dump(replay, &questions[2]);
	if (r < 0)
		return r;
	replay_qdiscs(replay, /* roots= */ false);
	if (root)
		r = record_filters(replay, root);
	if (r == 0)
		r = record_hook(replay, PRI_TC_OUT);
	return r == 0 && both ? record_hook(replay, PRI_TC_IN) : r;
}

int pri_tc_record_foreign(struct pri_tc_nl *nl, int ifindex, struct pri_tc_batch *record)
{
	struct replay replay = {.nl = nl, .ifindex = ifindex, .record = record};
	struct pri_tc_batch questions[3] = {0};
	int r;

	pri_tc_qdisc_dump(&questions[0]);
	pri_tc_class_dump(&questions[1], ifindex);
	pri_tc_qdisc_dump(&questions[2]);
	r = record_all(&replay, questions);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(questions); i++)
		pri_tc_batch_clear(&questions[i]);
	pri_tc_batch_clear(&replay.objects);
	return r == 0 && record->failed ? -ENOMEM : r;
}
