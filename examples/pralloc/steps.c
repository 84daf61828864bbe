/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steps.h"
#include "json.h"
#include "names.h"
#include "table.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

static const struct column done_columns[] = {
	{NULL, COLUMN_LEFT}, {NULL, COLUMN_LEFT}, {NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT}, {NULL, COLUMN_LEFT},
};

/* Index of the column with what there is to say beside the values. */
#define DONE_NOTE 3

static const struct column check_columns[] = {
	{"step", COLUMN_LEFT},	 {"what", COLUMN_LEFT},	   {"now", COLUMN_LEFT},
	{"wanted", COLUMN_LEFT}, {"verdict", COLUMN_WRAP},
};

bool step_at(const struct pr_plan *plan, size_t index, struct pr_step *step)
{
	*step = (struct pr_step){.size = sizeof(*step)};
	return index < pr_plan_count(plan) && pr_plan_step(plan, index, step) == 0;
}

char *step_name(const struct pr_step *step)
{
	char *attribute = attribute_text(step->attribute, step->instance);
	char *name = format_text("%s %s%s", step->target, attribute,
				 step->mode == PRALLOC_CONFIG ? " (persistent)" : "");

	free(attribute);
	return name;
}

/* Amounts that move between domains; NULL where that is not what the step does. */
static char *amount(struct app *app, const struct pr_step *step, const struct pr_value *to,
		    bool *ret_gives)
{
	struct pr_value difference = {sizeof(difference), PRALLOC_TYPE_U64, 0, NULL};
	const uint64_t limit = PRALLOC_DEFAULT;
	struct pr_attr_info info;

	attribute_info(step->attribute, &info);
	if (!(info.properties & PRALLOC_ATTR_ASYNC) || info.unit != PRALLOC_UNIT_BYTES)
		return NULL;
	if (step->before.type != PRALLOC_TYPE_U64 || to->type != PRALLOC_TYPE_U64 ||
	    step->before.number >= limit || to->number >= limit ||
	    step->before.number == to->number)
		return NULL;
	*ret_gives = to->number < step->before.number;
	difference.number = *ret_gives ? step->before.number - to->number
				       : to->number - step->before.number;
	return value_short(app, step->attribute, &difference);
}

/* The library shows a step that is done in both modes by one of them. */
static bool in_both_modes(const struct app *app)
{
	return option_given(app, OPTION_LIVE) && option_given(app, OPTION_CONFIG);
}

static const char *mode_name(const struct app *app, const struct pr_step *step)
{
	if (in_both_modes(app))
		return "both";
	return step->mode == PRALLOC_CONFIG ? "config" : "live";
}

/* "gave 512M in 0.8 s", "persistent", or "". */
static char *done_note(struct app *app, const struct pr_step *step)
{
	double ms = (double)step->elapsed_us / 1000;
	bool gives = false;
	char *moved, *note;

	if (step->mode == PRALLOC_CONFIG)
		return copy_text("persistent");
	if (*step->text)
		return copy_text(
			reason_alone(step->text, step->attribute, step->instance, step->target));
	if (!step->after.type)
		return copy_text("not verified");
	moved = amount(app, step, &step->after, &gives);
	if (!moved)
		return copy_text(in_both_modes(app) ? "also persistent" : "");
	if (ms < 1)
		note = format_text("%s %s at once", gives ? "gave" : "took", moved);
	else
		note = format_text("%s %s in %.1f %s", gives ? "gave" : "took", moved,
				   ms < 100 ? ms : ms / 1000, ms < 100 ? "ms" : "s");
	free(moved);
	return note;
}

static char *change_text(struct app *app, const struct pr_step *step)
{
	char *before = value_short(app, step->attribute, &step->before);
	char *after =
		value_short(app, step->attribute, step->after.type ? &step->after : &step->wanted);
	char *text = format_text("%s %s %s", before, app->arrow, after);

	free(before);
	free(after);
	return text;
}

void steps_print_done(struct app *app, const struct pr_plan *plan)
{
	struct pr_step step;
	struct table table;
	bool noted = false;
	size_t i;

	table_begin(&table, app, done_columns, sizeof(done_columns) / sizeof(done_columns[0]));
	for (i = 0; step_at(plan, i, &step); i++) {
		char *note = done_note(app, &step);

		noted = noted || *note;
		table_line(&table);
		table_cell(&table, step.target);
		table_cell_take(&table, attribute_text(step.attribute, step.instance));
		table_cell_take(&table, change_text(app, &step));
		table_cell_take(&table, note);
		table_cell_colour(&table, step.backend ? step.backend : "", COLOUR_FAINT);
	}
	if (!noted)
		table_hide(&table, DONE_NOTE);
	table_end(&table);
}

static const struct column back_columns[] = {
	{NULL, COLUMN_LEFT}, {NULL, COLUMN_LEFT}, {NULL, COLUMN_LEFT}, {NULL, COLUMN_WRAP}};

/* PRALLOC_STEP_OK: of one that was only looked at. */
static const char *back_text(const struct pr_step *step)
{
	switch (step->status) {
	case PRALLOC_STEP_LEFT:
		return "LEFT";
	case PRALLOC_STEP_UNDONE:
		return "as before";
	case PRALLOC_STEP_OK:
		return "would be put back";
	default:
		return "not touched";
	}
}

void steps_print_back(struct app *app, const struct pr_plan *plan)
{
	struct pr_step step;
	struct table table;
	size_t i;

	table_begin(&table, app, back_columns, sizeof(back_columns) / sizeof(back_columns[0]));
	for (i = 0; step_at(plan, i, &step); i++) {
		bool left = step.status == PRALLOC_STEP_LEFT;

		table_line(&table);
		table_cell_take(&table, step_name(&step));
		table_cell_take(&table, value_short(app, step.attribute, &step.before));
		table_cell_colour(&table, back_text(&step), left ? COLOUR_BAD : COLOUR_GOOD);
		table_cell(&table, step.text);
	}
	table_end(&table);
}

/* The first step that gives what this one takes: the plan waits for it.  0: none. */
static size_t giver_of(struct app *app, const struct pr_plan *plan, const struct pr_step *taker)
{
	struct pr_step step;
	size_t i, found = 0;

	for (i = 0; !found && step_at(plan, i, &step); i++) {
		bool gives = false;
		char *moved = NULL;

		if (strcmp(step.attribute, taker->attribute) == 0)
			moved = amount(app, &step, &step.wanted, &gives);
		if (moved && gives)
			found = i + 1;
		free(moved);
	}
	return found;
}

static char *verdict(struct app *app, const struct pr_plan *plan, const struct pr_step *step)
{
	bool gives = false;
	char *moved, *text;
	size_t giver;

	if (step->status == PRALLOC_STEP_REFUSED)
		return format_text("REFUSED: %s",
				   *step->text ? reason_alone(step->text, step->attribute,
							      step->instance, step->target)
					       : error_brief(step->error));
	if (step->status != PRALLOC_STEP_OK)
		return copy_text("not checked");
	if (*step->text)
		return format_text("ok, but %s", reason_alone(step->text, step->attribute,
							      step->instance, step->target));
	moved = amount(app, step, &step->wanted, &gives);
	giver = moved && !gives ? giver_of(app, plan, step) : 0;
	if (giver)
		text = format_text("ok, after step %zu", giver);
	else if (moved)
		text = format_text("ok, %s %s", gives ? "gives" : "takes", moved);
	else
		text = copy_text("ok");
	free(moved);
	return text;
}

void steps_print_check(struct app *app, const struct pr_plan *plan)
{
	struct pr_step step;
	struct table table;
	size_t i;

	table_begin(&table, app, check_columns, sizeof(check_columns) / sizeof(check_columns[0]));
	for (i = 0; step_at(plan, i, &step); i++) {
		char *text = verdict(app, plan, &step);

		table_line(&table);
		table_cell_take(&table, format_text("%zu", i + 1));
		table_cell_take(&table, step_name(&step));
		table_cell_take(&table, value_short(app, step.attribute, &step.before));
		table_cell_take(&table, value_short(app, step.attribute, &step.wanted));
		table_cell_colour(&table, text,
				  step.status == PRALLOC_STEP_OK ? COLOUR_GOOD : COLOUR_BAD);
		free(text);
	}
	table_end(&table);
}

static struct json_object *step_json(struct app *app, const struct pr_step *step)
{
	struct json_object *object = need(json_object_new_object());

	json_put(object, "name", json_text(step->target));
	json_put(object, "attribute", json_text(step->attribute));
	json_put(object, "instance", json_text(step->instance));
	json_put(object, "mode", json_text(mode_name(app, step)));
	json_put(object, "status", json_text(step_status_name(step->status)));
	json_put(object, "backend", json_text_or_null(step->backend));
	json_put(object, "before", json_value(app, step->attribute, &step->before));
	json_put(object, "wanted", json_value(app, step->attribute, &step->wanted));
	json_put(object, "after", json_value(app, step->attribute, &step->after));
	json_put(object, "elapsed_us", json_number(step->elapsed_us));
	if (step->error)
		json_put(object, "error", error_json(step->error, step->text));
	else if (*step->text)
		json_put(object, "note", json_text(step->text));
	return object;
}

struct json_object *steps_json(struct app *app, const struct pr_plan *plan)
{
	struct json_object *array = need(json_object_new_array());
	struct pr_step step;
	size_t i;

	for (i = 0; step_at(plan, i, &step); i++)
		json_append(array, step_json(app, &step));
	return array;
}
