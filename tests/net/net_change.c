/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New weights hold at once, and on the way to them the link is never more than full. */
#include "net_host.h"

#include <stdio.h>

#define VMS 3
#define SAMPLE_MS 10
#define SAMPLES_MAX 300
#define WINDOW_NS UINT64_C(100000000)
/* The largest packet that offloads make. */
#define PACKET 65536.0

/* Bytes that have passed at one time. */
struct sample {
	uint64_t ns, link, vm[VMS];
};

/* What a test watches: the classes of one direction. */
struct view {
	char device[NET_DEVICE_MAX];
	uint32_t vm[VMS]; /* handles */
	struct net_classes classes;
	struct sample samples[SAMPLES_MAX];
	size_t count;
};

static void take(struct view *view)
{
	struct sample *sample = &view->samples[view->count];

	cr_assert(view->count < SAMPLES_MAX);
	net_classes_read(&view->classes, view->device);
	sample->ns = net_now_ns();
	sample->link = 0;
	for (size_t i = 0; i < view->classes.count; i++) {
		const struct net_class *class = &view->classes.list[i];

		if (!class->has_classes)
			sample->link += class->bytes;
		for (int vm = 0; vm < VMS; vm++) {
			if (class->handle == view->vm[vm])
				sample->vm[vm] = class->bytes;
		}
	}
	view->count++;
}

static void watch(struct view *view, unsigned int ms)
{
	uint64_t end = net_now_ns() + ms * UINT64_C(1000000);

	while (net_now_ns() < end) {
		take(view);
		net_sleep_ms(SAMPLE_MS);
	}
	take(view);
}

/* The class that grows while only one sends. */
static uint32_t busiest(struct view *view)
{
	struct net_classes before = {0};
	uint64_t most = 0;
	uint32_t handle = 0;

	net_classes_read(&before, view->device);
	net_sleep_ms(100);
	net_classes_read(&view->classes, view->device);
	for (size_t i = 0; i < before.count; i++) {
		uint64_t grown = view->classes.list[i].bytes - before.list[i].bytes;

		if (before.list[i].has_classes || grown <= most)
			continue;
		most = grown;
		handle = before.list[i].handle;
	}
	net_classes_free(&before);
	return handle;
}

/* No window of 100 ms (or longer, for samples are where they are) has more than the link, its burst,
 * and the packet that each class may be ahead: packets of 64 KiB leave whole. */
static void expect_never_more(const struct view *view, double mbit)
{
	double bytes_per_ns = mbit * (double)MBIT_BYTES / 1e9;
	double burst = mbit * (double)MBIT_BYTES / 1000;
	double worst = 0;

	burst = (burst > PACKET ? burst : PACKET) + VMS * PACKET;
	for (size_t i = 0, j = 0; i < view->count; i++) {
		const struct sample *from = &view->samples[i];
		double most, passed;

		while (j < view->count && view->samples[j].ns - from->ns < WINDOW_NS)
			j++;
		if (j == view->count)
			break;
		most = bytes_per_ns * (double)(view->samples[j].ns - from->ns);
		passed = (double)(view->samples[j].link - from->link);
		worst = passed - most > worst ? passed - most : worst;
		cr_expect(passed <= most + burst, "%.0f bytes in %.1f ms, %.0f are the link",
			  passed, (double)(view->samples[j].ns - from->ns) / 1e6, most);
	}
	fprintf(stderr, "# %.0f Mbit/s: worst window %.0f bytes above the link, burst %.0f\n", mbit,
		worst, burst);
}

static const struct sample *sample_after(const struct view *view, uint64_t ns)
{
	for (size_t i = 0; i < view->count; i++) {
		if (view->samples[i].ns >= ns)
			return &view->samples[i];
	}
	cr_assert_fail("no sample after the change");
	return NULL;
}

/* The 100 ms that begin 100 ms after a change. */
static void expect_in_force(const struct view *view, uint64_t changed_ns, const uint64_t *weights,
			    double tolerance)
{
	const struct sample *from = sample_after(view, changed_ns + WINDOW_NS);
	const struct sample *to = sample_after(view, changed_ns + 2 * WINDOW_NS);
	double sum = 0, passed = 0;

	for (int vm = 0; vm < VMS; vm++) {
		sum += (double)weights[vm];
		passed += (double)(to->vm[vm] - from->vm[vm]);
	}
	for (int vm = 0; vm < VMS; vm++) {
		double share = (double)(to->vm[vm] - from->vm[vm]) / passed;
		double ideal = (double)weights[vm] / sum;

		fprintf(stderr, "# 100 ms after the change VM %d has %.3f of %.3f\n", vm + 1, share,
			ideal);
		cr_expect(share > ideal - tolerance && share < ideal + tolerance,
			  "VM %d has %.3f, ideal %.3f", vm + 1, share, ideal);
	}
}

/* All weights in one step. */
static void change_weights(struct net_host *host, int direction, const uint64_t *weights)
{
	const char *attribute = direction == PRALLOC_NET_IN ? "net.weight.in" : "net.weight.out";
	struct pr_plan *plan;

	cr_assert_eq(pr_plan_new(host->ctx, &plan), 0);
	for (int vm = 0; vm < VMS; vm++)
		cr_assert_eq(pr_plan_set_u64(plan, host->vm[vm], attribute, NET_LINK, weights[vm]),
			     0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_apply(plan, 5000, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
}

static void under_load(double mbit, int direction, double tolerance)
{
	static const uint64_t weights[][VMS] = {{300, 200, 100}, {100, 200, 300}, {100, 100, 400}};
	static struct view view;
	struct net_load loads[VMS];
	struct net_host host;
	struct net_bed bed;
	uint64_t changed[3] = {0};

	net_bed_open(&bed, VMS);
	net_host_open(&host, &bed);
	net_set_link(&host, mbit);
	change_weights(&host, direction, weights[0]);
	net_ifb(view.device, direction);
	for (int vm = 0; vm < VMS; vm++) {
		net_load_start(&bed, &loads[vm], vm, direction, NULL);
		net_sleep_ms(300);
		view.vm[vm] = busiest(&view);
		net_load_stop(&loads[vm]);
		net_sleep_ms(100);
	}
	for (int vm = 0; vm < VMS; vm++)
		net_load_start(&bed, &loads[vm], vm, direction, NULL);
	net_sleep_ms(700);
	for (int step = 1; step < 3; step++) {
		watch(&view, 200);
		change_weights(&host, direction, weights[step]);
		changed[step] = net_now_ns();
		watch(&view, 350);
	}
	expect_never_more(&view, mbit);
	for (int step = 1; step < 3; step++)
		expect_in_force(&view, changed[step], weights[step], tolerance);
	for (int vm = 0; vm < VMS; vm++)
		net_load_stop(&loads[vm]);
	net_classes_free(&view.classes);
	net_host_close(&host);
	net_bed_close(&bed);
}

/* In 100 ms 80 Mbit/s are 15 of the largest packets: one more or less is 0.07, at both ends. */
Test(net_change, slow_link_in, .timeout = 60)
{
	under_load(80, PRALLOC_NET_IN, 0.1);
}

Test(net_change, slow_link_out, .timeout = 60)
{
	under_load(80, PRALLOC_NET_OUT, 0.1);
}

Test(net_change, fast_link_out, .timeout = 60)
{
	under_load(800, PRALLOC_NET_OUT, 0.03);
}
