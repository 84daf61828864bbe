/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX 32768
#define STATE_ESTABLISHED 1
#define STATE_LISTEN 10

int net_diag_open(int space_fd)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int diag = -1;

	if (home < 0)
		return -1;
	if (setns(space_fd, CLONE_NEWNET) == 0) {
		diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		if (setns(home, CLONE_NEWNET) < 0)
			_exit(1);
	}
	close(home);
	return diag;
}

/* What is looked for, and what was found. */
struct search {
	uint16_t port;
	unsigned int found;
	struct net_received received;
};

static int ask(int diag, int family, unsigned int state)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 wanted;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.wanted = {.sdiag_family = (uint8_t)family,
			   .sdiag_protocol = IPPROTO_TCP,
			   .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			   .idiag_states = UINT32_C(1) << state},
	};

	return send(diag, &request, sizeof(request), 0) == sizeof(request) ? 0 : -1;
}

static void note(const struct nlmsghdr *message, struct search *search)
{
	const struct inet_diag_msg *socket = NLMSG_DATA(message);
	int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*socket)));
	struct rtattr *attribute = (struct rtattr *)(socket + 1);

	if (ntohs(socket->id.idiag_sport) != search->port)
		return;
	search->found++;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		struct tcp_info info = {0};
		size_t size = RTA_PAYLOAD(attribute);

		if (attribute->rta_type != INET_DIAG_INFO)
			continue;
		memcpy(&info, RTA_DATA(attribute), size < sizeof(info) ? size : sizeof(info));
		search->received.bytes += info.tcpi_bytes_received;
		search->received.segments += info.tcpi_data_segs_in;
	}
}

/* Reads one part of a dump: 1 when it was the last, -1 with errno. */
static int read_part(int diag, struct search *search)
{
	char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t size = recv(diag, reply, sizeof(reply), 0);
	struct nlmsghdr *message = (struct nlmsghdr *)reply;
	unsigned int left = (unsigned int)size;

	if (size < 0)
		return -1;
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 1;
		if (message->nlmsg_type == NLMSG_ERROR) {
			errno = -((struct nlmsgerr *)NLMSG_DATA(message))->error;
			return -1;
		}
		note(message, search);
	}
	return 0;
}

/* Sockets of IPv4 and of IPv6, which take IPv4 too. */
static int look(int diag, unsigned int state, struct search *search)
{
	static const int families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < 2; i++) {
		int r = ask(diag, families[i], state);

		while (r == 0)
			r = read_part(diag, search);
		if (r < 0)
			return -1;
	}
	return 0;
}

bool net_diag_listens(int diag, uint16_t port)
{
	struct search search = {.port = port};

	return look(diag, STATE_LISTEN, &search) == 0 && search.found > 0;
}

int net_diag_received(int diag, uint16_t port, struct net_received *received)
{
	struct search search = {.port = port};

	if (look(diag, STATE_ESTABLISHED, &search) < 0)
		return -1;
	*received = search.received;
	return 0;
}
