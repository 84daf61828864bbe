/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the kernel has what libvirt shapes an interface with.  Neither its version nor a list of
 * modules tells: it is tried, on the loopback interface of a network namespace that ends with the
 * thread that made it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/libvirt/libvirt.h"

#define LOOPBACK 1 /* index of the interface, in every namespace */
#define INGRESS_HANDLE 0xffff0000u
#define MESSAGE_MAX 256

struct message {
	union {
		struct nlmsghdr header;
		char bytes[MESSAGE_MAX];
	};
};

/* What a part is for is in uses; the order is that in which one needs another. */
static const struct part {
	const char *kind;
	unsigned int uses;
	int type; /* RTM_* */
} parts[] = {
	{"htb", PRI_LV_SHAPE_IN, RTM_NEWQDISC},	     {"sfq", PRI_LV_SHAPE_IN, RTM_NEWQDISC},
	{"ingress", PRI_LV_SHAPE_OUT, RTM_NEWQDISC}, {"fw", PRI_LV_SHAPE_IN, RTM_NEWTFILTER},
	{"u32", PRI_LV_SHAPE_OUT, RTM_NEWTFILTER},   {"police", PRI_LV_SHAPE_OUT, RTM_NEWACTION},
};

struct probe {
	bool missing[PRI_ARRAY_SIZE(parts)];
	int error; /* negative errno: nothing could be tried */
};

static struct rtattr *add(struct message *message, unsigned short type, const char *text)
{
	struct rtattr *attr = (void *)(message->bytes + NLMSG_ALIGN(message->header.nlmsg_len));
	size_t length = text ? strlen(text) + 1 : 0;

	attr->rta_type = type;
	attr->rta_len = (unsigned short)RTA_LENGTH(length);
	if (text)
		memcpy(RTA_DATA(attr), text, length);
	message->header.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(message->header.nlmsg_len) + RTA_ALIGN(attr->rta_len));
	return attr;
}

static void end(const struct message *message, struct rtattr *attr)
{
	attr->rta_len = (unsigned short)(message->bytes + message->header.nlmsg_len - (char *)attr);
}

static void describe_action(struct message *message, const char *kind)
{
	struct rtattr *table, *first;

	message->header.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcamsg));
	table = add(message, TCA_ACT_TAB, NULL);
	first = add(message, 1, NULL);
	add(message, TCA_ACT_KIND, kind);
	end(message, first);
	end(message, table);
}

static void describe(struct message *message, const struct part *part)
{
	struct tcmsg *tc = NLMSG_DATA(&message->header);
	bool ingress = strcmp(part->kind, "ingress") == 0;

	*message = (struct message){
		.header = {
			.nlmsg_type = (uint16_t)part->type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
		}};
	if (part->type == RTM_NEWACTION) {
		describe_action(message, part->kind);
		return;
	}
	message->header.nlmsg_len = NLMSG_LENGTH(sizeof(*tc));
	tc->tcm_ifindex = LOOPBACK;
	tc->tcm_parent = ingress ? TC_H_INGRESS : TC_H_ROOT;
	tc->tcm_handle = ingress ? INGRESS_HANDLE : 0;
	if (part->type == RTM_NEWTFILTER) {
		tc->tcm_parent = INGRESS_HANDLE;
		tc->tcm_info = TC_H_MAKE((uint32_t)(part - parts) << 16, htons(ETH_P_ALL));
	}
	add(message, TCA_KIND, part->kind);
}

/* What the kernel says: 0 or a negative errno. */
static int ask(int fd, const struct part *part)
{
	struct message message;
	struct nlmsgerr *answer = NLMSG_DATA(&message.header);

	describe(&message, part);
	if (send(fd, &message, message.header.nlmsg_len, 0) < 0 ||
	    recv(fd, &message, sizeof(message), MSG_TRUNC) < (ssize_t)NLMSG_LENGTH(sizeof(int)))
		return -EIO;
	return message.header.nlmsg_type == NLMSG_ERROR ? answer->error : -EIO;
}

static void *try_all(void *arg)
{
	struct probe *probe = arg;
	pri_autoclose int fd = -1;

	if (unshare(CLONE_NEWNET) == 0)
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	probe->error = fd < 0 ? -errno : 0;
	for (size_t i = 0; fd >= 0 && i < PRI_ARRAY_SIZE(parts); i++) {
		int r = ask(fd, &parts[i]);

		/* What is there wants options, but for a filter, which is made without. */
		probe->missing[i] = parts[i].type == RTM_NEWTFILTER ? r < 0 : r == -ENOENT;
		if (r == -EIO || r == -EPERM)
			probe->error = r;
	}
	return NULL;
}

int pri_lv_shape_missing(unsigned int uses, char *names, size_t size)
{
	struct probe probe = {.error = -EAGAIN};
	pthread_t thread;
	size_t length = 0;

	*names = '\0';
	if (uses == 0)
		return 0;
	if (pthread_create(&thread, NULL, try_all, &probe) != 0)
		return -EAGAIN;
	pthread_join(thread, NULL);
	for (size_t i = 0; probe.error == 0 && i < PRI_ARRAY_SIZE(parts); i++)
		if (probe.missing[i] && (parts[i].uses & uses) && length < size)
			length += (size_t)snprintf(names + length, size - length, "%s%s",
						   length ? ", " : "", parts[i].kind);
	return probe.error;
}
