/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "steps.h"

#include <stdio.h>

/* Hosts are those that the journal names: none is opened before. */
int run_recover(struct app *app, const char **words, size_t count)
{
	uint32_t timeout = app->options.timeout_ms;
	bool dry = option_given(app, OPTION_DRY_RUN);
	struct pr_plan *plan;
	int status = EXIT_DONE, r;

	(void)count;
	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	r = pr_plan_recover(plan, NULL, 0, words[0], timeout ? timeout : PRALLOC_TIMEOUT_DEFAULT_MS,
			    dry ? PRALLOC_DRY_RUN : 0);
	if (app->out)
		json_put(app->out, "steps", steps_json(app, plan));
	else if (pr_plan_count(plan) > 0)
		steps_print_back(app, plan);
	else if (r == 0)
		printf("%s: the plan came to its end, there is nothing to take back\n", words[0]);
	app->changed = !dry && pr_plan_count(plan) > 0;
	if (r < 0) {
		status = fail(app, r, "%s", pr_plan_errmsg(plan));
		steps_hint(app, plan);
	}
	pr_plan_free(plan);
	return status;
}
