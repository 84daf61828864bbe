/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recovery would do, looked at before it does it. */
#include "core/plan.h"

#include "fixture.h"

#define TIME 20000
#define TEXT_MAX 8192

struct left {
	struct bed bed;
	char path[40], text[TEXT_MAX];
};

static void read_text(const char *path, char text[TEXT_MAX])
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, TEXT_MAX - 1, file) : 0;

	cr_assert(file);
	text[n] = '\0';
	fclose(file);
}

/* A plan that was killed before it came to its end: all is written, the journal's last line not. */
static void left_open(struct left *left)
{
	struct pr_plan *plan;
	FILE *file;
	char *end;
	int fd;

	bed_open(&left->bed);
	strcpy(left->path, "/tmp/pralloc-recover.XXXXXX");
	fd = mkstemp(left->path);
	cr_assert_geq(fd, 0);
	close(fd);
	plan = bed_plan(&left->bed, "vm1 mem.balloon=768M cpu.shares=512\n"
				    "vm2 cpu.shares=4096 io.weight=300\n");
	cr_assert_eq(pr_plan_set_journal(plan, left->path, 0), 0);
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	read_text(left->path, left->text);
	end = strstr(left->text, "\nend\n");
	cr_assert(end, "%s", left->text);
	/* And half of one that was being written. */
	strcpy(end + 1, "undo");
	file = fopen(left->path, "we");
	cr_assert(file);
	fputs(left->text, file);
	fclose(file);
}

static void left_close(struct left *left)
{
	unlink(left->path);
	bed_close(&left->bed);
}

static struct pr_plan *recover(struct left *left, uint32_t flags, int wanted)
{
	struct pr_plan *plan = NULL;
	int r;

	cr_assert_eq(pr_plan_new(left->bed.ctx, &plan), 0);
	r = pr_plan_recover(plan, &left->bed.host, 1, left->path, TIME, flags);
	cr_expect_eq(r, wanted, "%d %s", r, pr_plan_errmsg(plan));
	return plan;
}

static void expect_untouched(struct left *left)
{
	char now[TEXT_MAX];

	read_text(left->path, now);
	cr_expect_str_eq(now, left->text, "a look writes into the journal");
	cr_expect_eq(bed_get(left->bed.dom, "mem.actual", NULL, 0), 768 * MIB);
	cr_expect_eq(bed_get(left->bed.dom, "cpu.shares", NULL, 0), 512);
	cr_expect_eq(bed_get(left->bed.other, "io.weight", NULL, 0), 300);
}

Test(plan_recover, dry_run)
{
	struct pr_plan *plan;
	struct left left;

	left_open(&left);
	plan = recover(&left, PRALLOC_DRY_RUN, 0);
	cr_assert_eq(pr_plan_count(plan), 4);
	for (size_t i = 0; i < 4; i++)
		cr_expect_eq(bed_step(plan, i).status, PRALLOC_STEP_OK, "step %zu: %d %s", i,
			     bed_step(plan, i).status, bed_step(plan, i).text);
	cr_expect_eq(bed_step(plan, 1).before.number, 1024);
	expect_untouched(&left);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EINVAL, "it was only looked at");
	pr_plan_free(plan);
	expect_untouched(&left);
	plan = recover(&left, 0, 0);
	cr_expect_eq(bed_get(left.bed.dom, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_get(left.bed.other, "io.weight", NULL, 0), 100);
	pr_plan_free(plan);
	left_close(&left);
}

/* What somebody has changed since is said, and so is what is as it was already. */
Test(plan_recover, dry_run_tells_what_would_be_left)
{
	struct pr_plan *plan;
	struct left left;

	left_open(&left);
	cr_assert_eq(pr_cpu_set_shares(left.bed.dom, 700, 0), 0);
	cr_assert_eq(pr_cpu_set_shares(left.bed.other, 1024, 0), 0);
	plan = recover(&left, PRALLOC_DRY_RUN, -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "cpu.shares of vm1");
	EXPECT_TEXT(pr_plan_errmsg(plan), "somebody else changed it since");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_OK);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_LEFT);
	cr_expect_eq(bed_step(plan, 2).status, PRALLOC_STEP_UNDONE);
	cr_expect_eq(bed_step(plan, 3).status, PRALLOC_STEP_OK);
	cr_expect_eq(bed_get(left.bed.dom, "mem.actual", NULL, 0), 768 * MIB);
	pr_plan_free(plan);
	left_close(&left);
}
