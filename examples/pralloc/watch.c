/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "watch.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int watch_check(struct app *app)
{
	if (option_given(app, OPTION_WATCH) && app->out)
		return fail_usage(app, "--watch shows tables, --json one object: take one of them");
	return EXIT_DONE;
}

/* False when there is nobody to show anything to any more. */
static bool wait_for_next(const struct app *app)
{
	uint32_t ms = app->options.watch_ms;
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	struct pollfd output = {.fd = STDOUT_FILENO};

	if (fflush(stdout) != 0)
		return false;
	/* No event is asked for: only an error or a hang-up ends the wait early. */
	return ppoll(&output, 1, &time, /* sigmask= */ NULL) == 0;
}

int watch(struct app *app, int (*pass)(struct app *app, void *data), void *data)
{
	const char *between = isatty(STDOUT_FILENO) ? "\033[H\033[J" : "\n";
	int status;

	if (isatty(STDOUT_FILENO))
		fputs("\033[2J\033[H", stdout);
	for (;;) {
		status = pass(app, data);
		if (status != EXIT_DONE || !wait_for_next(app))
			return status;
		fputs(between, stdout);
	}
}
