/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a group has read from and written to block devices, each or all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cgroup/cgroup.h"

/* Sum of a field over the lines of all devices, or of one.  The last line of v1, "Total", has no
 * device. */
static uint64_t sum_v1(const char *text, const char *numbers, const char *key)
{
	size_t key_length = strlen(key), length = numbers ? strlen(numbers) : 0;
	uint64_t sum = 0;

	while (*text) {
		size_t end = strcspn(text, "\n"), device = strcspn(text, " \n");

		if (memchr(text, ':', device) &&
		    (!numbers || (device == length && strncmp(text, numbers, length) == 0)) &&
		    strncmp(text + device + 1, key, key_length) == 0)
			sum += strtoull(text + device + 1 + key_length, NULL, 10);
		text += end + (text[end] == '\n');
	}
	return sum;
}

static uint64_t sum_v2(const char *text, const char *numbers, const char *key)
{
	uint64_t sum = 0, value;

	if (numbers) {
		const char *line = pri_cg_parse_line(text, numbers);

		return line && pri_cg_parse_nested(line, key, &value) ? value : 0;
	}
	while (*text) {
		size_t end = strcspn(text, "\n");

		if (pri_cg_parse_nested(text, key, &value))
			sum += value;
		text += end + (text[end] == '\n');
	}
	return sum;
}

/* NULL for all. */
static int numbers_of(struct pri_cg_op *op, char buffer[PRI_CG_NUMBERS_MAX],
		      const char **ret_numbers)
{
	*ret_numbers = *op->change->instance ? buffer : NULL;
	return *op->change->instance ? pri_cg_device_numbers(op, buffer) : 0;
}

int pri_cg_v2_iostat_read(struct pri_cg_op *op)
{
	char buffer[PRI_CG_NUMBERS_MAX];
	const char *numbers;
	int r = numbers_of(op, buffer, &numbers);

	if (r == 0)
		r = pri_cg_text(op, "", op->way->file);
	if (r == 0)
		op->change->held.number = sum_v2(op->host->text, numbers, op->way->key);
	return r;
}

/*
 * Two counters of v1 that count only while BFQ, or a limit, is at work on the device, and then the
 * same: the larger one is what is known.  With neither nothing was counted.
 */
int pri_cg_v1_iostat_read(struct pri_cg_op *op)
{
	char buffer[PRI_CG_NUMBERS_MAX];
	uint64_t throttle, bfq = 0;
	const char *numbers;
	bool counted;
	int r = numbers_of(op, buffer, &numbers);

	if (r == 0)
		r = pri_cg_text(op, "", op->way->file);
	if (r < 0)
		return r;
	counted = strchr(op->host->text, ':') != NULL;
	throttle = sum_v1(op->host->text, numbers, op->way->key);
	if (pri_cg_has_file(op, "", op->way->alternative)) {
		r = pri_cg_text(op, "", op->way->alternative);
		if (r < 0)
			return r;
		counted = counted || strchr(op->host->text, ':');
		bfq = sum_v1(op->host->text, numbers, op->way->key);
	}
	if (!counted)
		return pri_cg_fail(op, -ENODATA,
				   "cgroup v1 counts only where BFQ or a limit is at work, and no "
				   "device has one");
	op->change->held.number = throttle > bfq ? throttle : bfq;
	return 0;
}
