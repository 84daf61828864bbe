/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NICs of a domain: which tap, whose MAC, which link. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/tc/tc.h"

/* Interfaces whose traffic does not pass a tap of this machine, as libvirt names them. */
static const struct {
	const char *type, *reason;
} without_tap[] = {
	{"direct", "it is a macvtap: its traffic passes no bridge of the host"},
	{"vhostuser", "it is vhost-user: its traffic never enters the kernel"},
	{"hostdev", "it is a device passed through: its traffic never enters the host"},
	{"user", "it is user-mode networking: it has no tap"},
	{"vdpa", "it is vDPA: its traffic never enters the host"},
};

/* Interfaces that cannot be divided, as the kernel names them. */
static const struct {
	const char *kind, *reason;
} kinds[] = {
	{"macvtap", "it is a macvtap: its traffic passes no bridge of the host"},
	{"macvlan", "it is a macvlan: its traffic passes no bridge of the host"},
	{"ipvlan", "it is an ipvlan: its traffic passes no bridge of the host"},
	{"openvswitch", "it is of Open vSwitch, which divides itself (ovs-vsctl set interface)"},
	{"bridge", "it is a bridge: it is a link, no port of one"},
	{"ifb", "it is an IFB"},
};

static const char *kind_reason(const struct pri_tc_interface *interface)
{
	if (interface->flags & IFF_LOOPBACK)
		return "it is the loopback";
	if (strcmp(interface->slave_kind, "openvswitch") == 0)
		return "it is a port of Open vSwitch, which divides itself (ovs-vsctl set "
		       "interface)";
	for (size_t i = 0; i < PRI_ARRAY_SIZE(kinds); i++)
		if (strcmp(interface->kind, kinds[i].kind) == 0)
			return kinds[i].reason;
	return NULL;
}

static const char *type_reason(const struct pri_place_nic *nic)
{
	for (size_t i = 0; nic->type && i < PRI_ARRAY_SIZE(without_tap); i++)
		if (strcmp(nic->type, without_tap[i].type) == 0)
			return without_tap[i].reason;
	return nic->tap ? NULL : "it has no tap";
}

bool pri_tc_hex(const char *text, uint8_t *ret_byte)
{
	char digits[3] = "";

	strncat(digits, text, 2);
	if (strspn(digits, "0123456789abcdefABCDEF") != 2)
		return false;
	*ret_byte = (uint8_t)strtoul(digits, NULL, 16);
	return true;
}

bool pri_tc_mac_parse(const char *text, uint8_t mac[PRI_TC_MAC_SIZE])
{
	if (strlen(text) != PRI_TC_MAC_TEXT - 1)
		return false;
	for (size_t i = 0; i < PRI_TC_MAC_SIZE; i++)
		if (!pri_tc_hex(text + 3 * i, &mac[i]) ||
		    (i + 1 < PRI_TC_MAC_SIZE && text[3 * i + 2] != ':'))
			return false;
	return true;
}

void pri_tc_mac_print(const uint8_t mac[PRI_TC_MAC_SIZE], char text[PRI_TC_MAC_TEXT])
{
	snprintf(text, PRI_TC_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
}

struct learned {
	int port;
	uint8_t mac[PRI_TC_MAC_SIZE];
	size_t n;
};

static int take_entry(void *arg, const struct nlmsghdr *message)
{
	struct learned *learned = arg;
	uint8_t mac[PRI_TC_MAC_SIZE];

	if (!pri_tc_fdb_parse(message, learned->port, mac) ||
	    (learned->n && memcmp(mac, learned->mac, sizeof(mac)) == 0))
		return 0;
	memcpy(learned->mac, mac, sizeof(mac));
	learned->n++;
	return 0;
}

/* A tap of libvirt has its guest's MAC with fe in front; which byte was there before is told by
 * the prefix of QEMU only. */
static bool from_tap(const struct pri_tc_interface *interface, uint8_t *mac)
{
	static const uint8_t prefix[] = {0xfe, 0x54, 0x00};

	if (strcmp(interface->kind, "tun") != 0 ||
	    memcmp(interface->mac, prefix, sizeof(prefix)) != 0)
		return false;
	memcpy(mac, interface->mac, PRI_TC_MAC_SIZE);
	mac[0] = 0x52;
	return true;
}

bool pri_tc_mac_learn(struct pri_tc_host *host, const struct pri_tc_interface *interface,
		      uint8_t mac[PRI_TC_MAC_SIZE])
{
	struct learned learned = {.port = interface->ifindex};
	struct pri_tc_batch batch = {0};
	int r = -ENODEV;

	if (interface->master) {
		pri_tc_fdb_dump(&batch, interface->ifindex, interface->master);
		r = pri_tc_dump(&host->nl, &batch, take_entry, &learned);
		pri_tc_batch_clear(&batch);
	}
	/* Several: a guest that bridges.  None of them is its own for certain. */
	if (r < 0 || learned.n != 1)
		return from_tap(interface, mac);
	memcpy(mac, learned.mac, sizeof(learned.mac));
	return true;
}

void pri_tc_nics_clear(struct pri_tc_domain *domain)
{
	for (size_t i = 0; i < domain->nic_count; i++) {
		free(domain->nics[i].alias);
		free(domain->nics[i].link);
	}
	free(domain->nics);
	domain->nics = NULL;
	domain->nic_count = 0;
}

struct pri_tc_nic *pri_tc_nic_find(const struct pri_tc_domain *domain, const char *instance)
{
	for (size_t i = 0; i < domain->nic_count; i++) {
		struct pri_tc_nic *nic = &domain->nics[i];

		if (strcasecmp(nic->mac_text, instance) == 0 || strcmp(nic->tap, instance) == 0)
			return nic;
	}
	return NULL;
}

/* What the kernel knows of a NIC whose tap is known. */
static int look(struct pri_call *call, struct pri_tc_nic *nic)
{
	struct pri_tc_interface interface, master = {0};
	struct pri_tc_host *host = call->host;
	int r = pri_tc_interface(host, 0, nic->tap, &interface);

	if (r == 0 && interface.master)
		r = pri_tc_interface(host, interface.master, NULL, &master);
	if (r < 0)
		return r;
	nic->ifindex = interface.ifindex;
	nic->refused = kind_reason(&interface);
	/* A port of something that is no bridge (a bond, a VRF) is a link of its own. */
	if (strcmp(master.kind, "bridge") != 0)
		master = interface;
	nic->owner = master.ifindex;
	memcpy(nic->owner_name, master.name, sizeof(nic->owner_name));
	if (!nic->has_mac)
		nic->has_mac = pri_tc_mac_learn(host, &interface, nic->mac);
	if (nic->has_mac)
		pri_tc_mac_print(nic->mac, nic->mac_text);
	if (!nic->link)
		nic->link = strdup(master.name);
	return nic->link ? 0 : -ENOMEM;
}

/* "IF", "IF@MAC", several with "+". */
static int parse_part(struct pri_call *call, const char *part, size_t length,
		      struct pri_tc_nic *nic)
{
	const char *at = memchr(part, '@', length);
	size_t name = at ? (size_t)(at - part) : length;
	char mac[PRI_TC_MAC_TEXT] = "";

	if (at && length - name - 1 < sizeof(mac))
		memcpy(mac, at + 1, length - name - 1);
	if (name == 0 || name >= IFNAMSIZ)
		return pri_tc_error(call, -ENOENT, "\"%.*s\" is not a name of an interface",
				    (int)length, part);
	if (at && !pri_tc_mac_parse(mac, nic->mac))
		return pri_tc_error(call, -EINVAL, "\"%.*s\" is not a MAC address",
				    (int)(length - name - 1), at + 1);
	memcpy(nic->tap, part, name);
	nic->has_mac = nic->mac_given = at != NULL;
	return 0;
}

static struct pri_tc_nic *add_nic(struct pri_tc_domain *domain)
{
	struct pri_tc_nic *more = realloc(domain->nics, (domain->nic_count + 1) * sizeof(*more));

	if (!more)
		return NULL;
	domain->nics = more;
	more[domain->nic_count] = (struct pri_tc_nic){0};
	return &more[domain->nic_count++];
}

static int nics_of_name(struct pri_call *call, struct pri_tc_domain *domain)
{
	const char *part = domain->name;

	for (;;) {
		size_t length = strcspn(part, "+");
		struct pri_tc_nic *nic = add_nic(domain);
		int r = nic ? parse_part(call, part, length, nic) : -ENOMEM;

		if (r == 0)
			r = look(call, nic);
		if (r == -ENODEV)
			return pri_tc_error(call, -ENOTCONN, "there is no interface %s", nic->tap);
		if (r < 0)
			return r;
		if (!part[length])
			return 0;
		part += length + 1;
	}
}

static int take_nic(struct pri_call *call, struct pri_place_nic *from, struct pri_tc_nic *nic)
{
	nic->alias = pri_steal(from->alias);
	nic->link = from->link ? pri_steal(from->link) : pri_steal(from->bridge);
	if (from->mac)
		nic->has_mac = pri_tc_mac_parse(from->mac, nic->mac);
	if (nic->has_mac)
		pri_tc_mac_print(nic->mac, nic->mac_text);
	nic->refused = type_reason(from);
	if (nic->refused)
		return 0;
	snprintf(nic->tap, sizeof(nic->tap), "%s", from->tap);
	return look(call, nic);
}

static int nics_of_place(struct pri_call *call, struct pri_tc_domain *domain)
{
	struct pri_place place;
	int r = pri_tc_core->place(call, &place);

	if (r < 0)
		return r;
	domain->incarnation = place.incarnation;
	for (size_t i = 0; r == 0 && i < place.nic_count; i++) {
		struct pri_tc_nic *nic = add_nic(domain);

		r = nic ? take_nic(call, &place.nics[i], nic) : -ENOMEM;
		if (r == -ENODEV)
			r = pri_tc_error(call, -ENOTCONN, "its tap %s has gone", nic->tap);
	}
	pri_tc_core->place_clear(&place);
	return r;
}

/* Whether all taps are where they were: a tap that is made again has another number. */
static bool still_there(struct pri_call *call, const struct pri_tc_domain *domain)
{
	for (size_t i = 0; i < domain->nic_count; i++) {
		const struct pri_tc_nic *nic = &domain->nics[i];
		struct pri_tc_interface interface;

		if (!*nic->tap)
			continue;
		if (pri_tc_interface(call->host, 0, nic->tap, &interface) < 0 ||
		    interface.ifindex != nic->ifindex || !nic->has_mac ||
		    (interface.master && interface.master != nic->owner))
			return false;
	}
	return domain->nic_count > 0;
}

/* What a bridge learns is no change of an interface. */
static bool all_known(const struct pri_tc_domain *domain)
{
	for (size_t i = 0; i < domain->nic_count; i++)
		if (!domain->nics[i].has_mac)
			return false;
	return true;
}

int pri_tc_nics(struct pri_call *call, struct pri_tc_domain *domain)
{
	struct pri_tc_host *host = call->host;
	int r;

	pri_tc_watch_look_once(call);
	if (domain->changes == host->changes || still_there(call, domain)) {
		domain->changes = host->changes;
		return 0;
	}
	domain->changes = 0;
	pri_tc_nics_clear(domain);
	r = domain->name ? nics_of_name(call, domain) : nics_of_place(call, domain);
	if (r < 0)
		pri_tc_nics_clear(domain);
	else if (all_known(domain))
		domain->changes = host->changes;
	return r;
}

/* The bridge that an interface is a port of, for a text. */
static int fail_port(struct pri_call *call, const struct pri_tc_interface *interface)
{
	struct pri_tc_interface master = {0};

	if (interface->master)
		pri_tc_interface(call->host, interface->master, NULL, &master);
	return pri_tc_error(call, -ENODEV, "%s is no link but an interface%s%s", interface->name,
			    *master.name ? " of " : "", master.name);
}

int pri_tc_resolve(struct pri_call *call, const struct pri_attr *attr, const char *given,
		   char **ret_instance)
{
	struct pri_tc_interface interface;
	const struct pri_tc_host *host = call->host;
	const char *reason;

	if (call->domain || attr->instance != PRALLOC_INSTANCE_LINK ||
	    pri_tc_interface(call->host, 0, given, &interface) < 0)
		return 0;
	if (strcmp(interface.kind, "bridge") == 0) {
		/* Beside libvirt it may be called as its network. */
		*ret_instance = host->beside ? NULL : strdup(given);
		return host->beside || *ret_instance ? 0 : -ENOMEM;
	}
	reason = strcmp(interface.kind, "openvswitch") == 0 || (interface.flags & IFF_LOOPBACK)
			 ? kind_reason(&interface)
			 : NULL;
	if (!reason)
		return fail_port(call, &interface);
	return pri_tc_error(call, -ENODEV, "%s is no link: %s", given, reason);
}
