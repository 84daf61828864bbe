/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs of libvirt during which the settings of a domain cannot be changed, or would be lost. */
#include "backend/libvirt/libvirt.h"

/* A backup or a block job lets everything be changed meanwhile. */
static const struct {
	int operation; /* virDomainJobOperation */
	const char *text;
} jobs[] = {
	{VIR_DOMAIN_JOB_OPERATION_START, "it is being started"},
	{VIR_DOMAIN_JOB_OPERATION_SAVE, "it is being saved to a file"},
	{VIR_DOMAIN_JOB_OPERATION_RESTORE, "it is being restored from a file"},
	{VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN, "it is being migrated to this host"},
	{VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT, "it is being migrated to another host"},
	{VIR_DOMAIN_JOB_OPERATION_SNAPSHOT, "a snapshot of it is being made"},
	{VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT, "it is being reverted to a snapshot"},
	{VIR_DOMAIN_JOB_OPERATION_DUMP, "its memory is being dumped"},
};

/* Where a domain comes in, no job is told of; and none of one that stopped half-way. */
static const struct {
	int state, reason;
	const char *text;
} reasons[] = {
	{VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY, "it is being migrated"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY, "it is being migrated"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED, "its migration has failed half-way"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, "it is being migrated to this host"},
	{VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, "it is being started"},
};

const char *pri_lv_busy_reason(int state, int reason)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(reasons); i++)
		if (reasons[i].state == state && reasons[i].reason == reason)
			return reasons[i].text;
	return NULL;
}

static const char *text_of(int operation)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(jobs); i++)
		if (jobs[i].operation == operation)
			return jobs[i].text;
	return NULL;
}

/* A driver that cannot tell has no such jobs, or refuses the write itself. */
const char *pri_lv_busy_job(const struct pri_lv_host *host, virDomainPtr ptr)
{
	virTypedParameterPtr params = NULL;
	int type = VIR_DOMAIN_JOB_NONE, n = 0, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

	if (PRI_LV(host, virDomainGetJobStats, ptr, &type, &params, &n, 0) < 0) {
		virResetLastError();
		return NULL;
	}
	if (type == VIR_DOMAIN_JOB_BOUNDED || type == VIR_DOMAIN_JOB_UNBOUNDED)
		virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
	virTypedParamsFree(params, n);
	return text_of(operation);
}
