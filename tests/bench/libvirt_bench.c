/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt_bench DOMAIN: what one get and one set with read-back of cpu.shares cost through
 * libpralloc, beside the bare libvirt calls and a virsh process.  Blocks of the three alternate in
 * one run, so that a busy machine meets all alike; medians over the blocks are shown.
 *
 * The bare connection is opened before libpralloc registers its event loop: it is what a program
 * without libpralloc has.
 */
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

#include <pralloc.h>

#include "bench.h"

#define BLOCKS 31
#define CALLS 200
#define SPAWNS 2
#define PARAMETERS 16

struct bench {
	const char *uri, *name;
	virDomainPtr bare;
	struct pr_domain *dom;
	uint64_t value; /* alternates, so that each set changes something */
};

static void bare_get(void *data)
{
	struct bench *bench = data;
	virTypedParameter parameters[PARAMETERS];
	int n = PARAMETERS;

	if (virDomainGetSchedulerParametersFlags(bench->bare, parameters, &n,
						 VIR_DOMAIN_AFFECT_LIVE) < 0)
		bench_die("bare get", virGetLastErrorMessage());
	virTypedParamsClear(parameters, n);
}

static void bare_set(void *data)
{
	struct bench *bench = data;
	virTypedParameter parameter = {
		.field = VIR_DOMAIN_SCHEDULER_CPU_SHARES,
		.type = VIR_TYPED_PARAM_ULLONG,
		.value.ul = bench->value ^= 1,
	};

	if (virDomainSetSchedulerParametersFlags(bench->bare, &parameter, 1,
						 VIR_DOMAIN_AFFECT_LIVE) < 0)
		bench_die("bare set", virGetLastErrorMessage());
	bare_get(bench);
}

static void pralloc_get(void *data)
{
	struct bench *bench = data;
	uint64_t shares;

	if (pr_get_u64(bench->dom, "cpu.shares", NULL, &shares, 0) < 0)
		bench_die("pr_get_u64", pr_domain_errmsg(bench->dom));
}

static void pralloc_set(void *data)
{
	struct bench *bench = data;
	if (pr_cpu_set_shares(bench->dom, bench->value ^= 1, 0) < 0)
		bench_die("pr_cpu_set_shares", pr_domain_errmsg(bench->dom));
}

static void virsh(const struct bench *bench, const char *option)
{
	const char *const argv[] = {"virsh",	 "-q",	   "-c",   bench->uri, "schedinfo",
				    bench->name, "--live", option, NULL};

	bench_spawn(argv);
}

static void virsh_get(void *data)
{
	struct bench *bench = data;
	virsh(bench, NULL);
}

static void virsh_set(void *data)
{
	struct bench *bench = data;
	char option[64];

	snprintf(option, sizeof(option), "cpu_shares=%" PRIu64, bench->value ^= 1);
	virsh(bench, option);
}

enum { BARE_GET, GET, VIRSH_GET, BARE_SET, SET, VIRSH_SET, METHODS };

static const struct bench_method methods[METHODS] = {
	[BARE_GET] = {"get   bare libvirt", bare_get, CALLS, BARE_GET},
	[GET] = {"get   libpralloc", pralloc_get, CALLS, BARE_GET},
	[VIRSH_GET] = {"get   virsh process", virsh_get, SPAWNS, BARE_GET},
	[BARE_SET] = {"set   bare libvirt, with get", bare_set, CALLS, BARE_SET},
	[SET] = {"set   libpralloc, verified", pralloc_set, CALLS, BARE_SET},
	[VIRSH_SET] = {"set   virsh process", virsh_set, SPAWNS, BARE_SET},
};

int main(int argc, char **argv)
{
	struct bench bench = {.uri = getenv("PRALLOC_BED_URI"), .value = 1024};
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	virConnectPtr connection;

	if (argc != 2 || !bench.uri) {
		fprintf(stderr, "usage: libvirt_bench DOMAIN, in a bed (tests/vm/bed.sh run)\n");
		return 2;
	}
	bench.name = argv[1];
	connection = virConnectOpen(bench.uri);
	bench.bare = connection ? virDomainLookupByName(connection, bench.name) : NULL;
	if (!bench.bare)
		bench_die(bench.name, virGetLastErrorMessage());
	if (pr_ctx_new(&ctx) < 0 || pr_host_open(ctx, bench.uri, 0, &host) < 0)
		bench_die(bench.uri, pr_ctx_errmsg(ctx));
	if (pr_domain_open(host, bench.name, 0, &bench.dom) < 0)
		bench_die(bench.name, pr_host_errmsg(host));
	bench_run("cpu.shares of a running VM", methods, METHODS, BLOCKS, &bench);
	pr_domain_close(bench.dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	virDomainFree(bench.bare);
	virConnectClose(connection);
	return 0;
}
