/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One machine: open it, list its domains, see what it can do, set what belongs to it. */
#ifndef PRALLOC_HOST_H
#define PRALLOC_HOST_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/** Open without the right to change anything; every change is -EACCES. */
#define PRALLOC_READ_ONLY (UINT32_C(1) << 16)

/** What pr_host_info tells.  Set size = sizeof(struct pr_host_info) before the call. */
struct pr_host_info {
	uint32_t size;
	uint32_t cpus;		  /**< CPUs online */
	uint64_t memory_bytes;	  /**< memory of the machine */
	uint64_t free_bytes;	  /**< memory free now, or PRALLOC_DEFAULT when not known */
	uint64_t committed_bytes; /**< sum of what the running domains have been given */
	uint32_t domains;	  /**< domains known to the host */
	uint32_t running;	  /**< of these, running */
	const char *uri;	  /**< as given to pr_host_open */
	const char *backend;	  /**< the backend that opened it */
	int cgroup_version;	  /**< 1 or 2; 0 when not known (pr_host_set_cgroup_version) */
};

/**
 * pr_host_open - open a machine
 *
 * @uri: any libvirt URI (qemu:///system, qemu+tls://node7/system, test:///default); cgroup: or
 * cgroup:///GROUP for the control groups of this machine, or those below GROUP; fake: or
 * fake:///N for N domains vm1 to vmN that live in this process (see <pralloc/fake.h>).
 * @flags: 0 or PRALLOC_READ_ONLY.
 * @ret_host: give it back with pr_host_close.
 *
 * Blocks until connected, at most the context's time limit.  On error nothing is left behind and
 * the text is pr_ctx_errmsg(ctx).  Errors: -EINVAL (URI), -ENOENT, -ENOTCONN, -EACCES,
 * -EOPNOTSUPP (no backend for this URI, or its module is not installed), -ETIMEDOUT, -ENOMEM,
 * -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_host_open(struct pr_ctx *ctx, const char *uri, uint32_t flags,
			     struct pr_host **ret_host);

/** pr_host_close - give the host back; domains opened from it keep working.  NULL is allowed.
 * Does not wait for a call that hangs in the hypervisor.  Since: 0.1. */
PRALLOC_API void pr_host_close(struct pr_host *host);

/** pr_host_errmsg - text of the last error of a call on @host.  Since: 0.1. */
PRALLOC_API const char *pr_host_errmsg(const struct pr_host *host);

/**
 * pr_host_next - walk over all domains of the host, running or not
 *
 *     struct pr_domain *dom = NULL;
 *     while ((r = pr_host_next(host, &dom, 0)) > 0)
 *             puts(pr_domain_name(dom));
 *
 * @dom: NULL starts a walk over the domains there are now; each call closes the domain that it
 * got and stores the next one.  To stop early, close the domain.  A domain that vanished since
 * the start is left out.
 * Returns 1 with a domain, 0 at the end (@dom is NULL then), or an error (@dom is NULL then).
 * Errors: -EINVAL, -ENOTCONN, -EBUSY, -ETIMEDOUT, -ENOMEM, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_host_next(struct pr_host *host, struct pr_domain **dom, uint32_t flags);

/**
 * pr_host_info - size, use and kind of the machine
 *
 * @info: info->size set by the caller; strings in it live as long as @host.
 * Errors: -EINVAL, -ENOTCONN, -EBUSY, -ETIMEDOUT, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_host_info(struct pr_host *host, struct pr_host_info *info, uint32_t flags);

/**
 * pr_host_instance - the instances of an attribute of the host, one by one: the links of net.link.out
 *
 * @index: 0, 1, 2, … until the call returns -ENODEV.
 * @ret_instance: the canonical name, valid until the next call on @host.
 * Errors: -EINVAL (attribute without instances, or of domains), -ENODEV (no more), -EOPNOTSUPP,
 * -ENOTCONN, -EBUSY, -ETIMEDOUT, -ENOMEM, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_host_instance(struct pr_host *host, const char *attribute, size_t index,
				 const char **ret_instance);

/**
 * pr_host_route - which backend of this host serves an attribute, or why none does
 *
 * @attribute: its name without an instance.
 * @ret_backend: name of the backend, or NULL when none serves it; static.
 * @ret_reason: NULL, or in one line why none serves it, or why it is only read or only persistent
 * here; static.  May be NULL.
 * Does not block.  Errors: -EINVAL (no such attribute).  Since: 0.1.
 */
PRALLOC_API int pr_host_route(struct pr_host *host, const char *attribute, const char **ret_backend,
			      const char **ret_reason);

/**
 * pr_host_set_route - choose the backend that serves an attribute on this host
 *
 * @backend: a backend's name as in pr_host_route, or NULL for the library's own choice.
 * Errors: -EINVAL (no such attribute or backend), -EOPNOTSUPP (that backend does not serve it
 * here).  Since: 0.1.
 */
PRALLOC_API int pr_host_set_route(struct pr_host *host, const char *attribute, const char *backend,
				  uint32_t flags);

/**
 * pr_host_set_cgroup_version - say which cgroup version a remote host uses
 *
 * Where the library cannot find it out (another machine), attributes whose scale depends on it
 * are -EOPNOTSUPP until this call.  @version: 1 or 2.
 * Errors: -EINVAL; -EBUSY when the library knows the opposite.  Since: 0.1.
 */
PRALLOC_API int pr_host_set_cgroup_version(struct pr_host *host, int version, uint32_t flags);

/**
 * pr_host_set_u64, pr_host_set_str, pr_host_get_u64, pr_host_get_str - the host's own attributes
 *
 * As pr_set_u64 and its kin in <pralloc/domain.h>, for attributes that belong to the host
 * (net.link.out, ksm.run, mem.free, …).  The text is pr_host_errmsg.  Since: 0.1.
 */
PRALLOC_API int pr_host_set_u64(struct pr_host *host, const char *attribute, const char *instance,
				uint64_t value, uint32_t flags);
PRALLOC_API int pr_host_set_str(struct pr_host *host, const char *attribute, const char *instance,
				const char *value, uint32_t flags);
PRALLOC_API int pr_host_get_u64(struct pr_host *host, const char *attribute, const char *instance,
				uint64_t *ret_value, uint32_t flags);
PRALLOC_API int pr_host_get_str(struct pr_host *host, const char *attribute, const char *instance,
				const char **ret_value, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_HOST_H */
