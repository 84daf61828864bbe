/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree: how one direction of a link is divided, on one IFB.
 *
 * The kernel is where it is kept: load() reads it, a caller copies it and changes the copy, and
 * commit() sends what differs.  doc/network.md has a picture.
 */
#ifndef PRI_TC_TREE_H
#define PRI_TC_TREE_H

#include <net/if.h>

#include <pralloc/base.h>

#include "backend/tc/msg.h"

#define PRI_TC_WEIGHT_DEFAULT 100
#define PRI_TC_ID_SIZE 16
#define PRI_TC_MAC_SIZE 6

/* Who shares a link: a VM. */
struct pri_tc_vm {
	uint8_t id[PRI_TC_ID_SIZE]; /* UUID */
	uint32_t weight;
	uint64_t guarantee; /* bytes per second, 0 for none */
	/* of the layout */
	uint64_t share; /* its part of the link, bytes per second */
	uint32_t ports;
	uint16_t first; /* lowest slot of its ports */
};

/* One of its NICs: a tap or another port. */
struct pri_tc_port {
	uint16_t slot;
	uint16_t vm;  /* index into vms */
	bool nested;  /* its class stands below one of its VM */
	bool seen;    /* its tap is there: see that it is redirected */
	bool replace; /* what somebody else has put on its tap */
	bool has_mac;
	uint8_t mac[PRI_TC_MAC_SIZE]; /* the guest's */
	int ifindex;
	char name[IFNAMSIZ]; /* of its tap when it joined */
	uint64_t average;    /* bytes per second, or PRALLOC_UNLIMITED */
	uint64_t peak;	     /* 0: not set */
	uint64_t burst;	     /* bytes, 0: not set */
	uint64_t looked_ns;  /* when its tap was looked at */
};

struct pri_tc_tree {
	enum pri_tc_direction direction;
	int owner;		   /* ifindex of the bridge, or of the tap that has none */
	char owner_name[IFNAMSIZ]; /* for texts */
	int ifindex;		   /* of the IFB, 0 when there is none */
	bool built;		   /* the IFB has its qdisc, classes and tables */
	bool laid_out;		   /* the shares are known */
	uint64_t link;		   /* bytes per second, or PRALLOC_UNLIMITED */
	struct pri_tc_vm *vms;
	struct pri_tc_port *ports;
	struct pri_tc_class *classes;
	uint32_t vm_count, port_count, class_count;
	uint32_t vm_room;
	uint16_t *index; /* number of the class with a minor, from 1; PRI_TC_MINORS */
};

/* tree.c */
void pri_tc_tree_clear(struct pri_tc_tree *tree);
int pri_tc_tree_copy(struct pri_tc_tree *copy, const struct pri_tc_tree *tree);
struct pri_tc_class *pri_tc_tree_class(const struct pri_tc_tree *tree, uint16_t minor);
/* Replace the classes, of which tree owns the memory from then on. */
int pri_tc_tree_set_classes(struct pri_tc_tree *tree, struct pri_tc_class *classes, uint32_t n);
/* hint: the number it may have. */
struct pri_tc_port *pri_tc_tree_port(const struct pri_tc_tree *tree, uint16_t slot, uint32_t hint);
struct pri_tc_port *pri_tc_tree_port_by_tap(const struct pri_tc_tree *tree, int ifindex);
/* The VM with this id, made with the default weight when there is none; -ENOMEM. */
int pri_tc_tree_vm(struct pri_tc_tree *tree, const uint8_t *id, uint16_t *ret_vm);
int pri_tc_tree_add_vm(struct pri_tc_tree *tree, const uint8_t *id, uint16_t *ret_vm);
/* A new port in a free slot, belonging to nobody yet; -ENOSPC when there is none, -ENOMEM. */
int pri_tc_tree_add(struct pri_tc_tree *tree, struct pri_tc_port **ret_port);
void pri_tc_tree_remove(struct pri_tc_tree *tree, struct pri_tc_port *port);
/* Minors of the class of a port and of the VM's above it (0: none). */
uint16_t pri_tc_port_minor(const struct pri_tc_port *port);
uint16_t pri_tc_vm_minor(const struct pri_tc_tree *tree, const struct pri_tc_port *port);
/* Whether a port has a setting of its own, and whether the tree has any at all. */
bool pri_tc_port_is_set(const struct pri_tc_tree *tree, const struct pri_tc_port *port);
bool pri_tc_tree_is_set(const struct pri_tc_tree *tree);

/* record.c: a port and its VM, as the keys of a filter */
void pri_tc_record_write(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
			 struct pri_tc_filter *filter);
/* false: the filter is none of ours.  Into a port without average and VM, and a VM. */
bool pri_tc_record_read(const struct pri_tc_filter *filter, struct pri_tc_port *port,
			struct pri_tc_vm *vm);

/* layout.c: the classes that the settings of a tree amount to */
/* -ENOSPC: more is guaranteed than the link has.  -EOPNOTSUPP: a peak beside other NICs. */
int pri_tc_layout(struct pri_tc_tree *tree);
/* The class of a port that has got another average, in a tree that is laid out; not nested. */
void pri_tc_layout_limit(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
			 struct pri_tc_class *c);

/* The average that the class of a port stands for. */
uint64_t pri_tc_class_limit(const struct pri_tc_class *c);

/* load.c */
void pri_tc_ifb_name(enum pri_tc_direction direction, int owner, char name[IFNAMSIZ]);
/* false: the interface is no IFB of ours. */
bool pri_tc_ifb_owner(const struct pri_tc_interface *interface,
		      enum pri_tc_direction *ret_direction, int *ret_owner);
/* Read what the kernel has for an owner; a tree that is not there is no error.  Into an empty tree,
 * with owner and direction set. */
int pri_tc_tree_load(struct pri_tc_nl *nl, struct pri_tc_tree *tree);

/* tap.c: what stands at a tap */
struct pri_tc_tap {
	char root[16];			  /* kind of the root qdisc */
	char ingress[16];		  /* "clsact", "ingress" or "" */
	bool foreign;			  /* somebody else's filters */
	int redirects[PRI_TC_DIRECTIONS]; /* where ours send to, 0: none */
};
int pri_tc_tap_look(struct pri_tc_nl *nl, int ifindex, struct pri_tc_tap *tap);
void pri_tc_tap_redirect(struct pri_tc_filter *filter, enum pri_tc_direction direction, int tap,
			 int ifb);

/* commit.c */
/*
 * Make the kernel's tree, which was loaded, the wanted one, which is laid out.  On failure what
 * took effect is taken back, and *ret_left is how many messages could not be.  0 or a negative
 * errno; nl->refusal has the kernel's cause where there is one.
 */
int pri_tc_commit(struct pri_tc_nl *nl, const struct pri_tc_tree *was, struct pri_tc_tree *wanted,
		  int *ret_left);

#endif /* PRI_TC_TREE_H */
