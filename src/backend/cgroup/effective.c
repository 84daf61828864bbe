/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether weights divide a disk now.
 *
 * The kernel divides a disk by weights in two ways.  The BFQ scheduler does by io.bfq.weight and
 * blkio.bfq.weight; its files are there as soon as the module is, whatever schedules the disk, and
 * low_latency overrides the weights (Documentation/block/bfq-iosched.rst).  io.cost does by
 * io.weight, v2 alone, and only where the root's io.cost.qos has enable=1 for the disk
 * (Documentation/admin-guide/cgroup-v2.rst).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "backend/cgroup/effective.h"
#include "backend/cgroup/sysfile.h"
#include "util/cleanup.h"

/* Devices on devices on devices: the kernel has no limit, people have. */
#define DEPTH_MAX 8
#define TEXT_MAX 256
#define QOS_MAX 16384
#define NAME_MAX_BYTES (PRI_CG_DEVICE_NAME_MAX - 1)

struct search {
	const char *root;
	int v2_root;
	int depth;
};

static int look(struct search *search, const struct pri_cg_device *device,
		struct pri_cg_effect *effect);

static ssize_t read_queue(const struct search *search, const struct pri_cg_device *device,
			  const char *file, char text[TEXT_MAX])
{
	return pri_sysfile_read(text, TEXT_MAX, "%s/sys/block/%s/queue/%s", search->root,
				device->name, file);
}

/* The name in brackets; "none" where a device has no scheduler. */
static void chosen_scheduler(const struct search *search, const struct pri_cg_device *device,
			     char name[TEXT_MAX])
{
	char text[TEXT_MAX];
	const char *open = NULL;

	if (read_queue(search, device, "scheduler", text) > 0)
		open = strchr(text, '[');
	if (open)
		snprintf(name, TEXT_MAX, "%.*s", (int)strcspn(open + 1, "]"), open + 1);
	else
		snprintf(name, TEXT_MAX, "none");
}

static bool has_low_latency(const struct search *search, const struct pri_cg_device *device)
{
	char text[TEXT_MAX];

	return read_queue(search, device, "iosched/low_latency", text) > 0 &&
	       strcmp(text, "0") != 0;
}

/* Whether io.cost.qos has a line "MAJ:MIN enable=1 ..." for the device. */
static bool has_iocost(const struct search *search, const struct pri_cg_device *device)
{
	pri_autoclose int fd = -1;
	char key[TEXT_MAX];
	const char *line;
	pri_autofree char *text = NULL;
	ssize_t length;

	if (search->v2_root < 0)
		return false;
	fd = openat(search->v2_root, "io.cost.qos", O_RDONLY | O_CLOEXEC);
	text = fd < 0 ? NULL : malloc(QOS_MAX);
	length = text ? read(fd, text + 1, QOS_MAX - 2) : 0;
	if (length <= 0)
		return false;
	text[0] = '\n';
	text[1 + length] = '\0';
	snprintf(key, sizeof(key), "\n%u:%u ", device->major, device->minor);
	line = strstr(text, key);
	return line && strncmp(line + strlen(key), "enable=1", strlen("enable=1")) == 0;
}

/* Effect of one more of the devices below: the one that lacks most counts. */
static int look_below(struct search *search, const struct pri_cg_device *below,
		      struct pri_cg_effect *effect, int earlier)
{
	struct pri_cg_effect one = {0};
	int r = look(search, below, &one);

	if (r < 0)
		return r;
	if (earlier == 0 ||
	    (effect->by != PRI_CG_WEIGHT_NOTHING && (one.by == PRI_CG_WEIGHT_NOTHING || *one.why)))
		*effect = one;
	if (earlier)
		*effect->at.name = '\0';
	return 0;
}

/* The disk of an entry of "slaves", which may be a partition. */
static int find_slave(const struct search *search, const char *name,
		      struct pri_cg_device *ret_device)
{
	char numbers[TEXT_MAX];
	const char *why;

	if (pri_sysfile_read(numbers, sizeof(numbers), "%s/sys/class/block/%s/dev", search->root,
			     name) <= 0)
		return -EIO;
	return pri_cg_device_find(search->root, numbers, ret_device, &why);
}

/* Returns how many there are, or -errno. */
static int look_at_slaves(struct search *search, const struct pri_cg_device *device,
			  struct pri_cg_effect *effect)
{
	struct pri_cg_device below;
	pri_autofree char *path = NULL;
	struct dirent **entries;
	int found, count = 0, r = 0;

	if (asprintf(&path, "%s/sys/block/%s/slaves", search->root, device->name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	found = scandir(path, &entries, NULL, versionsort);
	if (found < 0)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (int i = 0; i < found; i++) {
		if (r == 0 && entries[i]->d_name[0] != '.') {
			r = find_slave(search, entries[i]->d_name, &below);
			if (r == 0)
				r = look_below(search, &below, effect, count++);
		}
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? r : count;
}

/* The disk of the file behind a loop device; 1 when there is one. */
static int look_at_backing_file(struct search *search, const struct pri_cg_device *device,
				struct pri_cg_effect *effect)
{
	struct pri_cg_device below;
	char file[PATH_MAX];
	const char *why;

	if (pri_sysfile_read(file, sizeof(file), "%s/sys/block/%s/loop/backing_file", search->root,
			     device->name) <= 0 ||
	    pri_cg_device_find(search->root, file, &below, &why) < 0)
		return 0;
	return look_below(search, &below, effect, 0) < 0 ? -EIO : 1;
}

static void tell_low_latency(const struct pri_cg_device *device, struct pri_cg_effect *effect)
{
	snprintf(effect->why, sizeof(effect->why),
		 "low_latency of %.*s overrides weights: "
		 "`echo 0 > /sys/block/%.*s/queue/iosched/low_latency`",
		 NAME_MAX_BYTES, device->name, NAME_MAX_BYTES, device->name);
}

static void tell_nothing(const struct search *search, const struct pri_cg_device *device,
			 const char *scheduler, struct pri_cg_effect *effect)
{
	char text[TEXT_MAX];

	if (read_queue(search, device, "scheduler", text) <= 0 || strcmp(text, "none") == 0) {
		snprintf(effect->why, sizeof(effect->why),
			 "%.*s has no I/O scheduler, and no disk is known below it%s",
			 NAME_MAX_BYTES, device->name,
			 search->v2_root < 0 ? "" : "; io.cost can be enabled for it");
		return;
	}
	snprintf(effect->why, sizeof(effect->why),
		 "the I/O scheduler of %.*s is %.31s, which ignores weights%s: "
		 "`echo bfq > /sys/block/%.*s/queue/scheduler && "
		 "echo 0 > /sys/block/%.*s/queue/iosched/low_latency`",
		 NAME_MAX_BYTES, device->name, scheduler,
		 search->v2_root < 0 ? "" : ", and io.cost is not enabled for it", NAME_MAX_BYTES,
		 device->name, NAME_MAX_BYTES, device->name);
}

/* A device that does not divide by itself. */
static int look_further(struct search *search, const struct pri_cg_device *device,
			const char *scheduler, struct pri_cg_effect *effect)
{
	int below = 0;

	if (search->depth < DEPTH_MAX) {
		search->depth++;
		below = look_at_slaves(search, device, effect);
		if (below == 0)
			below = look_at_backing_file(search, device, effect);
		search->depth--;
	}
	if (below == 0)
		tell_nothing(search, device, scheduler, effect);
	return below < 0 ? below : 0;
}

static int look(struct search *search, const struct pri_cg_device *device,
		struct pri_cg_effect *effect)
{
	char scheduler[TEXT_MAX];

	effect->at = *device;
	chosen_scheduler(search, device, scheduler);
	if (strcmp(scheduler, "bfq") == 0) {
		effect->by = PRI_CG_WEIGHT_BFQ;
		if (has_low_latency(search, device))
			tell_low_latency(device, effect);
		return 0;
	}
	if (has_iocost(search, device)) {
		effect->by = PRI_CG_WEIGHT_IOCOST;
		return 0;
	}
	return look_further(search, device, scheduler, effect);
}

int pri_cg_effect(const char *root, const struct pri_cg_device *device, int v2_root,
		  struct pri_cg_effect *ret_effect)
{
	struct search search = {.root = root, .v2_root = v2_root};
	struct pri_cg_effect effect = {.by = PRI_CG_WEIGHT_NOTHING};
	char numbers[TEXT_MAX];
	int r;

	if (pri_sysfile_read(numbers, sizeof(numbers), "%s/sys/block/%s/dev", root, device->name) <
	    0)
		return -ENODEV;
	r = look(&search, device, &effect);
	if (r == 0)
		*ret_effect = effect;
	return r;
}
