/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with the text of a plan: each problem of it, not only the first. */
#include "core/plan_problem.h"

#include <errno.h>
#include <string.h>

#include "core/plan.h"
#include "core/walk.h"
#include "util/distance.h"

void pri_problems_clear(struct pri_problems *problems)
{
	for (size_t i = 0; i < problems->count && i < PRI_PROBLEMS_MAX; i++)
		free(problems->texts[i]);
	*problems = (struct pri_problems){0};
}

int pri_problems_add(struct pri_problems *problems, int code, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (problems->count < PRI_PROBLEMS_MAX) {
		va_start(args, format);
		pri_note_error_v(&text, format, args);
		va_end(args);
		if (!text)
			return -ENOMEM;
		problems->texts[problems->count] = text;
	}
	if (problems->count == 0)
		problems->code = code;
	problems->count++;
	return 0;
}

int pri_problems_result(const struct pri_problems *problems, char **error)
{
	/* How many there are stands behind a first text that fills the buffer, too. */
	static const int room = PRI_ERRMSG_MAX - (int)sizeof(" (and 18446744073709551615 more)");

	if (problems->count == 0)
		return 0;
	if (problems->count == 1)
		return pri_set_error(error, problems->code, "%s", problems->texts[0]);
	return pri_set_error(error, problems->code, "%.*s (and %zu more)", room, problems->texts[0],
			     problems->count - 1);
}

static int add_name(void *arg, const struct pri_identity *identity)
{
	struct pri_names *names = arg;
	void *more;

	if (names->count == names->size) {
		size_t size = names->size ? 2 * names->size : 64;

		more = realloc(names->all, size * sizeof(*names->all));
		if (!more)
			return -ENOMEM;
		names->all = more;
		names->size = size;
	}
	names->all[names->count] = strdup(identity->name);
	if (!names->all[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

/* What cannot be listed is not proposed: the error that is told is another one. */
static void list(struct pri_names *names, struct pr_host *host)
{
	pri_autofree char *error = NULL;

	names->listed = true;
	pri_walk_over(host, add_name, names, &error);
}

const char *pri_names_nearest(struct pri_names *names, struct pr_host *host, const char *name)
{
	/* One edit in three characters is a slip, more is another name. */
	size_t least = (strlen(name) + 2) / 3 + 1;
	const char *nearest = NULL;

	if (!names->listed)
		list(names, host);
	for (size_t i = 0; i < names->count; i++) {
		size_t distance = pri_edit_distance(name, names->all[i]);

		if (distance < least) {
			least = distance;
			nearest = names->all[i];
		}
	}
	return nearest;
}

void pri_names_clear(struct pri_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->all[i]);
	free(names->all);
	*names = (struct pri_names){0};
}

size_t pr_plan_problem_count(const struct pr_plan *plan)
{
	return plan ? plan->problems.count : 0;
}

const char *pr_plan_problem(const struct pr_plan *plan, size_t index)
{
	if (index >= PRI_PROBLEMS_MAX || index >= pr_plan_problem_count(plan))
		return NULL;
	return plan->problems.texts[index];
}
