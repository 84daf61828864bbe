/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "net.h"

#include <stdlib.h>

static const char *const direction_names[NET_DIRECTIONS] = {"out", "in"};

/* {"out": …, "in": …} of one figure. */
static struct json_object *figure_json(struct app *app, const struct net_domain *domain,
				       enum net_figure figure, const char *instance)
{
	static const struct pr_value none = {0};
	struct json_object *object = need(json_object_new_object());

	for (size_t direction = 0; direction < NET_DIRECTIONS; direction++) {
		const struct pr_value *value = net_value(domain, figure, direction, instance);

		json_put(object, direction_names[direction],
			 json_value(app, net_attributes[figure][direction], value ? value : &none));
	}
	return object;
}

static struct json_object *achieved_json(struct app *app, const struct net_snapshot *before,
					 const struct net_domain *domain, const char *interface)
{
	struct json_object *object = need(json_object_new_object());

	for (size_t direction = 0; direction < NET_DIRECTIONS; direction++) {
		struct pr_value rate = net_achieved(before, domain, direction, interface);

		json_put(object, direction_names[direction],
			 json_value(app, net_attributes[NET_CEILING][direction], &rate));
	}
	return object;
}

static struct json_object *links_json(struct app *app, const struct net_domain *domain)
{
	struct json_object *object = need(json_object_new_object());
	const char *name;

	for (size_t i = 0; (name = net_instance(domain, NET_WEIGHT, i)); i++) {
		struct json_object *link = need(json_object_new_object());

		json_put(link, "weight", figure_json(app, domain, NET_WEIGHT, name));
		json_put(link, "guarantee", figure_json(app, domain, NET_GUARANTEE, name));
		json_put(object, name, link);
	}
	return object;
}

static struct json_object *interfaces_json(struct app *app, const struct net_snapshot *before,
					   const struct net_domain *domain)
{
	struct json_object *object = need(json_object_new_object());
	const char *name;

	for (size_t i = 0; (name = net_instance(domain, NET_BYTES, i)); i++) {
		struct json_object *interface = need(json_object_new_object());

		json_put(interface, "ceiling", figure_json(app, domain, NET_CEILING, name));
		json_put(interface, "now", achieved_json(app, before, domain, name));
		json_put(interface, "bytes", figure_json(app, domain, NET_BYTES, name));
		json_put(interface, "drops", figure_json(app, domain, NET_DROPS, name));
		json_put(object, name, interface);
	}
	return object;
}

static struct json_object *host_value(struct app *app, const char *attribute, const char *link)
{
	struct pr_value value = {sizeof(value), PRALLOC_TYPE_U64, 0, NULL};

	if (pr_host_get_u64(app->host, attribute, link, &value.number, /* flags= */ 0) < 0)
		return NULL;
	return json_value(app, attribute, &value);
}

static struct json_object *link_json(struct app *app, const char *link)
{
	struct json_object *object = need(json_object_new_object());

	json_put(object, "out", host_value(app, "net.link.out", link));
	json_put(object, "in", host_value(app, "net.link.in", link));
	json_put(object, "committed", host_value(app, "net.committed", link));
	return object;
}

void net_put(struct app *app, const struct net_snapshot *before, const struct net_snapshot *now)
{
	struct json_object *links = need(json_object_new_object());
	struct json_object *domains = need(json_object_new_array());
	const char *name;
	char *link;

	for (size_t i = 0; pr_host_instance(app->host, "net.link.out", i, &name) == 0; i++) {
		link = copy_text(name);
		json_put(links, link, link_json(app, link));
		free(link);
	}
	for (size_t i = 0; i < now->count; i++) {
		const struct net_domain *domain = &now->domains[i];
		struct json_object *object = need(json_object_new_object());

		json_put(object, "name", json_text(domain->name));
		json_put(object, "uuid", json_text(domain->uuid));
		json_put(object, "links", links_json(app, domain));
		json_put(object, "interfaces", interfaces_json(app, before, domain));
		json_append(domains, object);
	}
	json_put(app->out, "links", links);
	json_put(app->out, "domains", domains);
}
