/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A journal becomes a plan that looks as if it had been applied.  What cannot be reached, or is not
 * there any more, is left out and told: the rest is taken back all the same.
 */
#include <errno.h>
#include <string.h>

#include "core/plan_journal_skip.h"

#define STEP_FIELDS 10
/* More than any plan that fits memory has: a number beyond it is no step's. */
#define STEPS_MAX (1u << 24)

/* A host of the journal; without one, why it could not be opened. */
struct opened {
	struct pr_host *host;
	int code;
	char *why;
};

struct reader {
	struct pr_plan *plan;
	struct pr_host *const *given;
	size_t given_count;
	bool *used; /* of given */
	/* By their number in the journal, less 1. */
	struct opened *hosts;
	size_t host_count;
	/* of the journal's steps, in order: the number in the plan plus 1; 0: not in it */
	size_t *steps, step_count;
	struct pri_skips skips;
	bool gives, takes; /* these phases were begun */
	size_t line;
};

static int fail_line(const struct reader *reader, const char *why, char **error)
{
	return pri_set_error(error, -EINVAL, "line %zu of the journal: %s", reader->line, why);
}

/* A host that is open already counts once: two of the same URI are two. */
static struct pr_host *find_given(struct reader *reader, const char *uri)
{
	for (size_t i = 0; i < reader->given_count; i++) {
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
	struct opened opened = {0}, *more;

	if (*uri != ' ' || number != reader->host_count + 1)
		return fail_line(reader, "no host is understood", error);
	more = pri_journal_grow(reader->hosts, reader->host_count, sizeof(*more));
	if (!more)
		return -ENOMEM;
	reader->hosts = more;
	pri_journal_unquote(++uri);
	opened.host = find_given(reader, uri);
	if (!opened.host)
		opened.code = pr_host_open(reader->plan->ctx, uri, 0, &opened.host);
	if (opened.code == -ENOMEM)
		return -ENOMEM;
	if (opened.code < 0)
		opened.why = strdup(pr_ctx_errmsg(reader->plan->ctx));
	reader->hosts[reader->host_count++] = opened;
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

/* The target of a step, or the reason why there is none. */
static int open_target(struct reader *reader, char *const *words, struct pri_target *target,
		       struct pri_reason *reason, char **error)
{
	size_t number = strtoul(words[HOST], NULL, 10);
	const struct opened *opened;

	if (number < 1 || number > reader->host_count)
		return fail_line(reader, "it names a host that there is not", error);
	opened = &reader->hosts[number - 1];
	*target = (struct pri_target){.host = opened->host};
	if (!opened->host) {
		*reason = (struct pri_reason){opened->code, /* again= */ true,
					      opened->why ? strdup(opened->why) : NULL};
		return 0;
	}
	if (strcmp(words[UUID], "-") == 0)
		return 0;
	reason->code = pri_domain_open(target->host, words[UUID], &target->domain, &reason->why);
	reason->again = reason->code != -ENOENT && reason->code != -ESTALE;
	return 0;
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

static int add_step(struct reader *reader, char *const *words, const struct pri_target *target,
		    struct pri_reason *reason, char **error)
{
	uint64_t incarnation = strtoull(words[INCARNATION], NULL, 10);
	size_t number = 0;
	pri_autofree char *cause = NULL;
	int r = find_or_add(reader, words, target, &number, &cause);

	if (r < 0 && pri_skip_may(r)) {
		*reason = (struct pri_reason){
			.code = r,
			.again = pri_skip_may_come_back(target, mode_of(words[MODE]),
							words[ATTRIBUTE], incarnation, r),
			.why = pri_steal(cause),
		};
		return 0;
	}
	if (r == -ENOMEM)
		return r;
	if (r == 0)
		r = fill_step(reader, words, number, &cause);
	return r < 0 ? fail_line(reader, cause ? cause : pri_strerror(r), error) : 0;
}

static int read_step(struct reader *reader, char *line, char **error)
{
	struct pri_target target = {0};
	struct pri_reason reason = {0};
	char *words[STEP_FIELDS];
	int r;

	if (split(line, words) < STEP_FIELDS)
		return fail_line(reader, "a step is not complete", error);
	words[WANTED][strcspn(words[WANTED], " ")] = '\0';
	for (size_t i = ATTRIBUTE; i < STEP_FIELDS; i++)
		pri_journal_unquote(words[i]);
	r = open_target(reader, words, &target, &reason, error);
	if (r == 0 && reason.code == 0)
		r = add_step(reader, words, &target, &reason, error);
	if (r == 0 && reason.code < 0)
		r = pri_skips_add(&reader->skips, strtoul(words[NUMBER], NULL, 10),
				  mode_of(words[MODE]), strcmp(words[PHASE], "give") == 0, &reason);
	free(reason.why);
	pr_domain_close(target.domain);
	return r;
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
	char *value, *mode;
	size_t number = strtoul(line + strlen("undone "), &mode, 10);
	size_t of_mode = mode_of(mode + (*mode == ' '));
	struct pri_item *item = item_of_line(reader, line, &value);

	(void)error;
	if (item)
		item->change.took = false;
	else
		pri_skips_undone(&reader->skips, number, of_mode);
	return 0;
}

static int read_unsure(struct reader *reader, char *line, char **error)
{
	char *value;
	struct pri_item *item = item_of_line(reader, line, &value);

	(void)error;
	if (item)
		item->change.unsure = true;
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
	{"unsure ", read_unsure},
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

/* What is appended to the journal names steps by their numbers in it. */
static int number_steps(const struct reader *reader)
{
	size_t count = reader->plan->count, *numbers;

	if (!reader->plan->journal)
		return 0;
	numbers = calloc(count + 1, sizeof(*numbers));
	if (!numbers)
		return -ENOMEM;
	for (size_t i = 0; i < reader->step_count; i++)
		if (reader->steps[i] > 0)
			numbers[reader->steps[i] - 1] = i + 1;
	pri_journal_set_numbers(reader->plan->journal, numbers, count);
	return 0;
}

static void reader_clear(struct reader *reader)
{
	for (size_t i = 0; i < reader->host_count; i++) {
		pr_host_close(reader->hosts[i].host);
		free(reader->hosts[i].why);
	}
	free(reader->hosts);
	pri_skips_clear(&reader->skips);
	free(reader->steps);
	free(reader->used);
}

int pri_journal_read(struct pr_plan *plan, struct pr_host *const *hosts, size_t host_count,
		     char *text, struct pri_journal_left *left, char **error)
{
	struct reader reader = {.plan = plan, .given = hosts, .given_count = host_count};
	int r = 0;

	*left = (struct pri_journal_left){0};
	plan->modes = 0;
	reader.used = calloc(host_count + 1, sizeof(*reader.used));
	if (!reader.used)
		return -ENOMEM;
	r = read_lines(&reader, text, error);
	if (r == 0)
		r = number_steps(&reader);
	if (r == 0) {
		leave_untouched(&reader);
		pri_skips_tell(&reader.skips, reader.gives, reader.takes, left);
	} else {
		pri_plan_truncate(plan, 0);
	}
	reader_clear(&reader);
	return r;
}
