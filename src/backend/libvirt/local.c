/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a host is this machine, and which cgroup version that one has.
 *
 * A URI that names no server and a Unix socket behind it prove nothing: the socket may be
 * forwarded, the client may sit in a container.  So the daemon must give our host name, and the
 * CPU times that it reads must lie between those that we read before and after it: another
 * kernel that has spent the same time in each state, to 10 ms, does not exist.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "backend/libvirt/libvirt.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define HOST_NAME_BUFFER 256
#define PARAMS_MAX 16
#define STAT_LINE_MAX 512
#define NS_PER_S UINT64_C(1000000000)

/* Nanoseconds since boot, as libvirt sums them up. */
struct cpu_times {
	uint64_t kernel, user, idle;
};

ssize_t pri_lv_slurp(const char *path, char *buffer, size_t size)
{
	pri_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t r;

	if (fd < 0)
		return -1;
	while (length < size - 1 && (r = read(fd, buffer + length, size - 1 - length)) > 0)
		length += (size_t)r;
	buffer[length] = '\0';
	return (ssize_t)length;
}

/* The first line of /proc/stat: "cpu  user nice system idle iowait irq softirq ..." in ticks. */
static bool own_times(struct cpu_times *times)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, FIELDS };
	uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK), value[FIELDS];
	char text[STAT_LINE_MAX], *at = text + strlen("cpu");

	if (pri_lv_slurp("/proc/stat", text, sizeof(text)) <= 0 || strncmp(text, "cpu ", 4) != 0)
		return false;
	for (int i = 0; i < FIELDS; i++)
		value[i] = strtoull(at, &at, 10);
	*times = (struct cpu_times){
		.kernel = (value[SYSTEM] + value[IRQ] + value[SOFTIRQ]) * tick_ns,
		.user = (value[USER] + value[NICE]) * tick_ns,
		.idle = value[IDLE] * tick_ns,
	};
	return true;
}

static uint64_t field(const virNodeCPUStats *stats, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(stats[i].field, name) == 0)
			return stats[i].value;
	return 0;
}

static bool their_times(struct pri_lv_host *host, struct cpu_times *times)
{
	virNodeCPUStats stats[PARAMS_MAX];
	int n = 0;

	/* Two calls: the number of fields is asked for first, and has to be given back. */
	if (PRI_LV(host, virNodeGetCPUStats, host->conn, VIR_NODE_CPU_STATS_ALL_CPUS, NULL, &n, 0) <
		    0 ||
	    n > PARAMS_MAX)
		return false;
	if (PRI_LV(host, virNodeGetCPUStats, host->conn, VIR_NODE_CPU_STATS_ALL_CPUS, stats, &n,
		   0) < 0)
		return false;
	*times = (struct cpu_times){
		.kernel = field(stats, n, VIR_NODE_CPU_STATS_KERNEL),
		.user = field(stats, n, VIR_NODE_CPU_STATS_USER),
		.idle = field(stats, n, VIR_NODE_CPU_STATS_IDLE),
	};
	return true;
}

static bool between(uint64_t low, uint64_t value, uint64_t high)
{
	return low <= value && value <= high;
}

static bool is_our_kernel(struct pri_lv_host *host)
{
	struct cpu_times before, theirs, after;

	return own_times(&before) && their_times(host, &theirs) && own_times(&after) &&
	       between(before.kernel, theirs.kernel, after.kernel) &&
	       between(before.user, theirs.user, after.user) &&
	       between(before.idle, theirs.idle, after.idle);
}

/* libvirt completes the name to a canonical one where it can. */
static bool is_our_name(const char *name)
{
	char ours[HOST_NAME_BUFFER];
	size_t length;

	if (gethostname(ours, sizeof(ours)) != 0)
		return false;
	ours[sizeof(ours) - 1] = '\0';
	length = strcspn(ours, ".");
	return strncmp(name, ours, length) == 0 && (!name[length] || name[length] == '.');
}

bool pri_lv_is_local(struct pri_lv_host *host)
{
	pri_autofree char *name = NULL;

	if (host->driver == PRI_LV_TEST || !pri_lv_uri_is_local(host->uri))
		return false;
	name = PRI_LV(host, virConnectGetHostname, host->conn);
	return name && is_our_name(name) && is_our_kernel(host);
}

static bool v1_cpu_is_mounted(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char line[4096];
	struct mntent entry;
	bool found = false;

	if (!mounts)
		return false;
	while (!found && getmntent_r(mounts, &entry, line, sizeof(line)))
		found = strcmp(entry.mnt_type, "cgroup") == 0 && hasmntopt(&entry, "cpu");
	endmntent(mounts);
	return found;
}

int pri_lv_cgroup_version(void)
{
	struct statfs fs;

	/* A hybrid host, with v2 mounted beside v1 controllers, counts as v1: that is where
	 * libvirt finds cpu and memory. */
	if (v1_cpu_is_mounted())
		return 1;
	if (statfs(CGROUP_ROOT, &fs) == 0 && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
		return 2;
	return 0;
}
