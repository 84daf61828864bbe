/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the domains are, and what becomes of them. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <pralloc/domain.h>
#include <pralloc/event.h>

/* fa4eGGGG-… with the generation, …-N with the number. */
#define UUID_FORMAT "fa4e%04" PRIx32 "-0000-4000-8000-%012" PRIx32
#define UUID_NUMBER_AT 24
#define UUID_LENGTH 36

void pri_fake_identify(uint32_t number, const struct pri_fake_domain *domain,
		       struct pri_identity *identity)
{
	uint32_t generation = domain ? domain->generation & 0xffff : 0;
	bool running = !domain || domain->running;

	snprintf(identity->name, sizeof(identity->name), "vm%" PRIu32, number);
	snprintf(identity->uuid, sizeof(identity->uuid), UUID_FORMAT, generation, number);
	identity->state = running ? PRALLOC_DOMAIN_RUNNING : PRALLOC_DOMAIN_OFF;
	identity->incarnation = domain ? domain->starts : 1;
	if (!running)
		identity->incarnation = 0;
	identity->busy = domain && domain->migrating ? PRI_FAKE_BUSY : NULL;
}

static int new_domain(uint32_t number, uint64_t start_ns, struct pri_fake_domain **ret_domain)
{
	struct pri_fake_domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return -ENOMEM;
	domain->references = 1;
	domain->number = number;
	domain->running = true;
	domain->starts = 1;
	domain->start_ns = start_ns;
	pri_fake_balloon_behave(&domain->balloon);
	pri_fake_balloon_begin(&domain->balloon, PRI_FAKE_MEMORY_START, start_ns);
	pri_fake_virtio_begin(domain, start_ns);
	domain->told_bytes = PRI_FAKE_MEMORY_START;
	*ret_domain = domain;
	return 0;
}

void pri_fake_domain_unref(struct pri_fake_domain *domain)
{
	if (!domain || --domain->references > 0)
		return;
	pri_fake_store_clear(&domain->store);
	free(domain);
}

/* The number that a name or UUID stands for; 0 when it cannot be one of ours. */
static uint32_t number_of(const char *name)
{
	const char *digits = name + 2;
	int base = 10;
	unsigned long number;
	char *end;

	if (strlen(name) == UUID_LENGTH) {
		digits = name + UUID_NUMBER_AT;
		base = 16;
	} else if (strncmp(name, "vm", 2) != 0) {
		return 0;
	}
	number = strtoul(digits, &end, base);
	return *end == '\0' && number <= PRI_FAKE_DOMAINS_MAX ? (uint32_t)number : 0;
}

int pri_fake_domain_find(struct pri_fake_host *host, const char *name,
			 struct pri_fake_domain **ret_domain)
{
	uint32_t number = number_of(name);
	struct pri_fake_domain **slot;
	struct pri_identity identity = {.incarnation = 0};

	if (number == 0 || number > host->count)
		return -ENOENT;
	slot = &host->domains[number - 1];
	/* "vm01" and the UUID of a domain that was replaced have a number too. */
	pri_fake_identify(number, *slot, &identity);
	if (strcasecmp(name, identity.uuid) != 0 && strcmp(name, identity.name) != 0)
		return -ENOENT;
	if (!*slot && new_domain(number, host->start_ns, slot) < 0)
		return -ENOMEM;
	if ((*slot)->fate != PRI_FAKE_PRESENT)
		return -ENOENT;
	*ret_domain = *slot;
	return 0;
}

int pri_fake_domain_present(const struct pri_call *call, const char **ret_why)
{
	const struct pri_fake_domain *domain = call->domain;

	if (!domain || domain->fate == PRI_FAKE_PRESENT)
		return 0;
	if (domain->fate == PRI_FAKE_VANISHED) {
		*ret_why = "the domain is gone: it was undefined";
		return -ENOENT;
	}
	*ret_why = "the name now belongs to another domain: open it again";
	return -ESTALE;
}

int pri_fake_restart(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	uint64_t now_ns = pri_fake_core->now_ns();
	int r;

	r = pri_fake_store_restart(&domain->store);
	if (r < 0)
		return r;
	if (domain->running)
		pri_fake_tell(host, domain, PRALLOC_EVENT_STOPPED);
	domain->running = true;
	domain->migrating = false;
	domain->starts++;
	domain->start_ns = now_ns;
	domain->told_bytes = pri_fake_start_value(domain, PRI_MEM_BALLOON);
	pri_fake_balloon_begin(&domain->balloon, domain->told_bytes, now_ns);
	pri_fake_virtio_begin(domain, now_ns);
	pri_fake_tell(host, domain, PRALLOC_EVENT_STARTED);
	return 0;
}

int pri_fake_start(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	return domain->running ? 0 : pri_fake_restart(host, domain);
}

static void leave(struct pri_fake_host *host, struct pri_fake_domain *domain, int type)
{
	if (domain->running)
		pri_fake_tell(host, domain, type);
	domain->running = domain->migrating = false;
}

int pri_fake_stop(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	leave(host, domain, PRALLOC_EVENT_STOPPED);
	return 0;
}

int pri_fake_migrate(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	leave(host, domain, PRALLOC_EVENT_MIGRATED);
	return 0;
}

int pri_fake_migrating(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	(void)host;
	domain->migrating = domain->running;
	return 0;
}

int pri_fake_reboot(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	if (domain->running)
		pri_fake_tell(host, domain, PRALLOC_EVENT_REBOOTED);
	return 0;
}

int pri_fake_vanish(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	leave(host, domain, PRALLOC_EVENT_STOPPED);
	domain->fate = PRI_FAKE_VANISHED;
	return 0;
}

int pri_fake_replace(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	struct pri_fake_domain *successor;
	int r;

	r = new_domain(domain->number, pri_fake_core->now_ns(), &successor);
	if (r < 0)
		return r;
	successor->generation = domain->generation + 1;
	host->domains[domain->number - 1] = successor;
	leave(host, domain, PRALLOC_EVENT_STOPPED);
	pri_fake_tell(host, successor, PRALLOC_EVENT_STARTED);
	domain->fate = PRI_FAKE_REPLACED;
	pri_fake_domain_unref(domain);
	return 0;
}

int pri_fake_list(struct pri_call *call, pri_add_identity add, void *arg)
{
	const struct pri_fake_host *host = call->host;
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < host->count; i++) {
		const struct pri_fake_domain *domain = host->domains[i];
		struct pri_identity identity = {.incarnation = 0};

		if (domain && domain->fate != PRI_FAKE_PRESENT)
			continue;
		pri_fake_identify(i + 1, domain, &identity);
		r = add(arg, &identity);
		if (r != 0)
			return r;
	}
	return 0;
}

int pri_fake_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		    void **ret_domain)
{
	struct pri_fake_host *host = call->host;
	struct pri_fake_domain *domain;
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	r = pri_fake_domain_find(host, name, &domain);
	if (r == -ENOENT)
		return pri_fake_core->fail(call, r, "no such domain: there are vm1 to vm%" PRIu32,
					   host->count);
	if (r < 0)
		return pri_fake_core->fail(call, r, "out of memory");
	pri_fake_identify(domain->number, domain, identity);
	domain->references++;
	*ret_domain = domain;
	return 0;
}

void pri_fake_detach(void *host, void *domain)
{
	(void)host;
	pri_fake_domain_unref(domain);
}

int pri_fake_state(struct pri_call *call, struct pri_identity *identity)
{
	const struct pri_fake_domain *domain = call->domain;
	const char *why;
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	r = pri_fake_domain_present(call, &why);
	if (r < 0)
		return pri_fake_core->fail(call, r, "%s", why);
	pri_fake_identify(domain->number, domain, identity);
	return 0;
}

uint64_t pri_fake_vcpus(const struct pri_fake_domain *domain, bool config)
{
	const struct pri_value *count =
		pri_fake_store_find(&domain->store, PRI_CPU_COUNT, 0, config);

	if (count && count->number != PRALLOC_DEFAULT)
		return count->number;
	return pri_fake_start_value(domain, PRI_CPU_COUNT);
}

static int add_vcpus(const struct pri_fake_domain *domain, pri_add_instance add, void *arg)
{
	uint64_t count = pri_fake_vcpus(domain, /* config= */ !domain->running);
	char name[24];

	for (uint64_t i = 0; i < count; i++) {
		int r;

		snprintf(name, sizeof(name), "%" PRIu64, i);
		r = add(arg, name, NULL);
		if (r != 0)
			return r;
	}
	return 0;
}

static int add_nic(uint32_t number, pri_add_instance add, void *arg)
{
	char mac[18], tap[24];
	const char *aliases[] = {tap, "net0", NULL};

	snprintf(mac, sizeof(mac), "52:54:00:%02x:%02x:%02x", (uint8_t)(number >> 16),
		 (uint8_t)(number >> 8), (uint8_t)number);
	snprintf(tap, sizeof(tap), "faketap%" PRIu32, number);
	return add(arg, mac, aliases);
}

int pri_fake_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		       void *arg)
{
	const struct pri_fake_domain *domain = call->domain;
	const char *why;
	int r = pri_fake_domain_present(call, &why);

	if (r < 0)
		return pri_fake_core->fail(call, r, "%s", why);
	switch (attr->instance) {
	case PRALLOC_INSTANCE_VCPU:
		return add_vcpus(domain, add, arg);
	case PRALLOC_INSTANCE_NIC:
		return add_nic(domain->number, add, arg);
	case PRALLOC_INSTANCE_DEVICE:
		return add(arg, PRI_FAKE_DEVICE, NULL);
	case PRALLOC_INSTANCE_DISK:
		return add(arg, PRI_FAKE_DISK, NULL);
	case PRALLOC_INSTANCE_LINK:
		return add(arg, PRI_FAKE_LINK, NULL);
	case PRALLOC_INSTANCE_MEMORY:
		return add(arg, PRI_FAKE_VIRTIO_MEM, NULL);
	default:
		return 0;
	}
}
