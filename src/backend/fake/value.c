/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading, checking and writing: one change after the other. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <pralloc/base.h>

/* What a new domain has where the attribute table names no default. */
static uint64_t new_value(int attr)
{
	switch (attr) {
	case PRI_MEM_BALLOON:
		return PRI_FAKE_MEMORY_START;
	case PRI_CPU_COUNT:
		return PRI_FAKE_VCPUS_START;
	default:
		return PRALLOC_DEFAULT;
	}
}

uint64_t pri_fake_start_value(const struct pri_fake_domain *domain, int attr)
{
	const struct pri_value *value =
		pri_fake_store_find(&domain->store, attr, 0, /* config= */ true);

	if (value && value->number != PRALLOC_DEFAULT)
		return value->number;
	return new_value(attr);
}

/* The live value of a setting that nobody set. */
static uint64_t unset_value(const struct pri_fake_domain *domain, int attr)
{
	switch (attr) {
	case PRI_CPU_COUNT:
	case PRI_CPU_GUEST_COUNT:
		return pri_fake_vcpus(domain, /* config= */ false);
	default:
		return pri_fake_core->attrs[attr].def;
	}
}

/* Each kind of instance has one member, but for vCPUs.  Slot 0 is "no instance". */
static unsigned int slot_of(const struct pri_change *change)
{
	if (change->instance[0] == '\0')
		return 0;
	if (change->attr->instance != PRALLOC_INSTANCE_VCPU)
		return 1;
	return (unsigned int)strtoul(change->instance, NULL, 10) + 1;
}

static const struct pri_fake_store *store_of(const struct pri_call *call)
{
	const struct pri_fake_domain *domain = call->domain;
	const struct pri_fake_host *host = call->host;

	return domain ? &domain->store : &host->store;
}

int pri_fake_value_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_store *store = store_of(call);
	int attr = change->serve->attr;
	bool config = change->mode == PRALLOC_CONFIG;
	const struct pri_value *value = pri_fake_store_find(store, attr, slot_of(change), config);

	/* A device without a value of its own has that of all devices. */
	if (!value)
		value = pri_fake_store_find(store, attr, 0, config);
	if (value)
		change->held.number = value->number;
	else
		change->held.number = config ? new_value(attr) : unset_value(call->domain, attr);
	return pri_fake_core->value_set_text(&change->held, value ? value->text : NULL);
}

int pri_fake_value_write(const struct pri_call *call, const struct pri_change *change)
{
	struct pri_fake_domain *domain = call->domain;
	struct pri_fake_host *host = call->host;

	return pri_fake_store_put(domain ? &domain->store : &host->store, change->serve->attr,
				  slot_of(change), change->mode == PRALLOC_CONFIG, &change->wanted);
}

/* Whether the domain can do something with the change at all. */
static int reachable(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;
	bool config = change->mode == PRALLOC_CONFIG;
	const char *why;
	uint64_t vcpus;
	int r = pri_fake_domain_present(call, &why);

	if (r < 0)
		return pri_fake_core->fail_change(call, change, r, "%s", why);
	if (!domain)
		return 0;
	if (!config && !domain->running)
		return pri_fake_core->fail_change(call, change, -ENOTCONN,
						  "the domain is off: start it, or use its "
						  "persistent configuration");
	vcpus = pri_fake_vcpus(domain, config);
	if (change->attr->instance == PRALLOC_INSTANCE_VCPU && slot_of(change) > vcpus)
		return pri_fake_core->fail_change(call, change, -ENODEV,
						  "there is no such vCPU: there are 0 to %" PRIu64,
						  vcpus - 1);
	return 0;
}

static int read_one(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_row *row = (const struct pri_fake_row *)change->serve;
	struct pri_fake_fault fault;
	int r = reachable(call, change);

	if (r < 0)
		return r;
	if (pri_fake_fault_due(call->host, PRI_FAKE_FAILREAD, call, change, &fault))
		return pri_fake_core->fail_change(call, change, fault.error,
						  "this read was made to fail");
	return row->read(call, change);
}

int pri_fake_read(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		changes[i].error = read_one(call, &changes[i]);
	return 0;
}

static int check_one(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;
	struct pri_fake_fault fault;
	int r = reachable(call, change);

	if (r == 0 && pri_fake_fault_due(call->host, PRI_FAKE_REFUSE, call, change, &fault))
		return pri_fake_core->fail_change(call, change, fault.error,
						  "this value was made to be refused");
	if (r < 0 || change->serve->attr != PRI_MEM_BALLOON || change->mode == PRALLOC_CONFIG)
		return r;
	if (domain->balloon.no_driver)
		return pri_fake_core->fail_change(call, change, -ENOTCONN,
						  "the guest's balloon driver is not alive: load "
						  "virtio_balloon in the guest");
	return 0;
}

int pri_fake_check(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		changes[i].error = check_one(call, &changes[i]);
	return 0;
}

static bool is_migrating(const struct pri_call *call)
{
	const struct pri_fake_domain *domain = call->domain;

	return domain && domain->migrating;
}

static int apply_one(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_row *row = (const struct pri_fake_row *)change->serve;
	struct pri_fake_fault fail = {.effect = true}, lie;
	bool fails, lies;
	int r = pri_fake_events(call);

	if (r == 0)
		r = reachable(call, change);
	if (r == 0 && is_migrating(call))
		r = pri_fake_core->fail_change(call, change, -EBUSY, "%s", PRI_FAKE_BUSY);
	if (r < 0)
		return r;
	fails = pri_fake_fault_due(call->host, PRI_FAKE_FAIL, call, change, &fail);
	lies = pri_fake_fault_due(call->host, PRI_FAKE_LIE, call, change, &lie);
	if (fail.effect && !lies)
		r = row->write(call, change);
	if (r < 0)
		return r;
	change->took = fail.effect;
	if (change->took && !lies)
		pri_fake_tell_setting(call, change);
	if (fails)
		return pri_fake_core->fail_change(call, change, fail.error,
						  "this write was made to fail");
	return change->verify ? read_one(call, change) : 0;
}

int pri_fake_apply(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		changes[i].took = false;
		changes[i].error = -ECANCELED;
	}
	for (size_t i = 0; i < n; i++) {
		struct pri_fake_fault fault;

		if (pri_fake_fault_due(call->host, PRI_FAKE_LOSE, call, &changes[i], &fault) &&
		    reachable(call, &changes[i]) == 0)
			return pri_fake_lose(call, &changes[i], &fault);
		changes[i].error = apply_one(call, &changes[i]);
		if (changes[i].error < 0)
			break;
	}
	return 0;
}
