/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which cgroup version holds the CPU controller of this machine.  A hybrid host, with cgroup v2
 * mounted beside v1 controllers, counts as v1: that is where libvirt finds cpu and memory.
 */
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "backend/libvirt/libvirt.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static bool v1_cpu_is_mounted(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[4096];
	struct mntent entry;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && getmntent_r(mounts, &entry, line, sizeof(line)))
		found = strcmp(entry.mnt_type, "cgroup") == 0 && hasmntopt(&entry, "cpu");
	endmntent(mounts);
	return found;
}

int pri_lv_cgroup_version(void)
{
	struct statfs fs;

	if (v1_cpu_is_mounted())
		return 1;
	if (statfs(CGROUP_ROOT, &fs) == 0 && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
		return 2;
	return 0;
}
