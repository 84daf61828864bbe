/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains that a walk of pr_host_next goes over, shared by the handles it gives out. */
#ifndef PRI_WALK_H
#define PRI_WALK_H

#include <stddef.h>

#include "backend/backend.h"

struct pr_host;

struct pri_walk {
	unsigned int references;
	size_t count;
	size_t size;
	char (*uuids)[37];
};

/* Visit who the domains of a host are, as they are listed; stops at non-zero, and returns it. */
int pri_walk_over(struct pr_host *host, pri_add_identity visit, void *arg, char **error);
/* All domains. */
int pri_walk_new(struct pr_host *host, struct pri_walk **ret_walk, char **error);
/* Those that run, or are paused. */
int pri_walk_running(struct pr_host *host, struct pri_walk **ret_walk, char **error);
struct pri_walk *pri_walk_ref(struct pri_walk *walk);
void pri_walk_unref(struct pri_walk *walk);

#endif /* PRI_WALK_H */
