/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's own figures of HTB classes, the oracle of the tests: what `tc -s class` prints. */
#ifndef PRALLOC_NET_CLASS_H
#define PRALLOC_NET_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_class {
	uint32_t handle, parent; /* 0x10010 for 1:10; UINT32_MAX: below the root */
	uint64_t rate, ceil;	 /* bytes per second */
	uint32_t quantum;
	bool has_classes; /* is the parent of another one */
	uint64_t bytes, drops;
};

struct net_classes {
	struct net_class *list;
	size_t count, room;
};

/* Read the classes of a device again; the list grows.  Fails the test when there is no device. */
void net_classes_read(struct net_classes *classes, const char *device);
void net_classes_free(struct net_classes *classes);
/* By handle; NULL when there is none. */
const struct net_class *net_class_find(const struct net_classes *classes, uint32_t handle);

#endif
