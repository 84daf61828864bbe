/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The weights that those of a plan compete with. */
#ifndef PRI_PLAN_SIBLINGS_H
#define PRI_PLAN_SIBLINGS_H

#include "core/plan.h"

/* The weight of one domain. */
struct pri_sibling {
	struct pri_item item;	  /* reads what is; of a step, its instance is the step's */
	struct pr_domain *opened; /* the handle of who has no step, or NULL */
	size_t number;		  /* of the step; without one, in the order of the host's list */
	size_t group;
	bool is_planned, is_listed;
	uint64_t value; /* what is wanted, or what is; 0: it does not compete */
};

/* One attribute and instance of domains that compete. */
struct pri_sibling_group {
	size_t first, count; /* siblings: those with steps by UUID, then all */
	bool is_outside;     /* what is wanted of one of them cannot be set */
};

struct pri_siblings {
	struct pr_plan *plan;
	uint32_t mode; /* PRALLOC_LIVE or PRALLOC_CONFIG */
	struct pri_sibling *all;
	size_t count, size;
	struct pri_sibling_group *groups;
	size_t group_count;
	char **error; /* of pri_set_error */
};

/* Those with steps, read and by groups. */
int pri_siblings_planned(struct pri_siblings *siblings);
/* Those without, of the groups that are outside. */
int pri_siblings_others(struct pri_siblings *siblings);
void pri_siblings_clear(struct pri_siblings *siblings);

/* What the two files share. */
/* Room for one more element; what is there may move. */
int pri_siblings_make_room(void **array, size_t count, size_t *size, size_t of_each);
/* An empty one, or NULL: out of memory. */
struct pri_sibling *pri_siblings_add(struct pri_siblings *siblings);
/* Read all from one on, in one pass. */
int pri_siblings_read(struct pri_siblings *siblings, size_t first);
/* It is not there, does not run any more, or nobody serves it for this domain. */
bool pri_sibling_is_absent(int code);
/* Of two names: 0 where both have the same parent, as far as names are paths. */
int pri_siblings_compare_parents(const char *a, const char *b);
/* Of the group: what it is that its siblings have. */
const struct pri_item *pri_siblings_like(const struct pri_siblings *siblings, size_t group);

/* What can be set: it depends on what was read. */
struct pri_range pri_sibling_range(const struct pri_sibling *sibling);

#endif /* PRI_PLAN_SIBLINGS_H */
