/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which attributes there are. */
#include "backend/tc/tc.h"

#define LIVE (PRI_SERVE_READ | PRI_SERVE_WRITE | PRI_SERVE_PREFER)
#define NO_CONFIG "traffic control keeps nothing beyond the life of an interface"

#define ROW(id, m, s, d)                                                                           \
	{                                                                                          \
		.serve = {.attr = PRI_NET_##id, .modes = (m)}, .setting = PRI_TC_##s,              \
		.direction = PRI_TC_##d                                                            \
	}
#define WRITABLE(id, m, s, d)                                                                      \
	{                                                                                          \
		.serve = {.attr = PRI_NET_##id, .modes = LIVE | (m), .no_write = NO_CONFIG},       \
		.setting = PRI_TC_##s, .direction = PRI_TC_##d                                     \
	}

static const struct pri_tc_row rows[] = {
	WRITABLE(RATE_IN, PRI_SERVE_SINGLE, RATE, IN),
	WRITABLE(RATE_IN_PEAK, 0, PEAK, IN),
	WRITABLE(RATE_IN_BURST, 0, BURST, IN),
	WRITABLE(RATE_OUT, PRI_SERVE_SINGLE, RATE, OUT),
	WRITABLE(RATE_OUT_PEAK, 0, PEAK, OUT),
	WRITABLE(RATE_OUT_BURST, 0, BURST, OUT),
	WRITABLE(WEIGHT_IN, PRI_SERVE_PRECHECK, WEIGHT, IN),
	WRITABLE(WEIGHT_OUT, PRI_SERVE_PRECHECK, WEIGHT, OUT),
	WRITABLE(GUARANTEE_IN, PRI_SERVE_PRECHECK, GUARANTEE, IN),
	WRITABLE(GUARANTEE_OUT, PRI_SERVE_PRECHECK, GUARANTEE, OUT),
	WRITABLE(LINK_IN, 0, LINK, IN),
	WRITABLE(LINK_OUT, 0, LINK, OUT),
	ROW(COMMITTED, PRI_SERVE_READ, COMMITTED, OUT),
	ROW(COMMITTED_IN, PRI_SERVE_READ, COMMITTED_ONE, IN),
	ROW(COMMITTED_OUT, PRI_SERVE_READ, COMMITTED_ONE, OUT),
	ROW(RX_BYTES, PRI_SERVE_READ, BYTES, IN),
	ROW(TX_BYTES, PRI_SERVE_READ, BYTES, OUT),
	ROW(RX_PACKETS, PRI_SERVE_READ, PACKETS, IN),
	ROW(TX_PACKETS, PRI_SERVE_READ, PACKETS, OUT),
	ROW(RX_DROPS, PRI_SERVE_READ, DROPS, IN),
	ROW(TX_DROPS, PRI_SERVE_READ, DROPS, OUT),
};

const struct pri_serve *pri_tc_serve(void *state, int attr, const char **ret_reason)
{
	const struct pri_tc_host *host = state;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(rows); i++)
		if (rows[i].serve.attr == attr)
			return &rows[i].serve;
	*ret_reason = host->beside ? NULL : "traffic control is about the network only";
	return NULL;
}
