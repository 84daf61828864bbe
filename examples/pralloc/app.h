/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the command share: one run of it, its options, failures and exit codes. */
#ifndef PRALLOC_APP_H
#define PRALLOC_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>
#include <pralloc.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
};

enum option_bit {
	OPTION_CONNECT = 1 << 0,
	OPTION_TIMEOUT = 1 << 1,
	OPTION_JSON = 1 << 2,
	OPTION_HELP = 1 << 3,
	OPTION_VERSION = 1 << 4,
	OPTION_VERBOSE = 1 << 5,
	OPTION_LIVE = 1 << 6,
	OPTION_CONFIG = 1 << 7,
	OPTION_DRY_RUN = 1 << 8,
	OPTION_HARM = 1 << 9,
	OPTION_INEFFECTIVE = 1 << 10,
	OPTION_NO_VERIFY = 1 << 11,
	OPTION_WATCH = 1 << 12,
	OPTION_COUNT = 1 << 13,
	OPTION_ALL = 1 << 14,
	OPTION_SERVED = 1 << 15,
	OPTION_ANCESTORS = 1 << 16,
	OPTION_ENABLE = 1 << 17,
	OPTION_REPLACE = 1 << 18,
	OPTION_PARTIAL = 1 << 19,
	OPTION_JOURNAL = 1 << 20,
	OPTION_RESCALE = 1 << 21,
};

/* Every sub-command takes these, so that an alias may carry them. */
#define OPTIONS_ALWAYS                                                                             \
	(OPTION_CONNECT | OPTION_TIMEOUT | OPTION_JSON | OPTION_HELP | OPTION_VERSION)
#define OPTIONS_MODE (OPTION_LIVE | OPTION_CONFIG)
#define OPTIONS_FORCE                                                                              \
	(OPTION_HARM | OPTION_INEFFECTIVE | OPTION_ANCESTORS | OPTION_ENABLE | OPTION_REPLACE |    \
	 OPTION_NO_VERIFY)

struct options {
	uint32_t given; /* enum option_bit */
	const char *uri;
	uint32_t timeout_ms; /* 0: the library's own */
	uint32_t watch_ms;   /* between two passes of show --watch */
	uint32_t count;	     /* events to wait for; 0: all */
	const char *journal; /* of a plan; NULL: none */
	uint32_t flags;	     /* PRALLOC_* of the mode and of force */
	const char **words;  /* the sub-command and its arguments */
	size_t word_count;
};

#define OPTIONS_PLAN                                                                               \
	(OPTIONS_MODE | OPTIONS_FORCE | OPTION_DRY_RUN | OPTION_PARTIAL | OPTION_JOURNAL |         \
	 OPTION_RESCALE)

/* What a sub-command needs of the host. */
enum access {
	ACCESS_NONE = 1,
	ACCESS_READ = 2,
	ACCESS_WRITE = 3,
};

struct example {
	const char *line;
	const char *meaning;
};

struct app;

struct command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *summary;
	const char *details; /* more for --help, or NULL */
	struct example examples[2];
	uint32_t options; /* enum option_bit beside OPTIONS_ALWAYS */
	int access;	  /* enum access */
	bool shows;	  /* without words it only reads, whatever access says */
	size_t least_words, most_words;
	bool lines; /* with --json it prints objects itself, one per line */
	int (*run)(struct app *app, const char **words, size_t count); /* an exit code */
};

struct app {
	struct options options;
	const struct command *command; /* NULL until it is known */
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct json_object *out;   /* with --json: the object that will be printed */
	struct json_object *error; /* NULL, or {code, text, problems, hints} */
	const char *arrow;
	bool colours;
	bool changed; /* something was changed, whatever follows */
};

static inline bool option_given(const struct app *app, enum option_bit bit)
{
	return (app->options.given & (uint32_t)bit) != 0;
}

/* commands.c */
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(struct app *app, const char *name);
int run_list(struct app *app, const char **words, size_t count);
int run_show(struct app *app, const char **words, size_t count);
int run_get(struct app *app, const char **words, size_t count);
int run_set(struct app *app, const char **words, size_t count);
int run_reset(struct app *app, const char **words, size_t count);
int run_restore(struct app *app, const char **words, size_t count);
int run_save(struct app *app, const char **words, size_t count);
int run_events(struct app *app, const char **words, size_t count);
int run_net(struct app *app, const char **words, size_t count);
int run_host(struct app *app, const char **words, size_t count);
int run_attributes(struct app *app, const char **words, size_t count);
int run_apply(struct app *app, const char **words, size_t count);
int run_plan(struct app *app, const char **words, size_t count);
int run_move(struct app *app, const char **words, size_t count);
int run_recover(struct app *app, const char **words, size_t count);

/* options.c: fills app->options; an exit code */
int options_parse(struct app *app, int argc, char **argv);
/* The first option that is given and not in allowed, as a person writes it; or NULL. */
const char *options_foreign(const struct app *app, uint32_t allowed);
/* Print a line for each option in mask. */
void options_help(uint32_t mask);

/* help.c */
void help_print(const struct command *command);
void help_version(void);

/*
 * errors.c: the first failure of a run is its error; what fails later, and hints, follow it.
 * All is printed at the end.
 */
/* Each returns the exit code for its case. */
int fail(struct app *app, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int fail_usage(struct app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));
void hint(struct app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "ERANGE" for -ERANGE. */
const char *error_code_name(int code);
/* A few words for a table's cell: "not running". */
const char *error_brief(int code);
struct json_object *error_json(int code, const char *text);
void errors_print(const struct app *app);

/* memory.c: the command, unlike the library, ends when there is no memory */
void *need(void *pointer);
char *copy_text(const char *text);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *grow(void *array, size_t count, size_t size);

#endif /* PRALLOC_APP_H */
