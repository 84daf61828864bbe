/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory of a domain.  Each call is one change as pr_set_u64 makes it: same flags, same checks,
 * same errors; see there and in pralloc-memory(3).
 */
#ifndef PRALLOC_MEM_H
#define PRALLOC_MEM_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/**
 * pr_mem_balloon - tell the guest's balloon the size that the domain should have (mem.balloon)
 *
 * @bytes: from 1 up to mem.maximum; the guest gives back or takes the difference.
 * Hands the target over and returns: the guest gives when it can.  Wait for it with
 * pr_mem_balloon_wait.  A guest is not taken below what it can spare unless @flags has
 * PRALLOC_ALLOW_HARM: -ENOSPC with the amount that it can spare; -ENODATA when its statistics
 * are missing or too old to tell.
 * Errors: as pr_set_u64; -EOPNOTSUPP names what stands against a balloon (no device, hugepages,
 * an assigned device, virtio-mem); -ENOTCONN when the guest's driver is not alive.  Since: 0.1.
 */
PRALLOC_API int pr_mem_balloon(struct pr_domain *dom, uint64_t bytes, uint32_t flags);

/**
 * pr_mem_balloon_wait - wait until the guest has reached a balloon target
 *
 * @bytes: the target that was handed over before.
 * @timeout_ms: at most this long, at least 1.
 * @ret_actual: size reached; written on success and, the one exception to the rule, also with
 * -ETIMEDOUT.  May be NULL.
 * The target stays in force when the time is over: set another to cancel it.
 * Errors: -ETIMEDOUT, -EINVAL, -ENOTCONN, -EBUSY, -EOPNOTSUPP, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_mem_balloon_wait(struct pr_domain *dom, uint64_t bytes, uint32_t timeout_ms,
				    uint64_t *ret_actual, uint32_t flags);

/**
 * pr_mem_balloon_ready - whether the balloon can be used now
 *
 * Returns 0 when the domain has a balloon and the guest's driver answers; -EOPNOTSUPP naming
 * what stands against it; -ENOTCONN when the domain or the driver is not running.  Since: 0.1.
 */
PRALLOC_API int pr_mem_balloon_ready(struct pr_domain *dom, uint32_t flags);

/** pr_mem_set_soft_limit - memory kept for the domain when the host is short (mem.soft_limit).
 * @bytes: a protection, never a throttle.  Since: 0.1. */
PRALLOC_API int pr_mem_set_soft_limit(struct pr_domain *dom, uint64_t bytes, uint32_t flags);

/** pr_mem_set_hard_limit - most memory of the whole QEMU process (mem.hard_limit).  Within 5 % of
 * present use it needs PRALLOC_ALLOW_HARM (else -ENOSPC): the kernel may kill it.  Since: 0.1. */
PRALLOC_API int pr_mem_set_hard_limit(struct pr_domain *dom, uint64_t bytes, uint32_t flags);

/** pr_mem_set_guarantee - memory that is never reclaimed (mem.guarantee, cgroup v2).  Since: 0.1. */
PRALLOC_API int pr_mem_set_guarantee(struct pr_domain *dom, uint64_t bytes, uint32_t flags);

/** pr_mem_set_throttle - above this size the domain is slowed down and reclaimed (mem.throttle,
 * cgroup v2).  Since: 0.1. */
PRALLOC_API int pr_mem_set_throttle(struct pr_domain *dom, uint64_t bytes, uint32_t flags);

/** pr_mem_set_swap_limit - most swap, swap alone on every kernel (mem.swap_limit).  Since: 0.1. */
PRALLOC_API int pr_mem_set_swap_limit(struct pr_domain *dom, uint64_t bytes, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_MEM_H */
