/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One change: from arguments to something that a backend can be given, and its verification. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"

/* A value may move this far to the nearest step of the backend's scale: 2.5 % is 1 / 40. */
#define GRAIN_ERROR_DIVISOR 40

static const char *mode_text(uint32_t mode)
{
	return mode == PRALLOC_CONFIG ? " (persistent)" : "";
}

/* "cpu.pin[3] of vm1 (persistent)", malloc'ed. */
static char *subject(const struct pri_attr *attr, const char *instance,
		     const struct pri_target *target, uint32_t mode)
{
	bool bare = !instance || !*instance;
	char *text;

	if (asprintf(&text, "%s%s%s%s of %s%s", attr->name, bare ? "" : "[", bare ? "" : instance,
		     bare ? "" : "]", pri_target_name(target), mode_text(mode)) < 0)
		return NULL;
	return text;
}

static int prefixed(char **error, int code, const struct pri_item *item, char *cause)
{
	pri_autofree char *what =
		subject(item->change.attr, item->change.instance, &item->target, item->change.mode);

	pri_set_error(error, code, "%s: %s", what ? what : item->change.attr->name,
		      cause ? cause : pri_strerror(code));
	free(cause);
	return code;
}

void pri_item_note(struct pri_item *item, int code, const char *format, ...)
{
	char *cause = NULL;
	va_list args;

	va_start(args, format);
	pri_note_error_v(&cause, format, args);
	va_end(args);
	item->change.error = code;
	prefixed(&item->change.text, code, item, cause);
}

/* 100 % of an attribute, read from the target. */
static int read_maximum(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode,
			const char *text, uint64_t *ret_maximum, char **error)
{
	struct pri_value value = {0};
	int r;

	*ret_maximum = 0;
	if (!attr->percent_of || !strchr(text, '%'))
		return 0;
	r = pri_get(target, &pri_attrs[attr->percent_of], NULL, mode, &value, error);
	if (r == 0 && value.number == PRALLOC_DEFAULT)
		value.number = pri_attrs[attr->percent_of].def;
	if (r == 0 && value.number > PRI_NUMBER_MAX)
		r = pri_set_error(error, -ENODATA, "100 %% is %s, which is not known",
				  pri_attrs[attr->percent_of].name);
	if (r == 0)
		*ret_maximum = value.number;
	return r;
}

static int take_value(struct pri_item *item, const struct pri_request *request, char **error)
{
	const struct pri_attr *attr = item->change.attr;
	pri_autofree char *cause = NULL;
	uint64_t maximum;
	int r;

	if (!request->is_text) {
		if (pri_attr_is_text(attr))
			return pri_set_error(error, -EINVAL,
					     "%s is a text, not a number (pr_set_str)", attr->name);
		r = pri_value_check(&cause, attr, request->number);
		item->change.wanted.number = request->number;
		return r < 0 ? prefixed(error, r, item, pri_steal(cause)) : 0;
	}
	if (!request->text)
		return pri_set_error(error, -EINVAL, "the value of %s is NULL", attr->name);
	r = read_maximum(&item->target, attr, item->change.mode, request->text, &maximum, error);
	if (r < 0)
		return r;
	r = pri_value_parse(&cause, attr, request->text, maximum, &item->change.wanted);
	return r < 0 ? prefixed(error, r, item, pri_steal(cause)) : 0;
}

/* Common to reading and writing: the right kind of target, the instance, the route. */
static int item_begin(struct pri_item *item, const struct pri_target *target,
		      const struct pri_attr *attr, const char *instance, uint32_t mode,
		      char **error)
{
	int r;

	*item = (struct pri_item){
		.target = *target,
		.route = pri_route(target->host, attr, mode),
		.change = {.attr = attr, .instance = "", .mode = mode},
	};
	item->change.serve = item->route->serve;
	r = pri_target_check(target, attr, error);
	if (r < 0)
		return r;
	if (!item->route->serve) {
		/* Nobody can say which instances there are; pri_item_check refuses it. */
		if (instance && !(item->instance = strdup(instance)))
			return -ENOMEM;
	} else {
		r = pri_instance_resolve(target, attr, mode, instance, &item->instance, error);
		if (r < 0)
			return r;
	}
	if (item->instance)
		item->change.instance = item->instance;
	return 0;
}

/* A caller names the same attribute again and again: the table is not searched each time. */
static int find_attr(struct pr_host *host, const struct pri_request *request,
		     const struct pri_attr **ret_attr, char **instance, char **error)
{
	char inside[PRI_NAME_MAX];
	int r;

	*ret_attr = request->attr ? request->attr : host->named;
	if (request->attr || (request->attribute && host->named &&
			      strcmp(request->attribute, host->named->name) == 0))
		return 0;
	if (!request->attribute)
		return pri_set_error(error, -EINVAL, "the name of the attribute is NULL");
	r = pri_attr_split(error, request->attribute, ret_attr, inside, sizeof(inside));
	if (r == 0)
		host->named = *ret_attr;
	if (r < 0 || !*inside)
		return r;
	if (request->instance && *request->instance)
		return pri_set_error(error, -EINVAL, "%s: an instance was given twice (%s and %s)",
				     (*ret_attr)->name, inside, request->instance);
	*instance = strdup(inside);
	return *instance ? 0 : -ENOMEM;
}

int pri_item_init(struct pri_item *item, const struct pri_target *target,
		  const struct pri_request *request, uint32_t mode, char **error)
{
	pri_autofree char *inside = NULL;
	const struct pri_attr *attr = NULL;
	int r = find_attr(target->host, request, &attr, &inside, error);

	if (r < 0) {
		*item = (struct pri_item){.change.instance = ""};
		return r;
	}
	r = item_begin(item, target, attr, inside ? inside : request->instance, mode, error);
	if (r < 0)
		return r;
	if (!pri_attr_is(attr, PRALLOC_ATTR_WRITABLE))
		return pri_set_error(error, -EINVAL, "%s of %s can only be read", attr->name,
				     pri_target_name(target));
	return take_value(item, request, error);
}

int pri_item_init_read(struct pri_item *item, const struct pri_target *target,
		       const struct pri_attr *attr, const char *instance, uint32_t mode,
		       char **error)
{
	const struct pri_route *route;
	uint32_t need = mode == PRALLOC_CONFIG ? PRI_SERVE_READ_CONFIG : PRI_SERVE_READ;
	pri_autofree char *what = NULL;
	int r = item_begin(item, target, attr, instance, mode, error);

	if (r < 0)
		return r;
	route = item->route;
	if (route->serve && (route->serve->modes & need))
		return 0;
	what = subject(attr, item->change.instance, target, mode);
	if (route->reason)
		return pri_set_error(error, -EOPNOTSUPP, "%s: %s", what ? what : attr->name,
				     route->reason);
	return pri_set_error(error, -EOPNOTSUPP, "%s: %s cannot read it", what ? what : attr->name,
			     target->host->backends[route->backend].backend->name);
}

void pri_item_clear(struct pri_item *item)
{
	pri_free_if_any(pri_steal(item->instance));
	item->change.instance = "";
	pri_free_if_any(pri_steal(item->change.text));
	pri_value_clear(&item->change.wanted);
	pri_value_clear(&item->change.held);
	pri_value_clear(&item->before);
}

static uint64_t to_raw(const struct pri_serve *serve, uint64_t value)
{
	if (serve->encode)
		return serve->encode(value);
	if (serve->grain > 1)
		return value / serve->grain + (value % serve->grain >= (serve->grain + 1) / 2);
	return value;
}

static uint64_t from_raw(const struct pri_serve *serve, uint64_t raw)
{
	if (serve->encode)
		return serve->decode(raw);
	return serve->grain > 1 ? raw * serve->grain : raw;
}

uint64_t pri_serve_step(const struct pri_serve *serve, uint64_t value, int by)
{
	uint64_t raw = to_raw(serve, value);

	if (by < 0)
		raw = raw > (uint64_t)-by ? raw + (uint64_t)by : 0;
	else
		raw += (uint64_t)by;
	return from_raw(serve, raw);
}

static int fail_between(struct pri_item *item, uint64_t value, uint64_t raw)
{
	const struct pri_serve *serve = item->change.serve;
	const struct pri_attr *attr = item->change.attr;
	uint64_t nearest = from_raw(serve, raw);
	uint64_t other = from_raw(serve, nearest < value ? raw + 1 : raw > 0 ? raw - 1 : 0);
	struct pri_value a = {.number = nearest < other ? nearest : other};
	struct pri_value b = {.number = nearest < other ? other : nearest};
	pri_autofree char *low = pri_value_text(attr, &a);
	pri_autofree char *high = pri_value_text(attr, &b);
	pri_autofree char *given = pri_value_text(attr, &(struct pri_value){.number = value});

	return pri_item_fail(item, -ERANGE,
			     "%s lies between the steps %s and %s of the backend's scale",
			     given ? given : "?", low ? low : "?", high ? high : "?");
}

int pri_item_to_grain(struct pri_item *item)
{
	const struct pri_serve *serve = item->change.serve;
	uint64_t maximum = serve->max ? serve->max : item->change.attr->max;
	uint64_t value = item->change.wanted.number;
	uint64_t raw, held, distance;

	if (pri_attr_is_text(item->change.attr) || value > PRI_NUMBER_MAX)
		return 0;
	raw = to_raw(serve, value);
	held = from_raw(serve, raw);
	/* The largest value goes down: above it lies what no one could set again. */
	if (held > maximum && raw > 0)
		held = from_raw(serve, --raw);
	distance = held > value ? held - value : value - held;
	if (distance > value / GRAIN_ERROR_DIVISOR)
		return fail_between(item, value, raw);
	item->change.wanted.number = held;
	return 0;
}

static int check_range(struct pri_item *item)
{
	const struct pri_serve *serve = item->change.serve;
	const struct pri_attr *attr = item->change.attr;
	uint64_t value = item->change.wanted.number;
	pri_autofree char *given = NULL, *low = NULL, *high = NULL;

	if (pri_attr_is_text(attr) || value > PRI_NUMBER_MAX || !serve->max)
		return 0;
	if (value >= serve->min && value <= serve->max)
		return 0;
	given = pri_value_text(attr, &item->change.wanted);
	low = pri_value_text(attr, &(struct pri_value){.number = serve->min});
	high = pri_value_text(attr, &(struct pri_value){.number = serve->max});
	return pri_item_fail(item, -ERANGE, "%s is outside the range of the backend (%s to %s)%s",
			     given ? given : "?", low ? low : "?", high ? high : "?",
			     pri_attr_is_ratio(attr)
				     ? ": pr_plan_rescale makes the weights of all domains fit"
				     : "");
}

int pri_item_check(struct pri_item *item)
{
	const struct pri_host_backend *b = &item->target.host->backends[item->route->backend];
	uint32_t need = item->change.mode == PRALLOC_CONFIG ? PRI_SERVE_WRITE_CONFIG
							    : PRI_SERVE_WRITE;
	const struct pri_attr *attr = item->change.attr;
	int r;

	item->change.serve = item->route->serve;
	if (!item->route->serve)
		return pri_item_fail(item, -EOPNOTSUPP, "%s", item->route->reason);
	if (!(item->route->serve->modes & need) && item->route->reason)
		return pri_item_fail(item, -EOPNOTSUPP, "%s", item->route->reason);
	if (!(item->route->serve->modes & need))
		return pri_item_fail(item, -EOPNOTSUPP, "%s cannot set it%s", b->backend->name,
				     need == PRI_SERVE_WRITE ? " while the domain runs"
							     : " persistently");
	if (item->target.host->read_only)
		return pri_item_fail(item, -EACCES, "the host was opened read-only");
	if (item->change.wanted.number == PRALLOC_DEFAULT && item->change.mode == PRALLOC_LIVE &&
	    !item->change.wanted.text)
		item->change.wanted.number = attr->def;
	r = check_range(item);
	return r < 0 ? r : pri_item_to_grain(item);
}

/* What is not set cannot be compared: something else may hold then, which the backend knows. */
static bool reads_as_wanted(const struct pri_change *change)
{
	bool unset = !change->wanted.text && change->wanted.number == PRALLOC_DEFAULT;

	return unset || pri_value_equal(change->attr, &change->wanted, &change->held);
}

int pri_item_verify(struct pri_item *item)
{
	const struct pri_change *change = &item->change;
	const struct pri_serve *serve = change->serve;
	pri_autofree char *wanted = NULL, *held = NULL;

	if (reads_as_wanted(change))
		return 0;
	if (!change->wanted.text && change->wanted.number <= PRI_NUMBER_MAX &&
	    change->held.number <= PRI_NUMBER_MAX &&
	    to_raw(serve, change->wanted.number) == to_raw(serve, change->held.number))
		return 0;
	wanted = pri_value_text(change->attr, &change->wanted);
	held = pri_value_text(change->attr, &change->held);
	return pri_item_fail(item, -EREMOTEIO, "%s: %s was accepted, but it reads back as %s",
			     item->target.host->backends[item->route->backend].backend->name,
			     wanted ? wanted : "?", held ? held : "?");
}
