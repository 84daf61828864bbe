/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * read_bench URI: reading every attribute that the host serves, of all its domains, through
 * libpralloc, beside one bulk call for statistics and a virsh process that prints them.  The three
 * do not read the same: the bulk call has no settings, and libpralloc has them all.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

#include <pralloc.h>

#include "bench.h"

#define BLOCKS 11
#define READINGS_MAX 256

struct bench {
	const char *uri;
	virConnectPtr connection;
	struct pr_host *host;
	struct pr_domain **domains;
	size_t domain_count;
	struct pr_reading readings[READINGS_MAX];
	size_t count;
};

static void bulk(void *data)
{
	struct bench *bench = data;
	virDomainStatsRecordPtr *records = NULL;

	if (virConnectGetAllDomainStats(bench->connection, 0, &records, 0) < 0)
		bench_die("bulk statistics", virGetLastErrorMessage());
	virDomainStatsRecordListFree(records);
}

static void pralloc(void *data)
{
	struct bench *bench = data;

	for (size_t i = 0; i < bench->domain_count; i++)
		if (pr_read(bench->domains[i], bench->readings, bench->count, NULL, 0) < 0)
			bench_die("pr_read", pr_domain_errmsg(bench->domains[i]));
}

static void virsh(void *data)
{
	const struct bench *bench = data;
	const char *const argv[] = {"virsh", "-q", "-c", bench->uri, "domstats", NULL};

	bench_spawn(argv);
}

/* All attributes of a domain that are served and need no instance. */
static void choose_readings(struct bench *bench)
{
	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name)) {
		struct pr_attr_info info = {.size = sizeof(info)};
		const char *backend = NULL;

		if (pr_attr_info(NULL, name, &info) < 0 || info.target != PRALLOC_TARGET_DOMAIN ||
		    info.instance != PRALLOC_INSTANCE_NONE)
			continue;
		if (pr_host_route(bench->host, name, &backend, NULL) == 0 && backend)
			bench->readings[bench->count++] = (struct pr_reading){
				.size = sizeof(struct pr_reading), .attribute = name};
	}
}

static void open_domains(struct bench *bench, struct pr_ctx *ctx)
{
	struct pr_domain *dom = NULL;

	if (pr_host_open(ctx, bench->uri, 0, &bench->host) < 0)
		bench_die(bench->uri, pr_ctx_errmsg(ctx));
	while (pr_host_next(bench->host, &dom, 0) > 0) {
		bench->domains = realloc(bench->domains,
					 (bench->domain_count + 1) * sizeof(struct pr_domain *));
		if (!bench->domains || pr_domain_open(bench->host, pr_domain_uuid(dom), 0,
						      &bench->domains[bench->domain_count]) < 0)
			bench_die(bench->uri, pr_host_errmsg(bench->host));
		bench->domain_count++;
	}
}

enum { BULK, PRALLOC, VIRSH, METHODS };

static const struct bench_method methods[METHODS] = {
	[BULK] = {"one bulk call for statistics, bare libvirt", bulk, 2, VIRSH},
	[PRALLOC] = {"every attribute, libpralloc", pralloc, 2, VIRSH},
	[VIRSH] = {"virsh domstats process", virsh, 1, VIRSH},
};

int main(int argc, char **argv)
{
	static struct bench bench;
	struct pr_ctx *ctx = NULL;
	char title[96];

	if (argc != 2) {
		fprintf(stderr, "usage: read_bench URI\n");
		return 2;
	}
	bench.uri = argv[1];
	bench.connection = virConnectOpen(bench.uri);
	if (!bench.connection)
		bench_die(bench.uri, virGetLastErrorMessage());
	if (pr_ctx_new(&ctx) < 0)
		bench_die("pr_ctx_new", "failed");
	open_domains(&bench, ctx);
	choose_readings(&bench);
	snprintf(title, sizeof(title), "%zu attributes of %zu domains", bench.count,
		 bench.domain_count);
	bench_run(title, methods, METHODS, BLOCKS, &bench);
	for (size_t i = 0; i < bench.domain_count; i++)
		pr_domain_close(bench.domains[i]);
	free(bench.domains);
	pr_host_close(bench.host);
	pr_ctx_unref(ctx);
	virConnectClose(bench.connection);
	return 0;
}
