/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors of groups and of the files in them, held from call to call.
 *
 * Opening a file costs several times what reading it does, so descriptors stay open; how many, is
 * bounded for each host, and those used longest ago are closed first.  A group that was removed
 * answers ENODEV on what is open in it, and ENOENT on what is not: it is looked for once more then,
 * because the domain may have been started again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define TEXT_ROOM_FIRST 4096
/* In every group of both versions. */
#define ALWAYS_THERE "cgroup.procs"

static void take_out(struct pri_cg_host *host, struct pri_cg_file *file)
{
	if (file->newer)
		file->newer->older = file->older;
	else
		host->newest = file->older;
	if (file->older)
		file->older->newer = file->newer;
	else
		host->oldest = file->newer;
	file->newer = file->older = NULL;
}

static void put_first(struct pri_cg_host *host, struct pri_cg_file *file)
{
	file->older = host->newest;
	file->newer = NULL;
	if (host->newest)
		host->newest->newer = file;
	else
		host->oldest = file;
	host->newest = file;
}

static void put_last(struct pri_cg_host *host, struct pri_cg_file *file)
{
	file->newer = host->oldest;
	file->older = NULL;
	if (host->oldest)
		host->oldest->older = file;
	else
		host->newest = file;
	host->oldest = file;
}

static void close_file(struct pri_cg_host *host, struct pri_cg_file *file)
{
	if (file->fd < 0)
		return;
	take_out(host, file);
	close(file->fd);
	file->fd = -1;
	file->writable = false;
	host->open_count--;
	if (host->text_of == file)
		host->text_of = NULL;
}

static void hold(struct pri_cg_host *host, struct pri_cg_file *file, int fd, bool writable)
{
	file->fd = fd;
	file->writable = writable;
	put_first(host, file);
	host->open_count++;
	while (host->open_count > host->open_max)
		close_file(host, host->oldest);
}

static void touch(struct pri_cg_host *host, struct pri_cg_file *file)
{
	if (host->newest == file)
		return;
	take_out(host, file);
	put_first(host, file);
}

void pri_cg_files_clear(struct pri_cg_host *host, struct pri_cg_domain *domain)
{
	for (size_t i = 0; i < domain->file_count; i++) {
		close_file(host, domain->files[i]);
		free(domain->files[i]);
	}
	free(pri_steal(domain->files));
	domain->file_count = domain->file_room = 0;
}

static struct pri_cg_file *find(const struct pri_cg_domain *domain, int mount, int level,
				const char *sub, const char *name)
{
	for (size_t i = 0; i < domain->file_count; i++) {
		struct pri_cg_file *file = domain->files[i];

		if (file->name == name && file->mount == mount && file->level == level &&
		    strcmp(file->sub, sub) == 0)
			return file;
	}
	return NULL;
}

static struct pri_cg_file *find_or_add(struct pri_cg_domain *domain, int mount, int level,
				       const char *sub, const char *name)
{
	struct pri_cg_file *file = find(domain, mount, level, sub, name);

	if (file)
		return file;
	if (domain->file_count == domain->file_room) {
		size_t room = domain->file_room ? 2 * domain->file_room : 8;
		struct pri_cg_file **more = realloc(domain->files, room * sizeof(*more));

		if (!more)
			return NULL;
		domain->files = more;
		domain->file_room = room;
	}
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	*file = (struct pri_cg_file){
		.name = name, .mount = (uint8_t)mount, .level = (uint8_t)level, .fd = -1};
	snprintf(file->sub, sizeof(file->sub), "%s", sub);
	domain->files[domain->file_count++] = file;
	return file;
}

int pri_cg_open_below(int top, const char *path)
{
	pri_autofree char *copy = strdup(path);
	char *rest = copy, *component;
	int fd = openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!copy) {
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	/* One by one, because O_NOFOLLOW looks at the last one only. */
	while (fd >= 0 && (component = strsep(&rest, "/"))) {
		int next;

		if (!*component)
			continue;
		next = openat(fd, component, O_PATH | O_NOFOLLOW | O_CLOEXEC | O_DIRECTORY);
		if (next < 0 && errno == ENOTDIR) {
			char target[2];

			/* O_PATH opens links, and O_DIRECTORY then says that they are none. */
			errno = readlinkat(fd, component, target, sizeof(target)) >= 0 ? ELOOP
										       : ENOTDIR;
		}
		next = next < 0 ? -errno : next;
		close(fd);
		fd = next;
	}
	return fd == -1 ? -errno : fd;
}

const char *pri_cg_path_text(const struct pri_cg_op *op, char *buffer, size_t size)
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(op->host, op->way->controller);
	const char *path = op->domain->paths[mount - op->host->mounts][op->way->level];

	snprintf(buffer, size, "%s/%s", mount->path, path ? path : "");
	return buffer;
}

static bool is_alive(int directory)
{
	return faccessat(directory, ALWAYS_THERE, F_OK, 0) == 0;
}

static int open_directory(struct pri_cg_op *op, struct pri_cg_file *directory)
{
	const char *path = op->domain->paths[directory->mount][directory->level];
	int fd = pri_cg_open_below(op->host->mounts[directory->mount].fd, path);

	if (fd < 0) {
		op->stale = fd == -ENOENT;
		return fd;
	}
	hold(op->host, directory, fd, false);
	return fd;
}

static int open_sub(struct pri_cg_op *op, struct pri_cg_file *directory, int parent)
{
	int fd = openat(parent, directory->sub, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		int error = errno;

		op->stale = error == ENOENT && !is_alive(parent);
		return -error;
	}
	hold(op->host, directory, fd, false);
	return fd;
}

/* A descriptor or -errno. */
static int directory_of(struct pri_cg_op *op, int mount, int level, const char *sub)
{
	struct pri_cg_file *directory = find_or_add(op->domain, mount, level, sub, NULL);
	int parent;

	if (!directory)
		return -ENOMEM;
	if (directory->fd >= 0) {
		touch(op->host, directory);
		return directory->fd;
	}
	if (!*sub)
		return open_directory(op, directory);
	parent = directory_of(op, mount, level, "");
	return parent < 0 ? parent : open_sub(op, directory, parent);
}

bool pri_cg_has_sub(struct pri_cg_op *op, const char *sub)
{
	int parent = directory_of(op, op->host->mount_of[op->way->controller], op->way->level, "");

	return parent >= 0 && faccessat(parent, sub, F_OK, 0) == 0;
}

bool pri_cg_has_file(struct pri_cg_op *op, const char *sub, const char *name)
{
	int mount = op->host->mount_of[op->way->controller], directory;

	if (!op->domain->paths[mount][op->way->level])
		return false;
	directory = directory_of(op, mount, op->way->level, sub);
	return directory >= 0 && faccessat(directory, name, F_OK, 0) == 0;
}

static int fail_without_group(struct pri_cg_op *op, int controller)
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(op->host, controller);

	return pri_cg_fail(op, -EOPNOTSUPP,
			   "it has no group of its own in the hierarchy of %s (%s), so there is "
			   "nothing to set: make one there",
			   pri_cg_controller_name(controller, mount->version), mount->path);
}

int pri_cg_directory(struct pri_cg_op *op, int controller, int level, const char *sub)
{
	int mount = op->host->mount_of[controller], fd;

	if (!op->domain->paths[mount][level])
		return fail_without_group(op, controller);
	fd = directory_of(op, mount, level, sub);
	return fd < 0 ? pri_cg_fail_file(op, sub, "its directory", -fd, "open") : fd;
}

/* What a directory was opened for is open: it is the first one to be closed. */
static void done_with_directory(struct pri_cg_op *op, const struct pri_cg_file *file)
{
	struct pri_cg_file *directory =
		find(op->domain, file->mount, file->level, file->sub, /* name= */ NULL);

	if (!directory || directory->fd < 0)
		return;
	take_out(op->host, directory);
	put_last(op->host, directory);
}

/* -errno, without a text. */
static int open_value(struct pri_cg_op *op, struct pri_cg_file *file, bool write)
{
	int directory = directory_of(op, file->mount, file->level, file->sub), fd;

	if (directory < 0)
		return directory;
	close_file(op->host, file);
	/* O_NONBLOCK: a lower limit takes effect without the writer having to reclaim first, on
	 * kernels that have it (cgroup-v2.rst, memory.max and memory.high); no other file cares. */
	fd = openat(directory, file->name,
		    (write ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		int error = errno;

		op->stale = error == ENODEV || (error == ENOENT && !is_alive(directory));
		return -error;
	}
	done_with_directory(op, file);
	hold(op->host, file, fd, write);
	return 0;
}

static int find_value(struct pri_cg_op *op, const char *sub, const char *name, bool write,
		      struct pri_cg_file **ret_file)
{
	int mount = op->host->mount_of[op->way->controller];
	struct pri_cg_file *file = find_or_add(op->domain, mount, op->way->level, sub, name);

	if (!file)
		return -ENOMEM;
	*ret_file = file;
	if (file->fd >= 0 && (!write || file->writable)) {
		touch(op->host, file);
		return 0;
	}
	return open_value(op, file, write);
}

int pri_cg_file(struct pri_cg_op *op, const char *sub, const char *name, bool write,
		struct pri_cg_file **ret_file)
{
	int mount = op->host->mount_of[op->way->controller], r;

	if (!op->domain->paths[mount][op->way->level])
		return fail_without_group(op, op->way->controller);
	r = find_value(op, sub, name, write, ret_file);
	return r < 0 ? pri_cg_fail_file(op, sub, name, -r, write ? "write" : "read") : 0;
}

static int more_room(struct pri_cg_host *host)
{
	size_t room = host->text_room ? 2 * host->text_room : TEXT_ROOM_FIRST;
	char *more = realloc(host->text, room);

	if (!more)
		return -ENOMEM;
	host->text = more;
	host->text_room = room;
	return 0;
}

/* -errno */
static int read_whole(struct pri_cg_host *host, int fd)
{
	for (;;) {
		ssize_t n = host->text_room ? pread(fd, host->text, host->text_room - 1, 0) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (host->text_room && (size_t)n < host->text_room - 1) {
			host->text[n] = '\0';
			host->text_length = (size_t)n;
			return 0;
		}
		if (more_room(host) < 0)
			return -ENOMEM;
	}
}

int pri_cg_text(struct pri_cg_op *op, const char *sub, const char *name)
{
	struct pri_cg_file *file = NULL;
	int r = pri_cg_file(op, sub, name, /* write= */ false, &file);

	if (r < 0 || !file)
		return r;
	if (op->host->text_of == file)
		return 0;
	op->host->text_of = NULL;
	r = read_whole(op->host, file->fd);
	if (r < 0) {
		op->stale = r == -ENODEV;
		return pri_cg_fail_file(op, sub, name, -r, "read");
	}
	op->host->text_of = file;
	return 0;
}

int pri_cg_try(struct pri_cg_op *op, const char *sub, const char *name, const char *text)
{
	size_t length = strlen(text);
	struct pri_cg_file *file;
	ssize_t n;
	int r = find_value(op, sub, name, /* write= */ true, &file);

	if (r < 0)
		return r;
	op->host->text_of = NULL;
	/* In a tree of plain files the rest of a longer text would stay. */
	if (*op->host->root && ftruncate(file->fd, 0) < 0)
		return -errno;
	do {
		n = pwrite(file->fd, text, length, 0);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	r = -errno;
	/* A file of devices says the same of a device that is not there. */
	if (r == -ENODEV)
		op->stale = !is_alive(directory_of(op, file->mount, file->level, file->sub));
	return r;
}

int pri_cg_put(struct pri_cg_op *op, const char *sub, const char *name, const char *text)
{
	int mount = op->host->mount_of[op->way->controller], r;

	if (!op->domain->paths[mount][op->way->level])
		return fail_without_group(op, op->way->controller);
	r = pri_cg_try(op, sub, name, text);
	return r < 0 ? pri_cg_fail_file(op, sub, name, -r, "write") : 0;
}
