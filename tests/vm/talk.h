/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PRALLOC_BED_TALK_H
#define PRALLOC_BED_TALK_H

#include <stddef.h>

/*
 * Send one line to the agent behind the socket @path and wait at most @timeout_ms for its reply,
 * which starts with "ok" or "error". Returns 0 when it is "ok", -EREMOTEIO when it is "error"
 * (the text is in @reply in both cases), else a negative errno: -ETIMEDOUT, -ECONNREFUSED, ...
 */
int bed_talk(const char *path, const char *line, char *reply, size_t size, int timeout_ms);

#endif
