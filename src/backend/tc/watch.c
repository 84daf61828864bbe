/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket that tells of interfaces that come and go.  Single messages are sent by it too, so
 * that one look after them tells of both.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "backend/tc/tc.h"

#define RECEIVE_SIZE 32768
/* Of a message: events that other sockets cause have 0 or another one. */
#define SEQUENCE UINT32_C(0x70720001)

struct pri_tc_watch {
	struct nl_sock *socket;
	int fd;
	char buffer[RECEIVE_SIZE];
};

/* Without one every call looks for itself. */
void pri_tc_watch_open(struct pri_tc_host *host)
{
	struct pri_tc_watch *watch = calloc(1, sizeof(*watch));

	host->changes = 1;
	if (!watch)
		return;
	watch->socket = nl_socket_alloc();
	if (watch->socket && nl_connect(watch->socket, NETLINK_ROUTE) == 0 &&
	    nl_socket_add_membership(watch->socket, RTNLGRP_LINK) == 0) {
		watch->fd = nl_socket_get_fd(watch->socket);
		host->watch = watch;
		return;
	}
	if (watch->socket)
		nl_socket_free(watch->socket);
	free(watch);
}

void pri_tc_watch_close(struct pri_tc_host *host)
{
	if (!host->watch)
		return;
	nl_socket_free(host->watch->socket);
	free(host->watch);
	host->watch = NULL;
}

/* What came does not matter: whoever needs it asks the kernel.  Also when more came than there
 * was room for. */
void pri_tc_watch_look(struct pri_tc_host *host)
{
	struct pri_tc_watch *watch = host->watch;
	bool any = !watch;

	while (watch) {
		ssize_t size = recv(watch->fd, watch->buffer, sizeof(watch->buffer), MSG_DONTWAIT);

		if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (size < 0 && errno != EINTR && errno != ENOBUFS) {
			pri_tc_watch_close(host);
			break;
		}
		any = true;
	}
	if (any)
		host->changes++;
}

void pri_tc_watch_look_once(const struct pri_call *call)
{
	struct pri_tc_host *host = call->host;

	if (host->watch && call->number && host->call == call->number)
		return;
	host->call = call->number;
	pri_tc_watch_look(host);
}

/* The class in the one answer that there is. */
static bool take_echo(struct pri_tc_watch *watch, struct pri_tc_class *ret_class)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)watch->buffer;
	ssize_t size = recv(watch->fd, watch->buffer, sizeof(watch->buffer), MSG_DONTWAIT);

	return size > 0 && nlmsg_ok(message, (int)size) && message->nlmsg_seq == SEQUENCE &&
	       pri_tc_class_parse(message, ret_class);
}

static bool is_silent(struct pri_tc_watch *watch)
{
	return recv(watch->fd, watch->buffer, sizeof(watch->buffer), MSG_DONTWAIT) < 0 &&
	       (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool pri_tc_watch_send(struct pri_tc_host *host, struct nlmsghdr *message,
		       struct pri_tc_class *ret_class)
{
	struct pri_tc_watch *watch = host->watch;

	message->nlmsg_seq = SEQUENCE;
	if (send(watch->fd, message, message->nlmsg_len, 0) == (ssize_t)message->nlmsg_len &&
	    (message->nlmsg_flags & NLM_F_ECHO ? take_echo(watch, ret_class) : is_silent(watch)))
		return true;
	/* What was received is one of many perhaps: all is looked at again. */
	pri_tc_watch_look(host);
	host->changes++;
	return false;
}
