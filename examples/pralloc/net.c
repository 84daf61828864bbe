/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links: who shares them, what passes, and their rates. */
#include "net.h"
#include "steps.h"
#include "watch.h"

#include <poll.h>
#include <string.h>

/* Long enough for a rate, short enough to wait for. */
#define SAMPLE_MS 500

static int show_since(struct app *app, void *data)
{
	struct net_snapshot *before = data, now = {0};
	int status = net_snapshot_take(app, &now);

	if (status == EXIT_DONE && app->out)
		net_put(app, before, &now);
	else if (status == EXIT_DONE)
		net_print(app, before, &now);
	net_snapshot_clear(before);
	*before = now;
	return status;
}

static int show(struct app *app)
{
	struct net_snapshot before = {0};
	int status = watch_check(app);

	if (status == EXIT_DONE)
		status = net_snapshot_take(app, &before);
	if (status == EXIT_DONE && before.count > 0)
		(void)poll(NULL, 0, SAMPLE_MS);
	if (status == EXIT_DONE && option_given(app, OPTION_WATCH))
		status = watch(app, show_since, &before);
	else if (status == EXIT_DONE)
		status = show_since(app, &before);
	net_snapshot_clear(&before);
	return status;
}

static int set_rates(struct app *app, const char *link, const char *out, const char *in)
{
	struct pr_plan *plan;
	int status, r = pr_plan_new(app->ctx, &plan);

	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	r = pr_plan_host_set_str(plan, app->host, "net.link.out", link, out);
	if (r == 0)
		r = pr_plan_host_set_str(plan, app->host, "net.link.in", link, in);
	if (r == 0)
		status = plan_run(app, plan);
	else
		status = fail(app, r, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return status;
}

static int set_link(struct app *app, const char **words, size_t count)
{
	return set_rates(app, words[0], words[1], count > 2 ? words[2] : words[1]);
}

static int reset_link(struct app *app, const char **words, size_t count)
{
	(void)count;
	return set_rates(app, words[0], "default", "default");
}

static const struct {
	const char *name, *usage;
	size_t least_words, most_words;
	int (*run)(struct app *app, const char **words, size_t count);
} actions[] = {
	{"link", "LINK RATE [IN-RATE]", 2, 3, set_link},
	{"reset", "LINK", 1, 1, reset_link},
};

static int act(struct app *app, const char **words, size_t count)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, words[0]) != 0)
			continue;
		if (count - 1 < actions[i].least_words || count - 1 > actions[i].most_words)
			return fail_usage(app, "net %s needs %s", words[0], actions[i].usage);
		return actions[i].run(app, words + 1, count - 1);
	}
	return fail_usage(app, "net: %s is neither link nor reset", words[0]);
}

int run_net(struct app *app, const char **words, size_t count)
{
	if (count > 0 && option_given(app, OPTION_WATCH))
		return fail_usage(app, "net %s takes no --watch", words[0]);
	if (count == 0 && (app->options.given & (OPTIONS_FORCE | OPTION_DRY_RUN)))
		return fail_usage(app, "net changes nothing without link or reset");
	return count > 0 ? act(app, words, count) : show(app);
}
