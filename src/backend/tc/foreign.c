/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody else has put on a tap: recognised, and where that is asked for recorded, removed,
 * and put back when we leave.
 *
 * The record is a file of the messages that make it again, next to the locks, so that any process
 * finds it.  It is written before anything is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/rtnetlink.h>

#include "backend/tc/tc.h"

/* Whose a root qdisc is; those that limit no rate may stay. */
static const struct {
	const char *kind, *whose;
} shapers[] = {
	{"htb", "libvirt's <bandwidth> inbound has one, or tc"},
	{"hfsc", "Open vSwitch has one, or tc"},
	{"tbf", "of tc"},
	{"cake", "of tc"},
	{"cbq", "of tc"},
	{"netem", "of tc"},
	{"drr", "of tc"},
	{"qfq", "of tc"},
};

bool pri_tc_foreign(const struct pri_tc_tap *tap, char *text, size_t size)
{
	if (strcmp(tap->ingress, "ingress") == 0) {
		snprintf(text, size,
			 "an ingress qdisc (libvirt's <bandwidth> outbound and Open vSwitch's "
			 "policing have one, or tc)");
		return true;
	}
	if (tap->foreign) {
		snprintf(text, size, "filters of somebody else in its clsact qdisc");
		return true;
	}
	for (size_t i = 0; i < PRI_ARRAY_SIZE(shapers); i++) {
		if (strcmp(tap->root, shapers[i].kind) != 0)
			continue;
		snprintf(text, size, "a root qdisc %s, which limits (%s)", tap->root,
			 shapers[i].whose);
		return true;
	}
	return false;
}

/* malloc'ed, or NULL. */
static char *path_of(const struct pri_call *call, int ifindex)
{
	const struct pri_tc_host *host = call->host;
	char *path = NULL;

	if (asprintf(&path, "%s/run/pralloc/tc-%" PRIx64 "-%d.replaced", call->root, host->network,
		     ifindex) < 0)
		return NULL;
	return path;
}

static int write_file(const char *path, const void *data, size_t size)
{
	pri_autofree char *temporary = NULL;
	int fd, r = 0;

	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, data, size) != (ssize_t)size)
		r = errno ? -errno : -EIO;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	return r;
}

static int remove_qdiscs(struct pri_tc_host *host, int ifindex, const struct pri_tc_tap *tap)
{
	struct pri_tc_batch batch = {0};
	bool limits = false;
	int r;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(shapers); i++)
		limits |= strcmp(tap->root, shapers[i].kind) == 0;
	if (limits)
		pri_tc_qdisc_delete(&batch, ifindex, TC_H_ROOT);
	if (*tap->ingress)
		pri_tc_qdisc_delete(&batch, ifindex, TC_H_INGRESS);
	r = pri_tc_send(&host->nl, &batch);
	pri_tc_batch_clear(&batch);
	return r;
}

int pri_tc_foreign_replace(struct pri_call *call, int ifindex)
{
	pri_autofree char *path = path_of(call, ifindex);
	struct pri_tc_host *host = call->host;
	struct pri_tc_batch record = {0};
	struct pri_tc_tap tap;
	char text[PRI_TC_FOREIGN_TEXT];
	int r = path ? pri_tc_tap_look(&host->nl, ifindex, &tap) : -ENOMEM;

	/* The tree of the other direction has done it. */
	if (r == 0 && !pri_tc_foreign(&tap, text, sizeof(text)))
		return 0;
	if (r == 0)
		r = pri_tc_record_foreign(&host->nl, ifindex, &record);
	if (r == 0)
		r = write_file(path, record.data, record.used);
	pri_tc_batch_clear(&record);
	return r == 0 ? remove_qdiscs(host, ifindex, &tap) : r;
}

/* The file as a batch; messages that make no sense are the kernel's to refuse. */
static int read_record(const char *path, struct pri_tc_batch *batch)
{
	struct stat status;
	pri_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	pri_autofree char *data = NULL;
	struct nlmsghdr *message;
	int left;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || status.st_uid != geteuid())
		return -EACCES;
	data = malloc((size_t)status.st_size + 1);
	if (!data)
		return -ENOMEM;
	if (read(fd, data, (size_t)status.st_size) != status.st_size)
		return -EIO;
	message = (struct nlmsghdr *)(void *)data;
	left = (int)status.st_size;
	for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left))
		pri_tc_copy(batch, message);
	return batch->failed ? -ENOMEM : 0;
}

int pri_tc_foreign_restore(struct pri_call *call, int ifindex)
{
	pri_autofree char *path = path_of(call, ifindex);
	struct pri_tc_host *host = call->host;
	struct pri_tc_batch batch = {0};
	struct pri_tc_tap tap;
	int r;

	if (!path)
		return -ENOMEM;
	if (access(path, F_OK) < 0)
		return 0;
	r = pri_tc_tap_look(&host->nl, ifindex, &tap);
	/* Still ours in the other direction. */
	if (r == 0 && *tap.ingress)
		return 0;
	if (r == 0)
		r = read_record(path, &batch);
	if (r == 0)
		r = pri_tc_send(&host->nl, &batch);
	pri_tc_batch_clear(&batch);
	if (r == 0 || r == -ENODEV)
		unlink(path);
	return r == -ENODEV ? 0 : r;
}
