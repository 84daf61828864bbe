/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a setting does to a guest: CPU time moves, memory moves. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

#define GUESTS 3
#define WINDOW_MS 5000
#define WINDOWS_MAX 3
/* Points of a percent. */
#define SHARE_TOLERANCE 3.0
#define QUOTA_TOLERANCE 1.0

/* All on one host CPU, so that they contend for it. */
static const char *const guests[GUESTS] = {"effect1", "effect2", "effect3"};
static struct host_bed bed;
static struct pr_domain *domains[GUESTS];

static void open_guests(void)
{
	static const struct bed_guest_options options = {
		.memory_mib = 512, .vcpus = 1, .cpus = "1"};

	host_need_bed();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		cr_skip_test("this host has one CPU, and its load would disturb the guests");
	for (int i = 0; i < GUESTS; i++)
		host_need_guest(guests[i], &options);
	host_open(&bed, NULL, 0);
	for (int i = 0; i < GUESTS; i++)
		domains[i] = host_domain(&bed, guests[i]);
}

static void close_guests(void)
{
	for (int i = 0; i < GUESTS; i++)
		pr_domain_close(domains[i]);
	host_close(&bed);
}

TestSuite(host_effect, .init = open_guests, .fini = close_guests, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS("effect1", "effect2", "effect3")

/* -- CPU -- */

static uint64_t cpu_ns(int guest)
{
	uint64_t ns = 0;

	cr_assert_eq(bed_guest_cpu_ns(guests[guest], &ns), 0, "%s", bed_error());
	return ns;
}

/* One window: each guest's part of what all of them got, in percent. */
static void window_shares(double shares[GUESTS])
{
	uint64_t used[GUESTS], sum = 0;

	for (int i = 0; i < GUESTS; i++)
		used[i] = cpu_ns(i);
	host_sleep_ms(WINDOW_MS);
	for (int i = 0; i < GUESTS; i++) {
		used[i] = cpu_ns(i) - used[i];
		sum += used[i];
	}
	for (int i = 0; i < GUESTS; i++)
		shares[i] = 100.0 * (double)used[i] / (double)sum;
	fprintf(stderr, "shares: %.2f %.2f %.2f %% of %.1f %% of a CPU\n", shares[0], shares[1],
		shares[2], (double)sum / WINDOW_MS / 10000);
}

static double distance(double a, double b)
{
	return a > b ? a - b : b - a;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool all_near(double shares[GUESTS], const double ideal[GUESTS])
{
	for (int i = 0; i < GUESTS; i++)
		if (distance(shares[i], ideal[i]) > SHARE_TOLERANCE)
			return false;
	return true;
}

/* The first window decides when it is good, else the median of all. */
static void expect_shares(const double ideal[GUESTS])
{
	double windows[GUESTS][WINDOWS_MAX], now[GUESTS];

	for (int w = 0; w < WINDOWS_MAX; w++) {
		window_shares(now);
		if (w == 0 && all_near(now, ideal))
			return;
		for (int i = 0; i < GUESTS; i++)
			windows[i][w] = now[i];
	}
	for (int i = 0; i < GUESTS; i++) {
		double *all = windows[i];

		qsort(all, WINDOWS_MAX, sizeof(*all), compare);
		cr_assert_leq(distance(all[WINDOWS_MAX / 2], ideal[i]), SHARE_TOLERANCE,
			      "%s: wanted %.1f %%, got %.2f, %.2f, %.2f %%", guests[i], ideal[i],
			      all[0], all[1], all[2]);
	}
}

Test(host_effect, shares)
{
	static const double first[GUESTS] = {25, 25, 50}, second[GUESTS] = {25, 50, 25};
	struct pr_plan *plan;
	int r;

	for (int i = 0; i < GUESTS; i++)
		host_agent(guests[i], "cpu 1");
	r = pr_cpu_set_shares(domains[2], 2048, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(domains[2]));
	expect_shares(first);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0, "no plan");
	cr_assert_eq(pr_plan_set_u64(plan, domains[1], "cpu.shares", NULL, 2048), 0, "%s",
		     pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_set_u64(plan, domains[2], "cpu.shares", NULL, 1024), 0, "%s",
		     pr_plan_errmsg(plan));
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "apply: got %d: %s", r, pr_plan_errmsg(plan));
	expect_shares(second);
	pr_plan_free(plan);
	host_set(domains[1], "cpu.shares", NULL, "default", 0);
	for (int i = 0; i < GUESTS; i++)
		host_agent(guests[i], "cpu 0");
}

/* CPU time of the thread that is the guest's vCPU 0, by its name in QEMU. */
static uint64_t vcpu_ns(int guest)
{
	char path[64], task[512], name[32] = "";
	unsigned long long ns = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)bed_guest_pid(guests[guest]));
	dir = opendir(path);
	cr_assert(dir, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		FILE *file;

		snprintf(task, sizeof(task), "%s/%s/comm", path, entry->d_name);
		file = fopen(task, "re");
		if (!file)
			continue;
		if (!fgets(name, sizeof(name), file))
			*name = '\0';
		fclose(file);
		if (strncmp(name, "CPU 0/", 6) == 0)
			break;
	}
	cr_assert(entry, "%s: no thread of a vCPU", path);
	snprintf(task, sizeof(task), "%s/%s/schedstat", path, entry->d_name);
	closedir(dir);
	FILE *file = fopen(task, "re");
	cr_assert(file && fscanf(file, "%llu", &ns) == 1, "%s cannot be read", task);
	fclose(file);
	return ns;
}

/* Percent of one CPU, the first window that is good, else the median of all. */
static void expect_percent(const char *what, uint64_t (*used_ns)(int guest), double wanted)
{
	double got[WINDOWS_MAX];

	for (int w = 0; w < WINDOWS_MAX; w++) {
		uint64_t before = used_ns(0), start_ms = host_now_ms();

		host_sleep_ms(WINDOW_MS);
		got[w] = (double)(used_ns(0) - before) / (double)(host_now_ms() - start_ms) / 10000;
		fprintf(stderr, "%s: %.2f %% of a CPU\n", what, got[w]);
		if (w == 0 && distance(got[0], wanted) <= QUOTA_TOLERANCE)
			return;
	}
	qsort(got, WINDOWS_MAX, sizeof(*got), compare);
	cr_assert_leq(distance(got[WINDOWS_MAX / 2], wanted), QUOTA_TOLERANCE,
		      "%s: wanted %.1f %% of a CPU, got %.2f, %.2f, %.2f %%", what, wanted, got[0],
		      got[1], got[2]);
}

Test(host_effect, quota)
{
	static const struct {
		int scope;
		const char *attribute;
		uint64_t (*used_ns)(int guest);
	} cases[] = {
		{PRALLOC_CPU_VCPU, "cpu.vcpu_quota", vcpu_ns},
		{PRALLOC_CPU_DOMAIN, "cpu.quota", cpu_ns},
	};

	host_agent(guests[0], "cpu 1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = pr_cpu_set_quota(domains[0], cases[i].scope, 20000, 100000, 0);

		cr_assert_eq(r, 0, "%s: got %d: %s", cases[i].attribute, r,
			     pr_domain_errmsg(domains[0]));
		host_sleep_ms(200);
		expect_percent(cases[i].attribute, cases[i].used_ns, 20);
		host_set(domains[0], cases[i].attribute, NULL, "unlimited", 0);
	}
	host_agent(guests[0], "cpu 0");
}

/* -- memory -- */

Test(host_effect, balloon_reaches_its_target)
{
	static const uint64_t targets[] = {256 * MIB, 512 * MIB};

	host_inflate(domains[0], 512 * MIB);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		uint64_t actual = 0, shown, start_ms = host_now_ms();
		int r = pr_mem_balloon(domains[0], targets[i], 0);

		cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(domains[0]));
		r = pr_mem_balloon_wait(domains[0], targets[i], HOST_PATIENCE_MS, &actual, 0);
		cr_assert_eq(r, 0, "wait: got %d: %s", r, pr_domain_errmsg(domains[0]));
		fprintf(stderr, "balloon at %" PRIu64 " MiB after %" PRIu64 " ms\n", actual / MIB,
			host_now_ms() - start_ms);
		shown = host_balloon(guests[0]);
		cr_assert_eq(actual, targets[i], "wanted %" PRIu64 ", got %" PRIu64, targets[i],
			     actual);
		cr_assert_eq(shown, targets[i], "wanted %" PRIu64 ", virsh says %" PRIu64,
			     targets[i], shown);
	}
}

/* Looks at two balloons all the time.  The recipient first: what is seen of the donor is later
 * and so not too large. */
struct watch {
	const char *donor, *recipient;
	atomic_bool stop;
	uint64_t most;
	unsigned int looks;
};

static bool look(const char *guest, uint64_t *ret_kib)
{
	char out[1024] = "";

	return bed_virsh(out, sizeof(out), "dommemstat %s", guest) == 0 &&
	       sscanf(out, "actual %" SCNu64, ret_kib) == 1;
}

static void *watch_main(void *arg)
{
	struct watch *watch = arg;

	while (!atomic_load(&watch->stop)) {
		uint64_t donor, recipient;

		if (!look(watch->recipient, &recipient) || !look(watch->donor, &donor))
			continue;
		if (donor + recipient > watch->most)
			watch->most = donor + recipient;
		watch->looks++;
	}
	return NULL;
}

static void expect_applied(struct pr_plan *plan, const char *name)
{
	for (size_t i = 0; i < pr_plan_count(plan); i++) {
		struct pr_step step = {.size = sizeof(step)};

		cr_assert_eq(pr_plan_step(plan, i, &step), 0, "step %zu", i);
		cr_assert_eq(step.status, PRALLOC_STEP_APPLIED, "%s %s: wanted applied, got %d: %s",
			     name, step.target, step.status, step.text);
		cr_assert_gt(step.elapsed_us, 0, "%s %s: no time elapsed", name, step.target);
		cr_assert_eq(step.after.number, step.wanted.number,
			     "%s %s: wanted %" PRIu64 ", got %" PRIu64, name, step.target,
			     step.wanted.number, step.after.number);
		fprintf(stderr, "%s: %s after %" PRIu64 " us\n", name, step.target,
			step.elapsed_us);
	}
}

/* The recipient stands first in the plan, and takes second. */
Test(host_effect, plan_moves_memory)
{
	struct watch watch = {.donor = guests[0], .recipient = guests[1]};
	uint64_t donor, recipient;
	struct pr_plan *plan;
	pthread_t thread;
	int r;

	host_inflate(domains[0], 512 * MIB);
	host_inflate(domains[1], 256 * MIB);
	/* Statistics of the guests as they are now. */
	host_sleep_ms(2000);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0, "no plan");
	cr_assert_eq(pr_plan_set_u64(plan, domains[1], "mem.balloon", NULL, 512 * MIB), 0, "%s",
		     pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_set_u64(plan, domains[0], "mem.balloon", NULL, 256 * MIB), 0, "%s",
		     pr_plan_errmsg(plan));
	cr_assert_eq(pthread_create(&thread, NULL, watch_main, &watch), 0, "no thread");
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	atomic_store(&watch.stop, true);
	pthread_join(thread, NULL);
	cr_assert_eq(r, 0, "apply: got %d: %s", r, pr_plan_errmsg(plan));
	expect_applied(plan, "move");
	donor = host_balloon(guests[0]);
	recipient = host_balloon(guests[1]);
	cr_assert(donor == 256 * MIB && recipient == 512 * MIB,
		  "wanted 256 and 512 MiB, got %" PRIu64 " and %" PRIu64, donor, recipient);
	cr_assert_gt(watch.looks, 5, "the balloons were looked at %u times only", watch.looks);
	cr_assert_leq(watch.most * 1024, 768 * MIB,
		      "wanted never more than 768 MiB for both, got %" PRIu64 " KiB", watch.most);
	r = pr_plan_undo(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "undo: got %d: %s", r, pr_plan_errmsg(plan));
	donor = host_balloon(guests[0]);
	recipient = host_balloon(guests[1]);
	cr_assert(donor == 512 * MIB && recipient == 256 * MIB,
		  "undo: wanted 512 and 256 MiB, got %" PRIu64 " and %" PRIu64, donor, recipient);
	pr_plan_free(plan);
	host_inflate(domains[1], 512 * MIB);
}

/* Until the guest's statistics show that it holds memory. */
static void hold(int guest, const char *bytes)
{
	uint64_t end_ms = host_now_ms() + 10000;
	char line[64];

	snprintf(line, sizeof(line), "mem %s", bytes);
	host_agent(guests[guest], line);
	while (host_number(domains[guest], "mem.unused") > 200 * MIB && host_now_ms() < end_ms)
		host_sleep_ms(100);
	cr_assert_leq(host_number(domains[guest], "mem.unused"), 200 * MIB,
		      "the guest's statistics do not show what it holds");
}

Test(host_effect, donor_that_needs_its_memory)
{
	uint64_t balloon;
	int r;

	host_inflate(domains[2], 512 * MIB);
	hold(2, "350000000");
	r = pr_mem_balloon(domains[2], 256 * MIB, 0);
	host_expect_refused(domains[2], r, -ENOSPC, "256M");
	host_expect_refused(domains[2], r, -ENOSPC, "can spare");
	fprintf(stderr, "%s\n", pr_domain_errmsg(domains[2]));
	host_sleep_ms(1000);
	balloon = host_balloon(guests[2]);
	cr_assert_eq(balloon, 512 * MIB, "wanted nothing changed, got %" PRIu64, balloon);
	host_agent(guests[2], "mem 0");
}

Test(host_effect, plan_with_a_donor_that_needs_its_memory)
{
	struct pr_step step = {.size = sizeof(step)};
	struct pr_plan *plan;
	uint64_t donor, recipient;
	int r;

	host_inflate(domains[2], 512 * MIB);
	host_inflate(domains[1], 256 * MIB);
	hold(2, "350000000");
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0, "no plan");
	cr_assert_eq(pr_plan_set_u64(plan, domains[1], "mem.balloon", NULL, 512 * MIB), 0, "%s",
		     pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_set_u64(plan, domains[2], "mem.balloon", NULL, 256 * MIB), 0, "%s",
		     pr_plan_errmsg(plan));
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, -ENOSPC, "wanted %d, got %d: %s", -ENOSPC, r, pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_step(plan, 1, &step), 0, "no step 1");
	cr_assert_eq(step.status, PRALLOC_STEP_REFUSED, "wanted refused, got %d", step.status);
	donor = host_balloon(guests[2]);
	recipient = host_balloon(guests[1]);
	cr_assert(donor == 512 * MIB && recipient == 256 * MIB,
		  "wanted nothing changed (512 and 256 MiB), got %" PRIu64 " and %" PRIu64, donor,
		  recipient);
	pr_plan_free(plan);
	host_agent(guests[2], "mem 0");
	host_inflate(domains[1], 512 * MIB);
}

Test(host_effect, stalled_balloon_tells_its_size_and_is_cancelled)
{
	uint64_t actual = 0, shown, start_ms;
	int r;

	host_inflate(domains[2], 512 * MIB);
	hold(2, "350000000");
	r = pr_mem_balloon(domains[2], 256 * MIB, PRALLOC_ALLOW_HARM);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(domains[2]));
	start_ms = host_now_ms();
	r = pr_mem_balloon_wait(domains[2], 256 * MIB, 4000, &actual, 0);
	start_ms = host_now_ms() - start_ms;
	host_expect_refused(domains[2], r, -ETIMEDOUT, "not 256M");
	cr_assert(start_ms >= 3900 && start_ms < 5500, "wanted 4000 ms, got %" PRIu64, start_ms);
	shown = host_balloon(guests[2]);
	cr_assert(actual > 256 * MIB && actual < 512 * MIB,
		  "wanted a size between 256 and 512 MiB, got %" PRIu64, actual);
	cr_assert(distance((double)actual, (double)shown) <= (double)(4 * MIB),
		  "wanted the size that virsh tells, %" PRIu64 ", got %" PRIu64, shown, actual);
	fprintf(stderr, "stalled at %" PRIu64 " MiB: %s\n", actual / MIB,
		pr_domain_errmsg(domains[2]));
	host_inflate(domains[2], 512 * MIB);
	host_agent(guests[2], "mem 0");
	host_sleep_ms(1500);
	shown = host_balloon(guests[2]);
	cr_assert_eq(shown, 512 * MIB, "the old target is still in force: %" PRIu64, shown);
}
