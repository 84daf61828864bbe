/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network bandwidth of a domain and of a link.  Directions are seen from the domain: in is
 * traffic to the guest.  Flags, checks and errors as pr_set_u64; see pralloc-network(3).
 */
#ifndef PRALLOC_NET_H
#define PRALLOC_NET_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/** Direction, seen from the domain. */
enum pr_net_direction {
	PRALLOC_NET_IN = 1,
	PRALLOC_NET_OUT = 2,
};

/**
 * pr_net_set_rate - most bandwidth of one interface (net.rate.in, net.rate.out)
 *
 * @interface: MAC address, tap name or alias, or NULL where the domain has just one.
 * @average: bytes per second, or PRALLOC_UNLIMITED.  @peak: bytes per second for the first
 * @burst bytes.  @peak and @burst: 0 keeps the present ones.
 * All are set as one: when one fails the others are taken back.  Since: 0.1.
 */
PRALLOC_API int pr_net_set_rate(struct pr_domain *dom, const char *interface, int direction,
				uint64_t average, uint64_t peak, uint64_t burst, uint32_t flags);

/** pr_net_set_weight - weight of the domain on a contended link (net.weight.in, net.weight.out).
 * @link: bridge or network, or NULL where the domain is on just one.  @weight: 1 to 10000.
 * Since: 0.1. */
PRALLOC_API int pr_net_set_weight(struct pr_domain *dom, const char *link, int direction,
				  uint64_t weight, uint32_t flags);

/** pr_net_set_guarantee - bandwidth kept for the domain on a link (net.guarantee.in, .out).
 * @link: as pr_net_set_weight.  @bytes_per_sec: from 1; PRALLOC_DEFAULT for none.  Since: 0.1. */
PRALLOC_API int pr_net_set_guarantee(struct pr_domain *dom, const char *link, int direction,
				     uint64_t bytes_per_sec, uint32_t flags);

/** pr_net_set_link - bandwidth that the domains on a link share (net.link.out, net.link.in of the
 * host).  @link: bridge or network.  Rates in bytes per second; both are set as one.  Since: 0.1. */
PRALLOC_API int pr_net_set_link(struct pr_host *host, const char *link, uint64_t out_rate,
				uint64_t in_rate, uint32_t flags);

/**
 * pr_net_reset - give a link back
 *
 * Both rates of pr_net_set_link become "not set", and so do the weights and guarantees that running
 * domains have on the link; all or nothing.  Rates of single interfaces (pr_net_set_rate) stay.
 * Where nothing is left, what was taken over from others with PRALLOC_REPLACE is put back.
 * @link: as pr_net_set_link, or NULL where the host has just one.  Since: 0.1.
 */
PRALLOC_API int pr_net_reset(struct pr_host *host, const char *link, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_NET_H */
