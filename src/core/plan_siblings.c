/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/plan_siblings.h"

#include <errno.h>
#include <string.h>

void pri_siblings_clear(struct pri_siblings *siblings)
{
	for (size_t i = 0; i < siblings->count; i++) {
		pri_item_clear(&siblings->all[i].item);
		pr_domain_close(siblings->all[i].opened);
	}
	free(siblings->all);
	free(siblings->groups);
}

int pri_siblings_make_room(void **array, size_t count, size_t *size, size_t of_each)
{
	size_t more = *size ? 2 * *size : 16;
	void *moved;

	if (count < *size)
		return 0;
	moved = realloc(*array, more * of_each);
	if (!moved)
		return -ENOMEM;
	*array = moved;
	*size = more;
	return 0;
}

struct pri_sibling *pri_siblings_add(struct pri_siblings *siblings)
{
	struct pri_sibling *sibling;
	void *all = siblings->all;
	int r = pri_siblings_make_room(&all, siblings->count, &siblings->size, sizeof(*sibling));

	siblings->all = all;
	if (r < 0)
		return NULL;
	sibling = &siblings->all[siblings->count++];
	*sibling = (struct pri_sibling){.item.change.instance = ""};
	return sibling;
}

/* -- what is read -- */

struct pri_range pri_sibling_range(const struct pri_sibling *sibling)
{
	const struct pri_change *change = &sibling->item.change;

	if (change->range)
		return *change->range;
	if (change->serve->max)
		return (struct pri_range){change->serve->min, change->serve->max};
	return (struct pri_range){change->attr->min, change->attr->max};
}

bool pri_sibling_is_absent(int code)
{
	return code == -ENODEV || code == -EOPNOTSUPP || code == -ENOTCONN || code == -ENOENT ||
	       code == -ESTALE;
}

static int judge(struct pri_siblings *siblings, struct pri_sibling *sibling)
{
	const struct pri_change *change = &sibling->item.change;

	if (!sibling->item.has_held) {
		sibling->value = 0;
		if (pri_sibling_is_absent(change->error))
			return 0;
		return pri_set_error(siblings->error, change->error, "%s",
				     change->text ? change->text : pri_strerror(change->error));
	}
	if (!sibling->is_planned)
		sibling->value = change->held.number == PRALLOC_DEFAULT ? change->attr->def
									: change->held.number;
	return 0;
}

int pri_siblings_read(struct pri_siblings *siblings, size_t first)
{
	size_t n = siblings->count - first;
	pri_autofree struct pri_item **items = calloc(n + 1, sizeof(struct pri_item *));
	int r = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		items[i] = &siblings->all[first + i].item;
	pri_batch_read(items, n, pri_deadline(siblings->plan->ctx));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = judge(siblings, &siblings->all[first + i]);
	return r;
}

/* -- groups -- */

int pri_siblings_compare_parents(const char *a, const char *b)
{
	const char *slash_a = strrchr(a, '/'), *slash_b = strrchr(b, '/');
	size_t length_a = slash_a ? (size_t)(slash_a - a) : 0;
	size_t length_b = slash_b ? (size_t)(slash_b - b) : 0;

	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return memcmp(a, b, length_a);
}

/* Hosts come first, so that each is asked once. */
static int compare_groups(const struct pri_item *a, const struct pri_item *b)
{
	int r;

	if (a->target.host != b->target.host)
		return (uintptr_t)a->target.host < (uintptr_t)b->target.host ? -1 : 1;
	if (a->change.attr != b->change.attr)
		return a->change.attr < b->change.attr ? -1 : 1;
	r = strcmp(a->change.instance, b->change.instance);
	if (r != 0)
		return r;
	return pri_siblings_compare_parents(a->target.domain->identity.name,
					    b->target.domain->identity.name);
}

static int compare_planned(const void *first, const void *second)
{
	const struct pri_sibling *a = first, *b = second;
	int r = compare_groups(&a->item, &b->item);

	if (r != 0)
		return r;
	return strcmp(a->item.target.domain->identity.uuid, b->item.target.domain->identity.uuid);
}

const struct pri_item *pri_siblings_like(const struct pri_siblings *siblings, size_t group)
{
	return &siblings->all[siblings->groups[group].first].item;
}

static void take_into_group(struct pri_siblings *siblings, size_t index)
{
	struct pri_sibling *sibling = &siblings->all[index];
	struct pri_range range = pri_sibling_range(sibling);
	struct pri_sibling_group *group;

	if (siblings->group_count == 0 ||
	    compare_groups(pri_siblings_like(siblings, siblings->group_count - 1),
			   &sibling->item) != 0)
		siblings->groups[siblings->group_count++] =
			(struct pri_sibling_group){.first = index};
	sibling->group = siblings->group_count - 1;
	group = &siblings->groups[sibling->group];
	group->count++;
	if (sibling->value > 0 && (sibling->value < range.min || sibling->value > range.max))
		group->is_outside = true;
}

/* -- those with steps -- */

/* Whether its siblings can be read, and get steps. */
static bool is_served(const struct pri_item *item)
{
	uint32_t need = item->change.mode == PRALLOC_CONFIG
				? PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG
				: PRI_SERVE_READ | PRI_SERVE_WRITE;

	return item->route->serve && (item->route->serve->modes & need) == need;
}

static int add_planned(struct pri_siblings *siblings, size_t number)
{
	const struct pri_step *step = &siblings->plan->steps[pri_step_mode(siblings->mode)][number];
	const struct pri_change *change = &step->item.change;
	struct pri_sibling *sibling;

	if (!step->item.target.domain || !pri_attr_is_ratio(change->attr) ||
	    !is_served(&step->item))
		return 0;
	sibling = pri_siblings_add(siblings);
	if (!sibling)
		return -ENOMEM;
	sibling->is_planned = true;
	sibling->number = number;
	sibling->value = change->wanted.number == PRALLOC_DEFAULT ? change->attr->def
								  : change->wanted.number;
	sibling->item.target = step->item.target;
	sibling->item.route = step->item.route;
	sibling->item.change = (struct pri_change){
		.attr = change->attr,
		.serve = step->item.route->serve,
		.instance = change->instance,
		.mode = change->mode,
	};
	return 0;
}

int pri_siblings_planned(struct pri_siblings *siblings)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < siblings->plan->count; i++)
		r = add_planned(siblings, i);
	if (r == 0)
		r = pri_siblings_read(siblings, 0);
	if (r < 0)
		return r;
	siblings->groups = calloc(siblings->count + 1, sizeof(*siblings->groups));
	if (!siblings->groups)
		return -ENOMEM;
	if (siblings->count > 0)
		qsort(siblings->all, siblings->count, sizeof(*siblings->all), compare_planned);
	for (size_t i = 0; i < siblings->count; i++)
		take_into_group(siblings, i);
	return 0;
}
