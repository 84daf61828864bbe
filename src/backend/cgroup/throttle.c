/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits of block devices. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

#define LINE_TEXT_MAX 192

static uint64_t wanted_of(const struct pri_change *change)
{
	uint64_t wanted = change->wanted.number;

	return wanted == PRALLOC_DEFAULT ? change->attr->def : wanted;
}

/* The line of the device, NULL where it has none. */
static int find_line(struct pri_cg_op *op, char numbers[PRI_CG_NUMBERS_MAX], const char **ret_line)
{
	int r = pri_cg_device_numbers(op, numbers);

	if (r == 0)
		r = pri_cg_text(op, "", op->way->file);
	if (r == 0)
		*ret_line = pri_cg_parse_line(op->host->text, numbers);
	return r;
}

/* One file for each limit: "8:0 1048576", and nothing where there is none. */
int pri_cg_v1_throttle_read(struct pri_cg_op *op)
{
	char numbers[PRI_CG_NUMBERS_MAX];
	const char *line = NULL;
	int r = find_line(op, numbers, &line);

	if (r < 0)
		return r;
	op->change->held.number = PRALLOC_UNLIMITED;
	if (line && pri_cg_parse_number(line, &op->change->held.number) &&
	    op->change->held.number == 0)
		op->change->held.number = PRALLOC_UNLIMITED;
	return 0;
}

/* 0 takes the limit away (cgroup-v1/blkio-controller.rst). */
int pri_cg_v1_throttle_write(struct pri_cg_op *op)
{
	uint64_t wanted = wanted_of(op->change);
	char numbers[PRI_CG_NUMBERS_MAX], text[LINE_TEXT_MAX];
	int r = pri_cg_device_numbers(op, numbers);

	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%s %" PRIu64, numbers,
		 wanted == PRALLOC_UNLIMITED ? 0 : wanted);
	return pri_cg_put(op, "", op->way->file, text);
}

static const char *const keys[] = {"rbps", "wbps", "riops", "wiops"};

/* All limits of a device in one line: "8:0 rbps=1048576 wbps=max riops=max wiops=max". */
int pri_cg_v2_throttle_read(struct pri_cg_op *op)
{
	char numbers[PRI_CG_NUMBERS_MAX];
	const char *line = NULL;
	int r = find_line(op, numbers, &line);

	if (r < 0)
		return r;
	if (!line || !pri_cg_parse_nested(line, op->way->key, &op->change->held.number))
		op->change->held.number = PRALLOC_UNLIMITED;
	return 0;
}

int pri_cg_v2_throttle_write(struct pri_cg_op *op)
{
	char numbers[PRI_CG_NUMBERS_MAX], text[LINE_TEXT_MAX];
	const char *line = NULL;
	int r = find_line(op, numbers, &line), length;

	if (r < 0)
		return r;
	length = snprintf(text, sizeof(text), "%s", numbers);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(keys); i++) {
		uint64_t value = PRALLOC_UNLIMITED;

		if (strcmp(keys[i], op->way->key) == 0)
			value = wanted_of(op->change);
		else if (line && !pri_cg_parse_nested(line, keys[i], &value))
			value = PRALLOC_UNLIMITED;
		if (value == PRALLOC_UNLIMITED)
			length += snprintf(text + length, sizeof(text) - (size_t)length, " %s=max",
					   keys[i]);
		else
			length += snprintf(text + length, sizeof(text) - (size_t)length,
					   " %s=%" PRIu64, keys[i], value);
	}
	return pri_cg_put(op, "", op->way->file, text);
}
