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
static char *lock_path(const char *root, const char *name)
{
	char *path = malloc(strlen(root) + sizeof(DIRECTORY "/.lock") + 3 * strlen(name)), *at;

	if (!path)
		return NULL;
	at = path + sprintf(path, "%s" DIRECTORY "/", root);
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';

		at += plain ? sprintf(at, "%c", c) : sprintf(at, "%%%02X", c);
	}
	strcpy(at, ".lock");
	return path;
}

static int make_directory(const char *root)
{
	pri_autofree char *path = NULL;

	if (asprintf(&path, "%s" DIRECTORY, root) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

static int fail_held(struct pri_call *call, int fd, const char *name)
{
	char pid[PID_TEXT_MAX] = "";
	ssize_t length = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[length > 0 ? length : 0] = '\0';
	return pri_set_error(&call->error, -EBUSY,
			     "%s is being changed by another process (PID %s); try again", name,
			     *pid ? pid : "not known");
}

static int wait_for(struct pri_call *call, int fd, const char *name)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_ns = pri_now_ns() + PATIENCE_NS;

	if (until_ns > call->deadline_ns)
		until_ns = call->deadline_ns;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return pri_set_error(&call->error, -EIO, "cannot lock %s: %s", name,
					     strerror(errno));
		if (pri_now_ns() >= until_ns)
			return fail_held(call, fd, name);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int fail_open(struct pri_call *call, const char *path, int error)
{
	bool refused = error == EACCES || error == EPERM || error == EROFS;

	return pri_set_error(&call->error, refused ? -EACCES : -EIO,
			     "cannot make the lock %s: %s%s", path, strerror(error),
			     refused ? " (needs root)" : "");
}

static int open_lock(struct pri_call *call, const char *path)
{
	int r = make_directory(call->root);
	int fd;

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return fail_open(call, path, -r);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? fail_open(call, path, errno) : fd;
}

int pri_lock(struct pri_call *call, const char *name, int *ret_fd)
{
	pri_autofree char *path = lock_path(call->root, name);
	pri_autoclose int fd = path ? open_lock(call, path) : -ENOMEM;
	char pid[PID_TEXT_MAX];
	int r, length;

	if (fd < 0)
		return fd;
	r = wait_for(call, fd, name);
	if (r < 0)
		return r;
	length = snprintf(pid, sizeof(pid), "%d", (int)getpid());
	/* For others to read; the lock holds without it. */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)length, 0) < 0)
		pri_log(call->ctx, PRALLOC_LOG_WARNING, "cannot write to %s: %s", path,
			strerror(errno));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

void pri_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}
