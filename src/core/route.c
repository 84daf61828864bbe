/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which backend of a host serves an attribute. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"

static const struct {
	uint32_t mode, serves;
} modes[PRI_ROUTE_MODES] = {
	[PRI_ROUTE_LIVE] = {PRALLOC_LIVE, PRI_SERVE_READ | PRI_SERVE_WRITE},
	[PRI_ROUTE_CONFIG] = {PRALLOC_CONFIG, PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG},
};

/* The first that serves wins, unless a later one does it better; so a backend beside another has
 * the last word, also on why it cannot be done. */
static void offer(struct pri_route *route, const struct pri_serve *serve, uint8_t backend,
		  uint32_t serves)
{
	bool had = route->serve && (route->serve->modes & serves);
	bool has = serve->modes & serves;
	bool better = serves == modes[PRI_ROUTE_LIVE].serves && (serve->modes & PRI_SERVE_PREFER);

	if (route->serve && (!has || (had && !better)))
		return;
	route->serve = serve;
	route->backend = backend;
	route->reason = serve->no_write;
}

static void find_route(struct pr_host *host, const struct pri_attr *attr, int m,
		       struct pri_route *route)
{
	*route = (struct pri_route){.known = true};
	for (size_t i = 0; i < host->backend_count; i++) {
		const struct pri_host_backend *b = &host->backends[i];
		const char *reason = NULL;
		const struct pri_serve *serve =
			b->backend->serve(b->state, pri_attr_id(attr), &reason);

		if (serve)
			offer(route, serve, (uint8_t)i, modes[m].serves);
		else if (reason && !(route->serve && (route->serve->modes & modes[m].serves)))
			route->reason = reason;
	}
}

const struct pri_route *pri_route(struct pr_host *host, const struct pri_attr *attr, uint32_t mode)
{
	int m = mode == PRALLOC_CONFIG ? PRI_ROUTE_CONFIG : PRI_ROUTE_LIVE;
	struct pri_route *route = &host->routes[pri_attr_id(attr)][m];

	if (!route->known)
		find_route(host, attr, m, route);
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
	route = pri_route(host, attr, PRALLOC_LIVE);
	*ret_backend = route->serve ? host->backends[route->backend].backend->name : NULL;
	if (ret_reason)
		*ret_reason = route->reason;
	return pri_host_result(host, 0, &error);
}

static int fail_unknown_backend(const struct pr_host *host, const char *backend, char **error)
{
	char names[PRI_NAME_MAX] = "";

	for (size_t i = 0; i < host->backend_count; i++) {
		size_t length = strlen(names);

		snprintf(names + length, sizeof(names) - length, "%s%s", length ? ", " : "",
			 host->backends[i].backend->name);
	}
	return pri_set_error(error, -EINVAL, "this host has no backend \"%.64s\" (it has %s)",
			     backend, names);
}

/* The row of a chosen backend in a mode, or NULL. */
static const struct pri_serve *chosen_row(const struct pri_serve *serve, int m)
{
	if (serve->chosen && (serve->chosen->modes & modes[m].serves))
		return serve->chosen;
	return serve->modes & modes[m].serves ? serve : NULL;
}

static int choose(struct pr_host *host, const struct pri_attr *attr, const char *backend,
		  char **error)
{
	for (size_t i = 0; i < host->backend_count; i++) {
		const struct pri_host_backend *b = &host->backends[i];
		const struct pri_serve *serve;
		const char *reason = NULL;

		if (strcmp(b->backend->name, backend) != 0)
			continue;
		serve = b->backend->serve(b->state, pri_attr_id(attr), &reason);
		if (!serve)
			return pri_set_error(error, -EOPNOTSUPP, "%s: %s: %s", attr->name, backend,
					     reason ? reason : "it never serves that");
		for (int m = 0; m < PRI_ROUTE_MODES; m++) {
			const struct pri_serve *row = chosen_row(serve, m);

			if (row)
				host->routes[pri_attr_id(attr)][m] =
					(struct pri_route){.serve = row,
							   .backend = (uint8_t)i,
							   .known = true,
							   .chosen = true,
							   .reason = row->no_write};
		}
		return 0;
	}
	return fail_unknown_backend(host, backend, error);
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
	for (int m = 0; r == 0 && !backend && m < PRI_ROUTE_MODES; m++)
		find_route(host, attr, m, &host->routes[pri_attr_id(attr)][m]);
	return pri_host_result(host, r, &error);
}

/* Changes that were prepared before point to the route: it gets its new row in place. */
static void refresh(struct pr_host *host, const struct pri_attr *attr, int m)
{
	struct pri_route *route = &host->routes[pri_attr_id(attr)][m];
	const struct pri_host_backend *b = &host->backends[route->backend];

	if (route->chosen) {
		const struct pri_serve *serve =
			b->backend->serve(b->state, pri_attr_id(attr), &route->reason);

		route->serve = serve ? chosen_row(serve, m) : NULL;
	} else if (route->known) {
		find_route(host, attr, m, route);
	}
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
		for (int m = 0; m < PRI_ROUTE_MODES; m++)
			refresh(host, &pri_attrs[i], m);
	return pri_host_result(host, r, &error);
}
