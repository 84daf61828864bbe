/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds for every input: libFuzzer keeps the one for which it does not. */
#ifndef PRALLOC_FUZZ_MUST_H
#define PRALLOC_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif /* PRALLOC_FUZZ_MUST_H */
