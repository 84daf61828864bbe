/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Give a running domain the persistent values that it does not start with. */
#include <errno.h>
#include <stdio.h>

#include "core/domain_lock.h"
#include "core/settings.h"

static int collect(struct pri_settings *list, char **error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < PRI_ATTR_COUNT; i++) {
		const struct pri_attr *attr = &pri_attrs[i];
		const struct pri_route *route = pri_route(list->target.host, attr, PRALLOC_CONFIG);

		if (route->serve && (route->serve->modes & PRI_SERVE_RESTORE))
			r = pri_settings_add(list, attr, NULL, error);
	}
	return r;
}

/* general: the setting of all instances, or of another attribute, or NULL. */
static bool has_value(const struct pri_item *item, const struct pri_item *general)
{
	const struct pri_change *change = &item->change;

	if (!change->wanted.text && change->wanted.number == PRALLOC_DEFAULT)
		return false;
	return !general || general->change.attr != change->attr ||
	       !pri_value_equal(change->attr, &change->wanted, &general->change.wanted);
}

static void keep_valued(struct pri_settings *list)
{
	const struct pri_item *general = NULL;
	size_t left = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct pri_item *item = &list->items[i];

		if (!has_value(item, general)) {
			pri_item_clear(item);
			continue;
		}
		list->items[left] = *item;
		if (!list->items[left].instance)
			general = &list->items[left];
		left++;
	}
	list->count = left;
}

/* What cannot be written may still be as it should be: libvirt starts a domain with a rate. */
static bool holds_already(struct pri_item *item, uint64_t deadline_ns)
{
	if (!(item->route->serve->modes & PRI_SERVE_READ) ||
	    pri_batch_read(&item, 1, deadline_ns) < 0)
		return false;
	return pri_value_equal(item->change.attr, &item->change.wanted, &item->change.held);
}

static int add_name(char **names, const struct pri_item *item)
{
	const struct pri_change *change = &item->change;
	bool bare = !*change->instance;
	char *longer;

	if (asprintf(&longer, "%s%s%s%s%s%s", *names ? *names : "", *names ? ", " : "",
		     change->attr->name, bare ? "" : "[", change->instance, bare ? "" : "]") < 0)
		return -ENOMEM;
	free(*names);
	*names = longer;
	return 0;
}

/* Those that nobody serves live leave the list; *ret_names are theirs, NULL for none. */
static int drop_unserved(struct pri_settings *list, uint64_t deadline_ns, char **ret_names)
{
	size_t left = 0;
	int r = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct pri_item *item = &list->items[i];

		if (item->route->serve->modes & PRI_SERVE_WRITE) {
			list->items[left++] = *item;
			continue;
		}
		if (r == 0 && !holds_already(item, deadline_ns))
			r = add_name(ret_names, item);
		pri_item_clear(item);
	}
	list->count = left;
	return r;
}

static int check_served(struct pri_settings *list, uint64_t deadline_ns, uint32_t flags,
			char **error)
{
	const char *name = pri_target_name(&list->target);
	pri_autofree char *names = NULL;
	int r = drop_unserved(list, deadline_ns, &names);

	if (r < 0 || !names)
		return r;
	if (!(flags & PRALLOC_RESTORE_SERVED))
		return pri_set_error(error, -EOPNOTSUPP,
				     "restore of %s: nobody serves %s of a running domain on this "
				     "host (restore only what is served, or reset them in the "
				     "configuration)",
				     name, names);
	pri_log(list->target.host->ctx, PRALLOC_LOG_WARNING,
		"restore of %s: not restored, because nobody serves it: %s", name, names);
	return 0;
}

static int check_running(struct pr_domain *dom, uint64_t deadline_ns, char **error)
{
	struct pri_identity identity = {0};
	int r = pri_domain_identity(dom, deadline_ns, &identity, error);

	if (r == 0 && identity.state == PRALLOC_DOMAIN_OFF)
		r = pri_set_error(error, -ENOTCONN, "%s is off: start it, and restore it then",
				  dom->identity.name);
	return r;
}

int pri_settings_of_restore(struct pri_settings *list, uint64_t deadline_ns, uint32_t flags,
			    char **error)
{
	int r = check_running(list->target.domain, deadline_ns, error);

	if (r == 0)
		r = collect(list, error);
	if (r == 0)
		r = pri_settings_take_persistent(list, deadline_ns, error);
	if (r < 0)
		return r;
	keep_valued(list);
	return check_served(list, deadline_ns, flags, error);
}

static int restore(struct pri_settings *list, uint32_t flags, char **error)
{
	uint64_t deadline_ns = pri_deadline(list->target.host->ctx);
	int r = pri_settings_of_restore(list, deadline_ns, flags, error);

	if (r == 0)
		r = pri_settings_write(list, deadline_ns, flags, error);
	return r < 0 ? pri_settings_fail(list, 1, r, error) : 0;
}

#define FLAGS (PRALLOC_LIVE | PRALLOC_NO_VERIFY | PRI_CHANGE_FLAGS | PRALLOC_RESTORE_SERVED)

int pr_domain_restore(struct pr_domain *dom, uint32_t flags)
{
	struct pri_settings list;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	list = (struct pri_settings){.target = {dom->host, dom}, .mode = PRALLOC_LIVE};
	r = pri_flags_check(flags, FLAGS, &error);
	if (r == 0)
		r = pri_domain_lock_wait(dom, pri_deadline(dom->host->ctx), &error);
	if (r == 0) {
		r = restore(&list, flags, &error);
		pri_domain_unlock(dom);
	}
	pri_settings_clear(&list);
	return pri_domain_result(dom, r, &error);
}
