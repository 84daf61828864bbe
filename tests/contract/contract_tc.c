/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contract over traffic control, in a network of its own: a bridge with two ports. */
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <criterion/criterion.h>

#include "contract.h"

static const struct contract contract = {
	.uri = "tc:",
	.domain = "pr-port1",
	/* Without a rate of the link a weight divides nothing. */
	.write_flags = PRALLOC_ALLOW_INEFFECTIVE,
};

/* The network goes away with the process of the test; locks are made in a /run of its own. */
static void make_network(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		cr_skip_test("a network namespace needs root");
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	cr_assert_eq(system("set -e\n"
			    "ip link add pr-br0 up type bridge\n"
			    "for i in 1 2; do\n"
			    "	ip link add pr-port$i type veth peer name pr-guest$i\n"
			    "	ip link set pr-port$i up master pr-br0\n"
			    "	bridge fdb add 52:54:00:00:00:0$i dev pr-port$i master static\n"
			    "done"),
		     0, "cannot build the network");
}

TestSuite(contract_tc, .init = make_network);

#define CASE(name)                                                                                 \
	Test(contract_tc, name)                                                                    \
	{                                                                                          \
		contract_##name(&contract);                                                        \
	}

CONTRACT_CASES(CASE)

/* The same with a rate of the link, where a weight renormalises it. */
static const struct contract divided = {.uri = "tc:", .domain = "pr-port1"};

static void divide_link(void)
{
	struct contract_bed bed;

	make_network();
	contract_open(&bed, &divided);
	cr_assert_eq(pr_net_set_link(bed.host, "pr-br0", 100000000, 50000000, 0), 0, "%s",
		     pr_host_errmsg(bed.host));
	contract_close(&bed);
}

TestSuite(contract_tc_link, .init = divide_link);

#define LINK_CASE(name)                                                                            \
	Test(contract_tc_link, name)                                                               \
	{                                                                                          \
		contract_##name(&divided);                                                         \
	}

CONTRACT_CASES(LINK_CASE)
