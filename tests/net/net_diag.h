/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a namespace's kernel tells of its TCP connections (sock_diag). */
#ifndef PRALLOC_NET_DIAG_H
#define PRALLOC_NET_DIAG_H

#include <stdbool.h>
#include <stdint.h>

/* A socket for the namespace space_fd; the caller stays where it is.  -1 with errno. */
int net_diag_open(int space_fd);
/* Whether somebody listens on a TCP port. */
bool net_diag_listens(int diag, uint16_t port);
/* What the connections of a local port have received: payload in order, and segments with payload
 * as they came, those beyond a gap and those sent twice too. */
struct net_received {
	uint64_t bytes, segments;
};

/* -1 with errno. */
int net_diag_received(int diag, uint16_t port, struct net_received *received);

#endif
