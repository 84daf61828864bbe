/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app.h"
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT "        "

static const struct {
	int code;
	const char *name;
	const char *brief;
} errors[] = {
	{-EINVAL, "EINVAL", "not valid"},
	{-ERANGE, "ERANGE", "out of range"},
	{-ENOENT, "ENOENT", "no such domain"},
	{-ENODEV, "ENODEV", "no such instance"},
	{-EOPNOTSUPP, "EOPNOTSUPP", "not served"},
	{-ENOTCONN, "ENOTCONN", "not running"},
	{-ESTALE, "ESTALE", "another domain now"},
	{-EACCES, "EACCES", "not permitted"},
	{-EBUSY, "EBUSY", "busy"},
	{-EAGAIN, "EAGAIN", "changed meanwhile"},
	{-ENOSPC, "ENOSPC", "over-committed"},
	{-ENODATA, "ENODATA", "not known"},
	{-EREMOTEIO, "EREMOTEIO", "reads back differently"},
	{-ETIMEDOUT, "ETIMEDOUT", "timed out"},
	{-ECANCELED, "ECANCELED", "cancelled"},
	{-ENOMEM, "ENOMEM", "out of memory"},
	{-EIO, "EIO", "failed"},
};

#define ERROR_COUNT (sizeof(errors) / sizeof(errors[0]))

/* A code outside the library's set is shown as the last row, -EIO. */
static size_t error_row(int code)
{
	size_t i = 0;

	while (i < ERROR_COUNT - 1 && errors[i].code != code)
		i++;
	return i;
}

const char *error_code_name(int code)
{
	return errors[error_row(code)].name;
}

const char *error_brief(int code)
{
	return errors[error_row(code)].brief;
}

struct json_object *error_json(int code, const char *text)
{
	struct json_object *error = need(json_object_new_object());

	json_put(error, "code", json_text(error_code_name(code)));
	json_put(error, "text", json_text(*text ? text : error_brief(code)));
	return error;
}

static void add_hint(struct app *app, const char *text)
{
	struct json_object *hints;

	if (!json_object_object_get_ex(app->error, "hints", &hints)) {
		hints = need(json_object_new_array());
		json_put(app->error, "hints", hints);
	}
	json_append(hints, json_text(text));
}

static void add_failure(struct app *app, int code, const char *text)
{
	struct json_object *problems;

	if (app->error) {
		add_hint(app, text);
	} else {
		app->error = error_json(code, text);
		json_put(app->error, "problems", need(json_object_new_array()));
	}
	json_object_object_get_ex(app->error, "problems", &problems);
	json_append(problems, json_text(text));
}

__attribute__((format(printf, 1, 0))) static char *format_args(const char *format, va_list args)
{
	char *text = NULL;

	return need(vasprintf(&text, format, args) < 0 ? NULL : text);
}

int fail(struct app *app, int code, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_args(format, args);
	va_end(args);
	add_failure(app, code, *text ? text : error_brief(code));
	free(text);
	return EXIT_REFUSED;
}

int fail_usage(struct app *app, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_args(format, args);
	va_end(args);
	add_failure(app, -EINVAL, text);
	free(text);
	return EXIT_USAGE;
}

void hint(struct app *app, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_args(format, args);
	va_end(args);
	if (app->error)
		add_hint(app, text);
	free(text);
}

/* Names come from outside: no control character of theirs may reach a terminal. */
static void print_line(const char *before, const char *text)
{
	fputs(before, stderr);
	for (; *text; text++)
		putc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
	putc('\n', stderr);
}

void errors_print(const struct app *app)
{
	struct json_object *text, *hints;
	size_t i;

	if (!app->error)
		return;
	json_object_object_get_ex(app->error, "text", &text);
	print_line("pralloc: ", json_object_get_string(text));
	if (!json_object_object_get_ex(app->error, "hints", &hints))
		return;
	for (i = 0; i < json_object_array_length(hints); i++)
		print_line(INDENT, json_object_get_string(json_object_array_get_idx(hints, i)));
}
