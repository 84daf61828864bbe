/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values and their text form. */
#ifndef PRALLOC_VALUE_H
#define PRALLOC_VALUE_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/** What a value is. */
enum pr_value_type {
	PRALLOC_TYPE_U64 = 1,
	PRALLOC_TYPE_TEXT = 2,
};

/** A value: a number in base units or a text.  It stands inside other structs, so it stays as it
 * is. */
struct pr_value {
	uint32_t size;	  /**< sizeof(struct pr_value) */
	int type;	  /**< enum pr_value_type; 0: no value */
	uint64_t number;  /**< PRALLOC_TYPE_U64; also PRALLOC_DEFAULT for a text that is not set */
	const char *text; /**< PRALLOC_TYPE_TEXT, else NULL; owned by whoever filled the value */
};

/** pr_value_format: digits in the base unit, no unit behind them; "unlimited" and "default". */
#define PRALLOC_FORMAT_RAW (UINT32_C(1) << 16)
/** pr_value_format: at most four digits with a unit, rounded, for people ("1.5G", "80 Mbit/s"); more
 * digits beyond the largest unit. */
#define PRALLOC_FORMAT_SHORT (UINT32_C(1) << 17)

/** Enough for the text of any number, in any format. */
#define PRALLOC_VALUE_TEXT_MAX 64

/**
 * pr_value_parse - text to value
 *
 * @ctx: where the error text goes, or NULL.
 * @attribute: tells unit and range.
 * @text: digits with a decimal fraction and a unit.  Bytes: B, K M G T P E (or KiB … EiB: powers of
 * 1024), kB MB GB TB PB EB (powers of 1000).  Rates: the same with or without "/s", and bit kbit
 * mbit gbit tbit (powers of 1000, 8 bits a byte, "/s" allowed).  Times: us ms s.  Counts and
 * operations per second: k M G (powers of 1000).  No unit: the base unit.  "N%" of @maximum, to
 * the nearest whole number.  "unlimited" (also "max"), "default".  CPU lists: "0,2-3".
 * Names: as they are.  Units are matched without regard to case, but for b, which is a bit only
 * in "bit".
 * @maximum: what 100 % is, or 0 where there is no maximum ("%" is -EINVAL then).
 * @ret_value: ret_value->size set by the caller.
 * @buffer, @size: receives the canonical text of a text value; may be NULL, 0 for a number.
 * But for "%" the result is exact: a fraction that is no whole number of base units is -EINVAL.
 * Overflow is -ERANGE.  A value outside the attribute's range is -ERANGE.
 * Errors: -EINVAL, -ERANGE, -ENOSPC (buffer too small).  Since: 0.1.
 */
PRALLOC_API int pr_value_parse(struct pr_ctx *ctx, const char *attribute, const char *text,
			       uint64_t maximum, struct pr_value *ret_value, char *buffer,
			       size_t size);

/**
 * pr_value_format - value to text
 *
 * Without a flag the text is exact: pr_value_parse gives the same value back.
 * @flags: 0, PRALLOC_FORMAT_RAW or PRALLOC_FORMAT_SHORT.
 * @buffer, @size: PRALLOC_VALUE_TEXT_MAX is enough for every number.
 * Errors: -EINVAL, -ENOSPC (buffer too small; nothing is written).  Since: 0.1.
 */
PRALLOC_API int pr_value_format(struct pr_ctx *ctx, const char *attribute,
				const struct pr_value *value, char *buffer, size_t size,
				uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_VALUE_H */
