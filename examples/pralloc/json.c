/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

void json_put(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) < 0)
		need(NULL);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) < 0)
		need(NULL);
}

/* Length of the UTF-8 character at text, 0 when there is none (RFC 3629). */
static size_t utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} forms[] = {
		{0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t form = 0, i;

	while (text[0] < forms[form].first || text[0] > forms[form].last)
		if (++form == sizeof(forms) / sizeof(forms[0]))
			return 0;
	if (forms[form].length > 1 && (text[1] < forms[form].low || text[1] > forms[form].high))
		return 0;
	for (i = 2; i < forms[form].length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return forms[form].length;
}

struct json_object *json_text(const char *text)
{
	size_t length = strlen(text), used = 0, step;
	char *clean = need(malloc(length * (sizeof(REPLACEMENT) - 1) + 1));
	struct json_object *string;

	for (; *text; text += step ? step : 1) {
		step = utf8_length((const unsigned char *)text);
		memcpy(clean + used, step ? text : REPLACEMENT, step ? step : 3);
		used += step ? step : 3;
	}
	string = need(json_object_new_string_len(clean, (int)used));
	free(clean);
	return string;
}

struct json_object *json_text_or_null(const char *text)
{
	return text ? json_text(text) : NULL;
}

struct json_object *json_number(uint64_t number)
{
	if (number == PRALLOC_UNLIMITED)
		return json_text("unlimited");
	if (number == PRALLOC_DEFAULT)
		return json_text("default");
	return need(json_object_new_uint64(number));
}

static struct json_object *bare_value(const struct pr_value *value)
{
	if (value->type == PRALLOC_TYPE_U64)
		return json_number(value->number);
	if (value->type == PRALLOC_TYPE_TEXT)
		return json_text(value->text ? value->text : "default");
	return NULL;
}

void json_put_value(struct app *app, struct json_object *object, const char *attribute,
		    const struct pr_value *value)
{
	char *text = value_text(app, attribute, value, /* flags= */ 0);

	json_put(object, "value", bare_value(value));
	json_put(object, "text", json_text(value->type ? text : ""));
	free(text);
}

struct json_object *json_value(struct app *app, const char *attribute, const struct pr_value *value)
{
	struct json_object *object;

	if (!value->type)
		return NULL;
	object = need(json_object_new_object());
	json_put_value(app, object, attribute, value);
	return object;
}

void json_print_line(struct json_object *object)
{
	puts(need((void *)json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
}

void json_print(struct app *app)
{
	bool lines = app->command && app->command->lines;

	if (app->error)
		json_put(app->out, "error", json_object_get(app->error));
	if (!lines)
		puts(need((void *)json_object_to_json_string_ext(
			app->out, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					  JSON_C_TO_STRING_NOSLASHESCAPE)));
	else if (app->error)
		json_print_line(app->out);
}
