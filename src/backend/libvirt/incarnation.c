/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A number that is another one after every start of a domain, and the same for every process
 * that asks.
 *
 * libvirt's domain ID is such a number while the daemon lives; a daemon that was restarted may
 * give one again.  On this machine the start time of the QEMU process goes into it too: from
 * /proc, of the process in libvirt's PID file, if its command line has the domain's UUID.
 */
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

#define PID_FILE "/run/libvirt/qemu/%s.pid"
#define CMDLINE_MAX 65536
/* The start time is field 22 of /proc/PID/stat; the one after the name is field 3. */
#define STAT_FIELDS_BEFORE_START 19

static bool runs_domain(int pid, const char *uuid)
{
	pri_autofree char *cmdline = malloc(CMDLINE_MAX);
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	if (!cmdline)
		return false;
	length = pri_lv_slurp(path, cmdline, CMDLINE_MAX);
	return length > 0 && memmem(cmdline, (size_t)length, uuid, strlen(uuid));
}

static uint64_t start_time(int pid)
{
	char path[64], stat[1024];
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (pri_lv_slurp(path, stat, sizeof(stat)) <= 0)
		return 0;
	/* The name may hold anything, also blanks and brackets. */
	at = strrchr(stat, ')');
	if (!at)
		return 0;
	at += 1;
	for (int i = 0; at && i < STAT_FIELDS_BEFORE_START; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

int pri_lv_qemu_pid(const struct pri_identity *identity)
{
	char path[PRI_NAME_MAX + sizeof(PID_FILE)], text[32];
	int pid;

	snprintf(path, sizeof(path), PID_FILE, identity->name);
	if (pri_lv_slurp(path, text, sizeof(text)) <= 0)
		return 0;
	pid = (int)strtol(text, NULL, 10);
	return pid > 0 && runs_domain(pid, identity->uuid) ? pid : 0;
}

static uint64_t qemu_start(const struct pri_identity *identity)
{
	int pid = pri_lv_qemu_pid(identity);

	return pid ? start_time(pid) : 0;
}

uint64_t pri_lv_incarnation(const struct pri_lv_host *host, const struct pri_identity *identity,
			    unsigned int id)
{
	uint64_t start = host->local && host->driver == PRI_LV_QEMU ? qemu_start(identity) : 0;

	/* Clock ticks since boot fit into 44 bits for thousands of years; never 0. */
	return ((uint64_t)(id & 0xfffff) << 44 ^ start) + 1;
}
