/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal of a plan, and what is recovered from it. */
#include <sys/stat.h>

#include "journal_bed.h"

Test(plan_journal, arguments)
{
	struct pr_plan *plan;
	struct journal_bed j;

	journal_bed_open(&j);
	plan = bed_plan(&j.bed, "");
	cr_expect_eq(pr_plan_set_journal(NULL, j.path, 0), -EINVAL);
	cr_expect_eq(pr_plan_set_journal(plan, j.path, 1), -EINVAL);
	cr_expect_eq(pr_plan_recover(NULL, NULL, 0, j.path, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_recover(plan, NULL, 1, j.path, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_recover(plan, NULL, 0, NULL, TIME, 0), -EINVAL);
	cr_expect_eq(pr_plan_recover(plan, NULL, 0, j.path, 0, 0), -EINVAL);
	cr_expect_eq(pr_plan_recover(plan, NULL, 0, j.path, TIME, 1), -EINVAL);
	cr_expect_eq(pr_plan_recover(plan, NULL, 0, j.path, TIME, 0), -ENOENT);
	EXPECT_TEXT(pr_plan_errmsg(plan), j.path);
	pr_plan_free(plan);
	plan = bed_plan(&j.bed, "vm1 cpu.shares=5\n");
	cr_expect_eq(pr_plan_recover(plan, NULL, 0, j.path, TIME, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "not empty");
	cr_assert_eq(pr_plan_set_journal(plan, "/tmp/pralloc-none/none/j", 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -ENOENT);
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 1024, "nothing without a journal");
	cr_assert_eq(pr_plan_set_journal(plan, NULL, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0);
	cr_expect_eq(pr_plan_set_journal(plan, j.path, 0), -EINVAL, "too late");
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* Every line that the page describes. */
Test(plan_journal, text)
{
	struct pr_plan *plan;
	struct journal_bed j;
	char wanted[256];

	journal_bed_open(&j);
	plan = journaled(&j, LINES);
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	snprintf(wanted, sizeof(wanted),
		 "pralloc-journal 1\nprocess %d\nhost 1 fake:///3\n"
		 "step 1 live give 1 %s 1 mem.balloon ",
		 (int)getpid(), pr_domain_uuid(j.bed.dom));
	cr_expect(strstr(slurp(j.path), "\nready\ngive\ntake\nend\n"), "%s", slurp(j.path));
	cr_expect(strstr(slurp(j.path), "step 3 live take 1 "), "%s", slurp(j.path));
	cr_expect(strstr(slurp(j.path), "cpu.pin[0] default 1 vm1\n"), "%s", slurp(j.path));
	cr_expect(strstr(slurp(j.path), "live take 1 - 0 ksm.run 0 1 @host\n"), "%s",
		  slurp(j.path));
	cr_expect_eq(strncmp(slurp(j.path), wanted, 40), 0, "%s", slurp(j.path));
	cr_assert_eq(pr_plan_undo(plan, TIME, 0), 0);
	cr_expect(strstr(slurp(j.path), "end\nundo\n"), "%s", slurp(j.path));
	cr_expect(strstr(slurp(j.path), "undone 1 live\n"), "%s", slurp(j.path));
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal, words)
{
	static const char *const words[][2] = {
		{"plain", "plain"},    {"a b", "a%20b"},       {"", ""},	 {"50%", "50%25"},
		{"line\n", "line%0A"}, {"\xc3\xa4", "%C3%A4"}, {"%20", "%2520"},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(words); i++) {
		char *quoted = pri_journal_quote(words[i][0]);

		cr_expect_str_eq(quoted, words[i][1]);
		pri_journal_unquote(quoted);
		cr_expect_str_eq(quoted, words[i][0]);
		free(quoted);
	}
}

/* -- what is left -- */

Test(plan_journal, what_somebody_changed_is_left)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\nvm2 cpu.shares=4096\n");
	cr_assert_eq(pr_cpu_set_shares(j.bed.dom, 3000, 0), 0);
	cr_expect_eq(recover(&j.bed, j.path, &plan), -EAGAIN, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 3000);
	cr_expect_eq(bed_get(j.bed.other, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_UNDONE);
	pr_plan_free(plan);
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "it is over");
	cr_expect_eq(pr_plan_count(plan), 0);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal, another_incarnation_is_left)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\nvm2 cpu.shares=4096\n");
	bed_inject(&j.bed, "restart domain=vm1");
	cr_expect_eq(recover(&j.bed, j.path, &plan), -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "restarted");
	cr_expect_eq(bed_get(j.bed.other, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal, a_domain_is_gone)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\nvm2 cpu.shares=4096\n");
	bed_inject(&j.bed, "vanish domain=vm1");
	cr_expect_eq(recover(&j.bed, j.path, &plan), -ENOENT);
	EXPECT_TEXT(pr_plan_errmsg(plan), "its steps are left");
	cr_expect_eq(bed_get(j.bed.other, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* What could not be put back now can be later. */
Test(plan_journal, once_more)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\nvm2 cpu.shares=4096\n");
	bed_inject(&j.bed, "fail error=EBUSY domain=vm1 at=1");
	cr_expect_eq(recover(&j.bed, j.path, &plan), -EBUSY, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 512);
	cr_expect_eq(bed_get(j.bed.other, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* Room for every step up to that number would be more than there is memory. */
Test(plan_journal, number_of_a_step_is_too_high)
{
	struct journal_bed j;
	struct pr_plan *plan;
	char text[512];

	journal_bed_open(&j);
	snprintf(text, sizeof(text),
		 PRI_JOURNAL_MAGIC "\nprocess 1\nhost 1 fake:///2\n"
				   "step 100000000000 live give 1 - 0 ksm.run 0 1 @host\nready\n");
	spit(j.path, text);
	cr_expect_eq(recover(&j.bed, j.path, &plan), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "line 4");
	EXPECT_TEXT(pr_plan_errmsg(plan), "number");
	pr_plan_free(plan);
	journal_bed_close(&j);
}

Test(plan_journal, is_not_written_over)
{
	struct journal_bed j;
	struct pr_plan *plan, *second;

	journal_bed_open(&j);
	spit(j.path, "my diary\n");
	plan = journaled(&j, "vm1 cpu.shares=512\n");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EINVAL);
	cr_expect_str_eq(slurp(j.path), "my diary\n");
	pr_plan_free(plan);
	unlink(j.path);
	leave_behind(&j, "vm1 cpu.shares=512\n");
	plan = journaled(&j, "vm1 cpu.shares=700\n");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EBUSY);
	EXPECT_TEXT(pr_plan_errmsg(plan), "recover");
	pr_plan_free(plan);
	cr_assert_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	plan = journaled(&j, "vm1 cpu.shares=700\n");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	second = journaled(&j, "vm2 cpu.shares=700\n");
	cr_expect_eq(pr_plan_apply(second, TIME, 0), -EBUSY, "while the first one has it");
	EXPECT_TEXT(pr_plan_errmsg(second), "in use");
	pr_plan_free(plan);
	cr_expect_eq(pr_plan_apply(second, TIME, 0), 0, "%s", pr_plan_errmsg(second));
	pr_plan_free(second);
	journal_bed_close(&j);
}

/* What others could have written is not done. */
Test(plan_journal, of_somebody_else)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\n");
	cr_assert_eq(chmod(j.path, 0666), 0);
	cr_expect_eq(recover(&j.bed, j.path, &plan), -EACCES);
	EXPECT_TEXT(pr_plan_errmsg(plan), j.path);
	pr_plan_free(plan);
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 512, "nothing was put back");
	cr_assert_eq(chmod(j.path, 0600), 0);
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	cr_expect_eq(bed_get(j.bed.dom, "cpu.shares", NULL, 0), 1024);
	journal_bed_close(&j);
}

/* Whatever is in the file: an error that names the line, and nothing is changed. */
Test(plan_journal, nonsense)
{
	static const char *const texts[] = {
		"nonsense\n",
		"host x y\n",
		"host 1 fake:///3\nhost 1 fake:///3\n",
		"host 999999 fake:///3\n",
		"step\n",
		"step 1 live give 1\n",
		"host 1 fake:///3\nstep 1 live give 7 - 0 ksm.run 0 1 @host\n",
		"host 1 fake:///3\nstep 0 live give 1 - 0 ksm.run 0 1 @host\n",
		"host 1 fake:///3\nstep 1 live give 1 - 0 ksm.walk 0 1 @host\n",
		"host 1 fake:///3\nstep 1 live give 1 - 0 ksm.run 0 x @host\n",
		"host 1 fake:///3\nstep 1 live give 1 - 0 ksm.run x 1 @host\n",
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(texts); i++) {
		char text[512];
		struct pr_plan *plan;
		struct journal_bed j;

		journal_bed_open(&j);
		snprintf(text, sizeof(text), PRI_JOURNAL_MAGIC "\n%sready\ngive\ntake\n", texts[i]);
		spit(j.path, text);
		cr_expect_eq(recover(&j.bed, j.path, &plan), -EINVAL, "%s: %s", texts[i],
			     pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), "line ");
		cr_expect_eq(pr_plan_count(plan), 0);
		cr_expect(is_as_before(&j.bed));
		pr_plan_free(plan);
		journal_bed_close(&j);
	}
}
