/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/tc/subject.h"

#include <errno.h>
#include <string.h>

static int find_host_subject(struct pri_call *call, const struct pri_change *change,
			     struct pri_tc_subject *subject)
{
	int r = pri_tc_link_bridge(call, change->instance, &subject->bridge);

	subject->owner = subject->bridge.ifindex;
	subject->owner_name = subject->bridge.name;
	return r;
}

bool pri_tc_is_on(const struct pri_tc_nic *nic, const char *link)
{
	return nic->link && strcmp(nic->link, link) == 0;
}

static const struct pri_tc_nic *first_on(const struct pri_tc_domain *domain, const char *link)
{
	for (size_t i = 0; i < domain->nic_count; i++)
		if (pri_tc_is_on(&domain->nics[i], link))
			return &domain->nics[i];
	return NULL;
}

int pri_tc_subject(struct pri_call *call, const struct pri_change *change,
		   struct pri_tc_subject *subject)
{
	const struct pri_tc_domain *domain = call->domain;

	*subject = (struct pri_tc_subject){0};
	if (!domain)
		return find_host_subject(call, change, subject);
	subject->nic = change->attr->instance == PRALLOC_INSTANCE_LINK
			       ? first_on(domain, change->instance)
			       : pri_tc_nic_find(domain, change->instance);
	if (!subject->nic)
		return pri_tc_error(call, -ENODEV, "the domain has no NIC %s any more",
				    change->instance);
	if (subject->nic->refused)
		return pri_tc_error(call, -EOPNOTSUPP, "%s", subject->nic->refused);
	subject->owner = subject->nic->owner;
	subject->owner_name = subject->nic->owner_name;
	return 0;
}

void pri_tc_blame(const struct pri_call *call, struct pri_change *change, int code)
{
	pri_tc_core->fail_change(call, change, code, "%s",
				 call->error ? call->error : strerror(-code));
}

int pri_tc_prepare(struct pri_call *call)
{
	return call->domain ? pri_tc_nics(call, call->domain) : 0;
}
