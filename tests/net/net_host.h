/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library on the host of a bed. */
#ifndef PRALLOC_NET_HOST_H
#define PRALLOC_NET_HOST_H

#include "net_bed.h"
#include "net_class.h"

#define NET_URI "tc:?uplink=up0"
#define NET_DEVICE_MAX 16

struct net_host {
	struct pr_ctx *ctx;
	struct pr_host *host;
	int vms;
	struct pr_domain *vm[NET_VMS_MAX];
};

/* Open the host of the bed and its VMs. */
void net_host_open(struct net_host *host, const struct net_bed *bed);
void net_host_close(struct net_host *host);
struct pr_domain *net_domain(const struct net_host *host, const char *name);

/* Rates in Mbit/s; weights one for each VM, in both directions. */
void net_set_link(struct net_host *host, double mbit);
void net_set_weights(struct net_host *host, const uint64_t *weights);

/* The device whose HTB has the classes of a direction. */
void net_ifb(char device[NET_DEVICE_MAX], int direction);
/* Everything of the library is gone: no device, no qdisc of its own. */
void net_expect_nothing_left(void);

/* The stock kernel in an emulated VM: for function, not for exactness. */
bool net_is_emulated(void);

#endif
