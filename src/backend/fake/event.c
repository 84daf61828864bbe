/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Telling what happens.  Whoever did it: the core knows what it did itself. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/core.h"

static void post(struct pri_fake_host *host, const struct pri_fake_domain *domain,
		 struct pri_event *event)
{
	struct pri_identity identity = {.incarnation = 0};

	if (!host->events)
		return;
	if (domain) {
		pri_fake_identify(domain->number, domain, &identity);
		event->uuid = identity.uuid;
		event->name = identity.name;
	}
	pri_fake_core->event_post(host->events, event);
}

void pri_fake_tell(struct pri_fake_host *host, const struct pri_fake_domain *domain, int type)
{
	post(host, domain, &(struct pri_event){.type = type, .attr = PRI_ATTR_NONE});
	if (host->notice_fd >= 0)
		(void)!write(host->notice_fd, &(uint64_t){1}, sizeof(uint64_t));
}

/* Of domains that come and go: a balloon that moves is looked at. */
int pri_fake_notice(struct pri_call *call, int *ret_fd)
{
	struct pri_fake_host *host = call->host;

	if (host->notice_fd < 0)
		host->notice_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*ret_fd = host->notice_fd;
	return host->notice_fd < 0 ? pri_fake_core->fail(call, -EIO, "no descriptor is free") : 0;
}

void pri_fake_tell_setting(const struct pri_call *call, const struct pri_change *change)
{
	/* The balloon tells itself when it has moved. */
	if (change->mode == PRALLOC_CONFIG || change->serve->attr == PRI_MEM_BALLOON)
		return;
	post(call->host, call->domain,
	     &(struct pri_event){
		     .type = PRALLOC_EVENT_SETTING_CHANGED,
		     .attr = change->serve->attr,
		     .instance = change->instance,
		     .after = &change->wanted,
	     });
}

void pri_fake_tell_balloon(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	struct pri_value before = {.number = domain->told_bytes};
	struct pri_value after = {
		.number = pri_fake_balloon_actual(&domain->balloon, pri_fake_core->now_ns())};

	if (after.number == before.number || !domain->running)
		return;
	domain->told_bytes = after.number;
	post(host, domain,
	     &(struct pri_event){
		     .type = PRALLOC_EVENT_BALLOON_CHANGED,
		     .attr = PRI_MEM_BALLOON,
		     .before = &before,
		     .after = &after,
	     });
}

int pri_fake_disconnect(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	if (!host->disconnected)
		pri_fake_tell(host, domain, PRALLOC_EVENT_CONNECTION_LOST);
	host->disconnected = true;
	return 0;
}

int pri_fake_connect(struct pri_fake_host *host, struct pri_fake_domain *domain)
{
	if (host->disconnected)
		pri_fake_tell(host, domain, PRALLOC_EVENT_CONNECTION_BACK);
	host->disconnected = false;
	return 0;
}

int pri_fake_set(struct pri_fake_host *host, struct pri_fake_domain *domain,
		 const struct pri_attr *attr, const char *text, uint32_t mode, bool told,
		 char **error)
{
	const struct pri_fake_row *row = pri_fake_row(pri_attr_id(attr));
	struct pri_change change = {.attr = attr, .instance = "", .mode = mode};
	struct pri_call call = {.host = host, .domain = domain};
	int r;

	if (!row || !row->write || attr->target != PRALLOC_TARGET_DOMAIN)
		return pri_set_error(error, -EINVAL, "set: %s cannot be set", attr->name);
	change.serve = &row->serve;
	r = pri_value_parse(error, attr, text, /* maximum= */ 0, &change.wanted);
	if (r == 0)
		r = row->write(&call, &change);
	if (r == 0 && told)
		pri_fake_tell_setting(&call, &change);
	pri_value_clear(&change.wanted);
	return r < 0 ? -EINVAL : 0;
}

/* Nothing runs here on its own: a balloon that moves is looked at. */
void pri_fake_look(struct pri_call *call)
{
	struct pri_fake_host *host = call->host;

	pri_fake_later(host);
	for (uint32_t i = 0; i < host->count; i++)
		if (host->domains[i])
			pri_fake_tell_balloon(host, host->domains[i]);
}

int pri_fake_listen(struct pri_call *call, struct pri_event_queue *queue)
{
	struct pri_fake_host *host = call->host;
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	/* What happened before is no news. */
	pri_fake_look(call);
	pri_fake_core->event_ref(queue);
	host->events = queue;
	return 0;
}
