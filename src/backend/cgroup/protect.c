/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Protection of memory on cgroup v2: memory.low and memory.min.
 *
 * What a group is protected by is limited by what each group above it has (cgroup-v2.rst: "the
 * effective boundary is limited by values of all ancestors").  So a value that a group above voids
 * is refused; on request those above are raised to the sum of the groups below them.  What they had
 * before is marked at them, and when a value becomes smaller they come down again, to the sum or to
 * what they had.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"
#include "backend/cgroup/systemd.h"

#define TEXT_MAX 64

static uint64_t number_in(int directory, const char *name)
{
	char text[TEXT_MAX];
	uint64_t value;

	if (!pri_cg_read_at(directory, name, text, sizeof(text)) ||
	    !pri_cg_parse_number(text, &value))
		return 0;
	return value;
}

static uint64_t wanted_of(const struct pri_change *change)
{
	return change->wanted.number == PRALLOC_DEFAULT ? 0 : change->wanted.number;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > PRI_NUMBER_MAX || b > PRI_NUMBER_MAX || a + b < a ? PRALLOC_UNLIMITED : a + b;
}

static int sum_below(int directory, const char *name, uint64_t *ret_sum)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return -errno;
	*ret_sum = 0;
	while ((entry = readdir(dir))) {
		pri_autoclose int fd = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		*ret_sum = add(*ret_sum, fd < 0 ? 0 : number_in(fd, name));
	}
	closedir(dir);
	return 0;
}

/* The first group above that grants less than is wanted. */
struct limit {
	uint64_t wanted, granted;
	char path[1024];
};

static int find_limit(struct pri_cg_op *op, int directory, const char *path, void *arg)
{
	struct limit *limit = arg;

	limit->granted = number_in(directory, op->way->file);
	if (limit->granted >= limit->wanted)
		return 0;
	snprintf(limit->path, sizeof(limit->path), "%s", path);
	return 1;
}

int pri_cg_protect_check(struct pri_cg_op *op)
{
	struct limit limit = {.wanted = wanted_of(op->change)};
	uint32_t flags = PRALLOC_ANCESTORS | PRALLOC_ALLOW_INEFFECTIVE;
	int r;

	if (limit.wanted == 0 || (op->change->flags & flags))
		return 0;
	r = pri_cg_each_above(op, op->way->controller, find_limit, &limit);
	if (r < 0)
		return pri_cg_fail(op, -ENOENT, "the group is gone");
	if (r == 0)
		return 0;
	return pri_cg_fail(
		op, -EOPNOTSUPP,
		"%s of /%s, which is above it, is %" PRIu64 "M: no more than that is kept "
		"for what is below it (let it be raised with PRALLOC_ANCESTORS, or allow "
		"an ineffective value)",
		op->way->file, limit.path, limit.granted >> 20);
}

static int put_above(struct pri_cg_op *op, int directory, const char *path, uint64_t value)
{
	char text[TEXT_MAX] = "max", unit[PRI_CG_UNIT_MAX];
	int r;

	if (pri_cg_unit_of(op, path, unit))
		return pri_cg_unit_set(op, unit, value);
	if (value != PRALLOC_UNLIMITED)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	r = pri_cg_write_at(op->host, directory, op->way->file, text);
	if (r == 0)
		return 0;
	return pri_cg_fail(op, r == -EACCES || r == -EPERM ? -EACCES : -EIO,
			   "the value holds, but %s of /%s could not become %s: %s", op->way->file,
			   path, text, strerror(-r));
}

static int mark_above(struct pri_cg_op *op, int directory, const char *path, uint64_t had)
{
	char text[PRI_CG_MARK_MAX];
	int r;

	snprintf(text, sizeof(text), "%" PRIu64, had);
	r = pri_cg_mark_set(directory, op->way->file, text);
	return r == 0 ? 0
		      : pri_cg_fail(op, -EACCES, "cannot note at /%s what %s was: %s", path,
				    op->way->file, strerror(-r));
}

/* One group above: raised where that was asked for, and where it was raised before, brought to what
 * is needed now. */
static int settle(struct pri_cg_op *op, int directory, const char *path, void *arg)
{
	uint64_t has = number_in(directory, op->way->file), had = has, needed = 0;
	bool raise = (op->change->flags & PRALLOC_ANCESTORS) != 0;
	char mark[PRI_CG_MARK_MAX];
	bool marked = pri_cg_mark_get(directory, op->way->file, mark);
	int r = 0;

	(void)arg;
	if (marked)
		pri_cg_parse_number(mark, &had);
	if (!marked && !raise)
		return 0;
	if (sum_below(directory, op->way->file, &needed) < 0)
		return pri_cg_fail(op, -EIO, "the groups below /%s cannot be listed", path);
	if (needed < had || (!marked && needed <= has))
		needed = had;
	if (needed > has && !raise)
		return 0;
	if (needed != had && !marked)
		r = mark_above(op, directory, path, had);
	if (r == 0 && needed != has)
		r = put_above(op, directory, path, needed);
	if (r == 0 && needed == had && marked)
		pri_cg_mark_remove(directory, op->way->file);
	return r;
}

/* Without recursive protection what is below the unit has to have it itself. */
static int put_payload(struct pri_cg_op *op)
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(op->host, op->way->controller);
	char **paths = op->domain->paths[mount - op->host->mounts];
	struct pri_cg_way below = *op->way;
	const struct pri_cg_way *own = op->way;
	char text[PRI_CG_NUMBER_MAX];
	int r;

	if (mount->recursive || strcmp(paths[PRI_CG_UNIT], paths[PRI_CG_PAYLOAD]) == 0)
		return 0;
	pri_cg_number_text(op, op->change->wanted.number, text);
	below.level = PRI_CG_PAYLOAD;
	op->way = &below;
	r = pri_cg_put(op, "", below.file, text);
	op->way = own;
	return r;
}

int pri_cg_protect_write(struct pri_cg_op *op)
{
	int r = pri_cg_number_write(op);

	if (r == 0)
		op->change->took = true;
	if (r == 0)
		r = put_payload(op);
	if (r == 0)
		r = pri_cg_each_above(op, op->way->controller, settle, NULL);
	return r;
}
