/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the running domains of a host are guaranteed of its memory, which nobody sums up: each of
 * them is asked, once a plan. */
#include <errno.h>
#include <string.h>

#include "core/plan_run.h"
#include "core/walk.h"

/* A running domain, now and with the plan. */
struct node {
	const char *name;
	uint64_t before, then;
};

static void not_counted(const struct pr_host *host, const char *name, const char *why)
{
	pri_log(host->ctx, PRALLOC_LOG_WARNING,
		"%s of %s is not counted among the guarantees of the host: %s",
		pri_attrs[PRI_MEM_GUARANTEE].name, name, why);
}

static int add_domain(struct pri_run *run, struct pr_host *host, const char *uuid)
{
	struct pri_run_reading *reading;
	struct pri_target target = {.host = host};
	pri_autofree char *error = NULL;
	int r = pri_domain_open(host, uuid, &target.domain, &error);

	/* It has just gone. */
	if (r == -ENOENT || r == -ESTALE)
		return 0;
	if (r < 0) {
		not_counted(host, uuid, error ? error : pri_strerror(r));
		return r == -ENOMEM ? r : 0;
	}
	r = pri_sum_add(run, &target, PRI_MEM_GUARANTEE, "", &reading);
	if (reading)
		reading->owned = target.domain;
	else
		pr_domain_close(target.domain);
	return r;
}

/* Those of the plan as well: what they have before it. */
int pri_each_readings(struct pri_run *run, struct pr_host *host)
{
	pri_autofree char *error = NULL;
	struct pri_walk *walk = NULL;
	int r = pri_walk_running(host, &walk, &error);

	if (r < 0) {
		not_counted(host, "any domain", error ? error : pri_strerror(r));
		return r == -ENOMEM ? r : 0;
	}
	for (size_t i = 0; r == 0 && i < walk->count; i++)
		r = add_domain(run, host, walk->uuids[i]);
	pri_walk_unref(walk);
	return r;
}

/* What is without limit is as much as the domain uses, and no number. */
static uint64_t now_of(const struct pri_item *reading)
{
	const struct pr_host *host = reading->target.host;
	const char *name = pri_target_name(&reading->target);
	int error = reading->change.error;

	if (reading->has_held && reading->change.held.number == PRALLOC_UNLIMITED)
		not_counted(host, name, "it is without limit");
	else if (!reading->has_held && error != -ENOTCONN && error != -ENOENT)
		not_counted(host, name,
			    reading->change.text ? reading->change.text : pri_strerror(error));
	return reading->has_held ? pri_amount(reading->change.held.number) : 0;
}

/* A step of the plan is taken out of what it gains and loses, and put in here. */
static struct node node_of(const struct pri_run *run, const struct pri_item *reading,
			   struct pri_each *each)
{
	struct node node = {.name = pri_target_name(&reading->target), .before = now_of(reading)};
	struct pri_item key = {.target = reading->target,
			       .change = {.attr = reading->change.attr, .instance = ""}};
	const struct pri_item *step;
	uint64_t before;
	size_t number;

	node.then = node.before;
	if (!pri_plan_find(run->plan, &key, &number))
		return node;
	step = &run->plan->steps[PRI_STEP_LIVE][number].item;
	if (!pri_sum_counts(step))
		return node;
	before = step->has_before ? pri_amount(step->before.number) : 0;
	node.then = pri_amount(step->change.wanted.number);
	each->gained -= node.then > before ? node.then - before : 0;
	each->lost -= before > node.then ? before - node.then : 0;
	return node;
}

/* A group is followed by those below it: "/" comes before all else. */
static int compare(const void *left, const void *right)
{
	const char *a = ((const struct node *)left)->name, *b = ((const struct node *)right)->name;

	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static bool is_below(const struct node *node, const struct node *parent)
{
	size_t length = strlen(parent->name);

	return strncmp(node->name, parent->name, length) == 0 && node->name[length] == '/';
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Groups lie in groups, and are named by their paths: what is kept for one is kept out of what is
 * kept for the one around it.  Returns the first node behind this one and those below it. */
static size_t add_up(const struct node *nodes, size_t n, size_t i, struct pri_each *each)
{
	struct pri_each below = {0};
	size_t next = i + 1;

	while (next < n && is_below(&nodes[next], &nodes[i]))
		next = add_up(nodes, n, next, &below);
	each->before = pri_sum_of(each->before, most(nodes[i].before, below.before));
	each->then = pri_sum_of(each->then, most(nodes[i].then, below.then));
	return next;
}

int pri_each_sum(struct pri_run *run, const struct pr_host *host, struct pri_each *each)
{
	size_t room = run->reading_count - run->sum_each, n = 0;
	pri_autofree struct node *nodes = calloc(room + 1, sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	each->before = each->then = 0;
	for (size_t i = run->sum_each; i < run->reading_count; i++)
		if (run->readings[i].item.target.host == host)
			nodes[n++] = node_of(run, &run->readings[i].item, each);
	if (n > 0)
		qsort(nodes, n, sizeof(*nodes), compare);
	for (size_t i = 0; i < n;)
		i = add_up(nodes, n, i, each);
	return 0;
}
