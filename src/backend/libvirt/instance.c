/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instances of attributes: vCPUs, interfaces, links, disks, devices, from the domain's XML. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/libvirt/libvirt.h"

typedef int (*collect)(struct pri_lv_instances *list, const struct pri_lv_xml *xml);

int pri_lv_instance_add(struct pri_lv_instances *list, const char *canonical, const char *first,
			const char *second)
{
	struct pri_lv_instance *item;
	size_t n = 0;

	item = realloc(list->items, (list->n + 1) * sizeof(*item));
	if (!item)
		return -ENOMEM;
	list->items = item;
	item = &list->items[list->n];
	*item = (struct pri_lv_instance){.canonical = strdup(canonical)};
	if (!item->canonical)
		return -ENOMEM;
	list->n++;
	for (int i = 0; i < 2; i++) {
		const char *alias = i == 0 ? first : second;

		if (!alias)
			continue;
		item->alias_texts[n] = strdup(alias);
		if (!item->alias_texts[n])
			return -ENOMEM;
		item->aliases[n] = item->alias_texts[n];
		n++;
	}
	return 0;
}

static int add_vcpus(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	char number[16];
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < xml->vcpus; i++) {
		if (!xml->vcpu_enabled[i])
			continue;
		snprintf(number, sizeof(number), "%u", i);
		r = pri_lv_instance_add(list, number, NULL, NULL);
	}
	return r;
}

static int add_nics(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->nic_count; i++) {
		const struct pri_lv_nic *nic = &xml->nics[i];

		/* libvirt writes MAC addresses in lower case. */
		if (nic->mac)
			r = pri_lv_instance_add(list, nic->mac, nic->tap, nic->alias);
	}
	return r;
}

static int add_disks(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->disk_count; i++) {
		const struct pri_lv_disk *disk = &xml->disks[i];

		if (disk->target)
			r = pri_lv_instance_add(list, disk->target, disk->source, disk->alias);
	}
	return r;
}

static int add_device(void *arg, const char *path, const char *alias)
{
	struct pri_lv_instances *list = arg;

	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].canonical, path) == 0)
			return 0;
	return pri_lv_instance_add(list, path, alias, NULL);
}

static int add_named_devices(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->device_count; i++)
		r = add_device(list, xml->devices[i], NULL);
	return r;
}

/* What the disks are on: on another machine only what the XML names is known. */
static int add_disk_devices(struct pri_lv_op *op, const struct pri_lv_xml *xml)
{
	struct pri_lv_instances *list = &op->job->instances;
	char device[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->disk_count; i++) {
		const struct pri_lv_disk *disk = &xml->disks[i];

		if (!disk->local || !disk->source)
			continue;
		if (op->host->local && pri_lv_device_of(disk->source, device, sizeof(device)))
			r = add_device(list, device, disk->target);
		else if (strncmp(disk->source, "/dev/", 5) == 0)
			r = add_device(list, disk->source, disk->target);
	}
	return r;
}

/* The devices of the domain's disks first, then those with a limit, live or persistent, which may
 * be gone, then all others of this machine. */
static int collect_devices(struct pri_lv_op *op, const struct pri_lv_xml *xml)
{
	struct pri_lv_instances *list = &op->job->instances;
	struct pri_lv_xml *persistent = NULL;
	int r = add_disk_devices(op, xml);

	if (r == 0)
		r = add_named_devices(list, xml);
	op->mode = PRALLOC_CONFIG;
	if (r == 0 && xml->active && pri_lv_xml_fetch(op, &persistent) == 0)
		r = add_named_devices(list, persistent);
	pri_lv_xml_free(persistent);
	/* A transient domain has no other XML. */
	virResetLastError();
	if (r == 0 && op->host->local)
		r = pri_lv_devices(add_device, list);
	return r;
}

static int add_links(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->nic_count; i++)
		if (xml->nics[i].link)
			r = add_device(list, xml->nics[i].link, xml->nics[i].bridge);
	return r;
}

/* Those of the interfaces, live and persistent, then those with a setting, which may be gone. */
static int collect_links(struct pri_lv_op *op, const struct pri_lv_xml *xml)
{
	struct pri_lv_instances *list = &op->job->instances;
	struct pri_lv_xml *persistent = NULL;
	int r = add_links(list, xml);

	op->mode = PRALLOC_CONFIG;
	if (r == 0 && xml->active && pri_lv_xml_fetch(op, &persistent) == 0)
		r = add_links(list, persistent);
	pri_lv_xml_free(persistent);
	/* Without a persistent configuration there are no such settings either. */
	if (r == 0)
		(void)pri_lv_metadata_links(op, add_device, list);
	virResetLastError();
	return r;
}

static int add_memory_devices(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->virtio_mem_count; i++)
		r = pri_lv_instance_add(list, xml->virtio_mems[i].name, NULL, NULL);
	return r;
}

static const collect collectors[] = {
	[PRALLOC_INSTANCE_VCPU] = add_vcpus,
	[PRALLOC_INSTANCE_NIC] = add_nics,
	[PRALLOC_INSTANCE_DISK] = add_disks,
	/* What a domain has read and written is known for each of its disks. */
	[PRALLOC_INSTANCE_DEVICE] = add_disks,
	[PRALLOC_INSTANCE_LINK] = add_links,
	[PRALLOC_INSTANCE_MEMORY] = add_memory_devices,
};

static int instances_once(struct pri_lv_op *op)
{
	struct pri_lv_instances *list = &op->job->instances;
	const struct pri_attr *attr = op->job->attr;
	struct pri_lv_xml *xml;
	int r;

	/* mode 0: of the running domain, or what it will be when it starts */
	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	if (attr->instance == PRALLOC_INSTANCE_DEVICE && attr->kind != PRALLOC_KIND_READING)
		r = collect_devices(op, xml);
	else if (attr->instance == PRALLOC_INSTANCE_LINK)
		r = collect_links(op, xml);
	else
		r = collectors[attr->instance](list, xml);
	pri_lv_xml_free(xml);
	return r < 0 ? pri_lv_fail(&op->fault, r, "out of memory"), -1 : 0;
}

static int instances_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {
		.host = job->host, .domain = job->domain, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, instances_once);

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text) : 0;
}

int pri_lv_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add_one,
		     void *arg)
{
	struct pri_lv_job *job;
	int r;

	if (!call->domain || attr->instance >= PRI_ARRAY_SIZE(collectors) ||
	    !collectors[attr->instance])
		return pri_lv_core->fail(call, -EOPNOTSUPP,
					 "libvirt cannot list what %s can be set for", attr->name);
	job = pri_lv_job_new(call, instances_work);
	if (!job)
		return -ENOMEM;
	job->attr = attr;
	r = pri_lv_job_run(call, &job);
	for (size_t i = 0; r == 0 && i < job->instances.n; i++)
		r = add_one(arg, job->instances.items[i].canonical,
			    job->instances.items[i].aliases);
	pri_lv_job_end(job);
	return r;
}
