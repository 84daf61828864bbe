/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices: the kernel's settings of a group name whole disks, people name other things. */
#ifndef PRI_CGROUP_DEVICE_H
#define PRI_CGROUP_DEVICE_H

#include <stdbool.h>

#define PRI_CG_DEVICE_NAME_MAX 64

struct pri_cg_device {
	unsigned int major, minor;	   /* of the whole disk */
	char name[PRI_CG_DEVICE_NAME_MAX]; /* the kernel's: "vda", "dm-0" */
	bool partition;			   /* what was given names a partition of it */
};

/*
 * The whole disk of what a person wrote: a node ("/dev/sdb", "/dev/mapper/vg-vm1"), "MAJ:MIN", or
 * any other path, where it is the disk below its file system.  Mapped devices and loop devices are
 * disks of their own.
 *
 * root: put before every path.
 * *ret_why: on failure the cause, one static line without the name that was given.
 * Returns 0; -ENOENT no such path; -ENODEV no disk is behind it, or it is not known which one;
 * -EINVAL neither path nor numbers; -EIO.
 */
int pri_cg_device_find(const char *root, const char *given, struct pri_cg_device *ret_device,
		       const char **ret_why);

/* All whole disks that have a size, in the order of their names; not RAM disks.  Stops at
 * non-zero, and returns it; -ENOMEM, -EIO. */
int pri_cg_device_each(const char *root,
		       int (*visit)(void *arg, const struct pri_cg_device *device), void *arg);

#endif /* PRI_CGROUP_DEVICE_H */
