/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Events of real guests, where libvirt's event loop is a thread of the library's, and where it is
 * the GLib main loop of an application that does everything in one thread.
 */
#include <dirent.h>
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "glib_loop.h"
#include "host.h"

#define GUEST "watch"
#define STEP_MS 20
/* What comes without being asked for has come by then; longer than the comparison takes. */
#define QUIET_MS 5000

static bool glib;

static void need_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 512, .vcpus = 1};

	host_need_bed();
	host_need_guest(GUEST, &options);
}

TestSuite(host_watch, .init = need_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static void describe(const struct pr_event *event)
{
	fprintf(stderr, "event %d of %s %s[%s] %" PRIu64 " -> %" PRIu64 " %s\n", event->type,
		event->domain, event->attribute, event->instance, event->before.number,
		event->after.number, event->after.text ? event->after.text : "");
}

/* The next event, within a time. */
static bool next(struct host_bed *bed, struct pr_event *event, unsigned int ms)
{
	struct pollfd wait = {.fd = pr_host_event_fd(bed->host), .events = POLLIN};
	uint64_t until_ms = host_now_ms() + ms;

	event->size = sizeof(*event);
	do {
		int r;

		if (glib)
			glib_loop_iterate();
		if (poll(&wait, 1, STEP_MS) == 0)
			continue;
		r = pr_host_next_event(bed->host, event, 0);
		cr_assert_geq(r, 0, "%d: %s", r, pr_host_errmsg(bed->host));
		if (r == 0)
			continue;
		describe(event);
		return true;
	} while (host_now_ms() < until_ms);
	return false;
}

/* Wait for an event of that kind; others may come before it, but for those that are not. */
static struct pr_event wait_for(struct host_bed *bed, int type, const char *attribute)
{
	struct pr_event event;

	while (next(bed, &event, HOST_PATIENCE_MS))
		if (event.type == type && strcmp(event.attribute, attribute) == 0)
			return event;
	cr_assert_fail("no event %d of %s came", type, attribute);
	return event;
}

static void expect_no_setting(struct host_bed *bed, const char *after)
{
	struct pr_event event;

	while (next(bed, &event, QUIET_MS))
		cr_assert_neq(event.type, PRALLOC_EVENT_SETTING_CHANGED,
			      "%s: %s[%s] is told as changed by somebody else", after,
			      event.attribute, event.instance);
}

static void virsh(const char *arguments)
{
	char out[HOST_OUTPUT_MAX];

	host_virsh(out, arguments);
}

static void begin(struct host_bed *bed, bool with_glib)
{
	glib = with_glib;
	if (glib)
		glib_loop_register();
	host_open(bed, GUEST, 0);
	cr_assert_geq(pr_host_event_fd(bed->host), 0, "%s", pr_host_errmsg(bed->host));
}

static void end(struct host_bed *bed)
{
	host_close(bed);
	if (glib)
		glib_loop_iterate();
}

static void life(bool with_glib)
{
	struct host_bed bed;
	struct pr_event event;

	begin(&bed, with_glib);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	event = wait_for(&bed, PRALLOC_EVENT_STOPPED, "");
	cr_expect_str_eq(event.domain, GUEST);
	cr_expect_str_eq(event.uuid, pr_domain_uuid(bed.dom));
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	wait_for(&bed, PRALLOC_EVENT_STARTED, "");
	host_agent(GUEST, "reboot");
	wait_for(&bed, PRALLOC_EVENT_REBOOTED, "");
	cr_assert_eq(bed_guest_wait(GUEST), 0, "%s", bed_error());
	end(&bed);
}

Test(host_watch, life)
{
	life(false);
}

Test(host_watch, life_with_glib)
{
	life(true);
}

static void settings(bool with_glib)
{
	struct host_bed bed;
	struct pr_event event;

	begin(&bed, with_glib);
	host_set(bed.dom, "cpu.shares", NULL, "1500", 0);
	host_set(bed.dom, "cpu.shares", NULL, "1600", 0);
	host_set(bed.dom, "cpu.vcpu_quota", NULL, "50000", 0);
	host_set(bed.dom, "cpu.vcpu_quota", NULL, "unlimited", 0);
	host_set(bed.dom, "cpu.pin", "0", "0", 0);
	host_set(bed.dom, "cpu.pin", "0", "default", 0);
	host_set(bed.dom, "mem.hard_limit", NULL, "2GiB", 0);
	host_set(bed.dom, "io.guest.read_iops", "vda", "1000", 0);
	expect_no_setting(&bed, "own writes");

	virsh("schedinfo " GUEST " --live --set cpu_shares=3000");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "cpu.shares");
	cr_expect_str_eq(event.domain, GUEST);
	cr_expect_eq(event.before.number, 1600, "before: %" PRIu64, event.before.number);
	cr_expect_eq(event.after.number, host_number(bed.dom, "cpu.shares"));
	virsh("vcpupin " GUEST " 0 0 --live");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "cpu.pin");
	cr_expect_str_eq(event.instance, "0");
	cr_expect_str_eq(event.after.text, "0");
	virsh("blkdeviotune " GUEST " vda --total-bytes-sec 5000000 --live");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "io.guest.total_bytes");
	cr_expect_str_eq(event.instance, "vda");
	cr_expect_eq(event.after.number, 5000000);
	/* Of this one libvirt tells nothing: it is found by comparing. */
	virsh("memtune " GUEST " --hard-limit 3145728 --live");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "mem.hard_limit");
	cr_expect_eq(event.before.number, 2048 * MIB);
	cr_expect_eq(event.after.number, 3072 * MIB);

	host_set(bed.dom, "mem.hard_limit", NULL, "unlimited", 0);
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
	host_set(bed.dom, "cpu.pin", "0", "default", 0);
	host_set(bed.dom, "io.guest.total_bytes", "vda", "unlimited", 0);
	host_set(bed.dom, "io.guest.read_iops", "vda", "unlimited", 0);
	expect_no_setting(&bed, "putting everything back");
	end(&bed);
}

Test(host_watch, settings)
{
	settings(false);
}

Test(host_watch, settings_with_glib)
{
	settings(true);
}

static void balloon(bool with_glib)
{
	struct host_bed bed;
	struct pr_event event;

	begin(&bed, with_glib);
	host_inflate(bed.dom, 384 * MIB);
	do
		event = wait_for(&bed, PRALLOC_EVENT_BALLOON_CHANGED, "mem.balloon");
	while (event.after.number != 384 * MIB);
	cr_expect_str_eq(event.domain, GUEST);
	virsh("setmem " GUEST " 524288 --live");
	do
		event = wait_for(&bed, PRALLOC_EVENT_BALLOON_CHANGED, "mem.balloon");
	while (event.after.number != 512 * MIB);
	end(&bed);
}

Test(host_watch, balloon)
{
	balloon(false);
}

Test(host_watch, balloon_with_glib)
{
	balloon(true);
}

/* Nobody makes a call: the loss is seen by itself, and the connection comes back by itself. */
static void connection(bool with_glib)
{
	struct host_bed bed;
	struct pr_event event;

	begin(&bed, with_glib);
	host_kill_libvirtd();
	event = wait_for(&bed, PRALLOC_EVENT_CONNECTION_LOST, "");
	cr_expect_str_empty(event.domain);
	host_sleep_ms(1500);
	cr_assert_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
	wait_for(&bed, PRALLOC_EVENT_CONNECTION_BACK, "");
	virsh("schedinfo " GUEST " --live --set cpu_shares=3100");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "cpu.shares");
	cr_expect_eq(event.after.number, host_number(bed.dom, "cpu.shares"));
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
	end(&bed);
}

Test(host_watch, connection)
{
	connection(false);
}

Test(host_watch, connection_with_glib)
{
	connection(true);
}

/* What somebody changed while the connection was lost is found when it is back. */
Test(host_watch, changed_while_the_connection_was_lost)
{
	struct host_bed bed;
	struct pr_event event;

	begin(&bed, false);
	host_set(bed.dom, "cpu.shares", NULL, "1500", 0);
	host_kill_libvirtd();
	wait_for(&bed, PRALLOC_EVENT_CONNECTION_LOST, "");
	cr_assert_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
	virsh("schedinfo " GUEST " --live --set cpu_shares=3000");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "cpu.shares");
	cr_expect_eq(event.before.number, 1500);
	cr_expect_eq(event.after.number, host_number(bed.dom, "cpu.shares"));
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
	end(&bed);
}

/* A call that meets the dead connection first opens it again; both are told all the same. */
Test(host_watch, connection_reopened_by_a_call)
{
	struct host_bed bed;
	struct pr_event event;

	begin(&bed, false);
	cr_assert_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
	host_number(bed.dom, "cpu.shares");
	wait_for(&bed, PRALLOC_EVENT_CONNECTION_LOST, "");
	wait_for(&bed, PRALLOC_EVENT_CONNECTION_BACK, "");
	while (next(&bed, &event, QUIET_MS))
		cr_expect(event.type != PRALLOC_EVENT_CONNECTION_LOST &&
				  event.type != PRALLOC_EVENT_CONNECTION_BACK,
			  "told twice");
	end(&bed);
}

/* The application's loop does not run: what this handle wrote is compared all the same. */
Test(host_watch, loop_that_never_runs)
{
	struct host_bed bed;
	struct pr_event event;

	cr_assert_eq(virEventRegisterDefaultImpl(), 0, "no default implementation");
	begin(&bed, false);
	host_set(bed.dom, "cpu.shares", NULL, "1500", 0);
	virsh("schedinfo " GUEST " --live --set cpu_shares=3000");
	event = wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "cpu.shares");
	cr_expect_eq(event.before.number, 1500);
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
	end(&bed);
}

static size_t open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	cr_assert(dir, "no /proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Neither the connections that were lost nor what was asked for events stay open. */
Test(host_watch, descriptors)
{
	struct host_bed bed;
	size_t before;

	begin(&bed, false);
	before = open_files();
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
		if (i % 2)
			host_number(bed.dom, "cpu.shares");
		wait_for(&bed, PRALLOC_EVENT_CONNECTION_LOST, "");
		wait_for(&bed, PRALLOC_EVENT_CONNECTION_BACK, "");
	}
	host_sleep_ms(100);
	cr_expect_leq(open_files(), before, "had %zu descriptors, has %zu", before, open_files());
	end(&bed);
	cr_expect_lt(open_files(), before - 2);
}

Test(host_watch, read_only)
{
	struct host_bed bed;

	host_open(&bed, GUEST, PRALLOC_READ_ONLY);
	cr_assert_geq(pr_host_event_fd(bed.host), 0, "%s", pr_host_errmsg(bed.host));
	virsh("schedinfo " GUEST " --live --set cpu_shares=1200");
	wait_for(&bed, PRALLOC_EVENT_SETTING_CHANGED, "cpu.shares");
	virsh("schedinfo " GUEST " --live --set cpu_shares=1024");
	end(&bed);
}
