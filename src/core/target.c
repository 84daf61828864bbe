/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain or a host as a backend gets it: the call, its deadline, its error. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/core.h"

#define OPERATION_MAX 256
#define COARSE_FROM_MS 1000

static uint64_t read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t pri_now_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

/* This clock is behind the other one, never before it. */
bool pri_has_passed(uint64_t deadline_ns)
{
	return read_ns(CLOCK_MONOTONIC_COARSE) >= deadline_ns;
}

/* The precise clock costs a tenth of what a call adds to the write of one file: a deadline that is
 * far away may be a tick early. */
static uint64_t now_ns_for(uint32_t timeout_ms)
{
	return timeout_ms < COARSE_FROM_MS ? pri_now_ns() : read_ns(CLOCK_MONOTONIC_COARSE);
}

uint64_t pri_deadline(struct pr_ctx *ctx)
{
	if (!ctx->deadline_ns)
		ctx->deadline_ns =
			now_ns_for(ctx->timeout_ms) + (uint64_t)ctx->timeout_ms * 1000000u;
	return ctx->deadline_ns;
}

void pri_deadline_set(struct pr_ctx *ctx, uint64_t deadline_ns)
{
	ctx->deadline_ns = deadline_ns;
}

const char *pri_target_name(const struct pri_target *target)
{
	return target->domain ? target->domain->identity.name : "@host";
}

int pri_call_failed(struct pri_call *call, int code, const char *operation, char **error)
{
	const char *text = call->error ? call->error : pri_strerror(code);

	/* A long URI leaves room for the cause. */
	pri_set_error(error, code, "%.*s%s: %s: %s", OPERATION_MAX, operation,
		      strlen(operation) > OPERATION_MAX ? "..." : "", call->backend->name, text);
	free(call->error);
	call->error = NULL;
	return code;
}

static void call_init(struct pri_call *call, const struct pri_target *target, size_t backend,
		      uint64_t deadline_ns)
{
	struct pr_host *host = target->host;

	*call = (struct pri_call){
		.backend = host->backends[backend].backend,
		.host = host->backends[backend].state,
		.domain = target->domain ? target->domain->states[backend] : NULL,
		.target = pri_target_name(target),
		.deadline_ns = deadline_ns,
		.ctx = host->ctx,
		.root = pri_root(host->ctx),
		.read_only = host->read_only,
		.of = target,
		.number = host->ctx->number,
	};
}

/* Backends beside the one that opened the host meet a domain at its first use there. */
static int attach_lazily(struct pri_call *call, struct pr_domain *domain, size_t backend)
{
	struct pri_identity identity = domain->identity;
	int r = call->backend->attach(call, domain->identity.uuid, &identity, &call->domain);

	if (r == 0)
		domain->states[backend] = call->domain;
	return r;
}

int pri_target_check(const struct pri_target *target, const struct pri_attr *attr, char **error)
{
	bool of_host = attr->target == PRALLOC_TARGET_HOST;

	if (of_host && target->domain)
		return pri_set_error(error, -EINVAL, "%s belongs to the host, not to a domain (%s)",
				     attr->name, pri_target_name(target));
	if (!of_host && !target->domain)
		return pri_set_error(error, -EINVAL, "%s belongs to a domain, not to the host",
				     attr->name);
	return 0;
}

int pri_call_begin(struct pri_call *call, const struct pri_target *target, size_t backend,
		   uint64_t deadline_ns)
{
	call_init(call, target, backend, deadline_ns);
	if (target->domain && !call->domain)
		return attach_lazily(call, target->domain, backend);
	return 0;
}
