/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>

static int save(struct app *app, const struct target *target)
{
	const char *text;
	int r = pr_domain_save(target->domain, &text, target->mode);

	if (r < 0) {
		fail(app, r, "%s", pr_domain_errmsg(target->domain));
		if (r == -ENOTCONN && target->mode == PRALLOC_LIVE)
			hint(app, "--config saves its persistent configuration");
		return EXIT_REFUSED;
	}
	if (app->out) {
		json_put(app->out, "domain", target_json(target, /* state= */ 0));
		json_put(app->out, "plan", json_text(text));
	} else {
		fputs(text, stdout);
	}
	return EXIT_DONE;
}

int run_save(struct app *app, const char **words, size_t count)
{
	struct target target;
	int status;

	(void)count;
	status = target_open(app, words[0], &target);
	if (status != EXIT_DONE)
		return status;
	if (target.domain)
		status = save(app, &target);
	else
		status = fail(app, -EOPNOTSUPP,
			      "a host has no plan: pralloc show @host tells "
			      "what it has");
	target_close(&target);
	return status;
}
