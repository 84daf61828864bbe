/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups that are units of systemd.  What a unit competes with other units by belongs to systemd:
 * written to the file alone, it is gone with the next daemon-reload (systemd issue 17938).
 */
#ifndef PRI_CGROUP_SYSTEMD_H
#define PRI_CGROUP_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRI_CG_UNIT_MAX 256

/* systemd's "not set" of a weight and "infinity" of a limit. */
#define PRI_CG_SYSTEMD_UNSET UINT64_MAX

/* Whether systemd is the init of this machine.  Never with another root: nobody could be asked. */
bool pri_cg_systemd_runs(const char *root);

/* The unit that a group is: its path from the root of the hierarchy is slices and a unit.  What is
 * below a unit that is no slice belongs to others.  False: it is none. */
bool pri_cg_systemd_unit(const char *path, char unit[PRI_CG_UNIT_MAX]);

/*
 * Set a property of a unit until its end (a number: all that are of use here are), and wait until
 * systemd has written it to the group.
 *
 * Returns 0, or with *ret_error a malloc'ed line of cause and remedy: -ETIMEDOUT, -EACCES,
 * -ENOENT no such unit, -EINVAL systemd does not know the property or refuses the value,
 * -EOPNOTSUPP libsystemd is missing, -EIO; -ENOMEM without a line.
 */
int pri_cg_systemd_set(const char *unit, const char *property, uint64_t value, uint64_t deadline_ns,
		       char **ret_error);

/* The same for a property that is a list of devices (IODeviceWeight), and has that one entry more. */
int pri_cg_systemd_set_device(const char *unit, const char *property, const char *device,
			      uint64_t value, uint64_t deadline_ns, char **ret_error);

/* The IOWeight (1..10000) with which systemd gives a group this weight of BFQ (1..1000): above 100
 * it divides the distance to 100 by 11 (BFQ_WEIGHT in systemd's cgroup-util). */
uint64_t pri_cg_systemd_io_weight(uint64_t bfq_weight);

#endif /* PRI_CGROUP_SYSTEMD_H */
