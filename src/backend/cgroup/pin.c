/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which CPUs the threads of a group may run on. */
#include <errno.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

int pri_cg_pin_read(struct pri_cg_op *op)
{
	pri_autofree char *line = NULL;
	char sub[PRI_CG_SUB_MAX];
	int r = pri_cg_sub(op, sub);

	if (r == 0)
		r = pri_cg_text(op, sub, op->way->file);
	if (r < 0)
		return r;
	line = pri_cg_first_line(op->host->text);
	if (!line)
		return -ENOMEM;
	/* v2: an empty list is that of the group above. */
	op->change->held.number = *line ? 0 : PRALLOC_DEFAULT;
	return pri_cg_core->value_set_text(&op->change->held, *line ? line : NULL);
}

/* v1 has no empty list: "not set" is what the payload above it has. */
static int put_inherited(struct pri_cg_op *op, const char *sub)
{
	pri_autofree char *line = NULL;
	int r = pri_cg_text(op, "", op->way->file);

	if (r < 0)
		return r;
	line = pri_cg_first_line(op->host->text);
	return line ? pri_cg_put(op, sub, op->way->file, line) : -ENOMEM;
}

int pri_cg_pin_write(struct pri_cg_op *op)
{
	char sub[PRI_CG_SUB_MAX];
	int r = pri_cg_sub(op, sub);

	if (r < 0)
		return r;
	if (op->change->wanted.text)
		return pri_cg_put(op, sub, op->way->file, op->change->wanted.text);
	return op->way->unset ? pri_cg_put(op, sub, op->way->file, op->way->unset)
			      : put_inherited(op, sub);
}
