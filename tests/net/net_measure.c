/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates of loads over windows, and what they should be. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "net_host.h"

/* Emulated, 15 % is close enough. */
#define WINDOW_MS (net_is_emulated() ? 1500 : 3000)
#define WINDOWS 3
#define LOADS_MAX (2 * NET_VMS_MAX)

static double frame_bits(uint64_t payload)
{
	return (double)payload * 8 * NET_FRAME_BYTES / NET_PAYLOAD_BYTES;
}

void net_measure(const struct net_load *loads, int n, unsigned int ms, double *mbits)
{
	uint64_t before[LOADS_MAX], start = net_now_ns();
	double us;

	for (int i = 0; i < n; i++)
		before[i] = net_load_bytes(&loads[i]);
	net_sleep_ms(ms);
	us = (double)(net_now_ns() - start) / 1000;
	for (int i = 0; i < n; i++)
		mbits[i] = frame_bits(net_load_bytes(&loads[i]) - before[i]) / us;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double windows[WINDOWS][LOADS_MAX], int load, int count)
{
	double sorted[WINDOWS];

	for (int window = 0; window < count; window++)
		sorted[window] = windows[window][load];
	qsort(sorted, (size_t)count, sizeof(*sorted), compare);
	return sorted[count / 2];
}

static bool near(double value, double ideal, double tolerance)
{
	return ideal == 0 || fabs(value - ideal) <= ideal * tolerance;
}

static bool all_near(double windows[WINDOWS][LOADS_MAX], int count, int n, const double *ideal,
		     double tolerance)
{
	for (int i = 0; i < n; i++) {
		if (!near(median(windows, i, count), ideal[i], tolerance))
			return false;
	}
	return true;
}

void net_expect(const char *what, const struct net_load *loads, int n, const double *ideal,
		double tolerance)
{
	double windows[WINDOWS][LOADS_MAX];
	int count = 1;

	cr_assert(n <= LOADS_MAX);
	net_measure(loads, n, WINDOW_MS, windows[0]);
	if (!all_near(windows, 1, n, ideal, tolerance)) {
		for (; count < WINDOWS; count++)
			net_measure(loads, n, WINDOW_MS, windows[count]);
	}
	for (int i = 0; i < n; i++) {
		double is = median(windows, i, count);

		fprintf(stderr, "# %s: %d has %.2f Mbit/s of %.2f (%+.1f %%)\n", what, i, is,
			ideal[i], ideal[i] > 0 ? (is / ideal[i] - 1) * 100 : 0);
		cr_expect(near(is, ideal[i], tolerance),
			  "%s: load %d has %.2f Mbit/s, ideal %.2f within %.0f %%", what, i, is,
			  ideal[i], tolerance * 100);
	}
}
