/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the libvirtd of this machine can start a domain with a hard limit: it gives QEMU the
 * right to lock as much memory, which it may only with CAP_SYS_RESOURCE or within its own limit.
 */
#include <dirent.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

#define FILE_MAX 4096

static bool slurp(const char *pid, const char *file, char text[FILE_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/%s", pid, file);
	return pri_lv_slurp(path, text, FILE_MAX) > 0;
}

static bool is_daemon(const char *pid)
{
	char name[FILE_MAX];

	return slurp(pid, "comm", name) &&
	       (strcmp(name, "libvirtd\n") == 0 || strcmp(name, "virtqemud\n") == 0);
}

/* What is not known is no reason to refuse. */
static bool has_capability(const char *pid)
{
	char status[FILE_MAX];
	const char *line = slurp(pid, "status", status) ? strstr(status, "\nCapEff:") : NULL;
	uint64_t effective = line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : UINT64_MAX;

	return effective >> CAP_SYS_RESOURCE & 1;
}

/* "Max locked memory  SOFT  HARD  bytes" */
static uint64_t own_limit(const char *pid)
{
	static const char title[] = "Max locked memory";
	char limits[FILE_MAX], hard[32] = "";
	const char *line = slurp(pid, "limits", limits) ? strstr(limits, title) : NULL;

	if (!line || sscanf(line + strlen(title), "%*s %31s", hard) != 1 ||
	    strcmp(hard, "unlimited") == 0)
		return UINT64_MAX;
	return strtoull(hard, NULL, 10);
}

bool pri_lv_may_lock(uint64_t bytes)
{
	DIR *proc = opendir("/proc");
	bool may = false, seen = false;

	for (struct dirent *entry; proc && !may && (entry = readdir(proc));) {
		const char *pid = entry->d_name;

		if (*pid < '0' || *pid > '9' || !is_daemon(pid))
			continue;
		seen = true;
		may = has_capability(pid) || own_limit(pid) >= bytes;
	}
	if (proc)
		closedir(proc);
	/* Of several daemons one may be ours. */
	return may || !seen;
}
