/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of vCPUs. */
#include "backend/libvirt/libvirt.h"

/* The row's tag is 0 or VIR_DOMAIN_VCPU_MAXIMUM. */
static int vcpu_read(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		unsigned int flags = op->affect | (unsigned int)pri_lv_row(op->changes[i])->tag;
		int n = PRI_LV(op->host, virDomainGetVcpusFlags, op->ptr, flags);

		if (n < 0)
			return -1;
		op->changes[i]->held.number = (uint64_t)n;
	}
	return 0;
}

const struct pri_lv_family pri_lv_vcpu = {.read = vcpu_read};
