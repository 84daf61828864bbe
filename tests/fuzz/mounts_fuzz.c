/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a /proc/self/mountinfo, in a tree that has hierarchies of both versions.  Whatever it says,
 * each controller is in one of the mounts that were opened, or in none, and a path has a disk or none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/cgroup/cgroup.h"
#include "backend/cgroup/device.h"

#include "fuzz.h"
#include "must.h"

#define TEXT_MAX 65536

static char root[] = "/tmp/pralloc-fuzz-XXXXXX";
static const char *const directories[] = {
	"/proc",
	"/proc/self",
	"/sys",
	"/sys/fs",
	"/sys/fs/cgroup",
	"/sys/fs/cgroup/memory",
	"/sys/fs/cgroup/cpu",
	"/sys/fs/cgroup/with blank",
};
static const char *const files[] = {"/proc/self/mountinfo", "/sys/fs/cgroup/cgroup.controllers"};

static const char *in_root(const char *path)
{
	static char whole[sizeof(root) + 64];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	return whole;
}

static void put(const char *path, const void *data, size_t size)
{
	int fd = open(in_root(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void remove_tree(void)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(files); i++)
		unlink(in_root(files[i]));
	for (size_t i = PRI_ARRAY_SIZE(directories); i-- > 0;)
		rmdir(in_root(directories[i]));
	rmdir(root);
}

static void make_tree(void)
{
	static const char controllers[] = "cpuset cpu io memory pids\n";
	static bool made;

	if (made)
		return;
	MUST(mkdtemp(root));
	made = true;
	atexit(remove_tree);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(directories); i++)
		MUST(mkdir(in_root(directories[i]), 0700) == 0);
	put(files[1], controllers, strlen(controllers));
}

/* The disk below a path, as the same text tells it. */
static void check_device(void)
{
	struct pri_cg_device device;
	const char *why = NULL;
	int r = pri_cg_device_find(root, "/sys/fs/cgroup/memory", &device, &why);

	MUST(r == 0 || (r < 0 && why && *why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pri_cg_host host = {.root = root};
	int r;

	if (size >= TEXT_MAX)
		return 0;
	make_tree();
	put(files[0], data, size);
	r = pri_cg_mounts_find(&host);
	MUST((r == 0) == (host.mount_count > 0) || (r < 0 && r != -ENOENT));
	MUST(host.mount_count <= PRI_CG_MOUNTS_MAX);
	for (int i = 0; i < PRI_CG_CONTROLLERS; i++) {
		const struct pri_cg_mount *mount;

		MUST(host.mount_of[i] < (int)host.mount_count);
		mount = pri_cg_mount_of(&host, i);
		MUST(!mount || (mount->fd >= 0 && mount->top && *mount->path &&
				(mount->controllers & UINT32_C(1) << i)));
	}
	pri_cg_mounts_clear(&host);
	check_device();
	return 0;
}
