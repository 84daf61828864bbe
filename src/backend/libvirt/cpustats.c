/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU time that a domain used, and that its vCPUs waited for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 16
#define NS_PER_US 1000

static void hold_all(const struct pri_lv_op *op, uint64_t ns)
{
	for (size_t i = 0; i < op->n; i++)
		op->changes[i]->held.number = ns / NS_PER_US;
}

/* From the domain's group; without one (session daemon) from the process, in ticks of 10 ms. */
static int time_read(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	unsigned long long ns = 0;
	virDomainInfo info;
	int n, found;

	n = PRI_LV(op->host, virDomainGetCPUStats, op->ptr, params, PARAMS_MAX, -1, 1, 0);
	found = n > 0 ? virTypedParamsGetULLong(params, n, VIR_DOMAIN_CPU_STATS_CPUTIME, &ns) : 0;
	if (n > 0)
		virTypedParamsClear(params, n);
	if (found == 1) {
		hold_all(op, ns);
		return 0;
	}
	if (PRI_LV(op->host, virDomainGetInfo, op->ptr, &info) < 0)
		return -1;
	if (info.state == VIR_DOMAIN_SHUTOFF)
		return pri_lv_fail(&op->fault, -ENOTCONN, "the domain does not run"), -1;
	hold_all(op, info.cpuTime);
	return 0;
}

/* The delay of a vCPU is the time its thread was runnable and did not run. */
static int sum_delays(const virDomainStatsRecord *record, uint64_t *ret_ns)
{
	char field[VIR_TYPED_PARAM_FIELD_LENGTH];
	unsigned int vcpus = 0;
	int found = 0;

	*ret_ns = 0;
	virTypedParamsGetUInt(record->params, record->nparams, "vcpu.maximum", &vcpus);
	for (unsigned int i = 0; i < vcpus; i++) {
		unsigned long long delay;

		snprintf(field, sizeof(field), "vcpu.%u.delay", i);
		if (virTypedParamsGetULLong(record->params, record->nparams, field, &delay) != 1)
			continue;
		*ret_ns += delay;
		found++;
	}
	return found;
}

static int steal_read(struct pri_lv_op *op)
{
	virDomainPtr domains[] = {op->ptr, NULL};
	virDomainStatsRecordPtr *records = NULL;
	uint64_t ns = 0;
	int found, n;

	n = PRI_LV(op->host, virDomainListGetStats, domains, VIR_DOMAIN_STATS_VCPU, &records, 0);
	if (n < 0)
		return -1;
	found = n == 1 ? sum_delays(records[0], &ns) : 0;
	virDomainStatsRecordListFree(records);
	if (found > 0) {
		hold_all(op, ns);
		return 0;
	}
	if (PRI_LV(op->host, virDomainIsActive, op->ptr) == 0)
		pri_lv_fail(&op->fault, -ENOTCONN, "the domain does not run");
	else
		pri_lv_fail(&op->fault, -ENODATA,
			    "libvirt reports no delay of the vCPUs (the host's kernel needs "
			    "scheduler statistics)");
	return -1;
}

const struct pri_lv_family pri_lv_cpu_time = {.read = time_read};
const struct pri_lv_family pri_lv_cpu_steal = {.read = steal_read};
