/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cannot be told from the rates of the classes stands in a filter that no packet gets to: in
 * keys with mask 0, which the kernel keeps and gives back unchanged.
 */
#include <string.h>

#include "backend/tc/tree.h"

/* Where the keys would look, were they looked at. */
#define KEY_OFFSET (-8)

enum {
	KEY_MAGIC,
	KEY_WEIGHT,
	KEY_GUARANTEE,
	KEY_ID = KEY_GUARANTEE + 2,
	KEY_MAC = KEY_ID + 4,
	KEY_MAC_END, /* and whether there is one */
	KEY_IFINDEX,
	KEY_PEAK,
	KEY_BURST = KEY_PEAK + 2,
	KEY_NAME = KEY_BURST + 2,
	KEY_COUNT = KEY_NAME + IFNAMSIZ / 4,
};

_Static_assert(KEY_COUNT <= PRI_TC_KEYS_MAX, "a record fits a filter");

static void put_long(struct pri_tc_key *keys, uint64_t value)
{
	keys[0].value = (uint32_t)(value >> 32);
	keys[1].value = (uint32_t)value;
}

static uint64_t get_long(const struct pri_tc_key *keys)
{
	return (uint64_t)keys[0].value << 32 | keys[1].value;
}

static uint32_t four_bytes(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static void put_bytes(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

void pri_tc_record_write(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
			 struct pri_tc_filter *filter)
{
	const struct pri_tc_vm *vm = &tree->vms[port->vm];
	struct pri_tc_key *keys = filter->keys;

	*filter = (struct pri_tc_filter){.ifindex = tree->ifindex,
					 .parent = PRI_TC_ROOT,
					 .prio = PRI_TC_PRIO_RECORD,
					 .handle = pri_tc_record_handle(port->slot),
					 .classid = PRI_TC_ROOT | pri_tc_port_minor(port),
					 .key_count = KEY_COUNT};
	for (size_t i = 0; i < KEY_COUNT; i++)
		keys[i].offset = KEY_OFFSET;
	keys[KEY_MAGIC].value = PRI_TC_MAGIC;
	keys[KEY_WEIGHT].value = vm->weight;
	put_long(&keys[KEY_GUARANTEE], vm->guarantee);
	for (size_t i = 0; i < PRI_TC_ID_SIZE / 4; i++)
		keys[KEY_ID + i].value = four_bytes(&vm->id[4 * i]);
	keys[KEY_MAC].value = four_bytes(port->mac);
	keys[KEY_MAC_END].value = (uint32_t)port->mac[4] << 24 | (uint32_t)port->mac[5] << 16 |
				  (port->has_mac ? 1 : 0);
	keys[KEY_IFINDEX].value = (uint32_t)port->ifindex;
	put_long(&keys[KEY_PEAK], port->peak);
	put_long(&keys[KEY_BURST], port->burst);
	for (size_t i = 0; i < IFNAMSIZ / 4; i++)
		keys[KEY_NAME + i].value = four_bytes((const uint8_t *)&port->name[4 * i]);
}

bool pri_tc_record_read(const struct pri_tc_filter *filter, struct pri_tc_port *port,
			struct pri_tc_vm *vm)
{
	const struct pri_tc_key *keys = filter->keys;
	uint32_t end = keys[KEY_MAC_END].value;

	if (filter->key_count != KEY_COUNT || keys[KEY_MAGIC].value != PRI_TC_MAGIC ||
	    keys[KEY_MAGIC].mask != 0 || keys[KEY_WEIGHT].value == 0)
		return false;
	*vm = (struct pri_tc_vm){.weight = keys[KEY_WEIGHT].value,
				 .guarantee = get_long(&keys[KEY_GUARANTEE])};
	for (size_t i = 0; i < PRI_TC_ID_SIZE / 4; i++)
		put_bytes(&vm->id[4 * i], keys[KEY_ID + i].value);
	*port = (struct pri_tc_port){.slot = filter->handle & 0xfff,
				     .has_mac = end & 1,
				     .ifindex = (int)keys[KEY_IFINDEX].value,
				     .average = PRALLOC_UNLIMITED,
				     .peak = get_long(&keys[KEY_PEAK]),
				     .burst = get_long(&keys[KEY_BURST])};
	put_bytes(port->mac, keys[KEY_MAC].value);
	port->mac[4] = (uint8_t)(end >> 24);
	port->mac[5] = (uint8_t)(end >> 16);
	for (size_t i = 0; i < IFNAMSIZ / 4; i++)
		put_bytes((uint8_t *)&port->name[4 * i], keys[KEY_NAME + i].value);
	port->name[IFNAMSIZ - 1] = '\0';
	return true;
}
