/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPU time of a domain.  Each call is one change as pr_set_u64 makes it: same flags, same checks,
 * same errors; see there and in pralloc-cpu(3).
 */
#ifndef PRALLOC_CPU_H
#define PRALLOC_CPU_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/** What a quota limits. */
enum pr_cpu_scope {
	PRALLOC_CPU_DOMAIN = 1,	  /**< the domain as a whole (cpu.quota, cpu.period) */
	PRALLOC_CPU_VCPU = 2,	  /**< each vCPU (cpu.vcpu_quota, cpu.vcpu_period) */
	PRALLOC_CPU_EMULATOR = 3, /**< the emulator's own threads (cpu.emulator_*) */
	PRALLOC_CPU_IOTHREAD = 4, /**< each I/O thread (cpu.iothread_*) */
};

/**
 * pr_cpu_set_shares - weight of the domain when the CPUs are contended (cpu.shares)
 *
 * @shares: 2 to 262144, default 1024.  Twice the shares of a sibling is twice its CPU time, on
 * cgroup v1, on v2 (weight = shares × 100 / 1024) and through libvirt alike.  Since: 0.1.
 */
PRALLOC_API int pr_cpu_set_shares(struct pr_domain *dom, uint64_t shares, uint32_t flags);

/**
 * pr_cpu_set_quota - CPU time per period (cpu.quota and cpu.period, or those of a scope)
 *
 * @scope: enum pr_cpu_scope.  @quota_us: 1000 to 17592186044414, or PRALLOC_UNLIMITED.
 * @period_us: 1000 to 1000000, or 0 to keep the present one.
 * Both are set as one: when one fails the other is taken back.  Since: 0.1.
 */
PRALLOC_API int pr_cpu_set_quota(struct pr_domain *dom, int scope, uint64_t quota_us,
				 uint64_t period_us, uint32_t flags);

/** pr_cpu_set_count - number of vCPUs (cpu.count), from 1 to cpu.maximum.  Since: 0.1. */
PRALLOC_API int pr_cpu_set_count(struct pr_domain *dom, uint32_t count, uint32_t flags);

/**
 * pr_cpu_pin - CPUs that a vCPU may run on (cpu.pin)
 *
 * @vcpu: its number.  @cpus: a list as "0,2-3"; a CPU that the host does not have is -ERANGE;
 * "default": all.  Since: 0.1.
 */
PRALLOC_API int pr_cpu_pin(struct pr_domain *dom, uint32_t vcpu, const char *cpus, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_CPU_H */
