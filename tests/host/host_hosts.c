/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One plan over two hosts: two libvirtd in beds of their own (hosts.sh).  Calls on both are under way
 * at once, and what fails on one is taken back on the other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"

#define GUEST "hosts-here"
#define OTHER_GUEST "hosts-there"
#define START (128 * MIB)
/* Domains that are off, on each host: each has its persistent value written. */
#define DOMAINS 40

static struct host_bed here, there;

static void open_both(void)
{
	static const struct bed_guest_options options = {.memory_mib = 128, .vcpus = 1};
	const char *uri = getenv("PRALLOC_OTHER_URI");

	host_need_bed();
	if (!uri)
		cr_skip_test("there is no second host (hosts.sh makes one)");
	host_need_guest(GUEST, &options);
	host_open(&here, GUEST, 0);
	there.ctx = here.ctx;
	cr_assert_eq(pr_host_open(here.ctx, uri, 0, &there.host), 0, "%s", pr_ctx_errmsg(here.ctx));
	there.dom = host_domain(&there, OTHER_GUEST);
}

static void close_both(void)
{
	pr_domain_close(there.dom);
	pr_host_close(there.host);
	host_close(&here);
}

TestSuite(host_hosts, .init = open_both, .fini = close_both, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static struct pr_plan *new_plan(void)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(here.ctx, &plan), 0);
	return plan;
}

static void add(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
		const char *value)
{
	cr_assert_eq(pr_plan_set_str(plan, dom, attribute, NULL, value), 0, "%s",
		     pr_plan_errmsg(plan));
}

/* Both balloons move, and come back. */
Test(host_hosts, both_as_one)
{
	struct pr_plan *plan = new_plan();

	add(plan, here.dom, "cpu.shares", "512");
	add(plan, there.dom, "cpu.shares", "4096");
	add(plan, here.dom, "mem.balloon", "112M");
	add(plan, there.dom, "mem.balloon", "112M");
	cr_assert_eq(pr_plan_apply(plan, HOST_PATIENCE_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(host_number(here.dom, "cpu.shares"), 512);
	cr_assert_eq(host_number(there.dom, "cpu.shares"), 4096);
	cr_assert_eq(host_number(there.dom, "mem.actual"), 112 * MIB);
	cr_assert_eq(pr_plan_undo(plan, HOST_PATIENCE_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(host_number(there.dom, "cpu.shares"), 1024);
	cr_assert_eq(host_number(there.dom, "mem.actual"), START);
	cr_assert_eq(host_number(here.dom, "mem.actual"), START);
	pr_plan_free(plan);
}

/* In the middle the guest here is killed: the one there gets back what it had. */
static void kill_guest(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};
	bool *done = data;

	if (*done || pr_plan_step(plan, index, &step) < 0 || step.status != PRALLOC_STEP_WAITING)
		return;
	*done = true;
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
}

Test(host_hosts, failure_on_one)
{
	struct pr_plan *plan = new_plan();
	bool done = false;
	int r;

	add(plan, here.dom, "mem.balloon", "100M");
	add(plan, there.dom, "cpu.shares", "512");
	add(plan, there.dom, "mem.balloon", "112M");
	pr_plan_set_progress(plan, kill_guest, &done);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, PRALLOC_ALLOW_HARM);
	cr_assert(done && r < 0, "%d %s", r, pr_plan_errmsg(plan));
	cr_assert_eq(host_number(there.dom, "cpu.shares"), 1024);
	cr_assert_eq(host_number(there.dom, "mem.actual"), START);
	pr_plan_free(plan);
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
}

static void define_off(const char *uri)
{
	char path[256];

	for (int i = 1; i <= DOMAINS; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/off.xml", bed_dir());
		file = fopen(path, "we");
		cr_assert(file);
		fprintf(file,
			"<domain type='qemu'><name>off%d</name><memory unit='MiB'>64</memory>"
			"<os><type arch='x86_64'>hvm</type></os></domain>",
			i);
		fclose(file);
		cr_assert_eq(bed_virsh(NULL, 0, "-c %s define %s", uri, path), 0, "%s",
			     bed_error());
	}
}

static void undefine_off(const char *uri)
{
	for (int i = 1; i <= DOMAINS; i++)
		bed_virsh(NULL, 0, "-c %s undefine off%d", uri, i);
}

static void add_off(struct pr_plan *plan, struct pr_host *host, const char *shares)
{
	for (int i = 1; i <= DOMAINS; i++) {
		struct pr_domain *dom = NULL;
		char name[16];

		snprintf(name, sizeof(name), "off%d", i);
		cr_assert_eq(pr_domain_open(host, name, 0, &dom), 0, "%s", pr_host_errmsg(host));
		add(plan, dom, "cpu.shares", shares);
		pr_domain_close(dom);
	}
}

static uint64_t time_of(struct pr_host *first, struct pr_host *second, const char *shares)
{
	struct pr_plan *plan = new_plan();
	uint64_t start_ms;

	add_off(plan, first, shares);
	if (second)
		add_off(plan, second, shares);
	start_ms = host_now_ms();
	cr_assert_eq(pr_plan_apply(plan, HOST_PATIENCE_MS, PRALLOC_CONFIG), 0, "%s",
		     pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return host_now_ms() - start_ms;
}

/* The time for both is less than for one after the other, in one of three tries. */
Test(host_hosts, round_trips_overlap)
{
	const char *other = getenv("PRALLOC_OTHER_URI");
	bool overlapped = false;

	define_off(bed_uri());
	define_off(other);
	for (int i = 0; i < 3 && !overlapped; i++) {
		uint64_t a = time_of(here.host, NULL, "500"), b = time_of(there.host, NULL, "500");
		uint64_t both = time_of(here.host, there.host, "600");

		fprintf(stderr,
			"%d domains here %" PRIu64 " ms, there %" PRIu64
			" ms, both at once %" PRIu64 " ms\n",
			DOMAINS, a, b, both);
		overlapped = 10 * both < 9 * (a + b);
	}
	undefine_off(bed_uri());
	undefine_off(other);
	cr_assert(overlapped, "one host waits for the other");
}
