/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the text of a journal says, without the file. */
#include <stdio.h>
#include <string.h>

#include "core/plan_journal.h"

char *pri_journal_quote(const char *text)
{
	char *quoted = malloc(3 * strlen(text) + 2), *at = quoted;

	if (!quoted)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c > ' ' && c < 0x7f && c != '%')
			*at++ = (char)c;
		else
			at += sprintf(at, "%%%02X", c);
	}
	*at = '\0';
	return quoted;
}

void pri_journal_unquote(char *text)
{
	char *to = text;

	for (; *text; text++) {
		char digits[3] = "";
		char *end = digits;
		unsigned long c = 0;

		if (*text == '%' && text[1]) {
			memcpy(digits, text + 1, 2);
			c = strtoul(digits, &end, 16);
		}
		if (end == digits + 2) {
			*to++ = (char)c;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static const char *last_line(const char *text, const char *line)
{
	const char *last = NULL;

	for (const char *at = text; (at = strstr(at, line)); at++)
		last = at;
	return last;
}

bool pri_journal_is_over(const char *text)
{
	const char *ready = last_line(text, "\nready\n");
	const char *end = last_line(text, "\nend\n");
	const char *undo = last_line(text, "\nundo\n");

	/* A plan that was applied can be undone afterwards. */
	return !ready || (end > ready && end > undo);
}
