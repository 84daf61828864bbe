/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "changes.h"
#include "json.h"
#include "table.h"

#include <stdlib.h>

static const struct column columns[] = {
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
};

static void add_writable(struct app *app, struct entries *entries, const struct target *target)
{
	const char *name = NULL, *backend;
	struct pr_attr_info info;

	while ((name = pr_attr_next(name))) {
		attribute_info(name, &info);
		if (info.target != PRALLOC_TARGET_DOMAIN ||
		    !(info.properties & PRALLOC_ATTR_WRITABLE))
			continue;
		if (pr_host_route(app->host, name, &backend, NULL) == 0 && backend)
			entries_expand(app, entries, target, name);
	}
}

/* All words are looked at before the first is acted on, so that a slip changes nothing. */
static int add_words(struct changes *changes, struct entries *entries)
{
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name;

	for (size_t i = 0; i < changes->count; i++) {
		int r = pr_attr_lookup(changes->app->ctx, changes->words[i], &name, instance,
				       sizeof(instance));

		if (r < 0)
			return fail(changes->app, r, "%s", pr_ctx_errmsg(changes->app->ctx));
		if (*instance)
			entries_add(entries, name, instance);
		else
			entries_expand(changes->app, entries, &changes->target, name);
	}
	if (!changes->count)
		add_writable(changes->app, entries, &changes->target);
	return EXIT_DONE;
}

/* Whether an entry is worth a line: asked for by name, or changed. */
static bool is_shown(const struct changes *changes, size_t i)
{
	const struct entry *before = &changes->before.items[i], *after = &changes->after.items[i];

	return changes->count || (!before->error && !value_same(&before->value, &after->value));
}

static void print_changes(struct changes *changes)
{
	struct app *app = changes->app;
	struct table table;
	size_t i;

	table_begin(&table, app, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < changes->before.count; i++) {
		const struct entry *entry = &changes->before.items[i];
		const char *backend = NULL;
		char *before, *after;

		if (!is_shown(changes, i))
			continue;
		before = value_short(app, entry->attribute, &entry->value);
		after = value_short(app, entry->attribute, &changes->after.items[i].value);
		(void)pr_host_route(app->host, entry->attribute, &backend, NULL);
		table_line(&table);
		table_cell(&table, changes->target.name);
		table_cell_take(&table, attribute_text(entry->attribute, entry->instance));
		table_cell_take(&table, format_text("%s %s %s", before, app->arrow, after));
		table_cell_colour(&table, backend ? backend : "", COLOUR_FAINT);
		free(before);
		free(after);
	}
	if (!table.line) {
		table_line(&table);
		table_cell(&table, changes->target.name);
		table_cell(&table, changes->none);
	}
	table_end(&table);
}

/* One array for all domains. */
static struct json_object *list_of(struct app *app)
{
	struct json_object *array;

	if (json_object_object_get_ex(app->out, "changes", &array))
		return array;
	array = need(json_object_new_array());
	json_put(app->out, "changes", array);
	return array;
}

static void put_changes(struct changes *changes)
{
	struct json_object *array = list_of(changes->app);
	size_t i;

	for (i = 0; i < changes->before.count; i++) {
		const struct entry *entry = &changes->before.items[i];
		struct json_object *change;

		if (!is_shown(changes, i))
			continue;
		change = need(json_object_new_object());
		json_put(change, "name", json_text(changes->target.name));
		json_put(change, "attribute", json_text(entry->attribute));
		json_put(change, "instance", json_text(entry->instance ? entry->instance : ""));
		json_put(change, "before",
			 json_value(changes->app, entry->attribute, &entry->value));
		json_put(
			change, "after",
			json_value(changes->app, entry->attribute, &changes->after.items[i].value));
		json_append(array, change);
	}
}

/* After a failure: what is different now, or that nothing is. */
static void hint_changes(struct changes *changes)
{
	struct app *app = changes->app;
	bool unknown = false;
	size_t i;

	for (i = 0; i < changes->before.count; i++) {
		const struct entry *was = &changes->before.items[i], *is = &changes->after.items[i];
		char *before, *after;

		unknown = unknown || (is->error && !was->error);
		if (was->error || is->error || value_same(&was->value, &is->value))
			continue;
		before = value_short(app, was->attribute, &was->value);
		after = value_short(app, was->attribute, &is->value);
		hint(app, "%s was changed from %s to %s", was->attribute, before, after);
		app->changed = true;
		free(before);
		free(after);
	}
	if (!app->changed && !unknown)
		hint(app, "nothing was changed");
}

static int act_and_show(struct changes *changes)
{
	int status, r;

	if (add_words(changes, &changes->before) != EXIT_DONE ||
	    add_words(changes, &changes->after) != EXIT_DONE) {
		hint(changes->app, "nothing was changed");
		return EXIT_REFUSED;
	}
	r = entries_read(changes->app, &changes->target, &changes->before);
	if (r < 0)
		return fail(changes->app, r, "%s", pr_domain_errmsg(changes->target.domain));
	status = changes->act(changes);
	r = entries_read(changes->app, &changes->target, &changes->after);
	if (r < 0)
		return fail(changes->app, r, "%s", pr_domain_errmsg(changes->target.domain));
	if (changes->app->out)
		put_changes(changes);
	else if (status == EXIT_DONE)
		print_changes(changes);
	if (status != EXIT_DONE)
		hint_changes(changes);
	return status;
}

int changes_run(struct changes *changes)
{
	int status = act_and_show(changes);

	entries_clear(&changes->before);
	entries_clear(&changes->after);
	return status;
}
