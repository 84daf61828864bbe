/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The library environment. */
#include <errno.h>
#include <string.h>

#include "core/core.h"
#include "core/held.h"

int pr_ctx_new(struct pr_ctx **ret_ctx)
{
	struct pr_ctx *ctx;

	if (!ret_ctx)
		return -EINVAL;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->references = 1;
	ctx->timeout_ms = PRALLOC_TIMEOUT_DEFAULT_MS;
	*ret_ctx = ctx;
	return 0;
}

struct pr_ctx *pr_ctx_ref(struct pr_ctx *ctx)
{
	if (ctx)
		ctx->references++;
	return ctx;
}

struct pr_ctx *pr_ctx_unref(struct pr_ctx *ctx)
{
	if (ctx && --ctx->references == 0) {
		pri_held_close(ctx);
		free(ctx->root);
		free(ctx);
	}
	return NULL;
}

static int ctx_fail(struct pr_ctx *ctx, const char *text)
{
	char *error = NULL;

	pri_set_error(&error, -EINVAL, "%s", text);
	return pri_move_error(ctx->errmsg, -EINVAL, &error);
}

int pr_ctx_set_log(struct pr_ctx *ctx, pr_log_fn log, int level, void *data)
{
	if (!ctx)
		return -EINVAL;
	if (level < PRALLOC_LOG_ERROR || level > PRALLOC_LOG_DEBUG)
		return ctx_fail(ctx, "log level is out of range (1 to 4, enum pr_log_level)");
	ctx->errmsg[0] = '\0';
	ctx->log = log;
	ctx->log_level = level;
	ctx->log_data = data;
	return 0;
}

int pr_ctx_set_timeout(struct pr_ctx *ctx, uint32_t timeout_ms)
{
	if (!ctx)
		return -EINVAL;
	if (timeout_ms == 0)
		return ctx_fail(ctx, "a time limit of 0 ms is not allowed (1 to 4294967295)");
	ctx->errmsg[0] = '\0';
	ctx->timeout_ms = timeout_ms;
	return 0;
}

int pr_ctx_set_root(struct pr_ctx *ctx, const char *directory)
{
	char *root = NULL;
	size_t length;

	if (!ctx)
		return -EINVAL;
	if (directory && *directory != '/')
		return ctx_fail(ctx, "a root is an absolute path");
	if (directory) {
		root = strdup(directory);
		if (!root)
			return -ENOMEM;
		for (length = strlen(root); length > 0 && root[length - 1] == '/'; length--)
			root[length - 1] = '\0';
	}
	ctx->errmsg[0] = '\0';
	free(ctx->root);
	ctx->root = root;
	return 0;
}

const char *pr_ctx_errmsg(const struct pr_ctx *ctx)
{
	return ctx ? ctx->errmsg : "no context";
}

uint32_t pr_version(void)
{
	return PRALLOC_VERSION;
}
