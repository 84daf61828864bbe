/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/fake/fake.h"

#include <errno.h>
#include <stdlib.h>

#include <pralloc/base.h>

#define ROOM_FIRST 8

static struct pri_fake_entry *find(const struct pri_fake_store *store, int attr, unsigned int slot,
				   bool config)
{
	for (size_t i = 0; i < store->count; i++) {
		struct pri_fake_entry *entry = &store->entries[i];

		if (entry->attr == attr && entry->slot == slot && entry->config == config)
			return entry;
	}
	return NULL;
}

static int make_room(struct pri_fake_store *store)
{
	size_t room = store->room ? 2 * store->room : ROOM_FIRST;
	struct pri_fake_entry *entries;

	if (store->count < store->room)
		return 0;
	entries = realloc(store->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	store->entries = entries;
	store->room = room;
	return 0;
}

const struct pri_value *pri_fake_store_find(const struct pri_fake_store *store, int attr,
					    unsigned int slot, bool config)
{
	const struct pri_fake_entry *entry = find(store, attr, slot, config);

	return entry ? &entry->value : NULL;
}

int pri_fake_store_put(struct pri_fake_store *store, int attr, unsigned int slot, bool config,
		       const struct pri_value *value)
{
	struct pri_fake_entry *entry = find(store, attr, slot, config);
	struct pri_value copy = {.number = value->number};
	int r;

	r = pri_fake_core->value_set_text(&copy, value->text);
	if (r < 0)
		return r;
	if (!entry) {
		r = make_room(store);
		if (r < 0) {
			free(copy.text);
			return r;
		}
		entry = &store->entries[store->count++];
		*entry = (struct pri_fake_entry){
			.attr = (int16_t)attr, .slot = (uint8_t)slot, .config = config};
	}
	free(entry->value.text);
	entry->value = copy;
	return 0;
}

int pri_fake_store_restart(struct pri_fake_store *store)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->count; i++) {
		if (store->entries[i].config)
			store->entries[kept++] = store->entries[i];
		else
			free(store->entries[i].value.text);
	}
	store->count = kept;
	for (size_t i = 0; i < kept; i++) {
		/* A copy: put() may move the entries. */
		struct pri_fake_entry entry = store->entries[i];
		int r;

		if (entry.value.number == PRALLOC_DEFAULT && !entry.value.text)
			continue;
		r = pri_fake_store_put(store, entry.attr, entry.slot, false, &entry.value);
		if (r < 0)
			return r;
	}
	return 0;
}

void pri_fake_store_clear(struct pri_fake_store *store)
{
	for (size_t i = 0; i < store->count; i++)
		free(store->entries[i].value.text);
	free(store->entries);
	*store = (struct pri_fake_store){0};
}
