/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steps.h"
#include "values.h"

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

static int add_change(struct app *app, struct pr_plan *plan, const struct target *target,
		      const char *attribute, const char *value)
{
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name, *given;
	int r;

	r = pr_attr_lookup(app->ctx, attribute, &name, instance, sizeof(instance));
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	given = *instance ? instance : NULL;
	if (target->domain)
		r = pr_plan_set_str(plan, target->domain, name, given, value);
	else
		r = pr_plan_host_set_str(plan, app->host, name, given, value);
	if (r < 0)
		return fail(app, r, "%s", pr_plan_errmsg(plan));
	return EXIT_DONE;
}

static int add_assignment(struct app *app, struct pr_plan *plan, const struct target *target,
			  const char *word, const char *equals)
{
	char *attribute;
	int status;

	if (!target->name)
		return fail_usage(app, "%s stands before any domain", word);
	attribute = format_text("%.*s", (int)(equals - word), word);
	status = add_change(app, plan, target, attribute, equals + 1);
	free(attribute);
	return status;
}

/* A word without = ends one domain's changes and starts another's. */
static int add_words(struct app *app, struct pr_plan *plan, struct target *target,
		     const char **words, size_t count)
{
	int status = EXIT_DONE;
	bool empty = false;
	size_t i;

	for (i = 0; i < count && status == EXIT_DONE; i++) {
		const char *equals = find_equals(words[i]);

		if (equals) {
			status = add_assignment(app, plan, target, words[i], equals);
			empty = false;
			continue;
		}
		if (empty)
			break;
		target_close(target);
		status = target_open(app, words[i], target);
		empty = true;
	}
	if (status == EXIT_DONE && empty)
		return fail_usage(app, "there is nothing to set for %s", target->name);
	return status;
}

int run_set(struct app *app, const char **words, size_t count)
{
	struct target target = {0};
	struct pr_plan *plan;
	int status, r;

	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	status = add_words(app, plan, &target, words, count);
	target_close(&target);
	if (status == EXIT_DONE)
		status = plan_run(app, plan);
	else
		hint(app, "nothing was changed");
	pr_plan_free(plan);
	return status;
}
