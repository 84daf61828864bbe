/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bridge full of VMs. */
#include "net_host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* With the uplink a bridge has 1023 ports at most. */
#define VMS (net_is_emulated() ? 100 : 1000)

static void make_taps(void)
{
	net_sh(NULL,
	       "for i in $(seq %d); do\n"
	       "	echo tuntap add v$i mode tap\n"
	       "	echo link set v$i master " NET_LINK " up\n"
	       "done | ip -batch -",
	       VMS);
}

static double seconds(uint64_t since_ns)
{
	return (double)(net_now_ns() - since_ns) / 1e9;
}

static void expect_classes(int direction, uint64_t link)
{
	struct net_classes classes = {0};
	char device[NET_DEVICE_MAX];
	uint64_t sum = 0;
	int leaves = 0;

	net_ifb(device, direction);
	net_classes_read(&classes, device);
	for (size_t i = 0; i < classes.count; i++) {
		if (classes.list[i].has_classes)
			continue;
		leaves++;
		sum += classes.list[i].rate;
	}
	cr_expect_eq(leaves, VMS + 1, "%d classes", leaves);
	cr_expect_eq(sum, link, "rates of %" PRIu64 " on a link of %" PRIu64, sum, link);
	net_classes_free(&classes);
}

Test(net_many, a_thousand_vms_share_a_link, .timeout = 120)
{
	uint64_t link = 10000 * MBIT_BYTES, start, weight = 0;
	struct net_host host;
	struct pr_domain *dom;
	struct net_bed bed;
	double all, one;
	char name[32];

	net_bed_open(&bed, 0);
	make_taps();
	net_host_open(&host, &bed);
	start = net_now_ns();
	cr_assert_eq(pr_net_set_link(host.host, NET_LINK, link, link, 0), 0, "%s",
		     pr_host_errmsg(host.host));
	all = seconds(start);
	snprintf(name, sizeof(name), "v%d@52:54:00:00:00:01", VMS / 2);
	dom = net_domain(&host, name);
	start = net_now_ns();
	cr_assert_eq(pr_net_set_weight(dom, NULL, PRALLOC_NET_OUT, 250, 0), 0, "%s",
		     pr_domain_errmsg(dom));
	one = seconds(start);
	/* Told, not judged: what it costs beside the bare messages is the benchmark's. */
	fprintf(stderr, "# %d VMs: link %.3f s, a weight %.4f s\n", VMS, all, one);
	expect_classes(PRALLOC_NET_OUT, link);
	expect_classes(PRALLOC_NET_IN, link);
	cr_assert_eq(pr_get_u64(dom, "net.weight.out", NULL, &weight, 0), 0);
	cr_expect_eq(weight, 250);
	cr_assert_eq(pr_net_reset(host.host, NET_LINK, 0), 0, "%s", pr_host_errmsg(host.host));
	net_expect_nothing_left();
	pr_domain_close(dom);
	net_host_close(&host);
	net_bed_close(&bed);
}
