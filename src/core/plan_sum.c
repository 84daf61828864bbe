/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only a plan as a whole can tell: sums against what the host has. */
#include <errno.h>
#include <string.h>

#include "core/plan_run.h"

/* What the amounts of an attribute take from, of the host. */
static const struct budget {
	int attr;      /* of the domains */
	int capacity;  /* what the host has */
	int committed; /* what is given away already; PRI_ATTR_NONE: the plan's own sum counts */
	bool of_link;  /* capacity is per instance */
} budgets[] = {
	{PRI_MEM_BALLOON, PRI_MEM_TOTAL, PRI_MEM_COMMITTED, false},
	{PRI_MEM_VIRTIO_REQUESTED, PRI_MEM_TOTAL, PRI_MEM_COMMITTED, false},
	{PRI_MEM_GUARANTEE, PRI_MEM_TOTAL, PRI_ATTR_NONE, false},
	{PRI_NET_GUARANTEE_IN, PRI_NET_LINK_IN, PRI_ATTR_NONE, true},
	{PRI_NET_GUARANTEE_OUT, PRI_NET_LINK_OUT, PRI_ATTR_NONE, true},
};

static const struct budget *budget_of(const struct pri_item *item)
{
	if (item->change.mode != PRALLOC_LIVE)
		return NULL;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(budgets); i++)
		if (budgets[i].attr == pri_attr_id(item->change.attr))
			return &budgets[i];
	return NULL;
}

bool pri_sum_concerns(const struct pri_run *run, const struct pri_item *item)
{
	return !(run->flags & PRALLOC_ALLOW_HARM) && budget_of(item);
}

static struct pri_item *find_reading(struct pri_run *run, const struct pr_host *host, int id,
				     const char *instance)
{
	for (size_t i = run->sum_first; i < run->reading_count; i++) {
		struct pri_item *item = &run->readings[i].item;

		if (item->route && item->target.host == host &&
		    item->change.attr == &pri_attrs[id] &&
		    strcmp(item->change.instance, instance) == 0)
			return item;
	}
	return NULL;
}

static int add_reading(struct pri_run *run, struct pr_host *host, int id, const char *instance)
{
	struct pri_target target = {.host = host};
	pri_autofree char *error = NULL;
	struct pri_run_reading *reading;

	if (find_reading(run, host, id, instance))
		return 0;
	reading = pri_run_add_reading(run);
	if (!reading)
		return -ENOMEM;
	/* What a host cannot tell is no limit to go by. */
	if (pri_item_init_read(&reading->item, &target, &pri_attrs[id], *instance ? instance : NULL,
			       PRALLOC_LIVE, &error) < 0) {
		pri_item_clear(&reading->item);
		run->reading_count--;
		return 0;
	}
	reading->item.sequence = UINT32_MAX;
	reading->item.phase = PRI_PHASE_TAKE;
	return 0;
}

int pri_sum_readings(struct pri_run *run)
{
	run->sum_first = run->reading_count;
	for (size_t i = 0; i < run->n; i++) {
		const struct pri_item *item = run->items[i];
		const struct budget *budget = budget_of(item);
		const char *link = budget && budget->of_link ? item->change.instance : "";
		int r;

		if (!budget)
			continue;
		r = add_reading(run, item->target.host, budget->capacity, link);
		if (r == 0 && budget->committed != PRI_ATTR_NONE)
			r = add_reading(run, item->target.host, budget->committed, link);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool known(struct pri_run *run, const struct pr_host *host, int id, const char *instance,
		  uint64_t *ret_value)
{
	const struct pri_item *item = find_reading(run, host, id, instance);

	if (!item || !item->has_held || item->change.held.number > PRI_NUMBER_MAX)
		return false;
	*ret_value = item->change.held.number;
	return true;
}

static uint64_t amount(uint64_t number)
{
	return number > PRI_NUMBER_MAX ? 0 : number;
}

/* Whether both take from the same budget. */
static bool shares(const struct pri_item *a, const struct pri_item *b, const struct budget *budget)
{
	const struct budget *other = budget_of(b);

	return other && a->target.host == b->target.host && other->capacity == budget->capacity &&
	       other->committed == budget->committed &&
	       (!budget->of_link || strcmp(a->change.instance, b->change.instance) == 0);
}

struct sum {
	uint64_t gained, lost, wanted;
	struct pri_item *largest; /* of those that gain */
	uint64_t largest_gain;
};

static void add_item(struct sum *sum, struct pri_item *item)
{
	uint64_t before = item->has_before ? amount(item->before.number) : 0;
	uint64_t wanted = amount(item->change.wanted.number);
	uint64_t gain = wanted > before ? wanted - before : 0;

	sum->wanted += wanted;
	sum->gained += gain;
	sum->lost += before > wanted ? before - wanted : 0;
	if (gain > sum->largest_gain) {
		sum->largest = item;
		sum->largest_gain = gain;
	}
}

static char *text_of(const struct pri_item *item, uint64_t number)
{
	return pri_value_text(item->change.attr, &(struct pri_value){.number = number});
}

static void judge_sum(struct pri_run *run, const struct pri_item *first,
		      const struct budget *budget, const struct sum *sum)
{
	const struct pr_host *host = first->target.host;
	const char *link = budget->of_link ? first->change.instance : "";
	bool has_committed = budget->committed != PRI_ATTR_NONE;
	uint64_t capacity, committed = 0, more = sum->gained - sum->lost;
	pri_autofree char *has = NULL, *given = NULL, *extra = NULL;

	if (!sum->largest || sum->largest->change.error < 0 || sum->gained <= sum->lost ||
	    !known(run, host, budget->capacity, link, &capacity) ||
	    (has_committed && !known(run, host, budget->committed, link, &committed)))
		return;
	if (has_committed ? committed + more <= capacity : sum->wanted <= capacity)
		return;
	has = text_of(first, capacity);
	given = text_of(first, has_committed ? committed : sum->wanted);
	extra = text_of(first, more);
	if (has_committed)
		pri_item_fail(sum->largest, -ENOSPC,
			      "the host has %s and its domains have %s of it: the plan gives %s "
			      "more than it takes; let another domain give it, or allow harm",
			      has ? has : "?", given ? given : "?", extra ? extra : "?");
	else
		pri_item_fail(sum->largest, -ENOSPC,
			      "the plan guarantees %s together, and %s %s has %s: guarantee less, "
			      "or allow harm",
			      given ? given : "?", *link ? "the link" : "the",
			      *link ? link : "host", has ? has : "?");
}

void pri_sum_judge(struct pri_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		const struct budget *budget = budget_of(run->items[i]);
		struct sum sum = {0};
		bool first = true;

		for (size_t k = 0; budget && first && k < i; k++)
			first = !shares(run->items[i], run->items[k], budget);
		if (!budget || !first)
			continue;
		for (size_t k = i; k < run->n; k++)
			if (shares(run->items[i], run->items[k], budget))
				add_item(&sum, run->items[k]);
		judge_sum(run, run->items[i], budget, &sum);
	}
}
