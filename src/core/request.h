/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the typed calls share: they are nothing but changes. */
#ifndef PRI_REQUEST_H
#define PRI_REQUEST_H

#include "core/core.h"

/* One number on a domain. */
int pri_domain_set(struct pr_domain *dom, int attr, const char *instance, uint64_t value,
		   uint32_t flags);
/* Several requests on a domain or a host, all or nothing. */
int pri_domain_set_all(struct pr_domain *dom, const struct pri_request *requests, size_t n,
		       uint32_t flags);
int pri_host_set_all(struct pr_host *host, const struct pri_request *requests, size_t n,
		     uint32_t flags);

static inline struct pri_request pri_request_number(int attr, const char *instance, uint64_t value)
{
	return (struct pri_request){
		.attr = &pri_attrs[attr], .instance = instance, .number = value};
}

#endif /* PRI_REQUEST_H */
