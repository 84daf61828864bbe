/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/tc/model.h"

#include <errno.h>
#include <stdbool.h>

/* The largest packet that offloads (GSO) produce. */
#define PACKET_MAX UINT64_C(65536)
/* A packet larger than the quantum makes what is lent go packet by packet instead of by weight. */
#define QUANTUM_MIN PACKET_MAX
#define QUANTUM_MAX (QUANTUM_MIN * PRI_TC_SPAN_MAX)

#define NS_PER_SEC UINT64_C(1000000000)
#define BURST_MIN_NS UINT64_C(1000000)
/* HTB remembers no longer than this (mbuffer, its default and most). */
#define BURST_MAX_NS (60 * NS_PER_SEC)

/* A queue of 50 ms; TCP needs several of its largest packets, and memory is to stay bounded. */
#define QUEUES_PER_SEC 20
#define QUEUE_MIN (4 * PACKET_MAX)
#define QUEUE_MAX (64 * PACKET_MAX)

__extension__ typedef unsigned __int128 wide;

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* amount * part / whole, rounded down; part <= whole. */
static uint64_t part_of(uint64_t amount, uint64_t part, uint64_t whole)
{
	return (uint64_t)((wide)amount * part / whole);
}

uint64_t pri_tc_guaranteed(const struct pri_tc_demand *demands, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (__builtin_add_overflow(sum, demands[i].guarantee, &sum))
			return UINT64_MAX;
	}
	return sum;
}

struct totals {
	uint64_t floors;  /* sum of what each class gets before weights count: from 1 */
	uint64_t weights; /* sum */
	uint32_t lightest, heaviest;
};

static struct totals add_up(uint32_t rest_weight, const struct pri_tc_demand *demands, size_t n)
{
	uint32_t first = n > 0 ? demands[0].weight : rest_weight;
	struct totals totals = {1, rest_weight, first, first};

	for (size_t i = 0; i < n; i++) {
		uint32_t weight = demands[i].weight;

		totals.floors += most(demands[i].guarantee, 1);
		totals.weights += weight;
		totals.lightest = weight < totals.lightest ? weight : totals.lightest;
		totals.heaviest = weight > totals.heaviest ? weight : totals.heaviest;
	}
	return totals;
}

uint32_t pri_tc_span(const struct pri_tc_demand *demands, size_t n)
{
	struct totals totals = add_up(1, demands, n);

	return totals.heaviest / totals.lightest + (totals.heaviest % totals.lightest != 0);
}

/* In proportion to the weights, that of the lightest VM being one packet.  Beyond the span that can
 * hold, the heavy ones keep their proportions. */
static uint32_t quantum_of(uint32_t weight, const struct totals *totals)
{
	bool holds = totals->heaviest <= (uint64_t)PRI_TC_SPAN_MAX * totals->lightest;
	uint64_t quantum = holds ? weight * QUANTUM_MIN / totals->lightest
				 : weight * QUANTUM_MAX / totals->heaviest;

	return (uint32_t)least(most(quantum, QUANTUM_MIN), QUANTUM_MAX);
}

/* Where guarantees leave less than a byte per second for each of the others, that much is taken
 * off the guarantees: far less than what HTB's own arithmetic is off. */
static uint64_t share_of(uint64_t link, const struct pri_tc_demand *demand, size_t n,
			 const struct totals *totals)
{
	uint64_t floor = most(demand->guarantee, 1);

	if (totals->floors <= link)
		return floor + part_of(link - totals->floors, demand->weight, totals->weights);
	return 1 + part_of(link - (n + 1), floor - 1, totals->floors - (n + 1));
}

int pri_tc_divide(uint64_t link, uint32_t rest_weight, const struct pri_tc_demand *demands,
		  size_t n, struct pri_tc_shape *shapes, struct pri_tc_shape *ret_rest)
{
	struct totals totals;
	uint64_t left = link;

	if (pri_tc_guaranteed(demands, n) > link || link <= n)
		return -ENOSPC;
	totals = add_up(rest_weight, demands, n);
	for (size_t i = 0; i < n; i++) {
		shapes[i].share = share_of(link, &demands[i], n, &totals);
		shapes[i].quantum = quantum_of(demands[i].weight, &totals);
		pri_tc_set_ceiling(&shapes[i], link, demands[i].ceiling);
		left -= shapes[i].share;
	}
	*ret_rest = (struct pri_tc_shape){left, left, link, quantum_of(rest_weight, &totals)};
	return 0;
}

void pri_tc_set_ceiling(struct pri_tc_shape *shape, uint64_t link, uint64_t ceiling)
{
	shape->rate = least(shape->share, ceiling);
	shape->ceil = least(link, ceiling);
}

uint64_t pri_tc_burst_ns(uint64_t link)
{
	uint64_t packet_ns = PACKET_MAX * NS_PER_SEC / link;

	return least(most(packet_ns, BURST_MIN_NS), BURST_MAX_NS);
}

uint32_t pri_tc_queue_limit(uint64_t rate)
{
	return (uint32_t)least(most(rate / QUEUES_PER_SEC, QUEUE_MIN), QUEUE_MAX);
}

static bool differs(const struct pri_tc_shape *a, const struct pri_tc_shape *b)
{
	return a->rate != b->rate || a->ceil != b->ceil || a->quantum != b->quantum;
}

size_t pri_tc_order(const struct pri_tc_shape *was, const struct pri_tc_shape *wanted, size_t n,
		    uint32_t *order)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (wanted[i].rate < was[i].rate)
			order[count++] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		if (wanted[i].rate >= was[i].rate && differs(&was[i], &wanted[i]))
			order[count++] = (uint32_t)i;
	}
	return count;
}
