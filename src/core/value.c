/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values: range, copies, comparison, and the public call that makes one from a text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "core/units.h"
#include "util/growing.h"

/* A longer bound than that of a quota in microseconds helps nobody. */
#define BOUND_MAX 16

/* A bound of a range: exact where that is short. */
static void bound_text(const struct pri_attr *attr, uint64_t bound,
		       char buffer[PRALLOC_VALUE_TEXT_MAX])
{
	if (bound < 1000 || pri_number_text(attr, bound, /* flags= */ 0, buffer) > BOUND_MAX)
		pri_number_text(attr, bound, PRALLOC_FORMAT_SHORT, buffer);
}

void pri_range_text(const struct pri_attr *attr, char buffer[PRI_RANGE_TEXT_MAX])
{
	char min[PRALLOC_VALUE_TEXT_MAX], max[PRALLOC_VALUE_TEXT_MAX];

	bound_text(attr, attr->min, min);
	bound_text(attr, attr->max, max);
	snprintf(buffer, PRI_RANGE_TEXT_MAX, "%s to %s", min, max);
}

static int refuse_unlimited(char **error, const struct pri_attr *attr, const char *given)
{
	char range[PRI_RANGE_TEXT_MAX];
	const char *why = "";

	if (attr->unit == PRALLOC_UNIT_SHARES || attr->unit == PRALLOC_UNIT_WEIGHT)
		why = ": a weight counts in relation to the others'";
	else if (attr->kind == PRALLOC_KIND_SOFT)
		why = ": a guarantee is an amount";
	pri_range_text(attr, range);
	return pri_set_error(error, -ERANGE, "%s is not allowed%s (%s)", given, why, range);
}

int pri_number_check(char **error, const struct pri_attr *attr, uint64_t number, const char *given)
{
	char range[PRI_RANGE_TEXT_MAX];
	bool can_be_unlimited = pri_attr_is(attr, PRALLOC_ATTR_UNLIMITED);

	if (number == PRALLOC_DEFAULT)
		return 0;
	if (number == PRALLOC_UNLIMITED)
		return can_be_unlimited ? 0 : refuse_unlimited(error, attr, given);
	if (number >= attr->min && number <= attr->max)
		return 0;
	pri_range_text(attr, range);
	if (number == 0 && can_be_unlimited)
		return pri_set_error(error, -EINVAL,
				     "%s is no limit; use unlimited for none (or %s)", given,
				     range);
	return pri_set_error(error, -ERANGE, "%s is out of range (%s)", given, range);
}

int pri_value_check(char **error, const struct pri_attr *attr, uint64_t number)
{
	if (!pri_attr_is_text(attr)) {
		char given[PRALLOC_VALUE_TEXT_MAX];

		/* Most numbers are in range, and need no text. */
		if (number >= attr->min && number <= attr->max)
			return 0;
		pri_number_text(attr, number, /* flags= */ 0, given);
		return pri_number_check(error, attr, number, given);
	}
	if (number == PRALLOC_DEFAULT)
		return 0;
	return pri_set_error(error, -EINVAL, "it is %s, not a number",
			     attr->unit == PRALLOC_UNIT_CPULIST ? "a CPU list (0,2-3)" : "a name");
}

void pri_value_clear(struct pri_value *value)
{
	pri_free_if_any(value->text);
	*value = (struct pri_value){0, NULL};
}

int pri_value_set_text(struct pri_value *value, const char *text)
{
	char *copy = NULL;

	if (text) {
		copy = strdup(text);
		if (!copy)
			return -ENOMEM;
		value->number = 0;
	}
	free(value->text);
	value->text = copy;
	return 0;
}

int pri_value_copy(struct pri_value *to, const struct pri_value *from)
{
	int r;

	if (to == from)
		return 0;
	r = pri_value_set_text(to, from->text);
	if (r < 0)
		return r;
	to->number = from->number;
	return 0;
}

static bool same_cpus(const char *a, const char *b)
{
	pri_autofree char *cpus_a = NULL, *cpus_b = NULL;
	unsigned int highest;

	if (pri_cpulist_canonical(a, &cpus_a, &highest) < 0 ||
	    pri_cpulist_canonical(b, &cpus_b, &highest) < 0)
		return false;
	return strcmp(cpus_a, cpus_b) == 0;
}

bool pri_value_equal(const struct pri_attr *attr, const struct pri_value *a,
		     const struct pri_value *b)
{
	if (!pri_attr_is_text(attr))
		return a->number == b->number;
	if (!a->text || !b->text)
		return !a->text && !b->text;
	if (strcmp(a->text, b->text) == 0)
		return true;
	return attr->unit == PRALLOC_UNIT_CPULIST && same_cpus(a->text, b->text);
}

static int hand_out(char **error, const struct pri_attr *attr, const struct pri_value *value,
		    struct pr_value *ret_value, char *buffer, size_t size)
{
	size_t length = value->text ? strlen(value->text) : 0;

	if (!buffer)
		size = 0;
	if (value->text && length >= size)
		return pri_set_error(error, -ENOSPC, "the buffer has %zu bytes, the text needs %zu",
				     size, length + 1);
	if (value->text)
		memcpy(buffer, value->text, length + 1);
	ret_value->type = pri_attr_is_text(attr) ? PRALLOC_TYPE_TEXT : PRALLOC_TYPE_U64;
	ret_value->number = value->number;
	ret_value->text = value->text ? buffer : NULL;
	return 0;
}

static int check_arguments(char **error, const char *attribute, const char *text,
			   const struct pr_value *ret_value)
{
	if (!attribute || !text || !ret_value)
		return pri_set_error(error, -EINVAL, "attribute, text or ret_value is NULL");
	if (ret_value->size < PRI_SIZE_UP_TO(struct pr_value, text))
		return pri_set_error(error, -EINVAL,
				     "ret_value->size is %u, not sizeof(struct pr_value)",
				     ret_value->size);
	return 0;
}

/* The cause goes behind the attribute's name. */
static int value_failed(char **error, const struct pri_attr *attr, int code)
{
	pri_autofree char *cause = pri_steal(*error);

	return pri_set_error(error, code, "%s: %s", attr->name, cause ? cause : pri_strerror(code));
}

static int value_parse(char **error, const char *attribute, const char *text, uint64_t maximum,
		       struct pr_value *ret_value, char *buffer, size_t size)
{
	const struct pri_attr *attr = NULL;
	struct pri_value value = {0, NULL};
	char instance[PRI_NAME_MAX];
	int r;

	r = check_arguments(error, attribute, text, ret_value);
	if (r < 0)
		return r;
	r = pri_attr_split(error, attribute, &attr, instance, sizeof(instance));
	if (r < 0)
		return r;
	r = pri_value_parse(error, attr, text, maximum, &value);
	if (r == 0)
		r = hand_out(error, attr, &value, ret_value, buffer, size);
	pri_value_clear(&value);
	return r < 0 ? value_failed(error, attr, r) : 0;
}

int pr_value_parse(struct pr_ctx *ctx, const char *attribute, const char *text, uint64_t maximum,
		   struct pr_value *ret_value, char *buffer, size_t size)
{
	char *error = NULL;
	int r = value_parse(&error, attribute, text, maximum, ret_value, buffer, size);

	if (ctx)
		return pri_move_error(ctx->errmsg, r, &error);
	free(error);
	return r;
}
