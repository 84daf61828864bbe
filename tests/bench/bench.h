/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmarks share: blocks of several methods alternate, medians are compared. */
#ifndef PRALLOC_BENCH_H
#define PRALLOC_BENCH_H

#include <stddef.h>

struct bench_method {
	const char *name;
	void (*call)(void *data);
	int calls;	/* in one block */
	size_t against; /* index of the method that is 1.00 */
};

/* Print why and leave. */
void bench_die(const char *what, const char *why) __attribute__((noreturn));

/* Run a command with its output thrown away; it has to succeed. */
void bench_spawn(const char *const *argv);

/* Run @blocks blocks of all methods and print microseconds for a call and the ratio. */
void bench_run(const char *title, const struct bench_method *methods, size_t n, int blocks,
	       void *data);

#endif /* PRALLOC_BENCH_H */
