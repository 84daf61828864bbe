/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a link when taps come and go, when there are others, and when we are killed. */
#include "net_host.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VMS 2
#define LINK 80.0
#define SETTLE_MS 400
#define TOLERANCE (net_is_emulated() ? 0.15 : 0.05)

struct scene {
	struct net_bed bed;
	struct net_host host;
};

static void begin(struct scene *scene)
{
	net_bed_open(&scene->bed, VMS);
	net_host_open(&scene->host, &scene->bed);
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

static void set_weight(struct scene *scene, int vm, uint64_t weight)
{
	cr_assert_eq(pr_net_set_weight(scene->host.vm[vm], NULL, PRALLOC_NET_OUT, weight, 0), 0,
		     "%s", pr_domain_errmsg(scene->host.vm[vm]));
}

static uint64_t weight_of(struct scene *scene, int vm)
{
	uint64_t weight = 0;

	cr_assert_eq(pr_get_u64(scene->host.vm[vm], "net.weight.out", NULL, &weight, 0), 0, "%s",
		     pr_domain_errmsg(scene->host.vm[vm]));
	return weight;
}

/* Both send out: 3:1. */
static void expect_three_to_one(struct scene *scene, const char *what)
{
	static const double ideal[] = {LINK * 3 / 4, LINK / 4};
	struct net_load loads[VMS];

	for (int vm = 0; vm < VMS; vm++)
		net_load_start(&scene->bed, &loads[vm], vm, PRALLOC_NET_OUT, NULL);
	net_sleep_ms(SETTLE_MS);
	net_expect(what, loads, VMS, ideal, TOLERANCE);
	for (int vm = 0; vm < VMS; vm++)
		net_load_stop(&loads[vm]);
}

/* The rates of the classes of VMs and of what belongs to nobody add up to the link at most. */
static void expect_sound(const char *what)
{
	struct net_classes classes = {0};
	char device[NET_DEVICE_MAX];
	uint64_t sum = 0, link = 0;

	net_ifb(device, PRALLOC_NET_OUT);
	net_classes_read(&classes, device);
	for (size_t i = 0; i < classes.count; i++) {
		const struct net_class *class = &classes.list[i];

		if (class->parent == UINT32_MAX)
			link = class->rate;
		else if (class->parent == 0x10001)
			sum += class->rate;
	}
	cr_expect(link == (uint64_t)(LINK * (double)MBIT_BYTES) && sum <= link,
		  "%s: rates of %" PRIu64 " on a link of %" PRIu64, what, sum, link);
	net_classes_free(&classes);
}

/* Deal with events for a while, as an agent does. */
static void run_events(struct net_host *host, unsigned int ms)
{
	struct pollfd fd = {.fd = pr_host_event_fd(host->host), .events = POLLIN};
	uint64_t end = net_now_ns() + ms * UINT64_C(1000000);

	cr_assert(fd.fd >= 0, "%s", pr_host_errmsg(host->host));
	while (net_now_ns() < end) {
		struct pr_event event = {.size = sizeof(event)};

		if (poll(&fd, 1, 50) > 0)
			while (pr_host_next_event(host->host, &event, 0) > 0)
				;
	}
}

Test(net_life, tap_comes_back_while_events_are_read, .timeout = 60)
{
	struct scene scene;

	begin(&scene);
	net_set_link(&scene.host, LINK);
	set_weight(&scene, 0, 300);
	set_weight(&scene, 1, 100);
	run_events(&scene.host, 100);
	net_bed_unplug(&scene.bed, 0);
	run_events(&scene.host, 300);
	net_bed_plug(&scene.bed, 0);
	run_events(&scene.host, 2500);
	cr_expect_eq(weight_of(&scene, 0), 300);
	expect_three_to_one(&scene, "tap back, by events");
	end(&scene);
}

Test(net_life, tap_comes_back_and_the_next_call_joins_it, .timeout = 60)
{
	struct scene scene;

	begin(&scene);
	net_set_link(&scene.host, LINK);
	set_weight(&scene, 0, 300);
	set_weight(&scene, 1, 100);
	net_bed_unplug(&scene.bed, 0);
	net_bed_plug(&scene.bed, 0);
	set_weight(&scene, 1, 100);
	cr_expect_eq(weight_of(&scene, 0), 300);
	expect_three_to_one(&scene, "tap back, by the next call");
	end(&scene);
}

/* Loads 0 and 2 together against load 1. */
static bool are_three_to_one(const double *mbits, int n, const void *data)
{
	(void)n;
	(void)data;
	return mbits[0] + mbits[2] > LINK * 3 / 4 * (1 - TOLERANCE) &&
	       mbits[1] > LINK / 4 * (1 - TOLERANCE);
}

/* Two NICs of the first VM send against one of the second: the weight is the VM's. */
Test(net_life, two_nics_are_one_vm, .timeout = 60)
{
	struct net_load loads[3];
	struct scene scene;
	double mbits[3];

	net_bed_open(&scene.bed, VMS);
	net_bed_plug_second(&scene.bed, 0);
	net_host_open(&scene.host, &scene.bed);
	pr_domain_close(scene.host.vm[0]);
	scene.host.vm[0] =
		net_domain(&scene.host, "tap1@52:54:00:77:00:01+tap1b@52:54:00:77:02:01");
	net_set_link(&scene.host, LINK);
	set_weight(&scene, 0, 300);
	set_weight(&scene, 1, 100);
	net_load_start(&scene.bed, &loads[0], 0, PRALLOC_NET_OUT, NULL);
	net_load_start(&scene.bed, &loads[1], 1, PRALLOC_NET_OUT, NULL);
	scene.bed.network = "10.79.0.";
	net_load_start(&scene.bed, &loads[2], 0, PRALLOC_NET_OUT, NULL);
	net_sleep_ms(SETTLE_MS);
	cr_expect(net_measure_until(loads, 3, are_three_to_one, NULL, mbits),
		  "%.2f + %.2f against %.2f", mbits[0], mbits[2], mbits[1]);
	for (int i = 0; i < 3; i++)
		net_load_stop(&loads[i]);
	end(&scene);
}

/* A discipline of somebody else in our place: left alone, taken over when told, put back. */
Test(net_life, foreign_qdisc_is_kept_and_restored, .timeout = 30)
{
	char before[4096], after[4096];
	struct scene scene;
	uint64_t rate = (uint64_t)(LINK * (double)MBIT_BYTES);

	begin(&scene);
	net_sh(NULL, "tc qdisc add dev tap1 handle ffff: ingress\n"
		     "tc qdisc add dev tap2 root handle 77: tbf rate 500mbit burst 64k "
		     "latency 50ms");
	net_output(before, sizeof(before), "tc qdisc show dev tap1; tc qdisc show dev tap2");
	cr_expect_eq(pr_net_set_link(scene.host.host, NET_LINK, rate, rate, 0), -EBUSY, "%s",
		     pr_host_errmsg(scene.host.host));
	cr_expect(strstr(pr_host_errmsg(scene.host.host), "tap1"), "%s",
		  pr_host_errmsg(scene.host.host));
	net_output(after, sizeof(after), "tc qdisc show dev tap1; tc qdisc show dev tap2");
	cr_expect_str_eq(after, before, "a refusal changed something: %s", after);

	cr_assert_eq(pr_net_set_link(scene.host.host, NET_LINK, rate, rate, PRALLOC_REPLACE), 0,
		     "%s", pr_host_errmsg(scene.host.host));
	set_weight(&scene, 0, 300);
	set_weight(&scene, 1, 100);
	expect_three_to_one(&scene, "in place of a foreign discipline");
	cr_assert_eq(pr_net_reset(scene.host.host, NET_LINK, 0), 0, "%s",
		     pr_host_errmsg(scene.host.host));
	net_output(after, sizeof(after), "tc qdisc show dev tap1; tc qdisc show dev tap2");
	cr_expect_str_eq(after, before, "not as before:\n%s", after);
	end(&scene);
}

Test(net_life, reset_leaves_nothing, .timeout = 30)
{
	struct scene scene;

	begin(&scene);
	net_set_link(&scene.host, LINK);
	set_weight(&scene, 0, 300);
	cr_assert(net_bed_reaches(&scene.bed, 0));
	cr_assert_eq(pr_net_reset(scene.host.host, NET_LINK, 0), 0, "%s",
		     pr_host_errmsg(scene.host.host));
	net_expect_nothing_left();
	cr_expect(net_bed_reaches(&scene.bed, 0));
	end(&scene);
}

/* Changes weights in a process of its own, with handles of its own, until it has done all rounds. */
static void change_on_and_on(const struct net_bed *bed, int vm, int rounds)
{
	struct net_host host;
	int failures = 0;

	net_host_open(&host, bed);
	for (int round = 0; round < rounds; round++)
		failures += pr_net_set_weight(host.vm[vm], NULL, PRALLOC_NET_OUT,
					      (uint64_t)(round % 7 + 1) * 100, 0) != 0;
	_exit(failures == 0 ? 0 : 1);
}

Test(net_life, two_processes_at_once, .timeout = 60)
{
	struct scene scene;
	pid_t pids[VMS];

	begin(&scene);
	net_set_link(&scene.host, LINK);
	for (int vm = 0; vm < VMS; vm++) {
		pids[vm] = fork();
		cr_assert(pids[vm] >= 0);
		if (pids[vm] == 0)
			change_on_and_on(&scene.bed, vm, 201);
	}
	for (int vm = 0; vm < VMS; vm++) {
		int status;

		cr_assert_eq(waitpid(pids[vm], &status, 0), pids[vm]);
		cr_expect_eq(status, 0, "process %d: status 0x%x", vm, (unsigned int)status);
	}
	for (int vm = 0; vm < VMS; vm++)
		cr_expect_eq(weight_of(&scene, vm), 500, "%" PRIu64, weight_of(&scene, vm));
	expect_sound("after two processes");
	end(&scene);
}

static void set_rate_out(const struct net_host *host, int vm, uint64_t rate)
{
	cr_assert_eq(pr_set_u64(host->vm[vm], "net.rate.out", NULL, rate, 0), 0, "%s",
		     pr_domain_errmsg(host->vm[vm]));
}

/* The last of these is 500 and 1500000. */
static void change_limits_and_weights(const struct net_bed *bed, int vm)
{
	struct net_host host;
	int failures = 0;

	net_host_open(&host, bed);
	for (uint64_t round = 0; round < 2001; round++) {
		failures += pr_set_u64(host.vm[vm], "net.rate.out", NULL,
				       1000000 + round % 7 * 125000,
				       round % 2 ? PRALLOC_NO_VERIFY : 0) != 0;
		if (round % 10 == 0)
			failures += pr_net_set_weight(host.vm[vm], NULL, PRALLOC_NET_OUT,
						      (round / 10 % 7 + 1) * 100, 0) != 0;
	}
	set_rate_out(&host, vm, 1500000);
	_exit(failures == 0 ? 0 : 1);
}

static void expect_limits(uint64_t rate)
{
	struct net_classes classes = {0};
	char device[NET_DEVICE_MAX];
	size_t limited = 0;

	net_ifb(device, PRALLOC_NET_OUT);
	net_classes_read(&classes, device);
	for (size_t i = 0; i < classes.count; i++)
		limited += classes.list[i].ceil == rate;
	cr_expect_eq(limited, VMS, "%zu classes have the last limit", limited);
	net_classes_free(&classes);
}

/* Single messages of each process between whole commits of the other one. */
Test(net_life, limits_and_weights_of_two_processes_at_once, .timeout = 60)
{
	struct scene scene;
	pid_t pids[VMS];

	begin(&scene);
	net_set_link(&scene.host, LINK);
	for (int vm = 0; vm < VMS; vm++) {
		pids[vm] = fork();
		cr_assert(pids[vm] >= 0);
		if (pids[vm] == 0)
			change_limits_and_weights(&scene.bed, vm);
	}
	for (int vm = 0; vm < VMS; vm++) {
		int status;

		cr_assert_eq(waitpid(pids[vm], &status, 0), pids[vm]);
		cr_expect_eq(status, 0, "process %d: status 0x%x", vm, (unsigned int)status);
	}
	for (int vm = 0; vm < VMS; vm++)
		cr_expect_eq(weight_of(&scene, vm), 500, "%" PRIu64, weight_of(&scene, vm));
	expect_limits(1500000);
	expect_sound("after two processes");
	end(&scene);
}

/* What was remembered before another process wrote is not taken for what is, after a call that was
 * refused: the limit would come with the rate of the old weights. */
Test(net_life, refusal_after_somebody_elses_write, .timeout = 60)
{
	uint64_t rate = (uint64_t)(LINK * (double)MBIT_BYTES);
	struct net_host other;
	struct scene scene;

	begin(&scene);
	net_set_link(&scene.host, LINK);
	set_weight(&scene, 0, 300);
	set_rate_out(&scene.host, 0, rate);
	net_host_open(&other, &scene.bed);
	cr_assert_eq(pr_net_set_weight(other.vm[0], NULL, PRALLOC_NET_OUT, 100, 0), 0, "%s",
		     pr_domain_errmsg(other.vm[0]));
	cr_expect_eq(pr_set_u64(scene.host.vm[0], "net.rate.out.burst", NULL, UINT64_C(1) << 40, 0),
		     -ERANGE, "%s", pr_domain_errmsg(scene.host.vm[0]));
	set_rate_out(&scene.host, 0, rate - 1);
	expect_sound("a limit after a refusal");
	net_host_close(&other);
	end(&scene);
}

/* Sets up, changes and takes down until it is killed. */
static void work_until_killed(const struct net_bed *bed)
{
	uint64_t rate = (uint64_t)(LINK * (double)MBIT_BYTES);
	struct net_host host;

	net_host_open(&host, bed);
	for (uint64_t round = 0;; round++) {
		pr_net_set_link(host.host, NET_LINK, rate, rate, 0);
		for (int vm = 0; vm < VMS; vm++)
			pr_net_set_weight(host.vm[vm], NULL, PRALLOC_NET_OUT,
					  round % 100 * 10 + 100, 0);
		pr_net_set_rate(host.vm[0], NULL, PRALLOC_NET_IN, rate / 2, 0, 0, 0);
		for (uint64_t single = 0; single < 1000; single++)
			pr_set_u64(host.vm[1], "net.rate.out", NULL, rate / 2 + single, 0);
		if (round % 2)
			pr_net_reset(host.host, NET_LINK, 0);
	}
}

static void kill_once(struct scene *scene, unsigned int round)
{
	pid_t pid = fork();

	cr_assert(pid >= 0);
	if (pid == 0)
		work_until_killed(&scene->bed);
	/* spread over the work, the same in every run */
	usleep(2000 + round * 7919 % 23000);
	net_end(&pid);
	cr_assert(net_bed_reaches(&scene->bed, 0) && net_bed_reaches(&scene->bed, 1),
		  "round %u: the killed one left a link that nothing gets through", round);
}

Test(net_life, killed_at_any_point, .timeout = 120)
{
	unsigned int rounds = net_is_emulated() ? 10 : 60;
	struct scene scene;

	begin(&scene);
	for (unsigned int round = 0; round < rounds; round++) {
		kill_once(&scene, round);
		net_set_link(&scene.host, LINK);
		set_weight(&scene, 0, 300);
		set_weight(&scene, 1, 100);
		cr_expect_eq(weight_of(&scene, 0), 300);
		cr_expect_eq(weight_of(&scene, 1), 100);
		set_rate_out(&scene.host, 1, (uint64_t)(LINK * (double)MBIT_BYTES) / 2);
		expect_sound("after a kill");
	}
	expect_three_to_one(&scene, "after kills");
	cr_assert_eq(
		pr_net_set_rate(scene.host.vm[0], NULL, PRALLOC_NET_IN, PRALLOC_UNLIMITED, 0, 0, 0),
		0, "%s", pr_domain_errmsg(scene.host.vm[0]));
	set_rate_out(&scene.host, 1, PRALLOC_UNLIMITED);
	cr_assert_eq(pr_net_reset(scene.host.host, NET_LINK, 0), 0, "%s",
		     pr_host_errmsg(scene.host.host));
	net_expect_nothing_left();
	end(&scene);
}
