/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pralloc: the command.  One run: options, host, sub-command, output, errors. */
#include "app.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_URI "qemu:///system"

/* A descriptor that the caller closed must not become a socket of the library. */
static void hold_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static bool want_colours(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

static void app_begin(struct app *app)
{
	const char *uri = getenv("PRALLOC_URI");

	/* Of the locale only the character set: numbers look the same everywhere. */
	setlocale(LC_CTYPE, "");
	app->arrow = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\xe2\x86\x92" : "->";
	app->colours = want_colours();
	app->options.uri = uri && *uri ? uri : DEFAULT_URI;
}

static int check_usage(struct app *app)
{
	const struct command *command = app->command;
	const char *foreign = options_foreign(app, OPTIONS_ALWAYS | command->options);
	size_t words = app->options.word_count - 1;

	if (foreign)
		return fail_usage(app, "%s takes no --%s", command->name, foreign);
	if (words < command->least_words)
		return fail_usage(app, "%s needs %s", command->name, command->usage);
	if (words > command->most_words)
		return fail_usage(app, "%s: one argument too many: %s", command->name,
				  app->options.words[command->most_words + 1]);
	if (command->access == ACCESS_READ && option_given(app, OPTION_LIVE) &&
	    option_given(app, OPTION_CONFIG))
		return fail_usage(app, "%s reads --live or --config, not both", command->name);
	return EXIT_DONE;
}

static bool only_reads(const struct app *app)
{
	return app->command->access == ACCESS_READ ||
	       (app->command->shows && app->options.word_count == 1);
}

static int connect_host(struct app *app)
{
	uint32_t flags = only_reads(app) ? PRALLOC_READ_ONLY : 0;
	int r;

	r = pr_ctx_new(&app->ctx);
	if (r < 0)
		return fail(app, r, "%s", "");
	if (app->options.timeout_ms)
		pr_ctx_set_timeout(app->ctx, app->options.timeout_ms);
	if (app->command->access == ACCESS_NONE)
		return EXIT_DONE;
	r = pr_host_open(app->ctx, app->options.uri, flags, &app->host);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	return EXIT_DONE;
}

static int run_command(struct app *app)
{
	int status = check_usage(app);

	if (status == EXIT_DONE)
		status = connect_host(app);
	if (status == EXIT_DONE)
		status =
			app->command->run(app, app->options.words + 1, app->options.word_count - 1);
	return status;
}

static int run(struct app *app, int argc, char **argv)
{
	int status = options_parse(app, argc, argv);

	if (status == EXIT_DONE && option_given(app, OPTION_VERSION)) {
		help_version();
		return EXIT_DONE;
	}
	if (status == EXIT_DONE && app->options.word_count > 0) {
		app->command = command_find(app, app->options.words[0]);
		status = app->command ? EXIT_DONE : EXIT_USAGE;
	}
	if (status == EXIT_DONE && option_given(app, OPTION_HELP)) {
		help_print(app->command);
		return EXIT_DONE;
	}
	if (option_given(app, OPTION_JSON))
		app->out = need(json_object_new_object());
	if (status != EXIT_DONE)
		return status;
	if (!app->command)
		return fail_usage(app, "a sub-command is missing");
	if (app->out)
		json_put(app->out, "command", json_text(app->command->name));
	return run_command(app);
}

/*
 * Returns 0 or why output is missing.  The cause of an earlier failure is not kept by stdio: an
 * empty line shows whether it lasts.  A reader that went away (a pipe into head) is no failure.
 */
static int flush_output(void)
{
	bool failed = ferror(stdout) != 0;

	if (failed)
		putchar('\n');
	if (fflush(stdout) != 0)
		return errno == EPIPE ? 0 : errno;
	return failed ? EIO : 0;
}

static int output_failed(struct app *app, int cause, int status)
{
	fail(app, -EIO, "cannot write the output: %s", strerror(cause));
	if (app->changed)
		hint(app, "the changes themselves were made");
	return status == EXIT_DONE ? EXIT_REFUSED : status;
}

static int finish(struct app *app, int status)
{
	int cause;

	if (status == EXIT_USAGE)
		hint(app, "pralloc %s%s--help tells more", app->command ? app->command->name : "",
		     app->command ? " " : "");
	if (app->out)
		json_print(app);
	cause = flush_output();
	if (cause)
		status = output_failed(app, cause, status);
	if (!app->out || cause)
		errors_print(app);
	return status;
}

static void app_end(struct app *app)
{
	json_object_put(app->out);
	json_object_put(app->error);
	pr_host_close(app->host);
	pr_ctx_unref(app->ctx);
	free(app->options.words);
}

int main(int argc, char **argv)
{
	struct app app = {0};
	int status;

	hold_descriptors();
	/* Also a daemon that goes away must not end the command in the midst of its work. */
	signal(SIGPIPE, SIG_IGN);
	app_begin(&app);
	status = finish(&app, run(&app, argc, argv));
	app_end(&app);
	return status;
}
