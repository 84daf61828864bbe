/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library says, against what `tc -s` prints of the same: text, and JSON where there is. */
#include "net_host.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <math.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINK 80.0
#define LIMIT_BYTES UINT64_C(1562500)
#define FRAME 1514
/* More than the queue of a class holds, so that some are dropped. */
#define FRAMES 1000
#define SEND_BUFFER (16 << 20)
/* Of the default class, which is there always (doc/network.md). */
#define REST_WEIGHT 10.0
#define QUANTUM_LEAST 65536
#define QUEUE_LIMIT "\"limit\":500000"
#define TEXT_MAX 65536

struct scene {
	struct net_bed bed;
	struct net_host host;
	char device[NET_DEVICE_MAX];
};

/* The VM's own unicast frames, as many as asked for, all at once. */
static void send_frames(const struct net_space *space, int vm, int count)
{
	unsigned char frame[FRAME] = {0x52, 0x54, 0,	0x77, 0, 0x63, 0x52,
				      0x54, 0,	  0x77, 0,    0, 0x88, 0xb5};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	const int size = SEND_BUFFER;
	int fd;

	if (setns(space->fd, CLONE_NEWNET) < 0)
		_exit(1);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		_exit(2);
	to.sll_ifindex = (int)if_nametoindex("eth0");
	frame[11] = (unsigned char)(vm + 1);
	for (int i = 0; i < count; i++)
		if (sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			_exit(3);
	_exit(0);
}

static void send_all(const struct scene *scene, int vm, int count)
{
	pid_t pid = fork();
	int status;

	cr_assert(pid >= 0);
	if (pid == 0)
		send_frames(&scene->bed.vm[vm], vm, count);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "frames of VM %d: status 0x%x", vm, (unsigned int)status);
}

static void begin(struct scene *scene)
{
	net_bed_open(&scene->bed, 2);
	net_host_open(&scene->host, &scene->bed);
	net_set_link(&scene->host, LINK);
	cr_assert_eq(pr_net_set_weight(scene->host.vm[0], NULL, PRALLOC_NET_OUT, 300, 0), 0, "%s",
		     pr_domain_errmsg(scene->host.vm[0]));
	cr_assert_eq(
		pr_net_set_rate(scene->host.vm[1], NULL, PRALLOC_NET_OUT, LIMIT_BYTES, 0, 0, 0), 0,
		"%s", pr_domain_errmsg(scene->host.vm[1]));
	net_ifb(scene->device, PRALLOC_NET_OUT);
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

static uint64_t value_of(const struct scene *scene, int vm, const char *attr)
{
	uint64_t value = 0;

	cr_assert_eq(pr_get_u64(scene->host.vm[vm], attr, NULL, &value, 0), 0, "%s: %s", attr,
		     pr_domain_errmsg(scene->host.vm[vm]));
	return value;
}

static char *text_of(const char *what, const char *device)
{
	char *text = malloc(TEXT_MAX);

	cr_assert_not_null(text);
	net_output(text, TEXT_MAX, "tc -s %s dev %s", what, device);
	return text;
}

/* From where a text begins up to where another does, as a text of its own. */
static char *part_of(const char *text, const char *from, const char *to)
{
	const char *begin = strstr(text, from), *end;

	cr_assert_not_null(begin, "no \"%s\" in: %s", from, text);
	end = strstr(begin + strlen(from), to);
	return strndup(begin, end ? (size_t)(end - begin) : strlen(begin));
}

static uint64_t number_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	cr_assert_not_null(at, "no \"%s\" in: %s", word, text);
	return strtoull(at + strlen(word), NULL, 10);
}

/* Bits per second, which tc cuts to whole units. */
static void expect_rate(const char *class, const char *word, double bytes_per_sec)
{
	static const char units[] = " KMG";
	const char *at = strstr(class, word);
	double unit = 1, bits = bytes_per_sec * 8, told;
	char *rest;

	cr_assert_not_null(at, "no \"%s\" in: %s", word, class);
	told = (double)strtoull(at + strlen(word), &rest, 10);
	for (size_t i = 1; i < sizeof(units) - 1; i++)
		if (*rest == units[i])
			unit = pow(1000, (double)i);
	cr_assert(strncmp(rest + (unit > 1), "bit ", 4) == 0, "%s", class);
	cr_expect(told * unit <= bits + 8 && told * unit > bits - unit - 8, "%s%.0f, not %.0f: %s",
		  word, told * unit, bits, class);
}

/* The class of a tap: where the filter that asks for the tap alone leads to. */
static char *class_of(const char *filters, const char *classes, const char *tap)
{
	char key[64], *table = part_of(filters, "key ht 2 ", "key ht 1 "), *entry, *class;
	char *flow, *input;

	/* "… flowid 1:10 …\n … input dev tap1\n" */
	snprintf(key, sizeof(key), "input dev %s\n", tap);
	input = strstr(table, key);
	cr_assert_not_null(input, "no \"%s\" in: %s", key, table);
	*input = '\0';
	for (flow = table; (entry = strstr(flow, "flowid ")); flow = entry + 1)
		snprintf(key, sizeof(key), "class htb %.*s ", (int)strcspn(entry + 7, " "),
			 entry + 7);
	class = part_of(classes, key, "\n\n");
	free(table);
	return class;
}

Test(net_tc, rates_and_quanta, .timeout = 30)
{
	const double link = LINK * (double)MBIT_BYTES, weights = 300 + 100 + REST_WEIGHT;
	char *classes, *filters, *root, *first, *second;
	struct scene scene;
	uint64_t told = 0;

	begin(&scene);
	classes = text_of("-d class show", scene.device);
	filters = text_of("filter show", scene.device);
	root = part_of(classes, "class htb 1:1 ", "\n\n");
	first = class_of(filters, classes, "tap1");
	second = class_of(filters, classes, "tap2");
	cr_assert_eq(pr_host_get_u64(scene.host.host, "net.link.out", NET_LINK, &told, 0), 0);
	expect_rate(root, " rate ", (double)told);
	expect_rate(root, " ceil ", (double)told);
	expect_rate(first, " rate ", link * 300 / weights);
	expect_rate(first, " ceil ", link);
	expect_rate(second, " rate ", (double)value_of(&scene, 1, "net.rate.out"));
	expect_rate(second, " ceil ", (double)value_of(&scene, 1, "net.rate.out"));
	cr_expect_eq(value_of(&scene, 0, "net.rate.out"), PRALLOC_UNLIMITED);
	cr_expect_eq(number_after(second, "quantum "), QUANTUM_LEAST, "%s", second);
	cr_expect_eq(number_after(first, "quantum "),
		     QUANTUM_LEAST * value_of(&scene, 0, "net.weight.out") /
			     value_of(&scene, 1, "net.weight.out"),
		     "%s", first);
	free(second);
	free(first);
	free(root);
	free(filters);
	free(classes);
	end(&scene);
}

/* What a VM has sent, at one point in time: nothing waits, and tc says the same before and after. */
struct counts {
	uint64_t sent, packets, dropped; /* of its class */
	uint64_t redirected;		 /* packets, at its tap */
	uint64_t tx_bytes, tx_packets, tx_drops;
	char tap[16];
};

static bool count_once(const struct scene *scene, int vm, struct counts *counts)
{
	char *filters = text_of("filter show", scene->device), *before, *after, *class, *redirect;
	bool still;

	snprintf(counts->tap, sizeof(counts->tap), "tap%d", vm + 1);
	before = text_of("class show", scene->device);
	redirect = text_of("filter show ingress", counts->tap);
	counts->tx_bytes = value_of(scene, vm, "net.tx_bytes");
	counts->tx_packets = value_of(scene, vm, "net.tx_packets");
	counts->tx_drops = value_of(scene, vm, "net.tx_drops");
	after = text_of("class show", scene->device);
	class = class_of(filters, after, counts->tap);
	counts->sent = number_after(class, "Sent ");
	counts->packets = number_after(class, " bytes ");
	counts->dropped = number_after(class, "(dropped ");
	counts->redirected = number_after(strstr(redirect, "Sent "), " bytes ");
	still = number_after(class, "backlog ") == 0 &&
		strcmp(strstr(before, " Sent "), strstr(after, " Sent ")) == 0;
	free(class);
	free(after);
	free(redirect);
	free(before);
	free(filters);
	return still;
}

/* Tokens change as long as anything has passed a short while ago. */
static void count(const struct scene *scene, int vm, struct counts *counts)
{
	uint64_t end = net_now_ns() + NET_PATIENCE_MS * UINT64_C(1000000);

	while (!count_once(scene, vm, counts))
		cr_assert(net_now_ns() < end, "what VM %d sends does not come to an end", vm);
}

Test(net_tc, bytes_and_drops, .timeout = 60)
{
	struct scene scene;

	begin(&scene);
	for (int vm = 0; vm < 2; vm++) {
		struct counts before, after;
		uint64_t sent, dropped;

		count(&scene, vm, &before);
		send_all(&scene, vm, vm == 0 ? FRAMES / 10 : FRAMES);
		count(&scene, vm, &after);
		sent = after.sent - before.sent;
		dropped = after.dropped - before.dropped;
		cr_expect_geq(after.tx_packets - before.tx_packets, vm == 0 ? FRAMES / 10 : FRAMES,
			      "%s", after.tap);
		cr_expect(vm == 0 ? dropped == 0 : dropped > 0, "%s: %" PRIu64 " dropped",
			  after.tap, dropped);
		cr_expect_eq(after.tx_drops - before.tx_drops, dropped,
			     "%s: %" PRIu64 ", not %" PRIu64, after.tap,
			     after.tx_drops - before.tx_drops, dropped);
		cr_expect_eq(after.tx_packets - before.tx_packets,
			     after.packets - before.packets + dropped,
			     "%s: %" PRIu64 ", not %" PRIu64 " and %" PRIu64 " dropped", after.tap,
			     after.tx_packets - before.tx_packets, after.packets - before.packets,
			     dropped);
		cr_expect_eq(after.redirected - before.redirected,
			     after.tx_packets - before.tx_packets, "%s", after.tap);
		/* what was dropped were our frames, all of the same size */
		cr_expect_eq(after.tx_bytes - before.tx_bytes, sent + dropped * FRAME, "%s",
			     after.tap);
	}
	end(&scene);
}

/* What iproute2 has as JSON: qdiscs, and filters with their actions. */
Test(net_tc, json, .timeout = 30)
{
	char *qdiscs, *redirect, device[64];
	struct scene scene;
	size_t queues = 0;

	begin(&scene);
	qdiscs = text_of("-d -j qdisc show", scene.device);
	cr_expect(strstr(qdiscs, "\"kind\":\"htb\",\"handle\":\"1:\",\"root\":true"), "%s", qdiscs);
	cr_expect(strstr(qdiscs, "\"default\":\"0x2\""), "%s", qdiscs);
	for (const char *at = qdiscs; (at = strstr(at, "\"kind\":\"bfifo\"")); at++)
		queues += strncmp(strstr(at, "\"limit\""), QUEUE_LIMIT, strlen(QUEUE_LIMIT)) == 0;
	cr_expect_eq(queues, 3, "two VMs and the rest have 50 ms of the link: %s", qdiscs);
	free(qdiscs);
	snprintf(device, sizeof(device), "\"to_dev\":\"%s\"", scene.device);
	for (int vm = 1; vm <= 2; vm++) {
		char tap[16];

		snprintf(tap, sizeof(tap), "tap%d", vm);
		redirect = text_of("-j filter show ingress", tap);
		cr_expect(strstr(redirect, "\"mirred_action\":\"redirect\""), "%s", redirect);
		cr_expect(strstr(redirect, device), "%s", redirect);
		cr_expect(strstr(redirect, "\"value\":\"50524131\",\"mask\":\"0\""), "%s",
			  redirect);
		free(redirect);
	}
	end(&scene);
}
