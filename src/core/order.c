/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of a plan: what gives before what takes, and neighbours that one call can serve. */
#include "core/plan.h"

/* All that decides, in one number: comparing it touches no item, of which there may be more than
 * the caches hold. */
struct key {
	uint64_t number;
	struct pri_item *item;
};

#define RANK_BITS 8
#define MODE_BITS 2
#define BACKEND_BITS 8
#define SEQUENCE_BITS 32

/* Inside a target the rows say what comes first: upward where values grow, downward where they
 * shrink (a parent's quota grows before its children's and shrinks after them). */
static uint64_t rank(const struct pri_item *item)
{
	uint8_t up = item->change.attr->rank;

	return item->phase == PRI_PHASE_GIVE ? UINT8_MAX - up : up;
}

static uint64_t key_of(const struct pri_item *item)
{
	uint64_t number = item->phase;

	number = number << SEQUENCE_BITS | item->sequence;
	number = number << BACKEND_BITS | item->route->backend;
	number = number << MODE_BITS | item->change.mode;
	return number << RANK_BITS | rank(item);
}

static int compare_keys(const void *left, const void *right)
{
	const struct key *a = left, *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	/* As they were added: qsort keeps no order of its own. */
	return (a->item > b->item) - (a->item < b->item);
}

/* Without memory for the keys: the same, one item after the other. */
static int compare_items(const void *left, const void *right)
{
	struct key a = {.item = *(struct pri_item *const *)left};
	struct key b = {.item = *(struct pri_item *const *)right};

	a.number = key_of(a.item);
	b.number = key_of(b.item);
	return compare_keys(&a, &b);
}

static bool is_sorted(const struct key *keys, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (compare_keys(&keys[i - 1], &keys[i]) > 0)
			return false;
	return true;
}

/* Keys of what gives from the first place on, of the others from the last one back: the steps of a
 * plan often stand as they were added, and then each phase is in order already. */
void pri_order(struct pri_item **items, size_t n)
{
	pri_autofree struct key *keys = malloc((n ? n : 1) * sizeof(*keys));
	size_t gives = 0, takes = 0;

	if (!keys) {
		qsort(items, n, sizeof(*items), compare_items);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct key key = {key_of(items[i]), items[i]};

		if (items[i]->phase == PRI_PHASE_GIVE)
			keys[gives++] = key;
		else
			keys[n - ++takes] = key;
	}
	for (size_t i = gives, k = n; i + 1 < k--; i++) {
		struct key key = keys[i];

		keys[i] = keys[k];
		keys[k] = key;
	}
	if (!is_sorted(keys, n))
		qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < n; i++)
		items[i] = keys[i].item;
}
