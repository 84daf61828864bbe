/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether weights divide a disk now: that their file is there does not say so. */
#ifndef PRI_CGROUP_EFFECTIVE_H
#define PRI_CGROUP_EFFECTIVE_H

#include "backend/cgroup/device.h"

enum pri_cg_weight_by {
	PRI_CG_WEIGHT_NOTHING,
	PRI_CG_WEIGHT_BFQ,
	PRI_CG_WEIGHT_IOCOST,
};

struct pri_cg_effect {
	enum pri_cg_weight_by by; /* what divides the device by weights now */
	/* The disk whose number a weight of its own has to name: the device, or the one below it;
	 * no name where there are several. */
	struct pri_cg_device at;
	/* What keeps weights from acting, or from acting fully, with the command that helps; "" */
	char why[512];
};

/*
 * What divides a device by weights.  A mapped, RAID or loop device that has no such scheduler
 * itself hands its I/O, and to whom it belongs, to the disks below it: there it is divided, when
 * all of them do.
 *
 * v2_root: descriptor of the root group of v2, where io.cost is switched on; -1 where v1 has the
 * controller.
 * Returns 0; -ENODEV when the device is gone; -EIO.
 */
int pri_cg_effect(const char *root, const struct pri_cg_device *device, int v2_root,
		  struct pri_cg_effect *ret_effect);

#endif /* PRI_CGROUP_EFFECTIVE_H */
