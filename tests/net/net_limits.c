/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ceilings, guarantees, and what TCP makes of them. */
#include "net_host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VMS 3
#define SETTLE_MS 400
#define TOLERANCE (net_is_emulated() ? 0.15 : 0.03)

/* A link where everybody sends. */
struct scene {
	struct net_bed bed;
	struct net_host host;
	struct net_load loads[VMS];
};

static void begin(struct scene *scene, double mbit)
{
	net_bed_open(&scene->bed, VMS);
	net_host_open(&scene->host, &scene->bed);
	if (mbit > 0)
		net_set_link(&scene->host, mbit);
}

static void load_all(struct scene *scene, int direction)
{
	for (int vm = 0; vm < VMS; vm++)
		net_load_start(&scene->bed, &scene->loads[vm], vm, direction, NULL);
	net_sleep_ms(SETTLE_MS);
}

static void unload_all(struct scene *scene)
{
	for (int vm = 0; vm < VMS; vm++)
		net_load_stop(&scene->loads[vm]);
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

static void set_rate(struct scene *scene, int vm, int direction, double mbit)
{
	struct pr_domain *dom = scene->host.vm[vm];

	cr_assert_eq(pr_net_set_rate(dom, NULL, direction, (uint64_t)(mbit * (double)MBIT_BYTES), 0,
				     0, 0),
		     0, "%s", pr_domain_errmsg(dom));
}

static void set_guarantee(struct scene *scene, int vm, int direction, double mbit)
{
	struct pr_domain *dom = scene->host.vm[vm];

	cr_assert_eq(pr_net_set_guarantee(dom, NULL, direction,
					  (uint64_t)(mbit * (double)MBIT_BYTES), 0),
		     0, "%s", pr_domain_errmsg(dom));
}

/* 80 Mbit/s, equal weights; what the ceiling of the first leaves goes to the others. */
Test(net_limits, ceiling_on_a_full_link, .timeout = 60)
{
	static const double ideal[] = {10, 35, 35};
	struct scene scene;

	begin(&scene, 80);
	for (int direction = PRALLOC_NET_IN; direction <= PRALLOC_NET_OUT; direction++) {
		set_rate(&scene, 0, direction, 10);
		load_all(&scene, direction);
		net_expect("ceiling", scene.loads, VMS, ideal, TOLERANCE);
		unload_all(&scene);
	}
	end(&scene);
}

/* 80 Mbit/s: 40 are kept for the first and the rest is divided by the weights 1:1:3 and that of
 * what belongs to nobody, who does not send. */
Test(net_limits, guarantee_under_overload, .timeout = 60)
{
	static const uint64_t weights[] = {100, 100, 300};
	static const double ideal[] = {48, 8, 24};
	struct scene scene;

	begin(&scene, 80);
	net_set_weights(&scene.host, weights);
	for (int direction = PRALLOC_NET_IN; direction <= PRALLOC_NET_OUT; direction++) {
		set_guarantee(&scene, 0, direction, 40);
		load_all(&scene, direction);
		net_expect("guarantee", scene.loads, VMS, ideal, TOLERANCE);
		unload_all(&scene);
	}
	end(&scene);
}

static bool is_kept(const double *mbits, int n, const void *least)
{
	(void)n;
	return mbits[0] >= *(const double *)least * (1 - TOLERANCE);
}

/* A guarantee holds also against many streams. */
Test(net_limits, guarantee_against_many_streams, .timeout = 60)
{
	static const double least = 40;
	struct scene scene;
	double mbits[1];
	bool kept;

	begin(&scene, 80);
	set_guarantee(&scene, 0, PRALLOC_NET_OUT, least);
	net_load_start(&scene.bed, &scene.loads[0], 0, PRALLOC_NET_OUT, NULL);
	net_load_start(&scene.bed, &scene.loads[1], 1, PRALLOC_NET_OUT, "-P 8");
	net_load_start(&scene.bed, &scene.loads[2], 2, PRALLOC_NET_OUT, "-P 8");
	net_sleep_ms(SETTLE_MS);
	kept = net_measure_until(scene.loads, 1, is_kept, &least, mbits);
	cr_expect(kept, "%.2f Mbit/s of %.0f guaranteed", mbits[0], least);
	unload_all(&scene);
	end(&scene);
}

/* What is committed cannot be more than the link, and what held before holds on. */
Test(net_limits, guarantees_beyond_the_link, .timeout = 60)
{
	struct pr_domain *dom;
	struct scene scene;
	uint64_t value;

	begin(&scene, 80);
	set_guarantee(&scene, 0, PRALLOC_NET_OUT, 50);
	dom = scene.host.vm[1];
	cr_expect_eq(pr_net_set_guarantee(dom, NULL, PRALLOC_NET_OUT, 31 * MBIT_BYTES, 0), -ENOSPC,
		     "%s", pr_domain_errmsg(dom));
	cr_expect(strstr(pr_domain_errmsg(dom), NET_LINK), "%s", pr_domain_errmsg(dom));
	set_guarantee(&scene, 1, PRALLOC_NET_OUT, 30);
	cr_assert_eq(pr_host_get_u64(scene.host.host, "net.committed", NET_LINK, &value, 0), 0);
	cr_expect_eq(value, 80 * MBIT_BYTES, "%" PRIu64, value);
	end(&scene);
}

/* Packets leave whole: one of 64 KiB may belong to the time before or after, of 3 s. */
#define PACKET_MBITS (65536.0 * 8 / 3000000)

/* Shaping, never policing: TCP uses what it may, with a link and without one. */
static void goodput(double link, double limit, int direction)
{
	struct scene scene;
	double payload;

	begin(&scene, link);
	set_rate(&scene, 0, direction, limit);
	net_load_start(&scene.bed, &scene.loads[0], 0, direction, NULL);
	net_sleep_ms(SETTLE_MS);
	payload = net_goodput(&scene.loads[0], 0.9 * limit);
	fprintf(stderr, "# limit %.0f Mbit/s: goodput %.2f\n", limit, payload);
	cr_expect(payload >= 0.9 * limit - PACKET_MBITS && payload <= limit + PACKET_MBITS,
		  "goodput %.2f Mbit/s of %.0f", payload, limit);
	net_load_stop(&scene.loads[0]);
	end(&scene);
}

Test(net_limits, goodput_out_on_a_link, .timeout = 60)
{
	goodput(net_is_emulated() ? 100 : 800, net_is_emulated() ? 10 : 50, PRALLOC_NET_OUT);
}

Test(net_limits, goodput_out_without_a_link, .timeout = 60)
{
	goodput(0, net_is_emulated() ? 10 : 50, PRALLOC_NET_OUT);
}

Test(net_limits, goodput_in_without_a_link, .timeout = 60)
{
	goodput(0, net_is_emulated() ? 10 : 50, PRALLOC_NET_IN);
}

Test(net_limits, goodput_of_a_slow_limit, .timeout = 60)
{
	goodput(0, 2, PRALLOC_NET_OUT);
}
