/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits of the memory of a domain's group.
 *
 * On cgroup v1 the kernel limits memory and swap together, and never below the limit of memory
 * alone.  The limit of swap alone is the difference; it stays what it is when the hard limit
 * moves, and both are written in one call, which libvirt brings into the order that works.  What
 * would take the one away and leave the other is refused: nobody would put it back.
 */
#include <errno.h>
#include <stdio.h>

#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 16
#define UNLIMITED_KIB VIR_DOMAIN_MEMORY_PARAM_UNLIMITED

/* In KiB; UNLIMITED_KIB or what the kernel says for it. */
struct limits {
	uint64_t hard, both;
};

static bool is_swap(const struct pri_change *change)
{
	return change->serve->attr == PRI_MEM_SWAP_LIMIT;
}

/* The kernel's "unlimited" is the largest whole page, a little less than libvirt's. */
static bool is_unlimited(uint64_t kib)
{
	return kib >= PRI_LV_UNLIMITED_FROM_KIB;
}

static void take_limits(virTypedParameterPtr params, int n, struct limits *limits)
{
	*limits = (struct limits){UNLIMITED_KIB, UNLIMITED_KIB};
	pri_lv_params_number(params, n, VIR_DOMAIN_MEMORY_HARD_LIMIT, &limits->hard);
	pri_lv_params_number(params, n, VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT, &limits->both);
}

static uint64_t swap_alone(const struct limits *limits)
{
	return limits->both > limits->hard ? limits->both - limits->hard : 0;
}

static int memtune_read(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	struct limits limits;
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virDomainGetMemoryParameters, op->ptr, params, &n, op->affect) < 0)
		return -1;
	take_limits(params, n, &limits);
	pri_lv_params_hold(op, params, n);
	virTypedParamsClear(params, n);
	for (size_t i = 0; i < op->n; i++)
		if (is_swap(op->changes[i]) && op->changes[i]->held.number <= PRI_NUMBER_MAX)
			op->changes[i]->held.number = swap_alone(&limits) * 1024;
	return 0;
}

static int limits_now(struct pri_lv_op *op, struct limits *limits)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virDomainGetMemoryParameters, op->ptr, params, &n, op->affect) < 0)
		return -1;
	take_limits(params, n, limits);
	virTypedParamsClear(params, n);
	return 0;
}

static struct pri_change *find(const struct pri_lv_op *op, int attr)
{
	for (size_t i = 0; i < op->n; i++)
		if (op->changes[i]->serve->attr == attr)
			return op->changes[i];
	return NULL;
}

/* No limit, also where it is because nothing is set. */
static uint64_t wanted_kib(const struct pri_change *change)
{
	uint64_t value = change->wanted.number;

	return value > PRI_NUMBER_MAX ? UNLIMITED_KIB : value / 1024;
}

static void put(virTypedParameterPtr params, int *n, const char *name, uint64_t kib)
{
	snprintf(params[*n].field, sizeof(params[*n].field), "%s", name);
	params[*n].type = VIR_TYPED_PARAM_ULLONG;
	params[(*n)++].value.ul = kib;
}

/* The limits after the call.  Without a limit of memory there is none of the sum. */
static struct limits limits_after(const struct limits *now, const struct pri_change *hard,
				  const struct pri_change *swap)
{
	uint64_t alone = is_unlimited(now->both) ? UNLIMITED_KIB : swap_alone(now);
	struct limits after = {hard ? wanted_kib(hard) : now->hard, UNLIMITED_KIB};

	if (swap)
		alone = wanted_kib(swap);
	if (!is_unlimited(after.hard) && !is_unlimited(alone))
		after.both = after.hard + alone;
	return after;
}

/* Why the two cannot be as they would be, and of which of the changes it is; NULL: they can. */
static const char *against(const struct limits *now, const struct pri_change *hard,
			   const struct pri_change *swap, const struct pri_change **ret_of)
{
	struct limits after = limits_after(now, hard, swap);

	if (!is_unlimited(after.hard))
		return NULL;
	*ret_of = swap;
	if (swap)
		return is_unlimited(wanted_kib(swap))
			       ? NULL
			       : "on cgroup v1 swap is limited together with memory: it needs a "
				 "mem.hard_limit, and there is none";
	*ret_of = hard;
	return is_unlimited(now->both)
		       ? NULL
		       : "a swap limit stands, which needs a limit of memory on cgroup v1: set "
			 "mem.swap_limit to unlimited first";
}

/*
 * Both limits where the changes concern one of them.  libvirt compares one that it is not given
 * with the running domain's other one, also when the configuration is meant.  A kernel may lack
 * the limit of the sum: that is left alone where it neither is nor becomes one.
 */
static int put_both(struct pri_lv_op *op, virTypedParameterPtr params, int *n)
{
	const struct pri_change *hard = find(op, PRI_MEM_HARD_LIMIT);
	const struct pri_change *swap = find(op, PRI_MEM_SWAP_LIMIT), *of;
	struct limits now, after;
	const char *why;

	if (!hard && !swap)
		return 0;
	if (limits_now(op, &now) < 0)
		return -1;
	why = against(&now, hard, swap, &of);
	if (why)
		return pri_lv_fail(&op->fault, -EINVAL, "%s", why), -1;
	after = limits_after(&now, hard, swap);
	put(params, n, VIR_DOMAIN_MEMORY_HARD_LIMIT, after.hard);
	if (swap || op->mode == PRALLOC_CONFIG || !is_unlimited(now.both))
		put(params, n, VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT, after.both);
	return 0;
}

/* A persistent limit that libvirtd may not lock would keep the domain from starting. */
static int check_start(struct pri_lv_op *op, const struct pri_change *hard)
{
	if (op->mode != PRALLOC_CONFIG || hard->wanted.number > PRI_NUMBER_MAX ||
	    op->host->driver != PRI_LV_QEMU || !op->host->local ||
	    (hard->flags & PRALLOC_ALLOW_HARM) || pri_lv_may_lock(hard->wanted.number))
		return 0;
	return pri_lv_fail(
		&op->fault, -EOPNOTSUPP,
		"the domain would not start: libvirtd lets QEMU lock as much memory, and "
		"may not (it lacks CAP_SYS_RESOURCE); allow harm to set it all the same");
}

static int memtune_write(struct pri_lv_op *op)
{
	bool tied = pri_lv_row_find(op->host, PRI_MEM_SWAP_LIMIT) != NULL;
	virTypedParameter params[PARAMS_MAX] = {0};
	int n = 0;

	for (size_t i = 0; i < op->n; i++)
		if (!tied || op->changes[i]->serve->attr == PRI_MEM_SOFT_LIMIT)
			pri_lv_param_put(params, &n, op->changes[i]);
	if (tied && put_both(op, params, &n) < 0)
		return -1;
	if (PRI_LV(op->host, virDomainSetMemoryParameters, op->ptr, params, n, op->affect) < 0)
		return -1;
	pri_lv_all_took(op);
	return 0;
}

/* Only where one of the two goes away, or swap gets a limit. */
static int check_swap(struct pri_lv_op *op)
{
	struct pri_change *hard = find(op, PRI_MEM_HARD_LIMIT);
	struct pri_change *swap = find(op, PRI_MEM_SWAP_LIMIT);
	const struct pri_change *of = NULL;
	struct limits now;
	const char *why;

	if (swap ? is_unlimited(wanted_kib(swap)) : !hard || !is_unlimited(wanted_kib(hard)))
		return 0;
	if (limits_now(op, &now) < 0)
		return -1;
	why = against(&now, hard, swap, &of);
	if (!why)
		return 0;
	pri_lv_fail(&op->fault, -EINVAL, "%s", why);
	pri_lv_fail_one(op, of == swap ? swap : hard);
	return 0;
}

static int memtune_check(struct pri_lv_op *op)
{
	if (pri_lv_row_find(op->host, PRI_MEM_SWAP_LIMIT) && check_swap(op) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		if (op->changes[i]->serve->attr == PRI_MEM_HARD_LIMIT &&
		    check_start(op, op->changes[i]) < 0)
			pri_lv_fail_one(op, op->changes[i]);
	return 0;
}

const struct pri_lv_family pri_lv_memtune = {
	.read = memtune_read, .write = memtune_write, .check = memtune_check};
