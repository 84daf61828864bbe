/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "values.h"

#include <stdlib.h>
#include <string.h>

char *value_text(struct app *app, const char *attribute, const struct pr_value *value,
		 uint32_t flags)
{
	struct pr_value sized = *value;
	char buffer[PRALLOC_VALUE_TEXT_MAX];

	sized.size = sizeof(sized);
	if (!value->type)
		return copy_text("-");
	if (value->type == PRALLOC_TYPE_TEXT)
		return copy_text(value->text ? value->text : "default");
	if (pr_value_format(app->ctx, attribute, &sized, buffer, sizeof(buffer), flags) < 0)
		return format_text("%llu", (unsigned long long)value->number);
	return copy_text(buffer);
}

char *value_short(struct app *app, const char *attribute, const struct pr_value *value)
{
	/* The library's short form of it is "-", which stands for no value here. */
	if (value->type == PRALLOC_TYPE_U64 && value->number == PRALLOC_DEFAULT)
		return copy_text("default");
	return value_text(app, attribute, value, PRALLOC_FORMAT_SHORT);
}

bool value_same(const struct pr_value *a, const struct pr_value *b)
{
	if (a->type != b->type || a->number != b->number || !a->text != !b->text)
		return false;
	return !a->text || strcmp(a->text, b->text) == 0;
}

char *attribute_text(const char *attribute, const char *instance)
{
	if (!instance || !*instance)
		return copy_text(attribute);
	return format_text("%s[%s]", attribute, instance);
}

const char *reason_alone(const char *text, const char *attribute, const char *instance,
			 const char *target)
{
	char *name = attribute_text(attribute, instance);
	char *prefix = format_text("%s of %s: ", name, target);
	size_t length = strlen(prefix);

	if (strncmp(text, prefix, length) == 0)
		text += length;
	free(prefix);
	free(name);
	return text;
}

void attribute_info(const char *attribute, struct pr_attr_info *info)
{
	*info = (struct pr_attr_info){.size = sizeof(*info)};
	/* Names come from the library's own table here, so that this does not fail. */
	(void)pr_attr_info(NULL, attribute, info);
}
