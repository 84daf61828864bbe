/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bed itself: what plain tc makes is what is measured. */
#include "net_host.h"

/* Towards the VMs some rates, and from them nothing in the way. */
Test(net_bed, measures_what_tc_gives, .timeout = 60)
{
	static const double real[] = {20, 40, 160}, emulated[] = {10, 20, 40};
	const double *ideal = net_is_emulated() ? emulated : real;
	struct net_load loads[3];
	double mbits[3];
	struct net_bed bed;

	net_bed_open(&bed, 3);
	for (int vm = 0; vm < 3; vm++) {
		net_sh(NULL,
		       "tc qdisc add dev tap%d root handle 1: htb default 1\n"
		       "tc class add dev tap%d parent 1: classid 1:1 htb rate %.0fmbit burst 64k",
		       vm + 1, vm + 1, ideal[vm]);
		net_load_start(&bed, &loads[vm], vm, PRALLOC_NET_IN, NULL);
	}
	net_sleep_ms(500);
	net_expect("plain tc", loads, 3, ideal, net_is_emulated() ? 0.1 : 0.01);
	for (int vm = 0; vm < 3; vm++) {
		net_load_stop(&loads[vm]);
		/* with the megabytes that wait in it */
		net_sh(NULL, "tc qdisc delete dev tap%d root", vm + 1);
	}

	net_load_start(&bed, &loads[0], 0, PRALLOC_NET_OUT, NULL);
	net_sleep_ms(200);
	net_measure(loads, 1, 500, mbits);
	cr_expect(mbits[0] > (net_is_emulated() ? 60 : 1000), "%.0f Mbit/s with nothing in the way",
		  mbits[0]);
	net_load_stop(&loads[0]);
	net_bed_close(&bed);
}

Test(net_bed, reaches_the_wan, .timeout = 30)
{
	struct net_bed bed;

	net_bed_open(&bed, 1);
	cr_expect(net_bed_reaches(&bed, 0));
	net_sh(NULL, "ip link set tap1 down");
	cr_expect_not(net_bed_reaches(&bed, 0));
	net_bed_unplug(&bed, 0);
	net_bed_plug(&bed, 0);
	cr_expect(net_bed_reaches(&bed, 0));
	net_bed_close(&bed);
}
