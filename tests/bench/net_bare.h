/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bare operations that the network backend is measured beside: the smallest messages that do
 * the same, with nothing around them.
 */
#ifndef PRALLOC_NET_BARE_H
#define PRALLOC_NET_BARE_H

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

/* Change of an HTB class, as compact as it can be: 96 bytes. */
struct bare_class {
	struct nlmsghdr header;
	struct tcmsg tc;
	struct rtattr kind_head;
	char kind[4];
	struct rtattr options_head, htb_head;
	struct tc_htb_opt htb;
};

/* All fail by ending the program. */
int bare_open(void);
/* An IFB device with HTB, a root class 1:1 and n classes 1:16 and on, of equal rates. */
void bare_make(int socket, const char *device, unsigned int n);
/* A class of it with these bytes per second; NLM_F_ACK in flags asks for an answer.  What the kernel
 * takes for a class depends on its rates: it divides until they fit a number of 32 bits. */
void bare_fill(struct bare_class *message, int ifindex, unsigned int index, uint32_t rate,
	       uint32_t ceil, uint16_t flags);
/* Send messages and wait for the one answer, to the last of them. */
void bare_send(int socket, const void *messages, size_t size);
/* Read one class back (RTM_GETTCLASS with NLM_F_ECHO). */
void bare_get(int socket, int ifindex, unsigned int index);
/* All classes and filters of a device, looked at no further; returns the number of messages. */
size_t bare_dump(int socket, int ifindex);

#endif
