/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that is killed, wherever it is: another one finds everything in the journal. */
#include <sys/wait.h>

#include "journal_bed.h"

struct killer {
	struct journal_bed *j;
	size_t count, recovered;
};

/* What another process would find if this one were killed here: a copy of it with all that it has,
 * in which the plan never goes on. */
static void killed_here(void *data, const struct pr_plan *plan, size_t index)
{
	struct killer *killer = data;
	struct bed *bed = &killer->j->bed;
	struct pr_plan *found;
	int status, r;
	pid_t pid;

	(void)plan;
	(void)index;
	killer->count++;
	spit(killer->j->copy, slurp(killer->j->path));
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		/* A fault that is still to come is the killed process's. */
		bed_inject(bed, "clear");
		r = recover(bed, killer->j->copy, &found);
		if (r < 0)
			fprintf(stderr, "recover: %d %s\n%s", r, pr_plan_errmsg(found),
				slurp(killer->j->copy));
		_exit(r < 0 ? 2 : is_as_before(bed) ? pr_plan_count(found) > 0 : 3);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "call %zu: status 0x%x",
		  killer->count, status);
	killer->recovered += WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

static void kill_everywhere(const char *directive, int code)
{
	struct journal_bed j;
	struct killer killer = {.j = &j};
	struct pr_plan *plan;

	journal_bed_open(&j);
	spit(j.path, "");
	plan = journaled(&j, LINES);
	cr_assert_eq(pr_plan_set_progress(plan, killed_here, &killer), 0);
	bed_inject(&j.bed, "balloon domain=vm1 rate=8GiB/s");
	if (directive)
		bed_inject(&j.bed, directive);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), code, "%s", pr_plan_errmsg(plan));
	cr_expect_geq(killer.recovered, 5, "%zu of %zu", killer.recovered, killer.count);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal_kill, while_it_applies)
{
	kill_everywhere(NULL, 0);
}

Test(plan_journal_kill, while_it_takes_back)
{
	kill_everywhere("fail error=EIO domain=vm2 attribute=mem.hard_limit at=1", -EIO);
}

/* -- while an applied plan is taken back: the journal has an end already -- */

static struct pr_plan *applied(struct journal_bed *j, const char *lines)
{
	struct pr_plan *plan = journaled(j, lines);

	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect(pri_journal_is_over(slurp(j->path)), "%s", slurp(j->path));
	return plan;
}

static void kill_undo(const char *directive, int code)
{
	struct journal_bed j;
	struct killer killer = {.j = &j};
	struct pr_plan *plan;

	journal_bed_open(&j);
	plan = applied(&j, LINES);
	bed_inject(&j.bed, "balloon domain=vm1 rate=8GiB/s");
	if (directive)
		bed_inject(&j.bed, directive);
	cr_assert_eq(pr_plan_set_progress(plan, killed_here, &killer), 0);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), code, "%s", pr_plan_errmsg(plan));
	cr_expect_geq(killer.count, 7);
	cr_expect_eq(killer.recovered, killer.count, "%zu of %zu", killer.recovered, killer.count);
	cr_expect_eq(pri_journal_is_over(slurp(j.path)), code == 0, "%s", slurp(j.path));
	pr_plan_free(plan);
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect(is_as_before(&j.bed));
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal_kill, while_it_is_undone)
{
	kill_undo(NULL, 0);
}

/* What an undo has left can be taken back by who comes next. */
Test(plan_journal_kill, after_an_undo_that_left_something)
{
	kill_undo("fail error=EBUSY domain=vm2 attribute=cpu.shares at=1", -EBUSY);
}

/* Nothing was taken back before the line that says so was whole. */
Test(plan_journal_kill, torn_undo)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	plan = applied(&j, LINES);
	pr_plan_free(plan);
	lengthen(j.path, "und");
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 0);
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 512);
	pr_plan_free(plan);
	lengthen(j.path, "o\n");
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect(is_as_before(&j.bed));
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* -- while less than was asked for is kept -- */

/* A donor stops on its way, and the recipients get what has arrived: killed at every thing that is
 * told, also while the donor is told to stay, and after less was journaled as wanted. */
#define PARTIAL                                                                                    \
	"vm1 mem.balloon=724M cpu.shares=512 cpu.pin[0]=1\n"                                       \
	"vm2 mem.balloon=1324M cpu.shares=4096 mem.hard_limit=1500M\n@host ksm.run=1\n"

static void kill_partial(const char *directive, int code)
{
	struct journal_bed j;
	struct killer killer = {.j = &j};
	struct pr_plan *plan;

	journal_bed_open(&j);
	spit(j.path, "");
	plan = journaled(&j, PARTIAL);
	cr_assert_eq(pr_plan_set_progress(plan, killed_here, &killer), 0);
	bed_inject(&j.bed, "balloon domain=vm2 rate=8GiB/s");
	bed_inject(&j.bed, "stall domain=vm1 at_bytes=900MiB");
	if (directive)
		bed_inject(&j.bed, directive);
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_KEEP_PARTIAL), code, "%s",
		     pr_plan_errmsg(plan));
	cr_expect(strstr(slurp(j.path), "\nwanted 1 live "), "%s", slurp(j.path));
	cr_expect(strstr(slurp(j.path), "\nwanted 4 live "), "%s", slurp(j.path));
	cr_expect_geq(killer.recovered, 10, "%zu of %zu", killer.recovered, killer.count);
	if (code < 0)
		cr_expect(is_as_before(&j.bed));
	else
		cr_expect_eq(bed_get(j.bed.other, "mem.actual", NULL, 0), 1148 * MIB);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal_kill, while_a_part_is_kept)
{
	kill_partial(NULL, 0);
}

Test(plan_journal_kill, while_a_part_is_taken_back)
{
	kill_partial("fail error=EIO domain=vm2 attribute=cpu.shares at=1", -EIO);
}

/* -- while it recovers -- */

/* What a kept part leaves behind. */
static char *leave_partial(struct journal_bed *j)
{
	struct pr_plan *plan = journaled(j, PARTIAL);
	char *text, *end;

	bed_inject(&j->bed, "stall domain=vm1 at_bytes=900MiB");
	cr_assert_eq(pr_plan_apply(plan, TIME, PRALLOC_KEEP_PARTIAL), 0, "%s",
		     pr_plan_errmsg(plan));
	pr_plan_free(plan);
	text = slurp(j->path);
	end = strstr(text, "\nend\n");
	cr_assert(end);
	end[1] = '\0';
	return strdup(text);
}

/* The one that recovers is killed too, at everything that it tells. */
Test(plan_journal_kill, while_it_recovers)
{
	struct journal_bed j;
	struct killer killer = {.j = &j};
	struct pr_plan *plan;
	char *text;

	journal_bed_open(&j);
	text = leave_partial(&j);
	spit(j.path, text);
	cr_assert_eq(pr_plan_new(j.bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_progress(plan, killed_here, &killer), 0);
	cr_expect_eq(pr_plan_recover(plan, &j.bed.host, 1, j.path, TIME, 0), 0, "%s",
		     pr_plan_errmsg(plan));
	cr_expect(is_as_before(&j.bed));
	cr_expect_geq(killer.recovered, 5, "%zu of %zu", killer.recovered, killer.count);
	pr_plan_free(plan);
	free(text);
	journal_bed_close(&j);
}

/* The last line came to the disk in part, wherever it ends, and then the one that recovers does not
 * come to its end either: what it has appended is no part of that line. */
Test(plan_journal_kill, torn_line)
{
	struct journal_bed j;
	char *text, *ready, *end;
	size_t interrupted = 0;

	journal_bed_open(&j);
	text = leave_partial(&j);
	ready = strstr(text, "\nready\n");
	end = strstr(text, "\ntake\n");
	cr_assert(ready && end);
	for (end += strlen("\ntake\n"); end >= ready + strlen("\nready\n"); end--) {
		struct pr_plan *plan;
		int r;

		*end = '\0';
		spit(j.path, text);
		bed_inject(&j.bed, "fail error=EBUSY domain=vm1 attribute=mem.balloon at=1");
		r = recover(&j.bed, j.path, &plan);
		cr_expect(r == 0 || r == -EBUSY, "%d %s\n%s", r, pr_plan_errmsg(plan), text);
		interrupted += r == -EBUSY;
		pr_plan_free(plan);
		bed_inject(&j.bed, "clear");
		r = recover(&j.bed, j.path, &plan);
		cr_expect_eq(r, 0, "%s\n%s", pr_plan_errmsg(plan), slurp(j.path));
		cr_expect(is_as_before(&j.bed) || interrupted == 0, "%s", text);
		pr_plan_free(plan);
	}
	cr_expect_gt(interrupted, 30);
	free(text);
	journal_bed_close(&j);
}
