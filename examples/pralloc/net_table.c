/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
	{"LINK/VM", COLUMN_LEFT},	   {"WEIGHT out/in", COLUMN_LEFT},
	{"GUARANTEE out/in", COLUMN_LEFT}, {"CEILING out/in", COLUMN_LEFT},
	{"NOW out/in", COLUMN_LEFT},	   {"DROPS out/in", COLUMN_LEFT},
};

/* One print: where lines go, and what they are from. */
struct print {
	struct app *app;
	struct table table;
	const struct net_snapshot *before, *now;
};

/* Neither what is not set nor no limit needs a word. */
static char *cell(struct app *app, const char *attribute, const struct pr_value *value)
{
	if (!value || !value->type || value->number >= PRALLOC_DEFAULT)
		return copy_text("-");
	return value_short(app, attribute, value);
}

/* Takes both over. */
static void add_pair(struct print *print, char *out, char *in)
{
	bool none = strcmp(out, "-") == 0 && strcmp(in, "-") == 0;

	table_cell_take(&print->table, none ? copy_text("-") : format_text("%s/%s", out, in));
	free(out);
	free(in);
}

static char *link_cell(struct print *print, const struct net_domain *domain, const char *link,
		       enum net_figure figure, enum net_direction direction)
{
	const char *attribute = net_attributes[figure][direction];

	return cell(print->app, attribute,
		    link ? net_value(domain, figure, direction, link) : NULL);
}

/* Interfaces are not told to be on this link or that. */
static bool is_on_several(const struct net_domain *domain)
{
	return net_instance(domain, NET_WEIGHT, 1) && net_instance(domain, NET_BYTES, 1);
}

/* One ceiling for each interface: shown when there is one or all are the same. */
static char *ceiling_cell(struct print *print, const struct net_domain *domain,
			  enum net_direction direction)
{
	const char *attribute = net_attributes[NET_CEILING][direction];
	const char *name = net_instance(domain, NET_CEILING, 0);
	char *first, *next;
	bool same = true;

	if (!name)
		return copy_text("-");
	first = cell(print->app, attribute, net_value(domain, NET_CEILING, direction, name));
	for (size_t i = 1; same && (name = net_instance(domain, NET_CEILING, i)); i++) {
		next = cell(print->app, attribute, net_value(domain, NET_CEILING, direction, name));
		same = strcmp(first, next) == 0;
		free(next);
	}
	if (same)
		return first;
	free(first);
	return copy_text("several");
}

static char *rate_cell(struct print *print, const struct net_domain *domain,
		       enum net_direction direction)
{
	struct pr_value rate = net_achieved(print->before, domain, direction, NULL);

	if (is_on_several(domain))
		return copy_text("several");
	return cell(print->app, net_attributes[NET_CEILING][direction], &rate);
}

static char *drops_cell(const struct net_domain *domain, enum net_direction direction)
{
	uint64_t sum = 0;
	const char *name;

	for (size_t i = 0; (name = net_instance(domain, NET_DROPS, i)); i++) {
		const struct pr_value *drops = net_value(domain, NET_DROPS, direction, name);

		if (!drops)
			return copy_text("-");
		sum += drops->number;
	}
	return format_text("%llu", (unsigned long long)sum);
}

static void add_domain(struct print *print, const struct net_domain *domain, const char *link)
{
	static const enum net_figure of_link[] = {NET_WEIGHT, NET_GUARANTEE};

	table_line(&print->table);
	table_cell_take(&print->table, format_text("  %s", domain->name));
	for (size_t i = 0; i < sizeof(of_link) / sizeof(of_link[0]); i++)
		add_pair(print, link_cell(print, domain, link, of_link[i], NET_OUT),
			 link_cell(print, domain, link, of_link[i], NET_IN));
	add_pair(print, ceiling_cell(print, domain, NET_OUT), ceiling_cell(print, domain, NET_IN));
	add_pair(print, rate_cell(print, domain, NET_OUT), rate_cell(print, domain, NET_IN));
	add_pair(print, drops_cell(domain, NET_OUT), drops_cell(domain, NET_IN));
}

static char *host_cell(struct print *print, const char *attribute, const char *link)
{
	struct pr_value value = {sizeof(value), PRALLOC_TYPE_U64, 0, NULL};

	if (pr_host_get_u64(print->app->host, attribute, link, &value.number, /* flags= */ 0) < 0)
		return copy_text("-");
	return cell(print->app, attribute, &value);
}

/* Everything that passes on a link, where it is known of each domain on it. */
static char *sum_cell(struct print *print, const char *link, enum net_direction direction)
{
	struct pr_value sum = {sizeof(sum), PRALLOC_TYPE_U64, 0, NULL};

	for (size_t i = 0; i < print->now->count; i++) {
		const struct net_domain *domain = &print->now->domains[i];
		struct pr_value rate = net_achieved(print->before, domain, direction, NULL);

		if (!net_value(domain, NET_WEIGHT, NET_OUT, link))
			continue;
		if (!rate.type || is_on_several(domain))
			return copy_text("-");
		sum.number += rate.number;
	}
	return cell(print->app, net_attributes[NET_CEILING][direction], &sum);
}

static void add_link(struct print *print, const char *link)
{
	table_line(&print->table);
	table_cell_colour(&print->table, link, COLOUR_STRONG);
	table_cell(&print->table, "");
	table_cell_take(&print->table, host_cell(print, "net.committed", link));
	add_pair(print, host_cell(print, "net.link.out", link),
		 host_cell(print, "net.link.in", link));
	add_pair(print, sum_cell(print, link, NET_OUT), sum_cell(print, link, NET_IN));
	table_cell(&print->table, "");
}

void net_print(struct app *app, const struct net_snapshot *before, const struct net_snapshot *now)
{
	struct print print = {.app = app, .before = before, .now = now};
	const char *name;
	char *link;

	table_begin(&print.table, app, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; pr_host_instance(app->host, "net.link.out", i, &name) == 0; i++) {
		link = copy_text(name);
		add_link(&print, link);
		for (size_t d = 0; d < now->count; d++) {
			if (net_value(&now->domains[d], NET_WEIGHT, NET_OUT, link))
				add_domain(&print, &now->domains[d], link);
		}
		free(link);
	}
	/* Rates hold without a link too. */
	for (size_t d = 0; d < now->count; d++) {
		if (!net_instance(&now->domains[d], NET_WEIGHT, 0))
			add_domain(&print, &now->domains[d], NULL);
	}
	table_end(&print.table);
}
