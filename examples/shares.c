/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Set the CPU shares of a running VM.
 *
 *     shares VM SHARES [URI]         shares vm1 2048
 *
 * Twice the shares of another VM is twice its CPU time while both want more than there is.
 */
#include <inttypes.h>
#include <stdio.h>

#include <pralloc.h>

static int fail(const char *text)
{
	fprintf(stderr, "shares: %s\n", text);
	return 1;
}

static int set_shares(struct pr_ctx *ctx, struct pr_domain *dom, const char *text)
{
	struct pr_value shares = {.size = sizeof(shares)};
	uint64_t before, after;

	if (pr_value_parse(ctx, "cpu.shares", text, 0, &shares, NULL, 0) < 0)
		return fail(pr_ctx_errmsg(ctx));
	if (pr_get_u64(dom, "cpu.shares", NULL, &before, 0) < 0 ||
	    pr_cpu_set_shares(dom, shares.number, 0) < 0 ||
	    pr_get_u64(dom, "cpu.shares", NULL, &after, 0) < 0)
		return fail(pr_domain_errmsg(dom));
	printf("%s: %" PRIu64 " shares, was %" PRIu64 "\n", pr_domain_name(dom), after, before);
	return 0;
}

int main(int argc, char **argv)
{
	const char *uri = argc > 3 ? argv[3] : "qemu:///system";
	struct pr_ctx *ctx;
	struct pr_host *host = NULL;
	struct pr_domain *dom = NULL;
	int r;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: shares VM SHARES [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, uri, 0, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	else if (pr_domain_open(host, argv[1], 0, &dom) < 0)
		r = fail(pr_host_errmsg(host));
	else
		r = set_shares(ctx, dom, argv[2]);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
