/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Instances: what a person wrote to what the backend knows. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/core.h"

/* Names listed in an error text. */
#define NAMES_MAX 400
#define NUMBER_DIGITS 5

struct search {
	const char *given; /* NULL: any */
	size_t index;	   /* given NULL: which one */
	size_t count;
	char *found; /* malloc'ed */
	char *names; /* for an error text: NAMES_MAX, or NULL */
};

static void note_name(struct search *search, const char *name)
{
	size_t length = strlen(search->names);

	snprintf(search->names + length, NAMES_MAX - length, "%s%s", length ? ", " : "", name);
}

static bool matches(const char *given, const char *canonical, const char *const *aliases)
{
	if (strcasecmp(given, canonical) == 0)
		return true;
	for (; aliases && *aliases; aliases++)
		if (strcmp(given, *aliases) == 0)
			return true;
	return false;
}

static int add(void *arg, const char *canonical, const char *const *aliases)
{
	struct search *search = arg;
	bool wanted = search->given ? matches(search->given, canonical, aliases)
				    : search->count == search->index;

	if (search->names)
		note_name(search, canonical);
	search->count++;
	if (!wanted || search->found)
		return 0;
	search->found = strdup(canonical);
	return search->found ? 0 : -ENOMEM;
}

struct alias_search {
	const char *canonical;
	char *found; /* malloc'ed */
};

static int add_alias(void *arg, const char *canonical, const char *const *aliases)
{
	struct alias_search *search = arg;

	if (search->found || strcmp(canonical, search->canonical) != 0)
		return 0;
	search->found = strdup(aliases && *aliases ? *aliases : canonical);
	return search->found ? 0 : -ENOMEM;
}

static int list_all(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode,
		    pri_add_instance add_to, void *arg, char **error)
{
	const struct pri_route *route = pri_route(target->host, attr, mode);
	struct pri_call call;
	int r;

	if (!route->serve)
		return pri_set_error(error, -EOPNOTSUPP, "%s: %s", attr->name, route->reason);
	r = pri_call_begin(&call, target, route->backend, pri_deadline(target->host->ctx));
	if (r == 0)
		r = call.backend->instances(&call, attr, add_to, arg);
	if (r < 0)
		pri_call_failed(&call, r, attr->name, error);
	return r;
}

static int list(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode,
		struct search *search, char **error)
{
	int r = list_all(target, attr, mode, add, search, error);

	if (r < 0)
		free(pri_steal(search->found));
	return r;
}

/* vCPU numbers need no look-up: the backend knows whether there is such a one. */
static int resolve_number(const struct pri_attr *attr, const char *given, char **ret_instance,
			  char **error)
{
	size_t length = strspn(given, "0123456789");

	if (length == 0 || given[length] || length > NUMBER_DIGITS)
		return pri_set_error(error, -EINVAL, "%s: \"%.64s\" is not a vCPU number",
				     attr->name, given);
	if (asprintf(ret_instance, "%lu", strtoul(given, NULL, 10)) < 0)
		return -ENOMEM;
	return 0;
}

/* By the backend itself, where it knows more names than it lists; NULL: it does not. */
static int resolve_by_backend(const struct pri_target *target, const struct pri_attr *attr,
			      uint32_t mode, const char *given, char **ret_instance, char **error)
{
	const struct pri_route *route = pri_route(target->host, attr, mode);
	struct pri_call call;
	int r;

	*ret_instance = NULL;
	if (!given || !route->serve)
		return 0;
	r = pri_call_begin(&call, target, route->backend, pri_deadline(target->host->ctx));
	if (r == 0 && call.backend->resolve)
		r = call.backend->resolve(&call, attr, given, ret_instance);
	if (r < 0)
		return pri_call_failed(&call, r, attr->name, error);
	free(call.error);
	return 0;
}

/* Which ones there are is asked again for the text. */
static int fail_choice(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode,
		       const char *given, char **error)
{
	char names[NAMES_MAX] = "";
	struct search search = {.given = given, .names = names};
	int r = list(target, attr, mode, &search, error);

	if (r < 0)
		return r;
	free(search.found);
	if (!given && search.count > 1)
		return pri_set_error(error, -EINVAL,
				     "%s of %s: which one? there are several instances (%s)",
				     attr->name, pri_target_name(target), names);
	return pri_set_error(error, -ENODEV, "%s of %s: there is no instance \"%.64s\" (%s%s)",
			     attr->name, pri_target_name(target), given ? given : "",
			     search.count ? "there are: " : "there are none", names);
}

static int resolve_listed(const struct pri_target *target, const struct pri_attr *attr,
			  uint32_t mode, const char *given, char **ret_instance, char **error)
{
	struct search search = {.given = given};
	int r = list(target, attr, mode, &search, error);

	if (r < 0)
		return r;
	if (search.found && (given || search.count == 1)) {
		*ret_instance = search.found;
		return 0;
	}
	free(search.found);
	return fail_choice(target, attr, mode, given, error);
}

int pri_instance_resolve(const struct pri_target *target, const struct pri_attr *attr,
			 uint32_t mode, const char *given, char **ret_instance, char **error)
{
	bool none = !given || !*given;
	int r;

	if (attr->instance == PRALLOC_INSTANCE_NONE && !none)
		return pri_set_error(error, -EINVAL, "%s has no instances, but [%.64s] was given",
				     attr->name, given);
	if (none && (attr->instance == PRALLOC_INSTANCE_NONE ||
		     pri_attr_is(attr, PRALLOC_ATTR_INSTANCE_OPTIONAL))) {
		*ret_instance = NULL;
		return 0;
	}
	if (!none && attr->instance == PRALLOC_INSTANCE_VCPU)
		return resolve_number(attr, given, ret_instance, error);
	r = resolve_by_backend(target, attr, mode, none ? NULL : given, ret_instance, error);
	if (r < 0 || *ret_instance)
		return r;
	return resolve_listed(target, attr, mode, none ? NULL : given, ret_instance, error);
}

int pri_instance_at(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode,
		    size_t index, char **ret_instance, char **error)
{
	struct search search = {.index = index};
	int r;

	if (attr->instance == PRALLOC_INSTANCE_NONE)
		return pri_set_error(error, -EINVAL, "%s has no instances", attr->name);
	r = list(target, attr, mode, &search, error);
	if (r < 0)
		return r;
	if (!search.found)
		return pri_set_error(error, -ENODEV,
				     "%s of %s has %zu instances, none with index %zu", attr->name,
				     pri_target_name(target), search.count, index);
	*ret_instance = search.found;
	return 0;
}

char *pri_instance_alias(const struct pri_target *target, const struct pri_attr *attr,
			 uint32_t mode, const char *canonical)
{
	struct alias_search search = {.canonical = canonical};
	pri_autofree char *error = NULL;

	if (list_all(target, attr, mode, add_alias, &search, &error) < 0)
		free(pri_steal(search.found));
	return search.found;
}

int pri_instance_named(const struct pri_target *target, const char *attribute, size_t index,
		       const char **ret_instance, char **ret_text, char **error)
{
	const struct pri_attr *attr = NULL;
	char inside[PRI_NAME_MAX];
	char *instance = NULL;
	int r;

	if (!attribute || !ret_instance)
		return pri_set_error(error, -EINVAL, "attribute or ret_instance is NULL");
	r = pri_attr_split(error, attribute, &attr, inside, sizeof(inside));
	if (r == 0)
		r = pri_target_check(target, attr, error);
	if (r == 0)
		r = pri_instance_at(target, attr, PRALLOC_LIVE, index, &instance, error);
	if (r < 0)
		return r;
	free(*ret_text);
	*ret_text = instance;
	*ret_instance = instance;
	return 0;
}
