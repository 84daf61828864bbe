/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON form of what the command shows.  The keys are described in pralloc(1). */
#ifndef PRALLOC_JSON_H
#define PRALLOC_JSON_H

#include "app.h"

/* Each takes the value over. */
void json_put(struct json_object *object, const char *key, struct json_object *value);
void json_append(struct json_object *array, struct json_object *value);

/* A string; bytes that are no UTF-8 become U+FFFD. */
struct json_object *json_text(const char *text);
/* The same, or null. */
struct json_object *json_text_or_null(const char *text);
/* An exact number, "unlimited" or "default". */
struct json_object *json_number(uint64_t number);
/* {"value": …, "text": …}; null and "" where there is no value. */
struct json_object *json_value(struct app *app, const char *attribute,
			       const struct pr_value *value);
/* Put the two keys of json_value into an object. */
void json_put_value(struct app *app, struct json_object *object, const char *attribute,
		    const struct pr_value *value);
/* Print an object as one line. */
void json_print_line(struct json_object *object);
/* Print app->out with app->error in it; of a command that prints lines, only a failure. */
void json_print(struct app *app);

#endif /* PRALLOC_JSON_H */
