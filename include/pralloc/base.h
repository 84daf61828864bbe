/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all headers share: handles, special values, common flags, and the rules of every call.
 *
 * Errors.  A call returns 0 (some return a count) or one of these negative errno values:
 *
 *   -EINVAL      malformed: unknown attribute, unit, flag, or a NULL that must not be
 *   -ERANGE      the value is outside the range, or no neighbour on the backend's scale is near
 *   -ENOENT      no such domain, host or file
 *   -ENODEV      no such instance (disk, interface, vCPU, …) in the domain
 *   -EOPNOTSUPP  no backend of this host serves that, or not in this mode (live, persistent)
 *   -ENOTCONN    the domain does not run, its driver is not alive, or the connection is lost
 *   -ESTALE      the name now belongs to another domain (another UUID)
 *   -EACCES      not permitted
 *   -EBUSY       locked, migrating, foreign, or a former call still hangs in the hypervisor
 *   -EAGAIN      changed by somebody else since it was checked
 *   -ENOSPC      over-committed: the guest or the host cannot spare that much
 *   -ENODATA     not known (no statistics, or too old)
 *   -EREMOTEIO   accepted, but it reads back differently
 *   -ETIMEDOUT   the deadline passed
 *   -ECANCELED   cancelled
 *   -ENOMEM      out of memory
 *   -EIO         anything else; the cause is in the text
 *
 * The text of the last error stands on the innermost handle that took part (pr_domain_errmsg,
 * pr_host_errmsg, pr_plan_errmsg, pr_ctx_errmsg).  It is never NULL, is empty after a call that
 * succeeded, and is valid until the next call on that handle.
 *
 * Out-parameters named ret_ are written only on success.  Children hold their parents, so the
 * order of closing does not matter.  Closing changes no setting.
 *
 * Threads.  A context and all that was opened from it is used by one thread at a time; different
 * contexts are independent.  Handles are not usable after fork.
 */
#ifndef PRALLOC_BASE_H
#define PRALLOC_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define PRALLOC_BEGIN extern "C" {
#define PRALLOC_END }
#else
#define PRALLOC_BEGIN
#define PRALLOC_END
#endif

#define PRALLOC_API __attribute__((visibility("default")))

/** No limit.  Not a weight: a weight is never unlimited (-ERANGE). */
#define PRALLOC_UNLIMITED UINT64_MAX
/** Not set: the kernel's or hypervisor's default holds.  Can be read and set. */
#define PRALLOC_DEFAULT (UINT64_MAX - 1)

/*
 * Flags that several calls take (bits 0 to 15).  A flag that a call does not know is -EINVAL.
 */

/** Act on the running domain.  This is what 0 means too. */
#define PRALLOC_LIVE (UINT32_C(1) << 0)
/** Act on the persistent configuration.  With PRALLOC_LIVE: both, or neither. */
#define PRALLOC_CONFIG (UINT32_C(1) << 1)
/** Do not read the value back after the write. */
#define PRALLOC_NO_VERIFY (UINT32_C(1) << 2)
/** Set a weight although it cannot act now (it is -EOPNOTSUPP without). */
#define PRALLOC_ALLOW_INEFFECTIVE (UINT32_C(1) << 3)
/** Take more than the guest can spare, or set a hard limit near its present use. */
#define PRALLOC_ALLOW_HARM (UINT32_C(1) << 4)
/** Raise what groups above grant to the sum of what those below them are protected by, where it
 * would void the value that is set (mem.soft_limit and mem.guarantee on cgroup v2).  A reset takes
 * it back. */
#define PRALLOC_ANCESTORS (UINT32_C(1) << 5)
/** Enable the cgroup v2 controller that the attribute needs, from the root down.  A reset takes it
 * back. */
#define PRALLOC_ENABLE (UINT32_C(1) << 6)
/** Take over what somebody else has made (queueing disciplines of an interface), which is -EBUSY
 * without.  It is recorded, and a reset puts it back. */
#define PRALLOC_REPLACE (UINT32_C(1) << 7)

/** The library environment (pr_ctx_new). */
struct pr_ctx;
/** One machine (pr_host_open). */
struct pr_host;
/** One virtual machine or workload (pr_domain_open). */
struct pr_domain;
/** A list of changes applied as one (pr_plan_new). */
struct pr_plan;

#endif /* PRALLOC_BASE_H */
