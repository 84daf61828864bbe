/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directives of <pralloc/fake.h>: their grammar, and what each does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/fake/fake.h"
#include "core/core.h"

#define LIST_MAX 256
#define MS_MAX 3600000
#define BLANKS " \t"

enum parameter_id {
	ERROR,
	AT,
	DOMAIN,
	ATTRIBUTE,
	EFFECT,
	AT_BYTES,
	RATE,
	BYTES,
	MS,
	VALUE,
	TOLD,
	PERSISTENT,
	PARAMETER_COUNT,
};

#define HAS(parameter) (1u << (parameter))

/* A directive taken apart. */
struct directive {
	struct pri_fake_host *host;
	const struct word *word;
	unsigned int given; /* HAS() */
	struct pri_fake_domain *domain;
	struct pri_fake_fault fault; /* attr, at, error, effect, ms */
	uint64_t bytes, rate_per_sec;
	const char *value;
	bool untold, persistent;
	char **error; /* of obey() */
};

struct parameter {
	const char *name;
	int (*parse)(struct directive *d, const char *value, char **error);
};

struct word {
	const char *name;
	unsigned int required, optional; /* HAS() */
	int (*obey)(struct directive *d);
	enum pri_fake_fault_kind kind;
	int (*event)(struct pri_fake_host *host, struct pri_fake_domain *domain);
};

/* The errors of <pralloc/base.h> that a backend may return. */
static const struct {
	const char *name;
	int code;
} errors[] = {
	{"EINVAL", EINVAL},
	{"ERANGE", ERANGE},
	{"ENOENT", ENOENT},
	{"ENODEV", ENODEV},
	{"EOPNOTSUPP", EOPNOTSUPP},
	{"ENOTCONN", ENOTCONN},
	{"ESTALE", ESTALE},
	{"EACCES", EACCES},
	{"EBUSY", EBUSY},
	{"EAGAIN", EAGAIN},
	{"ENOSPC", ENOSPC},
	{"ENODATA", ENODATA},
	{"EREMOTEIO", EREMOTEIO},
	{"ETIMEDOUT", ETIMEDOUT},
	{"ECANCELED", ECANCELED},
	{"ENOMEM", ENOMEM},
	{"EIO", EIO},
};

/* Append "name" or ", name" to a list for an error text. */
static void list_add(char list[LIST_MAX], const char *name)
{
	size_t length = strlen(list);

	snprintf(list + length, LIST_MAX - length, "%s%s", length ? ", " : "", name);
}

static int parse_error(struct directive *d, const char *value, char **error)
{
	char known[LIST_MAX] = "";

	for (size_t i = 0; i < PRI_ARRAY_SIZE(errors); i++) {
		if (strcmp(errors[i].name, value) == 0) {
			d->fault.error = -errors[i].code;
			return 0;
		}
		list_add(known, errors[i].name);
	}
	return pri_set_error(error, -EINVAL, "\"%.64s\" is no error (%s)", value, known);
}

static int parse_count(const char *value, uint64_t maximum, uint64_t *ret_number, char **error)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long long number;

	errno = 0;
	number = strtoull(value, NULL, 10);
	if (digits == 0 || value[digits] || errno || number < 1 || number > maximum)
		return pri_set_error(error, -EINVAL, "\"%.64s\" is no number from 1 to %llu", value,
				     (unsigned long long)maximum);
	*ret_number = number;
	return 0;
}

static int parse_at(struct directive *d, const char *value, char **error)
{
	return parse_count(value, UINT32_MAX, &d->fault.at, error);
}

static int parse_ms(struct directive *d, const char *value, char **error)
{
	return parse_count(value, MS_MAX, &d->fault.ms, error);
}

static int parse_domain(struct directive *d, const char *value, char **error)
{
	int r = pri_fake_domain_find(d->host, value, &d->domain);

	if (r == -ENOENT)
		return pri_set_error(error, r, "there is no \"%.64s\" (there are vm1 to vm%u)",
				     value, d->host->count);
	return r;
}

static int parse_attribute(struct directive *d, const char *value, char **error)
{
	const struct pri_attr *attr = NULL;
	char instance[PRI_NAME_MAX];
	int r = pri_attr_split(error, value, &attr, instance, sizeof(instance));

	if (r < 0)
		return -EINVAL;
	if (instance[0])
		return pri_set_error(error, -EINVAL, "\"%.64s\" has an instance (only a name)",
				     value);
	d->fault.attr = pri_attr_id(attr);
	return 0;
}

static int parse_yes(const char *value, bool *ret_yes, char **error)
{
	*ret_yes = strcmp(value, "yes") == 0;
	if (!*ret_yes && strcmp(value, "no") != 0)
		return pri_set_error(error, -EINVAL, "\"%.64s\" is neither yes nor no", value);
	return 0;
}

static int parse_effect(struct directive *d, const char *value, char **error)
{
	return parse_yes(value, &d->fault.effect, error);
}

static int parse_told(struct directive *d, const char *value, char **error)
{
	bool told = true;
	int r = parse_yes(value, &told, error);

	d->untold = !told;
	return r;
}

static int parse_persistent(struct directive *d, const char *value, char **error)
{
	return parse_yes(value, &d->persistent, error);
}

/* Taken apart when the attribute is known, which may stand behind it. */
static int parse_value(struct directive *d, const char *value, char **error)
{
	(void)error;
	d->value = value;
	return 0;
}

/* An amount as the text of an attribute of that unit. */
static int parse_amount(int attr, const char *value, uint64_t *ret_amount, char **error)
{
	struct pri_value amount = {0};
	int r = pri_value_parse(error, &pri_attrs[attr], value, /* maximum= */ 0, &amount);

	if (r < 0)
		return -EINVAL;
	if (amount.number > PRI_NUMBER_MAX)
		return pri_set_error(error, -EINVAL, "\"%.64s\" is no amount", value);
	*ret_amount = amount.number;
	return 0;
}

static int parse_bytes(struct directive *d, const char *value, char **error)
{
	return parse_amount(PRI_MEM_BALLOON, value, &d->bytes, error);
}

static int parse_rate(struct directive *d, const char *value, char **error)
{
	return parse_amount(PRI_NET_RATE_IN, value, &d->rate_per_sec, error);
}

static const struct parameter parameters[PARAMETER_COUNT] = {
	[ERROR] = {"error", parse_error},
	[AT] = {"at", parse_at},
	[DOMAIN] = {"domain", parse_domain},
	[ATTRIBUTE] = {"attribute", parse_attribute},
	[EFFECT] = {"effect", parse_effect},
	[AT_BYTES] = {"at_bytes", parse_bytes},
	[RATE] = {"rate", parse_rate},
	[BYTES] = {"bytes", parse_bytes},
	[MS] = {"ms", parse_ms},
	[VALUE] = {"value", parse_value},
	[TOLD] = {"event", parse_told},
	[PERSISTENT] = {"config", parse_persistent},
};

static int obey_fault(struct directive *d)
{
	d->fault.kind = d->word->kind;
	d->fault.domain = d->domain ? d->domain->number : 0;
	return pri_fake_fault_add(d->host, &d->fault);
}

static int obey_event(struct directive *d)
{
	if (!(d->given & (HAS(AT) | HAS(MS))))
		return d->word->event(d->host, d->domain);
	d->fault.kind = d->given & HAS(MS) ? PRI_FAKE_LATER : PRI_FAKE_EVENT;
	d->fault.due_ns = pri_fake_core->now_ns() + d->fault.ms * 1000000;
	d->fault.object = d->domain->number;
	d->fault.event = d->word->event;
	return pri_fake_fault_add(d->host, &d->fault);
}

/* What moves and stalls: the balloon, unless attribute= says that it is memory that is plugged. */
static int settle_mover(struct directive *d, struct pri_fake_balloon **ret_mover)
{
	struct pri_fake_domain *domain = d->domain;
	int attr = d->fault.attr;

	if (attr != PRI_ATTR_NONE && attr != PRI_MEM_BALLOON && attr != PRI_MEM_VIRTIO_REQUESTED)
		return pri_set_error(d->error, -EINVAL, "%s: nothing of %s moves", d->word->name,
				     pri_attrs[attr].name);
	*ret_mover = attr == PRI_MEM_VIRTIO_REQUESTED ? &domain->virtio_mem : &domain->balloon;
	pri_fake_balloon_settle(*ret_mover, pri_fake_core->now_ns());
	return 0;
}

static struct pri_fake_balloon *settled(struct directive *d)
{
	struct pri_fake_balloon *balloon = &d->domain->balloon;

	pri_fake_balloon_settle(balloon, pri_fake_core->now_ns());
	return balloon;
}

static int obey_stall(struct directive *d)
{
	struct pri_fake_balloon *mover;
	int r = settle_mover(d, &mover);

	if (r == 0)
		mover->stall_bytes = d->bytes;
	return r;
}

static int obey_balloon(struct directive *d)
{
	struct pri_fake_balloon *mover;
	int r = settle_mover(d, &mover);

	if (r == 0)
		mover->rate_per_sec = d->rate_per_sec;
	return r;
}

static int obey_uses(struct directive *d)
{
	settled(d)->used_bytes = d->bytes;
	return 0;
}

static int obey_memory(struct directive *d)
{
	d->host->memory_bytes = d->bytes;
	return 0;
}

static int obey_nodriver(struct directive *d)
{
	settled(d)->no_driver = true;
	return 0;
}

static int obey_driver(struct directive *d)
{
	settled(d)->no_driver = false;
	return 0;
}

static int obey_set(struct directive *d)
{
	uint32_t mode = d->persistent ? PRALLOC_CONFIG : PRALLOC_LIVE;

	return pri_fake_set(d->host, d->domain, &pri_attrs[d->fault.attr], d->value, mode,
			    !d->untold && !d->persistent, d->error);
}

static int obey_clear(struct directive *d)
{
	uint64_t now_ns = pri_fake_core->now_ns();

	pri_fake_fault_clear(d->host);
	pri_fake_late_clear(d->host);
	d->host->memory_bytes = 0;
	for (uint32_t i = 0; i < d->host->count; i++) {
		struct pri_fake_domain *domain = d->host->domains[i];

		if (!domain)
			continue;
		domain->migrating = false;
		pri_fake_balloon_settle(&domain->balloon, now_ns);
		pri_fake_balloon_behave(&domain->balloon);
		pri_fake_balloon_settle(&domain->virtio_mem, now_ns);
		pri_fake_balloon_behave(&domain->virtio_mem);
	}
	return pri_fake_connect(d->host, NULL);
}

#define WHERE (HAS(AT) | HAS(DOMAIN) | HAS(ATTRIBUTE))
#define EVENT(word_, event_)                                                                       \
	{                                                                                          \
		.name = (word_), .required = HAS(DOMAIN), .optional = HAS(AT) | HAS(MS),           \
		.obey = obey_event, .event = (event_)                                              \
	}

static const struct word words[] = {
	{"fail", HAS(ERROR), WHERE | HAS(EFFECT), obey_fault, PRI_FAKE_FAIL, NULL},
	{"failread", HAS(ERROR), WHERE, obey_fault, PRI_FAKE_FAILREAD, NULL},
	{"refuse", HAS(ERROR), WHERE, obey_fault, PRI_FAKE_REFUSE, NULL},
	{"lose", 0, WHERE | HAS(EFFECT) | HAS(MS), obey_fault, PRI_FAKE_LOSE, NULL},
	{"lie", 0, WHERE, obey_fault, PRI_FAKE_LIE, NULL},
	{"delay", HAS(MS), HAS(DOMAIN), obey_fault, PRI_FAKE_DELAY, NULL},
	{"stall", HAS(DOMAIN) | HAS(AT_BYTES), HAS(ATTRIBUTE), obey_stall, 0, NULL},
	{"balloon", HAS(DOMAIN) | HAS(RATE), HAS(ATTRIBUTE), obey_balloon, 0, NULL},
	{.name = "uses", .required = HAS(DOMAIN) | HAS(BYTES), .obey = obey_uses},
	{.name = "memory", .required = HAS(BYTES), .obey = obey_memory},
	{.name = "nodriver", .required = HAS(DOMAIN), .obey = obey_nodriver},
	{.name = "driver", .required = HAS(DOMAIN), .obey = obey_driver},
	EVENT("restart", pri_fake_restart),
	EVENT("stop", pri_fake_stop),
	EVENT("start", pri_fake_start),
	EVENT("vanish", pri_fake_vanish),
	EVENT("replace", pri_fake_replace),
	EVENT("reboot", pri_fake_reboot),
	EVENT("migrate", pri_fake_migrate),
	EVENT("migrating", pri_fake_migrating),
	{"set", HAS(DOMAIN) | HAS(ATTRIBUTE) | HAS(VALUE), HAS(TOLD) | HAS(PERSISTENT), obey_set, 0,
	 NULL},
	{.name = "disconnect", .obey = obey_event, .event = pri_fake_disconnect},
	{.name = "connect", .obey = obey_event, .event = pri_fake_connect},
	{.name = "clear", .obey = obey_clear},
};

static int find_word(struct directive *d, const char *name, char **error)
{
	char known[LIST_MAX] = "";

	for (size_t i = 0; i < PRI_ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].name, name) == 0) {
			d->word = &words[i];
			return 0;
		}
		list_add(known, words[i].name);
	}
	return pri_set_error(error, -EINVAL, "\"%.64s\" is no directive (%s)", name, known);
}

static int find_parameter(const struct directive *d, const char *name, unsigned int *ret_id,
			  char **error)
{
	unsigned int allowed = d->word->required | d->word->optional;
	char known[LIST_MAX] = "";

	for (unsigned int i = 0; i < PARAMETER_COUNT; i++) {
		if (!(allowed & HAS(i)))
			continue;
		if (strcmp(parameters[i].name, name) == 0) {
			*ret_id = i;
			return 0;
		}
		list_add(known, parameters[i].name);
	}
	return pri_set_error(error, -EINVAL, "%s: \"%.64s\" is no parameter of it (%s)",
			     d->word->name, name, allowed ? known : "it has none");
}

/* "name=value" */
static int take_parameter(struct directive *d, char *text, char **error)
{
	pri_autofree char *cause = NULL;
	char *value = strchr(text, '=');
	unsigned int id = 0;
	int r;

	if (value)
		*value++ = '\0';
	r = find_parameter(d, text, &id, error);
	if (r < 0)
		return r;
	if (!value || !*value)
		return pri_set_error(error, -EINVAL, "%s: %s has no value (%s=…)", d->word->name,
				     text, text);
	if (d->given & HAS(id))
		return pri_set_error(error, -EINVAL, "%s: %s is given twice", d->word->name, text);
	d->given |= HAS(id);
	r = parameters[id].parse(d, value, &cause);
	return r < 0 ? pri_set_error(error, r, "%s: %s: %s", d->word->name, text,
				     cause ? cause : pri_strerror(r))
		     : 0;
}

static int complete(const struct directive *d, char **error)
{
	unsigned int missing = d->word->required & ~d->given;
	char names[LIST_MAX] = "";

	for (unsigned int i = 0; i < PARAMETER_COUNT; i++) {
		if (missing & HAS(i))
			list_add(names, parameters[i].name);
	}
	if (missing)
		return pri_set_error(error, -EINVAL, "%s: %s is missing", d->word->name, names);
	return 0;
}

int pri_fake_directive(struct pri_fake_host *host, const char *text, char **error)
{
	struct directive d = {.host = host, .fault = {.attr = PRI_ATTR_NONE}, .error = error};
	pri_autofree char *copy = strdup(text);
	char *rest = NULL, *token;
	int r;

	if (!copy)
		return -ENOMEM;
	token = strtok_r(copy, BLANKS, &rest);
	if (!token)
		return pri_set_error(error, -EINVAL, "the directive is empty");
	r = find_word(&d, token, error);
	while (r == 0 && (token = strtok_r(NULL, BLANKS, &rest)))
		r = take_parameter(&d, token, error);
	if (r == 0)
		r = complete(&d, error);
	return r == 0 ? d.word->obey(&d) : r;
}

int pr_fake_inject(struct pr_host *host, const char *directive, uint32_t flags)
{
	char *error = NULL;
	int r;

	if (!host)
		return -EINVAL;
	if (flags)
		r = pri_set_error(&error, -EINVAL, "unknown flag 0x%x (none allowed)", flags);
	else if (!directive)
		r = pri_set_error(&error, -EINVAL, "the directive is NULL");
	else if (host->backends[0].backend != &pri_fake_backend)
		r = pri_set_error(&error, -EINVAL, "%s is not a fake host (fake: or fake:///N)",
				  host->uri);
	else
		r = pri_fake_directive(host->backends[0].state, directive, &error);
	return pri_host_result(host, r, &error);
}
