/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Version of the headers (macros) and of the library at run time (pr_version). */
#ifndef PRALLOC_VERSION_H
#define PRALLOC_VERSION_H

#include <pralloc/base.h>

#define PRALLOC_VERSION_MAJOR 0
#define PRALLOC_VERSION_MINOR 1
#define PRALLOC_VERSION_PATCH 0

/** Version of these headers as one number: major × 1 000 000 + minor × 1 000 + patch. */
#define PRALLOC_VERSION                                                                            \
	(PRALLOC_VERSION_MAJOR * 1000000 + PRALLOC_VERSION_MINOR * 1000 + PRALLOC_VERSION_PATCH)

PRALLOC_BEGIN

/**
 * pr_version - version of the library that the program runs with
 *
 * Returns the number in the form of PRALLOC_VERSION.  Never fails.  Since: 0.1.
 */
PRALLOC_API uint32_t pr_version(void);

PRALLOC_END

#endif /* PRALLOC_VERSION_H */
