/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Set the most bandwidth that a running VM may have, in one direction.
 *
 *     net_rate VM in|out RATE [URI]         net_rate vm1 out 80mbit
 *
 * Directions are seen from the VM: in is traffic to the guest.  The VM has one interface.
 */
#include <stdio.h>
#include <string.h>

#include <pralloc.h>

static int fail(const char *text)
{
	fprintf(stderr, "net_rate: %s\n", text);
	return 1;
}

static int set_rate(struct pr_ctx *ctx, struct pr_domain *dom, int direction, const char *text)
{
	const char *attribute = direction == PRALLOC_NET_IN ? "net.rate.in" : "net.rate.out";
	struct pr_value rate = {.size = sizeof(rate)};
	char readable[PRALLOC_VALUE_TEXT_MAX];

	if (pr_value_parse(ctx, attribute, text, 0, &rate, NULL, 0) < 0)
		return fail(pr_ctx_errmsg(ctx));
	/* No interface: the only one.  Peak and burst stay as they are. */
	if (pr_net_set_rate(dom, NULL, direction, rate.number, /* peak= */ 0, /* burst= */ 0, 0) <
		    0 ||
	    pr_get_u64(dom, attribute, NULL, &rate.number, 0) < 0)
		return fail(pr_domain_errmsg(dom));
	if (pr_value_format(ctx, attribute, &rate, readable, sizeof(readable),
			    PRALLOC_FORMAT_SHORT) < 0)
		return fail(pr_ctx_errmsg(ctx));
	printf("%s: %s\n", pr_domain_name(dom), readable);
	return 0;
}

int main(int argc, char **argv)
{
	const char *uri = argc > 4 ? argv[4] : "qemu:///system";
	struct pr_ctx *ctx;
	struct pr_host *host = NULL;
	struct pr_domain *dom = NULL;
	int r;

	if (argc < 4 || argc > 5 || (strcmp(argv[2], "in") != 0 && strcmp(argv[2], "out") != 0)) {
		fprintf(stderr, "usage: net_rate VM in|out RATE [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, uri, 0, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	else if (pr_domain_open(host, argv[1], 0, &dom) < 0)
		r = fail(pr_host_errmsg(host));
	else
		r = set_rate(ctx, dom,
			     strcmp(argv[2], "in") == 0 ? PRALLOC_NET_IN : PRALLOC_NET_OUT,
			     argv[3]);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
