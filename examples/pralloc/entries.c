/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "values.h"

#include <errno.h>
#include <stdlib.h>

void entries_add(struct entries *entries, const char *attribute, const char *instance)
{
	entries->items = grow(entries->items, entries->count, sizeof(*entries->items));
	entries->items[entries->count++] = (struct entry){
		.attribute = attribute,
		.instance = instance ? copy_text(instance) : NULL,
	};
}

static int instance_at(struct app *app, const struct target *target, const char *attribute,
		       size_t index, const char **ret_instance)
{
	if (target->domain)
		return pr_domain_instance(target->domain, attribute, index, ret_instance);
	return pr_host_instance(app->host, attribute, index, ret_instance);
}

void entries_expand(struct app *app, struct entries *entries, const struct target *target,
		    const char *attribute)
{
	struct pr_attr_info info;
	size_t before = entries->count, i = 0;
	const char *instance;

	attribute_info(attribute, &info);
	if (info.instance == PRALLOC_INSTANCE_NONE ||
	    (info.properties & PRALLOC_ATTR_INSTANCE_OPTIONAL))
		entries_add(entries, attribute, NULL);
	if (info.instance == PRALLOC_INSTANCE_NONE)
		return;
	while (instance_at(app, target, attribute, i++, &instance) == 0)
		entries_add(entries, attribute, instance);
	/* So that whoever asked for it learns why there is none. */
	if (entries->count == before && app->command->run == run_get)
		entries_add(entries, attribute, NULL);
}

static int read_domain(const struct target *target, struct entries *entries)
{
	struct pr_reading *readings = need(calloc(entries->count + 1, sizeof(*readings)));
	size_t i;
	int r;

	for (i = 0; i < entries->count; i++) {
		readings[i].size = sizeof(readings[i]);
		readings[i].attribute = entries->items[i].attribute;
		readings[i].instance = entries->items[i].instance;
	}
	r = pr_read(target->domain, readings, entries->count, /* times= */ NULL, target->mode);
	for (i = 0; r == 0 && i < entries->count; i++) {
		entries->items[i].error = readings[i].error;
		if (readings[i].error == 0)
			entries->items[i].value = readings[i].value;
	}
	free(readings);
	return r;
}

static int read_host_entry(struct app *app, uint32_t mode, struct entry *entry)
{
	struct pr_attr_info info;

	attribute_info(entry->attribute, &info);
	entry->value.type = info.type;
	if (info.type == PRALLOC_TYPE_U64)
		return pr_host_get_u64(app->host, entry->attribute, entry->instance,
				       &entry->value.number, mode);
	return pr_host_get_str(app->host, entry->attribute, entry->instance, &entry->value.text,
			       mode);
}

/* Take the text of a value over before the next call makes it invalid. */
static void keep_text(struct entry *entry)
{
	if (entry->error)
		entry->value = (struct pr_value){0};
	if (!entry->value.text)
		return;
	entry->text = copy_text(entry->value.text);
	entry->value.text = entry->text;
}

int entries_read(struct app *app, const struct target *target, struct entries *entries)
{
	size_t i;
	int r = 0;

	if (target->domain)
		r = read_domain(target, entries);
	for (i = 0; r == 0 && i < entries->count; i++) {
		if (!target->domain)
			entries->items[i].error =
				read_host_entry(app, target->mode, &entries->items[i]);
		keep_text(&entries->items[i]);
	}
	return r;
}

/* pr_read gives codes only: the single call says the same in words. */
char *entry_errmsg(struct app *app, const struct target *target, const struct entry *entry)
{
	const char *text;
	int r;

	if (target->domain)
		r = pr_get_str(target->domain, entry->attribute, entry->instance, &text,
			       target->mode);
	else
		r = pr_host_get_str(app->host, entry->attribute, entry->instance, &text,
				    target->mode);
	if (r == 0 || !*target_errmsg(app, target))
		return format_text("%s of %s: %s", entry->attribute, target->name,
				   error_brief(entry->error));
	return copy_text(target_errmsg(app, target));
}

static struct json_object *entry_json(struct app *app, const struct target *target,
				      const struct entry *entry)
{
	struct json_object *object = need(json_object_new_object());
	const char *backend = NULL;
	char *text;

	json_put_value(app, object, entry->attribute, &entry->value);
	(void)pr_host_route(app->host, entry->attribute, &backend, NULL);
	json_put(object, "backend", json_text_or_null(backend));
	if (!entry->error)
		return object;
	text = entry_errmsg(app, target, entry);
	json_put(object, "error", error_json(entry->error, text));
	free(text);
	return object;
}

struct json_object *entries_json(struct app *app, const struct target *target,
				 const struct entries *entries)
{
	struct json_object *object = need(json_object_new_object());
	size_t i;

	for (i = 0; i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		char *key = attribute_text(entry->attribute, entry->instance);

		json_put(object, key, entry_json(app, target, entry));
		free(key);
	}
	return object;
}

void entries_clear(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->count; i++) {
		free(entries->items[i].instance);
		free(entries->items[i].text);
	}
	free(entries->items);
	*entries = (struct entries){0};
}
