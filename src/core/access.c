/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any attribute by name, of a domain or of a host. */
#include <errno.h>

#include "core/request.h"

/* A reader names the attribute with or without the instance in brackets. */
static int get_value(const struct pri_target *target, const char *attribute, const char *instance,
		     uint32_t flags, const struct pri_attr **ret_attr, struct pri_value *value,
		     char **error)
{
	char inside[PRI_NAME_MAX];
	int r;

	if (!attribute)
		return pri_set_error(error, -EINVAL, "the name of the attribute is NULL");
	r = pri_attr_split(error, attribute, ret_attr, inside, sizeof(inside));
	if (r < 0)
		return r;
	if (*inside && instance && *instance)
		return pri_set_error(error, -EINVAL, "%s: an instance was given twice (%s and %s)",
				     (*ret_attr)->name, inside, instance);
	return pri_get(target, *ret_attr, *inside ? inside : instance, flags, value, error);
}

static int get_u64(const struct pri_target *target, const char *attribute, const char *instance,
		   uint64_t *ret_value, uint32_t flags, char **error)
{
	const struct pri_attr *attr = NULL;
	struct pri_value value = {0};
	int r;

	if (!ret_value)
		return pri_set_error(error, -EINVAL, "ret_value is NULL");
	r = get_value(target, attribute, instance, flags, &attr, &value, error);
	if (r == 0 && pri_attr_is_text(attr))
		r = pri_set_error(error, -EINVAL, "%s is a text, not a number (pr_get_str)",
				  attr->name);
	if (r == 0)
		*ret_value = value.number;
	pri_value_clear(&value);
	return r;
}

static int get_str(const struct pri_target *target, const char *attribute, const char *instance,
		   char **keep, const char **ret_value, uint32_t flags, char **error)
{
	const struct pri_attr *attr = NULL;
	struct pri_value value = {0};
	char *text;
	int r;

	if (!ret_value)
		return pri_set_error(error, -EINVAL, "ret_value is NULL");
	r = get_value(target, attribute, instance, flags, &attr, &value, error);
	if (r < 0)
		return r;
	text = pri_value_text(attr, &value);
	pri_value_clear(&value);
	if (!text)
		return -ENOMEM;
	free(*keep);
	*keep = text;
	*ret_value = text;
	return 0;
}

static struct pri_request number_request(const char *attribute, const char *instance,
					 uint64_t value)
{
	return (struct pri_request){.attribute = attribute, .instance = instance, .number = value};
}

static struct pri_request text_request(const char *attribute, const char *instance,
				       const char *value)
{
	return (struct pri_request){
		.attribute = attribute, .instance = instance, .is_text = true, .text = value};
}

int pr_set_u64(struct pr_domain *dom, const char *attribute, const char *instance, uint64_t value,
	       uint32_t flags)
{
	struct pri_request request = number_request(attribute, instance, value);

	return pri_domain_set_all(dom, &request, 1, flags);
}

int pr_set_str(struct pr_domain *dom, const char *attribute, const char *instance,
	       const char *value, uint32_t flags)
{
	struct pri_request request = text_request(attribute, instance, value);

	return pri_domain_set_all(dom, &request, 1, flags);
}

int pr_host_set_u64(struct pr_host *host, const char *attribute, const char *instance,
		    uint64_t value, uint32_t flags)
{
	struct pri_request request = number_request(attribute, instance, value);

	return pri_host_set_all(host, &request, 1, flags);
}

int pr_host_set_str(struct pr_host *host, const char *attribute, const char *instance,
		    const char *value, uint32_t flags)
{
	struct pri_request request = text_request(attribute, instance, value);

	return pri_host_set_all(host, &request, 1, flags);
}

int pr_get_u64(struct pr_domain *dom, const char *attribute, const char *instance,
	       uint64_t *ret_value, uint32_t flags)
{
	char *error = NULL;

	if (!dom)
		return -EINVAL;
	return pri_domain_result(dom,
				 get_u64(&(struct pri_target){dom->host, dom}, attribute, instance,
					 ret_value, flags, &error),
				 &error);
}

int pr_get_str(struct pr_domain *dom, const char *attribute, const char *instance,
	       const char **ret_value, uint32_t flags)
{
	char *error = NULL;

	if (!dom)
		return -EINVAL;
	return pri_domain_result(dom,
				 get_str(&(struct pri_target){dom->host, dom}, attribute, instance,
					 &dom->text, ret_value, flags, &error),
				 &error);
}

int pr_host_get_u64(struct pr_host *host, const char *attribute, const char *instance,
		    uint64_t *ret_value, uint32_t flags)
{
	char *error = NULL;

	if (!host)
		return -EINVAL;
	return pri_host_result(host,
			       get_u64(&(struct pri_target){host, NULL}, attribute, instance,
				       ret_value, flags, &error),
			       &error);
}

int pr_host_get_str(struct pr_host *host, const char *attribute, const char *instance,
		    const char **ret_value, uint32_t flags)
{
	char *error = NULL;

	if (!host)
		return -EINVAL;
	return pri_host_result(host,
			       get_str(&(struct pri_target){host, NULL}, attribute, instance,
				       &host->text, ret_value, flags, &error),
			       &error);
}
