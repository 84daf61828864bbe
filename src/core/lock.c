/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks between processes: flock on a file below /run/pralloc, with the PID of the holder in it.
 *
 * The kernel lets go of a lock when its holder ends, however it ends.  The files stay: removing
 * one while somebody opens it would make two locks of one name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "core/core.h"

#define DIRECTORY "/run/pralloc"
/* A call holds a lock for some milliseconds; whoever has it for longer is worth an error. */
#define PATIENCE_NS UINT64_C(500000000)
#define PAUSE_NS 2000000L
#define PID_TEXT_MAX 16

/* A name may be anything: what is no letter, digit, "-", "." or "_" becomes "%XX". */
static char *lock_path(const char *directory, const char *name)
{
	char *path = malloc(strlen(directory) + sizeof("/.lock") + 3 * strlen(name)), *at;

	if (!path)
		return NULL;
	at = path + sprintf(path, "%s/", directory);
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';

		at += plain ? sprintf(at, "%c", c) : sprintf(at, "%%%02X", c);
	}
	memcpy(at, ".lock", sizeof(".lock"));
	return path;
}

/* Without root there is no directory for all, but perhaps one for the user's own domains. */
int pri_lock_directory(const char *root, char **ret_path)
{
	char *path;
	int error;

	*ret_path = NULL;
	if (asprintf(&path, "%s" DIRECTORY, root) < 0)
		return -ENOMEM;
	error = mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
	*ret_path = path;
	if (geteuid() == 0 || access(path, W_OK) == 0)
		return -error;
	free(path);
	*ret_path = NULL;
	if (asprintf(&path, "%s/run/user/%u/pralloc", root, geteuid()) < 0)
		return -ENOMEM;
	*ret_path = path;
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int fail_open(char **error, const char *path, int cause)
{
	bool refused = cause == EACCES || cause == EPERM || cause == EROFS;

	return pri_set_error(error, refused ? -EACCES : -EIO, "cannot make the lock %s: %s%s", path,
			     strerror(cause), refused ? " (needs root)" : "");
}

static int fail_held(char **error, int fd, const char *what)
{
	char pid[PID_TEXT_MAX] = "";
	ssize_t length = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[length > 0 ? length : 0] = '\0';
	pid[strcspn(pid, " ")] = '\0';
	return pri_set_error(error, -EBUSY, "%s is being changed by another %s (PID %s); try again",
			     what,
			     strtol(pid, NULL, 10) == getpid() ? "plan of this program" : "process",
			     *pid ? pid : "not known");
}

static int open_lock(const char *root, const char *name, int flags, int *ret_fd, char **error)
{
	pri_autofree char *directory = NULL;
	int r = pri_lock_directory(root, &directory);
	pri_autofree char *path = directory ? lock_path(directory, name) : NULL;

	if (!path)
		return -ENOMEM;
	if (r < 0)
		return fail_open(error, path, -r);
	*ret_fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
	return *ret_fd < 0 ? fail_open(error, path, errno) : 0;
}

int pri_lock_open(const char *root, const char *name, int *ret_fd, char **error)
{
	return open_lock(root, name, O_CREAT, ret_fd, error);
}

int pri_lock_take(int fd, const char *what, char **error)
{
	char pid[PID_TEXT_MAX];
	int length;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? fail_held(error, fd, what)
			       : pri_set_error(error, -EIO, "cannot lock %s: %m", what);
	/* For others to read, with blanks over a longer number; the lock holds without it. */
	length = snprintf(pid, sizeof(pid), "%-10d", (int)getpid());
	(void)!pwrite(fd, pid, (size_t)length, 0);
	return 0;
}

void pri_lock_release(int fd)
{
	flock(fd, LOCK_UN);
}

int pri_lock_look(const char *root, const char *name, const char *what, char **error)
{
	pri_autoclose int fd = -1;
	pri_autofree char *ignored = NULL;

	if (open_lock(root, name, 0, &fd, &ignored) < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return fail_held(error, fd, what);
	return 0;
}

int pri_lock(struct pri_call *call, const char *name, int *ret_fd)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_ns = pri_now_ns() + PATIENCE_NS;
	pri_autoclose int fd = -1;
	int r = pri_lock_open(call->root, name, &fd, &call->error);

	if (r < 0)
		return r;
	if (until_ns > call->deadline_ns)
		until_ns = call->deadline_ns;
	while ((r = pri_lock_take(fd, name, &call->error)) == -EBUSY && pri_now_ns() < until_ns)
		nanosleep(&pause, NULL);
	if (r < 0)
		return r;
	free(pri_steal(call->error));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

void pri_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}
