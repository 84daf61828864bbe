/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plausible numbers for what can only be read. */
#include "backend/fake/fake.h"

#include <errno.h>

#include <pralloc/base.h>

/* What QEMU itself needs beside the guest's memory. */
#define OVERHEAD_BYTES (48 * PRI_FAKE_MIB)
#define NS_PER_MS UINT64_C(1000000)
#define MS_PER_SEC 1000

/* Grows with the time since the domain, or the host, was started. */
int pri_fake_counter_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_row *row = (const struct pri_fake_row *)change->serve;
	const struct pri_fake_domain *domain = call->domain;
	const struct pri_fake_host *host = call->host;
	uint64_t start_ns = domain ? domain->start_ns : host->start_ns;
	uint64_t up_ms = (pri_fake_core->now_ns() - start_ns) / NS_PER_MS;

	change->held.number = row->base + up_ms * row->per_second / MS_PER_SEC;
	return 0;
}

/* What the host sees of the domain's memory. */
int pri_fake_memory_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;
	const struct pri_fake_balloon *balloon = &domain->balloon;
	uint64_t actual = pri_fake_balloon_actual(balloon, pri_fake_core->now_ns());
	uint64_t used = balloon->used_bytes < actual ? balloon->used_bytes : actual;

	change->held.number = change->serve->attr == PRI_MEM_ACTUAL ? actual
								    : used + OVERHEAD_BYTES;
	return 0;
}

/* What the balloon driver in the guest reports. */
int pri_fake_guest_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;
	const struct pri_fake_balloon *balloon = &domain->balloon;
	uint64_t actual = pri_fake_balloon_actual(balloon, pri_fake_core->now_ns());

	if (balloon->no_driver)
		return pri_fake_core->fail_change(call, change, -ENODATA,
						  "the guest reports no memory statistics: its "
						  "balloon driver is not alive");
	switch (change->serve->attr) {
	case PRI_MEM_AVAILABLE:
		change->held.number = actual;
		return 0;
	case PRI_MEM_UNUSED:
	case PRI_MEM_USABLE:
		change->held.number = actual > balloon->used_bytes ? actual - balloon->used_bytes
								   : 0;
		return 0;
	default:
		/* Statistics of this moment, of a guest that never swaps. */
		change->held.number = 0;
		return 0;
	}
}

/* What the domain was made with. */
int pri_fake_maximum_read(const struct pri_call *call, struct pri_change *change)
{
	static const struct {
		int attr;
		uint64_t maximum;
	} all[] = {
		{PRI_CPU_MAXIMUM, PRI_FAKE_VCPUS_MAXIMUM},
		{PRI_MEM_MAXIMUM, PRI_FAKE_MEMORY_MAXIMUM},
		{PRI_MEM_VIRTIO_SIZE, PRI_FAKE_VIRTIO_SIZE},
	};

	(void)call;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(all); i++)
		if (all[i].attr == change->serve->attr)
			change->held.number = all[i].maximum;
	return 0;
}

/* Guarantees that are set. */
static uint64_t guaranteed(const struct pri_fake_host *host, int attr)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < host->count; i++) {
		const struct pri_fake_domain *domain = host->domains[i];
		const struct pri_value *value;

		if (!domain || !domain->running)
			continue;
		value = pri_fake_store_find(&domain->store, attr, 1, /* config= */ false);
		if (value && value->number != PRALLOC_DEFAULT)
			sum += value->number;
	}
	return sum;
}

int pri_fake_host_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_host *host = call->host;
	uint64_t total = pri_fake_host_memory(host), committed = pri_fake_host_committed(host);

	switch (change->serve->attr) {
	case PRI_CPU_ONLINE:
		change->held.number = PRI_FAKE_HOST_CPUS;
		return 0;
	case PRI_MEM_TOTAL:
		change->held.number = total;
		return 0;
	case PRI_MEM_FREE:
		change->held.number = total > committed ? total - committed : 0;
		return 0;
	default:
		change->held.number = committed;
		return 0;
	}
}

/* Each direction of a link is committed on its own; of both, the larger one. */
int pri_fake_committed_read(const struct pri_call *call, struct pri_change *change)
{
	int attr = change->serve->attr;
	uint64_t in = guaranteed(call->host, PRI_NET_GUARANTEE_IN);
	uint64_t out = guaranteed(call->host, PRI_NET_GUARANTEE_OUT);

	if (attr == PRI_NET_COMMITTED)
		change->held.number = in > out ? in : out;
	else
		change->held.number = attr == PRI_NET_COMMITTED_IN ? in : out;
	return 0;
}
