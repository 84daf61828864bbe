/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a tree from the kernel. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/tc/tree.h"

/* Somebody may change it while it is read: then it is read again. */
#define TRIES 3

static const char *const prefixes[] = {[PRI_TC_OUT] = "pr-out-", [PRI_TC_IN] = "pr-in-"};

void pri_tc_ifb_name(enum pri_tc_direction direction, int owner, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "%s%x", prefixes[direction], (unsigned int)owner);
}

bool pri_tc_ifb_owner(const struct pri_tc_interface *interface,
		      enum pri_tc_direction *ret_direction, int *ret_owner)
{
	for (int d = 0; strcmp(interface->kind, "ifb") == 0 && d < PRI_TC_DIRECTIONS; d++) {
		size_t length = strlen(prefixes[d]);
		char *end;

		if (strncmp(interface->name, prefixes[d], length) != 0)
			continue;
		*ret_owner = (int)strtoul(interface->name + length, &end, 16);
		*ret_direction = d;
		return !*end && *ret_owner > 0;
	}
	return false;
}

/* As many NICs as there are slots, and twice as many places for their VMs. */
#define PORTS_MAX (PRI_TC_SLOT_LAST - PRI_TC_SLOT_FIRST + 1)
#define BUCKETS 8192

_Static_assert(BUCKETS > PORTS_MAX, "a VM always finds a place");

struct reading {
	struct pri_tc_tree *tree;
	uint16_t *vms; /* number of a VM, from 1, at the hash of its UUID */
	struct pri_tc_class *classes;
	uint32_t class_count, class_room, port_room;
};

static int take_ifb(void *arg, const struct nlmsghdr *message)
{
	struct pri_tc_interface interface;
	struct pri_tc_tree *tree = arg;

	if (pri_tc_interface_parse(message, &interface) && strcmp(interface.kind, "ifb") == 0)
		tree->ifindex = interface.ifindex;
	return 0;
}

static int take_class(void *arg, const struct nlmsghdr *message)
{
	struct reading *reading = arg;

	if (reading->class_count == reading->class_room) {
		uint32_t room = reading->class_room ? reading->class_room * 2 : 32;
		struct pri_tc_class *more = realloc(reading->classes, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		reading->classes = more;
		reading->class_room = room;
	}
	if (pri_tc_class_parse(message, &reading->classes[reading->class_count]))
		reading->class_count++;
	return 0;
}

/* As pri_tc_tree_vm, for a thousand of them. */
static int find_vm(struct reading *reading, const uint8_t *id, uint16_t *ret_vm)
{
	struct pri_tc_tree *tree = reading->tree;
	uint64_t hash;
	uint32_t at;
	int r;

	memcpy(&hash, id, sizeof(hash));
	at = (uint32_t)((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 51);
	for (; reading->vms[at]; at = (at + 1) % BUCKETS) {
		*ret_vm = (uint16_t)(reading->vms[at] - 1);
		if (memcmp(tree->vms[*ret_vm].id, id, PRI_TC_ID_SIZE) == 0)
			return 0;
	}
	r = pri_tc_tree_add_vm(tree, id, ret_vm);
	if (r == 0)
		reading->vms[at] = (uint16_t)(*ret_vm + 1);
	return r;
}

static int take_record(void *arg, const struct nlmsghdr *message)
{
	struct reading *reading = arg;
	struct pri_tc_tree *tree = reading->tree;
	struct pri_tc_filter filter;
	struct pri_tc_port port;
	struct pri_tc_vm vm;
	int r;

	if (!pri_tc_filter_parse(message, &filter) || !pri_tc_record_read(&filter, &port, &vm))
		return 0;
	/* Nobody of us writes so many. */
	if (tree->port_count == PORTS_MAX)
		return -EOVERFLOW;
	r = find_vm(reading, vm.id, &port.vm);
	if (r < 0)
		return r;
	memcpy(&tree->vms[port.vm], &vm, sizeof(vm));
	if (tree->port_count == reading->port_room) {
		uint32_t room = reading->port_room ? reading->port_room * 2 : 16;
		struct pri_tc_port *more = realloc(tree->ports, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		tree->ports = more;
		reading->port_room = room;
	}
	tree->ports[tree->port_count++] = port;
	return 0;
}

static int ask_ifb(struct pri_tc_nl *nl, struct pri_tc_batch *batch, struct pri_tc_tree *tree)
{
	char name[IFNAMSIZ];
	int r;

	pri_tc_ifb_name(tree->direction, tree->owner, name);
	pri_tc_link_get(batch, 0, name);
	r = pri_tc_ask(nl, batch, take_ifb, tree);
	return r == -ENODEV ? 0 : r;
}

static int dump_all(struct pri_tc_nl *nl, struct pri_tc_batch *batch, struct reading *reading)
{
	struct pri_tc_tree *tree = reading->tree;
	int r;

	pri_tc_batch_reset(batch);
	pri_tc_class_dump(batch, tree->ifindex);
	r = pri_tc_dump(nl, batch, take_class, reading);
	if (r < 0)
		return r;
	pri_tc_batch_reset(batch);
	pri_tc_filter_dump(batch, tree->ifindex, PRI_TC_ROOT, PRI_TC_PRIO_RECORD);
	return pri_tc_dump(nl, batch, take_record, reading);
}

/* What the classes tell: the link's rate, the limits, which form a port's class has. */
static void derive(struct pri_tc_tree *tree)
{
	const struct pri_tc_class *link = pri_tc_tree_class(tree, PRI_TC_MINOR_LINK);

	tree->built = link != NULL;
	if (link)
		tree->link = link->rate;
	for (uint32_t i = 0; i < tree->port_count; i++) {
		struct pri_tc_port *port = &tree->ports[i];
		const struct pri_tc_class *c;

		port->nested = pri_tc_tree_class(tree, PRI_TC_MINOR_NIC | port->slot) != NULL;
		c = pri_tc_tree_class(tree, pri_tc_port_minor(port));
		if (c && (c->cbuffer & 1))
			port->average = c->ceil;
	}
}

static void count_ports(struct pri_tc_tree *tree)
{
	for (uint32_t i = 0; i < tree->port_count; i++) {
		struct pri_tc_vm *vm = &tree->vms[tree->ports[i].vm];

		if (vm->ports++ == 0 || tree->ports[i].slot < vm->first)
			vm->first = tree->ports[i].slot;
	}
}

static int load_once(struct pri_tc_nl *nl, struct pri_tc_batch *batch, struct pri_tc_tree *tree)
{
	struct reading reading = {.tree = tree, .vms = calloc(BUCKETS, sizeof(*reading.vms))};
	int r = reading.vms ? dump_all(nl, batch, &reading) : -ENOMEM;

	free(reading.vms);
	if (r == 0)
		r = pri_tc_tree_set_classes(tree, reading.classes, reading.class_count);
	else
		free(reading.classes);
	if (r < 0)
		return r;
	count_ports(tree);
	derive(tree);
	return 0;
}

int pri_tc_tree_load(struct pri_tc_nl *nl, struct pri_tc_tree *tree)
{
	struct pri_tc_tree empty = *tree;
	struct pri_tc_batch batch = {0};
	int r;

	empty.link = PRALLOC_UNLIMITED;
	*tree = empty;
	r = ask_ifb(nl, &batch, tree);
	empty.ifindex = tree->ifindex;
	for (int i = 0; r == 0 && tree->ifindex && i < TRIES; i++) {
		r = load_once(nl, &batch, tree);
		if (r != -EAGAIN)
			break;
		pri_tc_tree_clear(tree);
		*tree = empty;
		r = i + 1 < TRIES ? 0 : -EAGAIN;
	}
	pri_tc_batch_clear(&batch);
	if (r < 0)
		pri_tc_tree_clear(tree);
	return r;
}
