/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/tc/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pri_tc_tree_clear(struct pri_tc_tree *tree)
{
	free(tree->vms);
	free(tree->ports);
	free(tree->classes);
	free(tree->index);
	*tree = (struct pri_tc_tree){0};
}

static void *copy_of(const void *data, size_t n, size_t size)
{
	void *copy = malloc((n + 1) * size);

	if (copy && n)
		memcpy(copy, data, n * size);
	return copy;
}

int pri_tc_tree_copy(struct pri_tc_tree *copy, const struct pri_tc_tree *tree)
{
	*copy = *tree;
	copy->vms = copy_of(tree->vms, tree->vm_count, sizeof(*tree->vms));
	copy->ports = copy_of(tree->ports, tree->port_count, sizeof(*tree->ports));
	copy->vm_room = tree->vm_count + 1;
	copy->classes = NULL;
	copy->index = NULL;
	copy->class_count = 0;
	if (copy->vms && copy->ports)
		return 0;
	pri_tc_tree_clear(copy);
	return -ENOMEM;
}

struct pri_tc_class *pri_tc_tree_class(const struct pri_tc_tree *tree, uint16_t minor)
{
	uint16_t number = tree->index && minor < PRI_TC_MINORS ? tree->index[minor] : 0;

	return number ? &tree->classes[number - 1] : NULL;
}

int pri_tc_tree_set_classes(struct pri_tc_tree *tree, struct pri_tc_class *classes, uint32_t n)
{
	free(tree->classes);
	free(tree->index);
	tree->classes = classes;
	tree->class_count = n;
	tree->index = calloc(PRI_TC_MINORS, sizeof(*tree->index));
	if (!tree->index)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (classes[i].minor < PRI_TC_MINORS)
			tree->index[classes[i].minor] = (uint16_t)(i + 1);
	return 0;
}

struct pri_tc_port *pri_tc_tree_port(const struct pri_tc_tree *tree, uint16_t slot, uint32_t hint)
{
	if (hint < tree->port_count && tree->ports[hint].slot == slot)
		return &tree->ports[hint];
	for (uint32_t i = 0; i < tree->port_count; i++)
		if (tree->ports[i].slot == slot)
			return &tree->ports[i];
	return NULL;
}

struct pri_tc_port *pri_tc_tree_port_by_tap(const struct pri_tc_tree *tree, int ifindex)
{
	for (uint32_t i = 0; i < tree->port_count; i++)
		if (tree->ports[i].ifindex == ifindex)
			return &tree->ports[i];
	return NULL;
}

int pri_tc_tree_add_vm(struct pri_tc_tree *tree, const uint8_t *id, uint16_t *ret_vm)
{
	if (tree->vm_count == tree->vm_room) {
		uint32_t room = tree->vm_room ? 2 * tree->vm_room : 16;
		struct pri_tc_vm *more = realloc(tree->vms, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		tree->vms = more;
		tree->vm_room = room;
	}
	tree->vms[tree->vm_count] = (struct pri_tc_vm){.weight = PRI_TC_WEIGHT_DEFAULT};
	memcpy(tree->vms[tree->vm_count].id, id, PRI_TC_ID_SIZE);
	*ret_vm = (uint16_t)tree->vm_count++;
	return 0;
}

int pri_tc_tree_vm(struct pri_tc_tree *tree, const uint8_t *id, uint16_t *ret_vm)
{
	for (uint32_t i = 0; i < tree->vm_count; i++) {
		if (memcmp(tree->vms[i].id, id, PRI_TC_ID_SIZE) != 0)
			continue;
		*ret_vm = (uint16_t)i;
		return 0;
	}
	return pri_tc_tree_add_vm(tree, id, ret_vm);
}

static uint16_t free_slot(const struct pri_tc_tree *tree)
{
	uint8_t used[PRI_TC_SLOT_LAST + 1] = {0};

	for (uint32_t i = 0; i < tree->port_count; i++)
		used[tree->ports[i].slot] = 1;
	for (uint16_t slot = PRI_TC_SLOT_FIRST; slot <= PRI_TC_SLOT_LAST; slot++)
		if (!used[slot])
			return slot;
	return 0;
}

int pri_tc_tree_add(struct pri_tc_tree *tree, struct pri_tc_port **ret_port)
{
	uint16_t slot = free_slot(tree);
	struct pri_tc_port *more;

	if (!slot)
		return -ENOSPC;
	more = realloc(tree->ports, (tree->port_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	tree->ports = more;
	*ret_port = &more[tree->port_count++];
	**ret_port = (struct pri_tc_port){.slot = slot, .average = PRALLOC_UNLIMITED};
	return 0;
}

void pri_tc_tree_remove(struct pri_tc_tree *tree, struct pri_tc_port *port)
{
	*port = tree->ports[--tree->port_count];
}

uint16_t pri_tc_port_minor(const struct pri_tc_port *port)
{
	return port->nested ? PRI_TC_MINOR_NIC | port->slot : port->slot;
}

uint16_t pri_tc_vm_minor(const struct pri_tc_tree *tree, const struct pri_tc_port *port)
{
	return port->nested ? PRI_TC_MINOR_VM | tree->vms[port->vm].first : 0;
}

bool pri_tc_port_is_set(const struct pri_tc_tree *tree, const struct pri_tc_port *port)
{
	const struct pri_tc_vm *vm = &tree->vms[port->vm];

	return port->average != PRALLOC_UNLIMITED || port->peak || port->burst ||
	       vm->weight != PRI_TC_WEIGHT_DEFAULT || vm->guarantee;
}

bool pri_tc_tree_is_set(const struct pri_tc_tree *tree)
{
	if (tree->link != PRALLOC_UNLIMITED)
		return true;
	for (uint32_t i = 0; i < tree->port_count; i++)
		if (pri_tc_port_is_set(tree, &tree->ports[i]))
			return true;
	return false;
}
