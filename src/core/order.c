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

void pri_order(struct pri_item **items, size_t n)
{
	pri_autofree struct key *keys = calloc(n ? n : 1, sizeof(*keys));
	bool sorted = true;

	if (!keys) {
		qsort(items, n, sizeof(*items), compare_items);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		keys[i] = (struct key){key_of(items[i]), items[i]};
		sorted = sorted && (i == 0 || compare_keys(&keys[i - 1], &keys[i]) < 0);
	}
	if (sorted)
		return;
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < n; i++)
		items[i] = keys[i].item;
}
