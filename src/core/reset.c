/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Put settings back to the persistent configuration's value, else to the default. */
#include <errno.h>
#include <string.h>

#include "core/core.h"

struct list {
	struct pri_item *items;
	size_t count, size;
	bool whole; /* everything, not one attribute */
};

static struct pri_item *append(struct list *list)
{
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 32;
		struct pri_item *more = realloc(list->items, size * sizeof(*more));

		if (!more)
			return NULL;
		list->items = more;
		list->size = size;
	}
	return &list->items[list->count++];
}

/* What the domain would start with. */
static int persistent_value(const struct pri_target *target, const struct pri_attr *attr,
			    const char *instance, struct pri_value *value, char **error)
{
	const struct pri_route *route = pri_route(target->host, attr);
	int r;

	value->number = PRALLOC_DEFAULT;
	if (!(route->serve->modes & PRI_SERVE_READ_CONFIG))
		return 0;
	r = pri_get(target, attr, instance, PRALLOC_CONFIG, value, error);
	/* A transient domain has no persistent configuration: the default it is. */
	if (r == -EOPNOTSUPP) {
		free(pri_steal(*error));
		value->number = PRALLOC_DEFAULT;
		return 0;
	}
	return r;
}

static int add_instance(struct list *list, const struct pri_target *target,
			const struct pri_attr *attr, const char *instance, uint32_t mode,
			char **error)
{
	struct pri_request request = {
		.attr = attr, .instance = instance, .is_text = true, .text = "default"};
	struct pri_item *item = append(list);
	struct pri_value value = {0};
	int r;

	if (!item)
		return -ENOMEM;
	r = pri_item_init(item, target, &request, mode, error);
	if (r < 0 || mode == PRALLOC_CONFIG)
		return r;
	r = persistent_value(target, attr, instance, &value, error);
	if (r < 0)
		return r;
	pri_value_clear(&item->change.wanted);
	item->change.wanted = value;
	/* What waits for the guest has no default to go back to but a persistent value. */
	if (list->whole && value.number == PRALLOC_DEFAULT && !value.text &&
	    pri_attr_is(attr, PRALLOC_ATTR_ASYNC))
		pri_item_clear(&list->items[--list->count]);
	return 0;
}

static int add_attr(struct list *list, const struct pri_target *target, const struct pri_attr *attr,
		    const char *instance, uint32_t mode, char **error)
{
	bool all = attr->instance != PRALLOC_INSTANCE_NONE && !instance;

	if (!all || pri_attr_is(attr, PRALLOC_ATTR_INSTANCE_OPTIONAL))
		return add_instance(list, target, attr, instance, mode, error);
	for (size_t i = 0;; i++) {
		pri_autofree char *name = NULL;
		int r = pri_instance_at(target, attr, i, &name, error);

		if (r == -ENODEV) {
			free(pri_steal(*error));
			return 0;
		}
		if (r == 0)
			r = add_instance(list, target, attr, name, mode, error);
		if (r < 0)
			return r;
	}
}

/* Rows that reset as a whole leaves out: another row says the same. */
static bool resettable(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode)
{
	uint32_t need = mode == PRALLOC_CONFIG ? PRI_SERVE_WRITE_CONFIG : PRI_SERVE_WRITE;
	const struct pri_route *route = pri_route(target->host, attr);

	return attr->target == PRALLOC_TARGET_DOMAIN && pri_attr_is(attr, PRALLOC_ATTR_WRITABLE) &&
	       route->serve && (route->serve->modes & need);
}

static int collect(struct list *list, const struct pri_target *target, const char *attribute,
		   const char *instance, uint32_t mode, char **error)
{
	const struct pri_attr *attr = NULL;
	char inside[PRI_NAME_MAX];
	int r;

	if (attribute) {
		r = pri_attr_split(error, attribute, &attr, inside, sizeof(inside));
		if (r < 0)
			return r;
		if (!pri_route(target->host, attr)->serve)
			return pri_set_error(error, -EOPNOTSUPP, "%s of %s: %s", attr->name,
					     pri_target_name(target),
					     pri_route(target->host, attr)->reason);
		return add_attr(list, target, attr, *inside ? inside : instance, mode, error);
	}
	for (size_t i = 0; i < PRI_ATTR_COUNT; i++) {
		if (!resettable(target, &pri_attrs[i], mode))
			continue;
		r = add_attr(list, target, &pri_attrs[i], NULL, mode, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What already is as wanted need not be written; and what cannot be read was never set. */
static size_t only_differing(struct pri_item **items, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (!items[i]->has_before ||
		    pri_value_equal(items[i]->change.attr, &items[i]->change.wanted,
				    &items[i]->before))
			continue;
		items[left++] = items[i];
	}
	return left;
}

static int take_error(struct pri_item **items, size_t n, int code, char **error)
{
	for (size_t i = 0; i < n; i++) {
		if (items[i]->change.error != code)
			continue;
		free(*error);
		*error = pri_steal(items[i]->change.text);
		break;
	}
	return code;
}

static int reset_list(struct list *list, uint64_t deadline_ns, uint32_t flags, char **error)
{
	pri_autofree struct pri_item **items =
		calloc(list->count ? list->count : 1, sizeof(*items));
	size_t n = list->count;
	int r;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		items[i] = &list->items[i];
	for (size_t i = 0; i < n; i++) {
		r = pri_item_check(items[i]);
		if (r < 0)
			return take_error(items, n, r, error);
	}
	r = pri_items_read_before(items, n, deadline_ns);
	if (r < 0 && !list->whole)
		return take_error(items, n, r, error);
	n = only_differing(items, n);
	r = pri_items_check(items, n, deadline_ns, flags);
	if (r == 0)
		r = pri_items_apply(items, n, deadline_ns, flags);
	if (r < 0) {
		take_error(items, n, r, error);
		pri_items_undo(items, n, deadline_ns);
	}
	return r;
}

int pr_domain_reset(struct pr_domain *dom, const char *attribute, const char *instance,
		    uint32_t flags)
{
	static const uint32_t order[] = {PRALLOC_CONFIG, PRALLOC_LIVE};
	uint32_t modes = flags & PRI_MODE_FLAGS ? flags & PRI_MODE_FLAGS : PRALLOC_LIVE;
	struct pri_target target;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	target = (struct pri_target){dom->host, dom};
	r = pri_flags_check(flags, PRI_SET_FLAGS, &error);
	if (r == 0 && instance && !attribute)
		r = pri_set_error(&error, -EINVAL, "an instance without an attribute");
	for (size_t m = 0; r == 0 && m < PRI_ARRAY_SIZE(order); m++) {
		struct list list = {.whole = !attribute};

		if (!(modes & order[m]))
			continue;
		r = collect(&list, &target, attribute, instance, order[m], &error);
		if (r == 0)
			r = reset_list(&list, pri_deadline(dom->host->ctx), flags, &error);
		for (size_t i = 0; i < list.count; i++)
			pri_item_clear(&list.items[i]);
		free(list.items);
	}
	return pri_domain_result(dom, r, &error);
}
