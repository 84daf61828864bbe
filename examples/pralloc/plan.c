/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "progress.h"
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count_status(const struct pr_plan *plan, int status)
{
	struct pr_step step;
	size_t i, n = 0;

	for (i = 0; step_at(plan, i, &step); i++)
		n += step.status == status;
	return n;
}

/* What --json tells of each step, where the error's own text does not contain it. */
static void hint_steps(struct app *app, const struct pr_plan *plan, const char *told)
{
	struct pr_step step;
	size_t i;

	for (i = 0; step_at(plan, i, &step); i++) {
		char *name = step_name(&step);

		if (step.status == PRALLOC_STEP_LEFT)
			hint(app, "%s could not be taken back: %s", name, step.text);
		else if (step.error && step.error != -ECANCELED && *step.text &&
			 !strstr(told, step.text))
			hint(app, "%s", step.text);
		free(name);
	}
}

/* Who serves a weight, and refuses it all the same, knows that it cannot act. */
static bool is_ineffective(const struct pr_step *step)
{
	struct pr_attr_info info = {.size = sizeof(info)};

	return step->error == -EOPNOTSUPP && step->backend &&
	       pr_attr_info(NULL, step->attribute, &info) == 0 && info.unit == PRALLOC_UNIT_WEIGHT;
}

/* A weight that only the range here refuses. */
static bool is_beyond(const struct pr_step *step)
{
	struct pr_attr_info info = {.size = sizeof(info)};

	return step->error == -ERANGE && step->backend &&
	       pr_attr_info(NULL, step->attribute, &info) == 0 &&
	       (info.unit == PRALLOC_UNIT_WEIGHT || info.unit == PRALLOC_UNIT_SHARES);
}

static void hint_rescale(struct app *app, const struct pr_plan *plan)
{
	struct pr_step step;
	size_t i;

	for (i = 0; step_at(plan, i, &step); i++) {
		if (!is_beyond(&step))
			continue;
		hint(app, "--rescale brings it into the range, with the weights of all others");
		return;
	}
}

static void hint_ineffective(struct app *app, const struct pr_plan *plan)
{
	struct pr_step step;
	size_t i;

	for (i = 0; step_at(plan, i, &step); i++) {
		if (!is_ineffective(&step))
			continue;
		hint(app, "--allow-ineffective sets the weight all the same");
		return;
	}
}

/* A donor that gave a part, and was told to take it back. */
static void hint_partial(struct app *app, const struct pr_plan *plan)
{
	if (count_status(plan, PRALLOC_STEP_UNDONE) + count_status(plan, PRALLOC_STEP_LEFT) > 0)
		hint(app, "--keep-partial lets recipients have what arrives");
}

static void hint_force(struct app *app, const struct pr_plan *plan, int code)
{
	if (!option_given(app, OPTION_INEFFECTIVE))
		hint_ineffective(app, plan);
	if (code == -ERANGE && !option_given(app, OPTION_RESCALE))
		hint_rescale(app, plan);
	/* What the library calls "allow harm": beyond what can be spared, or that is not known. */
	if ((code == -ENOSPC || code == -ENODATA) && !option_given(app, OPTION_HARM) &&
	    count_status(plan, PRALLOC_STEP_REFUSED) > 0)
		hint(app, "--allow-harm does it all the same");
	if (code == -ENOSPC && !option_given(app, OPTION_PARTIAL))
		hint_partial(app, plan);
	if (code == -ETIMEDOUT)
		hint(app, "--timeout SECONDS gives it more time");
}

static void hint_outcome(struct app *app, const struct pr_plan *plan)
{
	size_t undone = count_status(plan, PRALLOC_STEP_UNDONE);
	size_t left = count_status(plan, PRALLOC_STEP_LEFT);

	app->changed = left > 0;
	if (left)
		hint(app, "the rest was not changed, or taken back");
	else if (undone)
		hint(app, "what was done has been taken back: nothing is changed");
	else
		hint(app, "nothing was changed");
}

void steps_hint(struct app *app, const struct pr_plan *plan)
{
	hint_steps(app, plan, pr_plan_errmsg(plan));
}

static int plan_failed(struct app *app, struct pr_plan *plan, int code)
{
	char *told = copy_text(pr_plan_errmsg(plan));

	fail(app, code, "%s", told);
	hint_steps(app, plan, told);
	hint_force(app, plan, code);
	hint_outcome(app, plan);
	free(told);
	return EXIT_REFUSED;
}

/* One array for all plans of a run. */
static void put_steps(struct app *app, const struct pr_plan *plan)
{
	struct json_object *steps = steps_json(app, plan), *all;
	size_t i;

	if (!json_object_object_get_ex(app->out, "steps", &all)) {
		json_put(app->out, "steps", steps);
		return;
	}
	for (i = 0; i < json_object_array_length(steps); i++)
		json_append(all, json_object_get(json_object_array_get_idx(steps, i)));
	json_object_put(steps);
}

static int plan_apply(struct app *app, struct pr_plan *plan)
{
	uint32_t timeout = app->options.timeout_ms;
	int r;

	r = pr_plan_set_journal(plan, app->options.journal, /* flags= */ 0);
	if (r < 0)
		return fail(app, r, "%s", pr_plan_errmsg(plan));
	progress_begin(app, plan);
	r = pr_plan_apply(plan, timeout ? timeout : PRALLOC_TIMEOUT_DEFAULT_MS, app->options.flags);
	progress_end(app);
	if (app->out)
		put_steps(app, plan);
	if (r < 0)
		return plan_failed(app, plan, r);
	app->changed = true;
	if (!app->out)
		steps_print_done(app, plan);
	return EXIT_DONE;
}

static int plan_check(struct app *app, struct pr_plan *plan)
{
	size_t count = pr_plan_count(plan), refused;
	const char *which = app->error ? "other " : "";
	char *told;
	int r;

	r = pr_plan_check(plan, app->options.flags);
	told = copy_text(pr_plan_errmsg(plan));
	refused = count_status(plan, PRALLOC_STEP_REFUSED);
	if (app->out)
		put_steps(app, plan);
	else
		steps_print_check(app, plan);
	if (r == 0 && !app->out)
		printf("%zu of %zu %ssteps can be done; nothing was changed\n", count, count,
		       which);
	if (r < 0 && refused)
		fail(app, r, "%zu of %zu %ssteps cannot be done; nothing was changed", refused,
		     count, which);
	else if (r < 0)
		fail(app, r, "%s", told);
	if (r < 0)
		hint_force(app, plan, r);
	free(told);
	return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

int plan_run(struct app *app, struct pr_plan *plan)
{
	bool dry = option_given(app, OPTION_DRY_RUN);

	if (option_given(app, OPTION_RESCALE) && option_given(app, OPTION_LIVE) &&
	    option_given(app, OPTION_CONFIG))
		return fail_usage(app, "--rescale looks at --live or --config values, not both");
	if (app->out)
		json_put(app->out, "dry_run", need(json_object_new_boolean(dry)));
	if (option_given(app, OPTION_RESCALE) && plan_rescale(app, plan) != EXIT_DONE)
		return EXIT_REFUSED;
	return dry ? plan_check(app, plan) : plan_apply(app, plan);
}

void plan_refused(struct app *app, struct pr_plan *plan)
{
	bool look = option_given(app, OPTION_DRY_RUN) && pr_plan_count(plan) > 0;

	if (!look || plan_run(app, plan) == EXIT_DONE)
		hint(app, "nothing was changed");
}

int plan_run_or_none(struct app *app, struct pr_plan *plan, const char *name, const char *none)
{
	if (pr_plan_count(plan) > 0 || app->out)
		return plan_run(app, plan);
	printf("%s  %s\n", name, none);
	return EXIT_DONE;
}
