/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody does by hand, with tc and with our files, while a process knows a link. */
#include "net_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINK 80.0
#define STATE_MAX 8192

struct scene {
	struct net_bed bed;
	struct net_host host;
};

static void begin(struct scene *scene)
{
	net_bed_open(&scene->bed, 2);
	net_host_open(&scene->host, &scene->bed);
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

/* What the kernel was told of a tap, without what is counted. */
static void state_of(const char *tap, char *out)
{
	net_output(out, STATE_MAX,
		   "tc qdisc show dev %s; tc filter show dev %s ingress; tc filter show dev %s "
		   "egress | sed 's/ (rule hit.*//'",
		   tap, tap, tap);
}

/* The record of a foreign qdisc is cut: nothing is made of it, and it stays. */
Test(net_hand, record_of_a_foreign_qdisc_that_is_not_whole, .timeout = 30)
{
	uint64_t rate = (uint64_t)(LINK * (double)MBIT_BYTES);
	char before[STATE_MAX], after[STATE_MAX], path[256];
	struct scene scene;

	begin(&scene);
	net_sh(NULL, "tc qdisc add dev tap2 root handle 77: tbf rate 500mbit burst 64k "
		     "latency 50ms");
	cr_assert_eq(pr_net_set_link(scene.host.host, NET_LINK, rate, rate, PRALLOC_REPLACE), 0,
		     "%s", pr_host_errmsg(scene.host.host));
	net_output(path, sizeof(path), "ls /run/pralloc/*.replaced | tr -d '\\n'");
	net_sh(NULL, "cp %s /run/whole; truncate -s -20 %s", path, path);
	state_of("tap2", before);
	cr_expect_eq(pr_net_reset(scene.host.host, NET_LINK, 0), -EIO, "%s",
		     pr_host_errmsg(scene.host.host));
	cr_expect(strstr(pr_host_errmsg(scene.host.host), path), "%s",
		  pr_host_errmsg(scene.host.host));
	cr_expect(strstr(pr_host_errmsg(scene.host.host), "not whole"), "%s",
		  pr_host_errmsg(scene.host.host));
	state_of("tap2", after);
	cr_expect_str_eq(after, before, "a refusal changed something: %s", after);
	net_sh(NULL, "test -f %s", path);

	net_sh(NULL, "cp /run/whole %s", path);
	cr_assert_eq(pr_net_reset(scene.host.host, NET_LINK, 0), 0, "%s",
		     pr_host_errmsg(scene.host.host));
	state_of("tap2", after);
	cr_expect(strstr(after, "qdisc tbf 77:"), "%s", after);
	net_sh(NULL, "! test -f %s", path);
	end(&scene);
}

static void set_weight(struct scene *scene, int vm, uint64_t weight)
{
	cr_assert_eq(pr_net_set_weight(scene->host.vm[vm], NULL, PRALLOC_NET_OUT, weight, 0), 0,
		     "%s", pr_domain_errmsg(scene->host.vm[vm]));
}

static void set_limit(struct scene *scene, int vm, double mbit)
{
	cr_assert_eq(pr_net_set_rate(scene->host.vm[vm], NULL, PRALLOC_NET_OUT,
				     (uint64_t)(mbit * (double)MBIT_BYTES), 0, 0, 0),
		     0, "%s", pr_domain_errmsg(scene->host.vm[vm]));
}

/* A write that concerns a VM, by the way of all of its link or by that of its limit alone. */
enum write { WEIGHT, LIMIT };

static void write_one(struct scene *scene, enum write write, int vm, unsigned int round)
{
	if (write == WEIGHT)
		set_weight(scene, vm, 100 + round);
	else
		set_limit(scene, vm, 10 + round);
}

static const struct {
	const char *name, *command;
	enum write write;
	int vm; /* that is written to; what is removed is of tap1 */
} removals[] = {
	{"qdisc, its weight", "tc qdisc del dev tap1 clsact", WEIGHT, 0},
	{"qdisc, its limit", "tc qdisc del dev tap1 clsact", LIMIT, 0},
	{"qdisc, a weight of another one", "tc qdisc del dev tap1 clsact", WEIGHT, 1},
	{"filter, its weight", "tc filter del dev tap1 ingress", WEIGHT, 0},
	{"filter, its limit", "tc filter del dev tap1 ingress", LIMIT, 0},
};

/* Numbers of filters and actions are the kernel's to give. */
static void redirects_of(const char *tap, char *out)
{
	net_output(out, STATE_MAX,
		   "{ tc qdisc show dev %s; tc filter show dev %s ingress; tc filter show dev %s "
		   "egress; } | grep -o 'qdisc.*\\|mirred.*' | sort",
		   tap, tap, tap);
}

/* A process that knows the link looks again after a second. */
Test(net_hand, what_was_removed_comes_back, .timeout = 60)
{
	char before[STATE_MAX], after[STATE_MAX];
	struct scene scene;

	begin(&scene);
	net_set_link(&scene.host, LINK);
	set_limit(&scene, 0, 10);
	set_limit(&scene, 1, 10);
	redirects_of("tap1", before);
	for (unsigned int i = 0; i < sizeof(removals) / sizeof(removals[0]); i++) {
		net_sh(NULL, "%s", removals[i].command);
		redirects_of("tap1", after);
		cr_assert_str_neq(after, before, "%s", removals[i].name);
		net_sleep_ms(1100);
		write_one(&scene, removals[i].write, removals[i].vm, i + 1);
		redirects_of("tap1", after);
		cr_expect_str_eq(after, before, "%s: %s\nnot %s", removals[i].name, after, before);
	}
	end(&scene);
}
