/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection of a host: made, found dead, made again. */
#include <errno.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

/*
 * Deadlines protect the caller.  Keep-alive only frees the worker from a peer that went without
 * a word (power, network), so it can be slow, and must be: a busy daemon is not a dead one, and
 * a connection dropped in the middle of a write leaves open whether that took effect.
 */
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3

static void ignore_error(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

int pri_lv_connect(struct pri_lv_host *host, struct pri_lv_fault *fault)
{
	/* Where the process has an event loop, each request costs two wake-ups of it; so a program
	 * that never waits gets none. */
	host->own_loop = host->wants_events && pri_lv_event_loop();
	/* libvirt prints what no handler takes.  Until there is a connection, only the handler of
	 * the process can take it; it has no getter, so it cannot be put back (see doc). */
	virSetErrorFunc(NULL, ignore_error);
	host->conn = host->read_only ? PRI_LV(host, virConnectOpenReadOnly, host->uri)
				     : PRI_LV(host, virConnectOpen, host->uri);
	if (!host->conn) {
		pri_lv_fault_take(fault, host, NULL, 0);
		if (fault->code == -EIO)
			fault->code = -ENOTCONN;
		host->lost = true;
		pri_wake_lost(host->wake, PRI_LV_RETRY_NS);
		return fault->code;
	}
	virConnSetErrorFunc(host->conn, NULL, ignore_error);
	if (host->lost && host->generation > 0)
		host->reopened_ns = pri_monotonic_ns();
	host->lost = false;
	host->generation++;
	host->listening = host->wants_events;
	host->events = false;
	/* In the application's loop the timers would run only when it does. */
	if (host->own_loop)
		PRI_LV(host, virConnectSetKeepAlive, host->conn, KEEPALIVE_INTERVAL_S,
		       KEEPALIVE_COUNT);
	if (host->listening)
		host->events = pri_lv_events_register(host) && host->own_loop;
	virResetLastError();
	pri_wake_back(host->wake);
	return 0;
}

void pri_lv_disconnect(struct pri_lv_host *host)
{
	if (!host->conn)
		return;
	if (host->listening)
		pri_lv_events_deregister(host);
	PRI_LV(host, virConnectClose, host->conn);
	virResetLastError();
	host->conn = NULL;
}

int pri_lv_ensure(struct pri_lv_host *host, struct pri_lv_fault *fault)
{
	/* A connection that was opened without an event loop never sees an event. */
	bool deaf = host->wants_events && !host->listening;

	if (host->conn && !host->lost && !deaf && virConnectIsAlive(host->conn) != 0)
		return 0;
	if (host->conn && !deaf)
		pri_wake_lost(host->wake, PRI_LV_RETRY_NS);
	pri_lv_disconnect(host);
	return pri_lv_connect(host, fault);
}

void pri_lv_reopen(void *state)
{
	struct pri_lv_fault fault = {0};

	pri_lv_ensure(state, &fault);
}
