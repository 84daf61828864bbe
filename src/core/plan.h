/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan: what the files of the plan share. */
#ifndef PRI_PLAN_H
#define PRI_PLAN_H

#include "core/core.h"
#include "core/plan_index.h"

/* A step is one change in one or two modes. */
enum { PRI_STEP_LIVE, PRI_STEP_CONFIG, PRI_STEP_MODES };

struct pri_step {
	struct pri_item items[PRI_STEP_MODES];
	int status[PRI_STEP_MODES]; /* enum pr_step_status */
};

struct pr_plan {
	struct pr_ctx *ctx;
	struct pri_step *steps;
	size_t count, size;
	uint32_t modes; /* that the last check or apply was for */
	bool applied;
	struct pri_plan_index index;
	uint32_t target_count;
	char errmsg[PRI_ERRMSG_MAX];
};

static inline int pri_plan_result(struct pr_plan *plan, int code, char **error)
{
	pri_deadline_set(plan->ctx, 0);
	return pri_move_error(plan->errmsg, code, error);
}

/* Forget the steps from first on. */
void pri_plan_truncate(struct pr_plan *plan, size_t first);
int pri_plan_add(struct pr_plan *plan, const struct pri_target *target,
		 const struct pri_request *request, char **error);

/* plan_items.c */
/* PRALLOC_LIVE and PRALLOC_CONFIG as the flags of a call mean them. */
uint32_t pri_plan_modes(uint32_t flags);
/* The items of the modes in use, in the order in which they were added. */
int pri_plan_items(struct pr_plan *plan, uint32_t modes, struct pri_item ***ret_items,
		   size_t *ret_n);
/* The status that belongs to an item. */
int *pri_plan_status(struct pr_plan *plan, const struct pri_item *item);
/* The first step with an error as the error of the call; code when there is none. */
int pri_plan_report(struct pri_item **items, size_t n, int code, char **error);
/* Whether the step has to be waited for. */
bool pri_plan_is_async(const struct pri_item *item);

/* plan_check.c */
void pri_plan_set_phases(struct pri_item **items, size_t n);
int pri_plan_check_items(struct pr_plan *plan, struct pri_item **items, size_t n,
			 uint64_t deadline_ns, uint32_t flags, char **error);
/* What is, of every step. */
int pri_plan_read_present(struct pr_plan *plan, struct pri_item **items, size_t n,
			  uint64_t deadline_ns, char **error);

/* plan_undo.c */
/* Takes everything that took effect back, last first.  Returns the first failure. */
int pri_plan_undo_all(struct pr_plan *plan, struct pri_item **items, size_t n,
		      uint64_t deadline_ns);

/* order.c: by phase, then target, backend, mode and rank, so that one call serves many */
void pri_order(struct pri_item **items, size_t n);

#endif /* PRI_PLAN_H */
