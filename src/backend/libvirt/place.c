/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a domain runs, for the backends of this machine that stand beside this one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pralloc/domain.h>

#include "backend/libvirt/libvirt.h"

bool pri_lv_host_is_local(void *state)
{
	const struct pri_lv_host *host = state;

	return host->local;
}

/* The XML is not needed any more: its texts move. */
static int take_nics(struct pri_place *place, struct pri_lv_xml *xml)
{
	place->nics = calloc(xml->nic_count + 1, sizeof(*place->nics));
	if (!place->nics)
		return -ENOMEM;
	for (size_t i = 0; i < xml->nic_count; i++) {
		struct pri_place_nic *nic = &place->nics[place->nic_count++];
		struct pri_lv_nic *from = &xml->nics[i];

		nic->mac = pri_steal(from->mac);
		nic->tap = pri_steal(from->tap);
		nic->alias = pri_steal(from->alias);
		nic->link = pri_steal(from->link);
		nic->bridge = pri_steal(from->bridge);
		nic->type = pri_steal(from->type);
	}
	return 0;
}

static int take_disks(struct pri_place *place, struct pri_lv_xml *xml)
{
	place->disks = calloc(xml->disk_count + 1, sizeof(*place->disks));
	if (!place->disks)
		return -ENOMEM;
	for (size_t i = 0; i < xml->disk_count; i++) {
		struct pri_place_disk *disk = &place->disks[place->disk_count];
		struct pri_lv_disk *from = &xml->disks[i];

		if (!from->local || !from->source)
			continue;
		disk->target = pri_steal(from->target);
		disk->source = pri_steal(from->source);
		disk->alias = pri_steal(from->alias);
		place->disk_count++;
	}
	return 0;
}

static int fill(struct pri_lv_op *op, const struct pri_identity *identity, struct pri_lv_xml *xml)
{
	struct pri_place *place = &op->job->place;
	int r = take_nics(place, xml);

	if (r == 0)
		r = take_disks(place, xml);
	place->pid = pri_lv_qemu_pid(identity);
	place->incarnation = identity->incarnation;
	return r < 0 ? pri_lv_fail(&op->fault, r, "out of memory") : 0;
}

static int place_once(struct pri_lv_op *op)
{
	struct pri_identity identity = {0};
	struct pri_lv_xml *xml;
	int r;

	if (pri_lv_identify(op->host, op->ptr, &identity) < 0)
		return -1;
	if (identity.state == PRALLOC_DOMAIN_OFF)
		return pri_lv_fail(&op->fault, -ENOTCONN, "the domain does not run");
	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	pri_lv_core->place_clear(&op->job->place);
	r = fill(op, &identity, xml);
	pri_lv_xml_free(xml);
	return r;
}

static int place_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {
		.host = job->host, .domain = job->domain, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, place_once);

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text) : 0;
}

int pri_lv_place(struct pri_call *call, struct pri_place *place)
{
	struct pri_lv_job *job = pri_lv_job_new(call, place_work);
	int r;

	if (!job)
		return -ENOMEM;
	r = pri_lv_job_run(call, &job);
	if (r == 0) {
		*place = job->place;
		job->place = (struct pri_place){0};
	}
	pri_lv_job_end(job);
	return r;
}

static int links_once(struct pri_lv_op *op)
{
	virNetworkPtr *networks = NULL;
	int n = PRI_LV(op->host, virConnectListAllNetworks, op->host->conn, &networks,
		       VIR_CONNECT_LIST_NETWORKS_ACTIVE);
	int r = 0;

	/* Many hosts have no network driver, and so no networks. */
	if (n < 0)
		virResetLastError();
	for (int i = 0; i < n; i++) {
		pri_autofree char *bridge = PRI_LV(op->host, virNetworkGetBridgeName, networks[i]);

		if (bridge && r == 0)
			r = pri_lv_instance_add(&op->job->instances, virNetworkGetName(networks[i]),
						bridge, NULL);
		virNetworkFree(networks[i]);
	}
	free(networks);
	return r < 0 ? pri_lv_fail(&op->fault, r, "out of memory") : 0;
}

static int links_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {.host = job->host, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, links_once);

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text) : 0;
}

int pri_lv_links(struct pri_call *call, pri_add_link add, void *arg)
{
	struct pri_lv_job *job = pri_lv_job_new(call, links_work);
	int r;

	if (!job)
		return -ENOMEM;
	r = pri_lv_job_run(call, &job);
	for (size_t i = 0; r == 0 && i < job->instances.n; i++)
		r = add(arg, job->instances.items[i].canonical, job->instances.items[i].aliases[0]);
	pri_lv_job_end(job);
	return r;
}
