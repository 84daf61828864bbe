/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network bandwidth of a domain and of a link. */
#include <errno.h>

#include "core/request.h"

/* The attributes of each direction. */
static const struct {
	int rate, peak, burst, weight, guarantee;
} directions[] = {
	[PRALLOC_NET_IN] = {PRI_NET_RATE_IN, PRI_NET_RATE_IN_PEAK, PRI_NET_RATE_IN_BURST,
			    PRI_NET_WEIGHT_IN, PRI_NET_GUARANTEE_IN},
	[PRALLOC_NET_OUT] = {PRI_NET_RATE_OUT, PRI_NET_RATE_OUT_PEAK, PRI_NET_RATE_OUT_BURST,
			     PRI_NET_WEIGHT_OUT, PRI_NET_GUARANTEE_OUT},
};

static int check_direction(struct pr_domain *dom, int direction)
{
	char *error = NULL;

	if (!dom)
		return -EINVAL;
	if (direction == PRALLOC_NET_IN || direction == PRALLOC_NET_OUT)
		return 0;
	pri_set_error(&error, -EINVAL, "direction %d is out of range (1 in, 2 out)", direction);
	return pri_domain_result(dom, -EINVAL, &error);
}

int pr_net_set_rate(struct pr_domain *dom, const char *interface, int direction, uint64_t average,
		    uint64_t peak, uint64_t burst, uint32_t flags)
{
	struct pri_request requests[3];
	size_t n = 0;
	int r = check_direction(dom, direction);

	if (r < 0)
		return r;
	requests[n++] = pri_request_number(directions[direction].rate, interface, average);
	if (peak)
		requests[n++] = pri_request_number(directions[direction].peak, interface, peak);
	if (burst)
		requests[n++] = pri_request_number(directions[direction].burst, interface, burst);
	return pri_domain_set_all(dom, requests, n, flags);
}

int pr_net_set_weight(struct pr_domain *dom, const char *link, int direction, uint64_t weight,
		      uint32_t flags)
{
	int r = check_direction(dom, direction);

	return r < 0 ? r : pri_domain_set(dom, directions[direction].weight, link, weight, flags);
}

int pr_net_set_guarantee(struct pr_domain *dom, const char *link, int direction,
			 uint64_t bytes_per_sec, uint32_t flags)
{
	int r = check_direction(dom, direction);

	return r < 0 ? r
		     : pri_domain_set(dom, directions[direction].guarantee, link, bytes_per_sec,
				      flags);
}

int pr_net_set_link(struct pr_host *host, const char *link, uint64_t out_rate, uint64_t in_rate,
		    uint32_t flags)
{
	struct pri_request requests[] = {
		pri_request_number(PRI_NET_LINK_OUT, link, out_rate),
		pri_request_number(PRI_NET_LINK_IN, link, in_rate),
	};

	return pri_host_set_all(host, requests, PRI_ARRAY_SIZE(requests), flags);
}

int pr_net_reset(struct pr_host *host, const char *link, uint32_t flags)
{
	return pr_net_set_link(host, link, PRALLOC_DEFAULT, PRALLOC_DEFAULT, flags);
}
