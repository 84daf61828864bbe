/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory that virtio-mem devices plug.  libvirt takes a requested size with a whole device, and
 * tells in the domain's XML what the guest has plugged.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

/* Tags of the rows: what is read. */
static uint64_t kib_of(const struct pri_lv_virtio_mem *device, int tag)
{
	switch (tag) {
	case PRI_LV_VIRTIO_SIZE:
		return device->size_kib;
	case PRI_LV_VIRTIO_PLUGGED:
		return device->current_kib;
	default:
		return device->requested_kib;
	}
}

static const struct pri_lv_virtio_mem *find(const struct pri_lv_xml *xml, const char *name)
{
	for (size_t i = 0; i < xml->virtio_mem_count; i++)
		if (strcmp(xml->virtio_mems[i].name, name) == 0)
			return &xml->virtio_mems[i];
	return NULL;
}

static int missing(struct pri_lv_op *op)
{
	return pri_lv_fail(&op->fault, -ENODEV,
			   "the domain has no virtio-mem device of this name%s",
			   op->mode == PRALLOC_CONFIG ? " in its configuration" : "");
}

static int virtio_read(struct pri_lv_op *op)
{
	struct pri_lv_xml *xml;

	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		const struct pri_lv_virtio_mem *device = find(xml, change->instance);

		if (device)
			change->held.number = kib_of(device, pri_lv_row(change)->tag) * 1024;
		else if (missing(op) < 0)
			pri_lv_fail_one(op, change);
	}
	pri_lv_xml_free(xml);
	return 0;
}

/* libvirt refuses it too, but with an error that does not tell what was wrong. */
static int judge(struct pri_lv_op *op, const struct pri_lv_xml *xml,
		 const struct pri_change *change)
{
	const struct pri_lv_virtio_mem *device = find(xml, change->instance);
	uint64_t wanted = change->wanted.number, size, block, below;

	if (!device)
		return missing(op);
	size = device->size_kib * 1024;
	block = device->block_kib ? device->block_kib * 1024 : 1;
	below = wanted - wanted % block;
	if (wanted == PRALLOC_DEFAULT || (wanted <= size && wanted == below))
		return 0;
	if (wanted > size)
		return pri_lv_fail(&op->fault, -ERANGE,
				   "%" PRIu64 "M is outside the range of the device (0 to %" PRIu64
				   "M)",
				   wanted >> 20, size >> 20);
	return pri_lv_fail(&op->fault, -ERANGE,
			   "%" PRIu64 "M lies between the steps %" PRIu64 "M and %" PRIu64
			   "M of the device's blocks",
			   wanted >> 20, below >> 20, (below + block) >> 20);
}

static int virtio_check(struct pri_lv_op *op)
{
	struct pri_lv_xml *xml;

	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		if (judge(op, xml, op->changes[i]) < 0)
			pri_lv_fail_one(op, op->changes[i]);
	pri_lv_xml_free(xml);
	return 0;
}

/* A device that nothing is requested of plugs nothing. */
static int virtio_write(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		uint64_t wanted = change->wanted.number;
		uint64_t kib = wanted == PRALLOC_DEFAULT ? 0 : wanted / 1024;

		if (pri_lv_xml_request_memory(op, change->instance, kib) < 0)
			return -1;
		change->took = true;
	}
	return 0;
}

const struct pri_lv_family pri_lv_virtio = {
	.read = virtio_read, .write = virtio_write, .check = virtio_check};
