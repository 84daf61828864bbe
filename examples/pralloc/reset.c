/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "changes.h"

#include <errno.h>

static int do_reset(struct changes *changes)
{
	struct app *app = changes->app;
	char instance[ATTRIBUTE_TEXT_MAX];
	const char *name;
	size_t i;
	int r = 0;

	if (!changes->count)
		r = pr_domain_reset(changes->target.domain, NULL, NULL, app->options.flags);
	for (i = 0; r == 0 && i < changes->count; i++) {
		r = pr_attr_lookup(app->ctx, changes->words[i], &name, instance, sizeof(instance));
		if (r == 0)
			r = pr_domain_reset(changes->target.domain, name,
					    *instance ? instance : NULL, app->options.flags);
	}
	if (r < 0)
		return fail(app, r, "%s", pr_domain_errmsg(changes->target.domain));
	app->changed = true;
	return EXIT_DONE;
}

int run_reset(struct app *app, const char **words, size_t count)
{
	struct changes changes = {
		.app = app,
		.words = words + 1,
		.count = count - 1,
		.act = do_reset,
		.none = "was at its defaults already",
	};
	int status;

	status = target_open(app, words[0], &changes.target);
	if (status != EXIT_DONE)
		return status;
	if (changes.target.domain)
		status = changes_run(&changes);
	else
		status = fail(app, -EOPNOTSUPP,
			      "a host's attributes are reset one by one: "
			      "pralloc set @host ATTR=default");
	target_close(&changes.target);
	return status;
}
