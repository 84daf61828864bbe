/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "table.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum list_value {
	COUNT,
	MAXIMUM,
	SHARES,
	ACTUAL,
	BALLOON,
	MEMORY,
	SOFT,
	WEIGHT,
	NET_OUT,
	NET_IN,
	CPU_PRESSURE,
	MEM_PRESSURE,
	IO_PRESSURE,
	LIST_VALUES,
};

static const char *const attributes[LIST_VALUES] = {
	[COUNT] = "cpu.count",		 [MAXIMUM] = "cpu.maximum",
	[SHARES] = "cpu.shares",	 [ACTUAL] = "mem.actual",
	[BALLOON] = "mem.balloon",	 [MEMORY] = "mem.maximum",
	[SOFT] = "mem.soft_limit",	 [WEIGHT] = "io.weight",
	[NET_OUT] = "net.weight.out",	 [NET_IN] = "net.weight.in",
	[CPU_PRESSURE] = "cpu.pressure", [MEM_PRESSURE] = "mem.pressure",
	[IO_PRESSURE] = "io.pressure",
};

static const struct column columns[] = {
	{"NAME", COLUMN_LEFT},	 {"STATE", COLUMN_LEFT},      {"VCPU", COLUMN_LEFT},
	{"SHARES", COLUMN_LEFT}, {"MEMORY", COLUMN_LEFT},     {"SOFT", COLUMN_LEFT},
	{"I/O", COLUMN_LEFT},	 {"NET out/in", COLUMN_LEFT}, {"PRESSURE cpu mem io", COLUMN_LEFT},
};

struct list {
	struct app *app;
	struct table table;
	struct json_object *domains;
};

static char *cell(struct app *app, const struct entries *entries, enum list_value which)
{
	const struct entry *entry = &entries->items[which];

	/* Without an instance where there are several: no one value stands for them. */
	if (entry->error == -EINVAL)
		return copy_text("several");
	/* Neither what is not set nor the soft limit that protects nothing needs a word. */
	if (entry->value.number >= PRALLOC_DEFAULT)
		return copy_text("-");
	return value_short(app, entry->attribute, &entry->value);
}

/* "a SEPARATOR b", or "-" when neither is known. */
static char *pair(struct app *app, const struct entries *entries, enum list_value first,
		  const char *separator, enum list_value second)
{
	char *a = cell(app, entries, first), *b = cell(app, entries, second);
	bool none = strcmp(a, "-") == 0 && strcmp(b, "-") == 0;
	char *text = none ? copy_text("-") : format_text("%s%s%s", a, separator, b);

	free(a);
	free(b);
	return text;
}

static char *memory(struct app *app, const struct entries *entries)
{
	bool known = entries->items[ACTUAL].value.type != 0;
	char *text = pair(app, entries, known ? ACTUAL : BALLOON, " of ", MEMORY);
	char *target = cell(app, entries, BALLOON), *now = cell(app, entries, ACTUAL);
	char *moving = NULL;

	if (known && entries->items[BALLOON].value.type && strcmp(target, now) != 0)
		moving = format_text("%s (%s%s)", text, app->arrow, target);
	free(target);
	free(now);
	if (!moving)
		return text;
	free(text);
	return moving;
}

/* The unit, hundredths of a percent, to one digit behind the point. */
static char *pressure(const struct entries *entries)
{
	char *texts[3], *all;
	bool known = false;
	size_t i;

	for (i = 0; i < 3; i++) {
		const struct pr_value *value = &entries->items[CPU_PRESSURE + i].value;

		known = known || value->type;
		texts[i] = value->type ? format_text("%.1f", (double)value->number / 100)
				       : copy_text("-");
	}
	all = known ? format_text("%s %s %s", texts[0], texts[1], texts[2]) : copy_text("-");
	for (i = 0; i < 3; i++)
		free(texts[i]);
	return all;
}

static void add_line(struct list *list, const struct target *target, int state,
		     const struct entries *entries)
{
	struct app *app = list->app;
	struct table *table = &list->table;

	table_line(table);
	table_cell(table, target->name);
	table_cell_colour(table, state_name(state),
			  state == PRALLOC_DOMAIN_RUNNING ? COLOUR_GOOD : COLOUR_FAINT);
	table_cell_take(table, pair(app, entries, COUNT, "/", MAXIMUM));
	table_cell_take(table, cell(app, entries, SHARES));
	table_cell_take(table, memory(app, entries));
	table_cell_take(table, cell(app, entries, SOFT));
	table_cell_take(table, cell(app, entries, WEIGHT));
	table_cell_take(table, pair(app, entries, NET_OUT, "/", NET_IN));
	table_cell_take(table, pressure(entries));
}

static void add_json(struct list *list, const struct target *target, int state,
		     const struct entries *entries)
{
	struct json_object *object = target_json(target, state);

	json_put(object, "attributes", entries_json(list->app, target, entries));
	json_append(list->domains, object);
}

/* What a "-" says well enough: not served, not known, not running, or not there. */
static bool is_plain(int error)
{
	return error == 0 || error == -EOPNOTSUPP || error == -ENODATA || error == -ENOTCONN ||
	       error == -ENODEV || error == -EINVAL;
}

static int report_errors(struct app *app, const struct target *target,
			 const struct entries *entries)
{
	size_t i = 0;
	char *text;

	while (i < entries->count && is_plain(entries->items[i].error))
		i++;
	if (i == entries->count)
		return 0;
	text = entry_errmsg(app, target, &entries->items[i]);
	fail(app, entries->items[i].error, "%s", text);
	free(text);
	return entries->items[i].error;
}

static int list_domain(struct list *list, struct pr_domain *dom)
{
	struct target target = {dom, pr_domain_name(dom), PRALLOC_LIVE};
	struct entries entries = {0};
	int state = 0, r;
	size_t i;

	for (i = 0; i < LIST_VALUES; i++)
		entries_add(&entries, attributes[i], NULL);
	r = pr_domain_state(dom, &state, /* flags= */ 0);
	if (r == 0 && state == PRALLOC_DOMAIN_OFF)
		target.mode = PRALLOC_CONFIG;
	if (r == 0)
		r = entries_read(list->app, &target, &entries);
	if (r < 0 && r != -ENOENT && r != -ESTALE)
		fail(list->app, r, "%s", pr_domain_errmsg(dom));
	/* One that vanished since the list was made is not there: no line. */
	if (r == -ENOENT || r == -ESTALE)
		r = 0;
	else if (list->app->out)
		add_json(list, &target, state, &entries);
	else
		add_line(list, &target, state, &entries);
	if (r == 0)
		r = report_errors(list->app, &target, &entries);
	entries_clear(&entries);
	return r < 0 ? EXIT_REFUSED : EXIT_DONE;
}

int run_list(struct app *app, const char **words, size_t count)
{
	struct list list = {.app = app};
	struct pr_domain *dom = NULL;
	int status = EXIT_DONE, r;

	(void)words;
	(void)count;
	table_begin(&list.table, app, columns, sizeof(columns) / sizeof(columns[0]));
	list.domains = need(json_object_new_array());
	while ((r = pr_host_next(app->host, &dom, /* flags= */ 0)) > 0)
		if (list_domain(&list, dom) != EXIT_DONE)
			status = EXIT_REFUSED;
	if (r < 0)
		status = fail(app, r, "%s", pr_host_errmsg(app->host));
	if (app->out)
		json_put(app->out, "domains", json_object_get(list.domains));
	json_object_put(list.domains);
	table_end(&list.table);
	return status;
}
