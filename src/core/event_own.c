/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this handle has written, to tell it from what somebody else has.
 *
 * A hypervisor tells each change of a setting, or none, and not who made it.  So of each write an
 * echo is awaited for a while: the event of that value is no news.  And from time to time what was
 * written is read: where it is another value, it was changed behind our back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/event.h"

/* Looking must not cost a program that waits for events more than that. */
#define COMPARE_LIMIT_NS UINT64_C(1000000000)

static const struct pri_attr *attr_of(const struct pri_own *own)
{
	return &pri_attrs[own->attr];
}

static void clear_echoes(struct pri_own *own)
{
	for (size_t i = 0; i < own->echo_count; i++)
		pri_value_clear(&own->echoes[i]);
	own->echo_count = 0;
}

static void clear(struct pri_own *own)
{
	clear_echoes(own);
	pri_value_clear(&own->last);
	free(own->instance);
}

void pri_own_clear(struct pri_listener *listener)
{
	for (size_t i = 0; i < listener->own_count; i++)
		clear(&listener->owns[i]);
	free(pri_steal(listener->owns));
	listener->own_count = listener->own_room = 0;
}

static void forget(struct pri_listener *listener, size_t index)
{
	clear(&listener->owns[index]);
	listener->own_count--;
	memmove(&listener->owns[index], &listener->owns[index + 1],
		(listener->own_count - index) * sizeof(*listener->owns));
}

void pri_own_forget(struct pri_listener *listener, const char *uuid, uint64_t time_ns)
{
	for (size_t i = listener->own_count; i-- > 0;)
		if (strcmp(listener->owns[i].uuid, uuid) == 0 &&
		    listener->owns[i].set_ns <= time_ns)
			forget(listener, i);
}

static bool same_instance(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static struct pri_own *find(struct pri_listener *listener, const char *uuid, int attr,
			    const char *instance)
{
	for (size_t i = 0; i < listener->own_count; i++) {
		struct pri_own *own = &listener->owns[i];

		if (own->attr == attr && strcmp(own->uuid, uuid) == 0 &&
		    same_instance(own->instance, instance))
			return own;
	}
	return NULL;
}

static struct pri_own *add(struct pri_listener *listener, const char *uuid, int attr,
			   const char *instance)
{
	struct pri_own *own;

	if (listener->own_count == listener->own_room) {
		size_t room = listener->own_room ? 2 * listener->own_room : 8;
		void *owns = realloc(listener->owns, room * sizeof(*listener->owns));

		if (!owns)
			return NULL;
		listener->owns = owns;
		listener->own_room = room;
	}
	own = &listener->owns[listener->own_count];
	*own = (struct pri_own){.attr = attr};
	snprintf(own->uuid, sizeof(own->uuid), "%s", uuid);
	if (*instance && !(own->instance = strdup(instance)))
		return NULL;
	listener->own_count++;
	return own;
}

static bool echoes_may_come(const struct pri_own *own, uint64_t time_ns)
{
	return time_ns < own->set_ns + PRI_EVENT_ECHO_NS;
}

static void await_echo(struct pri_own *own, const struct pri_value *wanted)
{
	uint64_t now_ns = pri_now_ns();

	if (!echoes_may_come(own, now_ns))
		clear_echoes(own);
	own->set_ns = now_ns;
	if (own->echo_count < PRI_EVENT_ECHOES &&
	    pri_value_copy(&own->echoes[own->echo_count], wanted) == 0)
		own->echo_count++;
	else
		own->blurred_ns = now_ns + PRI_EVENT_ECHO_NS;
}

/* Without memory for the note, a write of our own is told like that of somebody else. */
void pri_own_note(const struct pri_item *item)
{
	struct pri_listener *listener = item->target.host->listener;
	const struct pri_change *change = &item->change;
	const char *uuid = item->target.domain ? item->target.domain->identity.uuid : "";
	bool was_read = change->verify && change->error == 0;
	struct pri_own *own;

	/* Whether it was written at all is news. */
	if (!listener || !change->took || change->unsure || change->mode != PRALLOC_LIVE ||
	    pri_attr_is(change->attr, PRALLOC_ATTR_ASYNC))
		return;
	own = find(listener, uuid, pri_attr_id(change->attr), change->instance);
	if (!own)
		own = add(listener, uuid, pri_attr_id(change->attr), change->instance);
	if (!own || pri_value_copy(&own->last, was_read ? &change->held : &change->wanted) < 0)
		return;
	await_echo(own, &change->wanted);
	pri_listener_schedule(listener);
}

static bool is_echo(const struct pri_own *own, const struct pri_value *echo,
		    const struct pri_queued *event)
{
	/* What "not set" is, the hypervisor knows. */
	bool unset = echo->number == PRALLOC_DEFAULT && !echo->text;

	return !event->has_after || unset || pri_value_equal(attr_of(own), echo, &event->after);
}

/* Echoes come in the order of the writes; those before one that came were not told. */
static bool take_echo(struct pri_own *own, const struct pri_queued *event)
{
	size_t taken = 0;

	if (!echoes_may_come(own, event->time_ns))
		clear_echoes(own);
	while (taken < own->echo_count && !is_echo(own, &own->echoes[taken], event))
		taken++;
	if (taken == own->echo_count)
		return false;
	taken++;
	for (size_t i = 0; i < taken; i++)
		pri_value_clear(&own->echoes[i]);
	own->echo_count -= taken;
	memmove(own->echoes, own->echoes + taken, own->echo_count * sizeof(*own->echoes));
	memset(own->echoes + own->echo_count, 0, taken * sizeof(*own->echoes));
	return true;
}

/*
 * Whether it is of the same device as a setting that was written just then: a hypervisor may take
 * all settings of a device in one request, and tell all of them.
 */
static bool stands_beside(const struct pri_listener *listener, const struct pri_queued *event)
{
	for (size_t i = 0; event->instance && i < listener->own_count; i++) {
		const struct pri_own *own = &listener->owns[i];

		if (own->attr == event->attr)
			continue;
		if (attr_of(own)->resource == pri_attrs[event->attr].resource &&
		    echoes_may_come(own, event->time_ns) && strcmp(own->uuid, event->uuid) == 0 &&
		    same_instance(own->instance, event->instance))
			return true;
	}
	return false;
}

bool pri_own_expects(struct pri_listener *listener, struct pri_queued *event)
{
	struct pri_own *own = find(listener, event->uuid, event->attr, event->instance);

	/* What is not told here and is no echo is found by the comparison. */
	if (!own)
		return stands_beside(listener, event);
	if (take_echo(own, event) || event->time_ns < own->blurred_ns ||
	    stands_beside(listener, event))
		return true;
	/* The comparison was faster. */
	if (event->has_after && own->echo_count == 0 &&
	    pri_value_equal(attr_of(own), &own->last, &event->after))
		return true;
	if (!event->has_before)
		event->has_before = pri_value_copy(&event->before, &own->last) == 0;
	/* While echoes are awaited, what was written is newer than this. */
	if (event->has_after && own->echo_count == 0)
		pri_value_copy(&own->last, &event->after);
	return false;
}

static void tell(struct pr_host *host, const struct pri_target *target, const struct pri_own *own,
		 const struct pri_value *held)
{
	const struct pri_identity *identity = target->domain ? &target->domain->identity : NULL;

	pri_event_post(host->listener->queue, &(struct pri_event){
						      .type = PRALLOC_EVENT_SETTING_CHANGED,
						      .uuid = identity ? identity->uuid : NULL,
						      .name = identity ? identity->name : NULL,
						      .attr = own->attr,
						      .instance = own->instance,
						      .before = &own->last,
						      .after = held,
					      });
}

static void compare_one(struct pr_host *host, struct pri_own *own, const struct pri_item *item)
{
	const struct pri_value *held = &item->change.held;
	uint64_t now_ns = pri_now_ns();

	if (item->change.error < 0 || pri_value_equal(attr_of(own), &own->last, held))
		return;
	/* An event that is on its way may tell that it was ourselves. */
	if (now_ns < own->blurred_ns || (own->echo_count > 0 && echoes_may_come(own, now_ns)))
		return;
	clear_echoes(own);
	/* Told as it is: nothing of it is expected any more. */
	tell(host, &item->target, own, held);
}

static void begin_item(struct pri_item *item, const struct pri_target *target,
		       const struct pri_own *own)
{
	*item = (struct pri_item){
		.target = *target,
		.route = pri_route(target->host, attr_of(own), PRALLOC_LIVE),
		.change = {.attr = attr_of(own),
			   .instance = own->instance ? own->instance : "",
			   .mode = PRALLOC_LIVE},
	};
	item->change.serve = item->route->serve;
	/* What was wanted tells "not set" from the value that is the same. */
	pri_value_copy(&item->change.wanted, &own->last);
}

/* The n settings of one target. */
static void compare_owns(const struct pri_target *target, struct pri_own **owns, size_t n)
{
	pri_autofree struct pri_item *items = calloc(n, sizeof(*items));
	pri_autofree struct pri_item **list = calloc(n, sizeof(struct pri_item *));

	if (!items || !list)
		return;
	for (size_t i = 0; i < n; i++) {
		begin_item(&items[i], target, owns[i]);
		list[i] = &items[i];
	}
	pri_batch_read(list, n, pri_deadline(target->host->ctx));
	for (size_t i = 0; i < n; i++) {
		compare_one(target->host, owns[i], &items[i]);
		pri_item_clear(&items[i]);
	}
}

/* Everything of the target of one setting. */
static void compare_target(struct pr_host *host, struct pri_listener *listener, size_t first)
{
	pri_autofree struct pri_own **owns = calloc(listener->own_count, sizeof(struct pri_own *));
	pri_autofree char *error = NULL;
	struct pri_target target = {.host = host};
	char uuid[sizeof(listener->owns->uuid)];
	size_t n = 0;
	int r = 0;

	memcpy(uuid, listener->owns[first].uuid, sizeof(uuid));
	for (size_t i = first; i < listener->own_count; i++) {
		if (strcmp(listener->owns[i].uuid, uuid) != 0)
			continue;
		listener->owns[i].looked_at = true;
		if (owns && pri_route(host, attr_of(&listener->owns[i]), PRALLOC_LIVE)->serve)
			owns[n++] = &listener->owns[i];
	}
	if (*uuid)
		r = pri_domain_open(host, uuid, &target.domain, &error);
	/* A domain that is off has no live settings any more. */
	if (r == -ENOENT || r == -ESTALE ||
	    (target.domain && target.domain->identity.state == PRALLOC_DOMAIN_OFF))
		pri_own_forget(listener, uuid, UINT64_MAX);
	else if (r == 0 && n > 0)
		compare_owns(&target, owns, n);
	pr_domain_close(target.domain);
}

void pri_own_compare(struct pr_host *host)
{
	struct pri_listener *listener = host->listener;

	pri_deadline_set(host->ctx, pri_now_ns() + COMPARE_LIMIT_NS);
	for (size_t i = 0; i < listener->own_count; i++)
		listener->owns[i].looked_at = false;
	for (size_t i = 0; i < listener->own_count;) {
		if (listener->owns[i].looked_at)
			i++;
		else
			compare_target(host, listener, i);
	}
}
