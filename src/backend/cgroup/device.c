/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what a person names to the whole disk that the kernel's files name.
 *
 * /sys/dev/block/MAJ:MIN is a link to the device's directory, which for a partition is inside that
 * of its disk and has a file "partition".  The device of a file is that of its mount in
 * /proc/self/mountinfo: the same as its st_dev where a disk is below, and with the name of the
 * file system where there is none (btrfs, overlay, tmpfs and NFS have invented numbers there,
 * major 0).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "backend/cgroup/device.h"
#include "backend/cgroup/sysfile.h"
#include "util/cleanup.h"

#define NUMBER_TEXT_MAX 64
#define DIGITS "0123456789"
#define DIGITS_MAX 9

struct numbers {
	unsigned int major, minor;
};

static int fail(int code, const char **ret_why, const char *why)
{
	*ret_why = why;
	return code;
}

static bool parse_numbers(const char *text, struct numbers *ret_numbers)
{
	size_t major_length = strspn(text, DIGITS);
	const char *minor = text + major_length + 1;
	size_t minor_length;

	if (major_length == 0 || major_length > DIGITS_MAX || text[major_length] != ':')
		return false;
	minor_length = strspn(minor, DIGITS);
	if (minor_length == 0 || minor_length > DIGITS_MAX || minor[minor_length])
		return false;
	ret_numbers->major = (unsigned int)strtoul(text, NULL, 10);
	ret_numbers->minor = (unsigned int)strtoul(minor, NULL, 10);
	return true;
}

static bool read_numbers(const char *root, const char *directory, const char *name,
			 struct numbers *ret_numbers)
{
	char text[NUMBER_TEXT_MAX];

	return pri_sysfile_read(text, sizeof(text), "%s/sys/%s/%s/dev", root, directory, name) >
		       0 &&
	       parse_numbers(text, ret_numbers);
}

static bool is_partition(const char *root, struct numbers numbers)
{
	char text[NUMBER_TEXT_MAX];

	return pri_sysfile_read(text, sizeof(text), "%s/sys/dev/block/%u:%u/partition", root,
				numbers.major, numbers.minor) > 0;
}

static int find_numbers(const char *root, struct numbers numbers, struct pri_cg_device *ret_device,
			const char **ret_why)
{
	struct pri_cg_device device = {.partition = is_partition(root, numbers)};
	struct numbers disk;
	char target[PATH_MAX], *name;

	if (pri_sysfile_link(target, sizeof(target), "%s/sys/dev/block/%u:%u", root, numbers.major,
			     numbers.minor) <= 0)
		return fail(-ENODEV, ret_why, "the machine has no block device with this number");
	name = strrchr(target, '/');
	if (device.partition && name) {
		*name = '\0';
		name = strrchr(target, '/');
	}
	name = name ? name + 1 : target;
	if (strlen(name) >= sizeof(device.name) || !read_numbers(root, "block", name, &disk))
		return fail(-EIO, ret_why, "/sys does not tell its disk");
	memcpy(device.name, name, strlen(name) + 1);
	device.major = disk.major;
	device.minor = disk.minor;
	*ret_device = device;
	return 0;
}

/* A container may lack the node of a device: the kernel's name says it too. */
static bool find_kernel_name(const char *root, const char *given, struct numbers *ret_numbers)
{
	char name[PRI_CG_DEVICE_NAME_MAX];
	const char *after = given + strlen("/dev/");

	if (strncmp(given, "/dev/", strlen("/dev/")) != 0 || !*after || *after == '.' ||
	    strlen(after) >= sizeof(name))
		return false;
	memcpy(name, after, strlen(after) + 1);
	/* As sysfs writes "cciss/c0d0". */
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '!';
	return read_numbers(root, "class/block", name, ret_numbers);
}

/* Fields of a line of mountinfo that matter. */
struct mount {
	struct numbers numbers;
	char point[PATH_MAX];
	char type[32];
};

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks and the like are "\\ooo" there. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (*text == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3])) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Copy the word at *at and go behind it; false when it does not fit. */
static bool take_word(const char **at, char *word, size_t size)
{
	size_t length = strcspn(*at, " \n");

	if (length == 0 || length >= size)
		return false;
	memcpy(word, *at, length);
	word[length] = '\0';
	*at += length + ((*at)[length] == ' ');
	return true;
}

/* "22 1 8:1 /top /point options... - type source options" */
static bool parse_mount(const char *line, struct mount *mount)
{
	const char *at = line, *rest = strstr(line, " - ");
	char word[PATH_MAX];

	if (!rest || !take_word(&at, word, sizeof(word)) || !take_word(&at, word, sizeof(word)) ||
	    !take_word(&at, word, sizeof(word)) || !parse_numbers(word, &mount->numbers) ||
	    !take_word(&at, word, sizeof(word)) ||
	    !take_word(&at, mount->point, sizeof(mount->point)))
		return false;
	rest += strlen(" - ");
	if (!take_word(&rest, mount->type, sizeof(mount->type)))
		return false;
	unescape(mount->point);
	return true;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return true;
	return strncmp(path, directory, length) == 0 && (path[length] == '/' || !path[length]);
}

/* The mount that a path is in: the last one of those with the longest path, which hides others. */
static int find_mount(const char *root, const char *path, struct mount *ret_mount)
{
	pri_autofree char *line = NULL;
	char name[PATH_MAX];
	size_t size = 0;
	struct mount mount;
	size_t longest = 0;
	FILE *file;
	int r;

	if (snprintf(name, sizeof(name), "%s/proc/self/mountinfo", root) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	file = fopen(name, "re");
	if (!file)
		return -EIO;
	while (getline(&line, &size, file) > 0) {
		if (!parse_mount(line, &mount) || !is_below(path, mount.point) ||
		    strlen(mount.point) < longest)
			continue;
		longest = strlen(mount.point);
		*ret_mount = mount;
	}
	if (!feof(file))
		r = errno == ENOMEM ? -ENOMEM : -EIO;
	else
		r = longest ? 0 : -ENODEV;
	fclose(file);
	return r;
}

static const char *why_no_disk(const char *type)
{
	static const struct {
		const char *type, *why;
	} causes[] = {
		{"btrfs", "it is on btrfs, which may span several disks and does not tell which: "
			  "name the disk"},
		{"overlay", "it is on an overlay, which does not tell its disk: name the disk"},
		{"zfs", "it is on zfs, which may span several disks: name the disk"},
		{"tmpfs", "it is in memory (tmpfs), not on a disk"},
		{"ramfs", "it is in memory (ramfs), not on a disk"},
		{"nfs", "it is on another machine (nfs), not on a disk of this one"},
		{"nfs4", "it is on another machine (nfs), not on a disk of this one"},
		{"ceph", "it is on other machines (ceph), not on a disk of this one"},
		{"cifs", "it is on another machine (cifs), not on a disk of this one"},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(causes); i++)
		if (strcmp(causes[i].type, type) == 0)
			return causes[i].why;
	return "no disk of this machine is below its file system";
}

/* The disk below the file system of a path. */
static int find_file(const char *root, const char *path, struct pri_cg_device *ret_device,
		     const char **ret_why)
{
	struct mount mount;
	int r = find_mount(root, path, &mount);

	if (r == -ENODEV)
		return fail(r, ret_why, "the file system that it is on is not mounted here");
	if (r == -ENOMEM)
		return fail(r, ret_why, "out of memory");
	if (r < 0)
		return fail(-EIO, ret_why, "cannot read /proc/self/mountinfo");
	if (mount.numbers.major == 0)
		return fail(-ENODEV, ret_why, why_no_disk(mount.type));
	r = find_numbers(root, mount.numbers, ret_device, ret_why);
	if (r == 0)
		/* Nobody named the partition. */
		ret_device->partition = false;
	return r;
}

static int fail_path(int error, const char **ret_why)
{
	if (error == ENOENT || error == ENOTDIR)
		return fail(-ENOENT, ret_why, "there is no such path");
	if (error == EACCES)
		return fail(-EIO, ret_why, "it may not be looked at (needs root)");
	return fail(-EIO, ret_why, "it cannot be looked at");
}

static int find_path(const char *root, const char *given, struct pri_cg_device *ret_device,
		     const char **ret_why)
{
	char full[PATH_MAX], real[PATH_MAX], real_root[PATH_MAX] = "";
	struct numbers numbers;
	struct stat status;

	if (snprintf(full, sizeof(full), "%s%s", root, given) >= (int)sizeof(full))
		return fail(-EINVAL, ret_why, "the path is too long");
	if (stat(full, &status) < 0)
		return find_kernel_name(root, given, &numbers)
			       ? find_numbers(root, numbers, ret_device, ret_why)
			       : fail_path(errno, ret_why);
	if (S_ISBLK(status.st_mode)) {
		numbers = (struct numbers){major(status.st_rdev), minor(status.st_rdev)};
		return find_numbers(root, numbers, ret_device, ret_why);
	}
	if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
		return fail(-ENODEV, ret_why, "it is no block device");
	/* Which mount it is in depends on where its links lead. */
	if (!realpath(full, real) || (*root && !realpath(root, real_root)))
		return fail_path(errno, ret_why);
	if (!is_below(real, *real_root ? real_root : "/"))
		return fail(-ENOENT, ret_why, "it leads out of the tree");
	return find_file(root, real + strlen(real_root), ret_device, ret_why);
}

int pri_cg_device_find(const char *root, const char *given, struct pri_cg_device *ret_device,
		       const char **ret_why)
{
	struct numbers numbers;

	if (*given == '/')
		return find_path(root, given, ret_device, ret_why);
	if (parse_numbers(given, &numbers))
		return find_numbers(root, numbers, ret_device, ret_why);
	return fail(-EINVAL, ret_why,
		    "it is neither a path (\"/dev/sdb\") nor a device number (\"8:16\")");
}

static bool is_usable(const char *root, const char *name, struct pri_cg_device *device)
{
	char size[NUMBER_TEXT_MAX];
	struct numbers numbers;

	if (*name == '.' || strlen(name) >= sizeof(device->name) ||
	    (strncmp(name, "ram", 3) == 0 && strspn(name + 3, "0123456789") == strlen(name + 3)))
		return false;
	if (pri_sysfile_read(size, sizeof(size), "%s/sys/block/%s/size", root, name) <= 0 ||
	    strcmp(size, "0") == 0)
		return false;
	/* The paths of a multipath NVMe device are hidden disks without a number. */
	if (!read_numbers(root, "block", name, &numbers))
		return false;
	*device = (struct pri_cg_device){.major = numbers.major, .minor = numbers.minor};
	memcpy(device->name, name, strlen(name) + 1);
	return true;
}

int pri_cg_device_each(const char *root,
		       int (*visit)(void *arg, const struct pri_cg_device *device), void *arg)
{
	struct pri_cg_device device;
	pri_autofree char *path = NULL;
	struct dirent **entries;
	int count, r = 0;

	if (asprintf(&path, "%s/sys/block", root) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	count = scandir(path, &entries, NULL, versionsort);
	if (count < 0)
		return errno == ENOMEM ? -ENOMEM : -EIO;
	for (int i = 0; i < count; i++) {
		if (r == 0 && is_usable(root, entries[i]->d_name, &device))
			r = visit(arg, &device);
		free(entries[i]);
	}
	free(entries);
	return r;
}
