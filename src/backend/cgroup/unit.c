/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of groups that are units of systemd: it keeps what it was told, and no more. */
#include <errno.h>
#include <string.h>

#include "backend/cgroup/cgroup.h"
#include "backend/cgroup/systemd.h"

bool pri_cg_unit_of(const struct pri_cg_op *op, const char *path, char *unit)
{
	return op->host->systemd && op->way->property && pri_cg_systemd_unit(path, unit);
}

int pri_cg_unit_set(struct pri_cg_op *op, const char *unit, uint64_t value)
{
	pri_autofree char *error = NULL;
	int r = pri_cg_systemd_set(unit, op->way->property, value, op->call->deadline_ns, &error);

	op->host->text_of = NULL;
	if (r == 0)
		return 0;
	return pri_cg_fail(op, r, "%s of %s: %s", op->way->property, unit,
			   error ? error : strerror(-r));
}

/* The unit that the group of the way is. */
static bool own_unit(const struct pri_cg_op *op, char unit[PRI_CG_UNIT_MAX])
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(op->host, op->way->controller);
	const char *path = op->domain->paths[mount - op->host->mounts][op->way->level];

	return path && pri_cg_unit_of(op, path, unit);
}

int pri_cg_unit_put(struct pri_cg_op *op, const char *sub, const char *name, const char *text,
		    uint64_t value)
{
	char unit[PRI_CG_UNIT_MAX];

	if (op->host->systemd && !*sub && own_unit(op, unit))
		return pri_cg_unit_set(op, unit, value);
	return pri_cg_put(op, sub, name, text);
}

int pri_cg_unit_keep(struct pri_cg_op *op, uint64_t value)
{
	char unit[PRI_CG_UNIT_MAX];

	return op->host->systemd && own_unit(op, unit) ? pri_cg_unit_set(op, unit, value) : 0;
}

int pri_cg_unit_keep_device(struct pri_cg_op *op, const char *property, uint64_t value)
{
	const struct pri_cg_mount *mount = pri_cg_mount_of(op->host, op->way->controller);
	const char *path = op->domain->paths[mount - op->host->mounts][op->way->level];
	pri_autofree char *error = NULL;
	char unit[PRI_CG_UNIT_MAX];
	int r;

	if (!path || !pri_cg_unit_of(op, path, unit))
		return 0;
	r = pri_cg_systemd_set_device(unit, property, op->change->instance, value,
				      op->call->deadline_ns, &error);
	op->host->text_of = NULL;
	if (r == 0)
		return 0;
	return pri_cg_fail(op, r, "%s of %s: %s", property, unit, error ? error : strerror(-r));
}
