/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains: of a "tc:" host ports of bridges, beside libvirt those of libvirt. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pralloc/domain.h>

#include "backend/tc/tc.h"

/* FNV-1a. */
#define HASH_START UINT64_C(14695981039346656037)
#define HASH_PRIME UINT64_C(1099511628211)
#define HASH_OTHER UINT64_C(0x9e3779b97f4a7c15)

/* A MAC behind the name of an interface is how to see the same workload, no other one. */
static uint64_t hash(const char *text, uint64_t value)
{
	for (; *text; text++) {
		if (*text == '@')
			text += strcspn(text, "+");
		if (!*text)
			break;
		value = (value ^ (uint8_t)*text) * HASH_PRIME;
	}
	return value;
}

void pri_tc_name_id(const char *name, uint8_t id[PRI_TC_ID_SIZE])
{
	uint64_t parts[2] = {hash(name, HASH_START), hash(name, HASH_START ^ HASH_OTHER)};

	memcpy(id, parts, PRI_TC_ID_SIZE);
	/* A UUID of a form of its own (RFC 9562, version 8). */
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x80);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

static void print_uuid(const uint8_t *id, char uuid[37])
{
	char *at = uuid;

	for (int i = 0; i < PRI_TC_ID_SIZE; i++)
		at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      id[i]);
}

static bool parse_uuid(const char *uuid, uint8_t *id)
{
	for (int i = 0; i < PRI_TC_ID_SIZE; i++) {
		if (*uuid == '-')
			uuid++;
		if (!pri_tc_hex(uuid, &id[i]))
			return false;
		uuid += 2;
	}
	return true;
}

struct pri_identity pri_tc_identity(const char *name, uint64_t incarnation)
{
	struct pri_identity identity = {.state = incarnation ? PRALLOC_DOMAIN_RUNNING
							     : PRALLOC_DOMAIN_OFF,
					.incarnation = incarnation};
	uint8_t id[PRI_TC_ID_SIZE];

	pri_tc_name_id(name, id);
	print_uuid(id, identity.uuid);
	snprintf(identity.name, sizeof(identity.name), "%s", name);
	return identity;
}

int pri_tc_list(struct pri_call *call, pri_add_identity add, void *arg)
{
	pri_autofree struct pri_tc_interface *all = NULL;
	size_t n = 0;
	int r = pri_tc_interfaces(call->host, 0, NULL, &all, &n);

	if (r < 0)
		return pri_tc_fail(call, r, "interfaces", 0);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct pri_identity identity =
			pri_tc_identity(all[i].name, (uint64_t)all[i].ifindex);

		if (pri_tc_is_workload(call->host, &all[i]) &&
		    strcmp(all[i].slave_kind, "bridge") == 0)
			r = add(arg, &identity);
	}
	return r;
}

/* A UUID that list() has given; name stays where it is none of them. */
static int find_uuid(struct pri_call *call, const char *uuid, char name[IFNAMSIZ])
{
	pri_autofree struct pri_tc_interface *all = NULL;
	size_t n = 0;
	int r = pri_tc_interfaces(call->host, 0, NULL, &all, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct pri_identity identity = pri_tc_identity(all[i].name, 1);

		if (strcmp(identity.uuid, uuid) == 0)
			memcpy(name, all[i].name, IFNAMSIZ);
	}
	return r;
}

static int attach_name(struct pri_call *call, const char *name, struct pri_identity *identity,
		       struct pri_tc_domain *domain)
{
	char found[IFNAMSIZ] = "";
	int r;

	if (strlen(name) == sizeof(domain->uuid) - 1)
		find_uuid(call, name, found);
	domain->name = strdup(*found ? found : name);
	if (!domain->name)
		return -ENOMEM;
	r = pri_tc_nics(call, domain);
	if (r == -ENOTCONN)
		return -ENOENT;
	if (r < 0)
		return r;
	for (size_t i = 0; i < domain->nic_count; i++)
		if (domain->nics[i].refused)
			return pri_tc_error(call, -EOPNOTSUPP, "%s cannot be divided: %s",
					    domain->nics[i].tap, domain->nics[i].refused);
	*identity = pri_tc_identity(domain->name, (uint64_t)domain->nics[0].ifindex);
	return 0;
}

int pri_tc_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		  void **ret_domain)
{
	struct pri_tc_domain *domain = calloc(1, sizeof(*domain));
	struct pri_tc_host *host = call->host;
	int r;

	if (!domain)
		return -ENOMEM;
	r = host->beside ? 0 : attach_name(call, name, identity, domain);
	if (r == 0 && !parse_uuid(identity->uuid, domain->id))
		r = pri_tc_error(call, -EIO, "\"%s\" is not a UUID", identity->uuid);
	if (r < 0) {
		pri_tc_detach(host, domain);
		return r;
	}
	memcpy(domain->uuid, identity->uuid, sizeof(domain->uuid));
	*ret_domain = domain;
	return 0;
}

void pri_tc_detach(void *host, void *state)
{
	struct pri_tc_domain *domain = state;

	(void)host;
	pri_tc_nics_clear(domain);
	free(domain->name);
	free(domain);
}

int pri_tc_state(struct pri_call *call, struct pri_identity *identity)
{
	struct pri_tc_domain *domain = call->domain;
	int r = pri_tc_nics(call, domain);

	if (r < 0 && r != -ENOTCONN)
		return r;
	*identity = pri_tc_identity(domain->name,
				    r == 0 ? (uint64_t)domain->nics[0].ifindex : UINT64_C(0));
	return 0;
}

static int add_nic(const struct pri_tc_nic *nic, pri_add_instance add, void *arg)
{
	const char *aliases[] = {nic->tap, nic->alias, NULL};

	return add(arg, *nic->mac_text ? nic->mac_text : nic->tap, aliases);
}

/* The first of those on the same link. */
static bool is_first(const struct pri_tc_domain *domain, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (domain->nics[k].link && strcmp(domain->nics[k].link, domain->nics[i].link) == 0)
			return false;
	return true;
}

static int add_link(const struct pri_tc_domain *domain, size_t i, pri_add_instance add, void *arg)
{
	const struct pri_tc_nic *nic = &domain->nics[i];
	const char *aliases[] = {nic->owner_name, NULL};

	if (!nic->link || !is_first(domain, i))
		return 0;
	return add(arg, nic->link, aliases);
}

int pri_tc_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		     void *arg)
{
	struct pri_tc_domain *domain = call->domain;
	int r;

	if (!domain)
		return pri_tc_add_links(call, add, arg);
	r = pri_tc_nics(call, domain);
	for (size_t i = 0; r == 0 && i < domain->nic_count; i++)
		r = attr->instance == PRALLOC_INSTANCE_LINK ? add_link(domain, i, add, arg)
							    : add_nic(&domain->nics[i], add, arg);
	return r;
}
