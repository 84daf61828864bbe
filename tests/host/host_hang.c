/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirtd or QEMU dies or hangs under an open host.  Nothing in this file may write to standard
 * error: neither the library nor libvirt below it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

#define GUEST "hang"
#define LIMIT_MS 2000
#define LIMIT_MAX_MS 3500
/* What does not wait for the hypervisor. */
#define AT_ONCE_MS 1000

static struct host_bed bed;

static void wake_everybody(void)
{
	pid_t guest = bed_guest_pid(GUEST);

	if (guest > 0)
		kill(guest, SIGCONT);
	bed_libvirtd_signal(SIGCONT);
}

static void need_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256, .vcpus = 1};

	host_need_bed();
	wake_everybody();
	if (bed_libvirtd_pid() < 0)
		bed_libvirtd_restart();
	host_need_guest(GUEST, &options);
	/* As in a program that knows nothing of sockets. */
	signal(SIGPIPE, SIG_DFL);
}

TestSuite(host_hang, .init = need_guest, .fini = wake_everybody, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

#define QUIET_TEST(name) HOST_QUIET_TEST(host_hang, name, &bed, GUEST)

static int read_balloon(struct pr_domain *dom)
{
	uint64_t value;

	return pr_get_u64(dom, "mem.actual", NULL, &value, 0);
}

/* -- the daemon -- */

/* Documented: a dead connection is reopened.  A write whose fate is not known is not repeated. */
QUIET_TEST(libvirtd_killed_and_restarted)
{
	int r;

	host_set(bed.dom, "cpu.shares", NULL, "1100", 0);
	host_kill_libvirtd();
	host_restart_libvirtd(GUEST);
	host_expect(bed.dom, "cpu.shares", NULL, "1100", PRALLOC_LIVE);
	host_kill_libvirtd();
	host_restart_libvirtd(GUEST);
	r = pr_set_u64(bed.dom, "cpu.shares", NULL, 1200, 0);
	if (r != 0) {
		host_expect_refused(bed.dom, r, -ENOTCONN, "read again");
		host_set(bed.dom, "cpu.shares", NULL, "1200", 0);
	}
	host_expect(bed.dom, "cpu.shares", NULL, "1200", PRALLOC_LIVE);
	host_inflate(bed.dom, 240 * MIB);
	host_inflate(bed.dom, 256 * MIB);
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
}

QUIET_TEST(libvirtd_gone)
{
	uint64_t value;
	int r;

	host_kill_libvirtd();
	for (int i = 0; i < 2; i++) {
		r = pr_set_u64(bed.dom, "cpu.shares", NULL, 1200, 0);
		host_expect_refused(bed.dom, r, -ENOTCONN, "cpu.shares of " GUEST);
		r = pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0);
		host_expect_refused(bed.dom, r, -ENOTCONN, "cpu.shares of " GUEST);
	}
	host_restart_libvirtd(GUEST);
	host_expect(bed.dom, "cpu.shares", NULL, "1024", PRALLOC_LIVE);
}

/* -- what hangs -- */

static void expect_deadline(uint64_t start_ms, const char *what)
{
	uint64_t took_ms = host_now_ms() - start_ms;

	cr_assert(took_ms >= LIMIT_MS - 10 && took_ms <= LIMIT_MAX_MS,
		  "%s: wanted a return after %d to %d ms, got %" PRIu64, what, LIMIT_MS,
		  LIMIT_MAX_MS, took_ms);
}

static void expect_at_once(uint64_t start_ms, const char *what)
{
	uint64_t took_ms = host_now_ms() - start_ms;

	cr_assert_lt(took_ms, AT_ONCE_MS, "%s: wanted a return at once, got %" PRIu64 " ms", what,
		     took_ms);
}

/* A call that hangs, then the host is busy and says with what. */
static void expect_hung(const char *call)
{
	struct pr_host_info info = {.size = sizeof(info)};
	uint64_t start_ms = host_now_ms();
	int r = read_balloon(bed.dom);

	host_expect_refused(bed.dom, r, -ETIMEDOUT, call);
	expect_deadline(start_ms, "the call that hangs");
	start_ms = host_now_ms();
	r = pr_set_u64(bed.dom, "cpu.shares", NULL, 1200, 0);
	host_expect_refused(bed.dom, r, -EBUSY, call);
	expect_at_once(start_ms, "the next call");
	start_ms = host_now_ms();
	r = pr_host_info(bed.host, &info, 0);
	cr_assert_eq(r, -EBUSY, "pr_host_info: wanted %d, got %d: %s", -EBUSY, r,
		     pr_host_errmsg(bed.host));
	cr_assert(strstr(pr_host_errmsg(bed.host), call), "wanted \"%s\" in: %s", call,
		  pr_host_errmsg(bed.host));
	expect_at_once(start_ms, "a call on the host");
}

static void expect_recovery(void)
{
	uint64_t end_ms = host_now_ms() + 10000;
	int r;

	while ((r = read_balloon(bed.dom)) == -EBUSY && host_now_ms() < end_ms)
		host_sleep_ms(20);
	cr_assert_eq(r, 0, "wanted the host to work again, got %d: %s", r,
		     pr_domain_errmsg(bed.dom));
	/* What came too late has changed nothing. */
	host_expect(bed.dom, "cpu.shares", NULL, "1024", PRALLOC_LIVE);
	host_set(bed.dom, "cpu.shares", NULL, "1300", 0);
	host_set(bed.dom, "cpu.shares", NULL, "default", 0);
}

static pid_t stop_guest(void)
{
	pid_t pid = bed_guest_pid(GUEST);

	cr_assert_gt(pid, 0, "%s", bed_error());
	cr_assert_eq(kill(pid, SIGSTOP), 0, "%s", strerror(errno));
	return pid;
}

QUIET_TEST(qemu_stopped)
{
	pid_t pid;

	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, LIMIT_MS), 0, "%s", pr_ctx_errmsg(bed.ctx));
	pid = stop_guest();
	expect_hung("virDomainMemoryStats for " GUEST);
	kill(pid, SIGCONT);
	expect_recovery();
}

/* The same while a balloon is waited for, which has a time limit of its own. */
QUIET_TEST(qemu_stopped_during_a_wait)
{
	uint64_t start_ms, actual = 0;
	pid_t pid = stop_guest();
	int r;

	start_ms = host_now_ms();
	r = pr_mem_balloon_wait(bed.dom, 200 * MIB, LIMIT_MS, &actual, 0);
	host_expect_refused(bed.dom, r, -ETIMEDOUT, GUEST);
	expect_deadline(start_ms, "the wait");
	kill(pid, SIGCONT);
	expect_recovery();
}

QUIET_TEST(libvirtd_stopped)
{
	struct pr_host *other = NULL;
	uint64_t start_ms;
	int r;

	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, LIMIT_MS), 0, "%s", pr_ctx_errmsg(bed.ctx));
	cr_assert_eq(bed_libvirtd_signal(SIGSTOP), 0, "%s", bed_error());
	expect_hung("virDomainMemoryStats for " GUEST);
	start_ms = host_now_ms();
	r = pr_host_open(bed.ctx, bed_uri(), 0, &other);
	cr_assert_eq(r, -ETIMEDOUT, "open: wanted %d, got %d: %s", -ETIMEDOUT, r,
		     pr_ctx_errmsg(bed.ctx));
	cr_assert(*pr_ctx_errmsg(bed.ctx), "open: no text");
	expect_deadline(start_ms, "open");
	cr_assert_eq(bed_libvirtd_signal(SIGCONT), 0, "%s", bed_error());
	expect_recovery();
}

QUIET_TEST(close_while_a_call_hangs)
{
	struct host_bed other;
	uint64_t start_ms;
	pid_t pid;

	host_open(&other, GUEST, 0);
	cr_assert_eq(pr_ctx_set_timeout(other.ctx, 500), 0, "%s", pr_ctx_errmsg(other.ctx));
	pid = stop_guest();
	host_expect_refused(other.dom, read_balloon(other.dom), -ETIMEDOUT, GUEST);
	start_ms = host_now_ms();
	pr_domain_close(other.dom);
	pr_host_close(other.host);
	pr_ctx_unref(other.ctx);
	start_ms = host_now_ms() - start_ms;
	kill(pid, SIGCONT);
	cr_assert_lt(start_ms, 100, "close: wanted a return at once, got %" PRIu64 " ms", start_ms);
	/* The call ends, and what it held is freed behind our back. */
	expect_recovery();
	host_sleep_ms(500);
}

/* -- plans -- */

/* When all is looked at, libvirtd stops; it goes on a while after the write was given up. */
static void stop_at_the_write(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};
	bool *stopped = data;

	if (pr_plan_step(plan, index, &step) < 0)
		return;
	if (!*stopped && step.status == PRALLOC_STEP_OK && index + 1 == pr_plan_count(plan)) {
		*stopped = true;
		cr_assert_eq(bed_libvirtd_signal(SIGSTOP), 0, "%s", bed_error());
	} else if (step.status == PRALLOC_STEP_FAILED && index == 0) {
		pid_t daemon = bed_libvirtd_pid();

		if (fork() == 0) {
			host_sleep_ms(1000);
			kill(daemon, SIGCONT);
			_exit(0);
		}
	}
}

/* The write comes late, and is taken back. */
QUIET_TEST(libvirtd_stopped_at_the_write_of_a_plan)
{
	struct pr_plan *plan = NULL;
	bool stopped = false;
	int r;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_str(plan, bed.dom, "cpu.shares", NULL, "1500"), 0);
	cr_assert_eq(pr_plan_set_str(plan, bed.dom, "cpu.pin[0]", NULL, "0"), 0);
	pr_plan_set_progress(plan, stop_at_the_write, &stopped);
	r = pr_plan_apply(plan, LIMIT_MS, 0);
	cr_assert_eq(r, -ETIMEDOUT, "got %d: %s", r, pr_plan_errmsg(plan));
	for (size_t i = 0; i < 2; i++) {
		struct pr_step step = {.size = sizeof(step)};

		cr_assert_eq(pr_plan_step(plan, i, &step), 0);
		cr_expect_eq(step.status, PRALLOC_STEP_UNDONE, "step %zu: %d %s", i, step.status,
			     step.text);
	}
	host_expect(bed.dom, "cpu.shares", NULL, "1024", PRALLOC_LIVE);
	host_sleep_ms(500);
	host_expect(bed.dom, "cpu.shares", NULL, "1024", PRALLOC_LIVE);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	pr_plan_free(plan);
}
