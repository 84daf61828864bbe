/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of vCPUs: plugged by QEMU, and online by the guest's agent. */
#include <errno.h>

#include "backend/libvirt/libvirt.h"

/* libvirt waits 5 s for a guest to let go of a vCPU and 30 s for another call to end, and has one
 * error code and translated texts for both: only the time tells which it was. */
#define UNPLUG_NS UINT64_C(15000000000)

/* The row's tag is 0 or one of VIR_DOMAIN_VCPU_MAXIMUM and _GUEST. */
static unsigned int flags_of(const struct pri_lv_op *op, const struct pri_change *change)
{
	return op->affect | (unsigned int)pri_lv_row(change)->tag;
}

/* What "not set" means: all that there can be. */
static int all_vcpus(struct pri_lv_op *op, const struct pri_change *change)
{
	bool guest = (flags_of(op, change) & VIR_DOMAIN_VCPU_GUEST) != 0;
	unsigned int flags = op->affect | (guest ? 0 : VIR_DOMAIN_VCPU_MAXIMUM);

	return PRI_LV(op->host, virDomainGetVcpusFlags, op->ptr, flags);
}

static int vcpu_read(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		int n = PRI_LV(op->host, virDomainGetVcpusFlags, op->ptr, flags_of(op, change));

		if (n < 0)
			return -1;
		change->held.number = (uint64_t)n;
		if (change->wanted.number == PRALLOC_DEFAULT && n == all_vcpus(op, change))
			change->held.number = PRALLOC_DEFAULT;
	}
	return 0;
}

static int refine(struct pri_lv_op *op, uint64_t begun_ns)
{
	int code = virGetLastErrorCode();

	pri_lv_fault_take(&op->fault, op->host, op->ptr, op->mode);
	if (code == VIR_ERR_OPERATION_TIMEOUT && pri_monotonic_ns() - begun_ns < UNPLUG_NS)
		pri_lv_fail(&op->fault, -ETIMEDOUT,
			    "the guest did not let go of a vCPU in libvirt's 5 s; it may still do "
			    "so (read cpu.count again)");
	return -1;
}

static int vcpu_write(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		uint64_t begun_ns = pri_monotonic_ns();
		int wanted = (int)change->wanted.number;

		if (change->wanted.number == PRALLOC_DEFAULT)
			wanted = all_vcpus(op, change);
		if (wanted < 0)
			return -1;
		if (PRI_LV(op->host, virDomainSetVcpusFlags, op->ptr, (unsigned int)wanted,
			   flags_of(op, change)) < 0)
			return refine(op, begun_ns);
		change->took = true;
	}
	return 0;
}

/* libvirt takes vCPUs away that it has plugged, and none of those that the domain began with. */
static int count_check(struct pri_lv_op *op, const struct pri_change *change)
{
	struct pri_lv_xml *xml;
	unsigned int fixed;

	if (op->host->driver != PRI_LV_QEMU || change->wanted.number == PRALLOC_DEFAULT)
		return 0;
	if (pri_lv_xml_fetch(op, &xml) < 0)
		return -1;
	fixed = xml->vcpus_fixed;
	pri_lv_xml_free(xml);
	if (change->wanted.number >= fixed)
		return 0;
	return pri_lv_fail(&op->fault, -EOPNOTSUPP,
			   "%u vCPUs of the domain were there when it started and cannot be "
			   "unplugged; set fewer persistently and plug the others live",
			   fixed);
}

/* The same error as a read gives: no agent in the configuration, or none that answers. */
static int agent_check(struct pri_lv_op *op, const struct pri_change *change)
{
	int n = PRI_LV(op->host, virDomainGetVcpusFlags, op->ptr, flags_of(op, change));

	return n < 0 ? -1 : 0;
}

static int vcpu_check(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		const struct pri_change *change = op->changes[i];
		bool guest = (flags_of(op, change) & VIR_DOMAIN_VCPU_GUEST) != 0;

		if ((guest ? agent_check : count_check)(op, change) < 0)
			return -1;
	}
	return 0;
}

const struct pri_lv_family pri_lv_vcpu = {
	.read = vcpu_read, .write = vcpu_write, .check = vcpu_check};
/* The same calls, and a failure of its own: an agent may be missing. */
const struct pri_lv_family pri_lv_guest_vcpu = {
	.read = vcpu_read, .write = vcpu_write, .check = vcpu_check};
