/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The groups of a domain in each hierarchy.
 *
 * libvirt puts QEMU's threads into "emulator" and "vcpuN" below the group of the domain, so
 * /proc/PID/cgroup names those where the controller has them.  The group of the domain is
 * ".../qemu-1-NAME.libvirt-qemu" without systemd, and "machine-qemu\x2d1\x2dNAME.scope/libvirt" with
 * it: the scope is the unit, which competes with other domains, and "libvirt" is the payload
 * (libvirt's cgroups.rst).  A path is that of the reader's cgroup namespace; the top of the mount
 * is cut off it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define MEMBERSHIP_MAX 16384
/* The start time is field 22 of /proc/PID/stat; the one after the name is field 3. */
#define STAT_FIELDS_BEFORE_START 19

bool pri_cg_is_thread_group(const char *name)
{
	static const char *const numbered[] = {"vcpu", "iothread"};

	if (strcmp(name, "emulator") == 0)
		return true;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(numbered); i++) {
		size_t length = strlen(numbered[i]);

		if (strncmp(name, numbered[i], length) == 0 && isdigit((unsigned char)name[length]))
			return name[length + strspn(name + length, "0123456789")] == '\0';
	}
	return false;
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length > n && strncmp(text + length - n, end, n) == 0;
}

void pri_cg_split_levels(char *path, size_t *ret_unit)
{
	char *last = strrchr(path, '/');

	if (last && pri_cg_is_thread_group(last + 1)) {
		*last = '\0';
		last = strrchr(path, '/');
	}
	*ret_unit = strlen(path);
	if (last && strcmp(last, "/libvirt") == 0 &&
	    ends_with(path, (size_t)(last - path), ".scope"))
		*ret_unit = (size_t)(last - path);
}

/* Whether libvirt made the group for a domain. */
static bool is_domains_own(const char *unit, size_t length)
{
	const char *last = memrchr(unit, '/', length);

	return last && (ends_with(unit, length, ".libvirt-qemu") ||
			ends_with(unit, length, ".libvirt-lxc") ||
			(strncmp(last, "/machine-", strlen("/machine-")) == 0 &&
			 ends_with(unit, length, ".scope")));
}

static ssize_t read_at(int directory, const char *name, char *buffer, size_t size)
{
	pri_autoclose int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t r = 0;

	if (fd < 0)
		return -errno;
	while (length < size - 1 && (r = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)r;
	buffer[length] = '\0';
	return r < 0 ? -errno : (ssize_t)length;
}

uint64_t pri_cg_process_start(int process)
{
	char stat[2048], *at;

	if (read_at(process, "stat", stat, sizeof(stat)) <= 0)
		return 0;
	/* The name may hold anything, also blanks and brackets. */
	at = strrchr(stat, ')');
	at = at ? at + 1 : NULL;
	for (int i = 0; at && i < STAT_FIELDS_BEFORE_START; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/* The part of a path below the top of a mount, without the slash; NULL where it is not below. */
static const char *below_top(const struct pri_cg_mount *mount, const char *path)
{
	size_t length = strlen(mount->top);

	if (strcmp(mount->top, "/") == 0)
		return path + (*path == '/');
	if (strncmp(path, mount->top, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length + (path[length] == '/');
}

static int set_paths(struct pri_cg_domain *domain, size_t mount, const char *path, size_t unit)
{
	domain->paths[mount][PRI_CG_PAYLOAD] = strdup(path);
	domain->paths[mount][PRI_CG_UNIT] = strndup(path, unit);
	return domain->paths[mount][PRI_CG_PAYLOAD] && domain->paths[mount][PRI_CG_UNIT] ? 0
											 : -ENOMEM;
}

/* The host's path holds the domains: nobody else's groups are touched. */
static bool is_below_host(const struct pri_cg_host *host, const char *path)
{
	size_t length = strlen(host->path);

	return strncmp(path, host->path, length) == 0 && (!length || path[length] == '/');
}

/* How a group outside of the reader's own namespace is shown: "/..", "/../other". */
static bool leaves_namespace(const char *path)
{
	return strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0');
}

/* The group of a process in one hierarchy. */
static int place_process(struct pri_cg_host *host, struct pri_cg_domain *domain, size_t i,
			 const char *memberships)
{
	struct pri_cg_mount *mount = &host->mounts[i];
	char path[PRI_CG_PATH_MAX];
	const char *below;
	size_t unit;

	if (!pri_cg_membership(mount, memberships, path, sizeof(path)))
		return 0;
	pri_cg_split_levels(path, &unit);
	if (domain->kind == PRI_CG_BESIDE && !is_domains_own(path, unit))
		return 0;
	if (!is_below_host(host, path) || leaves_namespace(path))
		return 0;
	below = below_top(mount, path);
	/* The root group has no settings. */
	if (!below || !*below)
		return 0;
	return set_paths(domain, i, below, unit - (size_t)(below - path));
}

/* Too few descriptors are no sign that it has ended. */
static int fail_process(struct pri_call *call, int error, int code)
{
	int r = pri_cg_shortage(call, error);

	return r < 0 ? r : pri_cg_core->fail(call, code, "the process has ended");
}

static int place_by_memberships(struct pri_call *call, struct pri_cg_host *host,
				struct pri_cg_domain *domain, int process)
{
	char text[MEMBERSHIP_MAX];
	ssize_t length = read_at(process, "cgroup", text, sizeof(text));
	size_t found = 0;
	int r = 0;

	if (length < 0)
		return fail_process(call, (int)-length, -ENOENT);
	if (length == MEMBERSHIP_MAX - 1)
		return pri_cg_core->fail(call, -EIO,
					 "/proc/PID/cgroup of the process is too long (more than "
					 "%d bytes)",
					 MEMBERSHIP_MAX - 2);
	free(domain->memberships);
	domain->memberships = strdup(text);
	if (!domain->memberships)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < host->mount_count; i++) {
		r = place_process(host, domain, i, text);
		found += domain->paths[i][PRI_CG_UNIT] != NULL;
	}
	if (r < 0 || found)
		return r;
	if (domain->kind == PRI_CG_BESIDE)
		return pri_cg_core->fail(call, -EOPNOTSUPP,
					 "its process is in no group of its own (%.*s)",
					 (int)strcspn(text, "\n"), text);
	if (*host->path)
		return pri_cg_core->fail(call, -EACCES, "the process is in no group below %s",
					 host->path);
	if (strstr(text, ":/.."))
		return pri_cg_core->fail(
			call, -EACCES,
			"the process is in a group that belongs to others: it cannot "
			"be reached from this container");
	return pri_cg_core->fail(call, -EOPNOTSUPP,
				 "the process is in the root group, which has no settings: move it "
				 "to a group first");
}

static int open_process(struct pri_cg_host *host, int pid)
{
	pri_autofree char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/proc/%d", host->root, pid) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int locate_beside(struct pri_call *call, struct pri_cg_host *host,
			 struct pri_cg_domain *domain)
{
	pri_autoclose int process = -1;
	int r = 0;

	if (!domain->placed)
		r = pri_cg_core->place(call, &domain->place);
	if (r < 0)
		return r;
	domain->placed = true;
	if (domain->place.pid <= 0)
		return pri_cg_core->fail(call, -ENODATA, "which process it is is not known");
	process = open_process(host, domain->place.pid);
	if (process < 0)
		return fail_process(call, -process, -ENOTCONN);
	return place_by_memberships(call, host, domain, process);
}

static int locate_path(struct pri_call *call, struct pri_cg_host *host,
		       struct pri_cg_domain *domain)
{
	char path[PRI_CG_PATH_MAX];
	size_t found = 0;
	int r = 0;

	snprintf(path, sizeof(path), "%s/%s/libvirt", host->path, domain->name);
	for (size_t i = 0; r == 0 && i < host->mount_count; i++) {
		const char *below = below_top(&host->mounts[i], path);
		size_t unit = below ? strlen(below) - strlen("/libvirt") : 0;
		pri_autoclose int fd = -1;

		if (!below || unit == 0)
			continue;
		if (ends_with(below, unit, ".scope"))
			fd = pri_cg_open_below(host->mounts[i].fd, below);
		if (fd < 0) {
			pri_autofree char *alone = strndup(below, unit);

			fd = alone ? pri_cg_open_below(host->mounts[i].fd, alone) : -ENOMEM;
			if (fd >= 0)
				r = set_paths(domain, i, alone, unit);
			else if (fd == -ELOOP)
				return pri_cg_core->fail(call, -EINVAL,
							 "there is a symbolic link in the path: a "
							 "group is named by its own path");
		} else {
			r = set_paths(domain, i, below, unit);
		}
		if (r == 0 && fd < 0)
			r = pri_cg_shortage(call, -fd);
		found += fd >= 0;
	}
	if (r == 0 && found == 0)
		return pri_cg_core->fail(call, -ENOENT,
					 "there is no such group in any hierarchy, below %s",
					 *host->path ? host->path : "/");
	return r;
}

/* A process can be moved to another group at any time, and that one is meant then. */
static bool has_moved(const struct pri_cg_domain *domain)
{
	char text[MEMBERSHIP_MAX];

	return domain->kind == PRI_CG_BY_PROCESS &&
	       (read_at(domain->process, "cgroup", text, sizeof(text)) < 0 ||
		strcmp(text, domain->memberships) != 0);
}

int pri_cg_locate(struct pri_call *call, struct pri_cg_host *host, struct pri_cg_domain *domain)
{
	int r;

	if (domain->located && !has_moved(domain))
		return 0;
	if (domain->located)
		pri_cg_forget(host, domain);
	switch (domain->kind) {
	case PRI_CG_BY_PATH:
		r = locate_path(call, host, domain);
		break;
	case PRI_CG_BY_PROCESS:
		r = place_by_memberships(call, host, domain, domain->process);
		break;
	default:
		r = locate_beside(call, host, domain);
		break;
	}
	if (r < 0)
		pri_cg_forget(host, domain);
	else
		domain->located = true;
	return r;
}

void pri_cg_forget(struct pri_cg_host *host, struct pri_cg_domain *domain)
{
	pri_cg_files_clear(host, domain);
	for (size_t i = 0; i < PRI_CG_MOUNTS_MAX; i++)
		for (size_t level = 0; level < PRI_CG_LEVELS; level++)
			free(pri_steal(domain->paths[i][level]));
	if (domain->placed)
		pri_cg_core->place_clear(&domain->place);
	domain->placed = false;
	domain->located = false;
}
