/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which targets and changes a plan already has: a hash table of numbers.  What a number stands for
 * is kept by whoever has the table, who compares it with a key. */
#ifndef PRI_PLAN_INDEX_H
#define PRI_PLAN_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pri_plan_index {
	struct pri_plan_entry *entries;
	size_t count, size;
};

/* Whether the number, which was put under the same hash, stands for the key. */
typedef bool pri_plan_is(const void *data, uint32_t number, const void *key);

/* A hash goes on from the one of what came before; it begins with PRI_PLAN_HASH. */
#define PRI_PLAN_HASH UINT32_C(0x811c9dc5)
uint32_t pri_plan_hash(uint32_t hash, const void *bytes, size_t size);

/* The number of a key; false when it is not there. */
bool pri_plan_index_get(const struct pri_plan_index *index, uint32_t hash, pri_plan_is *is,
			const void *data, const void *key, uint32_t *ret_number);
/* Make room for one more number.  0 or -ENOMEM. */
int pri_plan_index_reserve(struct pri_plan_index *index);
/* Put a number that is not there, and that there is room for. */
void pri_plan_index_put(struct pri_plan_index *index, uint32_t hash, uint32_t number);
/* Take out all numbers; their room stays. */
void pri_plan_index_empty(struct pri_plan_index *index);
void pri_plan_index_clear(struct pri_plan_index *index);

#endif /* PRI_PLAN_INDEX_H */
