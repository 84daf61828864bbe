/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Change the size of a running VM with its balloon, and wait until the guest is there.
 *
 *     balloon VM SIZE [URI]          balloon vm1 512MiB
 *
 * Sends the target, waits at most a minute, and takes a target that the guest did not reach back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <pralloc.h>

#define WAIT_MS 60000

static int fail(const char *text)
{
	fprintf(stderr, "balloon: %s\n", text);
	return 1;
}

/* "512MiB" or "25%" of what the VM can have at most. */
static int parse_size(struct pr_ctx *ctx, struct pr_domain *dom, const char *text,
		      uint64_t *ret_bytes)
{
	struct pr_value value = {.size = sizeof(value)};
	uint64_t maximum;
	int r;

	r = pr_get_u64(dom, "mem.maximum", NULL, &maximum, 0);
	if (r < 0)
		return fail(pr_domain_errmsg(dom));
	r = pr_value_parse(ctx, "mem.balloon", text, maximum, &value, NULL, 0);
	if (r < 0)
		return fail(pr_ctx_errmsg(ctx));
	*ret_bytes = value.number;
	return 0;
}

static int balloon(struct pr_domain *dom, uint64_t bytes)
{
	uint64_t before, actual = 0;
	int r;

	r = pr_get_u64(dom, "mem.actual", NULL, &before, 0);
	if (r == 0)
		r = pr_mem_balloon(dom, bytes, 0);
	if (r < 0)
		return fail(pr_domain_errmsg(dom));
	r = pr_mem_balloon_wait(dom, bytes, WAIT_MS, &actual, 0);
	if (r < 0)
		fail(pr_domain_errmsg(dom));
	/* The guest would go on giving whenever it can; what it reached becomes the target. */
	if (r == -ETIMEDOUT && actual > 0 && pr_mem_balloon(dom, actual, PRALLOC_ALLOW_HARM) < 0)
		fail(pr_domain_errmsg(dom));
	if (r == 0)
		printf("%s: %" PRIu64 " MiB, was %" PRIu64 " MiB\n", pr_domain_name(dom),
		       actual >> 20, before >> 20);
	return r < 0;
}

static int run(struct pr_ctx *ctx, struct pr_host *host, const char *name, const char *size)
{
	struct pr_domain *dom;
	uint64_t bytes;
	int r;

	if (pr_domain_open(host, name, 0, &dom) < 0)
		return fail(pr_host_errmsg(host));
	r = parse_size(ctx, dom, size, &bytes);
	if (r == 0)
		r = balloon(dom, bytes);
	pr_domain_close(dom);
	return r;
}

int main(int argc, char **argv)
{
	struct pr_ctx *ctx;
	struct pr_host *host;
	int r;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: balloon VM SIZE [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, argc > 3 ? argv[3] : "qemu:///system", 0, &host) < 0) {
		r = fail(pr_ctx_errmsg(ctx));
	} else {
		r = run(ctx, host, argv[1], argv[2]);
		pr_host_close(host);
	}
	pr_ctx_unref(ctx);
	return r;
}
