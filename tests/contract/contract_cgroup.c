/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract over groups of this machine's kernel, whatever hierarchies it has: of its own, made
 * for the test and removed after it.  Needs root, and is skipped without.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"

#define MOUNTS_MAX 16

/* The hierarchies there are, from /proc/self/mountinfo. */
static char *mounts[MOUNTS_MAX];
static size_t mount_count;

static const char *const groups[] = {"", "/vm1", "/vm2", "/vm1/vcpu0", "/vm1/emulator"};

static struct contract contract = {
	.domain = "vm1",
	/* No device of the machine is changed for a test. */
	.write_flags = PRALLOC_ALLOW_HARM | PRALLOC_ALLOW_INEFFECTIVE | PRALLOC_ANCESTORS,
};
static char uri[64];

static void find_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[2048];

	cr_assert(file);
	while (fgets(line, sizeof(line), file) && mount_count < MOUNTS_MAX) {
		bool one = strstr(line, " - cgroup ") != NULL;

		if (!one && !strstr(line, " - cgroup2 "))
			continue;
		/* Controllers that nothing here is about. */
		if (one && !strstr(line, "cpu") && !strstr(line, "memory") &&
		    !strstr(line, "blkio"))
			continue;
		cr_assert_eq(sscanf(line, "%*s %*s %*s %*s %ms", &mounts[mount_count]), 1);
		mount_count++;
	}
	fclose(file);
}

/* malloc'ed */
static char *join(const char *directory, const char *name)
{
	char *path = NULL;

	cr_assert_gt(asprintf(&path, "%s/%s", directory, name), 0);
	return path;
}

static void put(const char *directory, const char *name, const char *text)
{
	char *path = join(directory, name);
	FILE *file = fopen(path, "we");

	free(path);
	if (!file)
		return;
	fputs(text, file);
	(void)fclose(file);
}

static void copy(const char *directory, const char *from, const char *name)
{
	char *path = join(directory, from), text[256] = "";
	FILE *file = fopen(path, "re");

	free(path);
	if (!file)
		return;
	if (fgets(text, sizeof(text), file))
		put(directory, name, text);
	fclose(file);
}

/* What is not there cannot be enabled, and is not served then. */
static void enable(const char *path)
{
	static const char *const controllers[] = {"+cpu", "+cpuset", "+memory", "+io"};

	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		put(path, "cgroup.subtree_control", controllers[i]);
}

/* malloc'ed */
static char *group_path(size_t mount, size_t group)
{
	char *path = NULL;

	cr_assert_gt(asprintf(&path, "%s/pralloc-contract.%d%s", mounts[mount], (int)getpid(),
			      groups[group]),
		     0);
	return path;
}

static void remove_groups(void)
{
	for (size_t m = 0; m < mount_count; m++)
		for (size_t g = sizeof(groups) / sizeof(groups[0]); g-- > 0;) {
			char *path = group_path(m, g);

			rmdir(path);
			free(path);
		}
}

static bool make_group(size_t mount, size_t group)
{
	char *path = group_path(mount, group);
	bool made = mkdir(path, 0755) == 0;

	/* v1: a new cpuset is empty, and of no use until it is filled. */
	copy(path, "../cpuset.cpus", "cpuset.cpus");
	copy(path, "../cpuset.mems", "cpuset.mems");
	if (group < 2)
		enable(path);
	free(path);
	return made;
}

static void make_groups(void)
{
	if (geteuid() != 0)
		cr_skip_test("making groups needs root");
	/* A test that is skipped has no .fini. */
	atexit(remove_groups);
	find_mounts();
	for (size_t m = 0; m < mount_count; m++)
		for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
			if (make_group(m, g))
				continue;
			remove_groups();
			cr_skip_test("no group can be made here");
		}
	snprintf(uri, sizeof(uri), "cgroup:///pralloc-contract.%d", (int)getpid());
	contract.uri = uri;
}

#define CASE(name)                                                                                 \
	Test(contract_cgroup, name, .init = make_groups, .fini = remove_groups)                    \
	{                                                                                          \
		contract_##name(&contract);                                                        \
	}

CONTRACT_CASES(CASE)
