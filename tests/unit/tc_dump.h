/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers of the kernel that are kept as corpus of the fuzz target. */
#ifndef PRALLOC_TEST_TC_DUMP_H
#define PRALLOC_TEST_TC_DUMP_H

#include "backend/tc/tree.h"
#include "fixture.h"

#define DUMP_MESSAGES_MAX 16

struct dump {
	char *data;
	size_t size, count;
	struct nlmsghdr *messages[DUMP_MESSAGES_MAX];
};

static inline struct dump dump_read(const char *name)
{
	struct dump dump = {.data = malloc(65536)};
	struct nlmsghdr *message;
	char path[512];
	FILE *file;
	int left;

	snprintf(path, sizeof(path), "%s/%s", DUMPS, name);
	file = fopen(path, "re");
	cr_assert(file && dump.data, "%s: %s", path, strerror(errno));
	dump.size = fread(dump.data, 1, 65536, file);
	fclose(file);
	message = (struct nlmsghdr *)(void *)dump.data;
	left = (int)dump.size;
	for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
		cr_assert_lt(dump.count, DUMP_MESSAGES_MAX, "%s", path);
		dump.messages[dump.count++] = message;
	}
	cr_assert_eq(left, 0, "%s: %d bytes left", path, left);
	return dump;
}

static inline void dump_free(struct dump *dump)
{
	free(dump->data);
}

#endif
