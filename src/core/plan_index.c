/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 64

struct pri_plan_entry {
	char *key; /* NULL: free */
	uint32_t number;
};

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash(const char *key)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
	return h;
}

static struct pri_plan_entry *find(const struct pri_plan_index *index, const char *key)
{
	size_t at = (size_t)hash(key) & (index->size - 1);

	while (index->entries[at].key && strcmp(index->entries[at].key, key) != 0)
		at = (at + 1) & (index->size - 1);
	return &index->entries[at];
}

static int grow(struct pri_plan_index *index)
{
	struct pri_plan_index larger = {.size = index->size ? 2 * index->size : SIZE_FIRST};

	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < index->size; i++)
		if (index->entries[i].key)
			*find(&larger, index->entries[i].key) = index->entries[i];
	larger.count = index->count;
	free(index->entries);
	*index = larger;
	return 0;
}

int pri_plan_index_put(struct pri_plan_index *index, const char *key, uint32_t number,
		       uint32_t *ret_number)
{
	struct pri_plan_entry *entry;

	if (2 * (index->count + 1) > index->size && grow(index) < 0)
		return -ENOMEM;
	entry = find(index, key);
	if (entry->key) {
		*ret_number = entry->number;
		return 1;
	}
	entry->key = strdup(key);
	if (!entry->key)
		return -ENOMEM;
	entry->number = number;
	index->count++;
	*ret_number = number;
	return 0;
}

bool pri_plan_index_get(const struct pri_plan_index *index, const char *key, uint32_t *ret_number)
{
	const struct pri_plan_entry *entry = index->size ? find(index, key) : NULL;

	if (!entry || !entry->key)
		return false;
	*ret_number = entry->number;
	return true;
}

void pri_plan_index_clear(struct pri_plan_index *index)
{
	for (size_t i = 0; i < index->size; i++)
		free(index->entries[i].key);
	free(index->entries);
	*index = (struct pri_plan_index){0};
}
