/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Controllers of cgroup v2 in the groups above a domain.
 *
 * A group has the files of a controller when cgroup.subtree_control of the one above it lists it.
 * Where it was enabled on request is marked, and it is disabled there when nothing that it sets is
 * set any more: disabling drops the settings of all groups below, so those are looked at first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define CONTROL "cgroup.subtree_control"
#define LIST_MAX 512
/* Groups between the top and a domain. */
#define DEPTH_MAX 32

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (*list) {
		size_t n = strcspn(list, " \n");

		if (n == length && strncmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, " \n");
	}
	return false;
}

static const struct pri_cg_mount *mount_of(const struct pri_cg_op *op)
{
	return pri_cg_mount_of(op->host, op->way->controller);
}

static const char *name_of(const struct pri_cg_op *op)
{
	return pri_cg_controller_name(op->way->controller, 2);
}

static bool of_v2(const struct pri_cg_op *op)
{
	return op->way->controller != PRI_CG_CORE && mount_of(op)->version == 2;
}

/* The group itself. */
static int open_own(const struct pri_cg_op *op)
{
	const struct pri_cg_mount *mount = mount_of(op);
	const char *path = op->domain->paths[mount - op->host->mounts][op->way->level];

	return path ? pri_cg_open_below(mount->fd, path) : -ENOENT;
}

void pri_cg_type_of(struct pri_cg_op *op, char *type, size_t size)
{
	pri_autoclose int fd = open_own(op);

	*type = '\0';
	if (fd >= 0)
		pri_cg_read_at(fd, "cgroup.type", type, size);
	type[strcspn(type, "\n")] = '\0';
}

bool pri_cg_is_enabled(struct pri_cg_op *op)
{
	pri_autoclose int fd = -1;
	char list[LIST_MAX];

	if (!of_v2(op))
		return true;
	fd = open_own(op);
	return fd >= 0 && pri_cg_read_at(fd, "cgroup.controllers", list, sizeof(list)) &&
	       has_word(list, name_of(op));
}

static int enable_in(struct pri_cg_op *op, int directory, const char *path)
{
	char list[LIST_MAX], word[64];
	int r;

	if (pri_cg_read_at(directory, CONTROL, list, sizeof(list)) && has_word(list, name_of(op)))
		return 0;
	snprintf(word, sizeof(word), "enabled.%s", name_of(op));
	r = pri_cg_mark_set(directory, word, "1");
	if (r < 0)
		return pri_cg_fail(op, -EACCES, "cannot note at /%s that %s is enabled there: %s",
				   path, name_of(op), strerror(-r));
	snprintf(list, sizeof(list), "+%s", name_of(op));
	r = pri_cg_write_at(op->host, directory, CONTROL, list);
	if (r == 0)
		return 0;
	pri_cg_mark_remove(directory, word);
	if (r == -EBUSY)
		return pri_cg_fail(op, -EBUSY,
				   "%s cannot be enabled in /%s: processes are in that group "
				   "itself; move them to a group below it",
				   name_of(op), path);
	return pri_cg_fail(op, r == -EACCES || r == -EPERM || r == -EROFS ? -EACCES : -EOPNOTSUPP,
			   "%s cannot be enabled in /%s (%s): %s", name_of(op), path, CONTROL,
			   strerror(-r));
}

int pri_cg_enable(struct pri_cg_op *op)
{
	const struct pri_cg_mount *mount = mount_of(op);
	const char *path;
	char part[PRI_CG_PATH_MAX];
	int r = 0;

	if (pri_cg_is_enabled(op))
		return 0;
	path = op->domain->paths[mount - op->host->mounts][op->way->level];
	if (!path)
		return pri_cg_fail(op, -EOPNOTSUPP, "it has no group there");
	/* From the top down; the group itself is not asked: it has the files then. */
	for (size_t n = 0; r == 0; n += strcspn(path + n, "/") + 1) {
		pri_autoclose int fd = -1;

		snprintf(part, sizeof(part), "%.*s", n ? (int)n - 1 : 0, path);
		fd = pri_cg_open_below(mount->fd, part);
		if (fd < 0)
			return pri_cg_fail(op, -ENOENT, "the group /%s is gone", part);
		r = enable_in(op, fd, part);
		if (!strchr(path + n, '/'))
			break;
	}
	if (r == 0 && !pri_cg_is_enabled(op))
		return pri_cg_fail(op, -EOPNOTSUPP, "the controller %s is not there to be enabled",
				   name_of(op));
	return r;
}

/* Whether a group of v2 has something set by a controller: a row that it serves says otherwise
 * than the file of a new group. */
static bool has_settings(const struct pri_cg_op *op, int directory)
{
	for (int i = 0; i < PRI_ATTR_COUNT; i++) {
		const struct pri_cg_way *way = &pri_cg_rows[i].v2;
		char text[LIST_MAX];

		if (!way->untouched || way->controller != op->way->controller ||
		    !pri_cg_read_at(directory, way->file, text, sizeof(text)))
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, way->untouched) != 0)
			return true;
	}
	return false;
}

static bool any_child_has_settings(const struct pri_cg_op *op, int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return true;
	while (!found && (entry = readdir(dir))) {
		pri_autoclose int fd = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		found = fd >= 0 && has_settings(op, fd);
	}
	closedir(dir);
	return found;
}

static int disable_in(struct pri_cg_op *op, int directory, const char *path, void *arg)
{
	char mark[PRI_CG_MARK_MAX], word[64], text[64];

	(void)path;
	(void)arg;
	snprintf(word, sizeof(word), "enabled.%s", name_of(op));
	if (!pri_cg_mark_get(directory, word, mark))
		return 0;
	if (any_child_has_settings(op, directory))
		return 1;
	snprintf(text, sizeof(text), "-%s", name_of(op));
	/* EBUSY: a group below has it enabled for those below it. */
	if (pri_cg_write_at(op->host, directory, CONTROL, text) < 0)
		return 1;
	pri_cg_mark_remove(directory, word);
	return 0;
}

void pri_cg_disable(struct pri_cg_op *op)
{
	if (!of_v2(op))
		return;
	if (pri_cg_each_above(op, op->way->controller, disable_in, NULL) == 0)
		(void)disable_in(op, mount_of(op)->fd, "", NULL);
	pri_cg_files_clear(op->host, op->domain);
}
