/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to a journal between two calls of who opens it: flock() is the test's own. */
#include <sys/file.h>
#include <sys/syscall.h>

#include "journal_bed.h"

/* What another process does right before the lock is asked for, once. */
static void (*meanwhile)(struct journal_bed *j);
static struct journal_bed *of;

int flock(int fd, int operation)
{
	void (*what)(struct journal_bed *) = meanwhile;

	meanwhile = NULL;
	if (what)
		what(of);
	return (int)syscall(SYS_flock, fd, operation);
}

static void comes_to_its_end(struct journal_bed *j)
{
	lengthen(j->path, "end\n");
}

/* Its plan had succeeded: nothing is taken back. */
Test(plan_journal_race, owner_ends)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\n");
	of = &j;
	meanwhile = comes_to_its_end;
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect(!meanwhile, "the journal was not locked");
	cr_expect_eq(pr_plan_count(plan), 0);
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 512, "it was taken back");
	pr_plan_free(plan);
	journal_bed_close(&j);
}

static void is_killed(struct journal_bed *j)
{
	leave_behind(j, "vm1 cpu.shares=512\n");
}

/* What it left is not written over. */
Test(plan_journal_race, another_one_is_killed)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	spit(j.path, "");
	plan = journaled(&j, "vm2 cpu.shares=4096\n");
	of = &j;
	meanwhile = is_killed;
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY, "%s", pr_plan_errmsg(plan));
	cr_expect(!meanwhile, "the journal was not locked");
	EXPECT_TEXT(pr_plan_errmsg(plan), "recover");
	pr_plan_free(plan);
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* The text says whom to wait for. */
Test(plan_journal_race, owner_lives)
{
	struct journal_bed j;
	struct pr_plan *plan, *second;
	char pid[32];

	journal_bed_open(&j);
	plan = journaled(&j, "vm1 cpu.shares=512\n");
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(recover(&j.bed, j.path, &second), -EBUSY, "%s", pr_plan_errmsg(second));
	snprintf(pid, sizeof(pid), "PID %d", (int)getpid());
	EXPECT_TEXT(pr_plan_errmsg(second), pid);
	pr_plan_free(second);
	pr_plan_free(plan);
	journal_bed_close(&j);
}
