/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far beyond a plan for every domain of a machine: what is longer is no plan. */
#define PLAN_MAX ((size_t)16 << 20)

static char *read_all(FILE *file, size_t *ret_length)
{
	char *text = NULL;
	size_t room = 0, length = 0;

	do {
		room = room ? room * 2 : 4096;
		text = need(realloc(text, room + 1));
		length += fread(text + length, 1, room - length, file);
	} while (length == room && room < PLAN_MAX);
	text[length] = '\0';
	*ret_length = length;
	return text;
}

static int check_text(struct app *app, const char *name, FILE *file, const char *text,
		      size_t length)
{
	if (ferror(file))
		return fail(app, -EIO, "cannot read %s: %s", name, strerror(errno));
	if (!feof(file))
		return fail(app, -EINVAL, "%s is longer than a plan can be (16M)", name);
	if (strlen(text) != length)
		return fail(app, -EINVAL, "%s is no text: it holds a zero byte", name);
	return EXIT_DONE;
}

/* A name for messages; the text is malloc'ed. */
static int read_plan(struct app *app, const char *word, const char *name, char **ret_text)
{
	FILE *file = strcmp(word, "-") == 0 ? stdin : fopen(word, "re");
	size_t length;
	int status;

	if (!file)
		return fail(app, errno == ENOENT || errno == EACCES ? -errno : -EIO,
			    "cannot read %s: %s", name, strerror(errno));
	*ret_text = read_all(file, &length);
	status = check_text(app, name, file, *ret_text, length);
	if (file != stdin)
		fclose(file);
	return status;
}

/* Each problem in a line of its own. */
static int load_failed(struct app *app, const char *name, struct pr_plan *plan, int code)
{
	size_t count = pr_plan_problem_count(plan), i;
	const char *text;

	if (count == 0)
		fail(app, code, "%s: %s", name, pr_plan_errmsg(plan));
	for (i = 0; (text = pr_plan_problem(plan, i)); i++)
		fail(app, code, "%s: %s", name, text);
	if (i < count)
		hint(app, "%s: and %zu more problems", name, count - i);
	plan_refused(app, plan);
	return EXIT_REFUSED;
}

static int load_and_run(struct app *app, const char *name, const char *text)
{
	uint32_t flags = option_given(app, OPTION_DRY_RUN) ? PRALLOC_KEEP_GOOD : 0;
	struct pr_plan *plan;
	int status, r;

	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	r = pr_plan_load(plan, app->host, text, flags);
	if (r < 0)
		status = load_failed(app, name, plan, r);
	else if (pr_plan_count(plan) == 0)
		status = fail(app, -EINVAL, "%s holds no change", name);
	else
		status = plan_run(app, plan);
	pr_plan_free(plan);
	return status;
}

int run_apply(struct app *app, const char **words, size_t count)
{
	const char *name = strcmp(words[0], "-") == 0 ? "standard input" : words[0];
	char *text = NULL;
	int status;

	(void)count;
	status = read_plan(app, words[0], name, &text);
	if (status == EXIT_DONE)
		status = load_and_run(app, name, text);
	else
		hint(app, "nothing was changed");
	free(text);
	return status;
}

int run_plan(struct app *app, const char **words, size_t count)
{
	app->options.given |= OPTION_DRY_RUN;
	return run_apply(app, words, count);
}
