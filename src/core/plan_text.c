/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text form of a plan: "VM ATTRIBUTE=VALUE…", one line a target. */
#include <errno.h>
#include <string.h>

#include "core/plan.h"

#define BLANKS " \t\r"

struct reader {
	struct pr_plan *plan;
	struct pr_host *host;
	struct pri_names names;
	size_t line;
	bool ended; /* the time of the call has passed */
};

/* What a line names. */
struct line {
	struct pri_target target;
	const char *name;
	bool missing; /* there is no such domain */
};

/* What comes now is only counted. */
static bool is_enough(const struct reader *reader)
{
	return reader->plan->problems.count >= PRI_PROBLEMS_MAX;
}

/* Note what is wrong, and go on: 0, or -ENOMEM. */
static int tell(struct reader *reader, int code, const char *cause)
{
	if (code == -ENOMEM)
		return code;
	reader->ended = code == -ETIMEDOUT || pri_has_passed(pri_deadline(reader->host->ctx));
	return pri_problems_add(&reader->plan->problems, code, "line %zu: %s%s", reader->line,
				cause ? cause : pri_strerror(code),
				reader->ended ? "; the rest was not read" : "");
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

/* What can be said of an assignment when there is no domain to ask. */
static int check_word(const char *vm, const char *attribute, const char *value, char **error)
{
	pri_autofree char *cause = NULL;
	const struct pri_attr *attr;
	char instance[PRI_NAME_MAX];
	struct pri_value wanted = {0};
	int r = pri_attr_split(error, attribute, &attr, instance, sizeof(instance));

	/* Of a percentage, 100 % is not known. */
	if (r < 0 || strchr(value, '%'))
		return r;
	r = pri_value_parse(&cause, attr, value, /* maximum= */ 0, &wanted);
	pri_value_clear(&wanted);
	return r < 0 ? pri_set_error(error, r, "%s of %s: %s", attribute, vm,
				     cause ? cause : pri_strerror(r))
		     : 0;
}

/* Texts of the value name the domain, those of the attribute do not. */
static int tell_word(struct reader *reader, int code, const struct line *line,
		     const char *attribute, const char *cause)
{
	pri_autofree char *ignored = NULL, *text = NULL;
	const struct pri_attr *attr;
	char instance[PRI_NAME_MAX];

	if (is_enough(reader) ||
	    pri_attr_split(&ignored, attribute, &attr, instance, sizeof(instance)) == 0)
		return tell(reader, code, cause);
	pri_set_error(&text, code, "%s: %s", line->name, cause ? cause : pri_strerror(code));
	return tell(reader, code, text);
}

static int add_word(struct reader *reader, const struct line *line, char *word)
{
	pri_autofree char *cause = NULL;
	char *value = find_equals(word);
	struct pri_request request = {.attribute = word, .is_text = true};
	int r;

	if (!value) {
		pri_set_error(&cause, -EINVAL, "%s: \"%.64s\" is not ATTRIBUTE=VALUE", line->name,
			      word);
		return tell(reader, -EINVAL, cause);
	}
	*value++ = '\0';
	request.text = value;
	if (line->missing)
		r = check_word(line->name, word, value, &cause);
	else
		r = pri_plan_add(reader->plan, &line->target, &request, &cause);
	return r < 0 ? tell_word(reader, r, line, word, cause) : 0;
}

static int tell_missing(struct reader *reader, const char *name, const char *cause)
{
	pri_autofree char *text = NULL;
	const char *nearest = NULL;

	if (!is_enough(reader))
		nearest = pri_names_nearest(&reader->names, reader->host, name);
	if (nearest)
		pri_set_error(&text, -ENOENT, "%s (did you mean %s?)",
			      cause ? cause : pri_strerror(-ENOENT), nearest);
	return tell(reader, -ENOENT, text ? text : cause);
}

static int open_target(struct reader *reader, struct line *line)
{
	pri_autofree char *cause = NULL;
	int r;

	line->target.host = reader->host;
	if (strcmp(line->name, "@host") == 0)
		return 0;
	if (!*line->name) {
		line->name = "\"\"";
		line->missing = true;
		return tell(reader, -EINVAL, "the name of the domain is empty");
	}
	r = pri_domain_open(reader->host, line->name, &line->target.domain, &cause);
	line->missing = r < 0;
	if (r == -ENOENT)
		return tell_missing(reader, line->name, cause);
	return r < 0 ? tell(reader, r, cause) : 0;
}

static int add_words(struct reader *reader, const struct line *line, char *rest)
{
	bool open = false;
	size_t changes = 0;
	char *word;
	int r = 0;

	while (r == 0 && !reader->ended && (word = next_word(&rest, &open))) {
		r = add_word(reader, line, word);
		changes++;
	}
	if (r == 0 && open)
		r = tell(reader, -EINVAL, "a quote is not closed");
	else if (r == 0 && changes == 0 && !reader->ended)
		r = tell(reader, -EINVAL, "a domain, but no ATTRIBUTE=VALUE behind it");
	return r;
}

static int load_line(struct reader *reader, char *rest)
{
	struct line line = {0};
	bool open = false;
	int r;

	line.name = next_word(&rest, &open);
	if (open)
		return tell(reader, -EINVAL, "a quote is not closed");
	if (!line.name)
		return 0;
	r = open_target(reader, &line);
	if (r == 0)
		r = add_words(reader, &line, rest);
	pr_domain_close(line.target.domain);
	return r;
}

static int load(struct pr_plan *plan, struct pr_host *host, const char *text, bool keep_good,
		char **error)
{
	struct reader reader = {.plan = plan, .host = host};
	pri_autofree char *copy = strdup(text);
	size_t first = plan->count;
	char *line, *rest = copy;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && !reader.ended && (line = strsep(&rest, "\n"))) {
		reader.line++;
		r = load_line(&reader, line);
	}
	pri_names_clear(&reader.names);
	if (r < 0)
		pri_problems_clear(&plan->problems);
	else
		r = pri_problems_result(&plan->problems, error);
	if (r < 0 && !(keep_good && plan->problems.count > 0))
		pri_plan_truncate(plan, first);
	return r;
}

int pr_plan_load(struct pr_plan *plan, struct pr_host *host, const char *text, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	pri_problems_clear(&plan->problems);
	r = pri_flags_check(flags, PRALLOC_KEEP_GOOD, &error);
	if (r == 0 && (!host || !text))
		r = pri_set_error(&error, -EINVAL, "host or text is NULL");
	if (r == 0)
		r = pri_plan_takes(plan, &(struct pri_target){.host = host}, &error);
	if (r == 0)
		r = load(plan, host, text, flags & PRALLOC_KEEP_GOOD, &error);
	return pri_plan_result(plan, r, &error);
}
