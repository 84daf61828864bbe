/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network bed: a host that consists of the network alone.  The test's process gets a network
 * namespace with the bridge br0; every VM is a namespace with eth0, whose other end is a port of
 * br0 (tap1, tap2, …); wan is one more behind the port up0, with the other ends of all traffic.
 * Nothing of the machine is touched, and all of it vanishes with the process, killed or not.
 *
 * What fails here fails the test.
 */
#ifndef PRALLOC_NET_BED_H
#define PRALLOC_NET_BED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <criterion/criterion.h>
#include <pralloc.h>

#include "net_diag.h"

#define NET_VMS_MAX 4
#define NET_LINK "br0"
/* For whatever takes milliseconds on a machine that is not busy. */
#define NET_PATIENCE_MS 10000
/* A full one, as HTB counts it. */
#define NET_FRAME_BYTES 1514.0
#define MBIT_BYTES UINT64_C(125000)

/* A namespace, and a socket in it that asks for its TCP connections. */
struct net_space {
	int fd, diag;
};

struct net_bed {
	int vms, next_port;
	const char *network; /* of new loads: "10.77.0.", "fd77::" or another one */
	struct net_space wan, vm[NET_VMS_MAX];
};

/* A TCP stream (iperf3) from a VM to the wan or the other way. */
struct net_load {
	const struct net_space *receiver;
	pid_t server, client;
	int port;
};

/* Skips the test where the machine has no namespaces for us. */
void net_bed_open(struct net_bed *bed, int vms);
void net_bed_close(struct net_bed *bed);
/* (Re)create the NIC of a VM, index from 0, as a restart of the VM does. */
void net_bed_plug(struct net_bed *bed, int vm);
void net_bed_unplug(struct net_bed *bed, int vm);
/* A second NIC, eth1 behind the port tap1b with the MAC …:02:01, in the network 10.79.0. */
void net_bed_plug_second(struct net_bed *bed, int vm);
/* Whether a datagram of a VM gets to the wan and the answer back. */
bool net_bed_reaches(const struct net_bed *bed, int vm);

/* A shell command in a namespace, or in the host's (NULL); it has to succeed. */
void net_sh(const struct net_space *space, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, when it may fail: whether it succeeded. */
bool net_can(const struct net_space *space, const char *command);
/* Its output, or as much as there is room for. */
void net_output(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A program in a namespace; ends with the test.  Its output is thrown away. */
pid_t net_spawn(const struct net_space *space, const char *const *argv);
void net_end(pid_t *pid);

/* options: more of iperf3, as blank-separated words, or NULL.  direction as in the library. */
void net_load_start(struct net_bed *bed, struct net_load *load, int vm, int direction,
		    const char *options);
void net_load_stop(struct net_load *load);
struct net_received net_load_received(const struct net_load *load);

void net_sleep_ms(unsigned int ms);
uint64_t net_now_ns(void);

/* Mbit/s of each load as HTB counts them, over a window. */
void net_measure(const struct net_load *loads, int n, unsigned int ms, double *mbits);
/* Payload of one load in Mbit/s, the median of up to three windows: of one if that is enough. */
double net_goodput(const struct net_load *load, double least);
typedef bool net_is_good(const double *mbits, int n, const void *data);
/* Whether one window of all loads is good, or the median of three; mbits is what was judged. */
bool net_measure_until(const struct net_load *loads, int n, net_is_good *good, const void *data,
		       double *mbits);
/*
 * Each load is within a part (0.02: 2 %) of what is ideal, in Mbit/s; 0 is not looked at.  The
 * median of up to three windows counts.
 */
void net_expect(const char *what, const struct net_load *loads, int n, const double *ideal,
		double tolerance);

#endif
