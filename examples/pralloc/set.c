/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steps.h"
#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The = between attribute and value: behind the instance, which may hold one itself. */
static const char *find_equals(const char *word)
{
	const char *equals = strchr(word, '='), *bracket = strchr(word, '[');
	const char *closed;

	if (!equals || !bracket || bracket > equals)
		return equals;
	closed = strstr(bracket, "]=");
	return closed ? closed + 1 : equals;
}

/* The words as they are read. */
struct reading {
	struct app *app;
	struct pr_plan *plan;
	struct target target;
	const char *name; /* of the target, as it was written; NULL: none yet */
	bool is_target;	  /* there is one of that name */
	bool empty;	  /* it has no assignment yet */
};

/* What can be said of a value when there is no domain to ask; 100 % is not known then. */
static int check_value(struct reading *reading, const char *attribute, const char *value)
{
	struct pr_value parsed = {.size = sizeof(parsed)};
	struct app *app = reading->app;
	char *text;
	int r;

	if (strchr(value, '%'))
		return EXIT_DONE;
	text = need(malloc(strlen(value) + 1));
	r = pr_value_parse(app->ctx, attribute, value, /* maximum= */ 0, &parsed, text,
			   strlen(value) + 1);
	free(text);
	/* The canonical text of a list may be the longer one. */
	if (r == 0 || r == -ENOSPC)
		return EXIT_DONE;
	return fail(app, r, "%s: %s", reading->name, pr_ctx_errmsg(app->ctx));
}

static int add_change(struct reading *reading, const char *attribute, const char *value)
{
	struct app *app = reading->app;
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name, *given;
	int r;

	r = pr_attr_lookup(app->ctx, attribute, &name, instance, sizeof(instance));
	if (r < 0)
		return fail(app, r, "%s: %s", reading->name, pr_ctx_errmsg(app->ctx));
	if (!reading->is_target)
		return check_value(reading, name, value);
	given = *instance ? instance : NULL;
	if (reading->target.domain)
		r = pr_plan_set_str(reading->plan, reading->target.domain, name, given, value);
	else
		r = pr_plan_host_set_str(reading->plan, app->host, name, given, value);
	if (r < 0)
		return fail(app, r, "%s", pr_plan_errmsg(reading->plan));
	return EXIT_DONE;
}

static int add_assignment(struct reading *reading, const char *word, const char *equals)
{
	char *attribute;
	int status;

	if (!reading->name)
		return fail_usage(reading->app, "%s stands before any domain", word);
	reading->empty = false;
	attribute = format_text("%.*s", (int)(equals - word), word);
	status = add_change(reading, attribute, equals + 1);
	free(attribute);
	return status;
}

static int end_target(struct reading *reading)
{
	target_close(&reading->target);
	if (!reading->empty)
		return EXIT_DONE;
	return fail_usage(reading->app, "there is nothing to set for %s", reading->name);
}

/* A word without = ends one domain's changes and starts another's. */
static int add_word(struct reading *reading, const char *word)
{
	const char *equals = find_equals(word);
	int status, opened;

	if (equals)
		return add_assignment(reading, word, equals);
	status = end_target(reading);
	reading->name = *word ? word : "\"\"";
	reading->empty = true;
	opened = target_open(reading->app, word, &reading->target);
	reading->is_target = opened == EXIT_DONE;
	return status == EXIT_DONE ? opened : status;
}

/* All that is wrong is told; the exit code is that of the first. */
static int add_words(struct reading *reading, const char **words, size_t count)
{
	int status = EXIT_DONE, one;
	size_t i;

	for (i = 0; i < count; i++) {
		one = add_word(reading, words[i]);
		status = status == EXIT_DONE ? one : status;
	}
	one = end_target(reading);
	return status == EXIT_DONE ? one : status;
}

int run_set(struct app *app, const char **words, size_t count)
{
	struct reading reading = {.app = app};
	struct pr_plan *plan;
	int status, r;

	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	reading.plan = plan;
	status = add_words(&reading, words, count);
	if (status == EXIT_DONE)
		status = plan_run(app, plan);
	else if (status == EXIT_REFUSED)
		plan_refused(app, plan);
	else
		hint(app, "nothing was changed");
	pr_plan_free(plan);
	return status;
}
