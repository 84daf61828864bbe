/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --rescale: weights into the range of who serves them, and what became of those that were given. */
#include "json.h"
#include "steps.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>

static struct pr_value *wanted_now(const struct pr_plan *plan, size_t count)
{
	struct pr_value *wanted = need(calloc(count + 1, sizeof(*wanted)));
	struct pr_step step;
	size_t i;

	/* Texts do not outlive the next call, and are no weights. */
	for (i = 0; i < count && step_at(plan, i, &step); i++)
		if (step.wanted.type == PRALLOC_TYPE_U64)
			wanted[i] = step.wanted;
	return wanted;
}

static void tell(struct app *app, struct json_object *array, const struct pr_step *step,
		 const struct pr_value *from)
{
	char *name = step_name(step);
	char *was = value_short(app, step->attribute, from);
	char *is = value_short(app, step->attribute, &step->wanted);

	if (array) {
		struct json_object *object = need(json_object_new_object());

		json_put(object, "name", json_text(step->target));
		json_put(object, "attribute", json_text(step->attribute));
		json_put(object, "instance", json_text(step->instance));
		json_put(object, "given", json_value(app, step->attribute, from));
		json_put(object, "wanted", json_value(app, step->attribute, &step->wanted));
		json_append(array, object);
	} else {
		printf("%s: %s was rescaled to %s\n", name, was, is);
	}
	free(name);
	free(was);
	free(is);
}

int plan_rescale(struct app *app, struct pr_plan *plan)
{
	struct json_object *array = app->out ? need(json_object_new_array()) : NULL;
	size_t count = pr_plan_count(plan), i;
	struct pr_value *given = wanted_now(plan, count);
	struct pr_step step;
	int r;

	r = pr_plan_rescale(plan, app->options.flags & (PRALLOC_LIVE | PRALLOC_CONFIG));
	for (i = 0; r == 0 && i < count && step_at(plan, i, &step); i++)
		if (given[i].type == PRALLOC_TYPE_U64 && !value_same(&given[i], &step.wanted))
			tell(app, array, &step, &given[i]);
	free(given);
	if (array)
		json_put(app->out, "rescaled", array);
	if (r == 0)
		return EXIT_DONE;
	fail(app, r, "%s", pr_plan_errmsg(plan));
	hint(app, "nothing was changed");
	return EXIT_REFUSED;
}
