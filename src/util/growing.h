/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Public structs begin with their size and only grow at the end: an old program passes a smaller
 * one, which gets what it has room for.
 */
#ifndef PRI_GROWING_H
#define PRI_GROWING_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Size of the oldest version of a struct: up to and with its member last. */
#define PRI_SIZE_UP_TO(type, last) (offsetof(type, last) + sizeof(((type *)NULL)->last))

/* Fill the caller's struct of the size that it names from a full one; the size stays. */
static inline void pri_fill(void *caller, const void *full, size_t full_size)
{
	uint32_t size = *(const uint32_t *)caller;

	memcpy(caller, full, size < full_size ? size : full_size);
	*(uint32_t *)caller = size;
}

#endif /* PRI_GROWING_H */
