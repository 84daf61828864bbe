/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ratio.h"

#include "core/core.h"

/* A range has no more steps that are worth a try. */
#define TRIES 16384
/* As for a single value: 2.5 % is 1 / 40. */
#define ERROR_MAX (1.0 / 40)
/* Of a factor that does not bring all into the range. */
#define OUTSIDE 1e9

uint64_t pri_ratio_scale(const struct pri_serve *serve, const struct pri_factor *factor,
			 uint64_t value)
{
	return pri_serve_step(serve, (value * factor->to + factor->from / 2) / factor->from, 0);
}

static bool is_within(const struct pri_range *range, uint64_t value)
{
	return value >= range->min && value <= range->max;
}

/* By how much the ratio of two of the values changes at most, 0 is not at all; what is found
 * beyond the limit may not be the most.  The smallest come first, which are rounded most. */
static double error_of(const struct pri_serve *serve, const struct pri_range *range,
		       const struct pri_factor *factor, const uint64_t *values, size_t n,
		       double limit)
{
	double least = OUTSIDE, most = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t scaled = pri_ratio_scale(serve, factor, values[i]);
		double part = (double)scaled / (double)values[i];

		if (!is_within(range, scaled))
			return OUTSIDE;
		least = part < least ? part : least;
		most = part > most ? part : most;
		if (most / least - 1 > limit)
			break;
	}
	return most / least - 1;
}

bool pri_ratio_find(const struct pri_serve *serve, const struct pri_range *range,
		    const uint64_t *values, size_t n, struct pri_factor *ret_factor)
{
	/* The largest comes down from the range's end, or the smallest up from its beginning,
	 * until the ones at the other end leave the range there. */
	bool down = values[n - 1] > range->max;
	struct pri_factor factor = {
		.to = pri_serve_step(serve, down ? range->max : range->min, 0),
		.from = values[down ? n - 1 : 0],
	};
	double best = ERROR_MAX;
	bool found = false;

	for (size_t i = 0; i < TRIES && factor.to > 0 && !(found && best <= 0); i++) {
		uint64_t end = pri_ratio_scale(serve, &factor, values[down ? 0 : n - 1]);
		double error;

		if (down ? end < range->min : end > range->max)
			break;
		error = error_of(serve, range, &factor, values, n, best);
		if (error < best) {
			*ret_factor = factor;
			best = error;
			found = true;
		}
		factor.to = pri_serve_step(serve, factor.to, down ? -1 : 1);
	}
	return found;
}
