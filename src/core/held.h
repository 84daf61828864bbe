/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the lock of a domain may be held, told without a system call. */
#ifndef PRI_HELD_H
#define PRI_HELD_H

#include "core/core.h"

/* The lock was taken: who wrote without it has finished then.  It is let go. */
void pri_held_begin(struct pr_domain *dom);
void pri_held_end(struct pr_domain *dom);
/* Before a single write without the lock, and after it.  False: somebody may hold the lock, which
 * itself knows, and there is nothing to end. */
bool pri_held_single_begin(struct pr_domain *dom);
void pri_held_single_end(struct pr_domain *dom);
void pri_held_close(struct pr_ctx *ctx);

#endif /* PRI_HELD_H */
