/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to be taken back later, noted at the directories of groups: extended attributes
 * "user.pralloc.NAME".
 *
 * They live exactly as long as the group that was changed, are seen by every process that looks,
 * and need no file that could be forgotten or be about another group.  systemd notes things in the
 * same way.  Kernels since 5.7 let whoever owns a group write them (kernfs).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "backend/cgroup/cgroup.h"

#define NAMESPACE "user.pralloc."
#define NAME_MAX_BYTES 64

/* Extended attributes need a descriptor that is open for reading. */
static int reopen(int directory)
{
	return openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool pri_cg_mark_get(int directory, const char *name, char text[PRI_CG_MARK_MAX])
{
	pri_autoclose int fd = reopen(directory);
	char full[NAME_MAX_BYTES];
	ssize_t n;

	snprintf(full, sizeof(full), NAMESPACE "%s", name);
	n = fd < 0 ? -1 : fgetxattr(fd, full, text, PRI_CG_MARK_MAX - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

int pri_cg_mark_set(int directory, const char *name, const char *text)
{
	pri_autoclose int fd = reopen(directory);
	char full[NAME_MAX_BYTES];

	snprintf(full, sizeof(full), NAMESPACE "%s", name);
	if (fd < 0 || fsetxattr(fd, full, text, strlen(text), 0) < 0)
		return -errno;
	return 0;
}

void pri_cg_mark_remove(int directory, const char *name)
{
	pri_autoclose int fd = reopen(directory);
	char full[NAME_MAX_BYTES];

	snprintf(full, sizeof(full), NAMESPACE "%s", name);
	if (fd >= 0)
		(void)fremovexattr(fd, full);
}

bool pri_cg_read_at(int directory, const char *name, char *text, size_t size)
{
	pri_autoclose int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

int pri_cg_write_at(const struct pri_cg_host *host, int directory, const char *name,
		    const char *text)
{
	int truncate = *host->root ? O_TRUNC : 0;
	pri_autoclose int fd = openat(directory, name, O_WRONLY | O_CLOEXEC | truncate);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int pri_cg_each_above(struct pri_cg_op *op, int controller,
		      int (*visit)(struct pri_cg_op *op, int directory, const char *path,
				   void *arg),
		      void *arg)
{
	int mount = op->host->mount_of[controller], r = 0;
	const char *unit = op->domain->paths[mount][PRI_CG_UNIT];
	char path[PRI_CG_PATH_MAX];
	char *slash;

	snprintf(path, sizeof(path), "%s", unit ? unit : "");
	while (r == 0 && (slash = strrchr(path, '/'))) {
		pri_autoclose int fd = -1;

		*slash = '\0';
		fd = pri_cg_open_below(op->host->mounts[mount].fd, path);
		if (fd < 0)
			return fd;
		r = visit(op, fd, path, arg);
	}
	return r;
}
