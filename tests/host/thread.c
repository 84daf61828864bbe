/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Different contexts in different threads do not disturb each other.  A plain program, since
 * ThreadSanitizer does not start under Criterion:
 *
 *     meson setup build-tsan -Db_sanitize=thread -Db_lundef=false
 *     meson test -C build-tsan thread
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <pralloc.h>

#define OPERATIONS 1000
#define MIB (UINT64_C(1) << 20)

/* The domain "test" of libvirt's test driver is one for the whole process, so that its threads
 * need attributes of their own; each fake host has its own domains. */
static struct worker {
	const char *uri, *domain, *attribute;
	uint64_t base, step;
	pthread_t thread;
	char error[512];
} workers[] = {
	{"fake:", "vm1", "cpu.shares", 512, 8},
	{"fake:", "vm1", "mem.soft_limit", 64 * MIB, MIB},
	{"test:///default", "test", "mem.soft_limit", 64 * MIB, MIB},
	{"test:///default", "test", "mem.hard_limit", 4096 * MIB, MIB},
};

#define WORKERS (sizeof(workers) / sizeof(workers[0]))

struct handles {
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom;
};

static int failed(struct worker *worker, const char *what, int code, const char *text)
{
	snprintf(worker->error, sizeof(worker->error), "%s %s: %s: %d: %s", worker->uri,
		 worker->attribute, what, code, text);
	return -1;
}

static int open_all(struct worker *worker, struct handles *handles)
{
	int r = pr_ctx_new(&handles->ctx);

	if (r < 0)
		return failed(worker, "context", r, strerror(-r));
	r = pr_host_open(handles->ctx, worker->uri, 0, &handles->host);
	if (r < 0)
		return failed(worker, "host", r, pr_ctx_errmsg(handles->ctx));
	r = pr_domain_open(handles->host, worker->domain, 0, &handles->dom);
	if (r < 0)
		return failed(worker, "domain", r, pr_host_errmsg(handles->host));
	r = pr_host_event_fd(handles->host);
	if (r < 0)
		return failed(worker, "events", r, pr_host_errmsg(handles->host));
	return 0;
}

/* What this thread writes is no news to it. */
static int expect_no_event(struct worker *worker, struct pr_host *host)
{
	struct pr_event event = {.size = sizeof(event)};
	int r = pr_host_next_event(host, &event, 0);

	if (r < 0)
		return failed(worker, "next event", r, pr_host_errmsg(host));
	return r == 0 ? 0 : failed(worker, "wanted no event", event.type, event.attribute);
}

/* A write, a read, and now and then something that fails: texts are the handle's own. */
static int operate(struct worker *worker, struct pr_domain *dom, unsigned int i)
{
	uint64_t wanted = worker->base + i % 64 * worker->step, got = 0;
	int r = pr_set_u64(dom, worker->attribute, NULL, wanted, PRALLOC_ALLOW_HARM);

	if (r < 0)
		return failed(worker, "set", r, pr_domain_errmsg(dom));
	r = pr_get_u64(dom, worker->attribute, NULL, &got, 0);
	if (r < 0)
		return failed(worker, "get", r, pr_domain_errmsg(dom));
	if (got != wanted) {
		snprintf(worker->error, sizeof(worker->error),
			 "%s %s: wanted %" PRIu64 ", got %" PRIu64, worker->uri, worker->attribute,
			 wanted, got);
		return -1;
	}
	if (i % 10)
		return 0;
	r = pr_set_u64(dom, worker->attribute, NULL, 0, 0);
	if (r != -EINVAL && r != -ERANGE)
		return failed(worker, "wanted 0 to be refused", r, pr_domain_errmsg(dom));
	if (!strstr(pr_domain_errmsg(dom), worker->attribute))
		return failed(worker, "wanted the attribute in the text", r, pr_domain_errmsg(dom));
	return 0;
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct handles handles = {0};
	int r = open_all(worker, &handles);

	for (unsigned int i = 0; r == 0 && i < OPERATIONS; i++)
		r = operate(worker, handles.dom, i) < 0 ? -1
							: expect_no_event(worker, handles.host);
	pr_domain_close(handles.dom);
	pr_host_close(handles.host);
	pr_ctx_unref(handles.ctx);
	return NULL;
}

int main(void)
{
	/* Threads of the library end behind our back, and a leak checker would see them half-way. */
	const struct timespec end = {.tv_nsec = 100000000};
	int failures = 0;

	for (size_t i = 0; i < WORKERS; i++) {
		if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0) {
			fprintf(stderr, "thread: cannot start thread %zu\n", i);
			return 1;
		}
	}
	for (size_t i = 0; i < WORKERS; i++) {
		pthread_join(workers[i].thread, NULL);
		if (!*workers[i].error)
			continue;
		fprintf(stderr, "thread: %s\n", workers[i].error);
		failures++;
	}
	nanosleep(&end, NULL);
	return failures > 0;
}
