/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of functions; URIs, opening, closing, the host as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend/cgroup/cgroup.h"
#include "backend/cgroup/systemd.h"
#include "core/core.h"

#define SCHEME "cgroup:"
#define FILE_MAX 8192
#define KIB 1024
/* A library takes no more than a part of what the program may open. */
#define OPEN_PART 2
#define OPEN_MIN 32
#define OPEN_MAX 8192

const struct pri_core *const pri_cg_core = &pri_core_services;

ssize_t pri_cg_slurp(const char *root, const char *path, char *buffer, size_t size)
{
	pri_autofree char *full = NULL;
	pri_autoclose int fd = -1;
	size_t length = 0;
	ssize_t n = 0;

	if (*root && asprintf(&full, "%s%s", root, path) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	fd = open(full ? full : path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (length < size - 1 && (n = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)n;
	buffer[length] = '\0';
	return n < 0 ? -errno : (ssize_t)length;
}

static bool cgroup_claims(const char *uri)
{
	return strncmp(uri, SCHEME, strlen(SCHEME)) == 0;
}

static void cgroup_close(void *state)
{
	struct pri_cg_host *host = state;

	pri_cg_mounts_clear(host);
	pri_cg_names_clear(host);
	free(host->text);
	free(host->root);
	free(host->path);
	free(host);
}

static size_t open_bound(void)
{
	struct rlimit limit;
	rlim_t part = OPEN_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		part = limit.rlim_cur / OPEN_PART;
	return part < OPEN_MIN ? OPEN_MIN : part > OPEN_MAX ? OPEN_MAX : (size_t)part;
}

/* "", "///machine.slice": the path, without a slash at its end. */
static int take_path(struct pri_call *call, struct pri_cg_host *host, const char *text)
{
	size_t length;

	if (*text && strncmp(text, "///", 3) != 0)
		return pri_cg_core->fail(call, -EINVAL,
					 "\"%s\" is not understood (cgroup: or cgroup:///GROUP)",
					 text);
	if (strstr(text, "/../") || strstr(text, "/./") ||
	    (strlen(text) >= 3 && strcmp(text + strlen(text) - 3, "/..") == 0))
		return pri_cg_core->fail(call, -EINVAL, "a path of a group has no \"..\" or \".\"");
	if (strlen(text) >= PRI_CG_TOP_MAX)
		return pri_cg_core->fail(call, -EINVAL,
					 "a path of a host of %zu bytes is too long (at most %d)",
					 strlen(text) - 2, PRI_CG_TOP_MAX - 3);
	host->path = strdup(*text ? text + 2 : "");
	if (!host->path)
		return -ENOMEM;
	for (length = strlen(host->path); length && host->path[length - 1] == '/'; length--)
		host->path[length - 1] = '\0';
	return 0;
}

static int check_path(struct pri_call *call, const struct pri_cg_host *host)
{
	for (size_t i = 0; i < host->mount_count; i++) {
		const char *path = host->path;
		size_t top = strlen(host->mounts[i].top);
		pri_autoclose int fd = -1;
		int r;

		/* In a container the path is that of its own view. */
		if (top > 1 && strncmp(path, host->mounts[i].top, top) == 0)
			path += top;
		fd = pri_cg_open_below(host->mounts[i].fd, path);
		if (fd >= 0)
			return 0;
		r = pri_cg_shortage(call, -fd);
		if (r < 0)
			return r;
		if (fd == -ELOOP)
			return pri_cg_core->fail(call, -EINVAL,
						 "there is a symbolic link in %s: a group is named "
						 "by its own path",
						 host->path);
	}
	return pri_cg_core->fail(call, -ENOENT, "there is no group %s in any hierarchy",
				 host->path);
}

static bool is_there(const struct pri_cg_host *host, const struct pri_cg_way *way, int version)
{
	const struct pri_cg_mount *mount;

	if (!way->read || way->controller >= PRI_CG_CONTROLLERS)
		return false;
	mount = pri_cg_mount_of(host, way->controller);
	return mount && mount->version == version;
}

static void choose_ways(struct pri_cg_host *host)
{
	for (int i = 0; i < PRI_ATTR_COUNT; i++) {
		const struct pri_cg_row *row = &pri_cg_rows[i];

		host->ways[i] = NULL;
		if (row->host.read)
			host->ways[i] = &row->host;
		else if (is_there(host, &row->v1, 1))
			host->ways[i] = &row->v1;
		else if (is_there(host, &row->v2, 2))
			host->ways[i] = &row->v2;
	}
}

static int fail_mounts(struct pri_call *call, int error)
{
	int r = pri_cg_shortage(call, error);

	if (error == ENOMEM)
		return -ENOMEM;
	return r < 0 ? r
		     : pri_cg_core->fail(call, error == EACCES ? -EACCES : -EIO,
					 "cannot read /proc/self/mountinfo: %s", strerror(error));
}

static int host_new(struct pri_call *call, const char *path, bool beside,
		    struct pri_cg_host **ret_host)
{
	struct pri_cg_host *host = calloc(1, sizeof(*host));
	int r = 0;

	if (!host)
		return -ENOMEM;
	host->beside = beside;
	host->open_max = open_bound();
	host->root = strdup(call->root);
	if (!host->root)
		r = -ENOMEM;
	if (r == 0)
		r = take_path(call, host, path);
	if (r == 0) {
		r = pri_cg_mounts_find(host);
		if (r == -ENOENT)
			pri_cg_core->fail(call, r, "no hierarchy of cgroups is mounted");
		else if (r < 0)
			r = fail_mounts(call, -r);
	}
	if (r == 0 && *host->path)
		r = check_path(call, host);
	if (r < 0) {
		cgroup_close(host);
		return r;
	}
	host->systemd = pri_cg_systemd_runs(host->root);
	choose_ways(host);
	*ret_host = host;
	return 0;
}

static int cgroup_open(struct pri_call *call, const char *uri, void **ret_host)
{
	struct pri_cg_host *host = NULL;
	int r = host_new(call, uri + strlen(SCHEME), /* beside= */ false, &host);

	if (r == 0)
		*ret_host = host;
	return r;
}

static int cgroup_open_beside(struct pri_call *call, void **ret_host)
{
	struct pri_cg_host *host = NULL;
	int r = host_new(call, "", /* beside= */ true, &host);

	if (r == 0)
		*ret_host = host;
	return r;
}

static const struct pri_serve *cgroup_serve(void *state, int attr, const char **ret_reason)
{
	const struct pri_cg_host *host = state;
	const struct pri_cg_row *row = &pri_cg_rows[attr];

	if (host->ways[attr])
		return &host->ways[attr]->serve;
	if (row->v2.read && !row->v1.read && pri_cg_mount_of(host, row->v2.controller))
		*ret_reason = row->v2_only;
	else if (row->v1.read || row->v2.read)
		*ret_reason =
			"no hierarchy of cgroups with the controller that it needs is mounted";
	else
		*ret_reason = host->beside ? NULL : row->reason;
	return NULL;
}

/* How many numbers and ranges a list as "0-3,5" has, and the number after its last one. */
static void count_list(const char *list, uint32_t *ret_count, uint32_t *ret_end)
{
	*ret_count = *ret_end = 0;
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		*ret_count += (uint32_t)(last - first + 1);
		*ret_end = (uint32_t)last + 1;
		list = end + (*end == ',');
	}
}

int pri_cg_cpu_facts(const struct pri_cg_host *host, struct pri_host_facts *facts)
{
	char text[FILE_MAX] = "";
	uint32_t ignored;
	ssize_t n = pri_cg_slurp(host->root, "/sys/devices/system/cpu/online", text, sizeof(text));

	if (n < 0)
		return (int)n;
	count_list(text, &facts->cpus, &facts->cpu_numbers);
	n = pri_cg_slurp(host->root, "/sys/devices/system/cpu/possible", text, sizeof(text));
	if (n > 0)
		count_list(text, &ignored, &facts->cpu_numbers);
	return 0;
}

static uint64_t meminfo(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) * KIB : 0;
}

static int count_domain(void *arg, const struct pri_identity *identity)
{
	struct pri_host_facts *facts = arg;

	(void)identity;
	facts->domains++;
	facts->running++;
	return 0;
}

static int cgroup_facts(struct pri_call *call, struct pri_host_facts *facts)
{
	const struct pri_cg_host *host = call->host;
	const struct pri_cg_mount *mount = pri_cg_mount_of(host, PRI_CG_CPU);
	char text[FILE_MAX];
	int r = pri_cg_cpu_facts(host, facts);

	if (r == 0 && pri_cg_slurp(host->root, "/proc/meminfo", text, sizeof(text)) <= 0)
		r = -EIO;
	if (r < 0)
		return pri_cg_core->fail(call, -EIO, "/proc or /sys cannot be read");
	facts->memory_bytes = meminfo(text, "MemTotal:");
	facts->free_bytes = meminfo(text, "MemFree:");
	facts->cgroup_version = mount ? mount->version : 0;
	return pri_cg_list(call, count_domain, facts);
}

/* It is seen: nobody has to say it, and nobody can say otherwise. */
static int cgroup_set_version(struct pri_call *call, int version)
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(call->host, PRI_CG_CPU);

	if (!mount || mount->version == version)
		return 0;
	return pri_cg_core->fail(call, -EBUSY, "this host is known to use cgroup v%d",
				 mount->version);
}

const struct pri_backend pri_cgroup_backend = {
	.name = "cgroup",
	.claims = cgroup_claims,
	.open = cgroup_open,
	.open_beside = cgroup_open_beside,
	.close = cgroup_close,
	.serve = cgroup_serve,
	.facts = cgroup_facts,
	.set_cgroup_version = cgroup_set_version,
	.list = pri_cg_list,
	.attach = pri_cg_attach,
	.detach = pri_cg_detach,
	.state = pri_cg_state,
	.instances = pri_cg_instances,
	.resolve = pri_cg_resolve,
	.read = pri_cg_read,
	.check = pri_cg_check,
	.apply = pri_cg_apply,
};
