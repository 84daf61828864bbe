/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits that make the kernel reclaim.
 *
 * The writer of a lower memory.max, memory.high or memory.limit_in_bytes reclaims what is above it,
 * which takes as long as the swap device does (1.2 s for 50 MiB to zram, measured under
 * emulation).  Kernels since 6.16 leave that to the group where the file is open with O_NONBLOCK;
 * for the others the limit comes down in steps, and the deadline is looked at between them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define STEP_BYTES (UINT64_C(16) << 20)

static int put(struct pri_cg_op *op, const char *name, uint64_t bytes)
{
	char text[PRI_CG_NUMBER_MAX];

	pri_cg_number_text(op, bytes, text);
	return pri_cg_try(op, "", name, text);
}

/* The first step: nothing is reclaimed above what is in use. */
static uint64_t start_of(struct pri_cg_op *op, uint64_t from)
{
	uint64_t used = from;

	if (op->way->usage && pri_cg_number_of(op, "", op->way->usage, &used) < 0)
		free(pri_steal(op->change->text));
	return used < from ? used : from;
}

int pri_cg_lower(struct pri_cg_op *op, const char *name, uint64_t from, uint64_t to)
{
	uint64_t level = start_of(op, from);
	int r = 0;

	while (r == 0 && level > to && level - to > STEP_BYTES) {
		level -= STEP_BYTES;
		if (pri_cg_core->now_ns() >= op->call->deadline_ns)
			r = -ETIMEDOUT;
		else
			r = put(op, name, level / PRI_CG_PAGE * PRI_CG_PAGE);
	}
	if (r == 0)
		r = put(op, name, to);
	if (r == 0)
		return 0;
	if (level < from)
		(void)put(op, name, from);
	return pri_cg_fail_file(op, "", name, -r, "write");
}

int pri_cg_lower_write(struct pri_cg_op *op)
{
	uint64_t now, wanted = op->change->wanted.number;
	int r;

	if (wanted == PRALLOC_DEFAULT)
		wanted = op->change->attr->def;
	r = pri_cg_number_of(op, "", op->way->file, &now);
	if (r == 0)
		r = pri_cg_lower(op, op->way->file, now, wanted);
	if (r < 0)
		return r;
	op->change->took = true;
	return pri_cg_unit_keep(op, wanted);
}
