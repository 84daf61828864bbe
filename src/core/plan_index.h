/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which targets and changes a plan already has: a hash table from text to number. */
#ifndef PRI_PLAN_INDEX_H
#define PRI_PLAN_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pri_plan_index {
	struct pri_plan_entry *entries;
	size_t count, size;
};

/* Find key or add it with number.  Returns 1 when it was there, 0 when it was added, -ENOMEM;
 * *ret_number is the number it has. */
int pri_plan_index_put(struct pri_plan_index *index, const char *key, uint32_t number,
		       uint32_t *ret_number);
/* The number of a key; false when it is not there. */
bool pri_plan_index_get(const struct pri_plan_index *index, const char *key, uint32_t *ret_number);
void pri_plan_index_clear(struct pri_plan_index *index);

#endif /* PRI_PLAN_INDEX_H */
