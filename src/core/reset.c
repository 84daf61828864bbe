/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Put settings back to the persistent configuration's value, else to the default. */
#include <errno.h>

#include "core/domain_lock.h"
#include "core/settings.h"

static bool resettable(const struct pri_settings *list, const struct pri_attr *attr)
{
	uint32_t need = list->mode == PRALLOC_CONFIG ? PRI_SERVE_WRITE_CONFIG : PRI_SERVE_WRITE;
	const struct pri_route *route = pri_route(list->target.host, attr, list->mode);

	return attr->target == PRALLOC_TARGET_DOMAIN && pri_attr_is(attr, PRALLOC_ATTR_WRITABLE) &&
	       route->serve && (route->serve->modes & need);
}

static int collect_one(struct pri_settings *list, const char *attribute, const char *instance,
		       char **error)
{
	const struct pri_attr *attr = NULL;
	const struct pri_route *route;
	char inside[PRI_NAME_MAX];
	int r = pri_attr_split(error, attribute, &attr, inside, sizeof(inside));

	if (r < 0)
		return r;
	if (*inside && instance && *instance)
		return pri_set_error(error, -EINVAL, "%s: an instance was given twice (%s and %s)",
				     attr->name, inside, instance);
	route = pri_route(list->target.host, attr, list->mode);
	if (!route->serve)
		return pri_set_error(error, -EOPNOTSUPP, "%s of %s: %s", attr->name,
				     pri_target_name(&list->target), route->reason);
	return pri_settings_add(list, attr, *inside ? inside : instance, error);
}

static int collect_all(struct pri_settings *list, char **error)
{
	list->whole = true;
	for (size_t i = 0; i < PRI_ATTR_COUNT; i++) {
		int r = resettable(list, &pri_attrs[i])
				? pri_settings_add(list, &pri_attrs[i], NULL, error)
				: 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int pri_settings_of_reset(struct pri_settings *list, const char *attribute, const char *instance,
			  uint64_t deadline_ns, char **error)
{
	int r = attribute ? collect_one(list, attribute, instance, error)
			  : collect_all(list, error);

	if (r == 0 && list->mode == PRALLOC_LIVE)
		r = pri_settings_take_persistent(list, deadline_ns, error);
	return r;
}

static int reset(const struct pri_target *target, const char *attribute, const char *instance,
		 uint32_t flags, char **error)
{
	/* The persistent one first: it is what the live one goes to. */
	static const uint32_t order[] = {PRALLOC_CONFIG, PRALLOC_LIVE};
	uint32_t modes = flags & PRI_MODE_FLAGS ? flags & PRI_MODE_FLAGS : PRALLOC_LIVE;
	uint64_t deadline_ns = pri_deadline(target->host->ctx);
	struct pri_settings lists[PRI_ARRAY_SIZE(order)];
	size_t n = 0;
	int r = 0;

	for (size_t m = 0; r == 0 && m < PRI_ARRAY_SIZE(order); m++) {
		struct pri_settings *list = &lists[n];

		if (!(modes & order[m]))
			continue;
		*list = (struct pri_settings){.target = *target, .mode = order[m]};
		n++;
		r = pri_settings_of_reset(list, attribute, instance, deadline_ns, error);
		if (r == 0)
			r = pri_settings_write(list, deadline_ns, flags, error);
	}
	if (r < 0)
		r = pri_settings_fail(lists, n, r, error);
	for (size_t i = 0; i < n; i++)
		pri_settings_clear(&lists[i]);
	return r;
}

int pr_domain_reset(struct pr_domain *dom, const char *attribute, const char *instance,
		    uint32_t flags)
{
	struct pri_target target;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	target = (struct pri_target){dom->host, dom};
	r = pri_flags_check(flags, PRI_SET_FLAGS, &error);
	if (r == 0 && instance && !attribute)
		r = pri_set_error(&error, -EINVAL, "an instance without an attribute");
	if (r == 0)
		r = pri_domain_lock_wait(dom, pri_deadline(dom->host->ctx), &error);
	if (r == 0) {
		r = reset(&target, attribute, instance, flags, &error);
		pri_domain_unlock(dom);
	}
	return pri_domain_result(dom, r, &error);
}
