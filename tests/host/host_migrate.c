/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest that moves to another libvirtd under open handles; runs by migrate.sh. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define GUEST "migrant"
#define EVENT_MS 10000

static const char *other_uri(void)
{
	const char *uri = getenv("PRALLOC_OTHER_URI");

	if (!uri)
		cr_skip_test("there is no other libvirtd (tests/host/migrate.sh)");
	return uri;
}

static void need_guest(void)
{
	host_need_bed();
	other_uri();
	host_need_guest(GUEST, NULL);
}

TestSuite(host_migrate, .init = need_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

/* The migration's socket is made by QEMU, whose user may write here. */
static int try_migrate(const char *from, const char *to, const char *options)
{
	char path[64];
	int status;

	snprintf(path, sizeof(path), "/var/tmp/pralloc-migrate.%d.sock", (int)getpid());
	status = bed_virsh(NULL, 0,
			   "-c '%s' migrate --live --unsafe --persistent --undefinesource %s %s "
			   "'%s' --migrateuri unix://%s",
			   from, options, GUEST, to, path);
	/* QEMU leaves it. */
	unlink(path);
	return status;
}

static void migrate(const char *from, const char *to)
{
	int status = try_migrate(from, to, "");

	cr_assert_eq(status, 0, "virsh migrate ended with %d: %s", status, bed_error());
}

static void listen_to(struct pr_host *host)
{
	cr_assert_geq(pr_host_event_fd(host), 0, "%s", pr_host_errmsg(host));
}

/* That it has gone, or come, and not that it was stopped, or started. */
static void expect_migrated(struct pr_host *host, const char *where)
{
	struct pr_event event = {.size = sizeof(event)};
	uint64_t begun = host_now_ms();
	int r = 0;

	while (host_now_ms() - begun < EVENT_MS) {
		r = pr_host_next_event(host, &event, 0);
		cr_assert_geq(r, 0, "%s: got %d: %s", where, r, pr_host_errmsg(host));
		if (r > 0 && event.type == PRALLOC_EVENT_MIGRATED)
			break;
		cr_assert(r == 0 || (event.type != PRALLOC_EVENT_STARTED &&
				     event.type != PRALLOC_EVENT_STOPPED),
			  "%s: event %d", where, event.type);
		if (r == 0)
			host_sleep_ms(20);
	}
	cr_assert_gt(r, 0, "%s: no event tells that it has migrated", where);
	cr_expect_str_eq(event.domain, GUEST, "%s: %s", where, event.domain);
}

Test(host_migrate, settings_move_with_the_domain)
{
	const char *to = other_uri();
	struct host_bed bed;
	struct pr_host *other = NULL;
	struct pr_domain *moved = NULL;
	int state = 0;

	host_open(&bed, GUEST, 0);
	host_set(bed.dom, "cpu.shares", NULL, "2048", PRALLOC_LIVE | PRALLOC_CONFIG);
	cr_assert_eq(pr_host_open(bed.ctx, to, 0, &other), 0, "%s", pr_ctx_errmsg(bed.ctx));
	cr_assert_eq(pr_domain_open(other, pr_domain_uuid(bed.dom), 0, &moved), -ENOENT,
		     "it is there before it has moved");
	listen_to(bed.host);
	listen_to(other);
	migrate(bed_uri(), to);
	expect_migrated(bed.host, "where it was");
	expect_migrated(other, "where it is");

	host_expect_refused(bed.dom, pr_cpu_set_shares(bed.dom, 512, 0), -ENOENT, GUEST);
	cr_assert_eq(pr_domain_open(other, pr_domain_uuid(bed.dom), 0, &moved), 0, "%s",
		     pr_host_errmsg(other));
	cr_assert_eq(pr_domain_state(moved, &state, 0), 0, "%s", pr_domain_errmsg(moved));
	cr_assert_eq(state, PRALLOC_DOMAIN_RUNNING, "wanted it running, got state %d", state);
	host_expect(moved, "cpu.shares", NULL, "2048", PRALLOC_LIVE);
	host_expect(moved, "cpu.shares", NULL, "2048", PRALLOC_CONFIG);
	host_set(moved, "cpu.shares", NULL, "1024", 0);

	migrate(to, bed_uri());
	host_expect(bed.dom, "cpu.shares", NULL, "1024", PRALLOC_LIVE);
	pr_domain_close(moved);
	pr_host_close(other);
	host_close(&bed);
}

/* -- while it is on its way -- */

/* At 1 MiB/s it takes longer than any of this; it is given up in the end. */
static void *migrate_slowly(void *to)
{
	try_migrate(bed_uri(), to, "--bandwidth 1");
	return NULL;
}

/* The check's result once it is another one than before. */
static int check_until(struct pr_plan *plan, int before)
{
	uint64_t begun = host_now_ms();
	int r;

	while ((r = pr_plan_check(plan, 0)) == before && host_now_ms() - begun < EVENT_MS)
		host_sleep_ms(20);
	return r;
}

/* Where it is to come, it is no domain of a plan yet either. */
static void expect_coming(struct pr_ctx *ctx, const char *to)
{
	struct pr_plan *plan = NULL;
	struct pr_host *other = NULL;
	struct pr_domain *dom = NULL;
	uint64_t begun = host_now_ms();
	int r;

	cr_assert_eq(pr_host_open(ctx, to, 0, &other), 0, "%s", pr_ctx_errmsg(ctx));
	cr_assert_eq(pr_domain_open(other, GUEST, 0, &dom), 0, "%s", pr_host_errmsg(other));
	cr_assert_eq(pr_plan_new(ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, dom, "cpu.shares", NULL, 3000), 0);
	/* At first it is being started there. */
	while ((r = pr_plan_check(plan, 0)) == -EBUSY &&
	       !strstr(pr_plan_errmsg(plan), "migrated to this host") &&
	       host_now_ms() - begun < EVENT_MS)
		host_sleep_ms(20);
	cr_assert_eq(r, -EBUSY, "check: got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert(strstr(pr_plan_errmsg(plan), "migrated to this host"), "%s",
		  pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_domain_close(dom);
	pr_host_close(other);
}

Test(host_migrate, a_plan_is_refused_while_it_migrates)
{
	char *to = (char *)other_uri();
	struct pr_plan *plan = NULL;
	struct host_bed bed;
	pthread_t thread;
	int r;

	host_open(&bed, GUEST, 0);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "cpu.shares", NULL, 3000), 0);
	cr_assert_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pthread_create(&thread, NULL, migrate_slowly, to), 0);
	r = check_until(plan, 0);
	cr_assert_eq(r, -EBUSY, "check: got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert(strstr(pr_plan_errmsg(plan), "migrated to another host"), "%s",
		  pr_plan_errmsg(plan));
	expect_coming(bed.ctx, to);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, -EBUSY, "apply: got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert_eq(bed_virsh(NULL, 0, "domjobabort " GUEST), 0, "%s", bed_error());
	pthread_join(thread, NULL);
	r = check_until(plan, -EBUSY);
	cr_assert_eq(r, 0, "after it was given up: %s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_apply(plan, HOST_PATIENCE_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	host_close(&bed);
}
