/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * List the VMs of a host, and what can be set on it.
 *
 *     list [URI]
 */
#include <inttypes.h>
#include <stdio.h>

#include <pralloc.h>

static int fail(const char *text)
{
	fprintf(stderr, "list: %s\n", text);
	return 1;
}

static void print_value(const struct pr_reading *reading)
{
	char text[PRALLOC_VALUE_TEXT_MAX] = "-";

	if (reading->error == 0)
		pr_value_format(NULL, reading->attribute, &reading->value, text, sizeof(text),
				PRALLOC_FORMAT_SHORT);
	printf(" %10s", text);
}

static int print_domain(struct pr_domain *dom)
{
	static const char *const states[] = {
		[PRALLOC_DOMAIN_RUNNING] = "running",
		[PRALLOC_DOMAIN_PAUSED] = "paused",
		[PRALLOC_DOMAIN_OFF] = "off",
	};
	struct pr_reading readings[] = {
		{.size = sizeof(readings[0]), .attribute = "mem.actual"},
		{.size = sizeof(readings[0]), .attribute = "mem.maximum"},
		{.size = sizeof(readings[0]), .attribute = "cpu.shares"},
	};
	size_t n = sizeof(readings) / sizeof(readings[0]);
	int state;

	/* One pass over the VM; what it cannot tell has an error of its own. */
	if (pr_domain_state(dom, &state, 0) < 0 || pr_read(dom, readings, n, NULL, 0) < 0)
		return fail(pr_domain_errmsg(dom));
	printf("%-20s %-8s", pr_domain_name(dom), states[state]);
	for (size_t i = 0; i < n; i++)
		print_value(&readings[i]);
	putchar('\n');
	return 0;
}

static int print_domains(struct pr_host *host)
{
	struct pr_domain *dom = NULL;
	int failed = 0, r;

	printf("%-20s %-8s %10s %10s %10s\n", "NAME", "STATE", "MEMORY", "MAXIMUM", "SHARES");
	while ((r = pr_host_next(host, &dom, 0)) > 0)
		failed |= print_domain(dom);
	return r < 0 ? fail(pr_host_errmsg(host)) : failed;
}

/* What can be set, with the backend that does it or the reason why none can. */
static int print_capabilities(struct pr_host *host)
{
	struct pr_attr_info info = {.size = sizeof(info)};

	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name)) {
		const char *backend, *reason;

		if (pr_attr_info(NULL, name, &info) < 0 ||
		    !(info.properties & PRALLOC_ATTR_WRITABLE))
			continue;
		if (pr_host_route(host, name, &backend, &reason) < 0)
			return fail(pr_host_errmsg(host));
		printf("%-36s %s\n", name, backend ? backend : reason);
	}
	return 0;
}

static int print_host(struct pr_host *host)
{
	struct pr_host_info info = {.size = sizeof(info)};
	int r;

	if (pr_host_info(host, &info, 0) < 0)
		return fail(pr_host_errmsg(host));
	printf("%s: %" PRIu32 " CPUs, %" PRIu64 " MiB, of which %" PRIu64 " MiB are given\n\n",
	       info.uri, info.cpus, info.memory_bytes >> 20, info.committed_bytes >> 20);
	r = print_domains(host);
	putchar('\n');
	return print_capabilities(host) | r;
}

int main(int argc, char **argv)
{
	struct pr_ctx *ctx;
	struct pr_host *host;
	int r;

	if (argc > 2) {
		fprintf(stderr, "usage: list [URI]\n");
		return 2;
	}
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, argc > 1 ? argv[1] : "qemu:///system", PRALLOC_READ_ONLY, &host) <
	    0) {
		r = fail(pr_ctx_errmsg(ctx));
	} else {
		r = print_host(host);
		pr_host_close(host);
	}
	pr_ctx_unref(ctx);
	return r;
}
