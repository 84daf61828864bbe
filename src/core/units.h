/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The units that a value is written and shown in. */
#ifndef PRI_UNITS_H
#define PRI_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"

/* Amounts in the smallest unit of a scale: 67 bits of bits, times a factor of 53 bits. */
typedef unsigned __int128 pri_wide;

struct pri_unit {
	const char *name;
	uint64_t factor; /* in the smallest unit of the scale */
	uint64_t below;	 /* brief only: too small a unit from this number on; 0: never */
};

/* How the values of one enum pr_unit are written.  All arrays end with a NULL name. */
/* Times for people, smallest first. */
extern const struct pri_unit pri_times_brief[];

struct pri_scale {
	const char *noun;     /* "a size" */
	const char *examples; /* "512MiB, 2G, 10MB" */
	const char *base;     /* "bytes" */
	/* What is accepted; a 'B' in a name stands for the capital alone.  NULL: nothing. */
	const struct pri_unit *accepted[2];
	const struct pri_unit *exact; /* largest first; the last one divides every value */
	const struct pri_unit *brief; /* smallest first */
	uint32_t base_factor;	      /* the base unit in the smallest unit */
	bool per_second;	      /* "/s" may follow */
	bool hundredths;	      /* exact is a fraction of two digits of the only unit */
	bool exact_is_brief;	      /* up to three digits of an exact text are brief enough */
};

/* Of an attribute that is a number. */
const struct pri_scale *pri_scale_of(const struct pri_attr *attr);

/* Text of a number in a buffer: flags as pr_value_format.  Returns the length. */
size_t pri_number_text(const struct pri_attr *attr, uint64_t number, uint32_t flags,
		       char buffer[PRALLOC_VALUE_TEXT_MAX]);

#define PRI_RANGE_TEXT_MAX (2 * PRALLOC_VALUE_TEXT_MAX + 4)
/* "2 to 262144", bounds rounded where they would be long. */
void pri_range_text(const struct pri_attr *attr, char buffer[PRI_RANGE_TEXT_MAX]);

/* Whether a number, given as that text, is a value of the attribute: 0, -EINVAL or -ERANGE. */
int pri_number_check(char **error, const struct pri_attr *attr, uint64_t number, const char *given);

#endif /* PRI_UNITS_H */
