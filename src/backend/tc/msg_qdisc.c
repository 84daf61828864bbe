/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queueing disciplines: HTB at the root of an IFB, a queue with a limit below each class. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "backend/tc/msg.h"

#define CLSACT_HANDLE TC_H_MAKE(TC_H_CLSACT, 0)
#define HTB_VERSION 3
/* Only for classes without a quantum, which there are none of. */
#define HTB_R2Q 10

static struct tcmsg header_of(int ifindex, uint32_t parent, uint32_t handle)
{
	return (struct tcmsg){.tcm_ifindex = ifindex, .tcm_parent = parent, .tcm_handle = handle};
}

void pri_tc_htb(struct pri_tc_batch *batch, int ifindex)
{
	const struct tcmsg header = header_of(ifindex, TC_H_ROOT, PRI_TC_ROOT);
	const struct tc_htb_glob options = {
		.version = HTB_VERSION, .rate2quantum = HTB_R2Q, .defcls = PRI_TC_MINOR_REST};
	size_t nest;

	pri_tc_message(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "htb");
	nest = pri_tc_nest(batch, TCA_OPTIONS);
	pri_tc_put(batch, TCA_HTB_INIT, &options, sizeof(options));
	pri_tc_nest_end(batch, nest);
}

void pri_tc_bfifo(struct pri_tc_batch *batch, int ifindex, uint16_t minor, uint32_t limit)
{
	const struct tcmsg header = header_of(ifindex, PRI_TC_ROOT | minor, (uint32_t)minor << 16);
	const struct tc_fifo_qopt options = {.limit = limit};

	pri_tc_message(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "bfifo");
	pri_tc_put(batch, TCA_OPTIONS, &options, sizeof(options));
}

void pri_tc_clsact(struct pri_tc_batch *batch, int ifindex)
{
	const struct tcmsg header = header_of(ifindex, TC_H_CLSACT, CLSACT_HANDLE);

	pri_tc_message(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "clsact");
}

void pri_tc_clsact_get(struct pri_tc_batch *batch, int ifindex)
{
	const struct tcmsg header = header_of(ifindex, TC_H_CLSACT, CLSACT_HANDLE);

	pri_tc_message(batch, RTM_GETQDISC, 0, &header, sizeof(header));
	pri_tc_put_string(batch, TCA_KIND, "clsact");
}

void pri_tc_clsact_delete(struct pri_tc_batch *batch, int ifindex)
{
	const struct tcmsg header = header_of(ifindex, TC_H_CLSACT, CLSACT_HANDLE);

	pri_tc_message(batch, RTM_DELQDISC, 0, &header, sizeof(header));
}

void pri_tc_qdisc_get(struct pri_tc_batch *batch, int ifindex, uint32_t parent)
{
	const struct tcmsg header = header_of(ifindex, parent, 0);

	pri_tc_message(batch, RTM_GETQDISC, 0, &header, sizeof(header));
}

void pri_tc_qdisc_delete(struct pri_tc_batch *batch, int ifindex, uint32_t parent)
{
	const struct tcmsg header =
		header_of(ifindex, parent, parent == TC_H_INGRESS ? CLSACT_HANDLE : 0);

	pri_tc_message(batch, RTM_DELQDISC, 0, &header, sizeof(header));
}

void pri_tc_qdisc_dump(struct pri_tc_batch *batch)
{
	const struct tcmsg header = {0};

	pri_tc_message(batch, RTM_GETQDISC, 0, &header, sizeof(header));
}
