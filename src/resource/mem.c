/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of a domain. */
#include <errno.h>

#include "core/request.h"

int pr_mem_balloon(struct pr_domain *dom, uint64_t bytes, uint32_t flags)
{
	return pri_domain_set(dom, PRI_MEM_BALLOON, NULL, bytes, flags);
}

int pr_mem_set_soft_limit(struct pr_domain *dom, uint64_t bytes, uint32_t flags)
{
	return pri_domain_set(dom, PRI_MEM_SOFT_LIMIT, NULL, bytes, flags);
}

int pr_mem_set_hard_limit(struct pr_domain *dom, uint64_t bytes, uint32_t flags)
{
	return pri_domain_set(dom, PRI_MEM_HARD_LIMIT, NULL, bytes, flags);
}

int pr_mem_set_guarantee(struct pr_domain *dom, uint64_t bytes, uint32_t flags)
{
	return pri_domain_set(dom, PRI_MEM_GUARANTEE, NULL, bytes, flags);
}

int pr_mem_set_throttle(struct pr_domain *dom, uint64_t bytes, uint32_t flags)
{
	return pri_domain_set(dom, PRI_MEM_THROTTLE, NULL, bytes, flags);
}

int pr_mem_set_swap_limit(struct pr_domain *dom, uint64_t bytes, uint32_t flags)
{
	return pri_domain_set(dom, PRI_MEM_SWAP_LIMIT, NULL, bytes, flags);
}

/* The item of a balloon target, ready to be waited for or checked. */
static int balloon_item(struct pri_item *item, struct pr_domain *dom, uint64_t bytes, char **error)
{
	struct pri_target target = {dom->host, dom};
	struct pri_request request = pri_request_number(PRI_MEM_BALLOON, NULL, bytes);
	int r = pri_item_init(item, &target, &request, PRALLOC_LIVE, error);

	if (r == 0 && (bytes == PRALLOC_DEFAULT || bytes == PRALLOC_UNLIMITED))
		r = pri_set_error(error, -EINVAL, "a balloon target is a number of bytes");
	if (r == 0 && !item->route->serve)
		r = pri_item_fail(item, -EOPNOTSUPP, "%s", item->route->reason);
	return r;
}

static int finish(struct pri_item *item, struct pr_domain *dom, int code, char **error)
{
	if (item->change.text) {
		free(*error);
		*error = pri_steal(item->change.text);
	}
	pri_item_clear(item);
	return pri_domain_result(dom, code, error);
}

int pr_mem_balloon_wait(struct pr_domain *dom, uint64_t bytes, uint32_t timeout_ms,
			uint64_t *ret_actual, uint32_t flags)
{
	uint64_t deadline_ns = pri_now_ns() + (uint64_t)timeout_ms * 1000000u;
	struct pri_item item = {0};
	struct pri_item *list = &item;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0 && timeout_ms == 0)
		r = pri_set_error(&error, -EINVAL, "a time limit of 0 ms is not allowed");
	if (r == 0)
		r = balloon_item(&item, dom, bytes, &error);
	/* What the guest was told is the nearest step, and there it arrives. */
	if (r == 0)
		r = pri_item_to_grain(&item);
	if (r == 0) {
		r = pri_batch_wait(&list, 1, deadline_ns);
		if (ret_actual && (r == 0 || (r == -ETIMEDOUT && item.change.held.number > 0)))
			*ret_actual = item.change.held.number;
	}
	return finish(&item, dom, r, &error);
}

int pr_mem_balloon_ready(struct pr_domain *dom, uint32_t flags)
{
	struct pri_item item = {0};
	struct pri_item *list = &item;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0)
		r = balloon_item(&item, dom, 1, &error);
	if (r == 0 && (item.route->serve->modes & PRI_SERVE_PRECHECK))
		r = pri_batch_check(&list, 1, pri_deadline(dom->host->ctx));
	return finish(&item, dom, r, &error);
}
