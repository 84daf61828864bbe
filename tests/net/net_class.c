/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net_class.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#define REPLY_MAX 65536

/* The attributes of a message or of a nest, by type. */
static void index_attributes(const struct rtattr **table, size_t size, const void *first, int left)
{
	const struct rtattr *attribute = first;

	memset(table, 0, size * sizeof(*table));
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		unsigned int type = attribute->rta_type & NLA_TYPE_MASK;

		if (type < size)
			table[type] = attribute;
	}
}

static void index_nest(const struct rtattr **table, size_t size, const struct rtattr *nest)
{
	index_attributes(table, size, RTA_DATA(nest), (int)RTA_PAYLOAD(nest));
}

static void copy(void *to, size_t size, const struct rtattr *from)
{
	if (from)
		memcpy(to, RTA_DATA(from), size < RTA_PAYLOAD(from) ? size : RTA_PAYLOAD(from));
}

static void read_options(struct net_class *class, const struct rtattr *options)
{
	const struct rtattr *table[TCA_HTB_MAX + 1];
	struct tc_htb_opt htb = {0};

	index_nest(table, TCA_HTB_MAX + 1, options);
	copy(&htb, sizeof(htb), table[TCA_HTB_PARMS]);
	class->rate = htb.rate.rate;
	class->ceil = htb.ceil.rate;
	class->quantum = htb.quantum;
	copy(&class->rate, sizeof(class->rate), table[TCA_HTB_RATE64]);
	copy(&class->ceil, sizeof(class->ceil), table[TCA_HTB_CEIL64]);
}

static void read_stats(struct net_class *class, const struct rtattr *stats)
{
	const struct rtattr *table[TCA_STATS_MAX + 1];
	struct gnet_stats_basic basic = {0};
	struct gnet_stats_queue queue = {0};

	index_nest(table, TCA_STATS_MAX + 1, stats);
	copy(&basic, sizeof(basic), table[TCA_STATS_BASIC]);
	copy(&queue, sizeof(queue), table[TCA_STATS_QUEUE]);
	class->bytes = basic.bytes;
	class->drops = queue.drops;
}

static void add_class(struct net_classes *classes, const struct nlmsghdr *message)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	const struct rtattr *table[TCA_MAX + 1];
	struct net_class class = {.handle = tc->tcm_handle, .parent = tc->tcm_parent};

	index_attributes(table, TCA_MAX + 1, TCA_RTA(tc), (int)TCA_PAYLOAD(message));
	if (!table[TCA_KIND] || strcmp(RTA_DATA(table[TCA_KIND]), "htb") != 0)
		return;
	if (table[TCA_OPTIONS])
		read_options(&class, table[TCA_OPTIONS]);
	if (table[TCA_STATS2])
		read_stats(&class, table[TCA_STATS2]);
	if (classes->count == classes->room) {
		classes->room = classes->room ? 2 * classes->room : 64;
		classes->list = realloc(classes->list, classes->room * sizeof(*classes->list));
		cr_assert_not_null(classes->list);
	}
	classes->list[classes->count++] = class;
}

/* 1 when it was the last part. */
static int read_part(int socket, struct net_classes *classes)
{
	static char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t size = recv(socket, reply, sizeof(reply), 0);
	const struct nlmsghdr *message = (const struct nlmsghdr *)reply;
	unsigned int left = (unsigned int)size;

	cr_assert(size > 0, "classes: %s", strerror(errno));
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		cr_assert_neq(message->nlmsg_type, NLMSG_ERROR, "the kernel refuses to tell");
		add_class(classes, message);
	}
	return 0;
}

static void note_parents(struct net_classes *classes)
{
	for (size_t i = 0; i < classes->count; i++) {
		struct net_class *parent =
			(struct net_class *)net_class_find(classes, classes->list[i].parent);

		if (parent)
			parent->has_classes = true;
	}
}

void net_classes_read(struct net_classes *classes, const char *device)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETTCLASS,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.tc = {.tcm_ifindex = (int)if_nametoindex(device)},
	};
	/* in the namespace that the caller is in now */
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	cr_assert(fd >= 0 && request.tc.tcm_ifindex > 0, "no device %s", device);
	cr_assert_eq(send(fd, &request, sizeof(request), 0), (ssize_t)sizeof(request));
	classes->count = 0;
	while (read_part(fd, classes) == 0)
		;
	close(fd);
	note_parents(classes);
}

void net_classes_free(struct net_classes *classes)
{
	free(classes->list);
	*classes = (struct net_classes){0};
}

const struct net_class *net_class_find(const struct net_classes *classes, uint32_t handle)
{
	for (size_t i = 0; i < classes->count; i++) {
		if (classes->list[i].handle == handle)
			return &classes->list[i];
	}
	return NULL;
}
