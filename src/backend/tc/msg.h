/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The messages of each kind of object, and the numbers that they have in our trees.
 *
 * Functions that make append one message that creates or changes, those with _delete one that
 * removes, those with _get a question.
 */
#ifndef PRI_TC_MSG_H
#define PRI_TC_MSG_H

#include <net/if.h>

#include <linux/pkt_sched.h>

#include "backend/tc/nl.h"

/* Bytes per second that no link has: HTB's rate of what has no limit. */
#define PRI_TC_NO_RATE UINT64_MAX

/* The root qdisc of an IFB is 1:, 1:1 is the link, 1:2 what belongs to nobody. */
#define PRI_TC_ROOT UINT32_C(0x10000)
#define PRI_TC_MINOR_LINK 1
#define PRI_TC_MINOR_REST 2
/* A NIC has a slot, which is the minor of its class and the number of its filters.  Where a class
 * of the VM stands above it, that one has the second form and the NIC's the third. */
#define PRI_TC_SLOT_FIRST 0x010
#define PRI_TC_SLOT_LAST 0xfff
#define PRI_TC_MINOR_VM 0x1000
#define PRI_TC_MINOR_NIC 0x2000
#define PRI_TC_MINORS 0x3000

/* Hash tables of the filters on an IFB. */
#define PRI_TC_TABLE_MAC 1    /* by the last byte of the guest's MAC */
#define PRI_TC_TABLE_TAP 2    /* by tap, one after the other */
#define PRI_TC_TABLE_RECORD 3 /* never looked at by packets */
#define PRI_TC_BUCKETS 256    /* of the first and the last */
#define PRI_TC_PRIO_CLASSIFY 1
#define PRI_TC_PRIO_RECORD 2
/* The redirects at a tap: out, and in. */
#define PRI_TC_PRIO_REDIRECT 0x7072

/* Owner mark: "PRA1". */
#define PRI_TC_MAGIC UINT32_C(0x50524131)

enum pri_tc_direction {
	PRI_TC_OUT, /* from the guest: in at the tap */
	PRI_TC_IN,
	PRI_TC_DIRECTIONS,
};

/* Everything that a class is told; the kernel keeps bursts as time, in ticks of 64 ns. */
struct pri_tc_class {
	uint16_t minor, parent; /* parent 0: none */
	uint32_t quantum;
	uint64_t rate, ceil;
	uint32_t buffer, cbuffer;
	/* only when it was read */
	uint64_t bytes, packets, drops;
};

/* One u32 key as the kernel stores it, in host byte order.  A key with mask 0 matches always: it
 * is how we keep values of ours in the kernel. */
struct pri_tc_key {
	uint32_t value, mask;
	int offset; /* from the network header */
};

#define PRI_TC_KEYS_MAX 20

struct pri_tc_filter {
	int ifindex;
	uint32_t parent;
	uint16_t prio;
	uint32_t handle;
	uint32_t classid; /* 0: none */
	uint32_t link;	  /* table to go on in, 0: none */
	uint32_t hash_mask;
	int hash_offset;
	const char *indev; /* or NULL */
	int redirect;	   /* ifindex to send it to, 0: none */
	uint8_t key_count;
	struct pri_tc_key keys[PRI_TC_KEYS_MAX];
};

static inline uint32_t pri_tc_table(uint32_t table)
{
	return table << 20;
}

static inline uint32_t pri_tc_node(uint32_t table, uint32_t bucket, uint32_t node)
{
	return table << 20 | bucket << 12 | node;
}

/* In buckets, as the kernel goes through a bucket for each filter that comes or goes. */
static inline uint32_t pri_tc_record_handle(uint16_t slot)
{
	return pri_tc_node(PRI_TC_TABLE_RECORD, slot % PRI_TC_BUCKETS, slot);
}

static inline uint32_t pri_tc_hook(enum pri_tc_direction direction)
{
	return TC_H_MAKE(TC_H_CLSACT, direction == PRI_TC_OUT ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

/* msg_qdisc.c */
void pri_tc_htb(struct pri_tc_batch *batch, int ifindex);
void pri_tc_bfifo(struct pri_tc_batch *batch, int ifindex, uint16_t minor, uint32_t limit);
void pri_tc_clsact(struct pri_tc_batch *batch, int ifindex);
/* Whether there is one: refused where there is none, and not answered else. */
void pri_tc_clsact_get(struct pri_tc_batch *batch, int ifindex);
void pri_tc_clsact_delete(struct pri_tc_batch *batch, int ifindex);
/* parent: TC_H_ROOT or TC_H_INGRESS (which clsact is, too). */
void pri_tc_qdisc_delete(struct pri_tc_batch *batch, int ifindex, uint32_t parent);
void pri_tc_qdisc_dump(struct pri_tc_batch *batch);
void pri_tc_qdisc_get(struct pri_tc_batch *batch, int ifindex, uint32_t parent);

/* msg_class.c */
void pri_tc_class_new(struct pri_tc_batch *batch, int ifindex, const struct pri_tc_class *c);
void pri_tc_class_change(struct pri_tc_batch *batch, int ifindex, const struct pri_tc_class *c);
void pri_tc_class_delete(struct pri_tc_batch *batch, int ifindex, const struct pri_tc_class *c);
void pri_tc_class_get(struct pri_tc_batch *batch, int ifindex, uint16_t minor);
void pri_tc_class_dump(struct pri_tc_batch *batch, int ifindex);
/* Read an RTM_NEWTCLASS; false: none of HTB. */
bool pri_tc_class_parse(const struct nlmsghdr *message, struct pri_tc_class *ret_class);

/* msg_filter.c */
void pri_tc_hash_table(struct pri_tc_batch *batch, int ifindex, uint16_t prio, uint32_t table,
		       uint32_t buckets);
void pri_tc_filter_new(struct pri_tc_batch *batch, const struct pri_tc_filter *filter);
void pri_tc_filter_delete(struct pri_tc_batch *batch, const struct pri_tc_filter *filter);
/* The record of a slot. */
void pri_tc_record_get(struct pri_tc_batch *batch, int ifindex, uint16_t slot);
/* prio 0: all. */
void pri_tc_filter_dump(struct pri_tc_batch *batch, int ifindex, uint32_t parent, uint16_t prio);
/* Read an RTM_NEWTFILTER with keys; false: it is none (a hash table, another kind). */
bool pri_tc_filter_parse(const struct nlmsghdr *message, struct pri_tc_filter *ret_filter);

/* msg_link.c */
struct pri_tc_interface {
	int ifindex, master;
	char name[IFNAMSIZ];
	char kind[16];	     /* "tun", "veth", "bridge", … or "" */
	char slave_kind[16]; /* what it is a port of: "bridge", "openvswitch", … */
	uint8_t mac[6];
	unsigned int flags; /* IFF_* */
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets, rx_drops, tx_drops;
};

void pri_tc_ifb(struct pri_tc_batch *batch, const char *name);
void pri_tc_alias(struct pri_tc_batch *batch, const char *name, const char *alias);
void pri_tc_link_delete(struct pri_tc_batch *batch, int ifindex);
/* By name, or by ifindex when name is NULL. */
void pri_tc_link_get(struct pri_tc_batch *batch, int ifindex, const char *name);
/* Those of a master and of a kind, or (0, NULL) of any; without statistics. */
void pri_tc_link_dump(struct pri_tc_batch *batch, int master, const char *kind);
bool pri_tc_interface_parse(const struct nlmsghdr *message, struct pri_tc_interface *ret);
/* What a bridge has learned behind a port. */
void pri_tc_fdb_dump(struct pri_tc_batch *batch, int port, int bridge);
bool pri_tc_fdb_parse(const struct nlmsghdr *message, int port, uint8_t mac[6]);

#endif /* PRI_TC_MSG_H */
