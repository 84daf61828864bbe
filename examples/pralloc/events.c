/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000
#define NS_PER_MS 1000000

/* By enum pr_event_type; what a later library adds is "unknown". */
static const char *const names[] = {
	[PRALLOC_EVENT_STARTED] = "started",	     [PRALLOC_EVENT_STOPPED] = "stopped",
	[PRALLOC_EVENT_MIGRATED] = "migrated",	     [PRALLOC_EVENT_BALLOON_CHANGED] = "balloon",
	[PRALLOC_EVENT_SETTING_CHANGED] = "setting", [PRALLOC_EVENT_CONNECTION_LOST] = "lost",
	[PRALLOC_EVENT_CONNECTION_BACK] = "back",    [PRALLOC_EVENT_OVERFLOW] = "overflow",
	[PRALLOC_EVENT_REBOOTED] = "rebooted",
};

struct watch {
	struct app *app;
	int fd;
	uint32_t seen;
	uint64_t end_ns; /* 0: none */
};

static const char *name_of(int type)
{
	bool known = type > 0 && (size_t)type < sizeof(names) / sizeof(names[0]);

	return known ? names[type] : "unknown";
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* The time of an event by the clock on the wall: "2026-11-23T21:14:05.123Z". */
static void time_text(uint64_t event_ns, char text[32])
{
	uint64_t age_ns = clock_ns(CLOCK_MONOTONIC) - event_ns;
	uint64_t wall_ns = clock_ns(CLOCK_REALTIME) - age_ns;
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;
	size_t length;

	gmtime_r(&seconds, &tm);
	length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, 32 - length, ".%03uZ",
		 (unsigned int)(wall_ns % NS_PER_S / NS_PER_MS));
}

static void print_json(struct app *app, const struct pr_event *event)
{
	struct json_object *object = need(json_object_new_object());
	char time[32];

	time_text(event->time_ns, time);
	json_put(object, "event", json_text(name_of(event->type)));
	json_put(object, "time", json_text(time));
	json_put(object, "time_ns", json_number(event->time_ns));
	json_put(object, "domain", json_text(event->domain));
	json_put(object, "uuid", json_text(event->uuid));
	json_put(object, "attribute", json_text(event->attribute));
	json_put(object, "instance", json_text(event->instance));
	json_put(object, "before", json_value(app, event->attribute, &event->before));
	json_put(object, "after", json_value(app, event->attribute, &event->after));
	json_print_line(object);
	json_object_put(object);
}

static char *change_text(struct app *app, const struct pr_event *event)
{
	char *name = attribute_text(event->attribute, event->instance);
	char *before = value_short(app, event->attribute, &event->before);
	char *after = value_short(app, event->attribute, &event->after);
	char *text;

	if (event->before.type)
		text = format_text("%s %s %s %s", name, before, app->arrow, after);
	else if (event->after.type && *event->attribute)
		text = format_text("%s %s", name, after);
	else if (event->after.type)
		text = format_text("%s lost", after);
	else
		text = copy_text(name);
	free(name);
	free(before);
	free(after);
	return text;
}

static void print_text(struct app *app, const struct pr_event *event)
{
	char *change = change_text(app, event);
	char time[32];

	time_text(event->time_ns, time);
	printf("%s  %-12s  %s%s%s\n", time, *event->domain ? event->domain : "@host",
	       name_of(event->type), *change ? "  " : "", change);
	free(change);
}

static bool has_enough(const struct watch *watch)
{
	uint32_t wanted = watch->app->options.count;

	return wanted && watch->seen >= wanted;
}

/* All that there are now; 0 or an error. */
static int print_events(struct watch *watch)
{
	struct pr_event event = {.size = sizeof(event)};
	struct app *app = watch->app;
	int r;

	while (!has_enough(watch) && (r = pr_host_next_event(app->host, &event, 0)) != 0) {
		if (r < 0)
			return r;
		watch->seen++;
		(app->out ? print_json : print_text)(app, &event);
	}
	return 0;
}

/* False when the time is over, or when nobody reads what is printed any more. */
static bool wait_for_more(const struct watch *watch)
{
	struct pollfd fds[] = {{.fd = watch->fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC), left_ns = 0;
	struct timespec left;
	int r;

	if (fflush(stdout) != 0 || (watch->end_ns && now_ns >= watch->end_ns))
		return false;
	if (watch->end_ns)
		left_ns = watch->end_ns - now_ns;
	left.tv_sec = (time_t)(left_ns / NS_PER_S);
	left.tv_nsec = (long)(left_ns % NS_PER_S);
	r = ppoll(fds, 2, watch->end_ns ? &left : NULL, /* sigmask= */ NULL);
	return r > 0 && fds[1].revents == 0;
}

int run_events(struct app *app, const char **words, size_t count)
{
	struct watch watch = {.app = app, .fd = pr_host_event_fd(app->host)};
	int r;

	(void)words;
	(void)count;
	if (watch.fd < 0)
		return fail(app, watch.fd, "%s", pr_host_errmsg(app->host));
	if (app->options.timeout_ms)
		watch.end_ns =
			clock_ns(CLOCK_MONOTONIC) + (uint64_t)app->options.timeout_ms * NS_PER_MS;
	do
		r = print_events(&watch);
	while (r == 0 && !has_enough(&watch) && wait_for_more(&watch));
	if (r < 0)
		return fail(app, r, "%s", pr_host_errmsg(app->host));
	if (app->options.count && !has_enough(&watch) && !ferror(stdout))
		return fail(app, -ETIMEDOUT, "%" PRIu32 " of %" PRIu32 " events came in time",
			    watch.seen, app->options.count);
	return EXIT_DONE;
}
