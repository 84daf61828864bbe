/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "changes.h"
#include "steps.h"

#include <errno.h>

static int do_restore(struct changes *changes)
{
	struct app *app = changes->app;
	uint32_t served = option_given(app, OPTION_SERVED) ? PRALLOC_RESTORE_SERVED : 0;
	int r = pr_domain_restore(changes->target.domain, app->options.flags | served);

	if (r < 0) {
		fail(app, r, "%s", pr_domain_errmsg(changes->target.domain));
		if (r == -EOPNOTSUPP && !served)
			hint(app, "--served restores the others");
		return EXIT_REFUSED;
	}
	app->changed = true;
	return EXIT_DONE;
}

static int look_at(struct changes *changes)
{
	struct app *app = changes->app;
	uint32_t served = option_given(app, OPTION_SERVED) ? PRALLOC_RESTORE_SERVED : 0;
	struct pr_plan *plan;
	int status, r;

	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	r = pr_plan_restore(plan, changes->target.domain, served);
	if (r == 0)
		status = plan_run_or_none(app, plan, changes->target.name, changes->none);
	else
		status = fail(app, r, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return status;
}

static int restore_target(struct app *app, const struct target *target)
{
	bool served = option_given(app, OPTION_SERVED);
	struct changes changes = {
		.app = app,
		.target = *target,
		.act = do_restore,
		.none = served ? "has what is served of its configuration"
			       : "has what its configuration says",
	};

	if (!target->domain)
		return fail(app, -EOPNOTSUPP, "a host has no persistent values");
	return option_given(app, OPTION_DRY_RUN) ? look_at(&changes) : changes_run(&changes);
}

static int restore_all(struct app *app)
{
	struct pr_domain *dom = NULL;
	int status = EXIT_DONE, r;

	while ((r = pr_host_next(app->host, &dom, /* flags= */ 0)) > 0) {
		struct target target = {dom, pr_domain_name(dom), PRALLOC_LIVE};
		int state;

		/* What went wrong is told by what follows. */
		if (pr_domain_state(dom, &state, /* flags= */ 0) == 0 &&
		    state == PRALLOC_DOMAIN_OFF)
			continue;
		if (restore_target(app, &target) != EXIT_DONE)
			status = EXIT_REFUSED;
	}
	return r < 0 ? fail(app, r, "%s", pr_host_errmsg(app->host)) : status;
}

static int restore_one(struct app *app, const char *name)
{
	struct target target;
	int status = target_open(app, name, &target);

	if (status != EXIT_DONE)
		return status;
	status = restore_target(app, &target);
	target_close(&target);
	return status;
}

int run_restore(struct app *app, const char **words, size_t count)
{
	bool all = option_given(app, OPTION_ALL);
	int status = EXIT_DONE;
	size_t i;

	if (all == (count > 0))
		return fail_usage(app, "restore needs either domains or --all");
	if (all)
		return restore_all(app);
	for (i = 0; i < count; i++)
		if (restore_one(app, words[i]) != EXIT_DONE)
			status = EXIT_REFUSED;
	return status;
}
