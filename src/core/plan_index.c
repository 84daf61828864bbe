/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan_index.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE_FIRST 64

struct pri_plan_entry {
	uint32_t hash;	/* most numbers need not be looked at */
	uint32_t place; /* the number plus 1; 0: free */
};

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
uint32_t pri_plan_hash(uint32_t hash, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT32_C(0x01000193);
	return hash;
}

bool pri_plan_index_get(const struct pri_plan_index *index, uint32_t hash, pri_plan_is *is,
			const void *data, const void *key, uint32_t *ret_number)
{
	size_t mask = index->size - 1;

	if (index->size == 0)
		return false;
	for (size_t at = hash & mask; index->entries[at].place; at = (at + 1) & mask) {
		*ret_number = index->entries[at].place - 1;
		if (index->entries[at].hash == hash && is(data, *ret_number, key))
			return true;
	}
	return false;
}

static void place(struct pri_plan_index *index, struct pri_plan_entry entry)
{
	size_t at = entry.hash & (index->size - 1);

	while (index->entries[at].place)
		at = (at + 1) & (index->size - 1);
	index->entries[at] = entry;
}

static int grow(struct pri_plan_index *index)
{
	struct pri_plan_index larger = {.size = index->size ? 2 * index->size : SIZE_FIRST};

	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < index->size; i++)
		if (index->entries[i].place)
			place(&larger, index->entries[i]);
	larger.count = index->count;
	free(index->entries);
	*index = larger;
	return 0;
}

int pri_plan_index_reserve(struct pri_plan_index *index)
{
	return 2 * (index->count + 1) > index->size ? grow(index) : 0;
}

void pri_plan_index_put(struct pri_plan_index *index, uint32_t hash, uint32_t number)
{
	place(index, (struct pri_plan_entry){hash, number + 1});
	index->count++;
}

void pri_plan_index_empty(struct pri_plan_index *index)
{
	for (size_t i = 0; i < index->size; i++)
		index->entries[i].place = 0;
	index->count = 0;
}

void pri_plan_index_clear(struct pri_plan_index *index)
{
	free(index->entries);
	*index = (struct pri_plan_index){0};
}
