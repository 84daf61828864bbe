/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "backend/cgroup/sysfile.h"
#include "util/cleanup.h"

static int make_path(char path[PATH_MAX], const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static int make_path(char path[PATH_MAX], const char *format, va_list args)
{
	int length = vsnprintf(path, PATH_MAX, format, args);

	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t n;

	while (length < size) {
		n = read(fd, text + length, size - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	if (length == size)
		return -EFBIG;
	if (length && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	return (ssize_t)length;
}

ssize_t pri_sysfile_read(char *text, size_t size, const char *path, ...)
{
	pri_autoclose int fd = -1;
	char full[PATH_MAX];
	va_list args;
	int r;

	va_start(args, path);
	r = make_path(full, path, args);
	va_end(args);
	if (r < 0)
		return r;
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : read_all(fd, text, size);
}

ssize_t pri_sysfile_link(char *target, size_t size, const char *path, ...)
{
	char full[PATH_MAX];
	ssize_t length;
	va_list args;
	int r;

	va_start(args, path);
	r = make_path(full, path, args);
	va_end(args);
	if (r < 0)
		return r;
	length = readlink(full, target, size);
	if (length < 0)
		return -errno;
	if ((size_t)length == size)
		return -EFBIG;
	target[length] = '\0';
	return length;
}
