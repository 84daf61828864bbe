/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates of interfaces as libvirt has them. */
#include <string.h>

#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 16

static int read_nic(struct pri_lv_op *op, const char *mac)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virDomainGetInterfaceParameters, op->ptr, mac, params, &n,
		   op->affect) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		uint64_t raw = 0;

		if (strcmp(change->instance, mac) != 0)
			continue;
		/* A parameter that is not there is not set. */
		pri_lv_params_number(params, n, pri_lv_row(change)->parameter, &raw);
		pri_lv_hold(change, raw);
	}
	virTypedParamsClear(params, n);
	return 0;
}

static int iface_read(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++)
		if (pri_lv_first_of_instance(op, i) && read_nic(op, op->changes[i]->instance) < 0)
			return -1;
	return 0;
}

const struct pri_lv_family pri_lv_iface = {.read = iface_read};
