/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library environment: log callback, time limit of calls, text of early errors. */
#ifndef PRALLOC_CTX_H
#define PRALLOC_CTX_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/** Log levels, as the callback of pr_ctx_set_log gets them. */
enum pr_log_level {
	PRALLOC_LOG_ERROR = 1,
	PRALLOC_LOG_WARNING = 2,
	PRALLOC_LOG_INFO = 3,
	PRALLOC_LOG_DEBUG = 4,
};

/** Time limit of a call that takes none of its own, until pr_ctx_set_timeout: 30 s. */
#define PRALLOC_TIMEOUT_DEFAULT_MS 30000u

/**
 * pr_log_fn - receives one log line
 *
 * Called from within a library call, in the caller's thread.  It must not call the library.
 * @level: one of enum pr_log_level; @text: one line without line end, valid during the call.
 */
typedef void (*pr_log_fn)(void *data, int level, const char *text);

/**
 * pr_ctx_new - make a library environment
 *
 * @ret_ctx: the new context, one reference held by the caller; give it back with pr_ctx_unref.
 * Does not block.  Errors: -EINVAL, -ENOMEM.  Since: 0.1.
 */
PRALLOC_API int pr_ctx_new(struct pr_ctx **ret_ctx);

/** pr_ctx_ref - take one more reference; returns @ctx.  NULL is allowed.  Since: 0.1. */
PRALLOC_API struct pr_ctx *pr_ctx_ref(struct pr_ctx *ctx);

/** pr_ctx_unref - give a reference back; returns NULL.  NULL is allowed.  Since: 0.1. */
PRALLOC_API struct pr_ctx *pr_ctx_unref(struct pr_ctx *ctx);

/**
 * pr_ctx_set_log - receive the library's log
 *
 * Without a callback (the initial state, or @log NULL) nothing is logged: the library never
 * prints.  @level: the most talkative level wanted.  @data goes to the callback as it is.
 * Errors: -EINVAL.  Since: 0.1.
 */
PRALLOC_API int pr_ctx_set_log(struct pr_ctx *ctx, pr_log_fn log, int level, void *data);

/**
 * pr_ctx_set_timeout - limit the time of each call on this context and its children
 *
 * @timeout_ms: milliseconds on the monotonic clock for all that one call does, at least 1.
 * Calls with a time argument of their own use that instead.  A call that reaches its limit
 * returns -ETIMEDOUT; what hangs in the hypervisor goes on there, and until it answers,
 * further calls on that host are -EBUSY.  Errors: -EINVAL.  Since: 0.1.
 */
PRALLOC_API int pr_ctx_set_timeout(struct pr_ctx *ctx, uint32_t timeout_ms);

/**
 * pr_ctx_set_root - look at another tree instead of this machine's files
 *
 * @directory: an absolute path that is put before /proc, /sys, /dev and /run wherever the library
 * looks there itself (cgroup files, block devices, its locks); NULL or "/" for the machine's own.
 * It is copied.  Set it before a host is opened.  For tests against trees made by
 * hand, and for a host's file systems that are mounted elsewhere, as in a container.  What is not a
 * file (libvirt, netlink) is not concerned.
 * Errors: -EINVAL, -ENOMEM.  Since: 0.1.
 */
PRALLOC_API int pr_ctx_set_root(struct pr_ctx *ctx, const char *directory);

/**
 * pr_ctx_errmsg - text of the last error of a call for which no other handle existed
 *
 * That is pr_host_open, pr_plan_new, pr_ctx_set_log, pr_ctx_set_timeout, pr_ctx_set_root, and the calls of
 * <pralloc/attr.h> and <pralloc/value.h>.
 * Since: 0.1.
 */
PRALLOC_API const char *pr_ctx_errmsg(const struct pr_ctx *ctx);

PRALLOC_END

#endif /* PRALLOC_CTX_H */
