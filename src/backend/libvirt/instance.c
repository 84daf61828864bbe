/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The instances of attributes: vCPUs, interfaces, disks, from the domain's XML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/libvirt/libvirt.h"

typedef int (*collect)(struct pri_lv_instances *list, const struct pri_lv_xml *xml);

static int add(struct pri_lv_instances *list, const char *canonical, const char *first,
	       const char *second)
{
	struct pri_lv_instance *item = &list->items[list->n];
	size_t n = 0;

	item->canonical = strdup(canonical);
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
		r = add(list, number, NULL, NULL);
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
			r = add(list, nic->mac, nic->tap, nic->alias);
	}
	return r;
}

static int add_disks(struct pri_lv_instances *list, const struct pri_lv_xml *xml)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < xml->disk_count; i++) {
		const struct pri_lv_disk *disk = &xml->disks[i];

		if (disk->target)
			r = add(list, disk->target, disk->source, disk->alias);
	}
	return r;
}

static const collect collectors[] = {
	[PRALLOC_INSTANCE_VCPU] = add_vcpus,
	[PRALLOC_INSTANCE_NIC] = add_nics,
	[PRALLOC_INSTANCE_DISK] = add_disks,
};

static int instances_once(struct pri_lv_op *op)
{
	struct pri_lv_instances *list = &op->job->instances;
	struct pri_lv_xml *xml;
	size_t room;
	int r;

	/* mode 0: of the running domain, or what it will be when it starts */
	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	room = xml->vcpus + xml->nic_count + xml->disk_count + 1;
	list->items = calloc(room, sizeof(*list->items));
	r = list->items ? collectors[op->job->attr->instance](list, xml) : -ENOMEM;
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
