/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Set the weight of a running VM on contended disks of the host.
 *
 *     io_weight VM WEIGHT [URI]         io_weight vm1 300
 *
 * Three times the weight of another VM is three times its I/O while both want more than there is.
 */
#include <inttypes.h>
#include <stdio.h>

#include <pralloc.h>

static int fail(const char *text)
{
	fprintf(stderr, "io_weight: %s\n", text);
	return 1;
}

static int set_weight(struct pr_ctx *ctx, struct pr_domain *dom, const char *text)
{
	struct pr_value weight = {.size = sizeof(weight)};
	uint64_t before, after;

	if (pr_value_parse(ctx, "io.weight", text, 0, &weight, NULL, 0) < 0)
		return fail(pr_ctx_errmsg(ctx));
	/* No device: the weight on all of them. */
	if (pr_get_u64(dom, "io.weight", NULL, &before, 0) < 0 ||
	    pr_io_set_weight(dom, NULL, weight.number, 0) < 0 ||
	    pr_get_u64(dom, "io.weight", NULL, &after, 0) < 0)
		return fail(pr_domain_errmsg(dom));
	printf("%s: weight %" PRIu64 ", was %" PRIu64 "\n", pr_domain_name(dom), after, before);
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
		fprintf(stderr, "usage: io_weight VM WEIGHT [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, uri, 0, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	else if (pr_domain_open(host, argv[1], 0, &dom) < 0)
		r = fail(pr_host_errmsg(host));
	else
		r = set_weight(ctx, dom, argv[2]);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
