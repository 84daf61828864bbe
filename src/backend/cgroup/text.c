/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel's files say.  Nothing here allocates, but for copies of texts. */
#include <stdlib.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

bool pri_cg_parse_number(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (*text == '-' || strncmp(text, "max", 3) == 0) {
		*ret_value = PRALLOC_UNLIMITED;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		/* All that have a digit less fit. */
		if (value >= UINT64_MAX / 10 &&
		    (value > UINT64_MAX / 10 || (uint64_t)(*text - '0') > UINT64_MAX % 10))
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*ret_value = value;
	return *text == '\0' || *text == '\n' || *text == ' ';
}

/* In the time of printf a file is written: here it counts. */
void pri_cg_print_number(uint64_t value, char text[PRI_CG_NUMBER_MAX])
{
	char digits[PRI_CG_NUMBER_MAX], *at = digits + sizeof(digits);

	*--at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	memcpy(text, at, (size_t)(digits + sizeof(digits) - at));
}

/* The line that begins with a word and a blank; its rest. */
static const char *rest_of(const char *text, const char *word)
{
	size_t length = strlen(word);

	while (*text) {
		if (strncmp(text, word, length) == 0 && text[length] == ' ')
			return text + length + 1;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return NULL;
}

const char *pri_cg_parse_line(const char *text, const char *key)
{
	return rest_of(text, key);
}

bool pri_cg_parse_keyed(const char *text, const char *key, uint64_t *ret_value)
{
	const char *rest = rest_of(text, key);

	return rest && pri_cg_parse_number(rest, ret_value);
}

bool pri_cg_parse_nested(const char *line, const char *key, uint64_t *ret_value)
{
	size_t length = strlen(key);

	while (*line && *line != '\n') {
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			return pri_cg_parse_number(line + length + 1, ret_value);
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	return false;
}

bool pri_cg_parse_pressure(const char *text, uint64_t *ret_value)
{
	const char *rest = rest_of(text, "some");
	uint64_t whole;
	char *end;

	if (!rest || strncmp(rest, "avg10=", strlen("avg10=")) != 0)
		return false;
	rest += strlen("avg10=");
	whole = strtoull(rest, &end, 10);
	/* A part of the time, in percent. */
	if (*rest < '0' || *rest > '9' || whole > 100 || end[0] != '.' || end[1] < '0' ||
	    end[1] > '9' || end[2] < '0' || end[2] > '9')
		return false;
	*ret_value = whole * 100 + (uint64_t)(end[1] - '0') * 10 + (uint64_t)(end[2] - '0');
	return true;
}

bool pri_cg_parse_bandwidth(const char *text, uint64_t *ret_quota, uint64_t *ret_period)
{
	const char *blank = strchr(text, ' ');

	return blank && pri_cg_parse_number(text, ret_quota) &&
	       pri_cg_parse_number(blank + 1, ret_period);
}

char *pri_cg_first_line(const char *text)
{
	return strndup(text, strcspn(text, "\n"));
}
