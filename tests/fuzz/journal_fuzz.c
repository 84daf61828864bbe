/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a file that is given to pr_plan_recover() as a journal, and to pr_plan_load() as a plan.
 * Whatever is in it, the answer is a success or an error of the set with a text in one line.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pralloc.h>

#include "fuzz.h"
#include "must.h"

#define TEXT_MAX 65536
#define TIME_MS 200

static void check_result(const struct pr_plan *plan, int r)
{
	const char *text = pr_plan_errmsg(plan);

	MUST(r <= 0);
	MUST(r == 0 || r == -ENOMEM || *text);
	MUST(!strchr(text, '\n'));
}

/* A journal names the hosts that are opened: nothing but the fake one may be in the input, so that
 * no input reaches a machine's settings. */
static bool names_fake_hosts_only(const char *text)
{
	static const char word[] = "host ", uri[] = " fake:";

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, strlen(word)) != 0)
			continue;
		line += strlen(word);
		line += strspn(line, "0123456789");
		if (strncmp(line, uri, strlen(uri)) != 0)
			return false;
	}
	return true;
}

static void recover(struct pr_ctx *ctx, struct pr_host *host, const char *text, size_t size)
{
	struct pr_plan *plan = NULL;
	int fd = memfd_create("journal", MFD_CLOEXEC);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, text, size) == (ssize_t)size && pr_plan_new(ctx, &plan) == 0)
		check_result(plan, pr_plan_recover(plan, &host, 1, path, TIME_MS, 0));
	pr_plan_free(plan);
	if (fd >= 0)
		close(fd);
}

static void load(struct pr_ctx *ctx, struct pr_host *host, const char *text)
{
	struct pr_plan *plan = NULL;
	const char *problem;
	int r;

	if (pr_plan_new(ctx, &plan) < 0)
		return;
	r = pr_plan_load(plan, host, text, 0);
	check_result(plan, r);
	MUST((r == 0 || r == -ENOMEM) == (pr_plan_problem_count(plan) == 0));
	for (size_t i = 0; (problem = pr_plan_problem(plan, i)); i++)
		MUST(strncmp(problem, "line ", 5) == 0 && !strchr(problem, '\n'));
	pr_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	char *text;

	if (size >= TEXT_MAX || pr_ctx_new(&ctx) < 0)
		return 0;
	text = malloc(size + 1);
	if (text && pr_host_open(ctx, "fake:///2", 0, &host) == 0) {
		memcpy(text, data, size);
		text[size] = '\0';
		load(ctx, host, text);
		if (names_fake_hosts_only(text))
			recover(ctx, host, text, size);
	}
	free(text);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return 0;
}
