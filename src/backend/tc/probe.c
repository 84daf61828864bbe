/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which part of the kernel is missing: found by trying each on an IFB made for it, which takes all
 * of them away with it.  Asked only after something failed, so that no interface comes and goes on
 * a machine where all is well.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "backend/tc/tc.h"

static const struct pri_tc_class sample = {.minor = PRI_TC_MINOR_REST,
					   .quantum = 65536,
					   .rate = 1000,
					   .ceil = 1000,
					   .buffer = 16384,
					   .cbuffer = 16384};

static void try_htb(struct pri_tc_batch *batch, int ifindex)
{
	pri_tc_htb(batch, ifindex);
	pri_tc_class_new(batch, ifindex, &sample);
}

static void try_bfifo(struct pri_tc_batch *batch, int ifindex)
{
	pri_tc_bfifo(batch, ifindex, PRI_TC_MINOR_REST, 65536);
}

static void try_u32(struct pri_tc_batch *batch, int ifindex)
{
	pri_tc_hash_table(batch, ifindex, PRI_TC_PRIO_CLASSIFY, PRI_TC_TABLE_MAC, 256);
}

static void try_clsact(struct pri_tc_batch *batch, int ifindex)
{
	pri_tc_clsact(batch, ifindex);
}

static void try_mirred(struct pri_tc_batch *batch, int ifindex)
{
	struct pri_tc_filter filter;

	pri_tc_tap_redirect(&filter, PRI_TC_OUT, ifindex, ifindex);
	pri_tc_filter_new(batch, &filter);
}

/* In an order in which each needs only those before it. */
static const struct {
	const char *name;
	void (*try)(struct pri_tc_batch *batch, int ifindex);
} parts[] = {
	{"HTB (module sch_htb)", try_htb},	    {"bfifo", try_bfifo},
	{"u32 (module cls_u32)", try_u32},	    {"clsact (module sch_ingress)", try_clsact},
	{"mirred (module act_mirred)", try_mirred},
};

static int take_ifindex(void *arg, const struct nlmsghdr *message)
{
	struct pri_tc_interface interface;

	if (pri_tc_interface_parse(message, &interface))
		*(int *)arg = interface.ifindex;
	return 0;
}

static const char *try_parts(struct pri_tc_nl *nl, struct pri_tc_batch *batch, int ifindex)
{
	const char *missing = NULL;

	for (size_t i = 0; !missing && i < PRI_ARRAY_SIZE(parts); i++) {
		pri_tc_batch_reset(batch);
		parts[i].try(batch, ifindex);
		if (pri_tc_send(nl, batch) < 0)
			missing = parts[i].name;
	}
	pri_tc_batch_reset(batch);
	pri_tc_link_delete(batch, ifindex);
	pri_tc_send(nl, batch);
	return missing;
}

const char *pri_tc_probe(struct pri_tc_nl *nl)
{
	struct pri_tc_batch batch = {0};
	const char *missing = NULL;
	char name[IFNAMSIZ];
	int ifindex = 0, r;

	snprintf(name, sizeof(name), "pr-try-%x", (unsigned int)getpid());
	pri_tc_ifb(&batch, name);
	r = pri_tc_send(nl, &batch);
	if (r == -EOPNOTSUPP || r == -ENOENT)
		missing = "IFB (module ifb)";
	pri_tc_batch_reset(&batch);
	pri_tc_link_get(&batch, 0, name);
	if (r == 0 && pri_tc_ask(nl, &batch, take_ifindex, &ifindex) == 0 && ifindex)
		missing = try_parts(nl, &batch, ifindex);
	pri_tc_batch_clear(&batch);
	return missing;
}
