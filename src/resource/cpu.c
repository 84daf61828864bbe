/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU time of a domain. */
#include <errno.h>
#include <stdio.h>

#include "core/request.h"

int pr_cpu_set_shares(struct pr_domain *dom, uint64_t shares, uint32_t flags)
{
	return pri_domain_set(dom, PRI_CPU_SHARES, NULL, shares, flags);
}

static const struct {
	int quota, period;
} scopes[] = {
	[PRALLOC_CPU_DOMAIN] = {PRI_CPU_QUOTA, PRI_CPU_PERIOD},
	[PRALLOC_CPU_VCPU] = {PRI_CPU_VCPU_QUOTA, PRI_CPU_VCPU_PERIOD},
	[PRALLOC_CPU_EMULATOR] = {PRI_CPU_EMULATOR_QUOTA, PRI_CPU_EMULATOR_PERIOD},
	[PRALLOC_CPU_IOTHREAD] = {PRI_CPU_IOTHREAD_QUOTA, PRI_CPU_IOTHREAD_PERIOD},
};

int pr_cpu_set_quota(struct pr_domain *dom, int scope, uint64_t quota_us, uint64_t period_us,
		     uint32_t flags)
{
	struct pri_request requests[2];
	char *error = NULL;

	if (!dom)
		return -EINVAL;
	if (scope < PRALLOC_CPU_DOMAIN || scope > PRALLOC_CPU_IOTHREAD) {
		pri_set_error(&error, -EINVAL,
			      "scope %d is out of range (1 to 4, enum pr_cpu_scope)", scope);
		return pri_domain_result(dom, -EINVAL, &error);
	}
	requests[0] = pri_request_number(scopes[scope].quota, NULL, quota_us);
	requests[1] = pri_request_number(scopes[scope].period, NULL, period_us);
	return pri_domain_set_all(dom, requests, period_us ? 2 : 1, flags);
}

int pr_cpu_set_count(struct pr_domain *dom, uint32_t count, uint32_t flags)
{
	return pri_domain_set(dom, PRI_CPU_COUNT, NULL, count, flags);
}

int pr_cpu_pin(struct pr_domain *dom, uint32_t vcpu, const char *cpus, uint32_t flags)
{
	char instance[16];
	struct pri_request request = {
		.attr = &pri_attrs[PRI_CPU_PIN],
		.instance = instance,
		.is_text = true,
		.text = cpus,
	};

	snprintf(instance, sizeof(instance), "%u", vcpu);
	return pri_domain_set_all(dom, &request, 1, flags);
}
