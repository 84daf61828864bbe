/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with the text of a plan. */
#ifndef PRI_PLAN_PROBLEM_H
#define PRI_PLAN_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

struct pr_host;

/* So many are told; the others are only counted. */
#define PRI_PROBLEMS_MAX 64

struct pri_problems {
	char *texts[PRI_PROBLEMS_MAX];
	size_t count;
	int code; /* of the first */
};

void pri_problems_clear(struct pri_problems *problems);
/* One more.  0 or -ENOMEM. */
int pri_problems_add(struct pri_problems *problems, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The code of the first, 0 when there is none; *error: its text and how many more there are. */
int pri_problems_result(const struct pri_problems *problems, char **error);

/* The names of a host's domains, listed when they are needed: once for a text. */
struct pri_names {
	char **all;
	size_t count, size;
	bool listed;
};

/* The name that was perhaps meant, or NULL. */
const char *pri_names_nearest(struct pri_names *names, struct pr_host *host, const char *name);
void pri_names_clear(struct pri_names *names);

#endif /* PRI_PLAN_PROBLEM_H */
