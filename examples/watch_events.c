/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watch what happens on a host: domains that start and stop, balloons that move, settings that
 * somebody else changes.
 *
 *     watch_events [URI [SECONDS]]         watch_events qemu:///system
 *
 * Without SECONDS it ends by Ctrl-C.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <pralloc.h>

/* Between two looks at the clock. */
#define WAIT_MS 1000

static int fail(const char *text)
{
	fprintf(stderr, "watch_events: %s\n", text);
	return 1;
}

static void print_change(const struct pr_event *event)
{
	printf("%s: %s%s%s is now ", event->domain, event->attribute, *event->instance ? " " : "",
	       event->instance);
	if (event->after.type == PRALLOC_TYPE_TEXT)
		puts(event->after.text ? event->after.text : "not set");
	else if (event->after.number == PRALLOC_UNLIMITED)
		puts("unlimited");
	else
		printf("%" PRIu64 "\n", event->after.number);
}

static void print_event(const struct pr_event *event)
{
	switch (event->type) {
	case PRALLOC_EVENT_STARTED:
		printf("%s: started\n", event->domain);
		break;
	case PRALLOC_EVENT_STOPPED:
		printf("%s: stopped\n", event->domain);
		break;
	case PRALLOC_EVENT_BALLOON_CHANGED:
	case PRALLOC_EVENT_SETTING_CHANGED:
		print_change(event);
		break;
	case PRALLOC_EVENT_CONNECTION_LOST:
		puts("connection lost");
		break;
	/* Whoever keeps a picture of the host has to make it anew. */
	case PRALLOC_EVENT_CONNECTION_BACK:
	case PRALLOC_EVENT_OVERFLOW:
		puts("something may have been missed: look at all domains again");
		break;
	default:
		printf("%s: event %d\n", event->domain, event->type);
	}
}

static int watch(struct pr_host *host, int timeout_ms)
{
	struct pollfd wait = {.fd = pr_host_event_fd(host), .events = POLLIN};
	struct pr_event event = {.size = sizeof(event)};
	time_t end = time(NULL) + timeout_ms / 1000;
	int r;

	if (wait.fd < 0)
		return fail(pr_host_errmsg(host));
	do {
		while ((r = pr_host_next_event(host, &event, 0)) > 0)
			print_event(&event);
		if (r < 0)
			return fail(pr_host_errmsg(host));
		fflush(stdout);
	} while ((timeout_ms < 0 || time(NULL) < end) &&
		 poll(&wait, 1, timeout_ms < 0 ? -1 : WAIT_MS) >= 0);
	return 0;
}

int main(int argc, char **argv)
{
	const char *uri = argc > 1 ? argv[1] : "qemu:///system";
	int timeout_ms = argc > 2 ? (int)strtol(argv[2], NULL, 10) * 1000 : -1;
	struct pr_ctx *ctx;
	struct pr_host *host = NULL;
	int r;

	if (argc > 3) {
		fprintf(stderr, "usage: watch_events [URI [SECONDS]]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, uri, PRALLOC_READ_ONLY, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	else
		r = watch(host, timeout_ms);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
