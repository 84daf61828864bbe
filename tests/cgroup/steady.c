/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Setting and reading again and again allocates nothing: the allocator of this program counts.
 * Not built with sanitizers, which have an allocator of their own.
 */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>

#include "groups.h"

#define ROUNDS 1000
#define READINGS 6

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);

static bool counting;
static unsigned long allocations;

void *malloc(size_t size)
{
	allocations += counting;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations += counting;
	return __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
	allocations += counting;
	return __libc_realloc(memory, size);
}

/* Without assertions: those of Criterion allocate. */
static bool read_and_set(struct groups *groups, struct pr_reading *readings, unsigned int round)
{
	struct pr_domain *dom = groups->doms[round % 2];
	uint64_t shares = round % 4 < 2 ? 1024 : 2048, held = 0;

	return pr_cpu_set_shares(dom, shares, 0) == 0 &&
	       pr_get_u64(dom, "cpu.shares", NULL, &held, 0) == 0 && held == shares &&
	       pr_mem_set_hard_limit(dom, (256 + round % 2) * MIB, 0) == 0 &&
	       pr_read(dom, readings, READINGS, NULL, 0) == 0;
}

Test(steady, allocates_nothing)
{
	static const char *const names[] = {"a", "b", NULL};
	static const char *const attributes[READINGS] = {"cpu.time",   "cpu.throttled",
							 "cpu.shares", "mem.rss",
							 "cpu.quota",  "mem.hard_limit"};
	struct pr_reading readings[READINGS];
	struct groups groups;
	bool good = true;
	void *volatile seen;

	groups_open(&groups, names);
	for (size_t i = 0; i < READINGS; i++)
		readings[i] = (struct pr_reading){.size = sizeof(readings[i]),
						  .attribute = attributes[i]};
	/* What is found once is kept. */
	for (unsigned int round = 0; round < 8; round++)
		cr_assert(read_and_set(&groups, readings, round), "%s",
			  pr_domain_errmsg(groups.doms[round % 2]));
	for (size_t i = 0; i < READINGS; i++)
		cr_expect_eq(readings[i].error, 0, "%s: %s", attributes[i], readings[i].text);
	counting = true;
	seen = malloc(1);
	for (unsigned int round = 0; good && round < ROUNDS; round++)
		good = read_and_set(&groups, readings, round);
	counting = false;
	free(seen);
	cr_expect(good);
	cr_expect_geq(allocations, 1, "the allocator does not count");
	cr_expect_leq(allocations, 1, "%lu allocations in %d rounds", allocations - 1, ROUNDS);
	groups_close(&groups);
}
