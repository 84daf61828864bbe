/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log callback of a context. */
#include <stdio.h>

#include "core/core.h"

#define LOG_LINE_MAX 512

static void log_v(struct pr_ctx *ctx, int level, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void log_v(struct pr_ctx *ctx, int level, const char *format, va_list args)
{
	char line[LOG_LINE_MAX];

	if (!ctx->log || level > ctx->log_level)
		return;
	vsnprintf(line, sizeof(line), format, args);
	ctx->log(ctx->log_data, level, line);
}

void pri_log(struct pr_ctx *ctx, int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_v(ctx, level, format, args);
	va_end(args);
}
