/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quota and period: two attributes, and one setting for the kernel. */
#include <errno.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

static const struct {
	int quota, period;
} pairs[] = {
	{PRI_CPU_QUOTA, PRI_CPU_PERIOD},
	{PRI_CPU_VCPU_QUOTA, PRI_CPU_VCPU_PERIOD},
	{PRI_CPU_EMULATOR_QUOTA, PRI_CPU_EMULATOR_PERIOD},
	{PRI_CPU_IOTHREAD_QUOTA, PRI_CPU_IOTHREAD_PERIOD},
};

static int partner_of(int attr)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(pairs); i++) {
		if (attr == pairs[i].quota)
			return pairs[i].period;
		if (attr == pairs[i].period)
			return pairs[i].quota;
	}
	return PRI_ATTR_NONE;
}

static bool is_quota(int attr)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(pairs); i++)
		if (attr == pairs[i].quota)
			return true;
	return false;
}

static void want(struct pri_cg_bandwidth *wanted, const struct pri_change *change)
{
	uint64_t value = change->wanted.number;

	if (value == PRALLOC_DEFAULT)
		value = change->attr->def;
	if (is_quota(change->serve->attr))
		wanted->quota = value;
	else
		wanted->period = value;
}

/* What the functions for a single group need beside it. */
struct setting {
	pri_cg_bandwidth_get get;
	pri_cg_bandwidth_put put;
};

static int set_one(struct pri_cg_op *op, const char *sub, void *arg)
{
	const struct setting *setting = arg;
	struct pri_cg_bandwidth now, wanted;
	int r = setting->get(op, sub, &now);

	if (r < 0)
		return r;
	wanted = now;
	want(&wanted, op->change);
	if (op->partner)
		want(&wanted, op->partner);
	r = setting->put(op, sub, &now, &wanted);
	op->change->took = op->change->took || r == 0;
	return r;
}

int pri_cg_bandwidth_set(struct pri_cg_op *op, pri_cg_bandwidth_get get, pri_cg_bandwidth_put put)
{
	struct setting setting = {get, put};
	int r;

	op->partner = pri_cg_waiting(op, partner_of(op->change->serve->attr));
	r = pri_cg_each_sub(op, set_one, &setting);
	if (r < 0)
		op->partner = NULL;
	return r;
}
