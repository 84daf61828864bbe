/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small files of sysfs and procfs, by a path that is put together. */
#ifndef PRI_CGROUP_SYSFILE_H
#define PRI_CGROUP_SYSFILE_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

/* Read the whole file into text, without its last newline.  Its length, or -errno; -EFBIG when it
 * does not fit. */
ssize_t pri_sysfile_read(char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

/* Read where a link points to.  Its length, or -errno; -EFBIG when it does not fit. */
ssize_t pri_sysfile_link(char *target, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* PRI_CGROUP_SYSFILE_H */
