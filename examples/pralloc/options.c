/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app.h"
#include "suggest.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
	enum option_bit bit;
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* NULL: none; one in brackets may be left out */
	uint32_t flag;	      /* PRALLOC_* that it stands for */
	const char *help;
} rows[] = {
	{OPTION_CONNECT, 'c', "connect", "URI", 0,
	 "host to use: a libvirt URI, cgroup:, tc: or fake:///N"},
	{OPTION_TIMEOUT, 0, "timeout", "SECONDS", 0, "time limit of each step of work (30)"},
	{OPTION_JSON, 0, "json", NULL, 0, "print one JSON object, also for errors"},
	{OPTION_VERBOSE, 'v', "verbose", NULL, 0, "show more columns and rows"},
	{OPTION_LIVE, 0, "live", NULL, PRALLOC_LIVE, "the running domain (default)"},
	{OPTION_CONFIG, 0, "config", NULL, PRALLOC_CONFIG, "the persistent configuration"},
	{OPTION_DRY_RUN, 0, "dry-run", NULL, 0, "check and show the steps, change nothing"},
	{OPTION_HARM, 0, "allow-harm", NULL, PRALLOC_ALLOW_HARM,
	 "take more than a guest can spare"},
	{OPTION_INEFFECTIVE, 0, "allow-ineffective", NULL, PRALLOC_ALLOW_INEFFECTIVE,
	 "set a weight that cannot act now"},
	{OPTION_ANCESTORS, 0, "ancestors", NULL, PRALLOC_ANCESTORS,
	 "raise what groups above grant, too"},
	{OPTION_ENABLE, 0, "enable", NULL, PRALLOC_ENABLE, "enable the cgroup controller it needs"},
	{OPTION_REPLACE, 0, "replace", NULL, PRALLOC_REPLACE,
	 "take over what somebody else has made"},
	{OPTION_NO_VERIFY, 0, "no-verify", NULL, PRALLOC_NO_VERIFY,
	 "do not read values back after the write"},
	{OPTION_PARTIAL, 0, "keep-partial", NULL, PRALLOC_KEEP_PARTIAL,
	 "let recipients have what arrives when donors give less"},
	{OPTION_JOURNAL, 0, "journal", "FILE", 0, "keep what recover needs if this is killed"},
	{OPTION_RESCALE, 0, "rescale", NULL, 0,
	 "bring weights into the range here, with those of all others"},
	{OPTION_WATCH, 0, "watch", "[=SECONDS]", 0, "show again every so many seconds (2)"},
	{OPTION_COUNT, 0, "count", "N", 0, "end after so many events"},
	{OPTION_ALL, 0, "all", NULL, 0, "all domains that run"},
	{OPTION_SERVED, 0, "served", NULL, 0, "leave out what nobody serves on this host"},
	{OPTION_HELP, 'h', "help", NULL, 0, "print this help"},
	{OPTION_VERSION, 'V', "version", NULL, 0, "print the version"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))
#define LONG_FIRST 256 /* getopt values of rows, beyond every letter */
/* "-": words come in order, so that options may stand anywhere, whatever POSIXLY_CORRECT says. */
#define LETTERS "-:c:vhV"
#define WATCH_DEFAULT "2"

static const struct row *row_of(int value)
{
	size_t i;

	if (value >= LONG_FIRST && value < LONG_FIRST + (int)ROW_COUNT)
		return &rows[value - LONG_FIRST];
	for (i = 0; i < ROW_COUNT; i++)
		if (rows[i].letter && rows[i].letter == value)
			return &rows[i];
	return NULL;
}

static int parse_seconds(struct app *app, const char *option, const char *text, uint32_t *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);
	bool plain = text[strspn(text, "0123456789.")] == '\0';

	if (!plain || *end || end == text || seconds < 0.001 || seconds * 1000 >= UINT32_MAX)
		return fail_usage(app,
				  "--%s: %s is not a number of seconds from 0.001 to "
				  "4294967",
				  option, text);
	*ret_ms = (uint32_t)(seconds * 1000 + 0.5);
	return EXIT_DONE;
}

static int parse_count(struct app *app, const char *text, uint32_t *ret_count)
{
	unsigned long long count = strtoull(text, NULL, 10);

	if (!*text || text[strspn(text, "0123456789")] || count < 1 || count > UINT32_MAX)
		return fail_usage(app, "--count: %s is not a number from 1 to 4294967295", text);
	*ret_count = (uint32_t)count;
	return EXIT_DONE;
}

static int take_option(struct app *app, const struct row *row, const char *argument)
{
	app->options.given |= (uint32_t)row->bit;
	app->options.flags |= row->flag;
	if (row->bit == OPTION_CONNECT)
		app->options.uri = argument;
	if (row->bit == OPTION_JOURNAL)
		app->options.journal = argument;
	if (row->bit == OPTION_TIMEOUT)
		return parse_seconds(app, row->name, argument, &app->options.timeout_ms);
	if (row->bit == OPTION_COUNT)
		return parse_count(app, argument, &app->options.count);
	if (row->bit == OPTION_WATCH)
		return parse_seconds(app, row->name, argument ? argument : WATCH_DEFAULT,
				     &app->options.watch_ms);
	return EXIT_DONE;
}

static void suggest_option(struct app *app, const char *word)
{
	struct suggestion suggestion;
	size_t i;

	suggest_begin(&suggestion, word);
	for (i = 0; i < ROW_COUNT; i++)
		suggest_offer(&suggestion, rows[i].name);
	if (*suggestion.best)
		hint(app, "did you mean --%s?", suggestion.best);
}

static int takes_argument(const struct row *row)
{
	if (!row->argument)
		return no_argument;
	return *row->argument == '[' ? optional_argument : required_argument;
}

static int unknown_option(struct app *app, const char *word)
{
	char name[SUGGEST_MAX];

	if (strncmp(word, "--", 2) != 0)
		return fail_usage(app, "unknown option -%c", optopt);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	if (row_of(optopt))
		return fail_usage(app, "option --%s takes no value", name);
	fail_usage(app, "unknown option --%s", name);
	suggest_option(app, name);
	return EXIT_USAGE;
}

static int missing_argument(struct app *app, const char *word)
{
	const struct row *row = row_of(optopt);

	return fail_usage(app, "option %s needs %s", word, row ? row->argument : "a value");
}

static void take_word(struct options *options, const char *word)
{
	options->words = grow(options->words, options->word_count, sizeof(*options->words));
	options->words[options->word_count++] = word;
}

static int take(struct app *app, int value, const char *last)
{
	if (value == 1)
		take_word(&app->options, optarg);
	else if (value == '?')
		return unknown_option(app, last);
	else if (value == ':')
		return missing_argument(app, last);
	else
		return take_option(app, row_of(value), optarg);
	return EXIT_DONE;
}

/* Goes on after an error: --json, wherever it stands, decides how the error is told. */
int options_parse(struct app *app, int argc, char **argv)
{
	struct option longs[ROW_COUNT + 1] = {0};
	int status = EXIT_DONE, value;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		longs[i] = (struct option){rows[i].name, takes_argument(&rows[i]), NULL,
					   LONG_FIRST + (int)i};
	opterr = 0;
	while ((value = getopt_long(argc, argv, LETTERS, longs, NULL)) != -1)
		if (take(app, value, argv[optind - 1]) != EXIT_DONE)
			status = EXIT_USAGE;
	while (optind < argc)
		take_word(&app->options, argv[optind++]);
	return status;
}

const char *options_foreign(const struct app *app, uint32_t allowed)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (option_given(app, rows[i].bit) && !(allowed & (uint32_t)rows[i].bit))
			return rows[i].name;
	return NULL;
}

static void print_option(const struct row *row)
{
	char left[40];

	snprintf(left, sizeof(left), "%c%c%c --%s%s%s", row->letter ? '-' : ' ',
		 row->letter ? row->letter : ' ', row->letter ? ',' : ' ', row->name,
		 takes_argument(row) == required_argument ? " " : "",
		 row->argument ? row->argument : "");
	printf("  %-25s  %s\n", left, row->help);
}

void options_help(uint32_t mask)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (mask & (uint32_t)rows[i].bit)
			print_option(&rows[i]);
}
