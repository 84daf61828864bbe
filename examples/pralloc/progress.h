/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of a plan while it goes on. */
#ifndef PRALLOC_PROGRESS_H
#define PRALLOC_PROGRESS_H

#include "steps.h"

/* Between the two the plan may be applied; Ctrl-C cancels it. */
void progress_begin(struct app *app, struct pr_plan *plan);
void progress_end(struct app *app);

#endif /* PRALLOC_PROGRESS_H */
