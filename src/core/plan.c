/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan: its steps, and how they are looked at. */
#include "core/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"
#include "util/growing.h"

int pr_plan_new(struct pr_ctx *ctx, struct pr_plan **ret_plan)
{
	char *error = NULL;
	struct pr_plan *plan;

	if (!ctx)
		return -EINVAL;
	if (!ret_plan) {
		pri_set_error(&error, -EINVAL, "ret_plan is NULL");
		return pri_move_error(ctx->errmsg, -EINVAL, &error);
	}
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return pri_move_error(ctx->errmsg, -ENOMEM, &error);
	plan->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (plan->cancel_fd < 0) {
		free(plan);
		pri_set_error(&error, -EIO, "no descriptor is free: %m");
		return pri_move_error(ctx->errmsg, -EIO, &error);
	}
	plan->ctx = pr_ctx_ref(ctx);
	ctx->errmsg[0] = '\0';
	*ret_plan = plan;
	return 0;
}

static void change_clear(struct pr_plan *plan, size_t number)
{
	struct pri_target target = plan->steps[PRI_STEP_LIVE][number].item.target;

	for (size_t m = 0; m < PRI_STEP_MODES; m++) {
		pri_item_clear(&plan->steps[m][number].item);
		pri_value_clear(&plan->steps[m][number].expected);
	}
	if (target.domain)
		pr_domain_close(target.domain);
	else
		pr_host_close(target.host);
}

/* The index is only asked for what a step was added with, so it is made anew. */
static void rebuild_index(struct pr_plan *plan);

void pri_plan_truncate(struct pr_plan *plan, size_t first)
{
	for (size_t i = first; i < plan->count; i++)
		change_clear(plan, i);
	plan->count = first;
	rebuild_index(plan);
}

void pr_plan_free(struct pr_plan *plan)
{
	if (!plan)
		return;
	pri_run_free(plan->run);
	pri_journal_free(plan->journal);
	close(plan->cancel_fd);
	for (size_t i = 0; i < plan->count; i++)
		change_clear(plan, i);
	for (size_t m = 0; m < PRI_STEP_MODES; m++)
		free(plan->steps[m]);
	pri_problems_clear(&plan->problems);
	pri_plan_index_clear(&plan->index);
	pri_plan_index_clear(&plan->targets);
	pr_ctx_unref(plan->ctx);
	free(plan);
}

const char *pr_plan_errmsg(const struct pr_plan *plan)
{
	return plan ? plan->errmsg : "no plan";
}

size_t pr_plan_count(const struct pr_plan *plan)
{
	return plan ? plan->count : 0;
}

/* Beyond what the TLB covers, page tables are a part of what a run takes. */
#define HUGE_PAGE (UINT64_C(2) << 20)

static struct pri_step *move_steps(struct pri_step *from, size_t count, size_t size)
{
	size_t bytes = size * sizeof(*from);
	struct pri_step *to;

	if (bytes < HUGE_PAGE)
		return realloc(from, bytes);
	bytes = (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	to = aligned_alloc(HUGE_PAGE, bytes);
	if (!to)
		return NULL;
	/* Where the kernel has none, it is as before. */
	madvise(to, bytes, MADV_HUGEPAGE);
	memcpy(to, from, count * sizeof(*from));
	free(from);
	return to;
}

static int grow(struct pr_plan *plan)
{
	size_t size = plan->size ? 2 * plan->size : 16;

	if (plan->count < plan->size)
		return 0;
	for (size_t m = 0; m < PRI_STEP_MODES; m++) {
		struct pri_step *more = move_steps(plan->steps[m], plan->count, size);

		if (!more)
			return -ENOMEM;
		plan->steps[m] = more;
	}
	plan->size = size;
	return 0;
}

/* Two handles of the same domain are the same target; two connections to the same host are not
 * known to be. */
static bool is_target(const void *data, uint32_t number, const void *key)
{
	const struct pr_plan *plan = data;
	const struct pri_target *a = &plan->steps[PRI_STEP_LIVE][number].item.target, *b = key;

	if (a->host != b->host || !a->domain != !b->domain)
		return false;
	return a->domain == b->domain ||
	       strcmp(a->domain->identity.uuid, b->domain->identity.uuid) == 0;
}

static uint32_t hash_target(const struct pri_target *target)
{
	const char *uuid = target->domain ? target->domain->identity.uuid : "";
	uint32_t hash = pri_plan_hash(PRI_PLAN_HASH, &target->host, sizeof(target->host));

	return pri_plan_hash(hash, uuid, strlen(uuid));
}

/* Of a target whose sequence is known. */
static bool is_change(const void *data, uint32_t number, const void *key)
{
	const struct pr_plan *plan = data;
	const struct pri_item *a = &plan->steps[PRI_STEP_LIVE][number].item, *b = key;

	return a->sequence == b->sequence && a->change.attr == b->change.attr &&
	       strcmp(a->change.instance, b->change.instance) == 0;
}

static uint32_t hash_change(const struct pri_item *item)
{
	const char *instance = item->change.instance;
	uint32_t hash = pri_plan_hash(PRI_PLAN_HASH, &item->sequence, sizeof(item->sequence));

	hash = pri_plan_hash(hash, &item->change.attr, sizeof(item->change.attr));
	return pri_plan_hash(hash, instance, strlen(instance));
}

/* The sequence of the item's target, which is new (1) or not (0). */
static int find_target(const struct pr_plan *plan, struct pri_item *item, uint32_t hash)
{
	const struct pri_step *steps = plan->steps[PRI_STEP_LIVE];
	uint32_t last = (uint32_t)plan->count, number;

	/* Most often it is that of the step before. */
	if (plan->count > 0 && is_target(plan, last - 1, &item->target))
		item->sequence = steps[last - 1].item.sequence;
	else if (pri_plan_index_get(&plan->targets, hash, is_target, plan, &item->target, &number))
		item->sequence = steps[number].item.sequence;
	else
		item->sequence = plan->target_count;
	return item->sequence == plan->target_count;
}

/* Note what the item, which comes at the end, is of.  1: the plan has such a step. */
static int note_item(struct pr_plan *plan, struct pri_item *item)
{
	uint32_t of_target = hash_target(&item->target), of_change, number;
	bool is_new = find_target(plan, item, of_target);

	of_change = hash_change(item);
	if (pri_plan_index_get(&plan->index, of_change, is_change, plan, item, &number))
		return 1;
	if (pri_plan_index_reserve(&plan->index) < 0 || pri_plan_index_reserve(&plan->targets) < 0)
		return -ENOMEM;
	pri_plan_index_put(&plan->index, of_change, (uint32_t)plan->count);
	if (is_new)
		pri_plan_index_put(&plan->targets, of_target, (uint32_t)plan->count);
	plan->target_count += is_new;
	return 0;
}

bool pri_plan_find(const struct pr_plan *plan, struct pri_item *item, size_t *ret_number)
{
	uint32_t number;

	if (find_target(plan, item, hash_target(&item->target)) ||
	    !pri_plan_index_get(&plan->index, hash_change(item), is_change, plan, item, &number))
		return false;
	*ret_number = number;
	return true;
}

/* Steps stay in their order, and so do the numbers of their targets.  There is room for all. */
static void rebuild_index(struct pr_plan *plan)
{
	size_t count = plan->count;

	pri_plan_index_empty(&plan->index);
	pri_plan_index_empty(&plan->targets);
	plan->target_count = 0;
	for (plan->count = 0; plan->count < count; plan->count++)
		note_item(plan, &plan->steps[PRI_STEP_LIVE][plan->count].item);
}

/* The same change for the persistent configuration, which another backend may serve. */
static int copy_item(struct pri_item *to, const struct pri_item *from, uint32_t mode)
{
	*to = *from;
	to->route = pri_route(from->target.host, from->change.attr, mode);
	to->change.serve = to->route->serve;
	to->change.mode = mode;
	/* The text is the other one's. */
	to->instance = NULL;
	to->change.wanted = (struct pri_value){0};
	return pri_value_copy(&to->change.wanted, &from->change.wanted);
}

int pri_plan_takes(const struct pr_plan *plan, const struct pri_target *target, char **error)
{
	int r = pri_plan_idle(plan, error);

	if (r < 0)
		return r;
	if (plan->applied)
		return pri_set_error(error, -EINVAL, "the plan was applied already");
	if (target->host->ctx != plan->ctx)
		return pri_set_error(error, -EINVAL, "%s was opened from another context",
				     pri_target_name(target));
	return 0;
}

int pri_plan_add(struct pr_plan *plan, const struct pri_target *target,
		 const struct pri_request *request, char **error)
{
	struct pri_step steps[PRI_STEP_MODES] = {{.status = PRALLOC_STEP_NEW},
						 {.status = PRALLOC_STEP_NEW}};
	struct pri_item *live = &steps[PRI_STEP_LIVE].item;
	struct pri_item *config = &steps[PRI_STEP_CONFIG].item;
	int r = pri_plan_takes(plan, target, error);

	if (r == 0)
		r = pri_item_init(live, target, request, PRALLOC_LIVE, error);
	if (r == 0)
		r = grow(plan);
	if (r == 0)
		r = copy_item(config, live, PRALLOC_CONFIG);
	if (r == 0)
		r = note_item(plan, live);
	if (r == 1)
		r = pri_set_error(error, -EINVAL, "%s of %s is in the plan twice",
				  live->change.attr->name, pri_target_name(target));
	if (r < 0) {
		pri_item_clear(live);
		pri_item_clear(config);
		return r;
	}
	if (target->domain)
		pri_domain_ref(target->domain);
	else
		pri_host_ref(target->host);
	config->sequence = live->sequence;
	plan->host = plan->count == 0 || plan->host == target->host ? target->host : NULL;
	for (size_t m = 0; m < PRI_STEP_MODES; m++)
		plan->steps[m][plan->count] = steps[m];
	plan->count++;
	return 0;
}

static int plan_set(struct pr_plan *plan, const struct pri_target *target,
		    const struct pri_request *request)
{
	char *error = NULL;
	int r;

	if (!target->host)
		r = pri_set_error(&error, -EINVAL, "domain or host is NULL");
	else
		r = pri_plan_add(plan, target, request, &error);
	return pri_plan_result(plan, r, &error);
}

int pr_plan_set_u64(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
		    const char *instance, uint64_t value)
{
	struct pri_request request = {
		.attribute = attribute, .instance = instance, .number = value};
	struct pri_target target = {dom ? dom->host : NULL, dom};

	return plan ? plan_set(plan, &target, &request) : -EINVAL;
}

int pr_plan_set_str(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
		    const char *instance, const char *value)
{
	struct pri_request request = {
		.attribute = attribute, .instance = instance, .is_text = true, .text = value};
	struct pri_target target = {dom ? dom->host : NULL, dom};

	return plan ? plan_set(plan, &target, &request) : -EINVAL;
}

int pr_plan_host_set_u64(struct pr_plan *plan, struct pr_host *host, const char *attribute,
			 const char *instance, uint64_t value)
{
	struct pri_request request = {
		.attribute = attribute, .instance = instance, .number = value};
	struct pri_target target = {.host = host};

	return plan ? plan_set(plan, &target, &request) : -EINVAL;
}

int pr_plan_host_set_str(struct pr_plan *plan, struct pr_host *host, const char *attribute,
			 const char *instance, const char *value)
{
	struct pri_request request = {
		.attribute = attribute, .instance = instance, .is_text = true, .text = value};
	struct pri_target target = {.host = host};

	return plan ? plan_set(plan, &target, &request) : -EINVAL;
}

static void show_value(struct pr_value *out, const struct pri_attr *attr,
		       const struct pri_value *value, bool present)
{
	*out = (struct pr_value){.size = sizeof(*out)};
	if (!present)
		return;
	out->type = pri_attr_is_text(attr) ? PRALLOC_TYPE_TEXT : PRALLOC_TYPE_U64;
	out->number = value->text ? 0 : value->number;
	out->text = value->text;
}

/* A step in two modes is shown by the one that has something to say. */
static size_t shown_mode(const struct pr_plan *plan, size_t number)
{
	if (!(plan->modes & PRALLOC_CONFIG))
		return PRI_STEP_LIVE;
	if (!(plan->modes & PRALLOC_LIVE))
		return PRI_STEP_CONFIG;
	return plan->steps[PRI_STEP_LIVE][number].item.change.error == 0 &&
			       plan->steps[PRI_STEP_CONFIG][number].item.change.error < 0
		       ? PRI_STEP_CONFIG
		       : PRI_STEP_LIVE;
}

static const char *backend_name(const struct pri_item *item)
{
	uint32_t need = item->change.mode == PRALLOC_CONFIG ? PRI_SERVE_WRITE_CONFIG
							    : PRI_SERVE_WRITE;
	const struct pri_route *route = item->route;

	if (!route->serve || !(route->serve->modes & need))
		return NULL;
	return item->target.host->backends[route->backend].backend->name;
}

int pr_plan_step(const struct pr_plan *plan, size_t index, struct pr_step *step)
{
	struct pr_step full = {0};
	const struct pri_item *item;
	const struct pri_change *change;
	const struct pri_step *shown;

	if (!plan || !step || step->size < PRI_SIZE_UP_TO(struct pr_step, elapsed_us) ||
	    index >= plan->count)
		return -EINVAL;
	shown = &plan->steps[shown_mode(plan, index)][index];
	item = &shown->item;
	change = &item->change;
	full.status = shown->status;
	full.error = change->error;
	full.mode = change->mode;
	full.target = pri_target_name(&item->target);
	full.attribute = change->attr->name;
	full.instance = change->instance;
	full.backend = backend_name(item);
	full.text = change->text ? change->text : "";
	full.elapsed_us = item->elapsed_ns / 1000;
	show_value(&full.before, change->attr, &item->before, item->has_before);
	show_value(&full.wanted, change->attr, &change->wanted, true);
	show_value(&full.after, change->attr, &change->held, item->has_held);
	pri_fill(step, &full, sizeof(full));
	return 0;
}
