/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One factor for many weights, so that all fit into a range and keep their ratios. */
#ifndef PRI_RATIO_H
#define PRI_RATIO_H

#include "backend/backend.h"

/* What from becomes; others become in proportion. */
struct pri_factor {
	uint64_t to, from;
};

/* The step of the row's scale that is nearest to a value times the factor. */
uint64_t pri_ratio_scale(const struct pri_serve *serve, const struct pri_factor *factor,
			 uint64_t value);

/*
 * Find the factor for values, of which some are outside of the range.  Ascending, each once, from
 * 1, and as the range's maximum below 2^32.  Of all factors that bring every value into the range,
 * the one with which ratios change least, which is less than 2.5 %, and of several such ones the
 * one that is nearest to 1.  False: there is none.
 */
bool pri_ratio_find(const struct pri_serve *serve, const struct pri_range *range,
		    const uint64_t *values, size_t n, struct pri_factor *ret_factor);

#endif /* PRI_RATIO_H */
