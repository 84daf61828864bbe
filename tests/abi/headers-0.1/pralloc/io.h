/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disk I/O of a domain.  The hard limits (io.guest.*, io.host.*) are many: they go by name
 * through pr_set_u64; see pralloc-io(3).
 */
#ifndef PRALLOC_IO_H
#define PRALLOC_IO_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/**
 * pr_io_set_weight - weight of the domain on contended block devices (io.weight)
 *
 * @device: a host block device (/dev/sdb or MAJ:MIN), or NULL for all of them.
 * @weight: 1 to 10000, default 100; a backend's range may be smaller (BFQ: 1000), which is
 * -ERANGE with the range.  Flags, checks and errors as pr_set_u64.  Since: 0.1.
 */
PRALLOC_API int pr_io_set_weight(struct pr_domain *dom, const char *device, uint64_t weight,
				 uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_IO_H */
