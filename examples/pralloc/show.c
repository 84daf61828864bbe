/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "names.h"
#include "table.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>

static const struct column columns[] = {
	{"ATTRIBUTE", COLUMN_LEFT},
	{"VALUE", COLUMN_LEFT},
	{"KIND", COLUMN_LEFT},
	{"BACKEND", COLUMN_LEFT},
};

static const struct column reasons[] = {
	{"NOT READ", COLUMN_LEFT},
	{"WHY", COLUMN_WRAP},
};

static void add_all(struct app *app, struct entries *entries, const struct target *target)
{
	const char *name = NULL, *backend;
	struct pr_attr_info info;

	while ((name = pr_attr_next(name))) {
		attribute_info(name, &info);
		if ((info.target == PRALLOC_TARGET_HOST) != !target->domain)
			continue;
		if (pr_host_route(app->host, name, &backend, NULL) == 0 && backend)
			entries_expand(app, entries, target, name);
		else if (option_given(app, OPTION_VERBOSE))
			entries_add(entries, name, NULL);
	}
}

static void print_values(struct app *app, const struct entries *entries)
{
	struct table table;
	size_t i;

	table_begin(&table, app, columns, sizeof(columns) / sizeof(columns[0]));
	for (i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		struct pr_attr_info info;
		const char *backend = NULL;

		if (entry->error)
			continue;
		attribute_info(entry->attribute, &info);
		(void)pr_host_route(app->host, entry->attribute, &backend, NULL);
		table_line(&table);
		table_cell_take(&table, attribute_text(entry->attribute, entry->instance));
		table_cell_take(&table, value_short(app, entry->attribute, &entry->value));
		table_cell_colour(&table, kind_name(info.kind), COLOUR_FAINT);
		table_cell_colour(&table, backend, COLOUR_FAINT);
	}
	table_end(&table);
}

static void print_reasons(struct app *app, const struct target *target,
			  const struct entries *entries)
{
	struct table table;
	size_t i;

	table_begin(&table, app, reasons, sizeof(reasons) / sizeof(reasons[0]));
	for (i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		char *text;

		if (!entry->error)
			continue;
		text = entry_errmsg(app, target, entry);
		table_line(&table);
		table_cell_take(&table, attribute_text(entry->attribute, entry->instance));
		table_cell(&table,
			   reason_alone(text, entry->attribute, entry->instance, target->name));
		free(text);
	}
	if (table.line)
		puts("");
	table_end(&table);
}

static void print_head(const struct target *target, int state)
{
	if (!target->domain)
		return;
	printf("%s  %s  %s%s\n\n", target->name, state_name(state), pr_domain_uuid(target->domain),
	       target->mode == PRALLOC_CONFIG ? "  (persistent configuration)" : "");
}

static int show(struct app *app, struct target *target, struct entries *entries)
{
	int state = 0, r = 0;

	if (target->domain)
		r = pr_domain_state(target->domain, &state, /* flags= */ 0);
	if (state == PRALLOC_DOMAIN_OFF && !option_given(app, OPTION_LIVE))
		target->mode = PRALLOC_CONFIG;
	add_all(app, entries, target);
	if (r == 0)
		r = entries_read(app, target, entries);
	if (r < 0)
		return fail(app, r, "%s", target_errmsg(app, target));
	if (app->out) {
		struct json_object *object = target_json(target, state);

		json_put(object, "attributes", entries_json(app, target, entries));
		json_put(app->out, "domain", object);
		return EXIT_DONE;
	}
	print_head(target, state);
	print_values(app, entries);
	if (option_given(app, OPTION_VERBOSE))
		print_reasons(app, target, entries);
	return EXIT_DONE;
}

int run_show(struct app *app, const char **words, size_t count)
{
	struct entries entries = {0};
	struct target target;
	int status;

	(void)count;
	status = target_open(app, words[0], &target);
	if (status != EXIT_DONE)
		return status;
	status = show(app, &target, &entries);
	entries_clear(&entries);
	target_close(&target);
	return status;
}
