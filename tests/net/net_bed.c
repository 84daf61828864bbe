/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net_bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net_diag.h"

#define FIRST_PORT 5201
#define TEXT_MAX 4096

static void enter(const struct net_space *space)
{
	if (space && setns(space->fd, CLONE_NEWNET) < 0)
		_exit(126);
}

/* Runs with its output in output, or where ours goes (-1). */
static pid_t start(const struct net_space *space, const char *const *argv, int output)
{
	pid_t parent = getpid(), pid = fork();

	cr_assert(pid >= 0, "fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (output >= 0)
		dup2(output, STDOUT_FILENO);
	/* Criterion speaks TAP on what it gave us. */
	dup2(output >= 0 ? output : STDERR_FILENO, STDOUT_FILENO);
	enter(space);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		cr_assert_eq(errno, EINTR, "waitpid: %s", strerror(errno));
	return status;
}

void net_sh(const struct net_space *space, const char *format, ...)
{
	char command[TEXT_MAX];
	const char *argv[] = {"sh", "-ec", command, NULL};
	va_list args;
	int length, status;

	va_start(args, format);
	length = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	cr_assert((size_t)length < sizeof(command));
	status = status_of(start(space, argv, -1));
	cr_assert_eq(status, 0, "status 0x%x of: %s", (unsigned int)status, command);
}

bool net_can(const struct net_space *space, const char *command)
{
	const char *const argv[] = {"sh", "-ec", command, NULL};

	return status_of(start(space, argv, -1)) == 0;
}

void net_output(char *out, size_t size, const char *format, ...)
{
	char command[TEXT_MAX];
	va_list args;
	size_t length;
	FILE *pipe;

	va_start(args, format);
	cr_assert((size_t)vsnprintf(command, sizeof(command), format, args) < sizeof(command));
	va_end(args);
	pipe = popen(command, "re");
	cr_assert_not_null(pipe);
	length = fread(out, 1, size - 1, pipe);
	out[length] = '\0';
	cr_assert_eq(pclose(pipe), 0, "%s", command);
}

pid_t net_spawn(const struct net_space *space, const char *const *argv)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	cr_assert(nothing >= 0);
	pid = start(space, argv, nothing);
	close(nothing);
	return pid;
}

void net_end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	status_of(*pid);
	*pid = 0;
}

void net_sleep_ms(unsigned int ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&time, &time) < 0)
		;
}

uint64_t net_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* A namespace lives as long as somebody holds it: a process makes it, and we keep a descriptor. */
static void make_space(struct net_space *space)
{
	char path[64], ready;
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ends[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &ready, 1), 1, "no network namespace");
	close(ends[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	space->fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(space->fd >= 0);
	net_end(&pid);
	space->diag = net_diag_open(space->fd);
	cr_assert(space->diag >= 0, "no socket for TCP connections: %s", strerror(errno));
	net_sh(space, "ip link set lo up");
}

/* One end in a namespace as eth0 or the like, the other a port of the bridge. */
static void plug(const struct net_space *space, const char *port, const char *mac, int address)
{
	net_sh(NULL,
	       "ip link add %s type veth peer name eth0 address %s netns /proc/%d/fd/%d\n"
	       "ip link set %s master " NET_LINK " up",
	       port, mac, (int)getpid(), space->fd, port);
	net_sh(space,
	       "ip link set eth0 up\n"
	       "ip address add 10.77.0.%d/24 dev eth0\n"
	       "ip address add fd77::%d/64 dev eth0 nodad",
	       address, address);
}

void net_bed_plug(struct net_bed *bed, int vm)
{
	char port[16], mac[32];

	snprintf(port, sizeof(port), "tap%d", vm + 1);
	snprintf(mac, sizeof(mac), "52:54:00:77:00:%02x", vm + 1);
	plug(&bed->vm[vm], port, mac, vm + 1);
}

void net_bed_unplug(struct net_bed *bed, int vm)
{
	(void)bed;
	net_sh(NULL, "ip link delete tap%d", vm + 1);
}

void net_bed_plug_second(struct net_bed *bed, int vm)
{
	net_sh(NULL,
	       "ip link add tap%db type veth peer name eth1 address 52:54:00:77:02:%02x "
	       "netns /proc/%d/fd/%d\n"
	       "ip link set tap%db master " NET_LINK " up",
	       vm + 1, vm + 1, (int)getpid(), bed->vm[vm].fd, vm + 1);
	net_sh(&bed->vm[vm],
	       "ip link set eth1 up\n"
	       "ip address add 10.79.0.%d/24 dev eth1",
	       vm + 1);
	net_sh(&bed->wan, "ip address replace 10.79.0.254/24 dev eth0");
}

/* A socket of another namespace. */
static int datagram_socket(const struct net_space *space)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct timeval patience = {.tv_sec = 1};
	int fd;

	cr_assert(home >= 0 && setns(space->fd, CLONE_NEWNET) == 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert(fd >= 0 && setns(home, CLONE_NEWNET) == 0);
	close(home);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static bool echo(int vm, int wan)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7)};
	socklen_t size = sizeof(address);
	char byte = 0;

	inet_pton(AF_INET, "10.77.0.254", &address.sin_addr);
	return bind(wan, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       sendto(vm, &byte, 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1 &&
	       recvfrom(wan, &byte, 1, 0, (struct sockaddr *)&address, &size) == 1 &&
	       sendto(wan, &byte, 1, 0, (struct sockaddr *)&address, size) == 1 &&
	       recv(vm, &byte, 1, 0) == 1;
}

bool net_bed_reaches(const struct net_bed *bed, int vm)
{
	int in_vm = datagram_socket(&bed->vm[vm]), in_wan = datagram_socket(&bed->wan);
	bool reached = echo(in_vm, in_wan);

	close(in_vm);
	close(in_wan);
	return reached;
}

void net_bed_open(struct net_bed *bed, int vms)
{
	*bed = (struct net_bed){.vms = vms, .next_port = FIRST_PORT, .network = "10.77.0."};
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		cr_skip_test("no namespaces of our own: %s", strerror(errno));
	/* /sys shows the network of whoever mounted it. */
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount("sysfs", "/sys", "sysfs", 0, NULL), 0, "/sys: %s", strerror(errno));
	/* The locks of another host. */
	cr_assert_eq(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0, "/run: %s", strerror(errno));
	net_sh(NULL, "ip link set lo up\n"
		     "ip link add " NET_LINK " type bridge\n"
		     "ip link set " NET_LINK " up");
	make_space(&bed->wan);
	plug(&bed->wan, "up0", "52:54:00:77:01:00", 254);
	for (int vm = 0; vm < vms; vm++) {
		make_space(&bed->vm[vm]);
		net_bed_plug(bed, vm);
	}
}

static void forget_space(struct net_space *space)
{
	close(space->diag);
	close(space->fd);
}

void net_bed_close(struct net_bed *bed)
{
	for (int vm = 0; vm < bed->vms; vm++)
		forget_space(&bed->vm[vm]);
	forget_space(&bed->wan);
}

/* The server listens: its line in the kernel's table. */
static void await_server(const struct net_load *load)
{
	uint64_t end = net_now_ns() + NET_PATIENCE_MS * UINT64_C(1000000);

	while (!net_diag_listens(load->receiver->diag, (uint16_t)load->port)) {
		cr_assert(net_now_ns() < end, "iperf3 does not listen on port %d", load->port);
		net_sleep_ms(5);
	}
}

#define OPTIONS_MAX 16

void net_load_start(struct net_bed *bed, struct net_load *load, int vm, int direction,
		    const char *options)
{
	bool in = direction == PRALLOC_NET_IN;
	const struct net_space *sender = in ? &bed->wan : &bed->vm[vm];
	char port[8], address[32], words[256], *word, *rest = words;
	const char *server[] = {"iperf3", "-s", "-p", port, NULL};
	const char *client[8 + OPTIONS_MAX] = {"iperf3", "-c", address, "-p", port, "-t", "3600"};
	size_t n = 7;

	*load = (struct net_load){.receiver = in ? &bed->vm[vm] : &bed->wan,
				  .port = bed->next_port++};
	snprintf(port, sizeof(port), "%d", load->port);
	snprintf(address, sizeof(address), "%s%d", bed->network, in ? vm + 1 : 254);
	snprintf(words, sizeof(words), "-C cubic %s", options ? options : "");
	while (n < 7 + OPTIONS_MAX && (word = strsep(&rest, " ")) != NULL) {
		if (*word)
			client[n++] = word;
	}
	load->server = net_spawn(load->receiver, server);
	await_server(load);
	load->client = net_spawn(sender, client);
}

void net_load_stop(struct net_load *load)
{
	net_end(&load->client);
	net_end(&load->server);
}

struct net_received net_load_received(const struct net_load *load)
{
	struct net_received received;

	cr_assert_eq(net_diag_received(load->receiver->diag, (uint16_t)load->port, &received), 0,
		     "no figures of port %d: %s", load->port, strerror(errno));
	return received;
}
