/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lock of a domain: whoever changes it, in whatever process, holds it meanwhile. */
#ifndef PRI_DOMAIN_LOCK_H
#define PRI_DOMAIN_LOCK_H

#include "core/core.h"

/* Whether the domains of a host have none: they live in this process. */
static inline bool pri_domain_lock_needless(const struct pr_host *host)
{
	return host->backends[0].backend->private_domains;
}

/* Hold it, if it is free: -EBUSY with the PID of the holder where it is not; 0 where there is
 * none. */
int pri_domain_lock(struct pr_domain *dom, char **error);
/* The same with patience, for one call. */
int pri_domain_lock_wait(struct pr_domain *dom, uint64_t deadline_ns, char **error);
void pri_domain_unlock(struct pr_domain *dom);
/* Forget the file. */
void pri_domain_lock_close(struct pr_domain *dom);
/* Whether it is free, without holding it.  Where locks cannot be made, nobody has one. */
int pri_domain_lock_look(struct pr_domain *dom, char **error);

#endif /* PRI_DOMAIN_LOCK_H */
