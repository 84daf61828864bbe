/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fake host, and a directory with the journal of a plan. */
#ifndef PRALLOC_TEST_JOURNAL_BED_H
#define PRALLOC_TEST_JOURNAL_BED_H

#include <sys/stat.h>
#include <unistd.h>

#include "core/plan_journal.h"

#include "fixture.h"

#define TIME 20000
#define LINES                                                                                      \
	"vm1 mem.balloon=768M cpu.shares=512 cpu.pin[0]=1\n"                                       \
	"vm2 mem.balloon=1280M cpu.shares=4096 mem.hard_limit=1500M\n@host ksm.run=1\n"

struct journal_bed {
	struct bed bed;
	char directory[32], path[64], copy[64];
};

static inline void journal_bed_open(struct journal_bed *j)
{
	bed_open(&j->bed);
	strcpy(j->directory, "/tmp/pralloc-journal.XXXXXX");
	cr_assert(mkdtemp(j->directory));
	snprintf(j->path, sizeof(j->path), "%s/j", j->directory);
	snprintf(j->copy, sizeof(j->copy), "%s/copy", j->directory);
}

static inline void journal_bed_close(struct journal_bed *j)
{
	unlink(j->path);
	unlink(j->copy);
	cr_expect_eq(rmdir(j->directory), 0);
	bed_close(&j->bed);
}

static inline char *slurp(const char *path)
{
	static char text[65536];
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file)
		fclose(file);
	text[n] = '\0';
	return text;
}

static inline void spit(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

static inline void lengthen(const char *path, const char *text)
{
	FILE *file = fopen(path, "ae");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

/* Cut off that line and all behind it. */
static inline void truncate_at(const char *path, const char *line)
{
	char *text = slurp(path), *at = strstr(text, line);

	cr_assert(at, "%s", text);
	at[1] = '\0';
	spit(path, text);
}

static inline struct pr_plan *journaled(struct journal_bed *j, const char *lines)
{
	struct pr_plan *plan = bed_plan(&j->bed, lines);

	cr_assert_eq(pr_plan_set_journal(plan, j->path, 0), 0);
	return plan;
}

static inline int recover(struct bed *bed, const char *path, struct pr_plan **ret_plan)
{
	cr_assert_eq(pr_plan_new(bed->ctx, ret_plan), 0);
	return pr_plan_recover(*ret_plan, &bed->host, 1, path, TIME, 0);
}

static inline bool is_as_before(struct bed *bed)
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

/* A journal of a plan that was given up right after it had applied everything. */
static inline void leave_behind(struct journal_bed *j, const char *lines)
{
	struct pr_plan *plan = journaled(j, lines);

	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	truncate_at(j->path, "\nend\n");
}

#endif /* PRALLOC_TEST_JOURNAL_BED_H */
