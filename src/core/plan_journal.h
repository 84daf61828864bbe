/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of a plan: what it is about to do, on stable storage before it does it, so that
 * another process can take back what this one leaves when it is killed.  pralloc-plan(5) describes
 * the file.  All functions take NULL for no journal, and do nothing then.
 */
#ifndef PRI_PLAN_JOURNAL_H
#define PRI_PLAN_JOURNAL_H

#include "core/plan.h"

#define PRI_JOURNAL_MAGIC "pralloc-journal 1"

int pri_journal_new(const char *path, struct pri_journal **ret_journal);
void pri_journal_free(struct pri_journal *journal);
/* Open the file, which nobody else may have in use; its text, malloc'ed. */
int pri_journal_open(struct pri_journal *journal, bool create, char **ret_text, char **error);
/* Whether a text is of a plan that came to its end, or never began. */
bool pri_journal_is_over(const char *text);
/* Cut off a last line that came to the file in part, so that nothing is appended to it. */
int pri_journal_mend(const struct pri_journal *journal, const char *text, char **error);

/* What it says of steps goes by these numbers, and no more by those of the plan; malloc'ed. */
void pri_journal_set_numbers(struct pri_journal *journal, size_t *numbers, size_t count);
/* The next run does not bring it to its end: the plan does not have all of it. */
void pri_journal_keep_open(struct pri_journal *journal);

/* Write all that is needed to take the items back. */
int pri_journal_begin(struct pri_journal *journal, const struct pr_plan *plan,
		      struct pri_item **items, size_t n, char **error);
/* Append a line, and be sure that it stays. */
int pri_journal_sync(struct pri_journal *journal, const char *note, char **error);
/* Append a line, as far as that can be done. */
void pri_journal_note(struct pri_journal *journal, const char *note);
/* What is wanted of the steps of which less arrived. */
int pri_journal_wanted(struct pri_journal *journal, const struct pr_plan *plan,
		       struct pri_item **items, size_t n, char **error);
void pri_journal_step(struct pri_journal *journal, const struct pr_plan *plan,
		      const struct pri_item *item, const char *word);
/* The run has come to its end: whether there is anything left to do. */
void pri_journal_end(struct pri_journal *journal, const struct pr_plan *plan);

/* plan_journal_read.c */
/* Of what the killed process has touched, the first that could not be put into the plan. */
struct pri_journal_left {
	int code;   /* 0: everything is in the plan */
	char *why;  /* malloc'ed, or NULL */
	bool again; /* of this or another one: a later attempt may be able to */
};
/* Fill an empty plan with the steps of a text, which is destroyed. */
int pri_journal_read(struct pr_plan *plan, struct pr_host *const *hosts, size_t host_count,
		     char *text, struct pri_journal_left *left, char **error);

/* Words of a line: blanks, % and what is not printable become %XX; malloc'ed. */
char *pri_journal_quote(const char *text);
void pri_journal_unquote(char *text);

#endif /* PRI_PLAN_JOURNAL_H */
