/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which backend of a host serves an attribute. */
#include <errno.h>
#include <string.h>

#include "core/core.h"

static void find_route(struct pr_host *host, const struct pri_attr *attr, struct pri_route *route)
{
	*route = (struct pri_route){.known = true};
	/* The first that serves wins; the reason of the one that opened the host is shown. */
	for (size_t i = 0; i < host->backend_count; i++) {
		const struct pri_host_backend *b = &host->backends[i];
		const char *reason = NULL;

		route->serve = b->backend->serve(b->state, pri_attr_id(attr), &reason);
		route->backend = (uint8_t)i;
		if (route->serve)
			return;
		if (!route->reason)
			route->reason = reason;
	}
	route->backend = 0;
}

const struct pri_route *pri_route(struct pr_host *host, const struct pri_attr *attr)
{
	struct pri_route *route = &host->routes[pri_attr_id(attr)];

	if (!route->known)
		find_route(host, attr, route);
	return route;
}

int pr_host_route(struct pr_host *host, const char *attribute, const char **ret_backend,
		  const char **ret_reason)
{
	const struct pri_attr *attr = NULL;
	const struct pri_route *route;
	char instance[PRI_NAME_MAX];
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	if (!attribute || !ret_backend) {
		r = pri_set_error(&error, -EINVAL, "attribute or ret_backend is NULL");
		return pri_host_result(host, r, &error);
	}
	r = pri_attr_split(&error, attribute, &attr, instance, sizeof(instance));
	if (r < 0)
		return pri_host_result(host, r, &error);
	route = pri_route(host, attr);
	*ret_backend = route->serve ? host->backends[route->backend].backend->name : NULL;
	if (ret_reason)
		*ret_reason = route->serve ? route->serve->no_write : route->reason;
	return pri_host_result(host, 0, &error);
}

static int choose(struct pr_host *host, const struct pri_attr *attr, const char *backend,
		  char **error)
{
	struct pri_route *route = &host->routes[pri_attr_id(attr)];

	for (size_t i = 0; i < host->backend_count; i++) {
		const struct pri_host_backend *b = &host->backends[i];
		const struct pri_serve *serve;
		const char *reason = NULL;

		if (strcmp(b->backend->name, backend) != 0)
			continue;
		serve = b->backend->serve(b->state, pri_attr_id(attr), &reason);
		if (!serve)
			return pri_set_error(error, -EOPNOTSUPP, "%s: %s: %s", attr->name, backend,
					     reason);
		*route = (struct pri_route){
			.serve = serve, .backend = (uint8_t)i, .known = true, .chosen = true};
		return 0;
	}
	return pri_set_error(error, -EINVAL, "this host has no backend \"%.64s\" (it has %s)",
			     backend, host->backends[0].backend->name);
}

int pr_host_set_route(struct pr_host *host, const char *attribute, const char *backend,
		      uint32_t flags)
{
	const struct pri_attr *attr = NULL;
	char instance[PRI_NAME_MAX];
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	if (flags)
		r = pri_set_error(&error, -EINVAL, "unknown flag 0x%x (none allowed)", flags);
	else if (!attribute)
		r = pri_set_error(&error, -EINVAL, "attribute is NULL");
	else
		r = pri_attr_split(&error, attribute, &attr, instance, sizeof(instance));
	if (r == 0 && backend)
		r = choose(host, attr, backend, &error);
	else if (r == 0)
		find_route(host, attr, &host->routes[pri_attr_id(attr)]);
	return pri_host_result(host, r, &error);
}

/* Changes that were prepared before point to the route: it gets its new row in place. */
static void refresh(struct pr_host *host, const struct pri_attr *attr)
{
	struct pri_route *route = &host->routes[pri_attr_id(attr)];
	const struct pri_host_backend *b = &host->backends[route->backend];

	if (route->chosen)
		route->serve = b->backend->serve(b->state, pri_attr_id(attr), &route->reason);
	else if (route->known)
		find_route(host, attr, route);
}

int pr_host_set_cgroup_version(struct pr_host *host, int version, uint32_t flags)
{
	struct pri_target target = {.host = host};
	char *error = NULL;
	int r = 0;

	if (!host)
		return -EINVAL;
	if (flags)
		r = pri_set_error(&error, -EINVAL, "unknown flag 0x%x (none allowed)", flags);
	else if (version != 1 && version != 2)
		r = pri_set_error(&error, -EINVAL, "cgroup version %d is out of range (1 or 2)",
				  version);
	for (size_t i = 0; r == 0 && i < host->backend_count; i++) {
		const struct pri_backend *backend = host->backends[i].backend;
		struct pri_call call;

		if (!backend->set_cgroup_version)
			continue;
		pri_call_begin(&call, &target, i, pri_deadline(host->ctx));
		r = backend->set_cgroup_version(&call, version);
		if (r < 0)
			pri_call_failed(&call, r, "cgroup version", &error);
	}
	for (size_t i = 0; r == 0 && i < PRI_ATTR_COUNT; i++)
		refresh(host, &pri_attrs[i]);
	return pri_host_result(host, r, &error);
}
