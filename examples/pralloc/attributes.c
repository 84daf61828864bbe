/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "names.h"
#include "table.h"
#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
	{"NAME", COLUMN_LEFT},
	{"UNIT", COLUMN_LEFT},
	{"RANGE", COLUMN_LEFT},
	{"KIND", COLUMN_LEFT},
	{"DEFAULT", COLUMN_LEFT},
	{"SUMMARY", COLUMN_WRAP},
	/* with -v */
	{"TARGET", COLUMN_LEFT},
	{"INSTANCE", COLUMN_LEFT},
	{"TYPE", COLUMN_LEFT},
	{"100 % IS", COLUMN_LEFT},
	{"PROPERTIES", COLUMN_WRAP},
};

#define PLAIN_COLUMNS 6
#define VERBOSE_COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const struct {
	uint32_t bit;
	const char *name;
} properties[] = {
	{PRALLOC_ATTR_WRITABLE, "writable"},
	{PRALLOC_ATTR_ASYNC, "asynchronous"},
	{PRALLOC_ATTR_INSTANCE_OPTIONAL, "instance_optional"},
	{PRALLOC_ATTR_UNLIMITED, "unlimited"},
	{PRALLOC_ATTR_ADDITIVE, "additive"},
};

#define PROPERTY_COUNT (sizeof(properties) / sizeof(properties[0]))

static char *number_text(struct app *app, const struct pr_attr_info *info, uint64_t number)
{
	const struct pr_value value = {sizeof(value), PRALLOC_TYPE_U64, number, NULL};

	return value_text(app, info->name, &value, /* flags= */ 0);
}

/* Exact, "2 to 262144"; "from 1" where only the size of a number bounds it. */
static char *range_text(struct app *app, const struct pr_attr_info *info)
{
	char *low, *high, *text;

	if (info->type == PRALLOC_TYPE_TEXT || info->kind == PRALLOC_KIND_READING)
		return copy_text("-");
	low = number_text(app, info, info->minimum);
	high = number_text(app, info, info->maximum);
	if (info->maximum >= (uint64_t)INT64_MAX)
		text = format_text("from %s", low);
	else
		text = format_text("%s to %s", low, high);
	free(low);
	free(high);
	return text;
}

static char *default_text(struct app *app, const struct pr_attr_info *info)
{
	if (info->default_value == PRALLOC_DEFAULT)
		return copy_text("-");
	return number_text(app, info, info->default_value);
}

static char *property_text(uint32_t bits)
{
	char *text = copy_text("");
	size_t i;

	for (i = 0; i < PROPERTY_COUNT; i++) {
		char *longer;

		if (!(bits & properties[i].bit))
			continue;
		longer = format_text("%s%s%s", text, *text ? "," : "", properties[i].name);
		free(text);
		text = longer;
	}
	return text;
}

static void add_line(struct app *app, struct table *table, const struct pr_attr_info *info)
{
	table_line(table);
	table_cell(table, info->name);
	table_cell(table, unit_name(info->unit));
	table_cell_take(table, range_text(app, info));
	table_cell(table, kind_name(info->kind));
	table_cell_take(table, default_text(app, info));
	table_cell(table, info->summary);
	if (!option_given(app, OPTION_VERBOSE))
		return;
	table_cell(table, attr_target_name(info->target));
	table_cell(table, instance_name(info->instance));
	table_cell(table, type_name(info->type));
	table_cell(table, info->percent_of ? info->percent_of : "-");
	table_cell_take(table, property_text(info->properties));
}

static struct json_object *attribute_json(const struct pr_attr_info *info)
{
	bool ranged = info->type == PRALLOC_TYPE_U64 && info->kind != PRALLOC_KIND_READING;
	struct json_object *object = need(json_object_new_object());
	size_t i;

	json_put(object, "attribute", json_text(info->name));
	json_put(object, "summary", json_text(info->summary));
	json_put(object, "resource", json_text(resource_name(info->resource)));
	json_put(object, "target", json_text(attr_target_name(info->target)));
	json_put(object, "unit", json_text(unit_name(info->unit)));
	json_put(object, "kind", json_text(kind_name(info->kind)));
	json_put(object, "type", json_text(type_name(info->type)));
	json_put(object, "instance", json_text(instance_name(info->instance)));
	json_put(object, "minimum", ranged ? json_number(info->minimum) : NULL);
	json_put(object, "maximum", ranged ? json_number(info->maximum) : NULL);
	json_put(object, "default", json_number(info->default_value));
	json_put(object, "percent_of", json_text_or_null(info->percent_of));
	for (i = 0; i < PROPERTY_COUNT; i++)
		json_put(
			object, properties[i].name,
			need(json_object_new_boolean((info->properties & properties[i].bit) != 0)));
	return object;
}

/* "cpu" stands for cpu.shares and its like, "io.guest" for io.guest.group. */
static bool matches(const char *name, const char *word)
{
	size_t length = strlen(word);

	return strncmp(name, word, length) == 0 && (!name[length] || name[length] == '.');
}

static bool is_wanted(const char *name, const char **words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (matches(name, words[i]))
			return true;
	return count == 0;
}

static int check_word(struct app *app, const char *word)
{
	struct pr_attr_info info = {.size = sizeof(info)};
	const char *name = NULL;
	int r;

	while ((name = pr_attr_next(name)))
		if (matches(name, word))
			return EXIT_DONE;
	r = pr_attr_info(app->ctx, word, &info);
	return fail(app, r < 0 ? r : -EINVAL, "%s", pr_ctx_errmsg(app->ctx));
}

int run_attributes(struct app *app, const char **words, size_t count)
{
	struct json_object *array = need(json_object_new_array());
	const char *name = NULL;
	int status = EXIT_DONE;
	struct table table;
	size_t i;

	for (i = 0; i < count && status == EXIT_DONE; i++)
		status = check_word(app, words[i]);
	table_begin(&table, app, columns,
		    option_given(app, OPTION_VERBOSE) ? VERBOSE_COLUMNS : PLAIN_COLUMNS);
	while (status == EXIT_DONE && (name = pr_attr_next(name))) {
		struct pr_attr_info info;

		if (!is_wanted(name, words, count))
			continue;
		attribute_info(name, &info);
		if (app->out)
			json_append(array, attribute_json(&info));
		else
			add_line(app, &table, &info);
	}
	if (app->out && status == EXIT_DONE)
		json_put(app->out, "attributes", json_object_get(array));
	json_object_put(array);
	table_end(&table);
	return status;
}
