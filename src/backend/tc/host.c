/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host: its socket, its interfaces and links. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <asm/socket.h>

#include "backend/tc/tc.h"

#define SCHEME "tc:"
#define UPLINKS "uplink="

bool pri_tc_claims(const char *uri)
{
	return strncmp(uri, SCHEME, strlen(SCHEME)) == 0;
}

void pri_tc_close(void *state)
{
	struct pri_tc_host *host = state;

	pri_tc_watch_close(host);
	pri_tc_entries_free(host);
	pri_tc_batch_clear(&host->batch);
	pri_tc_nl_close(&host->nl);
	free(host->seen);
	if (host->events)
		pri_tc_core->event_unref(host->events);
	free(host->uplinks);
	free(host);
}

/* A number that no other network gets until the next boot (Linux 5.14); before, its inode. */
static uint64_t network_of(int socket)
{
	socklen_t size = sizeof(uint64_t);
	struct stat status = {0};
	uint64_t cookie = 0;

	if (getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0) {
		(void)stat("/proc/self/ns/net", &status);
		cookie = status.st_ino;
	}
	return cookie;
}

static int open_host(struct pri_call *call, bool beside, struct pri_tc_host **ret_host)
{
	struct pri_tc_host *host = calloc(1, sizeof(*host));
	int r;

	if (!host)
		return -ENOMEM;
	host->beside = beside;
	host->pid = getpid();
	r = pri_tc_nl_open(&host->nl);
	if (r < 0) {
		free(host);
		return r == -ENOMEM ? r
				    : pri_tc_error(call, -EIO, "cannot open a netlink socket: %s",
						   strerror(-r));
	}
	host->network = network_of(host->nl.fd);
	pri_tc_watch_open(host);
	*ret_host = host;
	return 0;
}

/* "uplink=IF,IF" becomes ",IF,IF,". */
static int take_uplinks(struct pri_call *call, struct pri_tc_host *host, const char *query)
{
	if (strncmp(query, UPLINKS, strlen(UPLINKS)) != 0 || !query[strlen(UPLINKS)])
		return pri_tc_error(call, -EINVAL,
				    "\"%.64s\" is not known (" SCHEME "?" UPLINKS
				    "IF,IF names ports that are no workloads)",
				    query);
	if (asprintf(&host->uplinks, ",%s,", query + strlen(UPLINKS)) < 0) {
		host->uplinks = NULL;
		return -ENOMEM;
	}
	return 0;
}

int pri_tc_open(struct pri_call *call, const char *uri, void **ret_host)
{
	const char *rest = uri + strlen(SCHEME);
	struct pri_tc_host *host = NULL;
	int r;

	rest += strspn(rest, "/");
	if (*rest && *rest != '?')
		return pri_tc_error(call, -EINVAL,
				    "\"%.64s\" is too much: it is this machine always", rest);
	r = open_host(call, /* beside= */ false, &host);
	if (r < 0)
		return r;
	r = *rest ? take_uplinks(call, host, rest + 1) : 0;
	if (r < 0) {
		pri_tc_close(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

int pri_tc_open_beside(struct pri_call *call, void **ret_host)
{
	struct pri_tc_host *host = NULL;
	int r = open_host(call, /* beside= */ true, &host);

	if (r == 0)
		*ret_host = host;
	return r;
}

static bool is_uplink(const struct pri_tc_host *host, const char *name)
{
	char wanted[IFNAMSIZ + 2];

	snprintf(wanted, sizeof(wanted), ",%s,", name);
	return host->uplinks && strstr(host->uplinks, wanted);
}

bool pri_tc_is_workload(const struct pri_tc_host *host, const struct pri_tc_interface *interface)
{
	if (strcmp(interface->kind, "tun") == 0)
		return !is_uplink(host, interface->name);
	/* Beside libvirt a veth may be a container's, or how the host itself is connected. */
	return !host->beside && strcmp(interface->kind, "veth") == 0 &&
	       !is_uplink(host, interface->name);
}

static int take_interface(void *arg, const struct nlmsghdr *message)
{
	pri_tc_interface_parse(message, arg);
	return 0;
}

int pri_tc_interface(struct pri_tc_host *host, int ifindex, const char *name,
		     struct pri_tc_interface *ret)
{
	struct pri_tc_batch batch = {0};
	int r;

	*ret = (struct pri_tc_interface){0};
	if (name && (!*name || strlen(name) >= IFNAMSIZ))
		return -ENODEV;
	pri_tc_link_get(&batch, ifindex, name);
	r = pri_tc_ask(&host->nl, &batch, take_interface, ret);
	pri_tc_batch_clear(&batch);
	return r == 0 && !ret->ifindex ? -ENODEV : r;
}

struct list {
	int master;	  /* 0: all */
	const char *kind; /* NULL: all */
	struct pri_tc_interface *items;
	size_t n;
};

static int take_listed(void *arg, const struct nlmsghdr *message)
{
	struct pri_tc_interface interface, *more;
	struct list *list = arg;

	if (!pri_tc_interface_parse(message, &interface) ||
	    (list->master && interface.master != list->master) ||
	    (list->kind && strcmp(interface.kind, list->kind) != 0))
		return 0;
	more = realloc(list->items, (list->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->items = more;
	list->items[list->n++] = interface;
	return 0;
}

int pri_tc_interfaces(struct pri_tc_host *host, int master, const char *kind,
		      struct pri_tc_interface **ret_list, size_t *ret_n)
{
	struct pri_tc_batch batch = {0};
	struct list list = {.master = master, .kind = kind};
	int r;

	pri_tc_link_dump(&batch, master, kind);
	r = pri_tc_dump(&host->nl, &batch, take_listed, &list);
	pri_tc_batch_clear(&batch);
	/* A list from which one is missing that has just gone or come is as good as any. */
	if (r < 0 && r != -EAGAIN) {
		free(list.items);
		return r;
	}
	*ret_list = list.items;
	*ret_n = list.n;
	return 0;
}

static int count_domain(void *arg, const struct pri_identity *identity)
{
	struct pri_host_facts *facts = arg;

	(void)identity;
	facts->domains++;
	facts->running++;
	return 0;
}

int pri_tc_facts(struct pri_call *call, struct pri_host_facts *facts)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return pri_tc_error(call, -EIO, "sysinfo: %s", strerror(errno));
	facts->cpus = (uint32_t)get_nprocs();
	facts->cpu_numbers = (uint32_t)get_nprocs_conf();
	facts->memory_bytes = (uint64_t)info.totalram * info.mem_unit;
	facts->free_bytes = (uint64_t)info.freeram * info.mem_unit;
	return pri_tc_list(call, count_domain, facts);
}

struct link_search {
	const char *name;
	char bridge[IFNAMSIZ];
};

static int match_link(void *arg, const char *link, const char *bridge)
{
	struct link_search *search = arg;

	if (strcmp(link, search->name) == 0)
		snprintf(search->bridge, sizeof(search->bridge), "%s", bridge);
	return 0;
}

int pri_tc_link_bridge(struct pri_call *call, const char *link, struct pri_tc_interface *ret)
{
	struct link_search search = {.name = link};
	struct pri_tc_host *host = call->host;
	int r = host->beside ? pri_tc_core->links(call, match_link, &search) : 0;

	if (r < 0)
		return r;
	r = pri_tc_interface(host, 0, *search.bridge ? search.bridge : link, ret);
	if (r == -ENODEV || (r == 0 && strcmp(ret->kind, "bridge") != 0))
		return pri_tc_error(call, -ENODEV, "%s is not a bridge of this machine", link);
	return r < 0 ? pri_tc_fail(call, r, link, 0) : 0;
}

struct link_list {
	pri_add_instance add;
	void *arg;
	char (*bridges)[IFNAMSIZ];
	size_t n;
};

static int add_network(void *arg, const char *link, const char *bridge)
{
	const char *aliases[] = {bridge, NULL};
	struct link_list *list = arg;
	char(*more)[IFNAMSIZ] = realloc(list->bridges, (list->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	list->bridges = more;
	snprintf(list->bridges[list->n++], IFNAMSIZ, "%s", bridge);
	return list->add(list->arg, link, aliases);
}

static bool is_listed(const struct link_list *list, const char *bridge)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->bridges[i], bridge) == 0)
			return true;
	return false;
}

static int add_bridges(struct pri_call *call, const struct link_list *list)
{
	pri_autofree struct pri_tc_interface *all = NULL;
	size_t n = 0;
	int r = pri_tc_interfaces(call->host, 0, "bridge", &all, &n);

	if (r < 0)
		return pri_tc_fail(call, r, "interfaces", 0);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!is_listed(list, all[i].name))
			r = list->add(list->arg, all[i].name, NULL);
	return r;
}

int pri_tc_add_links(struct pri_call *call, pri_add_instance add, void *arg)
{
	struct pri_tc_host *host = call->host;
	struct link_list list = {.add = add, .arg = arg};
	int r = host->beside ? pri_tc_core->links(call, add_network, &list) : 0;

	if (r == 0)
		r = add_bridges(call, &list);
	free(list.bridges);
	return r;
}
