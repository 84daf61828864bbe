/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Error texts: made where an error is known best, kept by the innermost handle. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"

/* The whole set of errors that the library returns. */
static const struct {
	int code;
	const char *text;
} errors[] = {
	{EINVAL, "malformed argument"},
	{ERANGE, "value out of range"},
	{ENOENT, "no such domain, host or file"},
	{ENODEV, "no such instance"},
	{EOPNOTSUPP, "not supported here"},
	{ENOTCONN, "not running or not connected"},
	{ESTALE, "the name belongs to another domain now"},
	{EACCES, "permission denied"},
	{EBUSY, "busy"},
	{EAGAIN, "changed by somebody else"},
	{ENOSPC, "cannot be spared"},
	{ENODATA, "not known"},
	{EREMOTEIO, "accepted, but reads back differently"},
	{ETIMEDOUT, "the time limit passed"},
	{ECANCELED, "not tried"},
	{ENOMEM, "out of memory"},
	{EIO, "input/output error"},
};

const char *pri_strerror(int code)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(errors); i++)
		if (errors[i].code == -code)
			return errors[i].text;
	return "unknown error";
}

/* A text is one line, also where it quotes what somebody gave us. */
static void keep_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			*text = '?';
}

void pri_note_error_v(char **error, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	else
		keep_one_line(text);
	free(*error);
	*error = text;
}

void pri_note_error(char **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pri_note_error_v(error, format, args);
	va_end(args);
}

int pri_move_error(char errmsg[PRI_ERRMSG_MAX], int code, char **error)
{
	if (code >= 0)
		errmsg[0] = '\0';
	else
		snprintf(errmsg, PRI_ERRMSG_MAX, "%s", *error ? *error : pri_strerror(code));
	free(*error);
	*error = NULL;
	return code;
}
