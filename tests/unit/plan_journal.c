/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal of a plan, and what is recovered from it. */
#include "core/plan_journal.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"

#define TIME 20000
#define LINES                                                                                      \
	"vm1 mem.balloon=768M cpu.shares=512 cpu.pin[0]=1\n"                                       \
	"vm2 mem.balloon=1280M cpu.shares=4096 mem.hard_limit=1500M\n@host ksm.run=1\n"

struct journal_bed {
	struct bed bed;
	char directory[32], path[64], copy[64];
};

static void journal_bed_open(struct journal_bed *j)
{
	bed_open(&j->bed);
	strcpy(j->directory, "/tmp/pralloc-journal.XXXXXX");
	cr_assert(mkdtemp(j->directory));
	snprintf(j->path, sizeof(j->path), "%s/j", j->directory);
	snprintf(j->copy, sizeof(j->copy), "%s/copy", j->directory);
}

static void journal_bed_close(struct journal_bed *j)
{
	unlink(j->path);
	unlink(j->copy);
	cr_expect_eq(rmdir(j->directory), 0);
	bed_close(&j->bed);
}

static char *slurp(const char *path)
{
	static char text[16384];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[n] = '\0';
	return text;
}

static void spit(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

static struct pr_plan *journaled(struct journal_bed *j, const char *lines)
{
	struct pr_plan *plan = bed_plan(&j->bed, lines);

	cr_assert_eq(pr_plan_set_journal(plan, j->path, 0), 0);
	return plan;
}

static int recover(struct bed *bed, const char *path, struct pr_plan **ret_plan)
{
	cr_assert_eq(pr_plan_new(bed->ctx, ret_plan), 0);
	return pr_plan_recover(*ret_plan, &bed->host, 1, path, TIME, 0);
}

static bool is_as_before(struct bed *bed)
{
	const char *pin = "";
	uint64_t run = 9;

	return bed_get(bed->dom, "mem.actual", NULL, 0) == 1024 * MIB &&
	       bed_get(bed->other, "mem.actual", NULL, 0) == 1024 * MIB &&
	       bed_get(bed->dom, "cpu.shares", NULL, 0) == 1024 &&
	       bed_get(bed->other, "cpu.shares", NULL, 0) == 1024 &&
	       bed_get(bed->other, "mem.hard_limit", NULL, 0) == PRALLOC_UNLIMITED &&
	       pr_get_str(bed->dom, "cpu.pin", "0", &pin, 0) == 0 && strcmp(pin, "default") == 0 &&
	       pr_host_get_u64(bed->host, "ksm.run", NULL, &run, 0) == 0 && run == 0;
}

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

/* -- killed -- */

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

Test(plan_journal, killed_while_it_applies)
{
	kill_everywhere(NULL, 0);
}

Test(plan_journal, killed_while_it_takes_back)
{
	kill_everywhere("fail error=EIO domain=vm2 attribute=mem.hard_limit at=1", -EIO);
}

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

Test(plan_journal, killed_while_a_part_is_kept)
{
	kill_partial(NULL, 0);
}

Test(plan_journal, killed_while_a_part_is_taken_back)
{
	kill_partial("fail error=EIO domain=vm2 attribute=cpu.shares at=1", -EIO);
}

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
Test(plan_journal, killed_while_it_recovers)
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
Test(plan_journal, torn_line)
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

/* -- what is left -- */

/* A journal of a plan that was given up right after it had applied everything. */
static void leave_behind(struct journal_bed *j, const char *lines)
{
	struct pr_plan *plan = journaled(j, lines);
	char *text, *end;

	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	text = slurp(j->path);
	end = strstr(text, "\nend\n");
	cr_assert(end);
	end[1] = '\0';
	spit(j->path, text);
}

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
