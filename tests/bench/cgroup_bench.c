/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cgroup_bench [URI DOMAIN]: what libpralloc adds to the system calls below it, beside the tools
 * that people use instead.  With a libvirt URI and a running domain virsh is measured too.
 *
 *   set    cpu.shares of a group, read back: bare, libpralloc, libcgroup, cgset, virsh
 *   read   eight values of each of 1000 groups: bare reads of the files that they are in, and pr_read
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pralloc.h>

#include "bench.h"

#ifdef HAVE_LIBCGROUP
#include <libcgroup.h>
#endif

#define PARENT "pralloc-bench"
#define BLOCKS 21
#define SET_CALLS 20000
#define GROUPS 1000
#define TEXT_MAX 16384
#define PATH_BYTES 256
#define FILES_MAX 7
#define READINGS 8

struct file {
	const char *hierarchy, *name;
};

struct layout {
	const char *top, *hierarchies[6];
	const char *shares, *values[2];
	struct file files[FILES_MAX]; /* that the readings are in */
};

/* This machine has v1 and v2 side by side, or v2 alone. */
static const struct layout layouts[] = {
	{"/sys/fs/cgroup/unified",
	 {"cpu", "cpuacct", "memory", "unified", NULL},
	 "cpu.shares",
	 {"1024", "2048"},
	 {{"cpuacct", "cpuacct.usage"},
	  {"cpu", "cpu.stat"},
	  {"cpu", "cpu.shares"},
	  {"memory", "memory.stat"},
	  {"unified", "cpu.pressure"},
	  {"unified", "memory.pressure"},
	  {"unified", "io.pressure"}}},
	{"/sys/fs/cgroup/cgroup.controllers",
	 {".", NULL},
	 "cpu.weight",
	 {"100", "200"},
	 {{".", "cpu.stat"},
	  {".", "cpu.weight"},
	  {".", "memory.stat"},
	  {".", "cpu.pressure"},
	  {".", "memory.pressure"},
	  {".", "io.pressure"}}},
};

static const char *const attributes[READINGS] = {
	"cpu.time",	    "cpu.throttled", "cpu.shares",   "mem.rss",
	"mem.major_faults", "cpu.pressure",  "mem.pressure", "io.pressure",
};

struct bench {
	const struct layout *layout;
	struct pr_host *host;
	struct pr_domain *doms[GROUPS];
	int shares_fd;
	int fds[GROUPS][FILES_MAX];
	struct pr_reading readings[READINGS];
	const char *uri, *domain;
	unsigned int turn;
};

static void path_of(char path[PATH_BYTES], const char *hierarchy, int group, const char *file)
{
	if (group < 0)
		snprintf(path, PATH_BYTES, "/sys/fs/cgroup/%s/" PARENT "%s", hierarchy, file);
	else
		snprintf(path, PATH_BYTES, "/sys/fs/cgroup/%s/" PARENT "/g%d%s", hierarchy, group,
			 file);
}

static void remove_groups(const struct layout *layout)
{
	char path[PATH_BYTES];

	for (size_t i = 0; layout->hierarchies[i]; i++)
		for (int group = GROUPS - 1; group >= -1; group--) {
			path_of(path, layout->hierarchies[i], group, "");
			rmdir(path);
		}
}

static void make_groups(const struct layout *layout)
{
	char path[PATH_BYTES];

	for (size_t i = 0; layout->hierarchies[i]; i++)
		for (int group = -1; group < GROUPS; group++) {
			FILE *control;

			path_of(path, layout->hierarchies[i], group, "");
			if (mkdir(path, 0755) < 0 && errno != EEXIST)
				bench_die(path, strerror(errno));
			if (group >= 0)
				continue;
			path_of(path, layout->hierarchies[i], group, "/cgroup.subtree_control");
			control = fopen(path, "we");
			if (control) {
				fputs("+cpu +memory +io", control);
				fclose(control);
			}
		}
}

static void bare_set(void *data)
{
	struct bench *bench = data;
	const char *value = bench->layout->values[bench->turn++ % 2];
	size_t length = strlen(value);
	char text[32];

	if (pwrite(bench->shares_fd, value, length, 0) != (ssize_t)length ||
	    pread(bench->shares_fd, text, sizeof(text), 0) < (ssize_t)length ||
	    memcmp(text, value, length) != 0)
		bench_die("bare write", strerror(errno));
}

static void pralloc_set(void *data)
{
	struct bench *bench = data;

	if (pr_cpu_set_shares(bench->doms[0], bench->turn++ % 2 ? 2048 : 1024, 0) < 0)
		bench_die("pr_cpu_set_shares", pr_domain_errmsg(bench->doms[0]));
}

#ifdef HAVE_LIBCGROUP
/* A struct that has values takes no others: reading needs one of its own. */
static void libcgroup_set(void *data)
{
	struct bench *bench = data;
	const char *value = bench->layout->values[bench->turn++ % 2];
	struct cgroup *group = cgroup_new_cgroup(PARENT "/g0");
	struct cgroup *again = cgroup_new_cgroup(PARENT "/g0");
	struct cgroup_controller *cpu = cgroup_add_controller(group, "cpu");
	char *text = NULL;

	if (cgroup_add_value_string(cpu, bench->layout->shares, value) != 0 ||
	    cgroup_modify_cgroup(group) != 0 || cgroup_get_cgroup(again) != 0)
		bench_die("libcgroup", "failed");
	cpu = cgroup_get_controller(again, "cpu");
	if (!cpu || cgroup_get_value_string(cpu, bench->layout->shares, &text) != 0 ||
	    strncmp(text, value, strlen(value)) != 0)
		bench_die("libcgroup", "reads something else");
	free(text);
	cgroup_free(&again);
	cgroup_free(&group);
}
#endif

static void cgset(void *data)
{
	struct bench *bench = data;
	char setting[64];
	const char *const argv[] = {"cgset", "-r", setting, PARENT "/g0", NULL};

	snprintf(setting, sizeof(setting), "%s=%s", bench->layout->shares,
		 bench->layout->values[bench->turn++ % 2]);
	bench_spawn(argv);
}

static void virsh(void *data)
{
	struct bench *bench = data;
	const char *const argv[] = {
		"virsh",     "-q",
		"-c",	     bench->uri,
		"schedinfo", bench->domain,
		"--set",     bench->turn++ % 2 ? "cpu_shares=2048" : "cpu_shares=1024",
		NULL,
	};

	bench_spawn(argv);
}

static void bare_read(void *data)
{
	struct bench *bench = data;
	static char text[TEXT_MAX];

	for (int group = 0; group < GROUPS; group++)
		for (int i = 0; i < FILES_MAX && bench->layout->files[i].name; i++)
			if (pread(bench->fds[group][i], text, sizeof(text), 0) < 0)
				bench_die(bench->layout->files[i].name, strerror(errno));
}

static void pralloc_read(void *data)
{
	struct bench *bench = data;

	for (int group = 0; group < GROUPS; group++)
		if (pr_read(bench->doms[group], bench->readings, READINGS, NULL, 0) < 0)
			bench_die("pr_read", pr_domain_errmsg(bench->doms[group]));
	for (int i = 0; i < READINGS; i++)
		if (bench->readings[i].error < 0)
			bench_die(bench->readings[i].attribute, bench->readings[i].text);
}

static void open_files(struct bench *bench)
{
	const struct layout *layout = bench->layout;
	char path[PATH_BYTES], name[64];

	snprintf(name, sizeof(name), "/%s", layout->shares);
	path_of(path, layout->hierarchies[0], 0, name);
	bench->shares_fd = open(path, O_RDWR | O_CLOEXEC);
	if (bench->shares_fd < 0)
		bench_die(path, strerror(errno));
	for (int group = 0; group < GROUPS; group++)
		for (int i = 0; i < FILES_MAX && layout->files[i].name; i++) {
			snprintf(name, sizeof(name), "/%s", layout->files[i].name);
			path_of(path, layout->files[i].hierarchy, group, name);
			bench->fds[group][i] = open(path, O_RDONLY | O_CLOEXEC);
			if (bench->fds[group][i] < 0)
				bench_die(path, strerror(errno));
		}
}

static void open_domains(struct bench *bench, struct pr_ctx *ctx)
{
	char name[32];

	if (pr_host_open(ctx, "cgroup:///" PARENT, 0, &bench->host) < 0)
		bench_die("cgroup:///" PARENT, pr_ctx_errmsg(ctx));
	for (int group = 0; group < GROUPS; group++) {
		snprintf(name, sizeof(name), "g%d", group);
		if (pr_domain_open(bench->host, name, 0, &bench->doms[group]) < 0)
			bench_die(name, pr_host_errmsg(bench->host));
	}
	for (int i = 0; i < READINGS; i++)
		bench->readings[i] = (struct pr_reading){.size = sizeof(struct pr_reading),
							 .attribute = attributes[i]};
}

static void run(struct bench *bench)
{
	struct bench_method sets[5] = {
		{"pwrite and pread, bare", bare_set, SET_CALLS, 0},
		{"pr_cpu_set_shares", pralloc_set, SET_CALLS, 0},
	};
	static const struct bench_method reads[] = {
		{"pread of the files, bare", bare_read, 1, 0},
		{"pr_read", pralloc_read, 1, 0},
	};
	size_t n = 2;

#ifdef HAVE_LIBCGROUP
	if (cgroup_init() == 0)
		sets[n++] = (struct bench_method){"libcgroup", libcgroup_set, 200, 0};
#endif
	sets[n++] = (struct bench_method){"cgset process, without reading", cgset, 5, 0};
	if (bench->domain)
		sets[n++] = (struct bench_method){"virsh schedinfo process", virsh, 2, 0};
	bench_run("set cpu.shares and read it back", sets, n, BLOCKS, bench);
	bench_run("8 readings of 1000 groups", reads, 2, BLOCKS, bench);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct rlimit descriptors;
	struct pr_ctx *ctx = NULL;

	bench.uri = argc == 3 ? argv[1] : NULL;
	bench.domain = argc == 3 ? argv[2] : NULL;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (!bench.layout && access(layouts[i].top, F_OK) == 0)
			bench.layout = &layouts[i];
	if (!bench.layout || geteuid() != 0)
		bench_die("groups", "needs root and a mounted hierarchy");
	getrlimit(RLIMIT_NOFILE, &descriptors);
	descriptors.rlim_cur = descriptors.rlim_max;
	setrlimit(RLIMIT_NOFILE, &descriptors);
	make_groups(bench.layout);
	if (pr_ctx_new(&ctx) < 0)
		bench_die("pr_ctx_new", "failed");
	open_files(&bench);
	open_domains(&bench, ctx);
	run(&bench);
	for (int group = 0; group < GROUPS; group++)
		pr_domain_close(bench.doms[group]);
	pr_host_close(bench.host);
	pr_ctx_unref(ctx);
	remove_groups(bench.layout);
	return 0;
}
