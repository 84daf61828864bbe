/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a killed process has left is read from its journal and taken back. */
#include <errno.h>
#include <string.h>

#include "core/plan_journal.h"
#include "core/plan_run.h"

#define HOSTS_MAX 256
#define STEP_FIELDS 10
/* More than any plan that fits memory has: a number beyond it is no step's. */
#define STEPS_MAX (1u << 24)

struct reader {
	struct pr_plan *plan;
	struct pr_host *const *given;
	size_t given_count;
	struct pr_host *hosts[HOSTS_MAX]; /* by their number in the journal, less 1 */
	bool used[HOSTS_MAX];		  /* of given */
	/* of the journal's steps, in order: the number in the plan plus 1; 0: not in it */
	size_t *steps, step_count;
	bool gives, takes; /* these phases were begun */
	size_t line;
	char *gone; /* of the first domain that could not be opened */
	int gone_code;
};

static int fail_line(const struct reader *reader, const char *why, char **error)
{
	return pri_set_error(error, -EINVAL, "line %zu of the journal: %s", reader->line, why);
}

/* A host that is open already counts once: two of the same URI are two. */
static struct pr_host *find_given(struct reader *reader, const char *uri)
{
	for (size_t i = 0; i < reader->given_count && i < HOSTS_MAX; i++) {
		if (reader->used[i] || !reader->given[i] || strcmp(reader->given[i]->uri, uri) != 0)
			continue;
		reader->used[i] = true;
		return pri_host_ref(reader->given[i]);
	}
	return NULL;
}

static int read_host(struct reader *reader, char *line, char **error)
{
	char *uri;
	size_t number = strtoul(line + strlen("host "), &uri, 10);
	struct pr_host *host;
	int r = 0;

	if (*uri != ' ' || number < 1 || number > HOSTS_MAX || reader->hosts[number - 1])
		return fail_line(reader, "no host is understood", error);
	pri_journal_unquote(++uri);
	host = find_given(reader, uri);
	if (!host)
		r = pr_host_open(reader->plan->ctx, uri, 0, &host);
	if (r < 0)
		return pri_set_error(error, r, "%s", pr_ctx_errmsg(reader->plan->ctx));
	reader->hosts[number - 1] = host;
	return 0;
}

/* The words of a line, in place. */
static size_t split(char *line, char *words[STEP_FIELDS])
{
	size_t n = 0;
	char *word;

	while (n < STEP_FIELDS && (word = strsep(&line, " ")))
		words[n++] = word;
	return line ? n + 1 : n;
}

enum { WORD, NUMBER, MODE, PHASE, HOST, UUID, INCARNATION, ATTRIBUTE, BEFORE, WANTED };

static int open_target(struct reader *reader, char *const *words, struct pri_target *target,
		       char **error)
{
	size_t number = strtoul(words[HOST], NULL, 10);
	pri_autofree char *cause = NULL;
	int r;

	if (number < 1 || number > HOSTS_MAX || !reader->hosts[number - 1])
		return fail_line(reader, "it names a host that there is not", error);
	*target = (struct pri_target){.host = reader->hosts[number - 1]};
	if (strcmp(words[UUID], "-") == 0)
		return 0;
	r = pri_domain_open(target->host, words[UUID], &target->domain, &cause);
	return r < 0 ? pri_set_error(error, r, "%s", cause ? cause : pri_strerror(r)) : 0;
}

static int make_room(struct reader *reader, size_t number)
{
	size_t *more;

	if (number <= reader->step_count)
		return 0;
	more = realloc(reader->steps, number * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + reader->step_count, 0, (number - reader->step_count) * sizeof(*more));
	reader->steps = more;
	reader->step_count = number;
	return 0;
}

static size_t mode_of(const char *word)
{
	return strcmp(word, "config") == 0 ? PRI_STEP_CONFIG : PRI_STEP_LIVE;
}

/* A step in two modes stands on two lines; the plan has it once. */
static int find_or_add(struct reader *reader, char *const *words, const struct pri_target *target,
		       size_t *ret_number, char **error)
{
	struct pr_plan *plan = reader->plan;
	struct pri_request request = {
		.attribute = words[ATTRIBUTE], .is_text = true, .text = words[WANTED]};
	size_t number = strtoul(words[NUMBER], NULL, 10);
	int r;

	if (number < 1 || number > STEPS_MAX)
		return fail_line(reader, "a step has no number that a plan can have", error);
	r = make_room(reader, number);
	if (r < 0)
		return r;
	if (reader->steps[number - 1] == 0) {
		r = pri_plan_add(plan, target, &request, error);
		if (r < 0)
			return r;
		reader->steps[number - 1] = plan->count;
	}
	*ret_number = reader->steps[number - 1] - 1;
	return 0;
}

static int fill_step(struct reader *reader, char *const *words, size_t number, char **error)
{
	struct pri_item *item = &reader->plan->steps[mode_of(words[MODE])][number].item;
	const struct pri_attr *attr = item->change.attr;
	int r;

	pri_value_clear(&item->change.wanted);
	r = pri_value_parse(error, attr, words[WANTED], 0, &item->change.wanted);
	if (r == 0)
		r = pri_value_parse(error, attr, words[BEFORE], 0, &item->before);
	if (r < 0)
		return r;
	item->has_before = true;
	item->incarnation = strtoull(words[INCARNATION], NULL, 10);
	item->phase = strcmp(words[PHASE], "give") == 0 ? PRI_PHASE_GIVE : PRI_PHASE_TAKE;
	item->change.took = true;
	reader->plan->modes |= item->change.mode;
	return 0;
}

static int read_step(struct reader *reader, char *line, char **error)
{
	struct pri_target target = {0};
	size_t number = 0;
	pri_autofree char *cause = NULL;
	char *words[STEP_FIELDS];
	int r;

	if (split(line, words) < STEP_FIELDS)
		return fail_line(reader, "a step is not complete", error);
	words[WANTED][strcspn(words[WANTED], " ")] = '\0';
	for (size_t i = ATTRIBUTE; i < STEP_FIELDS; i++)
		pri_journal_unquote(words[i]);
	r = open_target(reader, words, &target, &cause);
	if (r == -ENOENT || r == -ESTALE) {
		/* The others can be taken back all the same. */
		if (!reader->gone)
			reader->gone = pri_steal(cause);
		reader->gone_code = r;
		return 0;
	}
	if (r == 0)
		r = find_or_add(reader, words, &target, &number, &cause);
	if (r == 0)
		r = fill_step(reader, words, number, &cause);
	pr_domain_close(target.domain);
	return r < 0 ? fail_line(reader, cause ? cause : pri_strerror(r), error) : 0;
}

/* "WORD NUMBER MODE [VALUE]" of a step that is in the plan; *ret_value is behind the mode. */
static struct pri_item *item_of_line(const struct reader *reader, char *line, char **ret_value)
{
	char *words[3], *rest = line;
	size_t number;

	for (size_t i = 0; i < PRI_ARRAY_SIZE(words); i++)
		if (!(words[i] = strsep(&rest, " ")))
			return NULL;
	number = strtoul(words[NUMBER], NULL, 10);
	if (number < 1 || number > reader->step_count || reader->steps[number - 1] == 0)
		return NULL;
	*ret_value = rest;
	return &reader->plan->steps[mode_of(words[MODE])][reader->steps[number - 1] - 1].item;
}

static int read_wanted(struct reader *reader, char *line, char **error)
{
	char *value = NULL;
	struct pri_item *item = item_of_line(reader, line, &value);

	if (!item || !value)
		return 0;
	pri_journal_unquote(value);
	pri_value_clear(&item->change.wanted);
	return pri_value_parse(error, item->change.attr, value, 0, &item->change.wanted);
}

static int read_undone(struct reader *reader, char *line, char **error)
{
	char *value;
	struct pri_item *item = item_of_line(reader, line, &value);

	(void)error;
	if (item)
		item->change.took = false;
	return 0;
}

static int read_phase(struct reader *reader, char *line, char **error)
{
	(void)error;
	reader->gives = reader->gives || strcmp(line, "give") == 0;
	reader->takes = reader->takes || strcmp(line, "take") == 0;
	return 0;
}

static int read_nothing(struct reader *reader, char *line, char **error)
{
	(void)reader;
	(void)line;
	(void)error;
	return 0;
}

static const struct {
	const char *word;
	int (*read)(struct reader *reader, char *line, char **error);
} kinds[] = {
	{PRI_JOURNAL_MAGIC, read_nothing},
	{"process ", read_nothing},
	{"host ", read_host},
	{"step ", read_step},
	{"ready", read_nothing},
	{"give", read_phase},
	{"take", read_phase},
	{"wanted ", read_wanted},
	{"undo", read_nothing},
	{"undone ", read_undone},
	{"end", read_nothing},
};

static int read_line(struct reader *reader, char *line, char **error)
{
	size_t best = PRI_ARRAY_SIZE(kinds);

	for (size_t i = 0; i < PRI_ARRAY_SIZE(kinds); i++)
		if (strncmp(line, kinds[i].word, strlen(kinds[i].word)) == 0)
			best = i;
	if (best == PRI_ARRAY_SIZE(kinds))
		return fail_line(reader, "it is not understood", error);
	return kinds[best].read(reader, line, error);
}

/* A last line without its end was being written when the process was killed. */
static int read_lines(struct reader *reader, char *text, char **error)
{
	int r = 0;
	char *end;

	while (r == 0 && (end = strchr(text, '\n'))) {
		*end = '\0';
		reader->line++;
		if (*text)
			r = read_line(reader, text, error);
		text = end + 1;
	}
	return r;
}

/* What no phase has come to was not touched. */
static void leave_untouched(const struct reader *reader)
{
	for (size_t i = 0; i < reader->plan->count; i++) {
		for (size_t m = 0; m < PRI_STEP_MODES; m++) {
			struct pri_item *item = &reader->plan->steps[m][i].item;
			bool begun = item->phase == PRI_PHASE_GIVE ? reader->gives : reader->takes;

			item->change.took = item->change.took && begun;
		}
	}
}

static int read_journal(struct reader *reader, char *text, char **error)
{
	int r;

	reader->plan->modes = 0;
	r = read_lines(reader, text, error);
	if (r == 0)
		leave_untouched(reader);
	else
		pri_plan_truncate(reader->plan, 0);
	for (size_t i = 0; i < HOSTS_MAX; i++)
		pr_host_close(reader->hosts[i]);
	free(reader->steps);
	return r;
}

static int take_back(struct pr_plan *plan, int purpose, uint64_t deadline_ns, char **error)
{
	struct pri_run *run = NULL;
	int r = pri_run_new(plan, purpose, deadline_ns, 0, &run, error);

	return r < 0 ? r : pri_run_whole(run, error);
}

static int recover(struct pr_plan *plan, struct reader *reader, const char *path,
		   uint64_t deadline_ns, uint32_t flags, char **error)
{
	int purpose = flags & PRALLOC_DRY_RUN ? PRI_RUN_LOOK : PRI_RUN_RECOVER;
	pri_autofree char *text = NULL;
	int r = pri_journal_new(path, &plan->journal);

	if (r == 0)
		r = pri_journal_open(plan->journal, /* create= */ false, &text, error);
	if (r < 0 || !text || pri_journal_is_over(text))
		return r;
	/* Who only looks leaves it as it is. */
	if (purpose == PRI_RUN_LOOK)
		pri_journal_free(pri_steal(plan->journal));
	else
		r = pri_journal_mend(plan->journal, text, error);
	if (r == 0)
		r = read_journal(reader, text, error);
	if (r < 0)
		return r;
	r = take_back(plan, purpose, deadline_ns, error);
	if (r == 0 && reader->gone_code < 0)
		return pri_set_error(error, reader->gone_code, "%s; its steps are left",
				     reader->gone ? reader->gone : "a domain is gone");
	return r;
}

int pr_plan_recover(struct pr_plan *plan, struct pr_host *const *hosts, size_t host_count,
		    const char *path, uint32_t timeout_ms, uint32_t flags)
{
	struct reader reader = {.plan = plan, .given = hosts, .given_count = host_count};
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = pri_flags_check(flags, PRALLOC_DRY_RUN, &error);
	if (r == 0)
		r = pri_plan_idle(plan, &error);
	if (r == 0 && (plan->count > 0 || plan->journal))
		r = pri_set_error(&error, -EINVAL, "the plan is not empty");
	if (r == 0 && (!path || timeout_ms == 0 || (!hosts && host_count)))
		r = pri_set_error(&error, -EINVAL,
				  "path or hosts is NULL, or the time limit is 0 ms");
	if (r == 0)
		r = recover(plan, &reader, path, pri_now_ns() + (uint64_t)timeout_ms * 1000000u,
			    flags, &error);
	free(reader.gone);
	return pri_plan_result(plan, r, &error);
}

int pr_plan_set_journal(struct pr_plan *plan, const char *path, uint32_t flags)
{
	struct pri_journal *journal = NULL;
	char *error = NULL;
	int r;

	if (!plan)
		return -EINVAL;
	r = pri_flags_check(flags, 0, &error);
	if (r == 0)
		r = pri_plan_idle(plan, &error);
	if (r == 0 && plan->applied)
		r = pri_set_error(&error, -EINVAL, "the plan was applied already");
	if (r == 0 && path)
		r = pri_journal_new(path, &journal);
	if (r == 0) {
		pri_journal_free(plan->journal);
		plan->journal = journal;
	}
	return pri_plan_result(plan, r, &error);
}
