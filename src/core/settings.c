/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of a domain that go to other values together: what reset and restore share. */
#include <errno.h>

#include "core/settings.h"

/* Taking back gets time of its own: the deadline has often passed by then. */
#define UNDO_NS (UINT64_C(10) * 1000000000u)

void pri_settings_clear(struct pri_settings *list)
{
	for (size_t i = 0; i < list->count; i++)
		pri_item_clear(&list->items[i]);
	pri_host_unlock(&list->locks);
	free(list->items);
	free(list->differing);
}

static struct pri_item *append(struct pri_settings *list)
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

static int add_instance(struct pri_settings *list, const struct pri_attr *attr,
			const char *instance, char **error)
{
	struct pri_request request = {
		.attr = attr, .instance = instance, .is_text = true, .text = "default"};
	struct pri_item *item = append(list);

	return item ? pri_item_init(item, &list->target, &request, list->mode, error) : -ENOMEM;
}

static int add_instances(struct pri_settings *list, const struct pri_attr *attr, char **error)
{
	for (size_t i = 0;; i++) {
		pri_autofree char *name = NULL;
		int r = pri_instance_at(&list->target, attr, list->mode, i, &name, error);

		if (r == -ENODEV) {
			free(pri_steal(*error));
			return 0;
		}
		if (r == 0)
			r = add_instance(list, attr, name, error);
		if (r < 0)
			return r;
	}
}

int pri_settings_add(struct pri_settings *list, const struct pri_attr *attr, const char *instance,
		     char **error)
{
	int r = 0;

	if (attr->instance == PRALLOC_INSTANCE_NONE || (instance && *instance))
		return add_instance(list, attr, instance, error);
	/* What holds for all instances, and beside it what single ones have. */
	if (pri_attr_is(attr, PRALLOC_ATTR_INSTANCE_OPTIONAL))
		r = add_instance(list, attr, NULL, error);
	return r < 0 ? r : add_instances(list, attr, error);
}

/* The items, as a list that the batches take. */
static int point_to_all(struct pri_settings *list)
{
	list->differing = calloc(list->count ? list->count : 1, sizeof(*list->differing));
	if (!list->differing)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		list->differing[i] = &list->items[i];
	list->differing_count = list->count;
	return 0;
}

static int take_error(struct pri_item *item, char **error)
{
	free(*error);
	*error = pri_steal(item->change.text);
	return item->change.error;
}

static int first_error(struct pri_item **items, size_t n, int code, char **error)
{
	for (size_t i = 0; i < n; i++)
		if (items[i]->change.error == code)
			return take_error(items[i], error);
	return code;
}

/* What the domain would start with, read in one call. */
int pri_settings_take_persistent(struct pri_settings *list, uint64_t deadline_ns, char **error)
{
	pri_autofree struct pri_item *reads = calloc(list->count + 1, sizeof(*reads));
	pri_autofree struct pri_item **pointers = calloc(list->count + 1, sizeof(*pointers));
	size_t n = 0;
	int result = 0;

	if (!reads || !pointers)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		reads[i] = list->items[i];
		reads[i].change.mode = PRALLOC_CONFIG;
		reads[i].change.wanted = (struct pri_value){0};
		reads[i].route = pri_route(list->target.host, reads[i].change.attr, PRALLOC_CONFIG);
		reads[i].change.serve = reads[i].route->serve;
		if (reads[i].route->serve && (reads[i].route->serve->modes & PRI_SERVE_READ_CONFIG))
			pointers[n++] = &reads[i];
	}
	pri_batch_read(pointers, n, deadline_ns);
	for (size_t i = 0; i < list->count; i++) {
		struct pri_change *read = &reads[i].change;

		if (reads[i].has_held) {
			pri_value_clear(&list->items[i].change.wanted);
			list->items[i].change.wanted = read->held;
			read->held = (struct pri_value){0};
		} else if (read->error < 0 && read->error != -EOPNOTSUPP && result == 0) {
			/* -EOPNOTSUPP: a transient domain has no persistent configuration. */
			result = take_error(&reads[i], error);
		}
		free(read->text);
		pri_value_clear(&read->held);
	}
	return result;
}

/* What cannot be read because it is not there was never set; other errors are errors. */
static bool never_set(const struct pri_item *item)
{
	int error = item->change.error;

	return error == -EOPNOTSUPP || error == -ENODATA || error == -ENODEV;
}

/* What waits for the guest has no default to go back to but a persistent value. */
static bool has_no_default(const struct pri_item *item)
{
	return item->change.mode == PRALLOC_LIVE && !item->change.wanted.text &&
	       item->change.wanted.number == PRALLOC_DEFAULT &&
	       pri_attr_is(item->change.attr, PRALLOC_ATTR_ASYNC);
}

/* What already is as wanted need not be written. */
static int keep_differing(struct pri_settings *list, char **error)
{
	size_t left = 0;

	for (size_t i = 0; i < list->differing_count; i++) {
		struct pri_item *item = list->differing[i];

		if (list->whole && (has_no_default(item) || never_set(item)))
			continue;
		if (!item->has_before)
			return take_error(item, error);
		if (!pri_value_equal(item->change.attr, &item->change.wanted, &item->before))
			list->differing[left++] = item;
	}
	list->differing_count = left;
	return 0;
}

static int check_values(struct pri_settings *list, char **error)
{
	for (size_t i = 0; i < list->count; i++)
		if (pri_item_check(&list->items[i]) < 0)
			return take_error(&list->items[i], error);
	return 0;
}

int pri_settings_differ(struct pri_settings *list, uint64_t deadline_ns, char **error)
{
	int r = point_to_all(list);

	if (r == 0)
		r = check_values(list, error);
	if (r < 0)
		return r;
	pri_items_read_before(list->differing, list->differing_count, deadline_ns);
	return keep_differing(list, error);
}

int pri_settings_write(struct pri_settings *list, uint64_t deadline_ns, uint32_t flags,
		       char **error)
{
	int r = pri_settings_differ(list, deadline_ns, error);

	if (r == 0)
		r = pri_host_lock_all(&list->locks, list->differing, list->differing_count,
				      deadline_ns, error);
	if (r < 0)
		return r;
	r = pri_items_check(list->differing, list->differing_count, deadline_ns, flags);
	if (r == 0)
		r = pri_items_apply(list->differing, list->differing_count, deadline_ns, flags);
	return r < 0 ? first_error(list->differing, list->differing_count, r, error) : 0;
}

int pri_settings_fail(struct pri_settings *lists, size_t n, int code, char **error)
{
	uint64_t deadline_ns = pri_now_ns() + UNDO_NS;
	pri_autofree char *cause = NULL;
	int left = 0;

	for (size_t i = n; i-- > 0;) {
		int r = pri_items_undo(lists[i].differing, lists[i].differing_count, deadline_ns);

		left = r < 0 ? r : left;
	}
	if (left == 0)
		return code;
	cause = pri_steal(*error);
	return pri_set_error(error, code, "%s; not everything could be taken back",
			     cause ? cause : pri_strerror(code));
}
