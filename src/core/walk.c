/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/walk.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"

#define WALK_SIZE_FIRST 16

static int add(void *arg, const struct pri_identity *identity)
{
	struct pri_walk *walk = arg;

	if (walk->count == walk->size) {
		size_t size = walk->size ? 2 * walk->size : WALK_SIZE_FIRST;
		void *more = realloc(walk->uuids, size * sizeof(*walk->uuids));

		if (!more)
			return -ENOMEM;
		walk->uuids = more;
		walk->size = size;
	}
	memcpy(walk->uuids[walk->count++], identity->uuid, sizeof(*walk->uuids));
	return 0;
}

static int add_running(void *arg, const struct pri_identity *identity)
{
	return identity->state == PRALLOC_DOMAIN_OFF ? 0 : add(arg, identity);
}

int pri_walk_over(struct pr_host *host, pri_add_identity visit, void *arg, char **error)
{
	struct pri_target target = {.host = host};
	struct pri_call call;
	int r = pri_call_begin(&call, &target, 0, pri_deadline(host->ctx));

	if (r == 0)
		r = call.backend->list(&call, visit, arg);
	if (r < 0)
		return pri_call_failed(&call, r, "list of domains", error);
	free(call.error);
	return 0;
}

static int walk_new(struct pr_host *host, pri_add_identity add_to, struct pri_walk **ret_walk,
		    char **error)
{
	struct pri_walk *walk = calloc(1, sizeof(*walk));
	int r;

	if (!walk)
		return -ENOMEM;
	walk->references = 1;
	r = pri_walk_over(host, add_to, walk, error);
	if (r < 0)
		pri_walk_unref(walk);
	else
		*ret_walk = walk;
	return r;
}

int pri_walk_new(struct pr_host *host, struct pri_walk **ret_walk, char **error)
{
	return walk_new(host, add, ret_walk, error);
}

int pri_walk_running(struct pr_host *host, struct pri_walk **ret_walk, char **error)
{
	return walk_new(host, add_running, ret_walk, error);
}

struct pri_walk *pri_walk_ref(struct pri_walk *walk)
{
	walk->references++;
	return walk;
}

void pri_walk_unref(struct pri_walk *walk)
{
	if (!walk || --walk->references > 0)
		return;
	free(walk->uuids);
	free(walk);
}
