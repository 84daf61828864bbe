/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One domain: open, identity, state, instances. */
#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/domain_lock.h"
#include "core/reading.h"
#include "core/walk.h"

struct pr_domain *pri_domain_ref(struct pr_domain *dom)
{
	dom->references++;
	return dom;
}

static void detach_all(struct pr_domain *dom)
{
	struct pr_host *host = dom->host;

	for (size_t i = 0; i < host->backend_count; i++)
		if (dom->states[i])
			host->backends[i].backend->detach(host->backends[i].state, dom->states[i]);
}

void pr_domain_close(struct pr_domain *dom)
{
	if (!dom || --dom->references > 0)
		return;
	pri_readings_clear(dom);
	detach_all(dom);
	pri_domain_lock_close(dom);
	pri_walk_unref(dom->walk);
	pr_host_close(dom->host);
	free(dom->text);
	free(dom);
}

int pri_domain_result(struct pr_domain *dom, int code, char **error)
{
	pri_deadline_set(dom->host->ctx, 0);
	return pri_move_error(dom->errmsg, code, error);
}

const char *pr_domain_errmsg(const struct pr_domain *dom)
{
	return dom ? dom->errmsg : "no domain";
}

const char *pr_domain_name(const struct pr_domain *dom)
{
	return dom ? dom->identity.name : NULL;
}

const char *pr_domain_uuid(const struct pr_domain *dom)
{
	return dom ? dom->identity.uuid : NULL;
}

int pri_domain_open(struct pr_host *host, const char *name, struct pr_domain **ret_dom,
		    char **error)
{
	struct pri_target target = {.host = host};
	struct pr_domain *dom = calloc(1, sizeof(*dom));
	struct pri_call call;
	int r;

	if (!dom)
		return -ENOMEM;
	dom->references = 1;
	dom->lock_fd = -1;
	r = pri_call_begin(&call, &target, 0, pri_deadline(host->ctx));
	if (r == 0)
		r = call.backend->attach(&call, name, &dom->identity, &dom->states[0]);
	if (r < 0) {
		free(dom);
		return pri_call_failed(&call, r, name, error);
	}
	free(call.error);
	dom->host = pri_host_ref(host);
	*ret_dom = dom;
	return 0;
}

int pr_domain_open(struct pr_host *host, const char *name, uint32_t flags,
		   struct pr_domain **ret_dom)
{
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0 && (!name || !ret_dom))
		r = pri_set_error(&error, -EINVAL, "name or ret_dom is NULL");
	if (r == 0 && !*name)
		r = pri_set_error(&error, -EINVAL, "the name of the domain is empty");
	if (r == 0 && strlen(name) >= PRI_NAME_MAX)
		r = pri_set_error(&error, -EINVAL,
				  "a name of %zu characters is too long (at most %d)", strlen(name),
				  PRI_NAME_MAX - 1);
	if (r == 0)
		r = pri_domain_open(host, name, ret_dom, &error);
	return pri_host_result(host, r, &error);
}

int pri_domain_identity(struct pr_domain *dom, uint64_t deadline_ns, struct pri_identity *identity,
			char **error)
{
	struct pri_target target = {dom->host, dom};
	struct pri_call call;
	int r = pri_call_begin(&call, &target, 0, deadline_ns);

	if (r == 0)
		r = call.backend->state(&call, identity);
	if (r < 0)
		return pri_call_failed(&call, r, dom->identity.name, error);
	free(call.error);
	return 0;
}

int pr_domain_state(struct pr_domain *dom, int *ret_state, uint32_t flags)
{
	struct pri_identity identity = {0};
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0 && !ret_state)
		r = pri_set_error(&error, -EINVAL, "ret_state is NULL");
	if (r == 0)
		r = pri_domain_identity(dom, pri_deadline(dom->host->ctx), &identity, &error);
	if (r == 0)
		*ret_state = identity.state;
	return pri_domain_result(dom, r, &error);
}

int pr_domain_instance(struct pr_domain *dom, const char *attribute, size_t index,
		       const char **ret_instance)
{
	struct pri_target target;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	target = (struct pri_target){dom->host, dom};
	r = pri_instance_named(&target, attribute, index, ret_instance, &dom->text, &error);
	return pri_domain_result(dom, r, &error);
}
