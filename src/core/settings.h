/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of a domain that go to other values together. */
#ifndef PRI_SETTINGS_H
#define PRI_SETTINGS_H

#include "core/host_lock.h"

/* The settings of one mode. */
struct pri_settings {
	struct pri_target target;
	uint32_t mode;
	bool whole; /* everything, not one attribute: what has no value to go to is left out */
	struct pri_item *items;
	size_t count, size;
	struct pri_item **differing; /* those to be written */
	size_t differing_count;
	struct pri_host_locks locks; /* of those, until it is cleared */
};

/* Add an attribute, wanted "default": one instance, or with NULL or "" all that there are. */
int pri_settings_add(struct pri_settings *list, const struct pri_attr *attr, const char *instance,
		     char **error);
/* Where the persistent configuration has a value, that is wanted. */
int pri_settings_take_persistent(struct pri_settings *list, uint64_t deadline_ns, char **error);
/* reset.c, restore.c: what these two write, for one mode; not yet which of them differ. */
int pri_settings_of_reset(struct pri_settings *list, const char *attribute, const char *instance,
			  uint64_t deadline_ns, char **error);
int pri_settings_of_restore(struct pri_settings *list, uint64_t deadline_ns, uint32_t flags,
			    char **error);
/* Check the values, and find those that are not as wanted. */
int pri_settings_differ(struct pri_settings *list, uint64_t deadline_ns, char **error);
/* The same, and write them. */
int pri_settings_write(struct pri_settings *list, uint64_t deadline_ns, uint32_t flags,
		       char **error);
/* Take back what was written of n lists, after a failure with this code, which is returned. */
int pri_settings_fail(struct pri_settings *lists, size_t n, int code, char **error);
void pri_settings_clear(struct pri_settings *list);

#endif /* PRI_SETTINGS_H */
