/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Doing a plan, and showing its steps. */
#ifndef PRALLOC_STEPS_H
#define PRALLOC_STEPS_H

#include "app.h"

/* Check (--dry-run) or apply a plan that is complete, and tell what came of it. */
int plan_run(struct app *app, struct pr_plan *plan);

/* The end of a run that was refused.  What is right beside it is looked at with --dry-run, so that
 * all that stands against it is told, too. */
void plan_refused(struct app *app, struct pr_plan *plan);

/* rescale.c: with --rescale, before the plan is done */
int plan_rescale(struct app *app, struct pr_plan *plan);

/* The same, or where there is no step, what is said of the domain then. */
int plan_run_or_none(struct app *app, struct pr_plan *plan, const char *name, const char *none);

/* What the steps have to say beside the error that was told. */
void steps_hint(struct app *app, const struct pr_plan *plan);

/* steps.c */
/* What was taken back, and what was left. */
void steps_print_back(struct app *app, const struct pr_plan *plan);
void steps_print_done(struct app *app, const struct pr_plan *plan);
void steps_print_check(struct app *app, const struct pr_plan *plan);
struct json_object *steps_json(struct app *app, const struct pr_plan *plan);
/* Step number index; false past the end. */
bool step_at(const struct pr_plan *plan, size_t index, struct pr_step *step);
/* "vm1 mem.balloon", malloc'ed. */
char *step_name(const struct pr_step *step);

#endif /* PRALLOC_STEPS_H */
