/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that a domain may have: the balloon and its statistics period. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

static int maximum_kib(struct pri_lv_op *op, uint64_t *ret_kib)
{
	struct pri_lv_xml *xml;
	virDomainInfo info;

	if (op->mode == PRALLOC_CONFIG) {
		if (pri_lv_xml_fetch(op, &xml) < 0)
			return -1;
		*ret_kib = xml->memory_kib;
		pri_lv_xml_free(xml);
		return 0;
	}
	if (PRI_LV(op->host, virDomainGetInfo, op->ptr, &info) < 0)
		return -1;
	if (info.state == VIR_DOMAIN_SHUTOFF)
		return pri_lv_fail(&op->fault, -ENOTCONN, "the domain does not run"), -1;
	*ret_kib = info.maxMem;
	return 0;
}

static int maximum_read(struct pri_lv_op *op)
{
	uint64_t kib;

	if (maximum_kib(op, &kib) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		op->changes[i]->held.number = kib * 1024;
	return 0;
}

/* libvirt keeps no target: what can be read is what the balloon leaves now. */
static int balloon_read_live(struct pri_lv_op *op, uint64_t *ret_kib)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	int n = PRI_LV(op->host, virDomainMemoryStats, op->ptr, stats, VIR_DOMAIN_MEMORY_STAT_NR,
		       0);

	for (int i = 0; i < n; i++) {
		if (stats[i].tag != VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON)
			continue;
		*ret_kib = stats[i].val;
		return 0;
	}
	if (n >= 0)
		pri_lv_fail(&op->fault, -EOPNOTSUPP, "the domain has no memory balloon device");
	return -1;
}

static int balloon_read_config(struct pri_lv_op *op, uint64_t *ret_kib)
{
	struct pri_lv_xml *xml;

	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	*ret_kib = xml->current_memory_kib;
	/* All of it is what holds where nothing is set. */
	if (op->changes[0]->wanted.number == PRALLOC_DEFAULT && *ret_kib == xml->memory_kib)
		*ret_kib = PRALLOC_DEFAULT;
	pri_lv_xml_free(xml);
	return 0;
}

static int balloon_read(struct pri_lv_op *op)
{
	uint64_t kib = 0;

	if ((op->mode == PRALLOC_CONFIG ? balloon_read_config : balloon_read_live)(op, &kib) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		op->changes[i]->held.number = kib == PRALLOC_DEFAULT ? kib : kib * 1024;
	return 0;
}

static int balloon_write(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		uint64_t kib = change->wanted.number / 1024;

		/* Without a target a domain has all its memory. */
		if (change->wanted.number == PRALLOC_DEFAULT && maximum_kib(op, &kib) < 0)
			return -1;
		if (PRI_LV(op->host, virDomainSetMemoryFlags, op->ptr, kib, op->affect) < 0)
			return -1;
		change->took = true;
	}
	return 0;
}

static const char *obstacle(const struct pri_lv_xml *xml)
{
	if (!xml->balloon_model || strcmp(xml->balloon_model, "none") == 0)
		return "the domain has no memory balloon device (<memballoon model='none'/>)";
	if (xml->assigned_device)
		return "a device is assigned to the domain (VFIO), which pins all its memory";
	if (xml->hugepages)
		return "the domain's memory is backed by hugepages, which a balloon cannot free";
	if (xml->virtio_mem_count > 0)
		return "the domain has a virtio-mem device, which works against a balloon";
	return NULL;
}

/* Statistics that were never updated: no driver has ever spoken to the device. */
static int driver_check(struct pri_lv_op *op, const struct pri_lv_xml *xml)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	bool available = false, dated = false;
	uint64_t update = 0;
	int n = PRI_LV(op->host, virDomainMemoryStats, op->ptr, stats, VIR_DOMAIN_MEMORY_STAT_NR,
		       0);

	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE) {
			dated = true;
			update = stats[i].val;
		}
		available = available || stats[i].tag == VIR_DOMAIN_MEMORY_STAT_AVAILABLE;
	}
	if ((dated && update == 0) || (!available && xml->stats_period > 0))
		return pri_lv_fail(&op->fault, -ENOTCONN,
				   "the guest's balloon driver is not alive (statistics never "
				   "updated)"),
		       -1;
	return 0;
}

static int balloon_check(struct pri_lv_op *op)
{
	const struct pri_lv_xml *xml;
	const char *reason;

	if (op->mode == PRALLOC_CONFIG || op->host->driver != PRI_LV_QEMU)
		return 0;
	if (pri_lv_xml_cached(op, &xml) < 0)
		return -1;
	reason = obstacle(xml);
	if (reason)
		return pri_lv_fail(&op->fault, -EOPNOTSUPP, "%s", reason), -1;
	return driver_check(op, xml);
}

static int period_read(struct pri_lv_op *op)
{
	struct pri_lv_xml *xml;

	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		op->changes[i]->held.number = xml->stats_period ? xml->stats_period
								: PRALLOC_DEFAULT;
	pri_lv_xml_free(xml);
	return 0;
}

static int period_write(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		uint64_t wanted = op->changes[i]->wanted.number;
		int seconds = wanted == PRALLOC_DEFAULT ? 0 : (int)wanted;

		if (PRI_LV(op->host, virDomainSetMemoryStatsPeriod, op->ptr, seconds, op->affect) <
		    0)
			return -1;
		op->changes[i]->took = true;
	}
	return 0;
}

const struct pri_lv_family pri_lv_maximum = {.read = maximum_read};
const struct pri_lv_family pri_lv_balloon = {
	.read = balloon_read, .write = balloon_write, .check = balloon_check};
const struct pri_lv_family pri_lv_stats_period = {.read = period_read, .write = period_write};
