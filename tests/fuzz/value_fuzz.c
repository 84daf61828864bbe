/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: "ATTRIBUTE=TEXT"; a text without a known attribute is tried with every one.  What parses
 * has to come back from its exact and raw texts; what does not has to be refused in one line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pralloc.h>

#include "fuzz.h"
#include "must.h"

#define TEXT_MAX 65536
#define HUNDRED_PERCENT (UINT64_C(8) << 30)

/* Large; one input at a time. */
static char buffer[TEXT_MAX], again[TEXT_MAX], formatted[TEXT_MAX];

static void check_refusal(const struct pr_ctx *ctx, int code)
{
	const char *text = pr_ctx_errmsg(ctx);

	MUST(code == -EINVAL || code == -ERANGE || code == -ENOSPC);
	MUST(text[0] != '\0');
	MUST(!strchr(text, '\n'));
}

static void check_returns(struct pr_ctx *ctx, const char *attribute, const struct pr_value *value,
			  uint32_t flags)
{
	struct pr_value got = {.size = sizeof(got)};

	MUST(pr_value_format(ctx, attribute, value, formatted, sizeof(formatted), flags) == 0);
	if (value->type == PRALLOC_TYPE_U64)
		MUST(strlen(formatted) < PRALLOC_VALUE_TEXT_MAX);
	if (flags & PRALLOC_FORMAT_SHORT)
		return;
	MUST(pr_value_parse(ctx, attribute, formatted, 0, &got, again, sizeof(again)) == 0);
	MUST(got.type == value->type);
	MUST(got.number == value->number);
	MUST(!got.text == !value->text);
	MUST(!got.text || strcmp(got.text, value->text) == 0);
}

static void check_text(struct pr_ctx *ctx, const char *attribute, const char *text,
		       uint64_t maximum)
{
	struct pr_value value = {.size = sizeof(value)};
	int r = pr_value_parse(ctx, attribute, text, maximum, &value, buffer, sizeof(buffer));

	if (r < 0) {
		check_refusal(ctx, r);
		return;
	}
	MUST(pr_ctx_errmsg(ctx)[0] == '\0');
	check_returns(ctx, attribute, &value, 0);
	check_returns(ctx, attribute, &value, PRALLOC_FORMAT_RAW);
	check_returns(ctx, attribute, &value, PRALLOC_FORMAT_SHORT);
}

static void check_every_attribute(struct pr_ctx *ctx, const char *text)
{
	for (const char *name = pr_attr_next(NULL); name; name = pr_attr_next(name))
		check_text(ctx, name, text, HUNDRED_PERCENT);
}

static void check_input(struct pr_ctx *ctx, char *input)
{
	char *text = strchr(input, '=');
	char instance[256];
	const char *name;

	if (!text) {
		check_every_attribute(ctx, input);
		return;
	}
	*text++ = '\0';
	if (pr_attr_lookup(ctx, input, &name, instance, sizeof(instance)) < 0) {
		check_every_attribute(ctx, text);
		return;
	}
	check_text(ctx, input, text, HUNDRED_PERCENT);
	check_text(ctx, input, text, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pr_ctx *ctx = NULL;
	char *input;

	if (size >= TEXT_MAX / 2 || pr_ctx_new(&ctx) < 0)
		return 0;
	input = malloc(size + 1);
	if (input) {
		memcpy(input, data, size);
		input[size] = '\0';
		check_input(ctx, input);
	}
	free(input);
	pr_ctx_unref(ctx);
	return 0;
}
