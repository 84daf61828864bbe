/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: messages as the kernel answers a dump with, one after the other, given to every reader.
 * They stand in memory of exactly their size, so that a sanitizer sees a reader that goes beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/tc/msg.h"
#include "backend/tc/tree.h"

#include "fuzz.h"
#include "must.h"

#define MESSAGES_MAX 65536

static void check_filter(const struct nlmsghdr *message)
{
	struct pri_tc_filter filter;
	struct pri_tc_port port;
	struct pri_tc_vm vm;

	if (!pri_tc_filter_parse(message, &filter))
		return;
	MUST(filter.key_count <= PRI_TC_KEYS_MAX);
	if (!pri_tc_record_read(&filter, &port, &vm))
		return;
	MUST(vm.weight > 0);
	MUST(port.slot <= PRI_TC_SLOT_LAST);
	MUST(memchr(port.name, '\0', sizeof(port.name)));
}

static void check_message(const struct nlmsghdr *message)
{
	struct pri_tc_interface interface;
	struct pri_tc_class c;
	uint8_t mac[6];

	(void)pri_tc_class_parse(message, &c);
	(void)pri_tc_fdb_parse(message, /* port= */ 2, mac);
	check_filter(message);
	if (pri_tc_interface_parse(message, &interface)) {
		MUST(memchr(interface.name, '\0', sizeof(interface.name)));
		MUST(memchr(interface.kind, '\0', sizeof(interface.kind)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *messages, *message;
	int left = (int)size;

	if (size >= MESSAGES_MAX)
		return 0;
	messages = malloc(size ? size : 1);
	if (!messages)
		return 0;
	memcpy(messages, data, size);
	for (message = messages; nlmsg_ok(message, left); message = nlmsg_next(message, &left))
		check_message(message);
	free(messages);
	return 0;
}
