/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates of loads over windows, and what they should be. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "net_host.h"

/* Emulated, 15 % is close enough. */
#define WINDOW_MS (net_is_emulated() ? 1500 : 3000)
#define WINDOWS 3
#define GOODPUT_MS 3000
#define LOADS_MAX (2 * NET_VMS_MAX)

/* Segments, not payload: what comes after a lost one counts at once, not when the gap is filled. */
void net_measure(const struct net_load *loads, int n, unsigned int ms, double *mbits)
{
	uint64_t before[LOADS_MAX], start = net_now_ns(), segments;
	double us;

	for (int i = 0; i < n; i++)
		before[i] = net_load_received(&loads[i]).segments;
	net_sleep_ms(ms);
	us = (double)(net_now_ns() - start) / 1000;
	for (int i = 0; i < n; i++) {
		segments = net_load_received(&loads[i]).segments - before[i];
		mbits[i] = (double)segments * 8 * NET_FRAME_BYTES / us;
	}
}

static double measure_goodput(const struct net_load *load)
{
	uint64_t before = net_load_received(load).bytes, start = net_now_ns();

	net_sleep_ms(GOODPUT_MS);
	return (double)(net_load_received(load).bytes - before) * 8 * 1000 /
	       (double)(net_now_ns() - start);
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

/* Windows of all loads until one, or the medians of three, are good. */
static int measure_until(const struct net_load *loads, int n, net_is_good *good, const void *data,
			 double *mbits)
{
	double windows[WINDOWS][LOADS_MAX];

	cr_assert(n <= LOADS_MAX);
	for (int count = 1; count <= WINDOWS; count++) {
		net_measure(loads, n, WINDOW_MS, windows[count - 1]);
		for (int i = 0; i < n; i++)
			mbits[i] = median(windows, i, count);
		if (count != 2 && good(mbits, n, data))
			return count;
	}
	return WINDOWS;
}

bool net_measure_until(const struct net_load *loads, int n, net_is_good *good, const void *data,
		       double *mbits)
{
	measure_until(loads, n, good, data, mbits);
	return good(mbits, n, data);
}

struct ideal {
	const double *mbits;
	double tolerance;
};

static bool near(double value, double ideal, double tolerance)
{
	return ideal == 0 || fabs(value - ideal) <= ideal * tolerance;
}

static bool all_near(const double *mbits, int n, const void *data)
{
	const struct ideal *ideal = data;

	for (int i = 0; i < n; i++) {
		if (!near(mbits[i], ideal->mbits[i], ideal->tolerance))
			return false;
	}
	return true;
}

void net_expect(const char *what, const struct net_load *loads, int n, const double *ideal,
		double tolerance)
{
	struct ideal wanted = {ideal, tolerance};
	double mbits[LOADS_MAX];
	int count = measure_until(loads, n, all_near, &wanted, mbits);

	for (int i = 0; i < n; i++) {
		fprintf(stderr, "# %s: %d has %.2f Mbit/s of %.2f (%+.1f %%), %d window(s)\n", what,
			i, mbits[i], ideal[i], ideal[i] > 0 ? (mbits[i] / ideal[i] - 1) * 100 : 0,
			count);
		cr_expect(near(mbits[i], ideal[i], tolerance),
			  "%s: load %d has %.2f Mbit/s, ideal %.2f within %.0f %%", what, i,
			  mbits[i], ideal[i], tolerance * 100);
	}
}

double net_goodput(const struct net_load *load, double least)
{
	double windows[WINDOWS][LOADS_MAX], mbits = 0;

	for (int count = 1; count <= WINDOWS; count++) {
		windows[count - 1][0] = measure_goodput(load);
		mbits = median(windows, 0, count);
		if (count == 1 && mbits >= least)
			break;
	}
	return mbits;
}
