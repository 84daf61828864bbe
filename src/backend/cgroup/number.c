/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a number in a file of its own. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

static int fail_unreadable(struct pri_cg_op *op, const char *name)
{
	return pri_cg_fail(op, -EIO, "%s says \"%.40s\", which is not understood", name,
			   op->host->text);
}

int pri_cg_number_of(struct pri_cg_op *op, const char *sub, const char *name, uint64_t *ret_value)
{
	int r = pri_cg_text(op, sub, name);

	if (r < 0)
		return r;
	if (!pri_cg_parse_number(op->host->text, ret_value))
		return fail_unreadable(op, name);
	if (*ret_value >= PRI_CG_UNLIMITED_FROM)
		*ret_value = PRALLOC_UNLIMITED;
	return 0;
}

static uint64_t to_ours(const struct pri_cg_way *way, uint64_t raw)
{
	if (raw > PRI_NUMBER_MAX)
		return raw;
	if (way->serve.decode)
		return way->serve.decode(raw);
	if (raw == 0 && way->zero_is_unset)
		return PRALLOC_DEFAULT;
	return raw * (way->multiply ? way->multiply : 1) / (way->divide ? way->divide : 1);
}

int pri_cg_number_read(struct pri_cg_op *op)
{
	char sub[PRI_CG_SUB_MAX];
	uint64_t raw;
	int r = pri_cg_sub(op, sub);

	if (r == 0)
		r = pri_cg_number_of(op, sub, op->way->file, &raw);
	if (r == 0)
		op->change->held.number = to_ours(op->way, raw);
	return r;
}

void pri_cg_number_text(const struct pri_cg_op *op, uint64_t value, char text[PRI_CG_NUMBER_MAX])
{
	const struct pri_cg_way *way = op->way;

	if (value == PRALLOC_DEFAULT)
		value = op->change->attr->def;
	if (value == PRALLOC_DEFAULT)
		snprintf(text, PRI_CG_NUMBER_MAX, "%s", way->unset);
	else if (value == PRALLOC_UNLIMITED)
		snprintf(text, PRI_CG_NUMBER_MAX, "%s", way->unlimited);
	else
		pri_cg_print_number(way->serve.encode ? way->serve.encode(value) : value, text);
}

static int write_to(struct pri_cg_op *op, const char *sub, void *arg)
{
	uint64_t raw;
	char text[PRI_CG_NUMBER_MAX];

	(void)arg;
	pri_cg_number_text(op, op->change->wanted.number, text);
	/* No limit is the largest number for systemd, too. */
	if (!pri_cg_parse_number(text, &raw))
		raw = PRALLOC_UNLIMITED;
	return pri_cg_unit_put(op, sub, op->way->file, text, raw);
}

int pri_cg_number_write(struct pri_cg_op *op)
{
	return pri_cg_each_sub(op, write_to, NULL);
}

/* Lines of "key value"; the second key is added. */
int pri_cg_keyed_read(struct pri_cg_op *op)
{
	const struct pri_cg_way *way = op->way;
	uint64_t value, more = 0;
	int r = pri_cg_text(op, "", way->file);

	if (r < 0)
		return r;
	if (!pri_cg_parse_keyed(op->host->text, way->key, &value))
		return pri_cg_fail(op, -ENODATA, "%s has no %s: %s", way->file, way->key,
				   way->absent ? way->absent : "this kernel does not count it");
	if (way->more && !pri_cg_parse_keyed(op->host->text, way->more, &more))
		more = 0;
	op->change->held.number = to_ours(way, value + more);
	return 0;
}

int pri_cg_pressure_read(struct pri_cg_op *op)
{
	int r = pri_cg_text(op, "", op->way->file);

	if (r < 0)
		return r;
	if (!pri_cg_parse_pressure(op->host->text, &op->change->held.number))
		return fail_unreadable(op, op->way->file);
	return 0;
}
