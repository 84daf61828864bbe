/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the lock of a domain may be held.
 *
 * Taking and letting go of a lock costs three times what the write of one cgroup file does, and
 * such a write is one step anyway: all that it has to know is whether somebody is in the middle of
 * something longer.  So holders count themselves in a table that all processes map: one number for
 * all domains of the same hash.  Where it is not zero the lock is taken.  A holder that is killed
 * leaves its number behind, which costs time and nothing else.
 */
#include "core/held.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#define SLOTS 1024
#define TABLE_SIZE (SLOTS * sizeof(_Atomic uint32_t))
#define FNV_OFFSET UINT32_C(0x811c9dc5)
#define FNV_PRIME UINT32_C(0x01000193)

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

bool pri_held_maybe(struct pr_domain *dom)
{
	_Atomic uint32_t *slot = slot_of(dom);

	return !slot || atomic_load(slot) != 0;
}

void pri_held_begin(struct pr_domain *dom)
{
	_Atomic uint32_t *slot = slot_of(dom);

	if (slot)
		atomic_fetch_add(slot, 1);
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
