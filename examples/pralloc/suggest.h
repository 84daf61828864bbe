/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nearest among some names. */
#ifndef PRALLOC_SUGGEST_H
#define PRALLOC_SUGGEST_H

#include <stddef.h>

#define SUGGEST_MAX 64

struct suggestion {
	const char *word;	/* what was written */
	char best[SUGGEST_MAX]; /* "" while no name is near */
	size_t distance;	/* of best */
};

void suggest_begin(struct suggestion *suggestion, const char *word);
void suggest_offer(struct suggestion *suggestion, const char *name);

#endif /* PRALLOC_SUGGEST_H */
