/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_bench VMS [BRIDGES]: changes of a link that this many VMs share, beside the bare netlink
 * messages on classes that are as many, one tc process, a tc batch, and tc that deletes and
 * recreates all.  With BRIDGES so many links of VMS each.  Needs a network namespace of its own.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pralloc.h>

#include "bench.h"
#include "net_bare.h"

#define BLOCKS 7
#define LINK_BYTES UINT64_C(1250000000)
#define BARE "bare0"

struct bench {
	unsigned int vms, bridges, round;
	int socket, ifindex;
	struct bare_class *batch;
	char batch_file[64], recreate_file[64];
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom;
};

static void run(const char *command)
{
	if (system(command) != 0)
		bench_die(command, "failed");
}

/* Taps that live as long as this program, as ports of their bridge. */
static void make_taps(const struct bench *bench)
{
	FILE *batch = popen("ip -batch -", "w");

	if (!batch)
		bench_die("ip", strerror(errno));
	for (unsigned int bridge = 0; bridge < bench->bridges; bridge++)
		fprintf(batch, "link add br%u type bridge\nlink set br%u up\n", bridge, bridge);
	for (unsigned int i = 0; i < bench->vms * bench->bridges; i++)
		fprintf(batch, "tuntap add v%u mode tap\nlink set v%u master br%u up\n", i, i,
			i / bench->vms);
	if (pclose(batch) != 0)
		bench_die("ip", "cannot make taps");
}

/* a ceiling */

static uint32_t next_rate(struct bench *bench)
{
	return 100000 + bench->round++ % 2 * 1000;
}

static void bare_ceiling(void *data)
{
	struct bench *bench = data;
	struct bare_class message;

	uint32_t rate = next_rate(bench);

	bare_fill(&message, bench->ifindex, bench->vms / 2, rate, rate, NLM_F_ACK);
	bare_send(bench->socket, &message, sizeof(message));
}

static void bare_ceiling_and_get(void *data)
{
	struct bench *bench = data;

	bare_ceiling(data);
	bare_get(bench->socket, bench->ifindex, bench->vms / 2);
}

static void set_ceiling(struct bench *bench, uint32_t flags)
{
	if (pr_set_u64(bench->dom, "net.rate.out", NULL, next_rate(bench), flags) < 0)
		bench_die("net.rate.out", pr_domain_errmsg(bench->dom));
}

static void pralloc_ceiling(void *data)
{
	set_ceiling(data, PRALLOC_NO_VERIFY);
}

static void pralloc_ceiling_verified(void *data)
{
	set_ceiling(data, 0);
}

static void tc_ceiling(void *data)
{
	struct bench *bench = data;
	char class[16], rate[16];
	const char *argv[] = {"tc",	"class", "change",  "dev",   BARE,
			      "parent", "1:1",	 "classid", class,   "htb",
			      "rate",	rate,	 "quantum", "65536", NULL};

	snprintf(class, sizeof(class), "1:%x", 16 + bench->vms / 2);
	snprintf(rate, sizeof(rate), "%ubps", next_rate(bench));
	bench_spawn(argv);
}

static void tc_recreate(void *data)
{
	struct bench *bench = data;
	const char *const argv[] = {"tc", "-batch", bench->recreate_file, NULL};

	bench_spawn(argv);
}

/* a weight: every class of the link changes */

static void bare_weight(void *data)
{
	struct bench *bench = data;
	/* About the shares of the VMs, which all have the link as ceiling. */
	uint32_t rate = (uint32_t)(LINK_BYTES / bench->vms) - bench->round++ % 2 * 1000;

	for (unsigned int i = 0; i < bench->vms; i++)
		bare_fill(&bench->batch[i], bench->ifindex, i, rate, LINK_BYTES,
			  i + 1 == bench->vms ? NLM_F_ACK : 0);
	bare_send(bench->socket, bench->batch, bench->vms * sizeof(*bench->batch));
}

static void set_weight(struct bench *bench, uint32_t flags)
{
	uint64_t weight = 100 + bench->round++ % 2 * 100;

	if (pr_net_set_weight(bench->dom, NULL, PRALLOC_NET_OUT, weight, flags) < 0)
		bench_die("net.weight.out", pr_domain_errmsg(bench->dom));
}

static void pralloc_weight(void *data)
{
	set_weight(data, PRALLOC_NO_VERIFY);
}

static void pralloc_weight_verified(void *data)
{
	set_weight(data, 0);
}

static void tc_batch(void *data)
{
	struct bench *bench = data;
	const char *const argv[] = {"tc", "-batch", bench->batch_file, NULL};

	bench_spawn(argv);
}

/* the state of all, from the kernel */

/* What is committed on a link is asked of both directions. */
static void bare_state(void *data)
{
	static const char *const directions[] = {"out", "in"};
	const struct bench *bench = data;
	char device[IFNAMSIZ];

	for (size_t i = 0; i < 2; i++) {
		snprintf(device, sizeof(device), "pr-%s-%x", directions[i], if_nametoindex("br0"));
		bare_dump(bench->socket, (int)if_nametoindex(device));
	}
}

static void pralloc_state(void *data)
{
	struct bench *bench = data;
	struct pr_host *host;
	uint64_t committed;

	if (pr_host_open(bench->ctx, "tc:", PRALLOC_READ_ONLY, &host) < 0)
		bench_die("tc:", pr_ctx_errmsg(bench->ctx));
	if (pr_host_get_u64(host, "net.committed", "br0", &committed, 0) < 0)
		bench_die("net.committed", pr_host_errmsg(host));
	pr_host_close(host);
}

static void write_class_lines(const struct bench *bench, FILE *file, const char *verb)
{
	for (unsigned int i = 0; i < bench->vms; i++)
		fprintf(file,
			"class %s dev " BARE " parent 1:1 classid 1:%x htb rate 100000bps "
			"quantum 65536\n",
			verb, 16 + i);
}

static FILE *make_file(char *path)
{
	int fd;

	strcpy(path, "/tmp/pralloc-net-bench.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		bench_die(path, strerror(errno));
	return fdopen(fd, "w");
}

static void write_batches(struct bench *bench)
{
	FILE *file = make_file(bench->batch_file);

	write_class_lines(bench, file, "change");
	fclose(file);
	file = make_file(bench->recreate_file);
	fputs("qdisc delete dev " BARE " root\n"
	      "qdisc add dev " BARE " root handle 1: htb default 2\n"
	      "class add dev " BARE " parent 1: classid 1:1 htb rate 10gbit\n",
	      file);
	write_class_lines(bench, file, "add");
	fclose(file);
}

static void set_up(struct bench *bench)
{
	char name[64], link[16];

	make_taps(bench);
	bench->socket = bare_open();
	bare_make(bench->socket, BARE, bench->vms);
	bench->ifindex = (int)if_nametoindex(BARE);
	bench->batch = calloc(bench->vms, sizeof(*bench->batch));
	write_batches(bench);
	if (!bench->batch || pr_ctx_new(&bench->ctx) < 0)
		bench_die("bench", "out of memory");
	if (pr_host_open(bench->ctx, "tc:", 0, &bench->host) < 0)
		bench_die("tc:", pr_ctx_errmsg(bench->ctx));
	for (unsigned int bridge = 0; bridge < bench->bridges; bridge++) {
		snprintf(link, sizeof(link), "br%u", bridge);
		if (pr_net_set_link(bench->host, link, LINK_BYTES, LINK_BYTES, 0) < 0)
			bench_die(link, pr_host_errmsg(bench->host));
	}
	snprintf(name, sizeof(name), "v%u@52:54:00:77:00:01", bench->vms / 2);
	if (pr_domain_open(bench->host, name, 0, &bench->dom) < 0)
		bench_die(name, pr_host_errmsg(bench->host));
}

static void clean_up(struct bench *bench)
{
	pr_domain_close(bench->dom);
	pr_host_close(bench->host);
	pr_ctx_unref(bench->ctx);
	unlink(bench->batch_file);
	unlink(bench->recreate_file);
	free(bench->batch);
	close(bench->socket);
}

static void measure(struct bench *bench)
{
	const int some = bench->vms > 100 ? 20 : 200;
	const struct bench_method ceiling[] = {
		{"bare message", bare_ceiling, 2000, 0},
		{"libpralloc, not verified", pralloc_ceiling, 2000, 0},
		{"bare message, and the class read back", bare_ceiling_and_get, 2000, 0},
		{"libpralloc", pralloc_ceiling_verified, 2000, 2},
		{"a tc process", tc_ceiling, 3, 0},
		{"tc deletes and recreates all, one batch", tc_recreate, 1, 0},
	};
	const struct bench_method weight[] = {
		{"bare batch of all classes", bare_weight, some, 0},
		{"libpralloc, not verified", pralloc_weight, some, 0},
		{"libpralloc", pralloc_weight_verified, some, 0},
		{"tc -batch", tc_batch, 1, 0},
	};
	const struct bench_method state[] = {
		{"bare dumps of classes and filters", bare_state, some, 0},
		{"libpralloc", pralloc_state, some, 0},
	};
	char title[64];

	snprintf(title, sizeof(title), "a ceiling, %u VMs on %u link(s)", bench->vms,
		 bench->bridges);
	bench_run(title, ceiling, 6, BLOCKS, bench);
	snprintf(title, sizeof(title), "a weight, %u VMs on %u link(s)", bench->vms,
		 bench->bridges);
	bench_run(title, weight, 4, BLOCKS, bench);
	snprintf(title, sizeof(title), "the state of %u VMs from the kernel", bench->vms);
	bench_run(title, state, 2, BLOCKS, bench);
}

int main(int argc, char **argv)
{
	struct bench bench = {.bridges = 1};

	if (argc < 2 || argc > 3)
		bench_die("usage", "net_bench VMS [BRIDGES]");
	bench.vms = (unsigned int)atoi(argv[1]);
	if (argc > 2)
		bench.bridges = (unsigned int)atoi(argv[2]);
	run("ip link set lo up");
	set_up(&bench);
	measure(&bench);
	clean_up(&bench);
	return 0;
}
