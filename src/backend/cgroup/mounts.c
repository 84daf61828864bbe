/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the hierarchies are mounted, and which controllers are in them.
 *
 * /proc/self/mountinfo tells all mounts, with the group at the top of each (in a container that is
 * not the root) and, for v1, its controllers; cgroup.controllers tells those of v2.  Where several
 * mounts have the same controller, libcgroup says which one is meant, as for the tools that are
 * made with it.  It alone is not enough: it knows nothing of the top of a mount and of options,
 * does not tell v1 from v2, and cannot look at another tree.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "backend/cgroup/cgroup.h"

#ifdef PRI_HAVE_LIBCGROUP
#include <libcgroup.h>
#endif

#define CONTROLLERS_MAX 1024
/* All controllers in one hierarchy with a name, and more. */
#define NAMES_MAX 512

static const struct {
	const char *v1, *v2;
} controllers[PRI_CG_CONTROLLERS] = {
	[PRI_CG_CPU] = {"cpu", "cpu"},		[PRI_CG_CPUACCT] = {"cpuacct", NULL},
	[PRI_CG_CPUSET] = {"cpuset", "cpuset"}, [PRI_CG_MEMORY] = {"memory", "memory"},
	[PRI_CG_IO] = {"blkio", "io"},		[PRI_CG_CORE] = {NULL, NULL},
};

const char *pri_cg_controller_name(int controller, int version)
{
	const char *name = version == 1 ? controllers[controller].v1 : controllers[controller].v2;

	return name ? name : "cgroup";
}

const struct pri_cg_mount *pri_cg_mount_of(const struct pri_cg_host *host, int controller)
{
	int i = host->mount_of[controller];

	return i < 0 ? NULL : &host->mounts[i];
}

/* Whether a word is in a list with that separator. */
static bool is_listed(const char *list, const char *word, const char *separators)
{
	size_t length = strlen(word);

	while (*list) {
		size_t n = strcspn(list, separators);

		if (n == length && strncmp(list, word, n) == 0)
			return true;
		list += n + strspn(list + n, separators);
	}
	return false;
}

static uint32_t v1_controllers(const char *options)
{
	uint32_t found = 0;

	for (int i = 0; i < PRI_CG_CONTROLLERS; i++)
		if (controllers[i].v1 && is_listed(options, controllers[i].v1, ","))
			found |= UINT32_C(1) << i;
	return found;
}

static uint32_t v2_controllers(int fd)
{
	pri_autoclose int file = openat(fd, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
	uint32_t found = UINT32_C(1) << PRI_CG_CORE;
	char text[CONTROLLERS_MAX];
	ssize_t length = file < 0 ? -1 : read(file, text, sizeof(text) - 1);

	if (length < 0)
		return found;
	text[length] = '\0';
	for (int i = 0; i < PRI_CG_CONTROLLERS; i++)
		if (controllers[i].v2 && is_listed(text, controllers[i].v2, " \n"))
			found |= UINT32_C(1) << i;
	return found;
}

/* "\040" is how mountinfo writes a blank. */
static void decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 +
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* What is mounted over another mount hides it: only what is really there counts. */
static bool is_cgroup(const struct pri_cg_host *host, int fd, int version)
{
	struct statfs fs;

	if (*host->root)
		return true;
	return fstatfs(fd, &fs) == 0 &&
	       (unsigned long)fs.f_type ==
		       (version == 1 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC);
}

struct line {
	char *top, *where;
	const char *type, *options;
	int version;
};

/* "36 35 98:0 /top /where opts [tags] - type source options" */
static bool take_line(char *text, struct line *line)
{
	enum { ID, PARENT, NUMBERS, TOP, WHERE, FIELDS };
	char *fields[FIELDS], *rest = strstr(text, " - ");

	if (!rest)
		return false;
	*rest = '\0';
	rest += strlen(" - ");
	rest[strcspn(rest, "\n")] = '\0';
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&text, " ");
		if (!fields[i])
			return false;
	}
	line->type = strsep(&rest, " ");
	strsep(&rest, " ");
	line->options = rest ? rest : "";
	line->top = fields[TOP];
	line->where = fields[WHERE];
	decode(line->top);
	decode(line->where);
	line->version = strcmp(line->type, "cgroup") == 0    ? 1
			: strcmp(line->type, "cgroup2") == 0 ? 2
							     : 0;
	return line->version != 0;
}

#ifdef PRI_HAVE_LIBCGROUP
/* libcgroup's table is its own, with a lock of its own. */
static bool is_preferred(const struct pri_cg_host *host, int controller, int version,
			 const char *where)
{
	pri_autofree char *path = NULL;

	if (*host->root || version != 1 || cgroup_init() != 0)
		return false;
	if (cgroup_get_subsys_mount_point(controllers[controller].v1, &path) != 0)
		path = NULL;
	return path && strcmp(path, where) == 0;
}
#else
static bool is_preferred(const struct pri_cg_host *host, int controller, int version,
			 const char *where)
{
	(void)host;
	(void)controller;
	(void)version;
	(void)where;
	return false;
}
#endif

/* Which of two mounts of a controller: the whole hierarchy rather than a part of it, then what
 * libcgroup says, then the first. */
static bool is_better(const struct pri_cg_host *host, int controller, const struct line *line)
{
	const struct pri_cg_mount *old = pri_cg_mount_of(host, controller);
	bool whole = strcmp(line->top, "/") == 0;

	if (!old)
		return true;
	/* A controller is in one hierarchy only, but for mounts that were just made. */
	if (old->version != line->version)
		return false;
	if (strcmp(old->top, "/") != 0)
		return whole;
	return whole && is_preferred(host, controller, line->version, line->where);
}

static int add_mount(struct pri_cg_host *host, const struct line *line)
{
	struct pri_cg_mount mount = {.version = line->version};
	bool used = false;
	int r = 0;

	if (asprintf(&mount.path, "%s%s", host->root, line->where) < 0)
		return -ENOMEM;
	mount.top = strdup(line->top);
	mount.fd = open(mount.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount.fd < 0 && (errno == EMFILE || errno == ENFILE))
		r = -errno;
	if (mount.fd >= 0 && is_cgroup(host, mount.fd, mount.version))
		mount.controllers = line->version == 1 ? v1_controllers(line->options)
						       : v2_controllers(mount.fd);
	mount.recursive = is_listed(line->options, "memory_recursiveprot", ",");
	for (int i = 0; i < PRI_CG_CONTROLLERS && host->mount_count < PRI_CG_MOUNTS_MAX; i++) {
		if (!(mount.controllers & UINT32_C(1) << i) || !is_better(host, i, line))
			continue;
		host->mount_of[i] = (int)host->mount_count;
		used = true;
	}
	if (used && mount.top) {
		host->mounts[host->mount_count++] = mount;
		return 0;
	}
	free(mount.path);
	free(mount.top);
	if (mount.fd >= 0)
		close(mount.fd);
	return used ? -ENOMEM : r;
}

int pri_cg_mounts_find(struct pri_cg_host *host)
{
	pri_autofree char *path = NULL, *text = NULL;
	size_t size = 0;
	FILE *file;
	int r = 0;

	for (int i = 0; i < PRI_CG_CONTROLLERS; i++)
		host->mount_of[i] = -1;
	if (asprintf(&path, "%s/proc/self/mountinfo", host->root) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (r == 0 && getline(&text, &size, file) > 0) {
		struct line line;

		if (take_line(text, &line))
			r = add_mount(host, &line);
	}
	if (r == 0 && !feof(file))
		r = errno == ENOMEM ? -ENOMEM : -EIO;
	fclose(file);
	return r == 0 && host->mount_count == 0 ? -ENOENT : r;
}

void pri_cg_mounts_clear(struct pri_cg_host *host)
{
	for (size_t i = 0; i < host->mount_count; i++) {
		close(host->mounts[i].fd);
		free(host->mounts[i].path);
		free(host->mounts[i].top);
	}
	host->mount_count = 0;
}

/* "4:memory:/a", "3:cpu,cpuacct:/b", "0::/c" */
static const char *match_line(const struct pri_cg_mount *mount, const char *line, size_t length)
{
	const char *list = memchr(line, ':', length), *path;
	char names[NAMES_MAX];

	if (!list)
		return NULL;
	list++;
	path = memchr(list, ':', length - (size_t)(list - line));
	if (!path || (size_t)(path - list) >= sizeof(names))
		return NULL;
	memcpy(names, list, (size_t)(path - list));
	names[path - list] = '\0';
	if (mount->version == 2 ? *names : !(v1_controllers(names) & mount->controllers))
		return NULL;
	return path + 1;
}

bool pri_cg_membership(const struct pri_cg_mount *mount, const char *text, char *path, size_t size)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		const char *found = match_line(mount, text, length);
		size_t n = found ? length - (size_t)(found - text) : 0;

		if (found && n < size) {
			memcpy(path, found, n);
			path[n] = '\0';
			return true;
		}
		text += length + (text[length] == '\n');
	}
	return false;
}
