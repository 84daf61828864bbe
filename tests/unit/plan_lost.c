/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes whose answer is lost: nobody says that nothing was done, and what was done, or is still to
 * come, is taken back. */
#include <sys/stat.h>

#include "fixture.h"

#define TIME 20000
#define LINES "vm1 mem.hard_limit=512M cpu.pin[0]=1\nvm2 cpu.shares=512\n"
#define JOURNAL "/tmp/pralloc-lost.XXXXXX"

static const char *const losses[] = {
	"lose attribute=mem.hard_limit",
	"lose attribute=mem.hard_limit effect=yes",
	"lose attribute=mem.hard_limit effect=yes ms=200",
	"lose attribute=mem.hard_limit ms=200",
	"lose attribute=cpu.pin effect=yes",
	"lose attribute=cpu.shares effect=yes ms=200",
};

static char *text_of(struct pr_domain *dom, const char *attribute)
{
	const char *text = "";

	cr_assert_eq(pr_get_str(dom, attribute, NULL, &text, 0), 0, "%s", pr_domain_errmsg(dom));
	return strdup(text);
}

static void expect_text(struct pr_domain *dom, const char *attribute, const char *wanted,
			const char *when)
{
	char *text = text_of(dom, attribute);

	cr_expect_str_eq(text, wanted, "%s: %s is %s", when, attribute, text);
	free(text);
}

static void expect_as_before(struct bed *bed, const char *when)
{
	expect_text(bed->dom, "mem.hard_limit", "unlimited", when);
	expect_text(bed->dom, "cpu.pin[0]", "default", when);
	expect_text(bed->other, "cpu.shares", "1024", when);
}

/* -- plans -- */

Test(plan_lost, all_is_as_before)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(losses); i++) {
		struct pr_plan *plan;
		struct bed bed;
		char once[80];
		int r;

		bed_open(&bed);
		plan = bed_plan(&bed, LINES);
		snprintf(once, sizeof(once), "%s at=1", losses[i]);
		bed_inject(&bed, once);
		r = pr_plan_apply(plan, TIME, 0);
		cr_expect(r == -ENOTCONN || r == -ETIMEDOUT, "%s: %d", once, r);
		for (size_t k = 0; k < 3; k++)
			cr_expect_neq(bed_step(plan, k).status, PRALLOC_STEP_LEFT, "%s: %s", once,
				      bed_step(plan, k).text);
		expect_as_before(&bed, once);
		cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EINVAL, "nothing is left");
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* It does not come out: that is said, and the rest is taken back later. */
Test(plan_lost, what_is_left_goes_back_later)
{
	struct pr_plan *plan;
	struct pr_step step;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, LINES);
	bed_inject(&bed, "lose attribute=mem.hard_limit effect=yes at=1");
	bed_inject(&bed, "fail error=EBUSY attribute=mem.hard_limit");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -ENOTCONN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "not everything could be taken back");
	step = bed_step(plan, 0);
	cr_expect_eq(step.status, PRALLOC_STEP_LEFT, "%d", step.status);
	EXPECT_TEXT(step.text, "it is not known whether it was written");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EBUSY, "%s", pr_plan_errmsg(plan));
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_UNDONE);
	expect_as_before(&bed, "after the second undo");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EINVAL, "nothing is left any more");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A value that reads as before is written all the same as long as the lost write may come. */
Test(plan_lost, a_write_that_comes_after_the_undo)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\n");
	bed_inject(&bed, "lose attribute=cpu.shares at=1");
	bed_inject(&bed, "fail error=EBUSY attribute=cpu.shares at=1");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -ENOTCONN);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	/* The write is what waits for another one: it says so, where a read would not. */
	bed_inject(&bed, "fail error=EBUSY attribute=cpu.shares at=1");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EBUSY, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A check forgets what was left. */
Test(plan_lost, checked_again)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\n");
	bed_inject(&bed, "fail error=EBUSY effect=yes");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EINVAL);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Another host goes back without waiting for the one that hangs. */
Test(plan_lost, other_hosts_do_not_wait)
{
	struct pr_host *second = NULL;
	struct pr_domain *dom = NULL;
	struct pr_plan *plan = NULL;
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_host_open(bed.ctx, "fake:///1", 0, &second), 0);
	cr_assert_eq(pr_domain_open(second, "vm1", 0, &dom), 0);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, dom, "cpu.shares", NULL, 512), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "cpu.shares", NULL, 512), 0);
	bed_inject(&bed, "lose effect=yes ms=300 at=1");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_UNDONE, "%s", bed_step(plan, 0).text);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_UNDONE, "%s", bed_step(plan, 1).text);
	expect_text(dom, "cpu.shares", "1024", "the other host");
	expect_text(bed.dom, "cpu.shares", "1024", "the host that hung");
	pr_plan_free(plan);
	pr_domain_close(dom);
	pr_host_close(second);
	bed_close(&bed);
}

/* -- the journal -- */

static bool is_over(const char *path)
{
	char text[4096];
	FILE *file = fopen(path, "re");
	size_t n;

	cr_assert(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return strstr(text, "\nend\n") != NULL;
}

/* A plan whose write is lost, as the directive says, and cannot be taken back. */
static void lose(struct bed *bed, char *path, const char *directive)
{
	struct pr_plan *plan;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
	bed_open(bed);
	plan = bed_plan(bed, LINES);
	cr_assert_eq(pr_plan_set_journal(plan, path, 0), 0, "%s", pr_plan_errmsg(plan));
	bed_inject(bed, directive);
	bed_inject(bed, "fail error=EBUSY attribute=mem.hard_limit");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -ENOTCONN);
	cr_expect(!is_over(path), "the journal was ended");
	pr_plan_free(plan);
}

static void recover(struct bed *bed, const char *path, int wanted)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	cr_expect_eq(pr_plan_recover(plan, &bed->host, 1, path, TIME, 0), wanted, "%s",
		     pr_plan_errmsg(plan));
	cr_expect_eq(is_over(path), wanted == 0, "the journal after %d", wanted);
	pr_plan_free(plan);
}

Test(plan_lost, journal_stays_open)
{
	char path[] = JOURNAL;
	struct bed bed;

	lose(&bed, path, "lose attribute=mem.hard_limit effect=yes at=1");
	bed_inject(&bed, "clear");
	recover(&bed, path, 0);
	expect_as_before(&bed, "recovered");
	unlink(path);
	bed_close(&bed);
}

/* Recovered while the write still hangs: what reads as before is written, which says that it cannot,
 * and the journal stays. */
Test(plan_lost, recovered_too_early)
{
	char path[] = JOURNAL;
	struct bed bed;

	lose(&bed, path, "lose attribute=mem.hard_limit at=1");
	recover(&bed, path, -EBUSY);
	bed_inject(&bed, "clear");
	recover(&bed, path, 0);
	expect_as_before(&bed, "recovered");
	unlink(path);
	bed_close(&bed);
}

/* -- typed calls -- */

Test(plan_lost, single_write)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "lose effect=yes ms=50 at=1");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 512, 0), -ETIMEDOUT);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "not known whether it took effect");
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "read again");
	bed_inject(&bed, "clear");
	bed_inject(&bed, "lose at=1");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 512, 0), -ENOTCONN);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "not known whether it took effect");
	bed_close(&bed);
}

Test(plan_lost, call_of_several_writes)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "lose effect=yes ms=200 attribute=cpu.shares at=2");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 512, PRALLOC_LIVE | PRALLOC_CONFIG), -ETIMEDOUT);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_neq(bed_get(bed.dom, "cpu.shares", NULL, PRALLOC_CONFIG), 512);
	bed_inject(&bed, "lose effect=yes at=1");
	bed_inject(&bed, "fail error=EIO at=1");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 512, PRALLOC_LIVE | PRALLOC_CONFIG), -ENOTCONN);
	EXPECT_TEXT(pr_domain_errmsg(bed.dom), "it is not known whether it was changed");
	bed_close(&bed);
}
