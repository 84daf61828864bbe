/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "table.h"
#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_LEFT},
};

/* What is reset: the words that were given, or everything. */
struct reset {
	struct app *app;
	struct target target;
	const char **words;
	size_t count;
	struct entries before, after;
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
static int add_words(struct reset *reset, struct entries *entries)
{
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name;

	for (size_t i = 0; i < reset->count; i++) {
		int r = pr_attr_lookup(reset->app->ctx, reset->words[i], &name, instance,
				       sizeof(instance));

		if (r < 0)
			return fail(reset->app, r, "%s", pr_ctx_errmsg(reset->app->ctx));
		if (*instance)
			entries_add(entries, name, instance);
		else
			entries_expand(reset->app, entries, &reset->target, name);
	}
	if (!reset->count)
		add_writable(reset->app, entries, &reset->target);
	return EXIT_DONE;
}

static int do_reset(struct reset *reset)
{
	struct app *app = reset->app;
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name;
	size_t i;
	int r = 0;

	if (!reset->count)
		r = pr_domain_reset(reset->target.domain, NULL, NULL, app->options.flags);
	for (i = 0; r == 0 && i < reset->count; i++) {
		r = pr_attr_lookup(app->ctx, reset->words[i], &name, instance, sizeof(instance));
		if (r == 0)
			r = pr_domain_reset(reset->target.domain, name, *instance ? instance : NULL,
					    app->options.flags);
	}
	if (r < 0)
		return fail(app, r, "%s", pr_domain_errmsg(reset->target.domain));
	app->changed = true;
	return EXIT_DONE;
}

static bool same_value(const struct pr_value *a, const struct pr_value *b)
{
	if (a->type != b->type || a->number != b->number || !a->text != !b->text)
		return false;
	return !a->text || strcmp(a->text, b->text) == 0;
}

/* Whether an entry is worth a line: asked for by name, or changed. */
static bool is_shown(const struct reset *reset, size_t i)
{
	const struct entry *before = &reset->before.items[i], *after = &reset->after.items[i];

	return reset->count || (!before->error && !same_value(&before->value, &after->value));
}

static void print_changes(struct reset *reset)
{
	struct app *app = reset->app;
	struct table table;
	size_t i;

	table_begin(&table, app, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < reset->before.count; i++) {
		const struct entry *entry = &reset->before.items[i];
		const char *backend = NULL;
		char *before, *after;

		if (!is_shown(reset, i))
			continue;
		before = value_short(app, entry->attribute, &entry->value);
		after = value_short(app, entry->attribute, &reset->after.items[i].value);
		(void)pr_host_route(app->host, entry->attribute, &backend, NULL);
		table_line(&table);
		table_cell(&table, reset->target.name);
		table_cell_take(&table, attribute_text(entry->attribute, entry->instance));
		table_cell_take(&table, format_text("%s %s %s", before, app->arrow, after));
		table_cell_colour(&table, backend ? backend : "", COLOUR_FAINT);
		free(before);
		free(after);
	}
	if (!table.line) {
		table_line(&table);
		table_cell(&table, reset->target.name);
		table_cell(&table, "was at its defaults already");
	}
	table_end(&table);
}

static void put_changes(struct reset *reset)
{
	struct json_object *changes = need(json_object_new_array());
	size_t i;

	for (i = 0; i < reset->before.count; i++) {
		const struct entry *entry = &reset->before.items[i];
		struct json_object *change;

		if (!is_shown(reset, i))
			continue;
		change = need(json_object_new_object());
		json_put(change, "name", json_text(reset->target.name));
		json_put(change, "attribute", json_text(entry->attribute));
		json_put(change, "instance", json_text(entry->instance ? entry->instance : ""));
		json_put(change, "before", json_value(reset->app, entry->attribute, &entry->value));
		json_put(change, "after",
			 json_value(reset->app, entry->attribute, &reset->after.items[i].value));
		json_append(changes, change);
	}
	json_put(reset->app->out, "changes", changes);
}

/* After a failure: what is different now, or that nothing is. */
static void hint_changes(struct reset *reset)
{
	struct app *app = reset->app;
	size_t i;

	for (i = 0; i < reset->before.count; i++) {
		const struct entry *was = &reset->before.items[i], *is = &reset->after.items[i];
		char *before, *after;

		if (was->error || is->error || same_value(&was->value, &is->value))
			continue;
		before = value_short(app, was->attribute, &was->value);
		after = value_short(app, was->attribute, &is->value);
		hint(app, "%s was changed from %s to %s", was->attribute, before, after);
		app->changed = true;
		free(before);
		free(after);
	}
	if (!app->changed)
		hint(app, "nothing was changed");
}

static int run_on(struct reset *reset)
{
	int status, r;

	if (add_words(reset, &reset->before) != EXIT_DONE ||
	    add_words(reset, &reset->after) != EXIT_DONE) {
		hint(reset->app, "nothing was changed");
		return EXIT_REFUSED;
	}
	r = entries_read(reset->app, &reset->target, &reset->before);
	if (r < 0)
		return fail(reset->app, r, "%s", pr_domain_errmsg(reset->target.domain));
	status = do_reset(reset);
	r = entries_read(reset->app, &reset->target, &reset->after);
	if (r < 0)
		return fail(reset->app, r, "%s", pr_domain_errmsg(reset->target.domain));
	if (reset->app->out)
		put_changes(reset);
	else if (status == EXIT_DONE)
		print_changes(reset);
	if (status != EXIT_DONE)
		hint_changes(reset);
	return status;
}

int run_reset(struct app *app, const char **words, size_t count)
{
	struct reset reset = {.app = app, .words = words + 1, .count = count - 1};
	int status;

	status = target_open(app, words[0], &reset.target);
	if (status != EXIT_DONE)
		return status;
	if (reset.target.domain)
		status = run_on(&reset);
	else
		status = fail(app, -EOPNOTSUPP,
			      "a host's attributes are reset one by one: "
			      "pralloc set @host ATTR=default");
	entries_clear(&reset.before);
	entries_clear(&reset.after);
	target_close(&reset.target);
	return status;
}
