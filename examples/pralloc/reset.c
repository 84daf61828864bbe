/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "changes.h"
#include "steps.h"

#include <errno.h>

static int do_reset(struct changes *changes)
{
	struct app *app = changes->app;
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name;
	size_t i;
	int r = 0;

	if (!changes->count)
		r = pr_domain_reset(changes->target.domain, NULL, NULL, app->options.flags);
	for (i = 0; r == 0 && i < changes->count; i++) {
		r = pr_attr_lookup(app->ctx, changes->words[i], &name, instance, sizeof(instance));
		if (r == 0)
			r = pr_domain_reset(changes->target.domain, name,
					    *instance ? instance : NULL, app->options.flags);
	}
	if (r < 0)
		return fail(app, r, "%s", pr_domain_errmsg(changes->target.domain));
	app->changed = true;
	return EXIT_DONE;
}

/* Everything, where there are no words. */
static int add_steps(struct changes *changes, struct pr_plan *plan)
{
	uint32_t mode = changes->app->options.flags & (PRALLOC_LIVE | PRALLOC_CONFIG);
	struct pr_domain *dom = changes->target.domain;
	size_t i;
	int r = 0;

	if (!changes->count)
		r = pr_plan_reset(plan, dom, NULL, NULL, mode);
	for (i = 0; r == 0 && i < changes->count; i++)
		r = pr_plan_reset(plan, dom, changes->words[i], NULL, mode);
	return r < 0 ? fail(changes->app, r, "%s", pr_plan_errmsg(plan)) : EXIT_DONE;
}

static int look_at(struct changes *changes)
{
	struct app *app = changes->app;
	struct pr_plan *plan;
	int status, r;

	if (option_given(app, OPTION_LIVE) && option_given(app, OPTION_CONFIG))
		return fail_usage(app, "reset --dry-run looks at --live or at --config, not both");
	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	status = add_steps(changes, plan);
	if (status == EXIT_DONE)
		status = plan_run_or_none(app, plan, changes->target.name, changes->none);
	pr_plan_free(plan);
	return status;
}

int run_reset(struct app *app, const char **words, size_t count)
{
	struct changes changes = {
		.app = app,
		.words = words + 1,
		.count = count - 1,
		.act = do_reset,
		.none = "was at its defaults already",
	};
	int status;

	status = target_open(app, words[0], &changes.target);
	if (status != EXIT_DONE)
		return status;
	if (changes.target.domain)
		status = option_given(app, OPTION_DRY_RUN) ? look_at(&changes)
							   : changes_run(&changes);
	else
		status = fail(app, -EOPNOTSUPP,
			      "a host's attributes are reset one by one: "
			      "pralloc set @host ATTR=default");
	target_close(&changes.target);
	return status;
}
