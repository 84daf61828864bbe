/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt_bench DOMAIN: what one get and one set with read-back of cpu.shares cost through
 * libpralloc, beside the bare libvirt calls and a virsh process.  Blocks of the three alternate in
 * one run, so that a busy machine meets all alike; medians over the blocks are shown.
 *
 * The bare connection is opened before libpralloc registers its event loop: it is what a program
 * without libpralloc has.
 */
#include <errno.h>
#include <inttypes.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <pralloc.h>

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

static void die(const char *what, const char *why)
{
	fprintf(stderr, "libvirt_bench: %s: %s\n", what, why);
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void bare_get(struct bench *bench)
{
	virTypedParameter parameters[PARAMETERS];
	int n = PARAMETERS;

	if (virDomainGetSchedulerParametersFlags(bench->bare, parameters, &n,
						 VIR_DOMAIN_AFFECT_LIVE) < 0)
		die("bare get", virGetLastErrorMessage());
	virTypedParamsClear(parameters, n);
}

static void bare_set(struct bench *bench)
{
	virTypedParameter parameter = {
		.field = VIR_DOMAIN_SCHEDULER_CPU_SHARES,
		.type = VIR_TYPED_PARAM_ULLONG,
		.value.ul = bench->value ^= 1,
	};

	if (virDomainSetSchedulerParametersFlags(bench->bare, &parameter, 1,
						 VIR_DOMAIN_AFFECT_LIVE) < 0)
		die("bare set", virGetLastErrorMessage());
	bare_get(bench);
}

static void pralloc_get(struct bench *bench)
{
	uint64_t shares;

	if (pr_get_u64(bench->dom, "cpu.shares", NULL, &shares, 0) < 0)
		die("pr_get_u64", pr_domain_errmsg(bench->dom));
}

static void pralloc_set(struct bench *bench)
{
	if (pr_cpu_set_shares(bench->dom, bench->value ^= 1, 0) < 0)
		die("pr_cpu_set_shares", pr_domain_errmsg(bench->dom));
}

static void virsh(struct bench *bench, const char *option)
{
	const char *const argv[] = {"virsh",	 "-q",	   "-c",   bench->uri, "schedinfo",
				    bench->name, "--live", option, NULL};
	extern char **environ;
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
	if (posix_spawnp(&pid, "virsh", &actions, NULL, (char *const *)argv, environ) != 0)
		die("virsh", strerror(errno));
	posix_spawn_file_actions_destroy(&actions);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("virsh", "failed");
}

static void virsh_get(struct bench *bench)
{
	virsh(bench, NULL);
}

static void virsh_set(struct bench *bench)
{
	char option[64];

	snprintf(option, sizeof(option), "cpu_shares=%" PRIu64, bench->value ^= 1);
	virsh(bench, option);
}

static const struct {
	const char *name;
	void (*call)(struct bench *bench);
	int calls;
} methods[] = {
	{"get   bare libvirt", bare_get, CALLS},
	{"get   libpralloc", pralloc_get, CALLS},
	{"get   virsh process", virsh_get, SPAWNS},
	{"set   bare libvirt, with get", bare_set, CALLS},
	{"set   libpralloc, verified", pralloc_set, CALLS},
	{"set   virsh process", virsh_set, SPAWNS},
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))
#define PER_KIND (METHODS / 2)

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct bench *bench)
{
	static double times[METHODS][BLOCKS];

	for (int block = 0; block < BLOCKS; block++) {
		for (size_t m = 0; m < METHODS; m++) {
			double start = now_us();

			for (int i = 0; i < methods[m].calls; i++)
				methods[m].call(bench);
			times[m][block] = (now_us() - start) / methods[m].calls;
		}
	}
	for (size_t m = 0; m < METHODS; m++)
		qsort(times[m], BLOCKS, sizeof(double), compare);
	printf("%-30s %10s %8s\n", "cpu.shares of a running VM", "us a call", "ratio");
	for (size_t m = 0; m < METHODS; m++)
		printf("%-30s %10.1f %8.2f\n", methods[m].name, times[m][BLOCKS / 2],
		       times[m][BLOCKS / 2] / times[m / PER_KIND * PER_KIND][BLOCKS / 2]);
}

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
		die(bench.name, virGetLastErrorMessage());
	if (pr_ctx_new(&ctx) < 0 || pr_host_open(ctx, bench.uri, 0, &host) < 0)
		die(bench.uri, pr_ctx_errmsg(ctx));
	if (pr_domain_open(host, bench.name, 0, &bench.dom) < 0)
		die(bench.name, pr_host_errmsg(host));
	measure(&bench);
	pr_domain_close(bench.dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	virDomainFree(bench.bare);
	virConnectClose(connection);
	return 0;
}
