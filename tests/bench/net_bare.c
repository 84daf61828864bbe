/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net_bare.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"

#define REPLY_MAX 65536
#define BUFFER_BYTES (8 << 20)
#define FIRST_CLASS 0x10010u

int bare_open(void)
{
	int size = BUFFER_BYTES, fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		bench_die("netlink", strerror(errno));
	return fd;
}

void bare_fill(struct bare_class *message, int ifindex, unsigned int index, uint32_t rate,
	       uint32_t ceil, uint16_t flags)
{

	*message = (struct bare_class){
		.header = {.nlmsg_len = sizeof(*message),
			   .nlmsg_type = RTM_NEWTCLASS,
			   .nlmsg_flags = NLM_F_REQUEST | flags},
		.tc = {.tcm_ifindex = ifindex,
		       .tcm_handle = FIRST_CLASS + index,
		       .tcm_parent = 0x10001},
		.kind_head = {.rta_len = RTA_LENGTH(4), .rta_type = TCA_KIND},
		.kind = "htb",
		.options_head = {.rta_len = RTA_LENGTH(RTA_SPACE(sizeof(struct tc_htb_opt))),
				 .rta_type = TCA_OPTIONS},
		.htb_head = {.rta_len = RTA_LENGTH(sizeof(struct tc_htb_opt)),
			     .rta_type = TCA_HTB_PARMS},
		.htb = {.rate = {.linklayer = TC_LINKLAYER_ETHERNET, .rate = rate},
			.ceil = {.linklayer = TC_LINKLAYER_ETHERNET, .rate = ceil},
			.buffer = 15625,
			.cbuffer = 15625,
			.quantum = 65536},
	};
}

/* The answer: an acknowledgement, or what ends the program. */
static void await_ack(int socket)
{
	char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)reply;
	ssize_t size = recv(socket, reply, sizeof(reply), 0);
	const struct nlmsgerr *error = NLMSG_DATA(message);

	if (size < (ssize_t)NLMSG_LENGTH(sizeof(*error)) || message->nlmsg_type != NLMSG_ERROR)
		bench_die("netlink", "no answer");
	if (error->error)
		bench_die("netlink", strerror(-error->error));
}

void bare_send(int socket, const void *messages, size_t size)
{
	if (send(socket, messages, size, 0) != (ssize_t)size)
		bench_die("netlink", strerror(errno));
	await_ack(socket);
}

void bare_get(int socket, int ifindex, unsigned int index)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETTCLASS,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ECHO},
		.tc = {.tcm_ifindex = ifindex, .tcm_handle = FIRST_CLASS + index},
	};
	char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)reply;

	if (send(socket, &request, sizeof(request), 0) < 0 ||
	    recv(socket, reply, sizeof(reply), 0) < 0 || message->nlmsg_type != RTM_NEWTCLASS)
		bench_die("netlink", "no class");
}

/* 0 when there is more to come. */
static bool read_part(int socket, size_t *count)
{
	static char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)reply;
	ssize_t size = recv(socket, reply, sizeof(reply), 0);
	unsigned int left = (unsigned int)size;

	if (size < 0)
		bench_die("dump", strerror(errno));
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return false;
		++*count;
	}
	return true;
}

size_t bare_dump(int socket, int ifindex)
{
	static const uint16_t types[] = {RTM_GETTCLASS, RTM_GETTFILTER};
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		struct {
			struct nlmsghdr header;
			struct tcmsg tc;
		} request = {
			.header = {.nlmsg_len = sizeof(request),
				   .nlmsg_type = types[i],
				   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
			.tc = {.tcm_ifindex = ifindex},
		};

		if (send(socket, &request, sizeof(request), 0) < 0)
			bench_die("dump", strerror(errno));
		while (read_part(socket, &count))
			;
	}
	return count;
}

void bare_make(int socket, const char *device, unsigned int n)
{
	struct bare_class *messages = calloc(n, sizeof(*messages));
	char command[256];
	int ifindex;

	snprintf(command, sizeof(command),
		 "ip link add %s type ifb && ip link set %s up && "
		 "tc qdisc add dev %s root handle 1: htb default 2 && "
		 "tc class add dev %s parent 1: classid 1:1 htb rate 10gbit",
		 device, device, device, device);
	if (!messages || system(command) != 0)
		bench_die(device, "cannot be made");
	ifindex = (int)if_nametoindex(device);
	for (unsigned int i = 0; i < n; i++)
		bare_fill(&messages[i], ifindex, i, 100000, 100000, NLM_F_CREATE | NLM_F_EXCL);
	messages[n - 1].header.nlmsg_flags |= NLM_F_ACK;
	bare_send(socket, messages, n * sizeof(*messages));
	free(messages);
}
