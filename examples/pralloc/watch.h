/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Showing the same again and again. */
#ifndef PRALLOC_WATCH_H
#define PRALLOC_WATCH_H

#include "app.h"

/*
 * Calls pass every --watch seconds, each time on an empty screen or behind an empty line.  Ends by
 * a signal, when pass returns anything but EXIT_DONE, which is the result, or when the reader of
 * the output goes away.
 */
int watch(struct app *app, int (*pass)(struct app *app, void *data), void *data);
/* A usage error where --watch cannot be. */
int watch_check(struct app *app);

#endif /* PRALLOC_WATCH_H */
