/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain has, as the text of a plan that gives it the same again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"

/* One setting: what it holds, and in a live list what a reset would give it. */
struct setting {
	struct pri_item held, persistent;
	bool has_persistent;
	bool of_all; /* stands for all instances; those behind it follow where they differ */
};

struct list {
	struct pri_target target;
	uint32_t mode;
	struct setting *settings;
	size_t count, size;
};

static void list_clear(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		pri_item_clear(&list->settings[i].held);
		pri_item_clear(&list->settings[i].persistent);
	}
	free(list->settings);
}

static struct setting *append(struct list *list)
{
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 32;
		struct setting *more = realloc(list->settings, size * sizeof(*more));

		if (!more)
			return NULL;
		list->settings = more;
		list->size = size;
	}
	list->settings[list->count] = (struct setting){0};
	return &list->settings[list->count++];
}

static int add_instance(struct list *list, const struct pri_attr *attr, const char *instance,
			char **error)
{
	const struct pri_route *persistent = pri_route(list->target.host, attr, PRALLOC_CONFIG);
	struct setting *setting = append(list);
	int r;

	if (!setting)
		return -ENOMEM;
	setting->of_all = !instance && attr->instance != PRALLOC_INSTANCE_NONE;
	r = pri_item_init_read(&setting->held, &list->target, attr, instance, list->mode, error);
	if (r < 0 || list->mode == PRALLOC_CONFIG)
		return r;
	setting->has_persistent = persistent->serve &&
				  (persistent->serve->modes & PRI_SERVE_READ_CONFIG);
	if (!setting->has_persistent)
		return 0;
	return pri_item_init_read(&setting->persistent, &list->target, attr, instance,
				  PRALLOC_CONFIG, error);
}

static int add_attr(struct list *list, const struct pri_attr *attr, char **error)
{
	int r = 0;

	if (attr->instance == PRALLOC_INSTANCE_NONE ||
	    pri_attr_is(attr, PRALLOC_ATTR_INSTANCE_OPTIONAL))
		r = add_instance(list, attr, NULL, error);
	for (size_t i = 0; r == 0 && attr->instance != PRALLOC_INSTANCE_NONE; i++) {
		pri_autofree char *name = NULL;

		r = pri_instance_at(&list->target, attr, list->mode, i, &name, error);
		if (r == -ENODEV) {
			free(pri_steal(*error));
			return 0;
		}
		if (r == 0)
			r = add_instance(list, attr, name, error);
	}
	return r;
}

/* What can be both read and written, so that a plan can give it back. */
static bool restorable(const struct list *list, const struct pri_attr *attr)
{
	uint32_t need = list->mode == PRALLOC_CONFIG
				? PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG
				: PRI_SERVE_READ | PRI_SERVE_WRITE;
	const struct pri_route *route = pri_route(list->target.host, attr, list->mode);

	return attr->target == PRALLOC_TARGET_DOMAIN && pri_attr_is(attr, PRALLOC_ATTR_WRITABLE) &&
	       route->serve && (route->serve->modes & need) == need;
}

static int collect(struct list *list, char **error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < PRI_ATTR_COUNT; i++)
		if (restorable(list, &pri_attrs[i]))
			r = add_attr(list, &pri_attrs[i], error);
	return r;
}

/* Not there, or not known now: there is nothing to save.  The guest's agent may be silent. */
static bool is_absent(const struct pri_item *item)
{
	int error = item->change.error;

	return error == -EOPNOTSUPP || error == -ENODATA || error == -ENODEV ||
	       (error == -ENOTCONN && pri_attr_is(item->change.attr, PRALLOC_ATTR_ASYNC));
}

static int check_read(struct pri_item *item, char **error)
{
	if (item->has_held || is_absent(item))
		return 0;
	*error = pri_steal(item->change.text);
	return item->change.error;
}

/* Two calls at most: one for what holds, one for the configuration. */
static int read_all(struct list *list, uint64_t deadline_ns, char **error)
{
	pri_autofree struct pri_item **items = calloc(2 * list->count + 1, sizeof(*items));
	size_t n = 0;
	int r = 0;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		items[n++] = &list->settings[i].held;
	for (size_t i = 0; i < list->count; i++)
		if (list->settings[i].has_persistent)
			items[n++] = &list->settings[i].persistent;
	pri_batch_read(items, n, deadline_ns);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_read(items[i], error);
	return r;
}

static bool is_unset(const struct pri_change *change)
{
	return !change->held.text && change->held.number == PRALLOC_DEFAULT;
}

static bool is_default(const struct pri_change *change)
{
	uint64_t unset = change->serve->unset ? change->serve->unset : change->attr->def;

	return is_unset(change) ||
	       (!pri_attr_is_text(change->attr) &&
		(change->held.number == change->attr->def || change->held.number == unset));
}

/* A reset would bring another value than the one that holds, though that is the default. */
static bool needs_default(const struct setting *setting)
{
	const struct pri_change *held = &setting->held.change;
	const struct pri_change *persistent = &setting->persistent.change;

	if (!setting->has_persistent || !setting->persistent.has_held || is_default(persistent))
		return false;
	return !(is_unset(held) && pri_attr_is(held->attr, PRALLOC_ATTR_ASYNC)) &&
	       !pri_value_equal(held->attr, &held->held, &persistent->held);
}

/* general: the setting of all instances that this one is of, or NULL. */
static bool is_worth_saving(const struct list *list, const struct setting *setting,
			    const struct setting *general)
{
	const struct pri_change *held = &setting->held.change;

	if (!setting->held.has_held)
		return false;
	if (list->mode == PRALLOC_LIVE && needs_default(setting))
		return true;
	if (general && general->held.has_held)
		return !is_unset(held) &&
		       !pri_value_equal(held->attr, &held->held, &general->held.change.held);
	return list->mode == PRALLOC_CONFIG ? !is_unset(held) : !is_default(held);
}

/* A plan has no way to write these inside a word. */
static bool fits_a_word(const char *word)
{
	return !strpbrk(word, "\"\n");
}

/* The UUID where the name would be read as something else. */
static const char *plan_name(const struct pr_domain *dom)
{
	const char *name = dom->identity.name;
	bool like_uuid = strlen(name) >= 32 && strspn(name, "0123456789abcdefABCDEF-") >= 32;

	return fits_a_word(name) && *name != '@' && !like_uuid ? name : dom->identity.uuid;
}

static void write_word(FILE *file, const char *word)
{
	bool quoted = !*word || strpbrk(word, " \t\r#");

	fprintf(file, quoted ? "\"%s\"" : "%s", word);
}

static int write_setting(FILE *file, const struct pr_domain *dom, const struct setting *setting,
			 char **error)
{
	const struct pri_change *held = &setting->held.change;
	pri_autofree char *value = pri_value_text(held->attr, &held->held);
	pri_autofree char *word = NULL;
	bool bare = !*held->instance;

	if (!value || asprintf(&word, "%s%s%s%s=%s", held->attr->name, bare ? "" : "[",
			       held->instance, bare ? "" : "]", value) < 0)
		return -ENOMEM;
	if (!fits_a_word(word))
		return pri_set_error(error, -EINVAL,
				     "%s of %s holds a quote, which cannot stand in a plan",
				     held->attr->name, dom->identity.name);
	write_word(file, plan_name(dom));
	fputc(' ', file);
	write_word(file, word);
	fputc('\n', file);
	return 0;
}

static int write_all(const struct list *list, char **ret_text, char **error)
{
	const struct setting *general = NULL;
	size_t size;
	FILE *file = open_memstream(ret_text, &size);
	int r = 0;

	if (!file)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct setting *setting = &list->settings[i];

		if (general && general->held.change.attr != setting->held.change.attr)
			general = NULL;
		if (is_worth_saving(list, setting, general))
			r = write_setting(file, list->target.domain, setting, error);
		if (setting->of_all)
			general = setting;
	}
	if (fclose(file) != 0 && r == 0)
		r = -ENOMEM;
	return r;
}

static int check_running(struct pr_domain *dom, uint64_t deadline_ns, char **error)
{
	struct pri_identity identity = {0};
	int r = pri_domain_identity(dom, deadline_ns, &identity, error);

	if (r == 0 && identity.state == PRALLOC_DOMAIN_OFF)
		r = pri_set_error(error, -ENOTCONN,
				  "%s is off: save its persistent configuration, or start it",
				  dom->identity.name);
	return r;
}

static int save(struct pr_domain *dom, uint32_t mode, char **ret_text, char **error)
{
	uint64_t deadline_ns = pri_deadline(dom->host->ctx);
	struct list list = {.target = {dom->host, dom}, .mode = mode};
	int r = mode == PRALLOC_LIVE ? check_running(dom, deadline_ns, error) : 0;

	if (r == 0)
		r = collect(&list, error);
	if (r == 0)
		r = read_all(&list, deadline_ns, error);
	if (r == 0)
		r = write_all(&list, ret_text, error);
	list_clear(&list);
	return r;
}

int pr_domain_save(struct pr_domain *dom, const char **ret_text, uint32_t flags)
{
	pri_autofree char *text = NULL;
	char *error = NULL;
	int r;

	if (!dom)
		return -EINVAL;
	r = pri_flags_check(flags, PRI_MODE_FLAGS, &error);
	if (r == 0 && flags == PRI_MODE_FLAGS)
		r = pri_set_error(&error, -EINVAL, "save either live or persistent values");
	if (r == 0 && !ret_text)
		r = pri_set_error(&error, -EINVAL, "ret_text is NULL");
	if (r == 0)
		r = save(dom, flags ? flags : PRALLOC_LIVE, &text, &error);
	if (r == 0) {
		free(dom->text);
		dom->text = pri_steal(text);
		*ret_text = dom->text;
	}
	return pri_domain_result(dom, r, &error);
}
