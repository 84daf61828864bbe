/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Netlink: messages built in one buffer, sent in few system calls, answered message by message.
 *
 * The socket and the reading of attributes are libnl's.  Messages are built here: libnl-route
 * appends a 1 KiB rate table for each rate of a class (2152 bytes instead of 96), knows no
 * extended acknowledgements, maps different errors to one, and aborts on incomplete objects.
 */
#ifndef PRI_TC_NL_H
#define PRI_TC_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#define PRI_TC_ERROR_MAX 192

/* Why the kernel refused a message. */
struct pri_tc_refusal {
	int error;		     /* positive errno, 0: none */
	uint32_t index;		     /* of the message in its batch */
	char text[PRI_TC_ERROR_MAX]; /* the kernel's own words, or "" */
};

/* Where a message begins.  An empty one only keeps the numbers of two batches the same. */
struct pri_tc_mark {
	uint32_t offset;
	bool group;   /* what begins here may be sent apart from what is before */
	bool refused; /* by the kernel, when it was sent */
};

struct pri_tc_batch {
	char *data;
	size_t used, size;
	struct pri_tc_mark *marks;
	uint32_t count, room;
	uint32_t sent;	    /* messages that went out */
	bool next_is_group; /* of the next message */
	bool failed;	    /* out of memory: nothing is sent */
};

struct pri_tc_nl {
	struct nl_sock *socket;
	int fd;
	uint32_t sequence;
	char *buffer; /* what is received */
	struct pri_tc_refusal refusal;
	struct pri_tc_batch spare[2]; /* memory of the batches of the last commit */
};

/* 0 or a negative errno. */
int pri_tc_nl_open(struct pri_tc_nl *nl);
void pri_tc_nl_close(struct pri_tc_nl *nl);

void pri_tc_batch_clear(struct pri_tc_batch *batch);
/* Make it empty, keeping its memory. */
void pri_tc_batch_reset(struct pri_tc_batch *batch);

/* From here to the next call is one group: it is sent in one system call, so that a process that
 * is killed has done all of it or nothing. */
void pri_tc_group(struct pri_tc_batch *batch);

/* Begin a message: header is the struct that follows the netlink header. */
void pri_tc_message(struct pri_tc_batch *batch, int type, int flags, const void *header,
		    size_t size);
/* A copy of a whole message. */
void pri_tc_copy(struct pri_tc_batch *batch, const struct nlmsghdr *message);
/* A message that is none. */
void pri_tc_no_message(struct pri_tc_batch *batch);
/* NULL: it is one that is none. */
struct nlmsghdr *pri_tc_message_at(const struct pri_tc_batch *batch, uint32_t index);
/* Append an attribute to the last message. */
void pri_tc_put(struct pri_tc_batch *batch, int type, const void *data, size_t size);
void pri_tc_put_u32(struct pri_tc_batch *batch, int type, uint32_t value);
void pri_tc_put_u64(struct pri_tc_batch *batch, int type, uint64_t value);
void pri_tc_put_string(struct pri_tc_batch *batch, int type, const char *text);
/* Open a nest, and close it with what it returned. */
size_t pri_tc_nest(struct pri_tc_batch *batch, int type);
void pri_tc_nest_end(struct pri_tc_batch *batch, size_t nest);

/*
 * Send all messages, a few hundred in a system call, the last of each with an acknowledgement: so
 * that what comes back never overflows the socket.  Stops after a system call with a refused
 * message; batch->sent and the marks tell what took effect, nl->refusal the first refusal.
 * 0 or a negative errno.
 */
int pri_tc_send(struct pri_tc_nl *nl, struct pri_tc_batch *batch);

/* Send the messages of back whose partners in go took effect, last first.  Refusals are counted:
 * the result is how many there were, or a negative errno. */
int pri_tc_send_back(struct pri_tc_nl *nl, const struct pri_tc_batch *go,
		     const struct pri_tc_batch *back);

typedef int (*pri_tc_receive)(void *arg, const struct nlmsghdr *message);

/* Send the one message of a batch, a question for one object, and give the answer to receive. */
int pri_tc_ask(struct pri_tc_nl *nl, struct pri_tc_batch *batch, pri_tc_receive receive, void *arg);
/* The same for a dump.  -EAGAIN: what was dumped changed meanwhile. */
int pri_tc_dump(struct pri_tc_nl *nl, struct pri_tc_batch *batch, pri_tc_receive receive,
		void *arg);

#endif /* PRI_TC_NL_H */
