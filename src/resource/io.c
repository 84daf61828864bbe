/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disk I/O of a domain. */
#include "core/request.h"

int pr_io_set_weight(struct pr_domain *dom, const char *device, uint64_t weight, uint32_t flags)
{
	return pri_domain_set(dom, PRI_IO_WEIGHT, device, weight, flags);
}
