/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steps.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

/* What a person calls the amount that is moved most. */
static const struct {
	const char *word, *attribute;
} shorthands[] = {
	{"mem", "mem.balloon"},
	{"cpu", "cpu.shares"},
};

static const char *attribute_of(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++)
		if (strcmp(word, shorthands[i].word) == 0)
			return shorthands[i].attribute;
	return word;
}

/* The domains of one side: "vm1,vm2". */
struct side {
	struct target *targets;
	size_t count;
};

static void side_close(struct side *side)
{
	size_t i;

	for (i = 0; i < side->count; i++)
		target_close(&side->targets[i]);
	free(side->targets);
}

static int side_open(struct app *app, char *words, struct side *side)
{
	char *rest = words, *name;

	while ((name = strsep(&rest, ","))) {
		struct target target = {0};
		int status;

		if (!*name)
			return fail_usage(app, "a name between commas is missing");
		status = target_open(app, name, &target);
		if (status != EXIT_DONE)
			return status;
		if (!target.domain) {
			target_close(&target);
			return fail_usage(app, "the host itself neither gives nor takes");
		}
		side->targets = grow(side->targets, side->count, sizeof(*side->targets));
		side->targets[side->count++] = target;
	}
	return EXIT_DONE;
}

/* The part of one of them: all parts together are the whole. */
static uint64_t part(uint64_t whole, size_t index, size_t count)
{
	return whole / count + (index < whole % count);
}

/* Donor after donor fills recipient after recipient. */
static int fill(struct app *app, struct pr_plan *plan, const char *attribute, uint64_t amount,
		const struct side *from, const struct side *to)
{
	uint32_t mode = app->options.flags & (PRALLOC_LIVE | PRALLOC_CONFIG);
	size_t giver = 0, taker = 0;
	uint64_t left, room;

	if (from->count == 0 || to->count == 0)
		return fail_usage(app, "somebody has to give, and somebody to take");
	left = part(amount, 0, from->count);
	room = part(amount, 0, to->count);

	while (giver < from->count && taker < to->count) {
		uint64_t now = left < room ? left : room;
		int r;

		r = now == 0 ? 0
			     : pr_plan_move(plan, attribute, from->targets[giver].domain,
					    to->targets[taker].domain, now, mode);
		if (r < 0)
			return fail(app, r, "%s", pr_plan_errmsg(plan));
		left -= now;
		room -= now;
		if (left == 0 && ++giver < from->count)
			left = part(amount, giver, from->count);
		if (room == 0 && ++taker < to->count)
			room = part(amount, taker, to->count);
	}
	return EXIT_DONE;
}

static int parse_amount(struct app *app, const char *attribute, const char *text,
			uint64_t *ret_amount)
{
	struct pr_value value = {.size = sizeof(value)};
	int r;

	r = pr_value_parse(app->ctx, attribute, text, 0, &value, NULL, 0);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	if (value.type != PRALLOC_TYPE_U64 || value.number >= PRALLOC_DEFAULT || value.number == 0)
		return fail_usage(app, "%s is no amount", text);
	*ret_amount = value.number;
	return EXIT_DONE;
}

static int move(struct app *app, struct pr_plan *plan, const char **words)
{
	char *from_names = copy_text(words[2]), *to_names = copy_text(words[3]);
	const char *attribute = attribute_of(words[0]);
	struct side from = {0}, to = {0};
	uint64_t amount = 0;
	int status;

	status = parse_amount(app, attribute, words[1], &amount);
	if (status == EXIT_DONE)
		status = side_open(app, from_names, &from);
	if (status == EXIT_DONE)
		status = side_open(app, to_names, &to);
	if (status == EXIT_DONE)
		status = fill(app, plan, attribute, amount, &from, &to);
	if (status == EXIT_DONE)
		status = plan_run(app, plan);
	else
		hint(app, "nothing was changed");
	side_close(&from);
	side_close(&to);
	free(from_names);
	free(to_names);
	return status;
}

int run_move(struct app *app, const char **words, size_t count)
{
	struct pr_plan *plan;
	int status, r;

	(void)count;
	if (option_given(app, OPTION_LIVE) && option_given(app, OPTION_CONFIG))
		return fail_usage(app, "move moves --live or --config values, not both");
	r = pr_plan_new(app->ctx, &plan);
	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	status = move(app, plan, words);
	pr_plan_free(plan);
	return status;
}
