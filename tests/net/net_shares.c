/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sends on a full link gets its weight's part, in both directions, slow links and fast ones. */
#include "net_host.h"

#include <stdio.h>

#define VMS 3
#define SETTLE_MS 400
/* TCP has less on its way than a queue of a slow link holds: it sends without a break, and what it
 * sends arrives in order, so that what has arrived can be counted over short windows. */
#define NO_LOSS "-w 200K"

static const struct {
	const char *name;
	uint64_t weights[VMS];
	int senders;
} sets[] = {
	{"3:2:1", {300, 200, 100}, 3},
	{"100:100:300", {100, 100, 300}, 3},
	{"10:1", {1000, 100, 100}, 2},
};

#define SETS (sizeof(sets) / sizeof(sets[0]))

/* What HTB's own arithmetic and TCP leave of a link that is full. */
#define ALL_BUSY (net_is_emulated() ? 0.15 : 0.02)
#define SOME_BUSY (net_is_emulated() ? 0.15 : 0.05)

static void ideals(double *ideal, double mbit, const uint64_t *weights, int senders)
{
	uint64_t sum = 0;

	for (int vm = 0; vm < senders; vm++)
		sum += weights[vm];
	for (int vm = 0; vm < senders; vm++)
		ideal[vm] = mbit * (double)weights[vm] / (double)sum;
}

/* All send; then the last one stops, and so on until one is alone. */
static void one_set(struct net_bed *bed, struct net_host *host, size_t set, int direction,
		    double mbit)
{
	struct net_load loads[VMS];
	int senders = sets[set].senders;
	char what[96];

	net_set_weights(host, sets[set].weights);
	for (int vm = 0; vm < senders; vm++)
		net_load_start(bed, &loads[vm], vm, direction, mbit < 100 ? NO_LOSS : NULL);
	for (int busy = senders; busy > 0; busy--) {
		double ideal[VMS];

		/* one set for one alone is enough */
		if (busy == 1 && set > 0)
			break;
		net_sleep_ms(SETTLE_MS);
		ideals(ideal, mbit, sets[set].weights, busy);
		snprintf(what, sizeof(what), "%s %s, %.0f Mbit/s, %d of %d", sets[set].name,
			 direction == PRALLOC_NET_IN ? "in" : "out", mbit, busy, senders);
		net_expect(what, loads, busy, ideal, busy == senders ? ALL_BUSY : SOME_BUSY);
		net_load_stop(&loads[busy - 1]);
	}
	for (int vm = 0; vm < senders; vm++)
		net_load_stop(&loads[vm]);
}

static void at_rate(double mbit, int direction)
{
	struct net_host host;
	struct net_bed bed;

	net_bed_open(&bed, VMS);
	net_host_open(&host, &bed);
	net_set_link(&host, mbit);
	for (size_t set = 0; set < SETS; set++)
		one_set(&bed, &host, set, direction, mbit);
	net_host_close(&host);
	net_bed_close(&bed);
}

/* Emulated, the slow link is as fast as two emulated CPUs can fill. */
static double slow_link(void)
{
	return net_is_emulated() ? 20 : 80;
}

Test(net_shares, slow_link_out, .timeout = 120)
{
	at_rate(slow_link(), PRALLOC_NET_OUT);
}

Test(net_shares, slow_link_in, .timeout = 120)
{
	at_rate(slow_link(), PRALLOC_NET_IN);
}

Test(net_shares, fast_link_out, .timeout = 120)
{
	if (net_is_emulated())
		cr_skip_test("no emulated CPU fills a fast link");
	at_rate(800, PRALLOC_NET_OUT);
}

Test(net_shares, fast_link_in, .timeout = 120)
{
	if (net_is_emulated())
		cr_skip_test("no emulated CPU fills a fast link");
	at_rate(800, PRALLOC_NET_IN);
}
