/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan on its way: a line on the terminal that is written over, and Ctrl-C, which takes it back. */
#include "progress.h"
#include "values.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ERASE_LINE "\r\033[K"

/* A signal handler knows nothing else. */
static struct pr_plan *cancelled;

static void cancel(int signal_number)
{
	(void)signal_number;
	pr_plan_cancel(cancelled);
}

static void show(void *data, const struct pr_plan *plan, size_t index)
{
	struct app *app = data;
	struct pr_step step;
	char *name, *is, *wanted;

	if (!step_at(plan, index, &step) || step.status != PRALLOC_STEP_WAITING)
		return;
	name = step_name(&step);
	is = value_short(app, step.attribute, &step.after);
	wanted = value_short(app, step.attribute, &step.wanted);
	fprintf(stderr, ERASE_LINE "%s %s %s %s", name, is, app->arrow, wanted);
	fflush(stderr);
	free(name);
	free(is);
	free(wanted);
}

void progress_begin(struct app *app, struct pr_plan *plan)
{
	struct sigaction action = {.sa_handler = cancel, .sa_flags = SA_RESETHAND};

	cancelled = plan;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (!app->out && isatty(STDERR_FILENO))
		pr_plan_set_progress(plan, show, app);
}

void progress_end(struct app *app)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (!app->out && isatty(STDERR_FILENO))
		fputs(ERASE_LINE, stderr);
}
