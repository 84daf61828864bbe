/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the lock of a domain may be held, told without a system call. */
#ifndef PRI_HELD_H
#define PRI_HELD_H

#include "core/core.h"

/* False: nobody holds it.  True: somebody may; the lock itself knows. */
bool pri_held_maybe(struct pr_domain *dom);
/* The lock was taken; it is let go. */
void pri_held_begin(struct pr_domain *dom);
void pri_held_end(struct pr_domain *dom);
void pri_held_close(struct pr_ctx *ctx);

#endif /* PRI_HELD_H */
