/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU shares, quotas and periods: scheduler parameters. */
#include <errno.h>

#include "backend/libvirt/libvirt.h"

/* What one request may carry; QEMU has nine. */
#define PARAMS_MAX 16

static int sched_read(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virDomainGetSchedulerParametersFlags, op->ptr, params, &n,
		   op->affect) < 0)
		return -1;
	pri_lv_params_hold(op, params, n);
	virTypedParamsClear(params, n);
	return 0;
}

static const char *element_to_drop(const struct pri_change *change)
{
	bool unset = change->mode == PRALLOC_CONFIG && change->wanted.number == PRALLOC_DEFAULT;

	return unset ? pri_lv_row(change)->scale->unset_element : NULL;
}

/* What a parameter can set, in one call. */
static int set_params(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	int n = 0;

	for (size_t i = 0; i < op->n; i++)
		if (!element_to_drop(op->changes[i]))
			pri_lv_param_put(params, &n, op->changes[i]);
	if (n == 0)
		return 0;
	return PRI_LV(op->host, virDomainSetSchedulerParametersFlags, op->ptr, params, n,
		      op->affect);
}

static int sched_write(struct pri_lv_op *op)
{
	if (set_params(op) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++) {
		const char *element = element_to_drop(op->changes[i]);

		if (element && pri_lv_xml_drop_tune(op, element) < 0)
			return -1;
	}
	pri_lv_all_took(op);
	return 0;
}

static int sched_check(struct pri_lv_op *op)
{
	const struct pri_lv_xml *xml;

	if (op->mode == PRALLOC_CONFIG)
		return 0;
	if (pri_lv_xml_cached(op, &xml) < 0)
		return -1;
	for (size_t i = 0; i < op->n && xml->iothreads == 0; i++)
		if (pri_lv_row(op->changes[i])->tag == PRI_LV_NEEDS_IOTHREAD)
			pri_lv_core->fail_change(op->call, op->changes[i], -EOPNOTSUPP,
						 "the domain has no I/O threads (<iothreads>)");
	return 0;
}

const struct pri_lv_family pri_lv_sched = {
	.read = sched_read, .write = sched_write, .check = sched_check};
