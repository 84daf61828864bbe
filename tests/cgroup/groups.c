/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "groups.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 512
#define LINE_BYTES 4096
#define REMOVE_TRIES 200
#define REMOVE_PAUSE_MS 10

void tell(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

void pause_ms(unsigned int ms)
{
	struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

double median(const double *values, size_t n)
{
	double low = values[0], high = values[0], sum = 0;

	for (size_t i = 0; i < n; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
		sum += values[i];
	}
	return n == 3 ? sum - low - high : sum / (double)n;
}

bool is_within(double value, double ideal, double percent)
{
	double distance = value > ideal ? value - ideal : ideal - value;

	return distance <= ideal * percent / 100;
}

void *groups_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(memory, MAP_FAILED);
	return memory;
}

static void find_mounts(struct groups *groups)
{
	char line[LINE_BYTES], type[32], options[256];
	FILE *file = fopen("/proc/self/mountinfo", "re");

	cr_assert(file);
	while (groups->mount_count < GROUPS_MOUNTS_MAX && fgets(line, sizeof(line), file)) {
		struct groups_mount *mount = &groups->mounts[groups->mount_count];
		const char *rest = strstr(line, " - ");

		if (!rest || sscanf(rest, " - %31s %*s %255s", type, options) != 2 ||
		    strncmp(type, "cgroup", 6) != 0 || strstr(options, "name=") ||
		    sscanf(line, "%*s %*s %*s / %255s", mount->path) != 1)
			continue;
		mount->version = strcmp(type, "cgroup2") == 0 ? 2 : 1;
		snprintf(mount->controllers, sizeof(mount->controllers), ",%.100s,", options);
		groups->mount_count++;
	}
	fclose(file);
}

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length >= 0;
}

static void join(char full[PATH_BYTES], const char *directory, const char *name)
{
	cr_assert_lt(snprintf(full, PATH_BYTES, "%s/%s", directory, name), PATH_BYTES);
}

/* A new cpuset of v1 is empty, and takes no process. */
static void fill_cpuset(const char *path)
{
	static const char *const files[][2] = {{"cpuset.cpus", "../cpuset.cpus"},
					       {"cpuset.mems", "../cpuset.mems"}};
	char file[PATH_BYTES], text[256];

	for (size_t i = 0; i < 2; i++) {
		join(file, path, files[i][1]);
		cr_assert(read_text(file, text, sizeof(text)), "%s", file);
		join(file, path, files[i][0]);
		cr_assert(write_text(file, text), "%s", file);
	}
}

/* What the parent has, its children get. */
static void hand_down(const char *path)
{
	char file[PATH_BYTES], controllers[256], *rest = NULL;

	join(file, path, "cgroup.controllers");
	cr_assert(read_text(file, controllers, sizeof(controllers)), "%s", file);
	join(file, path, "cgroup.subtree_control");
	for (char *word = strtok_r(controllers, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest)) {
		char text[64];

		snprintf(text, sizeof(text), "+%s", word);
		cr_assert(write_text(file, text), "%s to %s: %s", text, file, strerror(errno));
	}
}

static void path_of(const struct groups *groups, const struct groups_mount *mount, int child,
		    char path[PATH_BYTES])
{
	int length = snprintf(path, PATH_BYTES, "%s/%s%s%s", mount->path, groups->name,
			      child < 0 ? "" : "/", child < 0 ? "" : groups->children[child]);

	cr_assert_lt(length, PATH_BYTES);
}

static bool has_below(const struct groups *groups, int child)
{
	for (size_t i = 0; child >= 0 && i < groups->child_count; i++) {
		size_t length = strlen(groups->children[child]);

		if (strncmp(groups->children[i], groups->children[child], length) == 0 &&
		    groups->children[i][length] == '/')
			return true;
	}
	return child < 0;
}

static void make_groups(const struct groups *groups)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < groups->mount_count; i++) {
		const struct groups_mount *mount = &groups->mounts[i];

		for (int child = -1; child < (int)groups->child_count; child++) {
			path_of(groups, mount, child, path);
			cr_assert_eq(mkdir(path, 0755), 0, "%s: %s", path, strerror(errno));
			if (strstr(mount->controllers, ",cpuset,"))
				fill_cpuset(path);
			if (mount->version == 2 && has_below(groups, child))
				hand_down(path);
		}
	}
}

/* What a test that fails leaves: its own struct is gone then. */
static struct groups left;

/* The processes that were in it may need a moment to be gone. */
static void remove_group(const char *path)
{
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (rmdir(path) == 0 || errno == ENOENT)
			return;
		pause_ms(REMOVE_PAUSE_MS);
	}
	fprintf(stderr, "%s stays: %s\n", path, strerror(errno));
}

static void remove_groups(void)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < left.load_count; i++) {
		kill(left.loads[i], SIGKILL);
		waitpid(left.loads[i], NULL, 0);
	}
	for (size_t i = 0; i < left.mount_count; i++)
		for (int child = (int)left.child_count - 1; child >= -1; child--) {
			path_of(&left, &left.mounts[i], child, path);
			remove_group(path);
		}
	left.load_count = left.mount_count = 0;
}

void groups_close(struct groups *groups)
{
	for (size_t i = 0; i < groups->child_count; i++)
		pr_domain_close(groups->doms[i]);
	pr_host_close(groups->host);
	pr_ctx_unref(groups->ctx);
	remove_groups();
}

void groups_open(struct groups *groups, const char *const *names)
{
	*groups = (struct groups){0};
	if (geteuid() != 0)
		cr_skip_test("groups are made by root");
	find_mounts(groups);
	if (!groups->mount_count)
		cr_skip_test("no cgroup hierarchy is mounted");
	snprintf(groups->name, sizeof(groups->name), "pralloc-effect.%d", (int)getpid());
	snprintf(groups->uri, sizeof(groups->uri), "cgroup:///%s", groups->name);
	while (names[groups->child_count]) {
		groups->children[groups->child_count] = names[groups->child_count];
		groups->child_count++;
	}
	left = *groups;
	atexit(remove_groups);
	make_groups(groups);
	cr_assert_eq(pr_ctx_new(&groups->ctx), 0);
	EXPECT_OK(pr_host_open(groups->ctx, groups->uri, 0, &groups->host),
		  pr_ctx_errmsg(groups->ctx));
	for (size_t i = 0; i < groups->child_count; i++)
		if (!strchr(names[i], '/'))
			EXPECT_OK(pr_domain_open(groups->host, names[i], 0, &groups->doms[i]),
				  pr_host_errmsg(groups->host));
}

static const struct groups_mount *mount_of(const struct groups *groups, const char *controller)
{
	char word[64];

	snprintf(word, sizeof(word), ",%s,", strcmp(controller, "io") == 0 ? "blkio" : controller);
	for (size_t i = 0; i < groups->mount_count; i++)
		if (groups->mounts[i].version == 1 && strstr(groups->mounts[i].controllers, word))
			return &groups->mounts[i];
	for (size_t i = 0; i < groups->mount_count; i++) {
		char path[PATH_BYTES], file[PATH_BYTES], controllers[256];

		path_of(groups, &groups->mounts[i], -1, path);
		join(file, path, "cgroup.controllers");
		if (groups->mounts[i].version == 2 &&
		    read_text(file, controllers, sizeof(controllers)) &&
		    strstr(controllers, controller))
			return &groups->mounts[i];
	}
	return NULL;
}

int groups_version(const struct groups *groups, const char *controller)
{
	const struct groups_mount *mount = mount_of(groups, controller);

	return mount ? mount->version : 0;
}

void groups_cat(const struct groups *groups, const char *controller, int child, const char *file,
		char *text, size_t size)
{
	const struct groups_mount *mount = mount_of(groups, controller);
	char path[PATH_BYTES], full[PATH_BYTES];

	cr_assert(mount, "no hierarchy has %s", controller);
	path_of(groups, mount, child, path);
	join(full, path, file);
	cr_assert(read_text(full, text, size), "%s: %s", full, strerror(errno));
}

uint64_t groups_number(const struct groups *groups, const char *controller, int child,
		       const char *file)
{
	char text[256];

	groups_cat(groups, controller, child, file, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static void enter(const struct groups *groups, int child)
{
	char path[PATH_BYTES], file[PATH_BYTES];

	for (size_t i = 0; i < groups->mount_count; i++) {
		path_of(groups, &groups->mounts[i], child, path);
		join(file, path, "cgroup.procs");
		if (!write_text(file, "0"))
			_exit(1);
	}
}

size_t groups_load(struct groups *groups, int child, void (*load)(void *data), void *data)
{
	int ready[2];
	char byte;
	pid_t pid;

	cr_assert_lt(groups->load_count, LOADS_MAX);
	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		enter(groups, child);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[1]);
		load(data);
		_exit(0);
	}
	groups->loads[groups->load_count] = pid;
	left.loads[left.load_count++] = pid;
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1, "a load did not get into its group");
	close(ready[0]);
	return groups->load_count++;
}

uint64_t groups_cpu_ns(const struct groups *groups, size_t load)
{
	struct timespec used;
	clockid_t clock;

	cr_assert_eq(clock_getcpuclockid(groups->loads[load], &clock), 0);
	cr_assert_eq(clock_gettime(clock, &used), 0);
	return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

void load_cpu(void *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(*(int *)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		_exit(1);
	for (volatile unsigned int n = 0;; n++)
		;
}
