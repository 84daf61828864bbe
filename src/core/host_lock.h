/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks of what belongs to a host: its own settings, and what domains share on a link.
 *
 * Each is held by one process at a time, as the lock of a domain is: a plan holds it from its look
 * to its end, what it takes back included, a call as long as it writes.  There is one for each
 * family of settings (same-page merging, network) and instance (a link).  The guarantees of all
 * domains on a link are changed under the link's, too: what one plan has given, no other may take
 * before the first one has ended, or it could not be taken back.
 */
#ifndef PRI_HOST_LOCK_H
#define PRI_HOST_LOCK_H

#include "core/core.h"
#include "core/domain_lock.h"

/* Those that a plan or a call holds; begin with {0}. */
struct pri_host_locks {
	struct pri_host_lock *list;
	size_t count, size;
};

/* Whether the item is changed under such a lock. */
static inline bool pri_host_lock_concerns(const struct pri_item *item)
{
	return (!item->target.domain || item->change.attr->shares_link) &&
	       item->change.mode == PRALLOC_LIVE && !pri_domain_lock_needless(item->target.host);
}

/* Hold the lock of an item that has one, if it is free; one that is held already stays.
 * -EBUSY with the PID of who holds it, -EACCES where locks cannot be made, -EIO, -ENOMEM.  The
 * item's instance has to live as long as the locks. */
int pri_host_lock(struct pri_host_locks *locks, const struct pri_item *item, char **error);
/* The same with patience. */
int pri_host_lock_wait(struct pri_host_locks *locks, const struct pri_item *item,
		       uint64_t deadline_ns, char **error);
/* Those of all items that have one, with patience; after an error they are still to be let go. */
int pri_host_lock_all(struct pri_host_locks *locks, struct pri_item **items, size_t n,
		      uint64_t deadline_ns, char **error);
/* Whether it is free, without holding it: asked once for each lock. */
int pri_host_lock_look(struct pri_host_locks *locks, const struct pri_item *item, char **error);
/* Let all of them go. */
void pri_host_unlock(struct pri_host_locks *locks);

#endif /* PRI_HOST_LOCK_H */
