/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text to values, with exact decimal arithmetic. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/units.h"

/* Of a given text in an error text. */
#define QUOTED_MAX 48

/* A part of a text. */
struct span {
	const char *start;
	size_t length;
};

/* Digits, with a fraction of any length, and what follows them. */
struct decimal {
	pri_wide whole;
	bool too_large;
	struct span fraction, unit;
};

/* One number on its way from a text; quoted is the text as errors show it. */
struct reading {
	char **error;
	const struct pri_attr *attr;
	const struct pri_scale *scale;
	uint64_t maximum; /* what 100 % is */
	struct decimal decimal;
	char quoted[QUOTED_MAX + sizeof("...")];
};

/* The C library's functions of this kind follow the locale. */
static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\x7f';
}

static struct span trim(const char *text)
{
	struct span span = {text, 0};

	while (is_blank(*span.start))
		span.start++;
	span.length = strlen(span.start);
	while (span.length && is_blank(span.start[span.length - 1]))
		span.length--;
	return span;
}

/* exact_b: a 'B' of the name matches the capital alone. */
static bool matches(struct span span, const char *name, bool exact_b)
{
	size_t i;

	for (i = 0; i < span.length && name[i]; i++) {
		if (exact_b && name[i] == 'B' && span.start[i] != 'B')
			return false;
		if (lower(span.start[i]) != lower(name[i]))
			return false;
	}
	return i == span.length && name[i] == '\0';
}

/* One line of at most QUOTED_MAX bytes, whatever the text. */
static void quote(char quoted[QUOTED_MAX + sizeof("...")], struct span span)
{
	size_t length = span.length < QUOTED_MAX ? span.length : QUOTED_MAX;

	/* Not in the middle of a UTF-8 character. */
	while (length && length < span.length && (span.start[length] & 0xc0) == 0x80)
		length--;
	memcpy(quoted, span.start, length);
	for (size_t i = 0; i < length; i++)
		if (is_control(quoted[i]))
			quoted[i] = '?';
	snprintf(quoted + length, sizeof("..."), "%s", length < span.length ? "..." : "");
}

/* cap: larger ones are too large whatever the unit, and would overflow in the arithmetic. */
static bool take_decimal(struct span span, pri_wide cap, struct decimal *decimal)
{
	size_t i = 0;

	*decimal = (struct decimal){0};
	for (; i < span.length && is_digit(span.start[i]); i++) {
		decimal->whole = decimal->whole * 10 + (unsigned int)(span.start[i] - '0');
		if (decimal->whole > cap) {
			decimal->whole = cap;
			decimal->too_large = true;
		}
	}
	if (i == 0)
		return false;
	if (i < span.length && span.start[i] == '.') {
		size_t start = ++i;

		while (i < span.length && is_digit(span.start[i]))
			i++;
		if (i == start)
			return false;
		decimal->fraction = (struct span){span.start + start, i - start};
	}
	decimal->unit = (struct span){span.start + i, span.length - i};
	return true;
}

/*
 * The whole part of decimal * factor; returns whether there is no other.  The fraction is
 * multiplied as on paper, last digit first, so it may be of any length: 1 byte is a number of
 * PiB with 50 digits.
 */
static bool multiply(const struct decimal *decimal, uint64_t factor, pri_wide *ret_whole)
{
	pri_wide carry = 0;
	bool exact = true;

	for (size_t i = decimal->fraction.length; i > 0; i--) {
		carry += (pri_wide)factor * (unsigned int)(decimal->fraction.start[i - 1] - '0');
		if (carry % 10 != 0)
			exact = false;
		carry /= 10;
	}
	*ret_whole = decimal->whole * factor + carry;
	return exact;
}

static uint64_t find_unit(const struct pri_scale *scale, struct span unit, bool exact_b)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(scale->accepted); i++)
		for (const struct pri_unit *row = scale->accepted[i]; row && row->name; row++)
			if (matches(unit, row->name, exact_b))
				return row->factor;
	return 0;
}

static struct span without_per_second(const struct pri_scale *scale, struct span unit)
{
	struct span tail = {NULL, 2};

	if (!scale->per_second || unit.length < tail.length)
		return unit;
	tail.start = unit.start + unit.length - tail.length;
	if (matches(tail, "/s", /* exact_b= */ false))
		unit.length -= tail.length;
	return unit;
}

static int not_of_this_kind(struct reading *reading, const char *hint)
{
	const char *unlimited = pri_attr_is(reading->attr, PRALLOC_ATTR_UNLIMITED) ? ", unlimited"
										   : "";

	return pri_set_error(reading->error, -EINVAL, "\"%s\" is not %s%s (such as %s%s, default)",
			     reading->quoted, reading->scale->noun, hint, reading->scale->examples,
			     unlimited);
}

static int unknown_unit(struct reading *reading, struct span unit)
{
	if (find_unit(reading->scale, unit, /* exact_b= */ false))
		return not_of_this_kind(reading, ": a byte is a capital B");
	return not_of_this_kind(reading, "");
}

static int too_large(struct reading *reading)
{
	char range[PRI_RANGE_TEXT_MAX];

	pri_range_text(reading->attr, range);
	return pri_set_error(reading->error, -ERANGE, "%s is out of range (%s)", reading->quoted,
			     range);
}

/* A part of a maximum goes to the nearest whole number: few sizes have an exact third. */
static int percent_of_maximum(struct reading *reading, uint64_t *ret_number)
{
	pri_wide hundredfold, number;

	if (reading->maximum == 0 || reading->maximum > PRI_NUMBER_MAX)
		return pri_set_error(reading->error, -EINVAL,
				     "%s of what? There is no maximum here; give %s (such as %s)",
				     reading->quoted, reading->scale->noun,
				     reading->scale->examples);
	if (reading->decimal.too_large || reading->decimal.whole > UINT64_MAX)
		return too_large(reading);
	multiply(&reading->decimal, reading->maximum, &hundredfold);
	number = (hundredfold + 50) / 100;
	if (number > PRI_NUMBER_MAX)
		return too_large(reading);
	*ret_number = (uint64_t)number;
	return 0;
}

static int units_of(struct reading *reading, uint64_t *ret_number)
{
	const struct pri_scale *scale = reading->scale;
	struct span unit = without_per_second(scale, reading->decimal.unit);
	uint64_t factor = scale->base_factor;
	pri_wide amount;
	bool exact;

	if (unit.length)
		factor = find_unit(scale, unit, /* exact_b= */ true);
	if (!factor && matches(reading->decimal.unit, "%", /* exact_b= */ true))
		return percent_of_maximum(reading, ret_number);
	if (!factor)
		return unknown_unit(reading, unit);
	if (reading->decimal.too_large)
		return too_large(reading);
	exact = multiply(&reading->decimal, factor, &amount);
	if (amount / scale->base_factor > PRI_NUMBER_MAX)
		return too_large(reading);
	if (!exact || amount % scale->base_factor != 0)
		return pri_set_error(reading->error, -EINVAL, "%s is no whole number of %s",
				     reading->quoted, scale->base);
	*ret_number = (uint64_t)(amount / scale->base_factor);
	return 0;
}

static int parse_number(char **error, const struct pri_attr *attr, struct span given,
			uint64_t maximum, uint64_t *ret_number)
{
	struct reading reading = {.error = error, .attr = attr, .maximum = maximum};
	uint64_t number = PRALLOC_UNLIMITED;
	int r;

	quote(reading.quoted, given);
	reading.scale = pri_scale_of(attr);
	if (matches(given, "default", /* exact_b= */ false)) {
		*ret_number = PRALLOC_DEFAULT;
		return 0;
	}
	if (!matches(given, "unlimited", /* exact_b= */ false) &&
	    !matches(given, "max", /* exact_b= */ false)) {
		if (!take_decimal(given, (pri_wide)UINT64_MAX * reading.scale->base_factor,
				  &reading.decimal))
			return not_of_this_kind(&reading, "");
		r = units_of(&reading, &number);
		if (r < 0)
			return r;
	}
	r = pri_number_check(error, attr, number, reading.quoted);
	if (r == 0)
		*ret_number = number;
	return r;
}

static int parse_cpulist(char **error, struct span given, char **ret_text)
{
	char quoted[QUOTED_MAX + sizeof("...")];
	unsigned int highest;
	int r = pri_cpulist_canonical(given.start, ret_text, &highest);

	if (r == 0 || r == -ENOMEM)
		return r;
	quote(quoted, given);
	if (r == -ERANGE)
		return pri_set_error(error, r, "\"%s\" has a CPU above 8191", quoted);
	if (strchr(given.start, '^'))
		return pri_set_error(error, r,
				     "\"%s\" excludes CPUs with ^; list those that are wanted "
				     "(such as 0,2-3)",
				     quoted);
	return pri_set_error(error, r, "\"%s\" is not a CPU list (such as 0,2-3, default)", quoted);
}

static int parse_name(char **error, struct span given, char **ret_text)
{
	char quoted[QUOTED_MAX + sizeof("...")];
	char *text;

	if (given.length == 0)
		return pri_set_error(error, -EINVAL, "\"\" is not a name (use default for none)");
	quote(quoted, given);
	if (given.length >= PRI_NAME_MAX)
		return pri_set_error(error, -ERANGE,
				     "\"%s\" is a name of %zu bytes, which is too long (1 to %d)",
				     quoted, given.length, PRI_NAME_MAX - 1);
	for (size_t i = 0; i < given.length; i++)
		if (is_control(given.start[i]))
			return pri_set_error(error, -EINVAL,
					     "\"%s\" is not a name: character %zu is a control "
					     "character",
					     quoted, i + 1);
	text = strndup(given.start, given.length);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

int pri_value_parse(char **error, const struct pri_attr *attr, const char *text, uint64_t maximum,
		    struct pri_value *ret_value)
{
	struct pri_value value = {PRALLOC_DEFAULT, NULL};
	struct span given = trim(text);
	int r = 0;

	if (!pri_attr_is_text(attr)) {
		r = parse_number(error, attr, given, maximum, &value.number);
	} else if (!matches(given, "default", /* exact_b= */ false)) {
		value.number = 0;
		r = attr->unit == PRALLOC_UNIT_CPULIST ? parse_cpulist(error, given, &value.text)
						       : parse_name(error, given, &value.text);
	}
	if (r == 0)
		*ret_value = value;
	return r;
}
