/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/request.h"

#include <errno.h>

int pri_domain_set_all(struct pr_domain *dom, const struct pri_request *requests, size_t n,
		       uint32_t flags)
{
	struct pri_target target;
	char *error = NULL;

	if (!dom)
		return -EINVAL;
	target = (struct pri_target){dom->host, dom};
	return pri_domain_result(dom, pri_set(&target, requests, n, flags, &error), &error);
}

int pri_domain_set(struct pr_domain *dom, int attr, const char *instance, uint64_t value,
		   uint32_t flags)
{
	struct pri_request request = pri_request_number(attr, instance, value);

	return pri_domain_set_all(dom, &request, 1, flags);
}

int pri_host_set_all(struct pr_host *host, const struct pri_request *requests, size_t n,
		     uint32_t flags)
{
	struct pri_target target = {.host = host};
	char *error = NULL;

	if (!host)
		return -EINVAL;
	return pri_host_result(host, pri_set(&target, requests, n, flags, &error), &error);
}
