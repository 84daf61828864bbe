/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Block devices and vCPUs, and what people call them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cgroup/cgroup.h"
#include "backend/cgroup/device.h"

struct listing {
	struct pri_call *call;
	struct pri_cg_host *host;
	struct pri_cg_domain *domain;
	pri_add_instance add;
	void *arg;
};

static int tell(const struct listing *listing, const struct pri_cg_device *device,
		const char *alias, const char *other)
{
	char canonical[PRI_CG_DEVICE_NAME_MAX + 8], numbers[PRI_CG_NUMBERS_MAX];
	const char *aliases[] = {numbers, alias, other, NULL};

	snprintf(canonical, sizeof(canonical), "/dev/%s", device->name);
	snprintf(numbers, sizeof(numbers), "%u:%u", device->major, device->minor);
	return listing->add(listing->arg, canonical, aliases);
}

static bool is_of_disk(const struct listing *listing, const struct pri_place_disk *disk,
		       struct pri_cg_device *device)
{
	const char *why;

	return disk->source &&
	       pri_cg_device_find(listing->host->root, disk->source, device, &why) == 0;
}

static bool was_told(const struct listing *listing, const struct pri_cg_device *device,
		     size_t disks)
{
	for (size_t i = 0; i < disks; i++) {
		struct pri_cg_device other;

		if (is_of_disk(listing, &listing->domain->place.disks[i], &other) &&
		    other.major == device->major && other.minor == device->minor)
			return true;
	}
	return false;
}

static int tell_other(void *arg, const struct pri_cg_device *device)
{
	const struct listing *listing = arg;

	return was_told(listing, device, listing->domain->place.disk_count)
		       ? 0
		       : tell(listing, device, NULL, NULL);
}

/* Those below the domain's disks first, then all others of the machine. */
static int list_devices(struct listing *listing)
{
	const struct pri_place *place = &listing->domain->place;
	int r = 0;

	for (size_t i = 0; r == 0 && i < place->disk_count; i++) {
		const struct pri_place_disk *disk = &place->disks[i];
		struct pri_cg_device device;

		if (is_of_disk(listing, disk, &device) && !was_told(listing, &device, i))
			r = tell(listing, &device, disk->target, disk->alias);
	}
	return r ? r : pri_cg_device_each(listing->host->root, tell_other, listing);
}

/* vCPUs are groups below the payload, in any hierarchy that has them. */
static int list_vcpus(struct listing *listing)
{
	static const char prefix[] = "vcpu";

	for (size_t i = 0; i < listing->host->mount_count; i++) {
		const char *path = listing->domain->paths[i][PRI_CG_PAYLOAD];
		pri_autoclose int top = path ? pri_cg_open_below(listing->host->mounts[i].fd, path)
					     : -1;
		char name[PRI_CG_SUB_MAX], *number = name + strlen(prefix);
		size_t found = 0;

		snprintf(name, sizeof(name), "%s0", prefix);
		for (unsigned int n = 0; top >= 0 && faccessat(top, name, F_OK, 0) == 0; found++) {
			int r = listing->add(listing->arg, number, NULL);

			if (r != 0)
				return r;
			snprintf(name, sizeof(name), "%s%u", prefix, ++n);
		}
		if (found)
			return 0;
	}
	return 0;
}

int pri_cg_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		     void *arg)
{
	struct listing listing = {call, call->host, call->domain, add, arg};
	int r = call->domain ? pri_cg_locate(call, call->host, call->domain) : 0;

	if (r < 0 || !call->domain)
		return r;
	switch (attr->instance) {
	case PRALLOC_INSTANCE_DEVICE:
		return list_devices(&listing);
	case PRALLOC_INSTANCE_VCPU:
		return list_vcpus(&listing);
	default:
		return 0;
	}
}

static const char *source_of(const struct pri_cg_domain *domain, const char *given)
{
	for (size_t i = 0; i < domain->place.disk_count; i++) {
		const struct pri_place_disk *disk = &domain->place.disks[i];

		if ((disk->target && strcmp(disk->target, given) == 0) ||
		    (disk->alias && strcmp(disk->alias, given) == 0))
			return disk->source;
	}
	return NULL;
}

int pri_cg_resolve(struct pri_call *call, const struct pri_attr *attr, const char *given,
		   char **ret_canonical)
{
	struct pri_cg_domain *domain = call->domain;
	struct pri_cg_device device;
	const char *why, *source;
	int r;

	if (attr->instance != PRALLOC_INSTANCE_DEVICE || !domain)
		return 0;
	r = pri_cg_locate(call, call->host, domain);
	if (r < 0)
		return r;
	source = source_of(domain, given);
	r = pri_cg_device_find(call->root, source ? source : given, &device, &why);
	/* What is neither a path nor numbers is looked for among the names there are. */
	if (r == -EINVAL)
		return 0;
	if (r == -ENOENT || r == -ENODEV)
		return pri_cg_core->fail(call, -ENODEV, "\"%s\": %s", given, why);
	if (r < 0)
		return pri_cg_core->fail(call, r, "\"%s\": %s", given, why);
	if (device.partition && !source)
		return pri_cg_core->fail(
			call, -EINVAL,
			"%s is a partition, and the kernel's settings are of whole "
			"disks: use /dev/%s, which concerns all its partitions",
			given, device.name);
	if (asprintf(ret_canonical, "/dev/%s", device.name) < 0) {
		*ret_canonical = NULL;
		return -ENOMEM;
	}
	return 0;
}

int pri_cg_device_numbers(struct pri_cg_op *op, char numbers[PRI_CG_NUMBERS_MAX])
{
	struct pri_cg_device device;
	const char *why;
	int r = pri_cg_device_find(op->host->root, op->change->instance, &device, &why);

	if (r < 0)
		return pri_cg_fail(op, -ENODEV, "%s", why);
	snprintf(numbers, PRI_CG_NUMBERS_MAX, "%u:%u", device.major, device.minor);
	return 0;
}
