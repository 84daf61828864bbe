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

/* What a domain was given on a link. */
static const int of_link[] = {PRI_NET_WEIGHT_IN, PRI_NET_WEIGHT_OUT, PRI_NET_GUARANTEE_IN,
			      PRI_NET_GUARANTEE_OUT};

#define OF_LINK PRI_ARRAY_SIZE(of_link)

static int add_domain(struct pr_plan *plan, struct pr_domain *dom, const char *link)
{
	struct pr_reading readings[OF_LINK];
	int r;

	for (size_t i = 0; i < OF_LINK; i++)
		readings[i] = (struct pr_reading){.size = sizeof(readings[i]),
						  .attribute = pri_attrs[of_link[i]].name,
						  .instance = link};
	r = pr_read(dom, readings, OF_LINK, /* times= */ NULL, /* flags= */ 0);
	/* A domain that does not run, or is on another link, has nothing to give back. */
	if (r < 0)
		return 0;
	for (size_t i = 0; r == 0 && i < OF_LINK; i++) {
		const struct pri_attr *attr = &pri_attrs[of_link[i]];

		if (readings[i].error == 0 && readings[i].value.number != attr->def)
			r = pr_plan_set_u64(plan, dom, attr->name, link, PRALLOC_DEFAULT);
	}
	return r;
}

static int add_domains(struct pr_plan *plan, struct pr_host *host, const char *link)
{
	struct pr_domain *dom = NULL;
	int r;

	while ((r = pr_host_next(host, &dom, /* flags= */ 0)) > 0) {
		r = add_domain(plan, dom, link);
		if (r < 0)
			break;
	}
	pr_domain_close(dom);
	return r;
}

static int fill_reset(struct pr_plan *plan, struct pr_host *host, const char *link, char **error)
{
	static const int rates[] = {PRI_NET_LINK_OUT, PRI_NET_LINK_IN};
	int r = add_domains(plan, host, link);

	for (size_t i = 0; r == 0 && i < PRI_ARRAY_SIZE(rates); i++)
		r = pr_plan_host_set_u64(plan, host, pri_attrs[rates[i]].name, link,
					 PRALLOC_DEFAULT);
	if (r < 0)
		pri_note_error(error, "%s",
			       *pr_plan_errmsg(plan) ? pr_plan_errmsg(plan) : pr_host_errmsg(host));
	return r;
}

int pr_net_reset(struct pr_host *host, const char *link, uint32_t flags)
{
	struct pri_target target = {.host = host};
	pri_autofree char *canonical = NULL;
	struct pr_plan *plan = NULL;
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	r = pri_flags_check(flags, PRI_SET_FLAGS, &error);
	if (r == 0)
		r = pri_instance_resolve(&target, &pri_attrs[PRI_NET_LINK_OUT], PRALLOC_LIVE, link,
					 &canonical, &error);
	if (r == 0)
		r = pr_plan_new(host->ctx, &plan);
	if (r == 0)
		r = fill_reset(plan, host, canonical, &error);
	if (r == 0) {
		r = pr_plan_apply(plan, host->ctx->timeout_ms, flags);
		if (r < 0)
			pri_note_error(&error, "%s", pr_plan_errmsg(plan));
	}
	pr_plan_free(plan);
	return pri_host_result(host, r, &error);
}
