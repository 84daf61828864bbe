/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a sub-command changes of a domain, shown as before and after. */
#ifndef PRALLOC_CHANGES_H
#define PRALLOC_CHANGES_H

#include "values.h"

struct changes {
	struct app *app;
	struct target target;
	const char **words; /* attributes to show; none: all that became different */
	size_t count;
	int (*act)(struct changes *changes); /* an exit code */
	const char *none;		     /* said where nothing became different */
	struct entries before, after;
};

/* Read, act, read again, and show it.  An exit code. */
int changes_run(struct changes *changes);

#endif /* PRALLOC_CHANGES_H */
