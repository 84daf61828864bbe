/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a link is divided: the arithmetic alone, no kernel.
 *
 * Every class gets rate = min(ceiling, guarantee + weighted part of what the guarantees leave), so
 * rates never add up to more than the link, which HTB itself does not look after.  What a class
 * does not use, also for its ceiling, HTB lends to the others in proportion to their quanta, that
 * is to their weights.  So a ceiling concerns its own class alone.
 */
#ifndef PRI_TC_MODEL_H
#define PRI_TC_MODEL_H

#include <stddef.h>
#include <stdint.h>

/* Weights further apart than this do not hold for what is lent: quanta of a whole packet make one
 * round of the scheduler last seconds (100:1) to minutes (1000:1). */
#define PRI_TC_SPAN_MAX 100

/* Weight of the default class: broadcasts and what else belongs to nobody.  Light, because what it
 * does not use is lent, and what is lent follows a change of weights some 100 ms later than rates
 * do. */
#define PRI_TC_REST_WEIGHT 10

/* What a VM is to have on a link in one direction. */
struct pri_tc_demand {
	uint64_t guarantee; /* bytes per second, 0 for none */
	uint64_t ceiling;   /* bytes per second, PRALLOC_UNLIMITED for none */
	uint32_t weight;    /* from 1 */
};

/* What its class is told.  All rates are at least 1, as HTB wants. */
struct pri_tc_shape {
	uint64_t share; /* guarantee and weighted part: the rate if there were no ceiling */
	uint64_t rate;	/* min(share, ceiling) */
	uint64_t ceil;	/* min(link, ceiling) */
	uint32_t quantum;
};

/*
 * Divide a link of link bytes per second among n VMs and the default class, which gets the rest of
 * the roundings too: the shares add up to the link exactly, and equal demands are equal shares.
 * shapes[0..n-1] and *ret_rest are written on success only.  -ENOSPC when the guarantees are more
 * than the link, or there is less than one byte per second for each.
 */
int pri_tc_divide(uint64_t link, uint32_t rest_weight, const struct pri_tc_demand *demands,
		  size_t n, struct pri_tc_shape *shapes, struct pri_tc_shape *ret_rest);

/* Give a class another ceiling: what pri_tc_divide would, without the other classes. */
void pri_tc_set_ceiling(struct pri_tc_shape *shape, uint64_t link, uint64_t ceiling);

/* Sum of the guarantees; UINT64_MAX when it does not fit. */
uint64_t pri_tc_guaranteed(const struct pri_tc_demand *demands, size_t n);

/* How many times the largest weight of a VM is the smallest, rounded up. */
uint32_t pri_tc_span(const struct pri_tc_demand *demands, size_t n);

/*
 * Burst of every class below a link, and of the link, as the time that HTB keeps instead of bytes:
 * a millisecond, or what the largest packet takes.  A class may send a packet beyond its burst, so
 * slow ones need no more; this is how late the timer may be without losing rate.
 */
uint64_t pri_tc_burst_ns(uint64_t link);

/* Most bytes in the queue of a class that can reach this rate. */
uint32_t pri_tc_queue_limit(uint64_t rate);

/*
 * The order of a batch, which takes effect message by message: order[] gets the indices of the
 * classes that change, those whose rate becomes less first, so that on the way the sum is never
 * beyond both ends.  A class that comes was all 0, one that goes is wanted all 0.  Returns how
 * many.
 */
size_t pri_tc_order(const struct pri_tc_shape *was, const struct pri_tc_shape *wanted, size_t n,
		    uint32_t *order);

#endif /* PRI_TC_MODEL_H */
