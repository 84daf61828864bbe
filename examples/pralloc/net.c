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

static int add_rates(struct app *app, struct pr_plan *plan, const char *link, const char *out,
		     const char *in)
{
	int r = pr_plan_host_set_str(plan, app->host, "net.link.out", link, out);

	if (r == 0)
		r = pr_plan_host_set_str(plan, app->host, "net.link.in", link, in);
	return r < 0 ? fail(app, r, "%s", pr_plan_errmsg(plan)) : EXIT_DONE;
}

/* A figure of a domain on the link, back to the default. */
static int add_figure(struct pr_plan *plan, const char *link, const struct net_domain *domain,
		      struct pr_domain *dom, enum net_figure figure, enum net_direction direction)
{
	const struct pr_value *value = net_value(domain, figure, direction, link);
	const char *attribute = net_attributes[figure][direction];
	struct pr_attr_info info;

	attribute_info(attribute, &info);
	if (!value || value->number == info.default_value)
		return 0;
	return pr_plan_set_str(plan, dom, attribute, link, "default");
}

static int add_domain(struct app *app, struct pr_plan *plan, const char *link,
		      const struct net_domain *domain)
{
	static const enum net_figure figures[] = {NET_WEIGHT, NET_GUARANTEE};
	struct target target;
	int r = 0, status = target_open(app, domain->uuid, &target);

	for (size_t i = 0; status == EXIT_DONE && r == 0 && i < 2; i++) {
		r = add_figure(plan, link, domain, target.domain, figures[i], NET_OUT);
		if (r == 0)
			r = add_figure(plan, link, domain, target.domain, figures[i], NET_IN);
	}
	if (r < 0)
		status = fail(app, r, "%s", pr_plan_errmsg(plan));
	target_close(&target);
	return status;
}

static int add_domains(struct app *app, struct pr_plan *plan, const char *link)
{
	struct net_snapshot now = {0};
	int status = net_snapshot_take(app, &now);

	for (size_t i = 0; status == EXIT_DONE && i < now.count; i++)
		status = add_domain(app, plan, link, &now.domains[i]);
	net_snapshot_clear(&now);
	return status;
}

static int set_link(struct app *app, struct pr_plan *plan, const char **words, size_t count)
{
	return add_rates(app, plan, words[0], words[1], count > 2 ? words[2] : words[1]);
}

/* As pr_net_reset, but every step is shown. */
static int reset_link(struct app *app, struct pr_plan *plan, const char **words, size_t count)
{
	int status = add_domains(app, plan, words[0]);

	(void)count;
	return status == EXIT_DONE ? add_rates(app, plan, words[0], "default", "default") : status;
}

static const struct {
	const char *name, *usage;
	size_t least_words, most_words;
	int (*fill)(struct app *app, struct pr_plan *plan, const char **words, size_t count);
} actions[] = {
	{"link", "LINK RATE [IN-RATE]", 2, 3, set_link},
	{"reset", "LINK", 1, 1, reset_link},
};

static int change(struct app *app, size_t action, const char **words, size_t count)
{
	struct pr_plan *plan;
	int status, r = pr_plan_new(app->ctx, &plan);

	if (r < 0)
		return fail(app, r, "%s", pr_ctx_errmsg(app->ctx));
	status = actions[action].fill(app, plan, words, count);
	if (status == EXIT_DONE)
		status = plan_run(app, plan);
	else
		hint(app, "nothing was changed");
	pr_plan_free(plan);
	return status;
}

static int act(struct app *app, const char **words, size_t count)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, words[0]) != 0)
			continue;
		if (count - 1 < actions[i].least_words || count - 1 > actions[i].most_words)
			return fail_usage(app, "net %s needs %s", words[0], actions[i].usage);
		return change(app, i, words + 1, count - 1);
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
