/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

void bench_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

void bench_spawn(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ) != 0)
		bench_die(argv[0], strerror(errno));
	posix_spawn_file_actions_destroy(&actions);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		bench_die(argv[0], "failed");
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void bench_run(const char *title, const struct bench_method *methods, size_t n, int blocks,
	       void *data)
{
	double *times = calloc(n * (size_t)blocks, sizeof(*times));

	if (!times)
		bench_die(title, "out of memory");
	for (int block = 0; block < blocks; block++) {
		for (size_t m = 0; m < n; m++) {
			double start = now_us();

			for (int i = 0; i < methods[m].calls; i++)
				methods[m].call(data);
			times[m * (size_t)blocks + (size_t)block] =
				(now_us() - start) / methods[m].calls;
		}
	}
	for (size_t m = 0; m < n; m++)
		qsort(times + m * (size_t)blocks, (size_t)blocks, sizeof(*times), compare);
	printf("%-44s %10s %8s\n", title, "us a call", "ratio");
	for (size_t m = 0; m < n; m++) {
		double median = times[m * (size_t)blocks + (size_t)blocks / 2];
		double base = times[methods[m].against * (size_t)blocks + (size_t)blocks / 2];

		printf("%-44s %10.2f %8.2f\n", methods[m].name, median, median / base);
	}
	free(times);
}
