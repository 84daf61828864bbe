/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocation that succeeds or ends the command. */
#include "app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(void *pointer)
{
	if (pointer)
		return pointer;
	fputs("pralloc: out of memory\n", stderr);
	exit(EXIT_REFUSED);
}

char *copy_text(const char *text)
{
	return need(strdup(text));
}

char *format_text(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return need(n < 0 ? NULL : text);
}

/* Room for one more element behind count; the size doubles at powers of two. */
void *grow(void *array, size_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return need(reallocarray(array, count ? count * 2 : 1, size));
}
