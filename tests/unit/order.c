/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of a plan. */
#include "core/plan.h"

#include "fixture.h"

struct wish {
	int phase;
	uint32_t sequence;
	uint8_t backend;
	uint32_t mode;
	int attr;
};

/* In the order that is wanted; the test shuffles them. */
static const struct wish wanted[] = {
	/* what gives: inside a target downward by rank */
	{PRI_PHASE_GIVE, 0, 0, PRALLOC_LIVE, PRI_MEM_HARD_LIMIT},
	{PRI_PHASE_GIVE, 0, 0, PRALLOC_LIVE, PRI_MEM_SWAP_LIMIT},
	{PRI_PHASE_GIVE, 0, 0, PRALLOC_LIVE, PRI_MEM_BALLOON},
	{PRI_PHASE_GIVE, 0, 0, PRALLOC_CONFIG, PRI_MEM_BALLOON},
	{PRI_PHASE_GIVE, 0, 1, PRALLOC_LIVE, PRI_CPU_QUOTA},
	{PRI_PHASE_GIVE, 2, 0, PRALLOC_LIVE, PRI_CPU_QUOTA},
	/* what takes: upward */
	{PRI_PHASE_TAKE, 0, 0, PRALLOC_LIVE, PRI_CPU_PERIOD},
	{PRI_PHASE_TAKE, 0, 0, PRALLOC_LIVE, PRI_CPU_QUOTA},
	{PRI_PHASE_TAKE, 0, 0, PRALLOC_LIVE, PRI_CPU_VCPU_QUOTA},
	{PRI_PHASE_TAKE, 0, 0, PRALLOC_CONFIG, PRI_CPU_QUOTA},
	{PRI_PHASE_TAKE, 1, 0, PRALLOC_LIVE, PRI_MEM_BALLOON},
	{PRI_PHASE_TAKE, 1, 0, PRALLOC_LIVE, PRI_MEM_HARD_LIMIT},
};

#define COUNT PRI_ARRAY_SIZE(wanted)

static struct pri_item items[COUNT];
static struct pri_route routes[COUNT];

static void make_items(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		routes[i] = (struct pri_route){.backend = wanted[i].backend};
		items[i] = (struct pri_item){
			.route = &routes[i],
			.change = {.attr = &pri_attrs[wanted[i].attr], .mode = wanted[i].mode},
			.phase = (uint8_t)wanted[i].phase,
			.sequence = wanted[i].sequence,
		};
	}
}

Test(order, from_every_rotation)
{
	make_items();
	for (size_t turn = 0; turn < COUNT; turn++) {
		struct pri_item *list[COUNT];

		for (size_t i = 0; i < COUNT; i++)
			list[(i * 5 + turn) % COUNT] = &items[i];
		pri_order(list, COUNT);
		for (size_t i = 0; i < COUNT; i++)
			cr_expect_eq(list[i], &items[i], "turn %zu: place %zu has item %td", turn,
				     i, list[i] - items);
	}
}

/* Equal ones keep the order in which they were added. */
Test(order, equal_ones_stay)
{
	struct pri_item same[64];
	struct pri_item *list[64];
	struct pri_route route = {0};

	for (size_t i = 0; i < 64; i++) {
		same[i] = (struct pri_item){
			.route = &route,
			.change = {.attr = &pri_attrs[PRI_IO_HOST_READ_BYTES + i % 4]},
		};
		list[i] = &same[i];
	}
	pri_order(list, 64);
	for (size_t i = 0; i < 64; i++)
		cr_expect_eq(list[i], &same[i], "place %zu", i);
}

/* A guarantee that is taken away gives, and one that is made anew takes. */
Test(order, guarantees_that_are_not_set)
{
	static const struct {
		int attr;
		uint64_t before, wanted;
		int phase;
	} cases[] = {
		{PRI_NET_GUARANTEE_IN, PRALLOC_DEFAULT, 1000, PRI_PHASE_TAKE},
		{PRI_NET_GUARANTEE_IN, 1000, PRALLOC_DEFAULT, PRI_PHASE_GIVE},
		{PRI_NET_GUARANTEE_IN, 1000, 999, PRI_PHASE_GIVE},
		{PRI_NET_GUARANTEE_IN, 1000, 1000, PRI_PHASE_TAKE},
		{PRI_MEM_GUARANTEE, PRALLOC_DEFAULT, 1000, PRI_PHASE_TAKE},
		{PRI_MEM_GUARANTEE, 1000, PRALLOC_DEFAULT, PRI_PHASE_GIVE},
		{PRI_MEM_HARD_LIMIT, PRALLOC_UNLIMITED, 1000, PRI_PHASE_GIVE},
		{PRI_MEM_HARD_LIMIT, 1000, PRALLOC_UNLIMITED, PRI_PHASE_TAKE},
		{PRI_MEM_BALLOON, 1000, PRALLOC_DEFAULT, PRI_PHASE_TAKE},
		{PRI_CPU_SHARES, 1024, 512, PRI_PHASE_GIVE},
		{PRI_CPU_PERIOD, 100000, 50000, PRI_PHASE_TAKE},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_item item = {
			.change = {.attr = &pri_attrs[cases[i].attr],
				   .wanted = {.number = cases[i].wanted}},
			.before = {.number = cases[i].before},
			.has_before = true,
		};
		struct pri_item *list = &item;

		pri_plan_set_phase(list);
		cr_expect_eq(item.phase, cases[i].phase, "case %zu (%s)", i,
			     pri_attrs[cases[i].attr].name);
	}
}
