/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_packet_bench VMS: what a packet costs on its way through the classes, with so many VMs on
 * the link: frames of 64 bytes from a tap (out) and to it (in), beside a tap that shares nothing.
 * Needs a network namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pralloc.h>

#include "bench.h"

#define BLOCKS 7
#define PACKETS 20000
#define LINK_BYTES UINT64_C(12500000000)
#define FRAME_BYTES 64

/* A tap that we are the guest of. */
struct tap {
	int fd, ifindex;
	unsigned char frame_out[FRAME_BYTES], frame_in[FRAME_BYTES];
};

struct bridge {
	const char *name, *mac_text;
	unsigned char mac[6];
};

static const struct bridge shared = {"br0", "52:54:00:88:00:00", {0x52, 0x54, 0, 0x88, 0, 0}};
static const struct bridge alone = {"br1", "52:54:00:88:00:01", {0x52, 0x54, 0, 0x88, 0, 1}};

struct bench {
	unsigned int vms;
	struct tap *taps; /* the last one is on a bridge without a link */
	int packet_socket;
};

static void make_bridge(const struct bridge *bridge)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip link add %s address %s type bridge && ip link set %s up", bridge->name,
		 bridge->mac_text, bridge->name);
	if (system(command) != 0)
		bench_die(command, "failed");
}

static void make_tap(struct tap *tap, unsigned int index, const struct bridge *bridge)
{
	const unsigned char mac[] = {
		0x52, 0x54, 0, 0x77, (unsigned char)(index >> 8), (unsigned char)index};
	/* The bridge itself, which drops what it does not know: one way, and no copies to all. */
	const unsigned char *outside = bridge->mac;
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	char command[128];

	snprintf(request.ifr_name, sizeof(request.ifr_name), "v%u", index);
	tap->fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (tap->fd < 0 || ioctl(tap->fd, TUNSETIFF, &request) < 0)
		bench_die(request.ifr_name, strerror(errno));
	snprintf(command, sizeof(command), "ip link set v%u master %s up", index, bridge->name);
	if (system(command) != 0)
		bench_die(command, "failed");
	tap->ifindex = (int)if_nametoindex(request.ifr_name);
	memcpy(tap->frame_out, outside, 6);
	memcpy(tap->frame_out + 6, mac, 6);
	memcpy(tap->frame_in, mac, 6);
	memcpy(tap->frame_in + 6, outside, 6);
	tap->frame_out[12] = tap->frame_in[12] = 0x88;
	tap->frame_out[13] = tap->frame_in[13] = 0xb5;
}

static void out_of(const struct tap *tap)
{
	for (int i = 0; i < PACKETS; i++) {
		if (write(tap->fd, tap->frame_out, FRAME_BYTES) < 0 && errno != EAGAIN)
			bench_die("frame out", strerror(errno));
	}
}

static void in_to(const struct bench *bench, const struct tap *tap)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = tap->ifindex, .sll_halen = 6};

	/* A queue that is full, for nobody reads the tap, is as good as any other end. */
	for (int i = 0; i < PACKETS; i++) {
		if (sendto(bench->packet_socket, tap->frame_in, FRAME_BYTES, 0,
			   (struct sockaddr *)&to, sizeof(to)) < 0 &&
		    errno != ENOBUFS)
			bench_die("frame in", strerror(errno));
	}
}

static void out_shared(void *data)
{
	struct bench *bench = data;

	out_of(&bench->taps[bench->vms / 2]);
}

static void out_alone(void *data)
{
	struct bench *bench = data;

	out_of(&bench->taps[bench->vms]);
}

static void in_shared(void *data)
{
	struct bench *bench = data;

	in_to(bench, &bench->taps[bench->vms / 2]);
}

static void in_alone(void *data)
{
	struct bench *bench = data;

	in_to(bench, &bench->taps[bench->vms]);
}

static void share(const struct bench *bench, struct pr_ctx *ctx)
{
	struct pr_domain *dom;
	struct pr_host *host;
	char name[64];

	if (pr_host_open(ctx, "tc:", 0, &host) < 0)
		bench_die("tc:", pr_ctx_errmsg(ctx));
	if (pr_net_set_link(host, "br0", LINK_BYTES, LINK_BYTES, 0) < 0)
		bench_die("br0", pr_host_errmsg(host));
	for (unsigned int i = 0; i < bench->vms; i++) {
		snprintf(name, sizeof(name), "v%u@52:54:00:77:%02x:%02x", i, i >> 8, i & 0xff);
		if (pr_domain_open(host, name, 0, &dom) < 0)
			bench_die(name, pr_host_errmsg(host));
		if (i == bench->vms / 2 &&
		    (pr_net_set_weight(dom, NULL, PRALLOC_NET_OUT, 200, 0) < 0 ||
		     pr_net_set_weight(dom, NULL, PRALLOC_NET_IN, 200, 0) < 0))
			bench_die(name, pr_domain_errmsg(dom));
		pr_domain_close(dom);
	}
	pr_host_close(host);
}

int main(int argc, char **argv)
{
	static const struct bench_method methods[] = {
		{"from a tap that shares nothing", out_alone, 1, 0},
		{"from a tap on the link", out_shared, 1, 0},
		{"to a tap that shares nothing", in_alone, 1, 2},
		{"to a tap on the link", in_shared, 1, 2},
	};
	struct bench bench = {0};
	struct pr_ctx *ctx;
	char title[64];

	if (argc != 2)
		bench_die("usage", "net_packet_bench VMS");
	bench.vms = (unsigned int)atoi(argv[1]);
	bench.taps = calloc(bench.vms + 1, sizeof(*bench.taps));
	bench.packet_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (!bench.taps || bench.packet_socket < 0 || pr_ctx_new(&ctx) < 0)
		bench_die("bench", strerror(errno));
	make_bridge(&shared);
	make_bridge(&alone);
	for (unsigned int i = 0; i <= bench.vms; i++)
		make_tap(&bench.taps[i], i, i == bench.vms ? &alone : &shared);
	share(&bench, ctx);
	snprintf(title, sizeof(title), "%d packets, %u VMs on the link", PACKETS, bench.vms);
	bench_run(title, methods, 4, BLOCKS, &bench);
	pr_ctx_unref(ctx);
	for (unsigned int i = 0; i <= bench.vms; i++)
		close(bench.taps[i].fd);
	close(bench.packet_socket);
	free(bench.taps);
	return 0;
}
