/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file of what was taken over from somebody else on a tap: messages that make it again, and an
 * end that tells how much stands before it.  Without that end the file is not whole: what is in it
 * would make half of what was there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/tc/tc.h"

/* Qdiscs, classes and filters of one tap: far from it. */
#define SIZE_MAX_BYTES (INT64_C(64) << 20)

struct ending {
	char mark[8];
	uint64_t size; /* of what stands before */
};

static const char mark[sizeof(((struct ending *)NULL)->mark)] = "\nPRA1END";

char *pri_tc_store_path(const struct pri_call *call, int ifindex)
{
	const struct pri_tc_host *host = call->host;
	char *path = NULL;

	if (asprintf(&path, "%s/run/pralloc/tc-%" PRIx64 "-%d.replaced", call->root, host->network,
		     ifindex) < 0)
		return NULL;
	return path;
}

static int write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		from += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int read_all(int fd, void *data, size_t size)
{
	char *to = data;

	while (size > 0) {
		ssize_t n = read(fd, to, size);

		if (n == 0)
			return -EBADMSG;
		if (n < 0 && errno != EINTR)
			return -errno;
		to += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int fill(int fd, const struct pri_tc_batch *batch)
{
	struct ending ending = {.size = batch->used};
	int r;

	memcpy(ending.mark, mark, sizeof(mark));
	r = write_all(fd, batch->data, batch->used);
	if (r == 0)
		r = write_all(fd, &ending, sizeof(ending));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

int pri_tc_store_write(const char *path, const struct pri_tc_batch *batch)
{
	pri_autofree char *temporary = NULL;
	int fd, r;

	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, batch);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r;
}

/* Messages that make no sense are the kernel's to refuse. */
static int take_messages(char *data, size_t size, struct pri_tc_batch *batch)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)data;
	struct ending ending;
	int left;

	if (size < sizeof(ending))
		return -EBADMSG;
	size -= sizeof(ending);
	memcpy(&ending, data + size, sizeof(ending));
	if (memcmp(ending.mark, mark, sizeof(mark)) != 0 || ending.size != size)
		return -EBADMSG;
	for (left = (int)size; nlmsg_ok(message, left); message = nlmsg_next(message, &left))
		pri_tc_copy(batch, message);
	if (left != 0)
		return -EBADMSG;
	return batch->failed ? -ENOMEM : 0;
}

int pri_tc_store_read(const char *path, struct pri_tc_batch *batch)
{
	pri_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	pri_autofree char *data = NULL;
	struct stat status;
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
		return -EACCES;
	if (status.st_size > SIZE_MAX_BYTES)
		return -EBADMSG;
	data = malloc((size_t)status.st_size + 1);
	if (!data)
		return -ENOMEM;
	r = read_all(fd, data, (size_t)status.st_size);
	return r < 0 ? r : take_messages(data, (size_t)status.st_size, batch);
}
