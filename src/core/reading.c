/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many attributes in one pass. */
#include "core/reading.h"

#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "util/growing.h"

void pri_readings_clear(struct pr_domain *dom)
{
	for (size_t i = 0; i < dom->reading_count; i++)
		pri_item_clear(&dom->readings[i]);
	free(pri_steal(dom->readings));
	free(pri_steal(dom->reading_list));
	dom->reading_count = 0;
}

static int make_room(struct pr_domain *dom, size_t count)
{
	if (count <= dom->reading_count)
		return 0;
	pri_readings_clear(dom);
	dom->readings = calloc(count, sizeof(*dom->readings));
	dom->reading_list = calloc(count, sizeof(struct pri_item *));
	if (!dom->readings || !dom->reading_list) {
		free(pri_steal(dom->readings));
		free(pri_steal(dom->reading_list));
		return -ENOMEM;
	}
	dom->reading_count = count;
	return 0;
}

/* No instance where none has to be found, or its canonical name. */
static bool same_instance(const struct pri_item *item, const char *given)
{
	const struct pri_attr *attr = item->change.attr;

	if (given)
		return item->instance && strcmp(item->instance, given) == 0;
	return attr->instance == PRALLOC_INSTANCE_NONE ||
	       (!item->instance && pri_attr_is(attr, PRALLOC_ATTR_INSTANCE_OPTIONAL));
}

/* An item that reads the same as last time is kept as it is: nothing is looked up again. */
static bool can_stay(const struct pri_item *item, const struct pr_reading *reading, uint32_t mode)
{
	return item->route && reading->attribute && item->route->serve &&
	       item->change.serve == item->route->serve && item->change.mode == mode &&
	       strcmp(item->change.attr->name, reading->attribute) == 0 &&
	       same_instance(item, reading->instance);
}

static int prepare(struct pr_domain *dom, struct pri_item *item, const struct pr_reading *reading,
		   uint32_t mode)
{
	const struct pri_target target = {dom->host, dom};
	const struct pri_attr *attr = NULL;
	char inside[PRI_NAME_MAX];
	char *error = NULL;
	int r;

	if (can_stay(item, reading, mode))
		return 0;
	pri_item_clear(item);
	item->route = NULL;
	if (!reading->attribute)
		return -EINVAL;
	r = pri_attr_split(&error, reading->attribute, &attr, inside, sizeof(inside));
	if (r == 0)
		r = pri_item_init_read(item, &target, attr, *inside ? inside : reading->instance,
				       mode, &error);
	if (r == 0)
		return 0;
	pri_item_clear(item);
	item->route = NULL;
	item->change.text = error;
	return r;
}

/* The elements of the caller's array, which may be larger than ours. */
static struct pr_reading *element(struct pr_reading *readings, size_t index)
{
	return (struct pr_reading *)((char *)readings + index * readings->size);
}

static void give_out(struct pr_reading *reading, const struct pri_item *item)
{
	const struct pri_change *change = &item->change;
	bool is_text;

	if (reading->error == 0)
		reading->error = change->error;
	reading->value = (struct pr_value){.size = sizeof(reading->value)};
	reading->text = change->text ? change->text : "";
	if (reading->error < 0)
		return;
	is_text = pri_attr_is_text(change->attr);
	reading->value.type = is_text ? PRALLOC_TYPE_TEXT : PRALLOC_TYPE_U64;
	reading->value.number = is_text && change->held.text ? 0 : change->held.number;
	reading->value.text = change->held.text;
}

static void read_all(struct pr_domain *dom, struct pr_reading *readings, size_t count,
		     uint32_t mode)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct pr_reading *reading = element(readings, i);

		reading->error = prepare(dom, &dom->readings[i], reading, mode);
		if (reading->error == 0)
			dom->reading_list[n++] = &dom->readings[i];
	}
	pri_batch_read(dom->reading_list, n, pri_deadline(dom->host->ctx));
	for (size_t i = 0; i < count; i++)
		give_out(element(readings, i), &dom->readings[i]);
}

static int check_read(struct pr_reading *readings, size_t count, const struct pr_read_times *times,
		      uint32_t flags, char **error)
{
	int r = pri_flags_check(flags, PRI_MODE_FLAGS, error);

	if (r < 0)
		return r;
	if (flags == PRI_MODE_FLAGS)
		return pri_set_error(error, -EINVAL, "read either live or persistent values");
	if (count > 0 && !readings)
		return pri_set_error(error, -EINVAL, "readings is NULL");
	for (size_t i = 0; i < count; i++)
		if (readings->size < PRI_SIZE_UP_TO(struct pr_reading, text) ||
		    readings->size % _Alignof(struct pr_reading) ||
		    element(readings, i)->size != readings->size)
			return pri_set_error(error, -EINVAL,
					     "readings[%zu].size is not sizeof(struct pr_reading)",
					     i);
	if (times && times->size < PRI_SIZE_UP_TO(struct pr_read_times, end_ns))
		return pri_set_error(error, -EINVAL,
				     "times->size is not sizeof(struct pr_read_times)");
	return 0;
}

/* What concerns the whole domain is the result of the call: the backend said it of every one. */
static int common_error(struct pr_reading *readings, size_t count, char **error)
{
	static const int whole[] = {-ENOENT, -ESTALE, -EBUSY, -ETIMEDOUT};

	if (count == 0)
		return 0;
	for (size_t i = 1; i < count; i++)
		if (element(readings, i)->error != readings->error)
			return 0;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(whole); i++)
		if (readings->error == whole[i])
			return pri_set_error(error, whole[i], "%s", readings->text);
	return 0;
}

int pr_read(struct pr_domain *dom, struct pr_reading *readings, size_t count,
	    struct pr_read_times *times, uint32_t flags)
{
	char *error = NULL;
	uint64_t start_ns;
	int r;

	if (!dom)
		return -EINVAL;
	r = check_read(readings, count, times, flags, &error);
	if (r == 0)
		r = make_room(dom, count);
	if (r < 0)
		return pri_domain_result(dom, r, &error);
	start_ns = pri_now_ns();
	read_all(dom, readings, count, flags ? flags : PRALLOC_LIVE);
	r = common_error(readings, count, &error);
	if (r == 0 && times) {
		times->start_ns = start_ns;
		times->end_ns = pri_now_ns();
	}
	return pri_domain_result(dom, r, &error);
}
