/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing that a guest can send goes past its limit, whatever is in the frame. */
#include "net_host.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT 10.0
#define LINK 100.0
#define TOLERANCE (net_is_emulated() ? 0.15 : 0.05)
#define SETTLE_MS 300

struct scene {
	struct net_bed bed;
	struct net_host host;
};

/* One VM with a limit in both directions on a link. */
static void begin(struct scene *scene)
{
	uint64_t limit = (uint64_t)(LIMIT * (double)MBIT_BYTES);

	net_bed_open(&scene->bed, 1);
	net_host_open(&scene->host, &scene->bed);
	net_set_link(&scene->host, LINK);
	for (int direction = PRALLOC_NET_IN; direction <= PRALLOC_NET_OUT; direction++)
		cr_assert_eq(pr_net_set_rate(scene->host.vm[0], NULL, direction, limit, 0, 0, 0), 0,
			     "%s", pr_domain_errmsg(scene->host.vm[0]));
}

static void expect_limit(struct scene *scene, const char *what)
{
	static const double ideal[] = {LIMIT, LIMIT};
	struct net_load loads[2];

	for (int i = 0; i < 2; i++) {
		net_load_start(&scene->bed, &loads[i], 0, i ? PRALLOC_NET_OUT : PRALLOC_NET_IN,
			       NULL);
		net_sleep_ms(SETTLE_MS);
		net_expect(what, &loads[i], 1, ideal, TOLERANCE);
		net_load_stop(&loads[i]);
	}
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

Test(net_frames, ipv6, .timeout = 60)
{
	struct scene scene;

	begin(&scene);
	scene.bed.network = "fd77::";
	expect_limit(&scene, "IPv6");
	end(&scene);
}

Test(net_frames, vlan_devices, .timeout = 60)
{
	struct scene scene;

	begin(&scene);
	if (!net_can(&scene.bed.vm[0], "ip link add link eth0 name probe type vlan id 9"))
		cr_skip_test("the kernel has no VLAN devices; tagged frames are sent raw below");
	net_sh(&scene.bed.vm[0], "ip link add link eth0 name tagged type vlan id 5\n"
				 "ip link set tagged up\n"
				 "ip address add 10.78.0.1/24 dev tagged");
	net_sh(&scene.bed.wan, "ip link add link eth0 name tagged type vlan id 5\n"
			       "ip link set tagged up\n"
			       "ip address add 10.78.0.254/24 dev tagged");
	scene.bed.network = "10.78.0.";
	expect_limit(&scene, "VLAN");
	end(&scene);
}

/* Traffic from it; that to an address that nobody knows of is not its own. */
Test(net_frames, invented_mac, .timeout = 60)
{
	static const double ideal[] = {LIMIT};
	struct net_load load;
	struct scene scene;

	begin(&scene);
	net_sh(&scene.bed.vm[0], "ip link set eth0 down\n"
				 "ip link set eth0 address 52:54:00:99:99:99 up");
	net_load_start(&scene.bed, &load, 0, PRALLOC_NET_OUT, NULL);
	net_sleep_ms(SETTLE_MS);
	net_expect("invented MAC", &load, 1, ideal, TOLERANCE);
	net_load_stop(&load);
	end(&scene);
}

/* Frames of a protocol at full speed, in the VM's namespace, until killed. */
static void flood(const struct net_space *space, uint16_t protocol)
{
	unsigned char frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				   0x52, 0x54, 0x00, 0x77, 0x00, 0x01};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	int fd;

	if (setns(space->fd, CLONE_NEWNET) < 0)
		_exit(1);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	to.sll_ifindex = (int)if_nametoindex("eth0");
	frame[12] = (unsigned char)(protocol >> 8);
	frame[13] = (unsigned char)protocol;
	for (;;) {
		if (sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			usleep(100);
	}
}

static uint64_t passed(void)
{
	struct net_classes classes = {0};
	char device[NET_DEVICE_MAX];
	uint64_t bytes = 0;

	net_ifb(device, PRALLOC_NET_OUT);
	net_classes_read(&classes, device);
	for (size_t i = 0; i < classes.count; i++) {
		if (!classes.list[i].has_classes)
			bytes += classes.list[i].bytes;
	}
	net_classes_free(&classes);
	return bytes;
}

/* All frames of the flood go through the classes: they pass at the limit, no slower, no faster. */
static void expect_flood_limited(uint16_t protocol)
{
	struct scene scene;
	uint64_t before, start;
	double mbit;
	pid_t pid;

	begin(&scene);
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0)
		flood(&scene.bed.vm[0], protocol);
	net_sleep_ms(SETTLE_MS);
	before = passed();
	start = net_now_ns();
	net_sleep_ms(1000);
	mbit = (double)(passed() - before) * 8000 / (double)(net_now_ns() - start);
	net_end(&pid);
	fprintf(stderr, "# protocol %04x: %.2f Mbit/s of %.0f\n", protocol, mbit, LIMIT);
	cr_expect(mbit > LIMIT * (1 - 2 * TOLERANCE) && mbit < LIMIT * (1 + TOLERANCE),
		  "%.2f Mbit/s", mbit);
	end(&scene);
}

Test(net_frames, arp, .timeout = 60)
{
	expect_flood_limited(ETHERTYPE_ARP);
}

Test(net_frames, tagged_frames, .timeout = 60)
{
	expect_flood_limited(ETHERTYPE_VLAN);
}

Test(net_frames, unknown_protocol, .timeout = 60)
{
	expect_flood_limited(0x88b5);
}
