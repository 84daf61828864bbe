/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Weights of block devices.
 *
 * The files of a weight are there whether or not anything looks at them: BFQ divides a device only
 * where it is its scheduler, io.cost only where it is switched on.  So what is written depends on
 * what acts on the device, and where nothing does the weight is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"
#include "backend/cgroup/effective.h"
#include "backend/cgroup/systemd.h"

#define LINE_TEXT_MAX 64
#define WEIGHT_DEFAULT 100

struct weight_file {
	int version;
	enum pri_cg_weight_by by;
	const char *general, *device;
	struct pri_range range;
};

/* In the order in which they are taken where nothing acts. */
static const struct weight_file files[] = {
	{1, PRI_CG_WEIGHT_BFQ, "blkio.bfq.weight", "blkio.bfq.weight_device", {1, 1000}},
	/* CFQ, before Linux 5.0 */
	{1, PRI_CG_WEIGHT_NOTHING, "blkio.weight", "blkio.weight_device", {10, 1000}},
	{2, PRI_CG_WEIGHT_BFQ, "io.bfq.weight", "io.bfq.weight", {1, 1000}},
	{2, PRI_CG_WEIGHT_IOCOST, "io.weight", "io.weight", {1, 10000}},
};

/* What is looked for among the devices of a change. */
struct search {
	struct pri_cg_effect effect; /* of the first one that is divided, else of the first */
	struct pri_cg_device device;
	bool any;
};

static const struct pri_cg_mount *mount_of(const struct pri_cg_op *op)
{
	return pri_cg_mount_of(op->host, op->way->controller);
}

static int look_at(struct pri_cg_op *op, const struct pri_cg_device *device, struct search *search)
{
	const struct pri_cg_mount *mount = mount_of(op);
	pri_autoclose int top = -1;
	struct pri_cg_effect effect = {.by = PRI_CG_WEIGHT_NOTHING};

	if (mount->version == 2)
		top = pri_cg_open_below(mount->fd, "");
	if (pri_cg_effect(op->host->root, device, top, &effect) < 0)
		return 0;
	if (search->any && (effect.by == PRI_CG_WEIGHT_NOTHING || effect.why[0]))
		return 0;
	search->effect = effect;
	search->device = *device;
	search->any = true;
	return effect.by != PRI_CG_WEIGHT_NOTHING && !effect.why[0];
}

struct visit {
	struct pri_cg_op *op;
	struct search *search;
};

static int look_at_each(void *arg, const struct pri_cg_device *device)
{
	const struct visit *visit = arg;

	return look_at(visit->op, device, visit->search);
}

/* The device that was named; else those below the domain's disks; else any of the machine. */
static int find_effect(struct pri_cg_op *op, struct search *search)
{
	const struct pri_place *place = &op->domain->place;
	struct visit visit = {op, search};
	struct pri_cg_device device;
	const char *why = "no block device is there";
	int r = 0;

	if (*op->change->instance) {
		r = pri_cg_device_find(op->host->root, op->change->instance, &device, &why);
		if (r < 0)
			return pri_cg_fail(op, -ENODEV, "%s", why);
		(void)look_at(op, &device, search);
	}
	for (size_t i = 0; !*op->change->instance && r == 0 && i < place->disk_count; i++)
		if (pri_cg_device_find(op->host->root, place->disks[i].source, &device, &why) == 0)
			r = look_at(op, &device, search);
	if (!*op->change->instance && !search->any)
		(void)pri_cg_device_each(op->host->root, look_at_each, &visit);
	if (!search->any)
		snprintf(search->effect.why, sizeof(search->effect.why), "%s", why);
	return 0;
}

/* What will be there once the controller is enabled. */
static bool will_have(struct pri_cg_op *op, const struct weight_file *file)
{
	return pri_cg_has_file(op, "", file->general) ||
	       ((op->change->flags & PRALLOC_ENABLE) && !pri_cg_is_enabled(op));
}

static int choose_file(struct pri_cg_op *op, enum pri_cg_weight_by by,
		       const struct weight_file **ret_file)
{
	const struct weight_file *found = NULL;
	int version = mount_of(op)->version;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(files); i++) {
		if (files[i].version != version || !will_have(op, &files[i]))
			continue;
		if (!found || files[i].by == by)
			found = &files[i];
		if (by == PRI_CG_WEIGHT_NOTHING)
			break;
	}
	*ret_file = found;
	if (found)
		return 0;
	return pri_cg_fail_file(op, "", op->way->file, ENOENT, "use");
}

static int decide(struct pri_cg_op *op, const struct weight_file **ret_file, struct search *search)
{
	int r = find_effect(op, search);

	return r < 0 ? r : choose_file(op, search->effect.by, ret_file);
}

/* "200", or "default 200" with a line for each device that has its own. */
static uint64_t general_of(const char *text)
{
	const char *line = pri_cg_parse_line(text, "default");
	uint64_t weight;

	return pri_cg_parse_number(line ? line : text, &weight) ? weight : WEIGHT_DEFAULT;
}

static int read_general(struct pri_cg_op *op, const struct weight_file *file, uint64_t *ret_weight)
{
	int r = pri_cg_text(op, "", file->general);

	if (r == 0)
		*ret_weight = general_of(op->host->text);
	return r;
}

/* A device without a weight of its own has that of all devices. */
static int read_device(struct pri_cg_op *op, const struct weight_file *file, uint64_t *ret_weight)
{
	char numbers[PRI_CG_NUMBERS_MAX];
	const char *line;
	int r = pri_cg_device_numbers(op, numbers);

	if (r == 0)
		r = pri_cg_text(op, "", file->device);
	if (r < 0)
		return r;
	line = pri_cg_parse_line(op->host->text, numbers);
	if (line && pri_cg_parse_number(line, ret_weight))
		return 0;
	return read_general(op, file, ret_weight);
}

int pri_cg_weight_read(struct pri_cg_op *op)
{
	const struct weight_file *file;
	struct search search = {.any = false};
	int r = decide(op, &file, &search);

	if (r < 0)
		return r;
	op->change->range = &file->range;
	if (*op->change->instance)
		return read_device(op, file, &op->change->held.number);
	return read_general(op, file, &op->change->held.number);
}

/* Whether somebody else is there to have less: another group beside the domain's. */
static bool has_sibling(const struct pri_cg_op *op)
{
	const struct pri_cg_mount *mount = mount_of(op);
	const char *unit = op->domain->paths[mount - op->host->mounts][PRI_CG_UNIT];
	const char *slash = strrchr(unit, '/');
	pri_autofree char *parent = strndup(unit, slash ? (size_t)(slash - unit) : 0);
	pri_autoclose int fd = parent ? pri_cg_open_below(mount->fd, parent) : -1;
	int copy = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	size_t groups = 0;

	if (!dir)
		return true;
	while (groups < 2 && (entry = readdir(dir)))
		groups += entry->d_type == DT_DIR && entry->d_name[0] != '.';
	closedir(dir);
	return groups > 1;
}

static int check_effect(struct pri_cg_op *op, const struct search *search)
{
	const struct pri_cg_effect *effect = &search->effect;

	bool allowed = (op->change->flags & PRALLOC_ALLOW_INEFFECTIVE) != 0;

	/* The kernel has no place for it, ineffective or not. */
	if (*op->change->instance && effect->by == PRI_CG_WEIGHT_NOTHING)
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "the kernel takes a weight of a device only where it acts: %s",
				   effect->why);
	if (allowed)
		return 0;
	if (effect->by == PRI_CG_WEIGHT_NOTHING || effect->why[0])
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "the weight would not act: %s (or allow an ineffective value)",
				   effect->why);
	if (*op->change->instance && strcmp(effect->at.name, search->device.name) != 0)
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "the weight would not act: /dev/%s is divided at %s%s below it: "
				   "set it there (or allow an ineffective value)",
				   search->device.name, effect->at.name[0] ? "/dev/" : "",
				   effect->at.name[0] ? effect->at.name : "several disks");
	if (!has_sibling(op))
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "the weight would not act: no other group is beside it that it "
				   "could be compared with (or allow an ineffective value)");
	return 0;
}

int pri_cg_weight_check(struct pri_cg_op *op)
{
	const struct weight_file *file;
	uint64_t wanted = op->change->wanted.number;
	struct search search = {.any = false};
	int r;

	if (pri_cg_wants_default(op->change))
		return 0;
	r = decide(op, &file, &search);
	if (r < 0)
		return r;
	if (wanted < file->range.min || wanted > file->range.max)
		return pri_cg_fail(op, -ERANGE,
				   "%" PRIu64 " is outside the range of %s (%" PRIu64 " to %" PRIu64
				   "): pr_plan_rescale makes the weights of all domains fit",
				   wanted, file->general, file->range.min, file->range.max);
	return check_effect(op, &search);
}

static uint64_t on_systemds_scale(const struct weight_file *file, uint64_t weight)
{
	return file->by == PRI_CG_WEIGHT_BFQ ? pri_cg_systemd_io_weight(weight) : weight;
}

static int write_general(struct pri_cg_op *op, const struct weight_file *file, uint64_t weight)
{
	char text[LINE_TEXT_MAX];

	snprintf(text, sizeof(text), "%s%" PRIu64, file->version == 2 ? "default " : "", weight);
	return pri_cg_unit_put(op, "", file->general, text, on_systemds_scale(file, weight));
}

static bool has_own(struct pri_cg_op *op, const struct weight_file *file, const char *numbers)
{
	return pri_cg_text(op, "", file->device) == 0 && pri_cg_parse_line(op->host->text, numbers);
}

/* The default on top of the default is none of its own. */
static int write_device(struct pri_cg_op *op, const struct weight_file *file, uint64_t weight)
{
	char numbers[PRI_CG_NUMBERS_MAX], text[LINE_TEXT_MAX];
	uint64_t general = 0;
	int r = pri_cg_device_numbers(op, numbers);

	if (r == 0 && weight == WEIGHT_DEFAULT)
		r = read_general(op, file, &general);
	if (r < 0)
		return r;
	if (general != WEIGHT_DEFAULT)
		snprintf(text, sizeof(text), "%s %" PRIu64, numbers, weight);
	else if (has_own(op, file, numbers))
		snprintf(text, sizeof(text), "%s default", numbers);
	else
		return 0;
	/* systemd writes its own weights again with every daemon-reload, and a general one takes
	 * those of devices away (bfq_io_set_weight in the kernel). */
	if (file->version == 2)
		r = pri_cg_unit_keep_device(op, "IODeviceWeight", on_systemds_scale(file, weight));
	return r < 0 ? r : pri_cg_put(op, "", file->device, text);
}

int pri_cg_weight_write(struct pri_cg_op *op)
{
	uint64_t wanted = op->change->wanted.number;
	const struct weight_file *file;
	struct search search = {.any = false};
	int r = decide(op, &file, &search);

	if (r < 0)
		return r;
	if (wanted == PRALLOC_DEFAULT)
		wanted = WEIGHT_DEFAULT;
	return *op->change->instance ? write_device(op, file, wanted)
				     : write_general(op, file, wanted);
}
