/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The quirks of cgroup v2. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define BANDWIDTH_FILE "cpu.max"

/* Both in one file: "50000 100000", "max 100000". */
static int get_bandwidth(struct pri_cg_op *op, const char *sub, struct pri_cg_bandwidth *now)
{
	int r = pri_cg_text(op, sub, BANDWIDTH_FILE);

	if (r < 0)
		return r;
	if (pri_cg_parse_bandwidth(op->host->text, &now->quota, &now->period))
		return 0;
	return pri_cg_fail(op, -EIO, "%s says \"%.40s\", which is not understood", BANDWIDTH_FILE,
			   op->host->text);
}

static int read_bandwidth(struct pri_cg_op *op, struct pri_cg_bandwidth *now)
{
	char sub[PRI_CG_SUB_MAX];
	int r = pri_cg_sub(op, sub);

	return r < 0 ? r : get_bandwidth(op, sub, now);
}

int pri_cg_v2_quota_read(struct pri_cg_op *op)
{
	struct pri_cg_bandwidth now;
	int r = read_bandwidth(op, &now);

	if (r == 0)
		op->change->held.number = now.quota;
	return r;
}

int pri_cg_v2_period_read(struct pri_cg_op *op)
{
	struct pri_cg_bandwidth now;
	int r = read_bandwidth(op, &now);

	if (r == 0)
		op->change->held.number = now.period;
	return r;
}

/* Groups above and below do not matter: the smallest of them counts (cgroup-v2.rst). */
static int put_bandwidth(struct pri_cg_op *op, const char *sub, const struct pri_cg_bandwidth *now,
			 const struct pri_cg_bandwidth *wanted)
{
	char text[64];

	(void)now;
	if (wanted->quota == PRALLOC_UNLIMITED)
		snprintf(text, sizeof(text), "max %" PRIu64, wanted->period);
	else
		snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64, wanted->quota, wanted->period);
	return pri_cg_put(op, sub, BANDWIDTH_FILE, text);
}

int pri_cg_v2_bandwidth_write(struct pri_cg_op *op)
{
	return pri_cg_bandwidth_set(op, get_bandwidth, put_bandwidth);
}
