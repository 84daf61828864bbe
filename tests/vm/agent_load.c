/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent does with CPU, disk and network. */
#include "agent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BLOCK_BYTES 65536u
#define FRAME_BYTES 1514u
/* "local experimental EtherType 1": no host stack answers it */
#define FRAME_TYPE 0x88b5

struct load {
	const char *name;
	void (*work)(unsigned int index, const char *arg);
	pid_t pids[WORKERS_MAX];
	unsigned int count;
};

/* Shared with the children, which add what they have moved. */
struct counters {
	uint64_t disk_bytes;
	uint64_t net_bytes;
};

static struct counters *counters;

static void work_cpu(unsigned int index, const char *arg)
{
	(void)index;
	(void)arg;
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static int disk_write(uint64_t bytes, unsigned int index, uint64_t *count)
{
	uint64_t size, offset, done = 0;
	int fd = open("/dev/vda", O_WRONLY | O_DIRECT | O_CLOEXEC);
	void *block;
	ssize_t n;

	if (fd < 0)
		return -1;
	if (ioctl(fd, BLKGETSIZE64, &size) < 0 || size < BLOCK_BYTES ||
	    posix_memalign(&block, 4096, BLOCK_BYTES)) {
		close(fd);
		return -1;
	}
	memset(block, (int)(index + 1), BLOCK_BYTES);
	size -= size % BLOCK_BYTES;
	offset = index * (size / WORKERS_MAX) / BLOCK_BYTES * BLOCK_BYTES;
	for (n = 0; done < bytes; done += (uint64_t)n) {
		uint64_t left = bytes - done;

		n = pwrite(fd, block, left < BLOCK_BYTES ? left : BLOCK_BYTES, (off_t)offset);
		if (n < 0)
			break;
		offset = (offset + BLOCK_BYTES) % size;
		if (count)
			__atomic_fetch_add(count, (uint64_t)n, __ATOMIC_RELAXED);
	}
	free(block);
	close(fd);
	return n < 0 ? -1 : 0;
}

static void work_disk(unsigned int index, const char *arg)
{
	(void)arg;
	disk_write(UINT64_MAX, index, &counters->disk_bytes);
}

static bool parse_mac(const char *arg, unsigned char *mac)
{
	if (!strncmp(arg, "broadcast", 9)) {
		memset(mac, 0xff, ETH_ALEN);
		return true;
	}
	return sscanf(arg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4,
		      mac + 5) == ETH_ALEN;
}

static int frame_open(struct ifreq *req)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	memset(req, 0, sizeof(*req));
	strcpy(req->ifr_name, "eth0");
	if (ioctl(fd, SIOCGIFFLAGS, req) < 0)
		goto fail;
	req->ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, req) < 0 || ioctl(fd, SIOCGIFHWADDR, req) < 0)
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

static int frames_send(const unsigned char *mac, uint64_t bytes, uint64_t *count)
{
	unsigned char frame[FRAME_BYTES] = {0};
	struct ether_header *header = (struct ether_header *)frame;
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};
	struct ifreq req;
	uint64_t done = 0;
	ssize_t n = 0;
	int fd = frame_open(&req);

	if (fd < 0)
		return -1;
	memcpy(header->ether_dhost, mac, ETH_ALEN);
	memcpy(header->ether_shost, req.ifr_hwaddr.sa_data, ETH_ALEN);
	header->ether_type = htons(FRAME_TYPE);
	to.sll_ifindex = (int)if_nametoindex("eth0");
	while (done < bytes) {
		uint64_t left = bytes - done;
		size_t length = left > FRAME_BYTES ? FRAME_BYTES : left < 60 ? 60 : left;

		n = sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to));
		if (n < 0 && errno != ENOBUFS)
			break;
		if (n < 0) {
			nap_ms(1);
			continue;
		}
		done += (uint64_t)n;
		if (count)
			__atomic_fetch_add(count, (uint64_t)n, __ATOMIC_RELAXED);
	}
	close(fd);
	return n < 0 ? -1 : 0;
}

static void work_net(unsigned int index, const char *arg)
{
	unsigned char mac[ETH_ALEN];

	(void)index;
	if (parse_mac(arg && *arg ? arg : "broadcast", mac))
		frames_send(mac, UINT64_MAX, &counters->net_bytes);
}

static struct load loads[] = {
	{.name = "cpu", .work = work_cpu},
	{.name = "disk", .work = work_disk},
	{.name = "net", .work = work_net},
};

static void load_set(struct load *load, unsigned int count, const char *arg)
{
	while (load->count)
		end_child(load->pids[--load->count]);
	while (load->count < count) {
		pid_t pid = spawn();

		if (pid < 0)
			return say_errno("fork");
		if (pid == 0) {
			load->work(load->count, arg);
			_exit(1);
		}
		load->pids[load->count++] = pid;
	}
	say("ok %s=%u", load->name, load->count);
}

static void do_load(struct load *load, const char *arg)
{
	const char *more = arg ? strchr(arg, ' ') : NULL;
	uint64_t count;

	if (!parse_number(arg, &count) || count > WORKERS_MAX)
		return say("error %s needs a number from 0 to %d", load->name, WORKERS_MAX);
	load_set(load, (unsigned int)count, more ? more + 1 : NULL);
}

void do_loads(const char *arg)
{
	(void)arg;
	say("ok cpu=%u disk=%u disk_bytes=%llu net=%u net_bytes=%llu", loads[0].count,
	    loads[1].count, (unsigned long long)counters->disk_bytes, loads[2].count,
	    (unsigned long long)counters->net_bytes);
}

void do_write(const char *arg)
{
	uint64_t bytes, start = now_us();

	if (!parse_number(arg, &bytes) || bytes % 512)
		return say("error write needs a number of bytes, a multiple of 512");
	if (disk_write(bytes, 0, NULL) < 0)
		return say_errno("write");
	say("ok bytes=%llu us=%llu", (unsigned long long)bytes,
	    (unsigned long long)(now_us() - start));
}

void do_send(const char *arg)
{
	const char *space = arg ? strchr(arg, ' ') : NULL;
	unsigned char mac[ETH_ALEN];
	uint64_t bytes, start = now_us();

	if (!space || !parse_mac(arg, mac) || !parse_number(space + 1, &bytes))
		return say("error send needs a MAC address or \"broadcast\" and bytes");
	if (frames_send(mac, bytes, NULL) < 0)
		return say_errno("send");
	say("ok bytes=%llu us=%llu", (unsigned long long)bytes,
	    (unsigned long long)(now_us() - start));
}

void do_netinfo(const char *arg)
{
	char rx[32] = "0", tx[32] = "0";

	(void)arg;
	read_text("/sys/class/net/eth0/statistics/rx_bytes", rx, sizeof(rx));
	read_text("/sys/class/net/eth0/statistics/tx_bytes", tx, sizeof(tx));
	say("ok rx_bytes=%llu tx_bytes=%llu", strtoull(rx, NULL, 10), strtoull(tx, NULL, 10));
}

bool load_command(const char *name, const char *arg)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		if (strcmp(name, loads[i].name))
			continue;
		do_load(&loads[i], arg);
		return true;
	}
	return false;
}

/* The interface goes up at once: frames for this guest count as received without a command. */
bool load_init(void)
{
	struct ifreq req;
	int fd = frame_open(&req);

	if (fd >= 0)
		close(fd);
	counters = mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	return counters != MAP_FAILED;
}
