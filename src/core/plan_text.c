/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text form of a plan: "VM ATTRIBUTE=VALUE…", one line a target. */
#include <errno.h>
#include <string.h>

#include "core/plan.h"

#define BLANKS " \t\r"

struct reader {
	struct pr_plan *plan;
	struct pr_host *host;
	size_t line;
};

static int fail_line(const struct reader *reader, int code, const char *cause, char **error)
{
	return pri_set_error(error, code, "line %zu: %s", reader->line, cause);
}

/* The next word of a line, in place; a word may be quoted.  NULL at the end or at a comment;
 * *ret_open tells a quote that is not closed. */
static char *next_word(char **rest, bool *ret_open)
{
	char *word = *rest + strspn(*rest, BLANKS);
	char *end;

	if (!*word || *word == '#')
		return NULL;
	if (*word == '"') {
		end = strchr(++word, '"');
		*ret_open = !end;
	} else {
		end = word + strcspn(word, BLANKS);
	}
	if (!end)
		return NULL;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* The = between attribute and value: behind the instance, which may hold one itself. */
static char *find_equals(char *word)
{
	char *equals = strchr(word, '='), *bracket = strchr(word, '[');
	char *closed;

	if (!equals || !bracket || bracket > equals)
		return equals;
	closed = strstr(bracket, "]=");
	return closed ? closed + 1 : equals;
}

static int add_word(const struct reader *reader, const struct pri_target *target, char *word,
		    char **error)
{
	pri_autofree char *cause = NULL;
	char *value = find_equals(word);
	struct pri_request request = {.attribute = word, .is_text = true};
	int r;

	if (!value) {
		pri_set_error(&cause, -EINVAL, "\"%.64s\" is not ATTRIBUTE=VALUE", word);
		return fail_line(reader, -EINVAL, cause ? cause : "", error);
	}
	*value++ = '\0';
	request.text = value;
	r = pri_plan_add(reader->plan, target, &request, &cause);
	return r < 0 ? fail_line(reader, r, cause ? cause : pri_strerror(r), error) : 0;
}

static int open_target(const struct reader *reader, const char *name, struct pri_target *target,
		       char **error)
{
	pri_autofree char *cause = NULL;
	int r;

	*target = (struct pri_target){.host = reader->host};
	if (strcmp(name, "@host") == 0)
		return 0;
	r = *name ? pri_domain_open(reader->host, name, &target->domain, &cause) : -EINVAL;
	return r < 0 ? fail_line(reader, r, cause ? cause : "the name of the domain is empty",
				 error)
		     : 0;
}

static int load_line(const struct reader *reader, char *line, char **error)
{
	struct pri_target target;
	bool open = false;
	char *rest = line;
	char *word = next_word(&rest, &open);
	size_t changes = 0;
	int r;

	if (open)
		return fail_line(reader, -EINVAL, "a quote is not closed", error);
	if (!word)
		return 0;
	r = open_target(reader, word, &target, error);
	if (r < 0)
		return r;
	while (r == 0 && (word = next_word(&rest, &open))) {
		r = add_word(reader, &target, word, error);
		changes++;
	}
	if (r == 0 && open)
		r = fail_line(reader, -EINVAL, "a quote is not closed", error);
	if (r == 0 && changes == 0)
		r = fail_line(reader, -EINVAL, "a domain, but no ATTRIBUTE=VALUE behind it", error);
	pr_domain_close(target.domain);
	return r;
}

static int load(struct pr_plan *plan, struct pr_host *host, const char *text, char **error)
{
	struct reader reader = {.plan = plan, .host = host};
	pri_autofree char *copy = strdup(text);
	size_t first = plan->count;
	char *line, *rest = copy;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	while (r == 0 && (line = strsep(&rest, "\n"))) {
		reader.line++;
		r = load_line(&reader, line, error);
	}
	if (r < 0)
		pri_plan_truncate(plan, first);
	return r;
}

int pr_plan_load(struct pr_plan *plan, struct pr_host *host, const char *text, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0 && (!host || !text))
		r = pri_set_error(&error, -EINVAL, "host or text is NULL");
	if (r == 0)
		r = load(plan, host, text, &error);
	return pri_plan_result(plan, r, &error);
}
