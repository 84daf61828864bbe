/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans over real guests: a busy donor, a guest without driver, one that is killed, a libvirtd that
 * is restarted, two plans at once, and a process that is killed wherever it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

#define DONOR "plan-donor"
#define TAKER "plan-taker"
#define NO_DRIVER "plan-driver"
#define START (256 * MIB)
#define MAXIMUM_MIB 320

extern char **environ;

static struct host_bed bed;
static struct pr_domain *taker;

static void need_guests(void)
{
	static const struct bed_guest_options options = {
		.memory_mib = 256, .maximum_mib = MAXIMUM_MIB, .vcpus = 1};

	host_need_bed();
	host_need_guest(DONOR, &options);
	host_need_guest(TAKER, &options);
	host_open(&bed, DONOR, 0);
	taker = host_domain(&bed, TAKER);
}

static void close_guests(void)
{
	pr_domain_close(taker);
	host_close(&bed);
}

TestSuite(host_plan, .init = need_guests, .fini = close_guests, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(DONOR, TAKER, NO_DRIVER)

static void set_back(void)
{
	host_agent(DONOR, "mem 0");
	host_inflate(bed.dom, START);
	host_inflate(taker, START);
	host_set(bed.dom, "cpu.shares", NULL, "1024", 0);
	host_set(taker, "cpu.shares", NULL, "1024", 0);
}

static struct pr_plan *new_plan(void)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	return plan;
}

static struct pr_plan *move_plan(uint64_t bytes)
{
	struct pr_plan *plan = new_plan();

	cr_assert_eq(pr_plan_move(plan, "mem.balloon", bed.dom, taker, bytes, 0), 0, "%s",
		     pr_plan_errmsg(plan));
	return plan;
}

static struct pr_step step_of(struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};

	cr_assert_eq(pr_plan_step(plan, index, &step), 0);
	return step;
}

Test(host_plan, memory_moves)
{
	struct pr_plan *plan = move_plan(32 * MIB);

	cr_assert_eq(pr_plan_apply(plan, HOST_PATIENCE_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(host_balloon(DONOR), START - 32 * MIB);
	cr_assert_eq(host_balloon(TAKER), START + 32 * MIB);
	cr_assert_eq(pr_plan_undo(plan, HOST_PATIENCE_MS, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(host_balloon(DONOR), START);
	cr_assert_eq(host_balloon(TAKER), START);
	pr_plan_free(plan);
}

/* It holds most of what it has: check says so; whoever insists is told where it stopped, and both
 * have what they had. */
Test(host_plan, busy_donor)
{
	struct pr_plan *plan;
	uint64_t start_ms;
	int r;

	host_agent(DONOR, "mem 150000000");
	host_sleep_ms(2500);
	plan = move_plan(60 * MIB);
	pr_plan_free(plan);
	plan = new_plan();
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.balloon", NULL, 96 * MIB), 0);
	cr_assert_eq(pr_plan_set_u64(plan, taker, "mem.balloon", NULL, 300 * MIB), 0);
	r = pr_plan_check(plan, 0);
	cr_assert(r == -ENOSPC && strstr(pr_plan_errmsg(plan), "cannot give"), "%d %s", r,
		  pr_plan_errmsg(plan));
	start_ms = host_now_ms();
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, PRALLOC_ALLOW_HARM);
	fprintf(stderr, "busy donor: %d after %" PRIu64 " ms: %s\n", r, host_now_ms() - start_ms,
		pr_plan_errmsg(plan));
	cr_assert_eq(r, -ENOSPC, "got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert(strstr(pr_plan_errmsg(plan), "stopped at"), "%s", pr_plan_errmsg(plan));
	cr_assert_lt(host_now_ms() - start_ms, 30000, "a stall is noticed in bounded time");
	cr_assert_eq(host_balloon(DONOR), START);
	cr_assert_eq(host_balloon(TAKER), START);
	pr_plan_free(plan);
	set_back();
}

/* The same, and the recipient gets what there is: to the last byte. */
Test(host_plan, busy_donor_gives_a_part)
{
	struct pr_plan *plan;
	uint64_t given, wanted = 60 * MIB;
	int r;

	host_agent(DONOR, "mem 150000000");
	host_sleep_ms(2500);
	plan = new_plan();
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.balloon", NULL, 96 * MIB), 0);
	cr_assert_eq(pr_plan_set_u64(plan, taker, "mem.balloon", NULL, START + wanted), 0);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, PRALLOC_ALLOW_HARM | PRALLOC_KEEP_PARTIAL);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert(strstr(step_of(plan, 0).text, "stays there"), "%s", step_of(plan, 0).text);
	given = START - host_balloon(DONOR);
	fprintf(stderr, "donor %" PRIu64 " KiB, recipient %" PRIu64 " KiB\n",
		host_balloon(DONOR) / 1024, host_balloon(TAKER) / 1024);
	/* 160 MiB were asked for, and 60 wanted: the recipient gets all that has arrived up to that. */
	cr_assert_eq(host_balloon(TAKER) - START, given < wanted ? given : wanted);
	host_agent(DONOR, "mem 0");
	host_sleep_ms(1500);
	cr_assert_eq(START - host_balloon(DONOR), given, "it goes on giving");
	pr_plan_free(plan);
	set_back();
}

Test(host_plan, guest_without_driver)
{
	static const struct bed_guest_options options = {
		.memory_mib = 128, .vcpus = 1, .no_balloon_driver = true};
	struct pr_plan *plan = new_plan();
	struct pr_domain *dom;
	int r;

	host_need_guest(NO_DRIVER, &options);
	dom = host_domain(&bed, NO_DRIVER);
	cr_assert_eq(pr_plan_set_u64(plan, dom, "mem.balloon", NULL, 112 * MIB), 0);
	cr_assert_eq(pr_plan_set_u64(plan, taker, "mem.balloon", NULL, START + 16 * MIB), 0);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, PRALLOC_ALLOW_HARM);
	cr_assert_eq(r, -ENOTCONN, "got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert(strstr(pr_plan_errmsg(plan), "driver"), "%s", pr_plan_errmsg(plan));
	cr_assert_eq(host_balloon(TAKER), START);
	pr_plan_free(plan);
	pr_domain_close(dom);
	bed_guest_destroy(NO_DRIVER);
}

/* -- things that happen in the middle -- */

static void (*disturbance)(void);

/* Once, when the plan has been written and waits for the donor. */
static void disturb(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};
	bool *done = data;

	if (*done || pr_plan_step(plan, index, &step) < 0 || step.status != PRALLOC_STEP_WAITING)
		return;
	*done = true;
	disturbance();
}

static int disturbed_apply(struct pr_plan *plan, void (*what)(void), uint32_t flags)
{
	bool done = false;
	int r;

	disturbance = what;
	pr_plan_set_progress(plan, disturb, &done);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, flags);
	cr_assert(done, "nothing happened in the middle: %d %s", r, pr_plan_errmsg(plan));
	return r;
}

static void kill_taker(void)
{
	cr_assert_eq(bed_guest_stop(TAKER), 0, "%s", bed_error());
}

Test(host_plan, guest_killed_in_the_middle)
{
	struct pr_plan *plan = move_plan(32 * MIB);
	int r = disturbed_apply(plan, kill_taker, 0);

	cr_assert_lt(r, 0, "a plan over a guest that is off succeeded");
	fprintf(stderr, "guest killed: %d %s\n", r, pr_plan_errmsg(plan));
	cr_assert_eq(host_balloon(DONOR), START, "the donor has not got back what it gave");
	cr_assert_eq(step_of(plan, 0).status, PRALLOC_STEP_UNDONE, "%s", step_of(plan, 0).text);
	pr_plan_free(plan);
	cr_assert_eq(bed_guest_boot(TAKER), 0, "%s", bed_error());
	set_back();
}

/* As quick as it can, and without waiting until the guest is ready. */
static void restart_donor(void)
{
	cr_assert_eq(bed_virsh(NULL, 0, "destroy " DONOR), 0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "start " DONOR), 0, "%s", bed_error());
}

/* What was asked of it is lost; that is told, and not that it would not give. */
Test(host_plan, donor_restarted_in_the_middle)
{
	struct pr_plan *plan = move_plan(32 * MIB);
	uint64_t start_ms = host_now_ms();
	int r = disturbed_apply(plan, restart_donor, 0);

	fprintf(stderr, "donor restarted: %d after %" PRIu64 " ms: %s\n", r,
		host_now_ms() - start_ms, pr_plan_errmsg(plan));
	cr_assert_eq(r, -EAGAIN, "got %d: %s", r, pr_plan_errmsg(plan));
	cr_assert(strstr(pr_plan_errmsg(plan), "restarted meanwhile"), "%s", pr_plan_errmsg(plan));
	cr_assert_eq(step_of(plan, 0).status, PRALLOC_STEP_LEFT, "%s", step_of(plan, 0).text);
	cr_assert_eq(host_balloon(TAKER), START, "it has got what nobody gave");
	pr_plan_free(plan);
	cr_assert_eq(bed_guest_wait(DONOR), 0, "%s", bed_error());
	set_back();
}

static void restart_libvirtd(void)
{
	host_kill_libvirtd();
	host_restart_libvirtd(DONOR);
}

/* Either as wished or as before: the connection is lost, not the plan. */
Test(host_plan, libvirtd_restarted_in_the_middle)
{
	struct pr_plan *plan = move_plan(32 * MIB);
	int r = disturbed_apply(plan, restart_libvirtd, 0);
	uint64_t moved = r == 0 ? 32 * MIB : 0;

	fprintf(stderr, "libvirtd restarted: %d %s\n", r, pr_plan_errmsg(plan));
	cr_assert_eq(host_balloon(DONOR), START - moved, "%d %s", r, pr_plan_errmsg(plan));
	cr_assert_eq(host_balloon(TAKER), START + moved, "%d %s", r, pr_plan_errmsg(plan));
	pr_plan_free(plan);
	set_back();
}

/* -- two processes -- */

static pid_t victim(const char *how, const char *what, int number)
{
	char text[16];
	const char *const argv[] = {PLAN_VICTIM, how, bed_uri(), DONOR, TAKER, what, text, NULL};
	pid_t pid;

	snprintf(text, sizeof(text), "%d", number);
	cr_assert_eq(posix_spawn(&pid, PLAN_VICTIM, NULL, NULL, (char *const *)argv, environ), 0);
	return pid;
}

/* Whoever comes last, both domains have the values of the same plan. */
Test(host_plan, two_plans_at_once)
{
	pid_t pids[2];
	uint64_t first, second;

	pids[0] = victim("contend", "500", 3000);
	pids[1] = victim("contend", "3000", 3000);
	for (size_t i = 0; i < 2; i++) {
		int status;

		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 100, "status 0x%x", status);
		fprintf(stderr, "refused %d times\n", WEXITSTATUS(status));
	}
	first = host_number(bed.dom, "cpu.shares");
	second = host_number(taker, "cpu.shares");
	cr_assert_eq(first, second, "two plans mixed: %" PRIu64 " and %" PRIu64, first, second);
	set_back();
}

/* -- killed -- */

/* Applies a plan with a journal, or undoes it, and is killed at the at-th thing that is told.  True:
 * it lived. */
static bool killed_at(const char *how, int at, const char *journal)
{
	pid_t pid = victim(how, journal, at);
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "at %d: status 0x%x", at,
		  status);
	return WIFEXITED(status);
}

static void expect_as_before(int at)
{
	cr_assert_eq(host_balloon(DONOR), START, "at %d", at);
	cr_assert_eq(host_balloon(TAKER), START, "at %d", at);
	cr_assert_eq(host_number(bed.dom, "cpu.shares"), 1024, "at %d", at);
	cr_assert_eq(host_number(taker, "cpu.shares"), 1024, "at %d", at);
}

/* Each step of the plan once; and what is told of the balloon's way is thinned out behind. */
Test(host_plan, killed_at_every_step)
{
	char journal[256];
	int at, recovered = 0;

	snprintf(journal, sizeof(journal), "%s/journal", bed_dir());
	for (at = 1; !killed_at("kill", at, journal); at += at < 12 ? 1 : 7) {
		struct pr_plan *plan = new_plan();
		int r = pr_plan_recover(plan, &bed.host, 1, journal, HOST_PATIENCE_MS, 0);

		/* Before the plan has written its journal there is none. */
		cr_assert(r == 0 || (r == -ENOENT && recovered == 0), "at %d: %d %s", at, r,
			  pr_plan_errmsg(plan));
		recovered += pr_plan_count(plan) > 0;
		expect_as_before(at);
		pr_plan_free(plan);
		cr_assert_lt(at, 400);
	}
	fprintf(stderr, "killed until call %d, recovered %d times\n", at, recovered);
	cr_assert_geq(recovered, 4);
	unlink(journal);
	set_back();
}

/* The plan had come to its end, and was being taken back. */
Test(host_plan, killed_while_it_is_undone)
{
	char journal[256];
	int at;

	snprintf(journal, sizeof(journal), "%s/journal", bed_dir());
	for (at = 1; !killed_at("undo", at, journal); at += at < 6 ? 1 : 11) {
		struct pr_plan *plan = new_plan();
		int r = pr_plan_recover(plan, &bed.host, 1, journal, HOST_PATIENCE_MS, 0);

		cr_assert_eq(r, 0, "at %d: %d %s", at, r, pr_plan_errmsg(plan));
		cr_assert_eq(pr_plan_count(plan), 4, "at %d", at);
		expect_as_before(at);
		pr_plan_free(plan);
		cr_assert_lt(at, 400);
	}
	fprintf(stderr, "killed until call %d of an undo\n", at);
	cr_assert_geq(at, 5);
	expect_as_before(at);
	unlink(journal);
	set_back();
}
