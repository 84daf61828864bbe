/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What only a plan as a whole can tell: sums against what the host has. */
#include <errno.h>
#include <string.h>

#include "core/plan_run.h"

/* What is given away already is the sum of the same attribute over all running domains. */
#define OF_EACH PRI_ATTR_NONE

/* What the amounts of an attribute take from, of the host. */
static const struct budget {
	int attr;      /* of the domains */
	int capacity;  /* what the host has */
	int committed; /* what is given away already, or OF_EACH */
	bool of_link;  /* capacity is per instance; nothing allows more than there is */
} budgets[] = {
	{PRI_MEM_BALLOON, PRI_MEM_TOTAL, PRI_MEM_COMMITTED, false},
	{PRI_MEM_VIRTIO_REQUESTED, PRI_MEM_TOTAL, PRI_MEM_COMMITTED, false},
	{PRI_MEM_GUARANTEE, PRI_MEM_TOTAL, OF_EACH, false},
	{PRI_NET_GUARANTEE_IN, PRI_NET_LINK_IN, PRI_NET_COMMITTED_IN, true},
	{PRI_NET_GUARANTEE_OUT, PRI_NET_LINK_OUT, PRI_NET_COMMITTED_OUT, true},
};

/* Of what takes, and of the capacity where a plan can change it. */
static const struct budget *budget_of(const struct pri_run *run, const struct pri_item *item)
{
	int attr = pri_attr_id(item->change.attr);

	if (item->change.mode != PRALLOC_LIVE)
		return NULL;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(budgets); i++) {
		const struct budget *budget = &budgets[i];

		if (attr == budget->attr || (budget->of_link && attr == budget->capacity))
			return budget->of_link || !(run->flags & PRALLOC_ALLOW_HARM) ? budget
										     : NULL;
	}
	return NULL;
}

/* What a hard amount that is not set comes to, as an attribute of the domain: all of it; or
 * PRI_ATTR_NONE: nothing. */
static int default_of(const struct pri_item *item)
{
	const struct pri_attr *attr = item->change.attr;

	return item->change.wanted.number == PRALLOC_DEFAULT && attr->kind == PRALLOC_KIND_HARD &&
			       attr->percent_of
		       ? attr->percent_of
		       : PRI_ATTR_NONE;
}

static bool is_capacity(const struct pri_item *item)
{
	return !item->target.domain;
}

bool pri_sum_concerns(const struct pri_run *run, const struct pri_item *item)
{
	return budget_of(run, item) != NULL;
}

/* -- what is read for it -- */

static struct pri_item *find_reading(struct pri_run *run, const struct pr_host *host, int id,
				     const char *instance)
{
	for (size_t i = run->sum_first; i < run->sum_each; i++) {
		struct pri_item *item = &run->readings[i].item;

		if (item->route && item->target.host == host &&
		    item->change.attr == &pri_attrs[id] &&
		    strcmp(item->change.instance, instance) == 0)
			return item;
	}
	return NULL;
}

/* A reading for which there is none is left out: what a host cannot tell is no limit to go by. */
int pri_sum_add(struct pri_run *run, const struct pri_target *target, int id, const char *instance,
		struct pri_run_reading **ret_reading)
{
	struct pri_run_reading *reading = pri_run_add_reading(run);
	pri_autofree char *error = NULL;

	*ret_reading = NULL;
	if (!reading)
		return -ENOMEM;
	if (pri_item_init_read(&reading->item, target, &pri_attrs[id], *instance ? instance : NULL,
			       PRALLOC_LIVE, &error) < 0) {
		pri_item_clear(&reading->item);
		run->reading_count--;
		return 0;
	}
	reading->item.sequence = UINT32_MAX;
	reading->item.phase = PRI_PHASE_TAKE;
	*ret_reading = reading;
	return 0;
}

static int add_of_host(struct pri_run *run, struct pr_host *host, int id, const char *instance)
{
	struct pri_target target = {.host = host};
	struct pri_run_reading *reading;
	int r;

	if (find_reading(run, host, id, instance))
		return 0;
	r = pri_sum_add(run, &target, id, instance, &reading);
	run->sum_each = run->reading_count;
	return r;
}

/* Read what its default is. */
static int add_default(struct pri_run *run, struct pri_item *item)
{
	struct pri_run_reading *reading;
	int r;

	pri_plan_step_of(item)->default_is = 0;
	if (default_of(item) == PRI_ATTR_NONE || item->change.error < 0)
		return 0;
	r = pri_sum_add(run, &item->target, default_of(item), "", &reading);
	run->sum_each = run->reading_count;
	if (reading) {
		reading->default_of = item;
		reading->item.sequence = item->sequence;
	}
	return r;
}

int pri_sum_readings(struct pri_run *run)
{
	int r = 0;

	run->sum_first = run->sum_each = run->reading_count;
	for (size_t i = 0; r == 0 && i < run->n; i++) {
		struct pri_item *item = run->items[i];
		const struct budget *budget = budget_of(run, item);
		struct pr_host *host = item->target.host;
		const char *link = budget && budget->of_link ? item->change.instance : "";

		if (!budget)
			continue;
		r = add_default(run, item);
		if (r == 0)
			r = add_of_host(run, host, budget->capacity, link);
		if (r == 0 && budget->committed != OF_EACH)
			r = add_of_host(run, host, budget->committed, link);
		else if (budget->committed == OF_EACH)
			pri_lane_of(run, host)->sums_each = true;
	}
	for (size_t i = 0; r == 0 && i < run->lane_count; i++)
		if (run->lanes[i].sums_each)
			r = pri_each_readings(run, run->lanes[i].host);
	return r;
}

/* -- what it says -- */

static bool known(struct pri_run *run, const struct pr_host *host, int id, const char *instance,
		  uint64_t *ret_value)
{
	const struct pri_item *item = find_reading(run, host, id, instance);

	if (!item || !item->has_held || item->change.held.number > PRI_NUMBER_MAX)
		return false;
	*ret_value = item->change.held.number;
	return true;
}

/* Whether both are of the same budget. */
static bool shares(const struct pri_run *run, const struct pri_item *a, const struct pri_item *b,
		   const struct budget *budget)
{
	const struct budget *other = budget_of(run, b);

	return other && a->target.host == b->target.host && other->capacity == budget->capacity &&
	       other->committed == budget->committed &&
	       (!budget->of_link || strcmp(a->change.instance, b->change.instance) == 0);
}

struct sum {
	uint64_t gained, lost;
	struct pri_item *largest; /* of those that gain */
	uint64_t largest_gain;
	struct pri_item *capacity; /* the step that changes it, or NULL */
};

/* A maximum that is not known is what there is, at least. */
static uint64_t wanted_of(struct pri_item *item, uint64_t before)
{
	uint64_t maximum = pri_plan_step_of(item)->default_is;

	if (default_of(item) == PRI_ATTR_NONE)
		return pri_amount(item->change.wanted.number);
	return maximum > before ? maximum : before;
}

static void add_item(struct sum *sum, struct pri_item *item)
{
	uint64_t before = item->has_before ? pri_amount(item->before.number) : 0;
	uint64_t wanted = wanted_of(item, before);
	uint64_t gain = wanted > before ? wanted - before : 0;

	if (is_capacity(item)) {
		sum->capacity = item;
		return;
	}
	if (!pri_sum_counts(item))
		return;
	sum->gained = pri_sum_of(sum->gained, gain);
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

/* Results as measure(). */
static int given_away(struct pri_run *run, const struct pr_host *host, const struct budget *budget,
		      const char *link, struct pri_each *each)
{
	if (budget->committed == OF_EACH)
		return pri_each_sum(run, host, each) < 0 ? -ENOMEM : 1;
	if (!known(run, host, budget->committed, link, &each->before))
		return 0;
	each->then = each->before;
	return 1;
}

/* What there will be, what of it is given away now, and what will be with the plan.  0: it is not
 * known; 1, or -ENOMEM. */
static int measure(struct pri_run *run, const struct pri_item *first, const struct budget *budget,
		   const struct sum *sum, uint64_t *ret_capacity, struct pri_each *each)
{
	const struct pr_host *host = first->target.host;
	const char *link = budget->of_link ? first->change.instance : "";
	int r;

	*each = (struct pri_each){.gained = sum->gained, .lost = sum->lost};
	if (sum->capacity)
		*ret_capacity = sum->capacity->change.wanted.number;
	else if (!known(run, host, budget->capacity, link, ret_capacity))
		return 0;
	if (*ret_capacity > PRI_NUMBER_MAX)
		return 0;
	r = given_away(run, host, budget, link, each);
	if (r != 1)
		return r;
	/* What is not among what was read of single domains. */
	each->then = pri_sum_of(each->then, each->gained);
	each->then -= each->lost < each->then ? each->lost : each->then;
	return 1;
}

/* The step that is to blame: the one that wants most, or what makes the link smaller. */
static struct pri_item *to_blame(const struct sum *sum)
{
	const struct pri_item *capacity = sum->capacity;

	if (sum->largest && sum->gained > sum->lost)
		return sum->largest;
	if (capacity && capacity->has_before &&
	    capacity->change.wanted.number < capacity->before.number)
		return sum->capacity;
	return NULL;
}

/* Beside what stands against it already: all problems are told at once. */
static void tell(struct pri_item *blamed, int code, const char *cause)
{
	pri_autofree char *before = pri_steal(blamed->change.text);

	if (blamed->change.error < 0 && before)
		pri_note_error(&blamed->change.text, "%s; and %s", before, cause);
	else
		pri_item_fail(blamed, code, "%s", cause);
}

static void judge_sum(struct pri_run *run, const struct pri_item *first,
		      const struct budget *budget, const struct sum *sum)
{
	struct pri_item *blamed = to_blame(sum);
	struct pri_each each;
	uint64_t capacity;
	pri_autofree char *has = NULL, *given = NULL, *together = NULL, *cause = NULL;
	int r = blamed ? measure(run, first, budget, sum, &capacity, &each) : 0;

	if (r < 0)
		tell(blamed, r, pri_strerror(r));
	if (r != 1 || each.then <= capacity || (each.then <= each.before && !is_capacity(blamed)))
		return;
	has = text_of(first, capacity);
	given = text_of(first, each.before);
	together = text_of(first, each.then);
	if (is_capacity(blamed))
		pri_note_error(&cause,
			       "%s is less than the %s that its domains are guaranteed together: "
			       "make it more, or let domains give some in the same plan",
			       has ? has : "?", together ? together : "?");
	else if (budget->of_link || budget->committed == OF_EACH)
		pri_note_error(&cause,
			       "%s %s has %s, its domains are guaranteed %s of it, and with the "
			       "plan %s: guarantee less, %s",
			       budget->of_link ? "the link" : "the",
			       budget->of_link ? blamed->change.instance : "host", has ? has : "?",
			       given ? given : "?", together ? together : "?",
			       budget->of_link ? "let another domain give it, or make the link "
						 "faster (net.link)"
					       : "let another domain give it, or allow harm");
	else
		pri_note_error(&cause,
			       "the host has %s and its domains have %s of it, with the plan %s; "
			       "let another domain give it, or allow harm",
			       has ? has : "?", given ? given : "?", together ? together : "?");
	tell(blamed, -ENOSPC, cause ? cause : pri_strerror(-ENOSPC));
}

static void take_defaults(struct pri_run *run)
{
	for (size_t i = run->sum_first; i < run->sum_each; i++) {
		const struct pri_item *item = &run->readings[i].item;

		if (run->readings[i].default_of && item->has_held)
			pri_plan_step_of(run->readings[i].default_of)->default_is =
				pri_amount(item->change.held.number);
	}
}

void pri_sum_judge(struct pri_run *run)
{
	take_defaults(run);
	for (size_t i = 0; i < run->n; i++) {
		const struct budget *budget = budget_of(run, run->items[i]);
		struct sum sum = {0};
		bool first = true;

		for (size_t k = 0; budget && first && k < i; k++)
			first = !shares(run, run->items[i], run->items[k], budget);
		if (!budget || !first)
			continue;
		for (size_t k = i; k < run->n; k++)
			if (shares(run, run->items[i], run->items[k], budget))
				add_item(&sum, run->items[k]);
		judge_sum(run, run->items[i], budget, &sum);
	}
}

/* -- a link whose rate a step of the plan sets -- */

static int rate_of(int attr)
{
	switch (attr) {
	case PRI_NET_WEIGHT_IN:
	case PRI_NET_GUARANTEE_IN:
		return PRI_NET_LINK_IN;
	case PRI_NET_WEIGHT_OUT:
	case PRI_NET_GUARANTEE_OUT:
		return PRI_NET_LINK_OUT;
	default:
		return PRI_ATTR_NONE;
	}
}

bool pri_sum_plans_link(const struct pri_run *run, const struct pri_item *item)
{
	int rate = rate_of(pri_attr_id(item->change.attr));
	struct pri_item step = {.target = {.host = item->target.host},
				.change = {.attr = &pri_attrs[rate == PRI_ATTR_NONE ? 0 : rate],
					   .instance = item->change.instance}};
	size_t number;

	return rate != PRI_ATTR_NONE && pri_plan_find(run->plan, &step, &number) &&
	       run->plan->steps[PRI_STEP_LIVE][number].item.change.wanted.number <= PRI_NUMBER_MAX;
}
