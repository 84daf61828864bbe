/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel says, as an error of the set, with object, cause and what to do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define TYPE_MAX 64
#define PATH_TEXT_MAX 4096

static const struct {
	int error, code;
	const char *remedy;
} faults[] = {
	{EACCES, -EACCES, "needs root, or a group that was delegated to this user"},
	{EPERM, -EACCES, "needs root, or a group that was delegated to this user"},
	{EROFS, -EACCES, "the hierarchy is mounted read-only, as in most containers"},
	{EINVAL, -EINVAL, "the kernel does not take this value here"},
	{ERANGE, -ERANGE, "outside what the kernel takes"},
	{EBUSY, -EBUSY, "in use: the memory cannot be reclaimed, or groups below use it"},
	{ENOSPC, -ENOSPC, "a group above or below does not allow it"},
	{ENODEV, -ENODEV, "no such block device, or it is a partition: the whole disk is meant"},
	{EOPNOTSUPP, -EOPNOTSUPP, "the kernel cannot do that here"},
	{ENOMEM, -ENOMEM, NULL},
	{ELOOP, -EINVAL, "there is a symbolic link in its path"},
	{ETIMEDOUT, -ETIMEDOUT, "the deadline passed"},
};

int pri_cg_shortage(struct pri_call *call, int error)
{
	if (error == ENOMEM)
		return -ENOMEM;
	if (error != EMFILE && error != ENFILE)
		return 0;
	return pri_cg_core->fail(call, -EIO, "%s (raise the limit of open files, RLIMIT_NOFILE)",
				 strerror(error));
}

/* Why a file is not in a group that is there. */
static int fail_absent(struct pri_cg_op *op, const char *name, const char *path)
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(op->host, op->way->controller);
	const char *controller = pri_cg_controller_name(op->way->controller, mount->version);
	char type[TYPE_MAX] = "";

	if (mount->version == 1 || op->way->controller == PRI_CG_CORE)
		return pri_cg_fail(op, -EOPNOTSUPP, "there is no %s in %s: %s", name, path,
				   op->way->absent ? op->way->absent
						   : "the kernel does not have it");
	pri_cg_type_of(op, type, sizeof(type));
	if (strcmp(type, "threaded") == 0)
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "%s is a threaded group, in which %s has no settings: use the "
				   "group above it that is a domain",
				   path, controller);
	if (!pri_cg_is_enabled(op))
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "the controller %s is not enabled for %s: write \"+%s\" to "
				   "cgroup.subtree_control of the groups above it, or allow it to "
				   "be enabled (PRALLOC_ENABLE)",
				   controller, path, controller);
	return pri_cg_fail(op, -EOPNOTSUPP, "there is no %s in %s: %s", name, path,
			   op->way->absent ? op->way->absent : "the kernel does not have it");
}

int pri_cg_fail_file(struct pri_cg_op *op, const char *sub, const char *name, int error,
		     const char *doing)
{
	char path[PATH_TEXT_MAX], below[PRI_CG_SUB_MAX + 1] = "";

	pri_cg_path_text(op, path, sizeof(path));
	if (*sub)
		snprintf(below, sizeof(below), "/%s", sub);
	if (op->stale)
		return pri_cg_fail(op, -ENOENT, "the group %s%s is gone", path, below);
	if (error == ENOENT && *sub && !pri_cg_has_sub(op, sub))
		return pri_cg_fail(op, op->way->below == PRI_CG_VCPU ? -ENODEV : -EOPNOTSUPP,
				   "there is no group %s in %s (libvirt makes them for QEMU)", sub,
				   path);
	if (error == ENOENT)
		return fail_absent(op, name, path);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(faults); i++) {
		const char *remedy = faults[i].remedy;

		if (faults[i].error != error)
			continue;
		if (error == EINVAL && op->way->refusal)
			remedy = op->way->refusal;
		return pri_cg_fail(op, faults[i].code, "cannot %s %s in %s%s: %s%s%s%s", doing,
				   name, path, below, strerror(error), remedy ? " (" : "",
				   remedy ? remedy : "", remedy ? ")" : "");
	}
	return pri_cg_fail(op, -EIO, "cannot %s %s in %s%s: %s", doing, name, path, below,
			   strerror(error));
}
