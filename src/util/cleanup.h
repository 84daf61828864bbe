/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Release at the end of a scope. */
#ifndef PRI_CLEANUP_H
#define PRI_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Mostly there is nothing to free, and free() is a call all the same: where a value is written in
 * less than a microsecond the calls count. */
static inline void pri_free_if_any(void *pointer)
{
	if (pointer)
		free(pointer);
}

static inline void pri_freep(void *pointer)
{
	pri_free_if_any(*(void **)pointer);
}

static inline void pri_closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define pri_autofree __attribute__((cleanup(pri_freep)))
#define pri_autoclose __attribute__((cleanup(pri_closep)))

/* Hand a pointer over: the variable becomes NULL. */
#define pri_steal(pointer)                                                                         \
	({                                                                                         \
		__typeof__(pointer) pri_stolen_ = (pointer);                                       \
		(pointer) = NULL;                                                                  \
		pri_stolen_;                                                                       \
	})

#define PRI_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif /* PRI_CLEANUP_H */
