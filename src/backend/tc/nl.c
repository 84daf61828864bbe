/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "backend/tc/nl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "util/cleanup.h"

/* Refusals are answered even where no acknowledgement is asked for: this many fit the smallest
 * receive buffer that Linux gives. */
#define CHUNK_MAX 200
#define RECEIVE_SIZE 65536
#define SOCKET_BUFFER (1 << 20)
/* The kernel answers before sendmsg returns: this is for a kernel that does not answer at all. */
#define PATIENCE_SEC 10

int pri_tc_nl_open(struct pri_tc_nl *nl)
{
	const struct timeval patience = {.tv_sec = PATIENCE_SEC};
	const int on = 1, size = SOCKET_BUFFER;

	*nl = (struct pri_tc_nl){.fd = -1};
	nl->socket = nl_socket_alloc();
	nl->buffer = malloc(RECEIVE_SIZE);
	if (!nl->socket || !nl->buffer) {
		pri_tc_nl_close(nl);
		return -ENOMEM;
	}
	if (nl_connect(nl->socket, NETLINK_ROUTE) < 0) {
		int error = errno ? errno : EPROTONOSUPPORT;

		pri_tc_nl_close(nl);
		return -error;
	}
	nl->fd = nl_socket_get_fd(nl->socket);
	/* All of these only make it better: bigger batches, texts, shorter acknowledgements. */
	if (setsockopt(nl->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(nl->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void pri_tc_nl_close(struct pri_tc_nl *nl)
{
	free(nl->buffer);
	pri_tc_batch_clear(&nl->spare[0]);
	pri_tc_batch_clear(&nl->spare[1]);
	if (nl->socket)
		nl_socket_free(nl->socket);
	*nl = (struct pri_tc_nl){.fd = -1};
}

static struct nlmsghdr *message_at(const struct pri_tc_batch *batch, uint32_t index)
{
	return (struct nlmsghdr *)(void *)(batch->data + batch->marks[index].offset);
}

static size_t message_size(const struct pri_tc_batch *batch, uint32_t index)
{
	size_t end = index + 1 < batch->count ? batch->marks[index + 1].offset : batch->used;

	return end - batch->marks[index].offset;
}

struct nlmsghdr *pri_tc_message_at(const struct pri_tc_batch *batch, uint32_t index)
{
	return message_size(batch, index) > 0 ? message_at(batch, index) : NULL;
}

/* The sequence numbers of the messages are first + their index. */
static size_t prepare(const struct pri_tc_batch *batch, uint32_t begin, uint32_t end,
		      uint32_t first, uint32_t *ret_last)
{
	struct nlmsghdr *last = NULL;
	size_t size = 0;

	for (uint32_t i = begin; i < end; i++) {
		struct nlmsghdr *message = message_at(batch, i);

		if (message_size(batch, i) == 0)
			continue;
		message->nlmsg_seq = first + i;
		size += message->nlmsg_len;
		last = message;
		*ret_last = i;
	}
	if (last)
		last->nlmsg_flags |= NLM_F_ACK;
	return size;
}

static int send_bytes(struct pri_tc_nl *nl, const void *data, size_t size)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do {
		sent = sendto(nl->fd, data, size, 0, (const struct sockaddr *)&kernel,
			      sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == size ? 0 : -EIO;
}

static ssize_t receive_bytes(struct pri_tc_nl *nl)
{
	ssize_t size;

	do {
		size = recv(nl->fd, nl->buffer, RECEIVE_SIZE, 0);
	} while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return size;
}

/* The kernel's words, in an extended acknowledgement (with NETLINK_CAP_ACK the refused message is
 * not in it, except for its header). */
static void copy_text(struct pri_tc_refusal *refusal, const struct nlmsghdr *message,
		      const struct nlmsgerr *error)
{
	struct nlattr *attrs[NLMSGERR_ATTR_MAX + 1];
	size_t skip = sizeof(*error);
	int length;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - sizeof(error->msg);
	length = (int)message->nlmsg_len - (int)NLMSG_HDRLEN - (int)skip;
	if (length <= 0 ||
	    nla_parse(attrs, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)error + skip), length,
		      NULL) < 0 ||
	    !attrs[NLMSGERR_ATTR_MSG])
		return;
	nla_strlcpy(refusal->text, attrs[NLMSGERR_ATTR_MSG], sizeof(refusal->text));
}

static void note_refusal(struct pri_tc_nl *nl, const struct nlmsghdr *message, uint32_t index)
{
	const struct nlmsgerr *error = nlmsg_data(message);

	if (nl->refusal.error)
		return;
	nl->refusal.error = -error->error;
	nl->refusal.index = index;
	copy_text(&nl->refusal, message, error);
}

/* What comes back for one system call. */
struct answer {
	uint32_t first;		    /* sequence number of message 0 of the batch */
	uint32_t begin, end;	    /* messages that were sent */
	uint32_t last;		    /* the one with the acknowledgement */
	struct pri_tc_batch *batch; /* whose refusals are marked, or NULL */
	pri_tc_receive receive;
	void *arg;
	bool interrupted; /* a dump that changed on the way */
};

/* 1 when it was the end, 0 when there is more, or a negative errno. */
static int take_message(struct pri_tc_nl *nl, struct answer *answer, const struct nlmsghdr *message)
{
	uint32_t index = message->nlmsg_seq - answer->first;
	const struct nlmsgerr *error;

	if (index < answer->begin || index >= answer->end)
		return 0; /* of an earlier question that was given up */
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (message->nlmsg_type == NLMSG_DONE)
		return 1;
	if (message->nlmsg_type != NLMSG_ERROR)
		return answer->receive ? answer->receive(answer->arg, message) : 0;
	error = nlmsg_data(message);
	if (error->error) {
		note_refusal(nl, message, index);
		answer->batch->marks[index].refused = true;
	}
	return index == answer->last;
}

static int take_answers(struct pri_tc_nl *nl, struct answer *answer)
{
	for (;;) {
		ssize_t size = receive_bytes(nl);
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)nl->buffer;
		int left = (int)size;

		if (size < 0)
			return (int)size;
		for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
			int r = take_message(nl, answer, message);

			if (r != 0)
				return r < 0 ? r : 0;
		}
	}
}

static int send_chunk(struct pri_tc_nl *nl, struct pri_tc_batch *batch, uint32_t begin,
		      uint32_t end, uint32_t first)
{
	struct answer answer = {.first = first, .begin = begin, .end = end, .batch = batch};
	size_t size = prepare(batch, begin, end, first, &answer.last);
	int r;

	if (size == 0)
		return 0;
	r = send_bytes(nl, batch->data + batch->marks[begin].offset, size);
	if (r < 0)
		return r;
	batch->sent = end;
	r = take_answers(nl, &answer);
	if (r < 0)
		return r;
	return nl->refusal.error ? -nl->refusal.error : 0;
}

/* As many messages as may go together, ending where a group ends. */
static uint32_t chunk_end(const struct pri_tc_batch *batch, uint32_t begin)
{
	uint32_t end = begin;

	for (uint32_t i = begin + 1; i <= batch->count; i++) {
		if (i - begin > CHUNK_MAX && end > begin)
			break;
		if (i == batch->count || batch->marks[i].group)
			end = i;
	}
	return end;
}

int pri_tc_send(struct pri_tc_nl *nl, struct pri_tc_batch *batch)
{
	uint32_t first = nl->sequence + 1;
	int r = 0;

	nl->refusal = (struct pri_tc_refusal){0};
	batch->sent = 0;
	if (batch->failed)
		return -ENOMEM;
	nl->sequence += batch->count;
	for (uint32_t begin = 0, end; r == 0 && begin < batch->count; begin = end) {
		end = chunk_end(batch, begin);
		r = send_chunk(nl, batch, begin, end, first);
	}
	return r;
}

int pri_tc_send_back(struct pri_tc_nl *nl, const struct pri_tc_batch *go,
		     const struct pri_tc_batch *back)
{
	int r = 0, refused = 0;

	for (uint32_t i = go->sent; r >= 0 && i-- > 0;) {
		struct pri_tc_batch one = {0};
		struct pri_tc_mark mark = {.group = true};

		if (go->marks[i].refused || message_size(back, i) == 0)
			continue;
		one = (struct pri_tc_batch){.data = (char *)message_at(back, i),
					    .used = message_size(back, i),
					    .marks = &mark,
					    .count = 1};
		r = pri_tc_send(nl, &one);
		if (r < 0 && nl->refusal.error) {
			refused++;
			r = 0;
		}
	}
	return r < 0 ? r : refused;
}

static int question(struct pri_tc_nl *nl, struct pri_tc_batch *batch, int flags,
		    pri_tc_receive receive, void *arg)
{
	struct answer answer = {.first = nl->sequence + 1,
				.end = 1,
				.batch = batch,
				.receive = receive,
				.arg = arg};
	int r;

	nl->refusal = (struct pri_tc_refusal){0};
	if (batch->failed)
		return -ENOMEM;
	nl->sequence++;
	message_at(batch, 0)->nlmsg_flags |= (uint16_t)flags;
	message_at(batch, 0)->nlmsg_seq = answer.first;
	r = send_bytes(nl, batch->data, batch->used);
	if (r == 0)
		r = take_answers(nl, &answer);
	if (r == 0 && nl->refusal.error)
		return -nl->refusal.error;
	return r == 0 && answer.interrupted ? -EAGAIN : r;
}

/* Without NLM_F_ECHO the kernel answers a question for one class or qdisc to nobody. */
int pri_tc_ask(struct pri_tc_nl *nl, struct pri_tc_batch *batch, pri_tc_receive receive, void *arg)
{
	return question(nl, batch, NLM_F_ECHO | NLM_F_ACK, receive, arg);
}

int pri_tc_dump(struct pri_tc_nl *nl, struct pri_tc_batch *batch, pri_tc_receive receive, void *arg)
{
	return question(nl, batch, NLM_F_DUMP, receive, arg);
}
