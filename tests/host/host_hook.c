/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The start-up hook on a real guest: a boot, a reboot and a reset, each to half of the maximum. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

#define GUEST "hosthook"
#define MAXIMUM_MIB 512
#define HALF (MAXIMUM_MIB / 2 * MIB)
#define OTHER_MIB 384
/* It is no passing state. */
#define STEADY_MS 3000
#define STEP_MS 100

static pid_t hook;

static void start_hook(void)
{
	static const struct bed_guest_options options = {.memory_mib = MAXIMUM_MIB};

	host_need_bed();
	host_need_guest(GUEST, &options);
	hook = fork();
	cr_assert_geq(hook, 0, "fork: %s", strerror(errno));
	if (hook == 0) {
		execl(STARTUP_HOOK, "startup_hook", "2", "1", bed_uri(), (char *)NULL);
		_exit(127);
	}
}

static void end_hook(void)
{
	int status = 0;

	if (hook <= 0)
		return;
	cr_expect_eq(waitpid(hook, &status, WNOHANG), 0, "it has ended, with status %d", status);
	kill(hook, SIGTERM);
	waitpid(hook, NULL, 0);
}

TestSuite(host_hook, .init = start_hook, .fini = end_hook, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

/* Until the balloon has that size and keeps it; what it had before may be shown meanwhile. */
static void expect_half(const char *when)
{
	uint64_t begun = host_now_ms(), steady = begun, size = 0;

	while (host_now_ms() - begun < HOST_PATIENCE_MS && host_now_ms() - steady < STEADY_MS) {
		host_sleep_ms(STEP_MS);
		size = host_balloon(GUEST);
		if (size != HALF)
			steady = host_now_ms();
	}
	cr_assert_eq(size, HALF, "%s: wanted %d MiB, got %ju bytes", when, MAXIMUM_MIB / 2,
		     (uintmax_t)size);
	fprintf(stderr, "%s: half of its maximum after %ju ms, of which it kept it %d ms\n", when,
		(uintmax_t)(host_now_ms() - begun), STEADY_MS);
}

/* Between starts the hook leaves a guest alone; so the next start is what brings it back. */
static void move_away(void)
{
	uint64_t begun = host_now_ms();

	cr_assert_eq(bed_virsh(NULL, 0, "setmem " GUEST " %dM --live", OTHER_MIB), 0, "%s",
		     bed_error());
	while (host_balloon(GUEST) != OTHER_MIB * MIB && host_now_ms() - begun < HOST_PATIENCE_MS)
		host_sleep_ms(STEP_MS);
	host_sleep_ms(STEADY_MS);
	cr_assert_eq(host_balloon(GUEST), OTHER_MIB * MIB,
		     "the balloon has %ju bytes: somebody has set it, or the guest does not follow",
		     (uintmax_t)host_balloon(GUEST));
}

static uint64_t guest_total(void)
{
	char reply[256];
	uint64_t total = 0;

	cr_assert_eq(bed_agent(reply, sizeof(reply), GUEST, "meminfo"), 0, "%s", bed_error());
	cr_assert(bed_reply_value(reply, "total", &total), "no total in: %s", reply);
	return total;
}

Test(host_hook, boot_reboot_and_reset)
{
	expect_half("found running");
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "start " GUEST), 0, "%s", bed_error());
	expect_half("booted");
	move_away();
	host_agent(GUEST, "reboot");
	expect_half("rebooted");
	move_away();
	cr_assert_eq(bed_virsh(NULL, 0, "reset " GUEST), 0, "%s", bed_error());
	expect_half("reset");
	/* What QEMU tells is what the guest has. */
	cr_assert_lt(guest_total(), HALF, "the guest has %ju bytes", (uintmax_t)guest_total());
}
