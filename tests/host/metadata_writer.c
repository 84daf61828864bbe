/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * metadata_writer URI DOMAIN ATTRIBUTE COUNT - sets a persistent value again and again, and reads
 * it in between: nobody else writes this one, so it must be the value that was set last.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <pralloc.h>

#define MIB (UINT64_C(1) << 20)

static int write_and_read(struct pr_domain *dom, const char *attribute, uint64_t wanted)
{
	uint64_t got = 0;
	int r = pr_set_u64(dom, attribute, NULL, wanted, PRALLOC_CONFIG);

	if (r == 0)
		r = pr_get_u64(dom, attribute, NULL, &got, PRALLOC_CONFIG);
	if (r < 0)
		fprintf(stderr, "%s\n", pr_domain_errmsg(dom));
	else if (got != wanted)
		fprintf(stderr, "%s: %" PRIu64 " is lost: it is %" PRIu64 "\n", attribute, wanted,
			got);
	return r < 0 || got != wanted ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	struct pr_domain *dom = NULL;
	unsigned long count = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
	int r = count ? pr_ctx_new(&ctx) : -1;

	if (r == 0)
		r = pr_host_open(ctx, argv[1], 0, &host);
	if (r == 0)
		r = pr_domain_open(host, argv[2], 0, &dom);
	if (r < 0)
		fprintf(stderr, "metadata_writer: %s\n", ctx ? pr_ctx_errmsg(ctx) : "usage");
	for (unsigned long i = 1; r == 0 && i <= count; i++)
		r = write_and_read(dom, argv[3], i * MIB);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
