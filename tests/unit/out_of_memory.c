/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation of a scenario fails in turn, alone or with all that follow: each call succeeds
 * or says -ENOMEM, nothing crashes, and nothing is left allocated.  A plain program, because the allocator of the whole process is replaced.
 */
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pralloc.h>

#define TIME_MS 5000
#define ALLOCATIONS_MAX 5000

/* glibc's own, under the names that a replacement may call. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static long countdown = -1; /* negative: nothing fails */
static bool failed, for_good;
static long live; /* allocations that were not freed */

static bool fails_now(void)
{
	if (countdown < 0)
		return false;
	if (countdown > 0) {
		countdown--;
		return false;
	}
	countdown = for_good ? 0 : -1;
	failed = true;
	errno = ENOMEM;
	return true;
}

static void *count(void *memory)
{
	live += memory != NULL;
	return memory;
}

void *malloc(size_t size)
{
	return fails_now() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *memory, size_t size)
{
	void *more = fails_now() ? NULL : __libc_realloc(memory, size);

	live += more && !memory;
	return more;
}

void free(void *memory)
{
	live -= memory != NULL;
	__libc_free(memory);
}

struct scenario {
	const char *uri, *root, *domain, *settings;
	const char *journal; /* of a plan that fails, or NULL */
	const char *beyond;  /* what the backend's range does not have, or NULL */
};

static long number; /* of the allocation that fails */
static int wrong;

static bool holds(const char *call, const struct scenario *scenario, int r, const char *text)
{
	if (r == 0)
		return true;
	if (r != -ENOMEM || !failed) {
		long keep = countdown;

		countdown = -1;
		fprintf(stderr, "%s, allocation %ld: %s: %d %s\n", scenario->uri, number, call, r,
			text);
		countdown = keep;
		wrong++;
	}
	return false;
}

static void use_plan(const struct scenario *s, struct pr_ctx *ctx, struct pr_host *host)
{
	struct pr_plan *plan = NULL;

	if (!holds("plan_new", s, pr_plan_new(ctx, &plan), pr_ctx_errmsg(ctx)))
		return;
	if (holds("plan_load", s, pr_plan_load(plan, host, s->settings, 0), pr_plan_errmsg(plan)))
		holds("plan_apply", s, pr_plan_apply(plan, TIME_MS, 0), pr_plan_errmsg(plan));
	pr_plan_free(plan);
}

static bool is_as_before(struct pr_host *host, size_t i)
{
	static const char *const steps[][3] = {{"vm1", "cpu.shares", "1024"},
					       {"vm1", "cpu.pin[0]", "default"},
					       {"vm2", "cpu.shares", "1024"}};
	struct pr_domain *dom = NULL;
	const char *is = "";
	bool same;

	if (pr_domain_open(host, steps[i][0], 0, &dom) < 0)
		return false;
	same = pr_get_str(dom, steps[i][1], NULL, &is, 0) == 0 && strcmp(is, steps[i][2]) == 0;
	pr_domain_close(dom);
	return same;
}

static bool is_ended(const char *path)
{
	char text[4096];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = '\0';
	if (file)
		fclose(file);
	return !strstr(text, "\nready\n") || strstr(text, "\nend\n");
}

/* What is not as before says so, and the journal is kept for it. */
static void judge_failed(const struct scenario *s, struct pr_host *host, struct pr_plan *plan)
{
	bool left = false;
	size_t i;

	for (i = 0; i < pr_plan_count(plan); i++) {
		struct pr_step step = {.size = sizeof(step)};

		pr_plan_step(plan, i, &step);
		left = left || step.status == PRALLOC_STEP_LEFT;
		if (step.status == PRALLOC_STEP_LEFT || is_as_before(host, i))
			continue;
		fprintf(stderr, "%s, allocation %ld: step %zu has status %d and is not as before\n",
			s->uri, number, i, step.status);
		wrong++;
	}
	if (left && is_ended(s->journal)) {
		fprintf(stderr, "%s, allocation %ld: the journal was ended\n", s->uri, number);
		wrong++;
	}
}

static void use_failing_plan(const struct scenario *s, struct pr_ctx *ctx)
{
	struct pr_host *host = NULL;
	struct pr_plan *plan = NULL;
	long keep;

	if (!s->journal)
		return;
	if (pr_host_open(ctx, s->uri, 0, &host) == 0 && pr_plan_new(ctx, &plan) == 0 &&
	    pr_plan_load(plan, host, "vm1 cpu.shares=512 cpu.pin[0]=1\nvm2 cpu.shares=512\n", 0) ==
		    0 &&
	    pr_plan_set_journal(plan, s->journal, 0) == 0 &&
	    pr_fake_inject(host, "fail error=EBUSY at=3", 0) == 0 &&
	    pr_plan_apply(plan, TIME_MS, 0) < 0) {
		keep = countdown;
		countdown = -1;
		judge_failed(s, host, plan);
		countdown = keep;
	}
	pr_plan_free(plan);
	pr_host_close(host);
	if (s->journal)
		remove(s->journal);
}

static void use_rescale(const struct scenario *s, struct pr_ctx *ctx, struct pr_host *host)
{
	struct pr_plan *plan = NULL;

	if (!s->beyond || !holds("plan_new", s, pr_plan_new(ctx, &plan), pr_ctx_errmsg(ctx)))
		return;
	if (holds("plan_load", s, pr_plan_load(plan, host, s->beyond, 0), pr_plan_errmsg(plan)) &&
	    !holds("plan_rescale", s, pr_plan_rescale(plan, 0), pr_plan_errmsg(plan)) &&
	    pr_plan_count(plan) != 1) {
		fprintf(stderr, "%s, allocation %ld: the plan is not as before\n", s->uri, number);
		wrong++;
	}
	pr_plan_free(plan);
}

/* The error is that of the first line, or -ENOMEM, which has no problems. */
static void use_bad_plan(const struct scenario *s, struct pr_ctx *ctx, struct pr_host *host)
{
	struct pr_plan *plan = NULL;
	int r;

	if (!holds("plan_new", s, pr_plan_new(ctx, &plan), pr_ctx_errmsg(ctx)))
		return;
	r = pr_plan_load(plan, host, "vmx cpu.shares=5\nvm1 cpu.shares=1 cpu.share=5\n", 0);
	if (r != -ENOENT)
		holds("plan_load of a bad text", s, r < 0 ? r : -EIO, pr_plan_errmsg(plan));
	if (pr_plan_problem_count(plan) != (r == -ENOENT ? 3 : 0) || pr_plan_count(plan) > 0) {
		fprintf(stderr, "%s, allocation %ld: %d with %zu problems\n", s->uri, number, r,
			pr_plan_problem_count(plan));
		wrong++;
	}
	pr_plan_free(plan);
}

static void use_domain(const struct scenario *s, struct pr_host *host)
{
	struct pr_domain *dom = NULL;
	uint64_t value;

	if (!holds("domain_open", s, pr_domain_open(host, s->domain, 0, &dom),
		   pr_host_errmsg(host)))
		return;
	holds("get", s, pr_get_u64(dom, "cpu.shares", NULL, &value, 0), pr_domain_errmsg(dom));
	holds("set", s, pr_set_u64(dom, "cpu.shares", NULL, 2048, 0), pr_domain_errmsg(dom));
	pr_domain_close(dom);
}

static void play(const struct scenario *s)
{
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;

	if (!holds("ctx_new", s, pr_ctx_new(&ctx), ""))
		return;
	if ((!s->root || holds("set_root", s, pr_ctx_set_root(ctx, s->root), pr_ctx_errmsg(ctx))) &&
	    holds("host_open", s, pr_host_open(ctx, s->uri, 0, &host), pr_ctx_errmsg(ctx))) {
		use_domain(s, host);
		use_plan(s, ctx, host);
		use_bad_plan(s, ctx, host);
		use_rescale(s, ctx, host);
		use_failing_plan(s, ctx);
	}
	pr_host_close(host);
	pr_ctx_unref(ctx);
}

static void play_all(const struct scenario *s)
{
	for (number = 0, failed = true; failed && number < ALLOCATIONS_MAX; number++) {
		long before = live;

		failed = false;
		countdown = number;
		play(s);
		countdown = -1;
		if (live != before) {
			fprintf(stderr, "%s, allocation %ld: %ld are left\n", s->uri, number,
				live - before);
			wrong++;
		}
	}
	printf("%s, %s: %ld allocations\n", s->uri, for_good ? "for good" : "once", number - 1);
	if (failed) {
		fprintf(stderr, "%s: there is no end of allocations\n", s->uri);
		wrong++;
	}
}

/* What is made once for the process, by the C library too, is made before. */
static void play_ways(const struct scenario *s)
{
	play(s);
	for (int i = 0; i < 2; i++) {
		for_good = i > 0;
		play_all(s);
	}
}

/* A hierarchy of v2 with two groups. */
static const struct {
	const char *path, *text; /* NULL: a directory */
} files[] = {
	{"proc", NULL},
	{"proc/self", NULL},
	{"proc/self/mountinfo", "30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n"},
	{"run", NULL},
	{"run/pralloc", NULL},
	{"cg", NULL},
	{"cg/cgroup.controllers", "cpu memory\n"},
	{"cg/cgroup.subtree_control", "cpu memory\n"},
	{"cg/vm1", NULL},
	{"cg/vm1/cgroup.controllers", "cpu memory\n"},
	{"cg/vm1/cgroup.procs", ""},
	{"cg/vm1/cgroup.type", "domain\n"},
	{"cg/vm1/cpu.weight", "100\n"},
	{"cg/vm1/cpu.max", "max 100000\n"},
	{"cg/vm2", NULL},
	{"cg/vm2/cpu.weight", "100\n"},
};

static int make_file(const char *root, size_t i)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, files[i].path);
	if (!files[i].text)
		return mkdir(path, 0700);
	file = fopen(path, "we");
	if (!file)
		return -1;
	fputs(files[i].text, file);
	return fclose(file);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

int main(void)
{
	char root[] = "/tmp/pralloc-memory.XXXXXX";
	char journal[64];
	const struct scenario fake = {
		.uri = "fake:///2",
		.domain = "vm1",
		.settings = "vm1 cpu.shares=512 cpu.pin[0]=1\nvm2 mem.balloon=768M\n",
		.journal = journal};
	const struct scenario tree = {.uri = "cgroup:",
				      .root = root,
				      .domain = "vm1",
				      .settings = "vm1 cpu.shares=512 cpu.quota=50ms\n",
				      .beyond = "vm1 cpu.shares=200000\n"};
	int r = mkdtemp(root) ? 0 : -1;

	snprintf(journal, sizeof(journal), "%s/journal", root);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++)
		r = make_file(root, i);
	if (r == 0) {
		play_ways(&fake);
		play_ways(&tree);
	} else {
		perror(root);
		wrong++;
	}
	nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
