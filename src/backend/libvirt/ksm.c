/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Same-page merging of the host: node memory parameters. */
#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 16

static int ksm_read(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virNodeGetMemoryParameters, op->host->conn, params, &n, 0) < 0)
		return -1;
	pri_lv_params_hold(op, params, n);
	virTypedParamsClear(params, n);
	return 0;
}

static int ksm_write(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	int n = 0;

	for (size_t i = 0; i < op->n; i++)
		pri_lv_param_put(params, &n, op->changes[i]);
	if (PRI_LV(op->host, virNodeSetMemoryParameters, op->host->conn, params, n, 0) < 0)
		return -1;
	pri_lv_all_took(op);
	return 0;
}

const struct pri_lv_family pri_lv_ksm = {.read = ksm_read, .write = ksm_write};
