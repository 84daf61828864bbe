/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of a plan: what gives before what takes, and neighbours that one call can serve. */
#include "core/plan.h"

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Inside a target the rows say what comes first: upward where values grow, downward where they
 * shrink (a parent's quota grows before its children's and shrinks after them). */
static int compare_rank(const struct pri_item *a, const struct pri_item *b)
{
	int c = compare(a->change.attr->rank, b->change.attr->rank);

	return a->phase == PRI_PHASE_GIVE ? -c : c;
}

static int compare_items(const void *left, const void *right)
{
	const struct pri_item *a = *(struct pri_item *const *)left;
	const struct pri_item *b = *(struct pri_item *const *)right;
	int c = compare(a->phase, b->phase);

	if (c == 0)
		c = compare(a->sequence, b->sequence);
	if (c == 0)
		c = compare(a->route->backend, b->route->backend);
	if (c == 0)
		c = compare(a->change.mode, b->change.mode);
	if (c == 0)
		c = compare_rank(a, b);
	/* As they were added: qsort keeps no order of its own. */
	return c ? c : compare((uintptr_t)a, (uintptr_t)b);
}

void pri_order(struct pri_item **items, size_t n)
{
	qsort(items, n, sizeof(*items), compare_items);
}
