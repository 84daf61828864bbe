/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a link is divided: exact cases, and what has to hold for any input. */
#include "backend/tc/model.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <pralloc.h>
#include <string.h>
#include <time.h>

#include "util/cleanup.h"

#define MANY 5000
#define VMS_MAX 40
#define PACKET 65536
#define ANY PRALLOC_UNLIMITED

/* One division: what goes in and what comes out. */
struct division {
	uint64_t link;
	uint32_t rest_weight;
	size_t n;
	struct pri_tc_demand demands[VMS_MAX];
	struct pri_tc_shape shapes[VMS_MAX];
	struct pri_tc_shape rest;
};

static int divide(struct division *d)
{
	return pri_tc_divide(d->link, d->rest_weight, d->demands, d->n, d->shapes, &d->rest);
}

static const struct {
	const char *name;
	uint64_t link;
	uint32_t rest_weight;
	struct pri_tc_demand demands[4]; /* weight 0 ends them */
	uint64_t shares[4], rates[4], rest;
} cases[] = {
	{"3:2:1",
	 7000,
	 1,
	 {{0, ANY, 3}, {0, ANY, 2}, {0, ANY, 1}},
	 /* 1 for each, then 6996 / 7 = 999 and 3/7 */
	 {2999, 1999, 1000},
	 {2999, 1999, 1000},
	 1002},
	{"nobody there", 7000, 1, {{0}}, {0}, {0}, 7000},
	{"a guarantee comes first",
	 10001,
	 1,
	 {{4000, ANY, 1}, {0, ANY, 1}},
	 {5999, 2000, 0},
	 {5999, 2000, 0},
	 2002},
	{"a ceiling takes nothing from others and gives them nothing",
	 10001,
	 1,
	 {{4000, 500, 1}, {0, ANY, 1}},
	 {5999, 2000, 0},
	 {500, 2000, 0},
	 2002},
	{"guarantees are the whole link",
	 9000,
	 1,
	 {{6000, ANY, 1}, {3000, ANY, 100}},
	 /* the byte of the default class comes off the largest first */
	 {5999, 2999, 0},
	 {5999, 2999, 0},
	 2},
	{"a byte for each", 3, 10000, {{0, ANY, 1}, {0, ANY, 100}}, {1, 1, 0}, {1, 1, 0}, 1},
	{"as fast as numbers go",
	 UINT64_C(1) << 63,
	 1,
	 {{0, ANY, 10000}, {0, ANY, 5000}},
	 {UINT64_C(6148504790917122729), UINT64_C(3074252395458561365), 0},
	 {UINT64_C(6148504790917122729), UINT64_C(3074252395458561365), 0},
	 UINT64_C(614850479091714)},
};

Test(tc_model, table)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct division d = {.link = cases[i].link, .rest_weight = cases[i].rest_weight};

		for (; d.n < 4 && cases[i].demands[d.n].weight; d.n++)
			d.demands[d.n] = cases[i].demands[d.n];
		cr_assert_eq(divide(&d), 0, "%s", cases[i].name);
		for (size_t vm = 0; vm < d.n; vm++) {
			cr_expect_eq(d.shapes[vm].share, cases[i].shares[vm],
				     "%s: share %zu is %" PRIu64, cases[i].name, vm,
				     d.shapes[vm].share);
			cr_expect_eq(d.shapes[vm].rate, cases[i].rates[vm],
				     "%s: rate %zu is %" PRIu64, cases[i].name, vm,
				     d.shapes[vm].rate);
		}
		cr_expect_eq(d.rest.rate, cases[i].rest, "%s: the rest is %" PRIu64, cases[i].name,
			     d.rest.rate);
	}
}

static const struct {
	const char *name;
	uint64_t link;
	uint64_t guarantees[3];
	int result;
} admissions[] = {
	{"just the link", 3000, {1000, 1000, 1000}, 0},
	{"one too many", 2999, {1000, 1000, 1000}, -ENOSPC},
	{"a sum that does not fit",
	 UINT64_C(1) << 63,
	 {UINT64_C(1) << 63, UINT64_C(1) << 63, 0},
	 -ENOSPC},
	{"a byte for each and the default class", 4, {0, 0, 0}, 0},
	{"less than that", 3, {0, 0, 0}, -ENOSPC},
};

Test(tc_model, admission)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(admissions); i++) {
		struct division d = {.link = admissions[i].link, .rest_weight = 1, .n = 3};

		for (size_t vm = 0; vm < 3; vm++)
			d.demands[vm] =
				(struct pri_tc_demand){admissions[i].guarantees[vm], ANY, 1};
		memset(d.shapes, 0x55, sizeof(d.shapes));
		cr_expect_eq(divide(&d), admissions[i].result, "%s", admissions[i].name);
		if (admissions[i].result < 0)
			cr_expect_eq(d.shapes[0].rate, UINT64_C(0x5555555555555555),
				     "%s: written all the same", admissions[i].name);
	}
}

/* A fixed sequence, so that what fails once fails always. */
static uint64_t random_state;

static uint64_t any(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Between 1 and most, of any order of magnitude. */
static uint64_t any_size(uint64_t most)
{
	return (any() >> (any() % 64)) % most + 1;
}

/* A link that can be divided, guarantees up to half of it or, sometimes, all of it. */
static void random_division(struct division *d)
{
	uint64_t left;

	*d = (struct division){.n = any() % VMS_MAX + 1};
	d->link = any_size((UINT64_C(1) << 63) - VMS_MAX) + d->n;
	d->rest_weight = (uint32_t)any_size(10000);
	left = any() % 4 ? d->link / 2 : d->link;
	for (size_t i = 0; i < d->n; i++) {
		struct pri_tc_demand *demand = &d->demands[i];

		demand->weight = (uint32_t)any_size(10000);
		demand->ceiling = any() % 3 ? ANY : any_size(d->link);
		if (any() % 2 && left > 0)
			demand->guarantee = any_size(left);
		left -= demand->guarantee;
	}
	cr_assert_eq(divide(d), 0);
}

static void check_sum(const struct division *d, int round)
{
	uint64_t sum = d->rest.share;

	for (size_t i = 0; i < d->n; i++)
		sum += d->shapes[i].share;
	cr_assert_eq(sum, d->link, "round %d: the shares are %" PRIu64 " of %" PRIu64, round, sum,
		     d->link);
	cr_assert(d->rest.rate >= 1 && d->rest.ceil == d->link, "round %d", round);
}

static void check_class(const struct division *d, size_t i, int round)
{
	const struct pri_tc_demand *demand = &d->demands[i];
	const struct pri_tc_shape *shape = &d->shapes[i];
	uint64_t wanted = demand->guarantee < demand->ceiling ? demand->guarantee : demand->ceiling;

	cr_assert(shape->rate >= 1, "round %d: no rate", round);
	cr_assert(shape->rate <= shape->ceil && shape->ceil <= d->link, "round %d", round);
	cr_assert(shape->ceil <= demand->ceiling, "round %d: above its ceiling", round);
	/* at most the byte per second of each class that has no guarantee is missing */
	cr_assert(shape->rate + d->n + 1 >= wanted,
		  "round %d: %" PRIu64 " of %" PRIu64 " guaranteed", round, shape->rate, wanted);
	cr_assert(shape->quantum >= PACKET && shape->quantum <= 100 * PACKET, "round %d", round);
}

static void check_pair(const struct division *d, size_t i, size_t j, int round)
{
	const struct pri_tc_demand *a = &d->demands[i], *b = &d->demands[j];

	if (a->guarantee >= b->guarantee && a->weight >= b->weight)
		cr_assert(d->shapes[i].share >= d->shapes[j].share, "round %d: VM %zu and %zu",
			  round, i, j);
	if (a->weight >= b->weight)
		cr_assert(d->shapes[i].quantum >= d->shapes[j].quantum, "round %d", round);
}

Test(tc_model, any_link_is_divided)
{
	random_state = 1;
	for (int round = 0; round < MANY; round++) {
		struct division d;

		random_division(&d);
		check_sum(&d, round);
		for (size_t i = 0; i < d.n; i++) {
			check_class(&d, i, round);
			check_pair(&d, i, any() % d.n, round);
		}
	}
}

/* What is guaranteed is there to the byte, unless the guarantees leave nothing. */
Test(tc_model, guarantees_are_exact)
{
	random_state = 2;
	for (int round = 0; round < MANY; round++) {
		struct division d;

		random_division(&d);
		if (pri_tc_guaranteed(d.demands, d.n) > d.link - (d.n + 1))
			continue;
		for (size_t i = 0; i < d.n; i++)
			cr_assert(d.shapes[i].share >= d.demands[i].guarantee, "round %d", round);
	}
}

Test(tc_model, more_weight_is_more_and_less_for_the_others)
{
	random_state = 3;
	for (int round = 0; round < MANY; round++) {
		struct division d, more;
		size_t chosen;

		random_division(&d);
		chosen = any() % d.n;
		more = d;
		more.demands[chosen].weight += (uint32_t)any_size(10000);
		cr_assert_eq(divide(&more), 0);
		for (size_t i = 0; i < d.n; i++)
			cr_assert(i == chosen ? more.shapes[i].share >= d.shapes[i].share
					      : more.shapes[i].share <= d.shapes[i].share,
				  "round %d: VM %zu of %zu", round, i, d.n);
	}
}

Test(tc_model, only_the_ratio_of_weights_counts)
{
	random_state = 4;
	for (int round = 0; round < MANY; round++) {
		struct division d, scaled;
		uint32_t factor = (uint32_t)any_size(100);

		random_division(&d);
		scaled = d;
		scaled.rest_weight *= factor;
		for (size_t i = 0; i < d.n; i++)
			scaled.demands[i].weight *= factor;
		cr_assert_eq(divide(&scaled), 0);
		cr_assert_arr_eq(scaled.shapes, d.shapes, sizeof(d.shapes), "round %d", round);
		cr_assert_eq(scaled.rest.share, d.rest.share, "round %d", round);
		cr_assert_eq(scaled.rest.quantum, d.rest.quantum, "round %d", round);
	}
}

/* Whoever reads the state of the kernel finds the VMs in another order. */
Test(tc_model, order_of_the_vms_does_not_count)
{
	random_state = 5;
	for (int round = 0; round < MANY; round++) {
		struct division d, reversed;

		random_division(&d);
		reversed = d;
		for (size_t i = 0; i < d.n; i++)
			reversed.demands[i] = d.demands[d.n - 1 - i];
		cr_assert_eq(divide(&reversed), 0);
		for (size_t i = 0; i < d.n; i++)
			cr_assert_arr_eq(&reversed.shapes[i], &d.shapes[d.n - 1 - i],
					 sizeof(d.shapes[i]), "round %d: VM %zu", round, i);
	}
}

Test(tc_model, a_ceiling_concerns_its_class_alone)
{
	random_state = 6;
	for (int round = 0; round < MANY; round++) {
		struct division d, other;
		size_t chosen;

		random_division(&d);
		chosen = any() % d.n;
		other = d;
		other.demands[chosen].ceiling = any() % 2 ? ANY : any_size(d.link);
		cr_assert_eq(divide(&other), 0);
		pri_tc_set_ceiling(&d.shapes[chosen], d.link, other.demands[chosen].ceiling);
		cr_assert_arr_eq(other.shapes, d.shapes, sizeof(d.shapes), "round %d", round);
	}
}

Test(tc_model, quanta_and_spans)
{
	static const struct {
		uint32_t weights[2], rest, span, quanta[2], rest_quantum;
	} spans[] = {
		{{100, 100}, 100, 1, {PACKET, PACKET}, PACKET},
		{{300, 200}, 100, 2, {3 * PACKET / 2, PACKET}, PACKET},
		{{10000, 100}, 100, 100, {100 * PACKET, PACKET}, PACKET},
		{{10001, 100}, 100, 101, {100 * PACKET, PACKET}, PACKET},
		/* the heavy ones keep 2:1, the light one gets more than its weight */
		{{10000, 50}, 5000, 200, {100 * PACKET, PACKET}, 50 * PACKET},
		/* what belongs to nobody has a packet at least and makes nobody's quantum longer */
		{{200, 100}, 10, 2, {2 * PACKET, PACKET}, PACKET},
		{{1, 1}, 10000, 1, {PACKET, PACKET}, 100 * PACKET},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(spans); i++) {
		struct division d = {.link = 1000000, .rest_weight = spans[i].rest, .n = 2};

		for (size_t vm = 0; vm < 2; vm++)
			d.demands[vm] = (struct pri_tc_demand){0, ANY, spans[i].weights[vm]};
		cr_assert_eq(divide(&d), 0);
		cr_expect_eq(pri_tc_span(d.demands, d.n), spans[i].span, "%zu", i);
		for (size_t vm = 0; vm < 2; vm++)
			cr_expect_eq(d.shapes[vm].quantum, spans[i].quanta[vm], "%zu: VM %zu", i,
				     vm);
		cr_expect_eq(d.rest.quantum, spans[i].rest_quantum, "%zu", i);
	}
}

Test(tc_model, bursts_and_queues)
{
	static const struct {
		uint64_t rate, burst_ns;
		uint32_t queue;
	} rates[] = {
		{1, UINT64_C(60000000000), 4 * PACKET},
		{125000, 524288000, 4 * PACKET},
		{10000000, 6553600, 500000},
		{65536000, 1000000, 3276800},
		{100000000, 1000000, 64 * PACKET},
		{UINT64_C(1) << 63, 1000000, 64 * PACKET},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(rates); i++) {
		cr_expect_eq(pri_tc_burst_ns(rates[i].rate), rates[i].burst_ns, "%" PRIu64,
			     rates[i].rate);
		cr_expect_eq(pri_tc_queue_limit(rates[i].rate), rates[i].queue, "%" PRIu64,
			     rates[i].rate);
	}
}

static uint64_t sum_of_rates(const struct pri_tc_shape *shapes, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += shapes[i].rate;
	return sum;
}

/* Whatever was cut off after whatever message, the rates never add up to more than before or after;
 * and at the end everything is as wanted. */
static void check_order(struct pri_tc_shape *was, const struct pri_tc_shape *wanted, size_t n,
			int round)
{
	uint64_t before = sum_of_rates(was, n), after = sum_of_rates(wanted, n);
	uint64_t bound = before > after ? before : after;
	uint32_t order[VMS_MAX];
	size_t count = pri_tc_order(was, wanted, n, order);

	cr_assert(count <= n, "round %d", round);
	for (size_t step = 0; step < count; step++) {
		was[order[step]] = wanted[order[step]];
		cr_assert(sum_of_rates(was, n) <= bound, "round %d: step %zu of %zu", round, step,
			  count);
	}
	for (size_t i = 0; i < n; i++)
		cr_assert(was[i].rate == wanted[i].rate && was[i].ceil == wanted[i].ceil &&
				  was[i].quantum == wanted[i].quantum,
			  "round %d: VM %zu of %zu was left out", round, i, n);
}

Test(tc_model, less_comes_before_more)
{
	random_state = 7;
	for (int round = 0; round < MANY; round++) {
		struct division was, wanted;
		size_t changes;

		random_division(&was);
		wanted = was;
		changes = any() % was.n;
		for (size_t i = 0; i < changes; i++)
			wanted.demands[any() % was.n].weight = (uint32_t)any_size(10000);
		cr_assert_eq(divide(&wanted), 0);
		check_order(was.shapes, wanted.shapes, was.n, round);
	}
}

Test(tc_model, what_stays_is_not_sent)
{
	struct division d;
	uint32_t order[VMS_MAX];

	random_state = 8;
	random_division(&d);
	cr_expect_eq(pri_tc_order(d.shapes, d.shapes, d.n, order), 0);
}

Test(tc_model, a_thousand_vms_cost_microseconds)
{
	enum { VMS = 1000, ROUNDS = 100 };
	static struct pri_tc_demand demands[VMS];
	static struct pri_tc_shape shapes[VMS];
	struct pri_tc_shape rest;
	clock_t start;

	random_state = 9;
	for (size_t i = 0; i < VMS; i++)
		demands[i] = (struct pri_tc_demand){any_size(1000), any_size(1 << 30),
						    (uint32_t)any_size(10000)};
	start = clock();
	for (int round = 0; round < ROUNDS; round++)
		cr_assert_eq(pri_tc_divide(UINT64_C(1) << 40, 100, demands, VMS, shapes, &rest), 0);
	/* measured 0.006 ms; the bound leaves room for sanitizers and busy machines */
	cr_expect(clock() - start < ROUNDS * CLOCKS_PER_SEC / 500, "%.3f ms for one",
		  (double)(clock() - start) * 1000 / CLOCKS_PER_SEC / ROUNDS);
}
