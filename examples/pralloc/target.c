/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "suggest.h"
#include "values.h"

#include <errno.h>
#include <string.h>

static void suggest_domain(struct app *app, const char *name)
{
	struct suggestion suggestion;
	struct pr_domain *dom = NULL;

	suggest_begin(&suggestion, name);
	while (pr_host_next(app->host, &dom, /* flags= */ 0) > 0)
		suggest_offer(&suggestion, pr_domain_name(dom));
	if (*suggestion.best)
		hint(app, "did you mean %s?", suggestion.best);
	else
		hint(app, "pralloc list shows the domains that there are");
}

/* A call that changes both is shown by what runs. */
static uint32_t read_mode(const struct app *app)
{
	uint32_t mode = app->options.flags & (PRALLOC_LIVE | PRALLOC_CONFIG);

	return mode == PRALLOC_CONFIG ? PRALLOC_CONFIG : PRALLOC_LIVE;
}

int target_open(struct app *app, const char *name, struct target *ret_target)
{
	struct target target = {.name = "@host", .mode = read_mode(app)};
	int r;

	if (strcmp(name, "@host") == 0) {
		*ret_target = target;
		return EXIT_DONE;
	}
	r = pr_domain_open(app->host, name, /* flags= */ 0, &target.domain);
	if (r < 0) {
		fail(app, r, "%s", pr_host_errmsg(app->host));
		if (r == -ENOENT)
			suggest_domain(app, name);
		return EXIT_REFUSED;
	}
	target.name = pr_domain_name(target.domain);
	*ret_target = target;
	return EXIT_DONE;
}

void target_close(struct target *target)
{
	pr_domain_close(target->domain);
	*target = (struct target){0};
}

const char *target_errmsg(struct app *app, const struct target *target)
{
	return target->domain ? pr_domain_errmsg(target->domain) : pr_host_errmsg(app->host);
}

const char *state_name(int state)
{
	static const char *const names[] = {
		[PRALLOC_DOMAIN_RUNNING] = "running",
		[PRALLOC_DOMAIN_PAUSED] = "paused",
		[PRALLOC_DOMAIN_OFF] = "off",
	};

	if (state < 1 || (size_t)state >= sizeof(names) / sizeof(names[0]))
		return "unknown";
	return names[state];
}

struct json_object *target_json(const struct target *target, int state)
{
	struct json_object *object = need(json_object_new_object());

	json_put(object, "name", json_text(target->name));
	if (target->domain)
		json_put(object, "uuid", json_text(pr_domain_uuid(target->domain)));
	if (state)
		json_put(object, "state", json_text(state_name(state)));
	json_put(object, "mode", json_text(target->mode == PRALLOC_CONFIG ? "config" : "live"));
	return object;
}
