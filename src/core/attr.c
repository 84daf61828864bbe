/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-ups in the attribute table. */
#include "core/attr.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/core.h"
#include "util/distance.h"
#include "util/growing.h"

/* Further off than this many edits is no misspelling. */
#define NEAR_EDITS 3

static const struct pri_attr *find(const char *name, size_t length)
{
	for (size_t i = 0; i < PRI_ATTR_COUNT; i++)
		if (strncmp(pri_attrs[i].name, name, length) == 0 && !pri_attrs[i].name[length])
			return &pri_attrs[i];
	return NULL;
}

const struct pri_attr *pri_attr_find(const char *name)
{
	return find(name, strlen(name));
}

/* The first name that begins as the given one, if that is more than a family. */
static const struct pri_attr *completion(const char *name)
{
	const char *dot = strchr(name, '.');

	for (size_t i = 0; dot && dot[1] && i < PRI_ATTR_COUNT; i++)
		if (strncmp(pri_attrs[i].name, name, strlen(name)) == 0)
			return &pri_attrs[i];
	return NULL;
}

const struct pri_attr *pri_attr_nearest(const char *name)
{
	const struct pri_attr *nearest = completion(name);
	size_t least = NEAR_EDITS + 1;

	if (nearest)
		return nearest;

	for (size_t i = 0; i < PRI_ATTR_COUNT; i++) {
		size_t distance = pri_edit_distance(name, pri_attrs[i].name);

		if (distance < least) {
			least = distance;
			nearest = &pri_attrs[i];
		}
	}
	return nearest;
}

static int unknown(char **error, const char *text, size_t length)
{
	pri_autofree char *name = strndup(text, length);
	const struct pri_attr *nearest = name ? pri_attr_nearest(name) : NULL;

	if (!name)
		return -ENOMEM;
	if (nearest)
		return pri_set_error(error, -EINVAL,
				     "there is no attribute \"%.64s\" (did you mean %s?)", name,
				     nearest->name);
	return pri_set_error(error, -EINVAL,
			     "there is no attribute \"%.64s\" (see \"pralloc attributes\")", name);
}

int pri_attr_split(char **error, const char *text, const struct pri_attr **ret_attr, char *instance,
		   size_t size)
{
	size_t name_length = strcspn(text, "[");
	const struct pri_attr *attr = find(text, name_length);
	const char *inside = text + name_length;
	size_t length = strlen(inside);

	if (!attr)
		return unknown(error, text, name_length);
	if (length == 0) {
		if (size == 0)
			return pri_set_error(error, -ENOSPC, "no room for the instance");
		instance[0] = '\0';
		*ret_attr = attr;
		return 0;
	}
	if (length < 3 || inside[length - 1] != ']')
		return pri_set_error(error, -EINVAL,
				     "\"%.128s\" is malformed (ATTRIBUTE or ATTRIBUTE[INSTANCE])",
				     text);
	if (attr->instance == PRALLOC_INSTANCE_NONE)
		return pri_set_error(error, -EINVAL, "%s has no instances, but [%.*s] was given",
				     attr->name, (int)(length - 2), inside + 1);
	if (length - 2 >= size)
		return pri_set_error(error, size < PRI_NAME_MAX ? -ENOSPC : -EINVAL,
				     "the instance has %zu characters (at most %zu)", length - 2,
				     size - 1);
	memcpy(instance, inside + 1, length - 2);
	instance[length - 2] = '\0';
	*ret_attr = attr;
	return 0;
}

int pr_attr_lookup(struct pr_ctx *ctx, const char *text, const char **ret_name, char *instance,
		   size_t size)
{
	const struct pri_attr *attr = NULL;
	char *error = NULL;
	int r;

	if (!text || !ret_name || !instance)
		r = pri_set_error(&error, -EINVAL, "attribute, name or instance is NULL");
	else
		r = pri_attr_split(&error, text, &attr, instance, size);
	if (r == 0)
		*ret_name = attr->name;
	if (ctx)
		return pri_move_error(ctx->errmsg, r, &error);
	free(error);
	return r;
}

static void fill_info(struct pr_attr_info *info, const struct pri_attr *attr)
{
	info->properties = attr->properties;
	info->name = attr->name;
	info->summary = attr->summary;
	info->resource = attr->resource;
	info->target = attr->target;
	info->unit = attr->unit;
	info->kind = attr->kind;
	info->type = pri_attr_is_text(attr) ? PRALLOC_TYPE_TEXT : PRALLOC_TYPE_U64;
	info->instance = attr->instance;
	info->minimum = attr->min;
	info->maximum = attr->max;
	info->default_value = attr->def;
	info->percent_of = attr->percent_of ? pri_attrs[attr->percent_of].name : NULL;
}

static int attr_info(char **error, const char *name, struct pr_attr_info *info)
{
	const struct pri_attr *attr = NULL;
	struct pr_attr_info full = {0};
	char instance[PRI_NAME_MAX];
	int r;

	if (!name || !info)
		return pri_set_error(error, -EINVAL, "name or info is NULL");
	if (info->size < PRI_SIZE_UP_TO(struct pr_attr_info, percent_of))
		return pri_set_error(error, -EINVAL,
				     "info->size is %u, not sizeof(struct pr_attr_info)",
				     info->size);
	r = pri_attr_split(error, name, &attr, instance, sizeof(instance));
	if (r < 0)
		return r;
	fill_info(&full, attr);
	pri_fill(info, &full, sizeof(full));
	return 0;
}

int pr_attr_info(struct pr_ctx *ctx, const char *name, struct pr_attr_info *info)
{
	char *error = NULL;
	int r = attr_info(&error, name, info);

	if (ctx)
		return pri_move_error(ctx->errmsg, r, &error);
	free(error);
	return r;
}

const char *pr_attr_next(const char *name)
{
	const struct pri_attr *attr = pri_attrs;

	if (name) {
		attr = pri_attr_find(name);
		if (!attr || attr + 1 == pri_attrs + PRI_ATTR_COUNT)
			return NULL;
		attr++;
	}
	return attr->name;
}
