/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values to text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/units.h"
#include "util/growing.h"

#define FORMATS (PRALLOC_FORMAT_RAW | PRALLOC_FORMAT_SHORT)

static size_t put(char *buffer, const char *text)
{
	return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%s", text);
}

static const struct pri_unit *exact_unit(const struct pri_scale *scale, pri_wide amount)
{
	const struct pri_unit *unit = scale->exact;

	while (unit[1].name && (amount == 0 || amount % unit->factor != 0))
		unit++;
	return unit;
}

static size_t exact_text(const struct pri_scale *scale, pri_wide amount, char *buffer)
{
	const struct pri_unit *unit = exact_unit(scale, amount);
	uint64_t whole = (uint64_t)(amount / unit->factor);

	if (scale->hundredths)
		return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%" PRIu64 ".%02u%s", whole,
					(unsigned int)(amount % 100), unit->name);
	return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%" PRIu64 "%s", whole, unit->name);
}

static pri_wide rounded(pri_wide amount, uint64_t factor)
{
	return (amount + factor / 2) / factor;
}

/* Three digits, of which at most two behind the point, without trailing zeros. */
static size_t brief_text(const struct pri_scale *scale, pri_wide amount, char *buffer)
{
	const struct pri_unit *unit = scale->brief;
	pri_wide hundredths, tenths;

	while (unit->below && rounded(amount, unit->factor) >= unit->below)
		unit++;
	hundredths = rounded(amount * 100, unit->factor);
	tenths = rounded(amount * 10, unit->factor);
	if (hundredths < 1000 && hundredths % 10 != 0)
		return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%u.%02u%s",
					(unsigned int)(hundredths / 100),
					(unsigned int)(hundredths % 100), unit->name);
	if (tenths < 1000 && tenths % 10 != 0)
		return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%u.%u%s",
					(unsigned int)(tenths / 10), (unsigned int)(tenths % 10),
					unit->name);
	return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%" PRIu64 "%s",
				(uint64_t)rounded(amount, unit->factor), unit->name);
}

static size_t short_text(const struct pri_scale *scale, pri_wide amount, char *buffer)
{
	const struct pri_unit *unit = exact_unit(scale, amount);

	/* No time is no time in any unit: the one of a person's clock. */
	if (amount == 0 && scale->brief == pri_times_brief)
		return put(buffer, "0 s");
	if (scale->exact_is_brief && amount / unit->factor < 1000)
		return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%u %s",
					(unsigned int)(amount / unit->factor), unit->name);
	return brief_text(scale, amount, buffer);
}

size_t pri_number_text(const struct pri_attr *attr, uint64_t number, uint32_t flags,
		       char buffer[PRALLOC_VALUE_TEXT_MAX])
{
	const struct pri_scale *scale;

	if (number == PRALLOC_UNLIMITED)
		return put(buffer, "unlimited");
	if (number == PRALLOC_DEFAULT)
		return put(buffer, flags & PRALLOC_FORMAT_SHORT ? "-" : "default");
	if (flags & PRALLOC_FORMAT_RAW)
		return (size_t)snprintf(buffer, PRALLOC_VALUE_TEXT_MAX, "%" PRIu64, number);
	scale = pri_scale_of(attr);
	if (flags & PRALLOC_FORMAT_SHORT)
		return short_text(scale, (pri_wide)number * scale->base_factor, buffer);
	return exact_text(scale, (pri_wide)number * scale->base_factor, buffer);
}

char *pri_value_text(const struct pri_attr *attr, const struct pri_value *value)
{
	char buffer[PRALLOC_VALUE_TEXT_MAX];

	if (pri_attr_is_text(attr))
		return strdup(value->text ? value->text : "default");
	pri_number_text(attr, value->number, /* flags= */ 0, buffer);
	return strdup(buffer);
}

static int check_format(char **error, const struct pr_value *value, uint32_t flags)
{
	if (value->size < PRI_SIZE_UP_TO(struct pr_value, text))
		return pri_set_error(error, -EINVAL,
				     "value->size is %u, not sizeof(struct pr_value)", value->size);
	if (flags & ~FORMATS)
		return pri_set_error(error, -EINVAL, "unknown flags 0x%x", flags & ~FORMATS);
	if (flags == FORMATS)
		return pri_set_error(
			error, -EINVAL,
			"PRALLOC_FORMAT_RAW and PRALLOC_FORMAT_SHORT exclude each other");
	return 0;
}

/* The text of a value that fits its attribute: its own, or in scratch.  NULL is -EINVAL. */
static const char *value_text(char **error, const struct pri_attr *attr,
			      const struct pr_value *value, uint32_t flags,
			      char scratch[PRALLOC_VALUE_TEXT_MAX])
{
	bool is_text = pri_attr_is_text(attr);
	const char *wrong = NULL;

	if (value->type != PRALLOC_TYPE_U64 && value->type != PRALLOC_TYPE_TEXT)
		wrong = "the value's type is neither PRALLOC_TYPE_U64 nor PRALLOC_TYPE_TEXT";
	else if (is_text && value->type == PRALLOC_TYPE_TEXT && value->text)
		return value->text;
	else if (is_text && value->number != PRALLOC_DEFAULT)
		wrong = "the value has no text and is not PRALLOC_DEFAULT";
	else if (!is_text && value->type == PRALLOC_TYPE_TEXT)
		wrong = "it is a number, but the value is a text";
	if (wrong) {
		pri_note_error(error, "%s: %s", attr->name, wrong);
		return NULL;
	}
	pri_number_text(attr, value->number, flags, scratch);
	return scratch;
}

static int value_format(char **error, const char *attribute, const struct pr_value *value,
			char *buffer, size_t size, uint32_t flags)
{
	const struct pri_attr *attr = NULL;
	char instance[PRI_NAME_MAX], scratch[PRALLOC_VALUE_TEXT_MAX];
	const char *text;
	size_t length;
	int r;

	if (!attribute || !value || !buffer)
		return pri_set_error(error, -EINVAL, "attribute, value or buffer is NULL");
	r = pri_attr_split(error, attribute, &attr, instance, sizeof(instance));
	if (r < 0)
		return r;
	r = check_format(error, value, flags);
	if (r < 0)
		return r;
	text = value_text(error, attr, value, flags, scratch);
	if (!text)
		return -EINVAL;
	length = strlen(text);
	if (length >= size)
		return pri_set_error(error, -ENOSPC,
				     "%s: the buffer has %zu bytes, the text needs %zu", attr->name,
				     size, length + 1);
	memmove(buffer, text, length + 1);
	return 0;
}

int pr_value_format(struct pr_ctx *ctx, const char *attribute, const struct pr_value *value,
		    char *buffer, size_t size, uint32_t flags)
{
	char *error = NULL;
	int r = value_format(&error, attribute, value, buffer, size, flags);

	if (ctx)
		return pri_move_error(ctx->errmsg, r, &error);
	free(error);
	return r;
}
