/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices of this machine, as sysfs tells them. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backend/libvirt/libvirt.h"

/* sysfs has '!' where a name has a '/'. */
static void device_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, "/dev/%s", name);
	for (char *c = path; *c; c++)
		if (*c == '!')
			*c = '/';
}

/* A directory of a partition lies in that of its disk. */
static void partition_to_disk(char *directory)
{
	char path[PATH_MAX + 16];
	char *end = strrchr(directory, '/');

	snprintf(path, sizeof(path), "%s/partition", directory);
	if (end && access(path, F_OK) == 0)
		*end = '\0';
}

bool pri_lv_device_of(const char *path, char *device, size_t size)
{
	char link[64], directory[PATH_MAX];
	struct stat st;
	dev_t number;

	if (stat(path, &st) < 0)
		return false;
	number = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(number), minor(number));
	/* Not there: a file system without a device of its own. */
	if (!realpath(link, directory))
		return false;
	partition_to_disk(directory);
	device_path(strrchr(directory, '/') + 1, device, size);
	return access(device, F_OK) == 0;
}

/* A loop device without a file has no size. */
static bool is_usable(const char *name)
{
	char path[PATH_MAX], text[32];

	snprintf(path, sizeof(path), "/sys/block/%s/size", name);
	return pri_lv_slurp(path, text, sizeof(text)) > 0 && strtoull(text, NULL, 10) > 0;
}

int pri_lv_devices(pri_lv_add_device add, void *arg)
{
	DIR *directory = opendir("/sys/block");
	struct dirent *entry;
	char path[PATH_MAX];
	int r = 0;

	while (r == 0 && directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.' || !is_usable(entry->d_name))
			continue;
		device_path(entry->d_name, path, sizeof(path));
		if (access(path, F_OK) == 0)
			r = add(arg, path, NULL);
	}
	if (directory)
		closedir(directory);
	return r;
}
