/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Building messages, one behind the other. */
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "backend/tc/nl.h"

#define SIZE_FIRST 4096
#define ROOM_FIRST 32

void pri_tc_batch_clear(struct pri_tc_batch *batch)
{
	free(batch->data);
	free(batch->marks);
	*batch = (struct pri_tc_batch){0};
}

void pri_tc_batch_reset(struct pri_tc_batch *batch)
{
	batch->used = 0;
	batch->count = 0;
	batch->sent = 0;
	batch->next_is_group = false;
	batch->failed = false;
}

void pri_tc_group(struct pri_tc_batch *batch)
{
	batch->next_is_group = true;
}

static void *grow(struct pri_tc_batch *batch, size_t size)
{
	size_t wanted = batch->size ? batch->size : SIZE_FIRST;
	char *at;

	while (wanted < batch->used + size)
		wanted *= 2;
	if (wanted > batch->size) {
		char *more = realloc(batch->data, wanted);

		if (!more) {
			batch->failed = true;
			return NULL;
		}
		batch->data = more;
		batch->size = wanted;
	}
	at = batch->data + batch->used;
	batch->used += size;
	return at;
}

static bool add_mark(struct pri_tc_batch *batch)
{
	if (batch->count == batch->room) {
		uint32_t room = batch->room ? batch->room * 2 : ROOM_FIRST;
		struct pri_tc_mark *more = realloc(batch->marks, room * sizeof(*more));

		if (!more) {
			batch->failed = true;
			return false;
		}
		batch->marks = more;
		batch->room = room;
	}
	batch->marks[batch->count++] = (struct pri_tc_mark){.offset = (uint32_t)batch->used,
							    .group = batch->next_is_group};
	batch->next_is_group = false;
	return true;
}

void pri_tc_no_message(struct pri_tc_batch *batch)
{
	if (!batch->failed)
		add_mark(batch);
}

void pri_tc_message(struct pri_tc_batch *batch, int type, int flags, const void *header,
		    size_t size)
{
	struct nlmsghdr *message;

	if (batch->failed || !add_mark(batch))
		return;
	message = grow(batch, NLMSG_SPACE(size));
	if (!message)
		return;
	*message = (struct nlmsghdr){.nlmsg_len = NLMSG_SPACE(size),
				     .nlmsg_type = (uint16_t)type,
				     .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)};
	memset(NLMSG_DATA(message), 0, NLMSG_ALIGN(size));
	memcpy(NLMSG_DATA(message), header, size);
}

void pri_tc_copy(struct pri_tc_batch *batch, const struct nlmsghdr *message)
{
	size_t space = NLMSG_ALIGN(message->nlmsg_len);
	struct nlmsghdr *copy;

	if (batch->failed || !add_mark(batch))
		return;
	copy = grow(batch, space);
	if (!copy)
		return;
	memset(copy, 0, space);
	memcpy(copy, message, message->nlmsg_len);
	copy->nlmsg_len = (uint32_t)space;
}

static struct nlmsghdr *last_message(const struct pri_tc_batch *batch)
{
	return (struct nlmsghdr *)(void *)(batch->data + batch->marks[batch->count - 1].offset);
}

void pri_tc_put(struct pri_tc_batch *batch, int type, const void *data, size_t size)
{
	size_t space = NLA_ALIGN(NLA_HDRLEN + size);
	struct nlattr *attr;

	if (batch->failed)
		return;
	attr = grow(batch, space);
	if (!attr)
		return;
	memset(attr, 0, space);
	attr->nla_len = (uint16_t)(NLA_HDRLEN + size);
	attr->nla_type = (uint16_t)type;
	if (size)
		memcpy((char *)attr + NLA_HDRLEN, data, size);
	last_message(batch)->nlmsg_len += (uint32_t)space;
}

void pri_tc_put_u32(struct pri_tc_batch *batch, int type, uint32_t value)
{
	pri_tc_put(batch, type, &value, sizeof(value));
}

void pri_tc_put_u64(struct pri_tc_batch *batch, int type, uint64_t value)
{
	pri_tc_put(batch, type, &value, sizeof(value));
}

void pri_tc_put_string(struct pri_tc_batch *batch, int type, const char *text)
{
	pri_tc_put(batch, type, text, strlen(text) + 1);
}

size_t pri_tc_nest(struct pri_tc_batch *batch, int type)
{
	size_t nest = batch->used;

	pri_tc_put(batch, type, NULL, 0);
	return nest;
}

void pri_tc_nest_end(struct pri_tc_batch *batch, size_t nest)
{
	struct nlattr *attr;

	if (batch->failed)
		return;
	attr = (struct nlattr *)(void *)(batch->data + nest);
	attr->nla_len = (uint16_t)(batch->used - nest);
}
