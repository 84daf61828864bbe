/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One machine: open, facts, walk over its domains, its own attributes. */
#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/walk.h"
#include "util/growing.h"

struct pr_host *pri_host_ref(struct pr_host *host)
{
	host->references++;
	return host;
}

static void host_free(struct pr_host *host)
{
	for (size_t i = host->backend_count; i-- > 0;)
		host->backends[i].backend->close(host->backends[i].state);
	pri_listener_free(host->listener);
	pr_ctx_unref(host->ctx);
	free(host->scratch);
	free(host->text);
	free(host->uri);
	free(host);
}

void pr_host_close(struct pr_host *host)
{
	if (host && --host->references == 0)
		host_free(host);
}

int pri_host_result(struct pr_host *host, int code, char **error)
{
	pri_deadline_set(host->ctx, 0);
	return pri_move_error(host->errmsg, code, error);
}

const char *pr_host_errmsg(const struct pr_host *host)
{
	return host ? host->errmsg : "no host";
}

static int open_backend(struct pr_host *host, const struct pri_backend *backend, char **error)
{
	struct pri_call call = {
		.backend = backend,
		.target = "@host",
		.deadline_ns = pri_deadline(host->ctx),
		.ctx = host->ctx,
		.root = pri_root(host->ctx),
		.read_only = host->read_only,
	};
	void *state = NULL;
	int r = backend->open(&call, host->uri, &state);

	if (r < 0)
		return pri_call_failed(&call, r, host->uri, error);
	free(call.error);
	host->backends[0] = (struct pri_host_backend){backend, state};
	host->backend_count = 1;
	pri_backends_beside(host);
	return 0;
}

static int host_open(struct pr_ctx *ctx, const char *uri, uint32_t flags, struct pr_host **ret_host,
		     char **error)
{
	const struct pri_backend *backend = NULL;
	struct pr_host *host;
	int r = pri_flags_check(flags, PRALLOC_READ_ONLY, error);

	if (r < 0)
		return r;
	if (!uri || !ret_host)
		return pri_set_error(error, -EINVAL, "URI or ret_host is NULL");
	r = pri_backend_for(ctx, uri, &backend, error);
	if (r < 0)
		return r;
	host = calloc(1, sizeof(*host));
	if (!host)
		return -ENOMEM;
	host->references = 1;
	host->ctx = pr_ctx_ref(ctx);
	host->read_only = (flags & PRALLOC_READ_ONLY) != 0;
	host->uri = strdup(uri);
	r = host->uri ? open_backend(host, backend, error) : -ENOMEM;
	if (r < 0) {
		pr_host_close(host);
		return r;
	}
	pri_log(ctx, PRALLOC_LOG_INFO, "%s: opened by backend %s", uri, backend->name);
	*ret_host = host;
	return 0;
}

int pr_host_open(struct pr_ctx *ctx, const char *uri, uint32_t flags, struct pr_host **ret_host)
{
	char *error = NULL;
	int r;

	if (!ctx)
		return -EINVAL;
	r = host_open(ctx, uri, flags, ret_host, &error);
	pri_deadline_set(ctx, 0);
	return pri_move_error(ctx->errmsg, r, &error);
}

static int read_facts(struct pr_host *host, struct pri_host_facts *facts, char **error)
{
	struct pri_target target = {.host = host};
	struct pri_call call;
	int r = pri_call_begin(&call, &target, 0, pri_deadline(host->ctx));

	if (r == 0)
		r = call.backend->facts(&call, facts);
	if (r < 0)
		return pri_call_failed(&call, r, "facts of the host", error);
	free(call.error);
	return 0;
}

int pr_host_info(struct pr_host *host, struct pr_host_info *info, uint32_t flags)
{
	struct pri_host_facts facts = {.free_bytes = PRALLOC_DEFAULT};
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0 && (!info || info->size < PRI_SIZE_UP_TO(struct pr_host_info, cgroup_version)))
		r = pri_set_error(&error, -EINVAL,
				  "info is NULL or info->size is not sizeof(struct pr_host_info)");
	if (r == 0)
		r = read_facts(host, &facts, &error);
	if (r == 0)
		pri_fill(info,
			 &(struct pr_host_info){
				 .cpus = facts.cpus,
				 .memory_bytes = facts.memory_bytes,
				 .free_bytes = facts.free_bytes,
				 .committed_bytes = facts.committed_bytes,
				 .domains = facts.domains,
				 .running = facts.running,
				 .uri = host->uri,
				 .backend = host->backends[0].backend->name,
				 .cgroup_version = facts.cgroup_version,
			 },
			 sizeof(*info));
	return pri_host_result(host, r, &error);
}

/* The domain after the one that the walk is at; 1, 0 at the end, or an error. */
static int next_domain(struct pr_host *host, struct pri_walk *walk, size_t index,
		       struct pr_domain **ret_dom, char **error)
{
	for (; index < walk->count; index++) {
		int r = pri_domain_open(host, walk->uuids[index], ret_dom, error);

		if (r == -ENOENT || r == -ESTALE)
			continue;
		if (r < 0)
			return r;
		(*ret_dom)->walk = pri_walk_ref(walk);
		(*ret_dom)->walk_index = index + 1;
		return 1;
	}
	return 0;
}

int pr_host_next(struct pr_host *host, struct pr_domain **dom, uint32_t flags)
{
	struct pr_domain *next = NULL;
	struct pri_walk *walk = NULL;
	char *error = NULL;
	size_t index = 0;
	int r;

	if (!host)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (!dom) {
		r = pri_set_error(&error, -EINVAL, "dom is NULL");
		return pri_host_result(host, r, &error);
	}
	if (r == 0 && *dom && (!(*dom)->walk || (*dom)->host != host))
		r = pri_set_error(&error, -EINVAL,
				  "dom is not from pr_host_next of this host (start with NULL)");
	if (r == 0 && *dom) {
		walk = pri_walk_ref((*dom)->walk);
		index = (*dom)->walk_index;
	} else if (r == 0) {
		r = pri_walk_new(host, &walk, &error);
	}
	if (r == 0)
		r = next_domain(host, walk, index, &next, &error);
	pri_walk_unref(walk);
	pr_domain_close(*dom);
	*dom = next;
	if (r >= 0)
		free(pri_steal(error));
	return pri_host_result(host, r, &error);
}

int pr_host_instance(struct pr_host *host, const char *attribute, size_t index,
		     const char **ret_instance)
{
	struct pri_target target = {.host = host};
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	r = pri_instance_named(&target, attribute, index, ret_instance, &host->text, &error);
	return pri_host_result(host, r, &error);
}
