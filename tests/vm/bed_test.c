/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bed itself, from inside: bed.sh run bed_test */
#include "bed.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024ull * 1024)
#define SECOND_NS 1000000000ull

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Each test has a guest of its own name, so that none depends on what another has left. */
static void need_bed(void)
{
	const char *why;

	if (!bed_available(&why))
		cr_skip_test("%s", why);
}

static void start(const char *name, const struct bed_guest_options *options)
{
	cr_assert_eq(bed_guest_start(name, options), 0, "%s: %s", name, bed_error());
}

static void end(const char *name)
{
	cr_assert_eq(bed_guest_destroy(name), 0, "%s: %s", name, bed_error());
}

static uint64_t ask(const char *name, const char *command, const char *key)
{
	char reply[512];
	uint64_t value = 0;

	cr_assert_eq(bed_agent(reply, sizeof(reply), name, "%s", command), 0, "%s", bed_error());
	if (key)
		cr_assert(bed_reply_value(reply, key, &value), "no %s in: %s", key, reply);
	return value;
}

static uint64_t cpu_ns_in(const char *name, unsigned int seconds)
{
	uint64_t before, after;

	cr_assert_eq(bed_guest_cpu_ns(name, &before), 0, "%s", bed_error());
	sleep(seconds);
	cr_assert_eq(bed_guest_cpu_ns(name, &after), 0, "%s", bed_error());
	return after - before;
}

static uint64_t balloon_kib(const char *name)
{
	char out[1024];
	unsigned long long kib = 0;

	cr_assert_eq(bed_virsh(out, sizeof(out), "dommemstat %s", name), 0, "%s", bed_error());
	sscanf(out, "actual %llu", &kib);
	return kib;
}

static bool balloon_reaches(const char *name, uint64_t kib)
{
	for (int i = 0; i < 100; i++) {
		if (balloon_kib(name) == kib)
			return true;
		usleep(100000);
	}
	return false;
}

Test(bed, guest_is_ready_in_time)
{
	uint64_t begin;

	need_bed();
	begin = now_ns();
	start("ready", NULL);
	cr_expect_lt(now_ns() - begin, 15 * SECOND_NS);
	ask("ready", "ping", NULL);
	cr_expect_eq(ask("ready", "vcpus", "vcpus"), 2);
	end("ready");
	cr_expect_lt(bed_guest_pid("ready"), 0);
	end("ready");
}

Test(bed, cpu_load_shows_in_cpu_time)
{
	uint64_t idle, loaded;

	need_bed();
	start("cpu", NULL);
	idle = cpu_ns_in("cpu", 2);
	ask("cpu", "cpu 1", NULL);
	loaded = cpu_ns_in("cpu", 2);
	/* Others may want the CPUs too: a quarter of one is left to a guest that is busy. */
	cr_expect_gt(loaded, SECOND_NS / 2);
	cr_expect_gt(loaded, 3 * idle, "a guest without load is not idle");
	ask("cpu", "cpu 0", NULL);
	cr_expect_lt(3 * cpu_ns_in("cpu", 2), loaded, "the load has not ended");
	end("cpu");
}

Test(bed, held_memory_shows_and_ends)
{
	uint64_t before, during, after;
	char reply[256];

	need_bed();
	start("mem", NULL);
	before = ask("mem", "meminfo", "available");
	ask("mem", "mem 209715200", NULL);
	during = ask("mem", "meminfo", "available");
	cr_expect_eq(ask("mem", "meminfo", "held"), 200 * MIB);
	cr_expect_gt(before, during + 190 * MIB);
	/* More than there is kills the holder and leaves the guest alive. */
	cr_expect_eq(bed_agent(reply, sizeof(reply), "mem", "mem %llu", 2048 * MIB), -EREMOTEIO);
	cr_expect_eq(ask("mem", "meminfo", "held"), 0);
	ask("mem", "mem 0", NULL);
	after = ask("mem", "meminfo", "available");
	cr_expect_gt(after, during + 150 * MIB);
	end("mem");
}

Test(bed, balloon_arrives)
{
	struct bed_guest_options options = {.memory_mib = 256, .maximum_mib = 512};

	need_bed();
	start("balloon", &options);
	cr_expect_eq(balloon_kib("balloon"), 256 * 1024);
	cr_expect_eq(bed_virsh(NULL, 0, "setmem balloon 400M --live"), 0, "%s", bed_error());
	cr_expect(balloon_reaches("balloon", 400 * 1024));
	end("balloon");
}

Test(bed, balloon_driver_comes_when_asked)
{
	struct bed_guest_options options = {.no_balloon_driver = true};

	need_bed();
	start("driver", &options);
	cr_expect_eq(bed_virsh(NULL, 0, "setmem driver 300M --live"), 0, "%s", bed_error());
	sleep(1);
	cr_expect_eq(balloon_kib("driver"), 512 * 1024);
	ask("driver", "balloon on", NULL);
	cr_expect(balloon_reaches("driver", 300 * 1024));
	end("driver");
}

Test(bed, no_balloon_device)
{
	struct bed_guest_options options = {.no_balloon_device = true};

	need_bed();
	start("device", &options);
	cr_expect_eq(balloon_kib("device"), 0);
	cr_expect_neq(bed_virsh(NULL, 0, "setmem device 300M --live"), 0);
	end("device");
}

Test(bed, disk_and_network_move_bytes)
{
	char out[512];
	unsigned long long bytes = 0;

	need_bed();
	start("io", NULL);
	cr_expect_eq(ask("io", "write 10485760", "bytes"), 10 * MIB);
	cr_assert_eq(bed_virsh(out, sizeof(out), "domblkstat io vda | grep wr_bytes"), 0);
	sscanf(out, "vda wr_bytes %llu", &bytes);
	cr_expect_geq(bytes, 10 * MIB, "%s", out);
	cr_expect_eq(ask("io", "send broadcast 1000000", "bytes"), 1000000);
	cr_expect_geq(ask("io", "netinfo", "tx_bytes"), 1000000);
	ask("io", "disk 2", NULL);
	ask("io", "net 1", NULL);
	sleep(1);
	cr_expect_gt(ask("io", "loads", "disk_bytes"), 0);
	cr_expect_gt(ask("io", "loads", "net_bytes"), 0);
	end("io");
}

Test(bed, reboot_and_power_cycle)
{
	need_bed();
	start("reboot", NULL);
	ask("reboot", "reboot", NULL);
	cr_expect_eq(bed_guest_wait("reboot"), 0, "%s", bed_error());
	ask("reboot", "ping", NULL);
	cr_expect_eq(bed_guest_stop("reboot"), 0, "%s", bed_error());
	cr_expect_lt(bed_guest_pid("reboot"), 0);
	cr_expect_eq(bed_guest_boot("reboot"), 0, "%s", bed_error());
	ask("reboot", "ping", NULL);
	end("reboot");
}

/* The balloon's target of a running guest is in QEMU only, and a reboot of the guest keeps it. */
Test(bed, reboot_with_another_target_than_the_configured)
{
	need_bed();
	start("target", NULL);
	cr_expect_eq(bed_virsh(NULL, 0, "setmem target 400M --live"), 0, "%s", bed_error());
	cr_expect(balloon_reaches("target", 400 * 1024));
	ask("target", "reboot", NULL);
	cr_expect_eq(bed_guest_wait("target"), 0, "%s", bed_error());
	cr_expect_eq(balloon_kib("target"), 400 * 1024);
	end("target");
}

Test(bed, guests_survive_libvirtd)
{
	pid_t guest, first;

	need_bed();
	start("survive", NULL);
	guest = bed_guest_pid("survive");
	first = bed_libvirtd_pid();
	cr_expect_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
	cr_expect_neq(bed_libvirtd_pid(), first);
	cr_expect_eq(bed_libvirtd_signal(SIGKILL), 0, "%s", bed_error());
	usleep(200000);
	cr_expect_lt(bed_libvirtd_pid(), 0);
	cr_expect_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
	cr_expect_eq(bed_guest_pid("survive"), guest);
	cr_expect_eq(bed_virsh(NULL, 0, "domstate survive | grep -q running"), 0);
	ask("survive", "ping", NULL);
	end("survive");
}

Test(bed, failures_have_a_text)
{
	char out[64];

	need_bed();
	cr_expect_eq(bed_guest_start("not a name", NULL), -EIO);
	cr_expect_neq(*bed_error(), '\0');
	cr_expect_gt(bed_virsh(out, sizeof(out), "domstate absent"), 0);
	cr_expect(strstr(bed_error(), "absent"), "%s", bed_error());
	cr_expect_lt(bed_agent(NULL, 0, "absent", "ping"), 0);
}
