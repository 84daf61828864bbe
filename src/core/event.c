/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens on a host: started when somebody asks, given out one by one. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "core/event.h"
#include "util/growing.h"

#define NS_PER_S UINT64_C(1000000000)

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void pri_listener_free(struct pri_listener *listener)
{
	if (!listener)
		return;
	pri_own_clear(listener);
	pri_queued_clear(&listener->current);
	close_fd(listener->fd);
	close_fd(listener->timer);
	pri_event_unref(listener->queue);
	free(listener);
}

static int watch_fd(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -EIO : 0;
}

static int listener_new(struct pri_listener **ret_listener)
{
	struct pri_listener *listener = calloc(1, sizeof(*listener));
	int r;

	if (!listener)
		return -ENOMEM;
	listener->current.attr = PRI_ATTR_NONE;
	listener->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	listener->fd = epoll_create1(EPOLL_CLOEXEC);
	r = listener->timer < 0 || listener->fd < 0 ? -EIO : pri_event_queue_new(&listener->queue);
	if (r == 0)
		r = watch_fd(listener->fd, pri_event_queue_fd(listener->queue));
	if (r == 0)
		r = watch_fd(listener->fd, listener->timer);
	if (r < 0)
		pri_listener_free(listener);
	else
		*ret_listener = listener;
	return r;
}

void pri_listener_schedule(struct pri_listener *listener)
{
	struct itimerspec due = {0};

	if (listener->look_ns)
		return;
	listener->look_ns = pri_now_ns() + PRI_EVENT_LOOK_NS;
	due.it_value.tv_sec = (time_t)(listener->look_ns / NS_PER_S);
	due.it_value.tv_nsec = (long)(listener->look_ns % NS_PER_S);
	timerfd_settime(listener->timer, TFD_TIMER_ABSTIME, &due, NULL);
}

static bool backends_look(const struct pr_host *host)
{
	for (size_t i = 0; i < host->backend_count; i++)
		if (host->backends[i].backend->look)
			return true;
	return false;
}

static int listen_to(struct pr_host *host, struct pri_event_queue *queue, size_t backend,
		     char **error)
{
	struct pri_target target = {.host = host};
	struct pri_call call;
	int r = pri_call_begin(&call, &target, backend, pri_deadline(host->ctx));

	if (r == 0)
		r = call.backend->listen(&call, queue);
	if (r < 0)
		return pri_call_failed(&call, r, "events", error);
	free(call.error);
	return 0;
}

static int listen_to_all(struct pr_host *host, struct pri_event_queue *queue, char **error)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->backend_count; i++) {
		if (!host->backends[i].backend->listen)
			continue;
		any = true;
		r = listen_to(host, queue, i, error);
	}
	if (!any)
		return pri_set_error(error, -EOPNOTSUPP, "%s has no events", host->uri);
	return r;
}

static int start(struct pr_host *host, char **error)
{
	struct pri_listener *listener;
	int r;

	if (host->listener)
		return 0;
	r = listener_new(&listener);
	if (r < 0)
		return pri_set_error(error, r, "events: %s", strerror(errno));
	r = listen_to_all(host, listener->queue, error);
	if (r < 0) {
		pri_listener_free(listener);
		return r;
	}
	host->listener = listener;
	if (backends_look(host))
		pri_listener_schedule(listener);
	return 0;
}

int pr_host_event_fd(struct pr_host *host)
{
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	r = start(host, &error);
	r = pri_host_result(host, r, &error);
	return r < 0 ? r : host->listener->fd;
}

/* Whether the caller is told; keeps what is known of own settings up to date. */
static bool is_news(struct pri_listener *listener, struct pri_queued *event)
{
	switch (event->type) {
	case PRALLOC_EVENT_SETTING_CHANGED:
		return !pri_own_expects(listener, event);
	case PRALLOC_EVENT_STARTED:
	case PRALLOC_EVENT_STOPPED:
	case PRALLOC_EVENT_MIGRATED:
		pri_own_forget(listener, event->uuid, event->time_ns);
		return true;
	default:
		return true;
	}
}

static bool take_next(struct pri_listener *listener)
{
	struct pri_queued *current = &listener->current;

	do
		pri_queued_clear(current);
	while (pri_event_queue_pop(listener->queue, current) && !is_news(listener, current));
	return current->type != 0;
}

static void look(struct pr_host *host)
{
	struct pri_listener *listener = host->listener;
	struct pri_target target = {.host = host};
	struct pri_call call;

	for (size_t i = 0; i < host->backend_count; i++) {
		if (!host->backends[i].backend->look)
			continue;
		if (pri_call_begin(&call, &target, i, pri_deadline(host->ctx)) == 0)
			call.backend->look(&call);
		free(call.error);
	}
	if (!listener->look_ns || pri_now_ns() < listener->look_ns)
		return;
	pri_own_compare(host);
	listener->look_ns = 0;
	timerfd_settime(listener->timer, 0, &(struct itimerspec){0}, NULL);
	if (listener->own_count > 0 || backends_look(host))
		pri_listener_schedule(listener);
}

static void show_value(struct pr_value *out, const struct pri_queued *event,
		       const struct pri_value *value, bool known)
{
	bool is_text = event->attr != PRI_ATTR_NONE && pri_attr_is_text(&pri_attrs[event->attr]);

	*out = (struct pr_value){.size = sizeof(*out)};
	if (!known)
		return;
	out->type = is_text ? PRALLOC_TYPE_TEXT : PRALLOC_TYPE_U64;
	out->number = value->text ? 0 : value->number;
	out->text = value->text;
}

static void give_out(struct pr_event *event, const struct pri_queued *current)
{
	struct pr_event full = {
		.type = current->type,
		.domain = current->name,
		.uuid = current->uuid,
		.attribute = current->attr == PRI_ATTR_NONE ? "" : pri_attrs[current->attr].name,
		.instance = current->instance ? current->instance : "",
		.time_ns = current->time_ns,
	};

	show_value(&full.before, current, &current->before, current->has_before);
	show_value(&full.after, current, &current->after, current->has_after);
	pri_fill(event, &full, sizeof(full));
}

static int next_event(struct pr_host *host, struct pr_event *event, uint32_t flags, char **error)
{
	int r = pri_flags_check(flags, 0, error);

	if (r < 0)
		return r;
	if (!event || event->size < PRI_SIZE_UP_TO(struct pr_event, time_ns))
		return pri_set_error(error, -EINVAL,
				     "event is NULL or event->size is not sizeof(struct pr_event)");
	r = start(host, error);
	if (r < 0)
		return r;
	if (!take_next(host->listener)) {
		look(host);
		if (!take_next(host->listener))
			return 0;
	}
	give_out(event, &host->listener->current);
	return 1;
}

int pr_host_next_event(struct pr_host *host, struct pr_event *event, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	r = next_event(host, event, flags, &error);
	return pri_host_result(host, r, &error);
}
