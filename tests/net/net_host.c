/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net_host.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool net_is_emulated(void)
{
	return getenv("PRALLOC_MICROVM") != NULL;
}

struct pr_domain *net_domain(const struct net_host *host, const char *name)
{
	struct pr_domain *dom = NULL;

	cr_assert_eq(pr_domain_open(host->host, name, 0, &dom), 0, "%s: %s", name,
		     pr_host_errmsg(host->host));
	return dom;
}

void net_host_open(struct net_host *host, const struct net_bed *bed)
{
	*host = (struct net_host){.vms = bed->vms};
	cr_assert_eq(pr_ctx_new(&host->ctx), 0);
	cr_assert_eq(pr_host_open(host->ctx, NET_URI, 0, &host->host), 0, "%s",
		     pr_ctx_errmsg(host->ctx));
	for (int vm = 0; vm < bed->vms; vm++) {
		char name[64];

		snprintf(name, sizeof(name), "tap%d@52:54:00:77:00:%02x", vm + 1, vm + 1);
		host->vm[vm] = net_domain(host, name);
	}
}

void net_host_close(struct net_host *host)
{
	for (int vm = 0; vm < host->vms; vm++)
		pr_domain_close(host->vm[vm]);
	pr_host_close(host->host);
	pr_ctx_unref(host->ctx);
}

void net_set_link(struct net_host *host, double mbit)
{
	uint64_t rate = (uint64_t)(mbit * (double)MBIT_BYTES);

	cr_assert_eq(pr_net_set_link(host->host, NET_LINK, rate, rate, 0), 0, "%s",
		     pr_host_errmsg(host->host));
}

void net_set_weights(struct net_host *host, const uint64_t *weights)
{
	for (int vm = 0; vm < host->vms; vm++) {
		for (int direction = PRALLOC_NET_IN; direction <= PRALLOC_NET_OUT; direction++)
			cr_assert_eq(
				pr_net_set_weight(host->vm[vm], NULL, direction, weights[vm], 0), 0,
				"%s", pr_domain_errmsg(host->vm[vm]));
	}
}

void net_ifb(char device[NET_DEVICE_MAX], int direction)
{
	snprintf(device, NET_DEVICE_MAX, "pr-%s-%x", direction == PRALLOC_NET_IN ? "in" : "out",
		 if_nametoindex(NET_LINK));
}

void net_expect_nothing_left(void)
{
	char out[4096];

	net_output(out, sizeof(out),
		   "{ ip -o link; tc qdisc show; } | grep -E 'pr-(in|out)-|htb|clsact|ingress' |"
		   "head -n 10");
	cr_expect_str_empty(out, "%s", out);
}
