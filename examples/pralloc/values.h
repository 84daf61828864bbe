/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a target's attributes: reading them, and their text. */
#ifndef PRALLOC_VALUES_H
#define PRALLOC_VALUES_H

#include "app.h"

/* A domain, or with domain NULL the host. */
struct target {
	struct pr_domain *domain;
	const char *name;
	uint32_t mode; /* what is read: PRALLOC_LIVE or PRALLOC_CONFIG */
};

/* One value of a target.  Texts are its own. */
struct entry {
	const char *attribute; /* of the library's table */
	char *instance;	       /* NULL for none */
	int error;
	char *text; /* of a text value */
	struct pr_value value;
};

/* Longest "name[instance]" that is taken apart here. */
#define ATTRIBUTE_TEXT_MAX 512

struct entries {
	struct entry *items;
	size_t count;
};

/* target.c: "@host" or a domain; reports a failure, with the nearest name */
int target_open(struct app *app, const char *name, struct target *ret_target);
void target_close(struct target *target);
const char *target_errmsg(struct app *app, const struct target *target);
const char *state_name(int state);
/* {"name", "uuid", "state", "mode"}; state 0 where it is not known. */
struct json_object *target_json(const struct target *target, int state);

/* values.c: malloc'ed; "-" for no value */
char *value_text(struct app *app, const char *attribute, const struct pr_value *value,
		 uint32_t flags);
char *value_short(struct app *app, const char *attribute, const struct pr_value *value);
bool value_same(const struct pr_value *a, const struct pr_value *b);
/* "cpu.pin[3]", malloc'ed. */
char *attribute_text(const char *attribute, const char *instance);
/* An error's text from behind "ATTRIBUTE of TARGET: ", for where both stand beside it. */
const char *reason_alone(const char *text, const char *attribute, const char *instance,
			 const char *target);
void attribute_info(const char *attribute, struct pr_attr_info *info);

/* entries.c */
void entries_add(struct entries *entries, const char *attribute, const char *instance);
/* Add what an attribute has in the target: one without instance, or one for each. */
void entries_expand(struct app *app, struct entries *entries, const struct target *target,
		    const char *attribute);
/* 0, or an error that concerns all; then the text is target_errmsg(). */
int entries_read(struct app *app, const struct target *target, struct entries *entries);
/* Why an entry could not be read; malloc'ed. */
char *entry_errmsg(struct app *app, const struct target *target, const struct entry *entry);
struct json_object *entries_json(struct app *app, const struct target *target,
				 const struct entries *entries);
void entries_clear(struct entries *entries);

#endif /* PRALLOC_VALUES_H */
