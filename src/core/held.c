/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the lock of a domain may be held.
 *
 * Taking and letting go of a lock costs three times what the write of one cgroup file does, and
 * such a write is one step anyway: all that it has to know is whether somebody is in the middle of
 * something longer.  So holders count themselves in a table that all processes map: one number for
 * all domains of the same hash.  Where it is not zero the lock is taken.
 *
 * Who writes without the lock counts itself, too, in the upper half of the number, and looks for
 * holders after that; a holder waits for the writers that it finds.  So what a holder reads is not
 * changed under it by somebody who looked before it came.
 *
 * Whoever is killed leaves its count behind, which costs time and nothing else: a writer takes the
 * lock, a holder waits no longer than one write takes.
 */
#include "core/held.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#define SLOTS 1024
#define TABLE_SIZE (SLOTS * sizeof(_Atomic uint32_t))
#define FNV_OFFSET UINT32_C(0x811c9dc5)
#define FNV_PRIME UINT32_C(0x01000193)
#define WRITER (UINT32_C(1) << 16)
#define HOLDERS (WRITER - 1)
/* A write of a file takes microseconds; this is for a writer that lost its processor. */
#define PATIENCE_NS UINT64_C(10000000)
#define PAUSE_NS 50000L

static _Atomic uint32_t *map_table(struct pr_ctx *ctx)
{
	pri_autofree char *directory = NULL;
	pri_autofree char *path = NULL;
	pri_autoclose int fd = -1;
	void *table;

	if (pri_lock_directory(pri_root(ctx), &directory) < 0 ||
	    asprintf(&path, "%s/held", directory) < 0)
		return NULL;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Never shorter: a mapping beyond the end of its file is a signal. */
	if (fd < 0 || posix_fallocate(fd, 0, TABLE_SIZE) != 0)
		return NULL;
	table = mmap(NULL, TABLE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return table == MAP_FAILED ? NULL : table;
}

static _Atomic uint32_t *slot_of(struct pr_domain *dom)
{
	struct pr_ctx *ctx = dom->host->ctx;
	uint32_t hash = FNV_OFFSET;

	if (dom->held_slot)
		return dom->held_slot;
	if (!ctx->held_known) {
		ctx->held = map_table(ctx);
		ctx->held_known = true;
	}
	if (!ctx->held)
		return NULL;
	for (const char *at = dom->identity.uuid; *at; at++)
		hash = (hash ^ (unsigned char)*at) * FNV_PRIME;
	dom->held_slot = (_Atomic uint32_t *)ctx->held + hash % SLOTS;
	return dom->held_slot;
}

static void await_writers(_Atomic uint32_t *slot)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_ns = pri_now_ns() + PATIENCE_NS;

	while (atomic_load(slot) >= WRITER && pri_now_ns() < until_ns)
		nanosleep(&pause, NULL);
}

void pri_held_begin(struct pr_domain *dom)
{
	_Atomic uint32_t *slot = slot_of(dom);

	if (slot && atomic_fetch_add(slot, 1) >= WRITER)
		await_writers(slot);
}

bool pri_held_single_begin(struct pr_domain *dom)
{
	_Atomic uint32_t *slot = slot_of(dom);

	if (!slot)
		return false;
	if ((atomic_fetch_add(slot, WRITER) & HOLDERS) == 0)
		return true;
	atomic_fetch_sub(slot, WRITER);
	return false;
}

void pri_held_single_end(struct pr_domain *dom)
{
	atomic_fetch_sub(slot_of(dom), WRITER);
}

void pri_held_end(struct pr_domain *dom)
{
	_Atomic uint32_t *slot = slot_of(dom);

	if (slot)
		atomic_fetch_sub(slot, 1);
}

void pri_held_close(struct pr_ctx *ctx)
{
	if (ctx->held)
		munmap(ctx->held, TABLE_SIZE);
}
