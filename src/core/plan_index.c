/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 64

struct pri_plan_entry {
	char *key;     /* NULL: free */
	uint32_t hash; /* most keys need not be looked at */
	uint32_t number;
};

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash_of(const char *key)
{
	uint32_t h = UINT32_C(0x811c9dc5);

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * UINT32_C(0x01000193);
	return h;
}

/* The entry of a key, or the free one where it belongs. */
static struct pri_plan_entry *find(const struct pri_plan_index *index, const char *key,
				   uint32_t hash)
{
	struct pri_plan_entry *entry;
	size_t at = hash & (index->size - 1);

	for (entry = &index->entries[at];
	     entry->key && (entry->hash != hash || strcmp(entry->key, key) != 0);
	     entry = &index->entries[at])
		at = (at + 1) & (index->size - 1);
	return entry;
}

/* Where an entry belongs in a table that does not have its key. */
static void move_entry(struct pri_plan_index *to, const struct pri_plan_entry *entry)
{
	size_t at = entry->hash & (to->size - 1);

	while (to->entries[at].key)
		at = (at + 1) & (to->size - 1);
	to->entries[at] = *entry;
}

static int grow(struct pri_plan_index *index)
{
	struct pri_plan_index larger = {.size = index->size ? 2 * index->size : SIZE_FIRST};

	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < index->size; i++)
		if (index->entries[i].key)
			move_entry(&larger, &index->entries[i]);
	larger.count = index->count;
	free(index->entries);
	*index = larger;
	return 0;
}

int pri_plan_index_put(struct pri_plan_index *index, const char *key, uint32_t number,
		       uint32_t *ret_number)
{
	uint32_t hash = hash_of(key);
	struct pri_plan_entry *entry;

	if (2 * (index->count + 1) > index->size && grow(index) < 0)
		return -ENOMEM;
	entry = find(index, key, hash);
	if (entry->key) {
		*ret_number = entry->number;
		return 1;
	}
	entry->key = strdup(key);
	if (!entry->key)
		return -ENOMEM;
	entry->hash = hash;
	entry->number = number;
	index->count++;
	*ret_number = number;
	return 0;
}

bool pri_plan_index_get(const struct pri_plan_index *index, const char *key, uint32_t *ret_number)
{
	const struct pri_plan_entry *entry = index->size ? find(index, key, hash_of(key)) : NULL;

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
