/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that uses the installed library, in C99: the first argument is a URI. */
#include <pralloc.h>
#include <stdio.h>

static int list(struct pr_host *host)
{
	struct pr_domain *dom = NULL;
	int r;

	while ((r = pr_host_next(host, &dom, 0)) > 0) {
		uint64_t shares = 0;

		r = pr_cpu_set_shares(dom, 2048, 0);
		if (r == 0)
			r = pr_get_u64(dom, "cpu.shares", NULL, &shares, 0);
		if (r < 0) {
			printf("%s: %s\n", pr_domain_name(dom), pr_domain_errmsg(dom));
			pr_domain_close(dom);
			return r;
		}
		printf("%s %lu\n", pr_domain_name(dom), (unsigned long)shares);
	}
	if (r < 0)
		printf("%s\n", pr_host_errmsg(host));
	return r;
}

int main(int argc, char **argv)
{
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	int r;

	if (pr_version() != PRALLOC_VERSION || pr_ctx_new(&ctx) < 0)
		return 2;
	r = pr_host_open(ctx, argc > 1 ? argv[1] : "fake:///2", 0, &host);
	if (r < 0)
		printf("%d %s\n", r, pr_ctx_errmsg(ctx));
	else
		r = list(host);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r < 0;
}
