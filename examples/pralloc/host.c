/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "table.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>

static const struct column fact_columns[] = {
	{NULL, COLUMN_LEFT},
	{NULL, COLUMN_WRAP},
};

static const struct column route_columns[] = {
	{"ATTRIBUTE", COLUMN_LEFT},
	{"BACKEND", COLUMN_LEFT},
	{"WHY NOT", COLUMN_WRAP},
};

static void fact(struct table *table, const char *name, char *value)
{
	table_line(table);
	table_cell(table, name);
	table_cell_take(table, value);
}

static char *bytes(struct app *app, uint64_t number)
{
	const struct pr_value value = {sizeof(value), PRALLOC_TYPE_U64, number, NULL};

	if (number == PRALLOC_DEFAULT)
		return copy_text("not known");
	return value_short(app, "mem.total", &value);
}

static void print_facts(struct app *app, const struct pr_host_info *info)
{
	struct table table;

	table_begin(&table, app, fact_columns, sizeof(fact_columns) / sizeof(fact_columns[0]));
	fact(&table, "host", copy_text(info->uri));
	fact(&table, "backend", copy_text(info->backend));
	fact(&table, "CPUs", format_text("%u", info->cpus));
	fact(&table, "memory", bytes(app, info->memory_bytes));
	fact(&table, "free", bytes(app, info->free_bytes));
	fact(&table, "committed", bytes(app, info->committed_bytes));
	fact(&table, "domains", format_text("%u, %u running", info->domains, info->running));
	fact(&table, "cgroup",
	     info->cgroup_version ? format_text("v%d", info->cgroup_version)
				  : copy_text("not known"));
	table_end(&table);
}

static void print_routes(struct app *app)
{
	const char *name = NULL, *backend, *reason;
	struct table table;

	table_begin(&table, app, route_columns, sizeof(route_columns) / sizeof(route_columns[0]));
	while ((name = pr_attr_next(name))) {
		backend = reason = NULL;
		(void)pr_host_route(app->host, name, &backend, &reason);
		table_line(&table);
		table_cell(&table, name);
		table_cell_colour(&table, backend ? backend : "-",
				  backend ? COLOUR_GOOD : COLOUR_FAINT);
		table_cell(&table, reason ? reason : "");
	}
	table_end(&table);
}

static struct json_object *routes_json(struct app *app)
{
	struct json_object *object = need(json_object_new_object());
	const char *name = NULL, *backend, *reason;

	while ((name = pr_attr_next(name))) {
		struct json_object *route = need(json_object_new_object());

		backend = reason = NULL;
		(void)pr_host_route(app->host, name, &backend, &reason);
		json_put(route, "backend", json_text_or_null(backend));
		json_put(route, "reason", json_text_or_null(reason));
		json_put(object, name, route);
	}
	return object;
}

static void put_facts(struct app *app, const struct pr_host_info *info)
{
	bool free_known = info->free_bytes != PRALLOC_DEFAULT;

	json_put(app->out, "uri", json_text(info->uri));
	json_put(app->out, "backend", json_text(info->backend));
	json_put(app->out, "cpus", json_number(info->cpus));
	json_put(app->out, "memory_bytes", json_number(info->memory_bytes));
	json_put(app->out, "free_bytes", free_known ? json_number(info->free_bytes) : NULL);
	json_put(app->out, "committed_bytes", json_number(info->committed_bytes));
	json_put(app->out, "domains", json_number(info->domains));
	json_put(app->out, "running", json_number(info->running));
	json_put(app->out, "cgroup_version",
		 info->cgroup_version ? json_number((uint64_t)info->cgroup_version) : NULL);
	json_put(app->out, "attributes", routes_json(app));
}

int run_host(struct app *app, const char **words, size_t count)
{
	struct pr_host_info info = {.size = sizeof(info)};
	int r;

	(void)words;
	(void)count;
	r = pr_host_info(app->host, &info, /* flags= */ 0);
	if (r < 0)
		return fail(app, r, "%s", pr_host_errmsg(app->host));
	if (app->out) {
		put_facts(app, &info);
		return EXIT_DONE;
	}
	print_facts(app, &info);
	puts("");
	print_routes(app);
	return EXIT_DONE;
}
