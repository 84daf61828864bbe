/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain is changed by one process at a time; reading asks nobody. */
#include "core/domain_lock.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"

#define TIME 20000

/* libvirt's test driver: domains of this process, but to the library as good as any.  The locks
 * lie below a directory of the test's own. */
struct driver_bed {
	char root[40];
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom;
};

static void driver_bed_open(struct driver_bed *bed)
{
	char path[64];

	strcpy(bed->root, "/tmp/pralloc-domain-lock.XXXXXX");
	cr_assert(mkdtemp(bed->root));
	snprintf(path, sizeof(path), "%s/run", bed->root);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	cr_assert_eq(pr_ctx_set_root(bed->ctx, bed->root), 0);
	cr_assert_eq(pr_host_open(bed->ctx, "test:///default", 0, &bed->host), 0, "%s",
		     pr_ctx_errmsg(bed->ctx));
	cr_assert_eq(pr_domain_open(bed->host, "test", 0, &bed->dom), 0);
}

static void driver_bed_close(struct driver_bed *bed)
{
	char command[128];

	pr_domain_close(bed->dom);
	pr_host_close(bed->host);
	pr_ctx_unref(bed->ctx);
	snprintf(command, sizeof(command), "rm -r %s", bed->root);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* Another process that holds the domain's lock until it is killed. */
static pid_t holder(struct driver_bed *bed)
{
	char name[64], ready = 0, *error = NULL;
	int pipes[2], fd = -1;
	pid_t pid;

	snprintf(name, sizeof(name), "domain-%s", pr_domain_uuid(bed->dom));
	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		ready = pri_lock_open(bed->root, name, &fd, &error) == 0 &&
			pri_lock_take(fd, name, &error) == 0;
		if (write(pipes[1], &ready, 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert_eq(read(pipes[0], &ready, 1), 1);
	cr_assert(ready);
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

static void expect_held(const char *text, pid_t pid, const char *what)
{
	char part[32];

	snprintf(part, sizeof(part), "PID %d", (int)pid);
	cr_expect(strstr(text, part), "%s: %s", what, text);
}

Test(domain_lock, writers_wait_for_each_other)
{
	struct pr_plan *plan = NULL;
	struct driver_bed bed;
	uint64_t value = 0;
	pid_t pid;

	driver_bed_open(&bed);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.hard_limit", NULL, 3000 * MIB), 0);
	pid = holder(&bed);
	cr_expect_eq(pr_set_u64(bed.dom, "mem.hard_limit", NULL, 2900 * MIB, PRALLOC_ALLOW_HARM),
		     -EBUSY);
	expect_held(pr_domain_errmsg(bed.dom), pid, "a typed call");
	cr_expect_eq(pr_domain_reset(bed.dom, "mem.hard_limit", NULL, 0), -EBUSY, "%s",
		     pr_domain_errmsg(bed.dom));
	expect_held(pr_domain_errmsg(bed.dom), pid, "a reset");
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_ALLOW_HARM), -EBUSY);
	expect_held(pr_plan_errmsg(plan), pid, "a plan");
	cr_expect_eq(pr_plan_check(plan, PRALLOC_ALLOW_HARM), -EBUSY);
	expect_held(pr_plan_errmsg(plan), pid, "a check");
	cr_expect_eq(pr_get_u64(bed.dom, "mem.hard_limit", NULL, &value, 0), 0, "reading: %s",
		     pr_domain_errmsg(bed.dom));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_eq(pr_plan_check(plan, PRALLOC_ALLOW_HARM), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_ALLOW_HARM), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	driver_bed_close(&bed);
}

#define CROSSED 30
#define CROSSED_MS 3000

/* libvirt's test driver with many domains. */
static void write_domains(const char *path)
{
	FILE *file = fopen(path, "we");

	cr_assert(file);
	fputs("<node>", file);
	for (int i = 0; i < CROSSED; i++)
		fprintf(file,
			"<domain type='test'><name>d%d</name>"
			"<uuid>6118a1b0-af0b-41b2-af8a-%012d</uuid><memory unit='MiB'>4096</memory>"
			"<os><type>hvm</type></os></domain>",
			i, i);
	fputs("</node>", file);
	fclose(file);
}

/* Applies plans over all domains, from the first or from the last on.  Returns how many. */
static int apply_all(const char *root, const char *uri, bool backward)
{
	uint64_t until_ns = pri_now_ns() + CROSSED_MS * UINT64_C(1000000);
	struct pr_domain *doms[CROSSED] = {NULL};
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	int count = 0;

	if (pr_ctx_new(&ctx) < 0 || pr_ctx_set_root(ctx, root) < 0 ||
	    pr_host_open(ctx, uri, 0, &host) < 0)
		return 0;
	for (int i = 0; i < CROSSED; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		if (pr_domain_open(host, name, 0, &doms[i]) < 0)
			return 0;
	}
	while (pri_now_ns() < until_ns && count < 100) {
		struct pr_plan *plan = NULL;

		if (pr_plan_new(ctx, &plan) < 0)
			return 0;
		for (int i = 0; i < CROSSED; i++)
			pr_plan_set_u64(plan, doms[backward ? CROSSED - 1 - i : i],
					"mem.hard_limit", NULL, (3000 + (uint64_t)count) * MIB);
		count += pr_plan_apply(plan, TIME, PRALLOC_ALLOW_HARM) == 0;
		pr_plan_free(plan);
	}
	return count;
}

/* Neither keeps the other from all of them, holding a half itself. */
Test(domain_lock, plans_that_cross)
{
	struct driver_bed bed;
	char path[64], uri[80];
	pid_t pids[2];

	driver_bed_open(&bed);
	snprintf(path, sizeof(path), "%s/domains.xml", bed.root);
	snprintf(uri, sizeof(uri), "test://%s", path);
	write_domains(path);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		cr_assert_geq(pids[i], 0);
		if (pids[i] == 0)
			_exit(apply_all(bed.root, uri, i == 1));
	}
	for (int i = 0; i < 2; i++) {
		int status;

		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		fprintf(stderr, "process %d: %d plans\n", i, WEXITSTATUS(status));
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) >= 3, "process %d: 0x%x", i,
			  status);
	}
	driver_bed_close(&bed);
}

/* A plan that goes on, and another handle of this process. */
Test(domain_lock, plans_of_one_process)
{
	struct pr_plan *plan = NULL;
	struct pr_domain *again = NULL;
	struct driver_bed bed;

	driver_bed_open(&bed);
	cr_assert_eq(pr_domain_open(bed.host, "test", 0, &again), 0);
	cr_assert_eq(pri_domain_lock(bed.dom, &(char *){NULL}), 0);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, again, "mem.hard_limit", NULL, 3000 * MIB), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_ALLOW_HARM), -EBUSY);
	expect_held(pr_plan_errmsg(plan), getpid(), "another handle");
	cr_expect_eq(pr_set_u64(bed.dom, "mem.hard_limit", NULL, 2900 * MIB, PRALLOC_ALLOW_HARM),
		     -EBUSY);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "a plan of this program");
	pri_domain_unlock(bed.dom);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_ALLOW_HARM), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_domain_close(again);
	driver_bed_close(&bed);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	cr_assert(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* The file is kept, and a set costs no open; but only so many of them. */
Test(domain_lock, descriptors)
{
	struct pr_domain *doms[100];
	struct driver_bed bed;
	size_t before;

	driver_bed_open(&bed);
	before = open_files();
	for (size_t i = 0; i < PRI_ARRAY_SIZE(doms); i++) {
		cr_assert_eq(pr_domain_open(bed.host, "test", 0, &doms[i]), 0);
		cr_assert_eq(pr_set_u64(doms[i], "mem.hard_limit", NULL, (2900 + i) * MIB,
					PRALLOC_ALLOW_HARM),
			     0, "%s", pr_domain_errmsg(doms[i]));
	}
	cr_expect_lt(open_files(), before + 70);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(doms); i++)
		pr_domain_close(doms[i]);
	/* A thread of libvirt may just have one open. */
	cr_expect_lt(open_files(), before + 5);
	driver_bed_close(&bed);
}

/* Domains of the fake host are nobody else's: no directory is needed. */
Test(domain_lock, fake_needs_none)
{
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	struct pr_domain *dom = NULL;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	cr_assert_eq(pr_ctx_set_root(ctx, "/tmp/pralloc-there-is-none"), 0);
	cr_assert_eq(pr_host_open(ctx, "fake:", 0, &host), 0);
	cr_assert_eq(pr_domain_open(host, "vm1", 0, &dom), 0);
	cr_expect_eq(pr_cpu_set_shares(dom, 512, 0), 0, "%s", pr_domain_errmsg(dom));
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
}
