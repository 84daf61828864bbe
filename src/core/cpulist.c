/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPU lists as people and the kernel write them: "0,2-3". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"

/* The kernel's largest NR_CPUS. */
#define CPUS 8192
#define WORD_BITS 64
/* The longest list is pairs with one CPU left out between them. */
#define TEXT_MAX ((CPUS / 3 + 1) * sizeof("8189-8190"))

struct cpus {
	uint64_t words[CPUS / WORD_BITS];
};

static bool has_cpu(const struct cpus *cpus, unsigned int cpu)
{
	return cpu < CPUS && ((cpus->words[cpu / WORD_BITS] >> (cpu % WORD_BITS)) & 1);
}

static void add_range(struct cpus *cpus, unsigned int first, unsigned int last)
{
	for (unsigned int cpu = first; cpu <= last; cpu++)
		cpus->words[cpu / WORD_BITS] |= UINT64_C(1) << (cpu % WORD_BITS);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A number that is too large is CPUS, however many digits it has. */
static bool take_cpu(const char **text, unsigned int *ret_cpu)
{
	const char *digit = *text;
	unsigned int cpu = 0;

	for (; *digit >= '0' && *digit <= '9'; digit++)
		cpu = cpu < CPUS ? cpu * 10 + (unsigned int)(*digit - '0') : CPUS;
	if (digit == *text)
		return false;
	*text = digit;
	*ret_cpu = cpu;
	return true;
}

static int take_range(const char **text, struct cpus *cpus)
{
	unsigned int first, last;

	if (!take_cpu(text, &first))
		return -EINVAL;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!take_cpu(text, &last))
			return -EINVAL;
	}
	if (first >= CPUS || last >= CPUS)
		return -ERANGE;
	if (last < first)
		return -EINVAL;
	add_range(cpus, first, last);
	return 0;
}

static int parse(const char *text, struct cpus *cpus)
{
	int r;

	while (is_blank(*text))
		text++;
	r = take_range(&text, cpus);
	while (r == 0 && *text == ',') {
		text++;
		r = take_range(&text, cpus);
	}
	if (r < 0)
		return r;
	while (is_blank(*text))
		text++;
	return *text == '\0' ? 0 : -EINVAL;
}

/* Writes the ranges; returns the highest CPU. */
static unsigned int write_ranges(const struct cpus *cpus, char *text, size_t size)
{
	size_t length = 0;
	unsigned int last = 0;

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		if (!has_cpu(cpus, cpu))
			continue;
		last = cpu;
		while (has_cpu(cpus, last + 1))
			last++;
		length += (size_t)snprintf(text + length, size - length, "%s%u", length ? "," : "",
					   cpu);
		if (last > cpu)
			length += (size_t)snprintf(text + length, size - length, "-%u", last);
		cpu = last;
	}
	return last;
}

int pri_cpulist_canonical(const char *text, char **ret_text, unsigned int *ret_highest)
{
	struct cpus cpus = {{0}};
	unsigned int highest;
	char *canonical, *copy;
	int r;

	r = parse(text, &cpus);
	if (r < 0)
		return r;
	canonical = malloc(TEXT_MAX);
	if (!canonical)
		return -ENOMEM;
	highest = write_ranges(&cpus, canonical, TEXT_MAX);
	copy = strdup(canonical);
	free(canonical);
	if (!copy)
		return -ENOMEM;
	*ret_text = copy;
	*ret_highest = highest;
	return 0;
}
