/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The quirks of cgroup v1. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define QUOTA_FILE "cpu.cfs_quota_us"
#define PERIOD_FILE "cpu.cfs_period_us"
#define LIMIT_FILE "memory.limit_in_bytes"
#define BOTH_FILE "memory.memsw.limit_in_bytes"

static int get_bandwidth(struct pri_cg_op *op, const char *sub, struct pri_cg_bandwidth *now)
{
	int r = pri_cg_number_of(op, sub, QUOTA_FILE, &now->quota);

	return r < 0 ? r : pri_cg_number_of(op, sub, PERIOD_FILE, &now->period);
}

static int put_number(struct pri_cg_op *op, const char *sub, const char *name, uint64_t value)
{
	char text[32] = "-1";

	if (value != PRALLOC_UNLIMITED)
		snprintf(text, sizeof(text), "%" PRIu64, value);
	return pri_cg_try(op, sub, name, text);
}

/* Two files in an order: the first is put back when the second fails. */
static int put_two(struct pri_cg_op *op, const char *sub, const char *first, uint64_t first_now,
		   uint64_t first_value, const char *second, uint64_t second_value)
{
	int r = put_number(op, sub, first, first_value);

	if (r < 0)
		return r;
	r = put_number(op, sub, second, second_value);
	if (r < 0)
		(void)put_number(op, sub, first, first_now);
	return r;
}

/* Without a quota every period is legal, whatever the groups above and below have. */
static int put_lifted(struct pri_cg_op *op, const char *sub, const struct pri_cg_bandwidth *now,
		      const struct pri_cg_bandwidth *wanted)
{
	int r = put_number(op, sub, QUOTA_FILE, PRALLOC_UNLIMITED);

	if (r == 0)
		r = put_two(op, sub, PERIOD_FILE, now->period, wanted->period, QUOTA_FILE,
			    wanted->quota);
	if (r < 0)
		(void)put_number(op, sub, QUOTA_FILE, now->quota);
	return r;
}

/*
 * The kernel compares quota / period with the groups above and below at each write of one of the
 * files, and refuses what is more than above or less than below (tg_cfs_schedulable_down in
 * kernel/sched/core.c).  So what is between the two writes has to be legal too.
 */
static int put_bandwidth(struct pri_cg_op *op, const char *sub, const struct pri_cg_bandwidth *now,
			 const struct pri_cg_bandwidth *wanted)
{
	int r = -EINVAL;

	if (now->period == wanted->period)
		r = put_number(op, sub, QUOTA_FILE, wanted->quota);
	else if (now->quota == wanted->quota)
		r = put_number(op, sub, PERIOD_FILE, wanted->period);
	else if (wanted->quota != PRALLOC_UNLIMITED)
		r = put_two(op, sub, PERIOD_FILE, now->period, wanted->period, QUOTA_FILE,
			    wanted->quota);
	if (r == -EINVAL && now->period != wanted->period && now->quota != wanted->quota)
		r = put_two(op, sub, QUOTA_FILE, now->quota, wanted->quota, PERIOD_FILE,
			    wanted->period);
	if (r == -EINVAL && now->period != wanted->period && now->quota != PRALLOC_UNLIMITED)
		r = put_lifted(op, sub, now, wanted);
	return r < 0 ? pri_cg_fail_file(op, sub, op->way->file, -r, "write") : 0;
}

int pri_cg_v1_bandwidth_write(struct pri_cg_op *op)
{
	return pri_cg_bandwidth_set(op, get_bandwidth, put_bandwidth);
}

/*
 * Swap is limited together with memory: memory.memsw.limit_in_bytes is the sum, and never below
 * memory.limit_in_bytes.  Ours is swap alone: the difference, which stays when the limit of memory
 * moves (Documentation/admin-guide/cgroup-v1/memory.rst, 2.4).
 */
struct limits {
	uint64_t memory, both;
	bool counted; /* the kernel counts swap at all */
};

static int get_limits(struct pri_cg_op *op, struct limits *limits)
{
	int r = pri_cg_number_of(op, "", LIMIT_FILE, &limits->memory);

	limits->both = PRALLOC_UNLIMITED;
	limits->counted = r == 0 && pri_cg_has_file(op, "", BOTH_FILE);
	if (r == 0 && limits->counted)
		r = pri_cg_number_of(op, "", BOTH_FILE, &limits->both);
	return r;
}

static uint64_t wanted_of(const struct pri_change *change)
{
	uint64_t wanted = change->wanted.number;

	return wanted == PRALLOC_DEFAULT ? change->attr->def : wanted;
}

/* Swap first where its limit goes away, because then the limit of memory may, too. */
struct pri_change *pri_cg_v1_limit_first(const struct pri_cg_op *op)
{
	struct pri_change *swap = pri_cg_waiting(op, PRI_MEM_SWAP_LIMIT);

	return swap && wanted_of(swap) == PRALLOC_UNLIMITED ? swap : NULL;
}

/* Otherwise swap after it: it needs a limit of memory. */
struct pri_change *pri_cg_v1_swap_first(const struct pri_cg_op *op)
{
	if (wanted_of(op->change) == PRALLOC_UNLIMITED)
		return NULL;
	return pri_cg_waiting(op, PRI_MEM_HARD_LIMIT);
}

static int fail_swap_alone(struct pri_cg_op *op)
{
	return pri_cg_fail(op, -EINVAL,
			   "on cgroup v1 swap is limited together with memory: it needs a "
			   "mem.hard_limit, and there is none");
}

static int fail_swap_stands(struct pri_cg_op *op)
{
	return pri_cg_fail(op, -EINVAL,
			   "a swap limit stands, which needs a limit of memory on cgroup v1: "
			   "set mem.swap_limit to unlimited first");
}

static int write_limit(struct pri_cg_op *op, uint64_t wanted)
{
	struct limits now;
	uint64_t both;
	int r = get_limits(op, &now);

	if (r < 0)
		return r;
	if (now.both == PRALLOC_UNLIMITED)
		return pri_cg_lower(op, LIMIT_FILE, now.memory, wanted);
	if (wanted == PRALLOC_UNLIMITED)
		return fail_swap_stands(op);
	both = wanted + (now.both - now.memory);
	if (wanted > now.memory) {
		r = put_two(op, "", BOTH_FILE, now.both, both, LIMIT_FILE, wanted);
		return r < 0 ? pri_cg_fail_file(op, "", LIMIT_FILE, -r, "write") : 0;
	}
	r = pri_cg_lower(op, LIMIT_FILE, now.memory, wanted);
	if (r < 0)
		return r;
	r = put_number(op, "", BOTH_FILE, both);
	if (r == 0)
		return 0;
	(void)put_number(op, "", LIMIT_FILE, now.memory);
	return pri_cg_fail_file(op, "", BOTH_FILE, -r, "write");
}

int pri_cg_v1_limit_write(struct pri_cg_op *op)
{
	uint64_t wanted = wanted_of(op->change);
	int r = write_limit(op, wanted);

	if (r < 0)
		return r;
	op->change->took = true;
	return pri_cg_unit_keep(op, wanted);
}

/* What is wanted of the other limit in the same plan, or what it is now. */
static uint64_t other_after(const struct pri_cg_op *op, int attr, uint64_t now)
{
	for (size_t i = 0; i < op->n; i++)
		if (op->changes[i].serve->attr == attr)
			return wanted_of(&op->changes[i]);
	return now;
}

int pri_cg_v1_limit_check(struct pri_cg_op *op)
{
	struct limits now;
	int r = wanted_of(op->change) == PRALLOC_UNLIMITED ? get_limits(op, &now) : 1;

	if (r != 0)
		return r < 0 ? r : 0;
	/* Of one that is wanted together with it, it is that one's error. */
	if (now.both == PRALLOC_UNLIMITED ||
	    other_after(op, PRI_MEM_SWAP_LIMIT, PRALLOC_DEFAULT) != PRALLOC_DEFAULT)
		return 0;
	return fail_swap_stands(op);
}

int pri_cg_v1_swap_check(struct pri_cg_op *op)
{
	struct limits now;
	int r = wanted_of(op->change) != PRALLOC_UNLIMITED ? get_limits(op, &now) : 1;

	if (r != 0)
		return r < 0 ? r : 0;
	return other_after(op, PRI_MEM_HARD_LIMIT, now.memory) == PRALLOC_UNLIMITED
		       ? fail_swap_alone(op)
		       : 0;
}

int pri_cg_v1_swap_read(struct pri_cg_op *op)
{
	struct limits now;
	int r = get_limits(op, &now);

	if (r == 0 && !now.counted)
		r = pri_cg_fail_file(op, "", BOTH_FILE, ENOENT, "read");
	if (r < 0)
		return r;
	op->change->held.number = now.both == PRALLOC_UNLIMITED ? PRALLOC_UNLIMITED
								: now.both - now.memory;
	return 0;
}

int pri_cg_v1_swap_write(struct pri_cg_op *op)
{
	uint64_t wanted = wanted_of(op->change);
	struct limits now;
	int r = get_limits(op, &now);

	if (r < 0)
		return r;
	if (wanted == PRALLOC_UNLIMITED && !now.counted)
		return 0;
	if (wanted != PRALLOC_UNLIMITED && now.memory == PRALLOC_UNLIMITED)
		return fail_swap_alone(op);
	r = put_number(op, "", BOTH_FILE,
		       wanted == PRALLOC_UNLIMITED ? wanted : now.memory + wanted);
	return r < 0 ? pri_cg_fail_file(op, "", BOTH_FILE, -r, "write") : 0;
}
