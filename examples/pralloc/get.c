/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "table.h"
#include "values.h"

#include <errno.h>
#include <stdlib.h>

static const struct column columns[] = {
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
};

static int add_words(struct app *app, const struct target *target, const char **words, size_t count,
		     struct entries *entries)
{
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name;

	for (size_t i = 0; i < count; i++) {
		int r = pr_attr_lookup(app->ctx, words[i], &name, instance, sizeof(instance));

		if (r < 0)
			return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
		if (*instance)
			entries_add(entries, name, instance);
		else
			entries_expand(app, entries, target, name);
	}
	return EXIT_DONE;
}

static void print_values(struct app *app, const struct target *target,
			 const struct entries *entries)
{
	struct table table;
	size_t i;

	table_begin(&table, app, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		const char *backend = NULL;

		(void)pr_host_route(app->host, entry->attribute, &backend, NULL);
		table_line(&table);
		table_cell(&table, target->name);
		table_cell_take(&table, attribute_text(entry->attribute, entry->instance));
		table_cell_take(&table, value_short(app, entry->attribute, &entry->value));
		table_cell_colour(&table, backend ? backend : "", COLOUR_FAINT);
	}
	table_end(&table);
}

static int report_errors(struct app *app, const struct target *target,
			 const struct entries *entries)
{
	bool off = false;
	int status = EXIT_DONE;
	size_t i;

	for (i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		char *text;

		if (!entry->error)
			continue;
		text = entry_errmsg(app, target, entry);
		status = fail(app, entry->error, "%s", text);
		free(text);
		off = off || entry->error == -ENOTCONN;
	}
	if (off && target->mode != PRALLOC_CONFIG)
		hint(app, "--config reads the persistent configuration");
	return status;
}

static int get(struct app *app, const struct target *target, struct entries *entries)
{
	int r = entries_read(app, target, entries);

	if (r < 0)
		return fail(app, r, "%s", target_errmsg(app, target));
	if (app->out) {
		struct json_object *object = target_json(target, /* state= */ 0);

		json_put(object, "attributes", entries_json(app, target, entries));
		json_put(app->out, "domain", object);
	} else {
		print_values(app, target, entries);
	}
	return report_errors(app, target, entries);
}

int run_get(struct app *app, const char **words, size_t count)
{
	struct entries entries = {0};
	struct target target;
	int status;

	status = target_open(app, words[0], &target);
	if (status != EXIT_DONE)
		return status;
	status = add_words(app, &target, words + 1, count - 1, &entries);
	if (status == EXIT_DONE)
		status = get(app, &target, &entries);
	entries_clear(&entries);
	target_close(&target);
	return status;
}
