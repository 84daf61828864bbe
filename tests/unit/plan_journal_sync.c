/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal is on stable storage before what it tells of is done.  fdatasync() and fsync() are the
 * test's own, and so is the backend's function that writes.
 */
#include <sys/syscall.h>

#include "journal_bed.h"

static struct {
	const char *path, *directory;
	char synced[4096]; /* the journal, as the last fdatasync() found it */
	char first[4096];  /* the same, when its directory was synced */
	int (*apply)(struct pri_call *call, struct pri_change *changes, size_t n);
	struct {
		char attribute[32], synced[4096];
		bool is_synced, directory_is;
	} writes[16];
	size_t count;
} seen;

static bool is_of(int fd, const char *path)
{
	char link[64], of[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, of, sizeof(of) - 1);
	of[n > 0 ? n : 0] = '\0';
	return path && strcmp(of, path) == 0;
}

int fdatasync(int fd)
{
	if (is_of(fd, seen.path))
		snprintf(seen.synced, sizeof(seen.synced), "%.4095s", slurp(seen.path));
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	if (is_of(fd, seen.directory))
		snprintf(seen.first, sizeof(seen.first), "%.4095s", slurp(seen.path));
	return (int)syscall(SYS_fsync, fd);
}

static int watched_apply(struct pri_call *call, struct pri_change *changes, size_t n)
{
	size_t i = seen.count++;

	cr_assert_lt(i, PRI_ARRAY_SIZE(seen.writes));
	snprintf(seen.writes[i].attribute, sizeof(seen.writes[i].attribute), "%s",
		 changes[0].attr->name);
	strcpy(seen.writes[i].synced, seen.synced);
	seen.writes[i].is_synced = strcmp(seen.synced, slurp(seen.path)) == 0;
	seen.writes[i].directory_is = seen.first[0] != '\0';
	return seen.apply(call, changes, n);
}

/* The journal of a plan of which vm2's shares give and vm1's weight takes. */
static struct pr_plan *watched(struct journal_bed *j, struct pri_backend *backend,
			       const char *directive)
{
	struct pri_host_backend *of_host;

	journal_bed_open(j);
	if (directive)
		bed_inject(&j->bed, directive);
	of_host = &j->bed.host->backends[0];
	*backend = *of_host->backend;
	seen.path = j->path;
	seen.directory = j->directory;
	seen.apply = backend->apply;
	backend->apply = watched_apply;
	backend->begin = NULL;
	backend->finish = NULL;
	of_host->backend = backend;
	return journaled(j, "vm1 io.weight=300\nvm2 cpu.shares=512\n");
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), of_end = strlen(end);

	return length >= of_end && strcmp(text + length - of_end, end) == 0;
}

static void expect_write(size_t i, const char *attribute, const char *synced)
{
	cr_expect_str_eq(seen.writes[i].attribute, attribute, "write %zu", i);
	cr_expect(seen.writes[i].directory_is, "write %zu: the directory was not synced", i);
	cr_expect(ends_with(seen.writes[i].synced, synced),
		  "write %zu: what stays does not end with \"%s\": %s", i, synced,
		  seen.writes[i].synced);
}

Test(plan_journal_sync, before_each_phase)
{
	struct pri_backend backend;
	struct journal_bed j;
	struct pr_plan *plan = watched(&j, &backend, NULL);

	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(seen.count, 2);
	cr_expect(ends_with(seen.first, "\nready\n"), "the directory: %s", seen.first);
	expect_write(0, "cpu.shares", "\nready\ngive\n");
	expect_write(1, "io.weight", "\nready\ngive\ntake\n");
	for (size_t i = 0; i < seen.count; i++)
		cr_expect(seen.writes[i].is_synced, "write %zu: not all of it", i);
	cr_expect(ends_with(seen.synced, "\ntake\nend\n"), "%s", seen.synced);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal_sync, before_it_is_taken_back)
{
	struct pri_backend backend;
	struct journal_bed j;
	struct pr_plan *plan = watched(&j, &backend, NULL);

	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(seen.count, 4);
	expect_write(2, "io.weight", "\nend\nundo\n");
	cr_expect(strstr(seen.synced, "\nend\nundo\n"), "%s", seen.synced);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* A plan that fails in its second phase. */
Test(plan_journal_sync, before_a_failure_is_taken_back)
{
	struct pri_backend backend;
	struct journal_bed j;
	struct pr_plan *plan = watched(&j, &backend, "fail error=EIO attribute=io.weight at=1");

	cr_assert_eq(pr_plan_apply(plan, TIME, 0), -EIO, "%s", pr_plan_errmsg(plan));
	cr_assert_geq(seen.count, 3);
	cr_expect(ends_with(seen.writes[2].synced, "\ntake\nundo\n"), "%s", seen.writes[2].synced);
	pr_plan_free(plan);
	journal_bed_close(&j);
}
