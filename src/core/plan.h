/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan: what the files of the plan share. */
#ifndef PRI_PLAN_H
#define PRI_PLAN_H

#include <stdatomic.h>

#include "core/core.h"
#include "core/plan_index.h"
#include "core/plan_problem.h"

/* A change is a step in each of two modes, of which a run looks at one or at both. */
enum { PRI_STEP_CONFIG, PRI_STEP_LIVE, PRI_STEP_MODES };

/* Where an asynchronous change is on its way. */
struct pri_arrival {
	uint64_t reached;
	uint64_t moved_ns; /* when it last came nearer */
	bool done, stalled;
};

struct pri_step {
	struct pri_item item; /* the first: pri_plan_step_of() */
	int status;	      /* enum pr_step_status */
	bool is_moved;	      /* pr_plan_move: what is wanted was computed from expected */
	bool is_expected;
	bool is_cut;
	/* What the value was when it was looked at; anything else now is somebody else's doing. */
	struct pri_value expected;
	/* What "default" comes to where that is what is wanted, for sums; 0: nothing, or not known. */
	uint64_t default_is;
	/* What was wanted before less of it arrived. */
	uint64_t asked;
	struct pri_arrival arrival;
};

struct pri_run;
struct pri_journal;

struct pr_plan {
	struct pr_ctx *ctx;
	/* Of each mode by itself, in the same order: what a run does not look at is not between
	 * what it does. */
	struct pri_step *steps[PRI_STEP_MODES];
	size_t count, size;
	struct pr_host *host; /* of all steps; NULL: of several, or there are none */
	uint32_t modes;	      /* that the last check or apply was for */
	uint32_t moved_mode;  /* whose values steps were reckoned from; 0: there are none */
	bool applied;
	bool left; /* of an apply that failed: not everything could be taken back */
	struct pri_plan_index index;   /* of changes, by the number of the step */
	struct pri_plan_index targets; /* by the number of their first step */
	uint32_t target_count;
	struct pri_run *run; /* NULL: nothing goes on */
	int result;	     /* of the last run, for pr_plan_dispatch */
	bool was_run;
	pr_plan_progress_fn progress;
	void *progress_data;
	struct pri_journal *journal; /* NULL: none is kept */
	int cancel_fd;		     /* eventfd: pr_plan_cancel may be called from anywhere */
	atomic_bool cancelled;
	struct pri_problems problems; /* of the last text */
	char errmsg[PRI_ERRMSG_MAX];
};

static inline int pri_plan_result(struct pr_plan *plan, int code, char **error)
{
	pri_deadline_set(plan->ctx, 0);
	return pri_move_error(plan->errmsg, code, error);
}

/* plan.c */
/* Whether the plan can be changed or begun now. */
int pri_plan_idle(const struct pr_plan *plan, char **error);
/* Whether it takes changes of the target now. */
int pri_plan_takes(const struct pr_plan *plan, const struct pri_target *target, char **error);
/* Forget the steps from first on. */
void pri_plan_truncate(struct pr_plan *plan, size_t first);
int pri_plan_add(struct pr_plan *plan, const struct pri_target *target,
		 const struct pri_request *request, char **error);
/* The change of the item's target, attribute and instance; it gets the target's sequence. */
bool pri_plan_find(const struct pr_plan *plan, struct pri_item *item, size_t *ret_number);

/* plan_move.c */
/* Values of one mode say nothing of the other one: whether steps can be reckoned from values of the
 * mode, and whether what was reckoned can be written in the modes. */
int pri_move_from(const struct pr_plan *plan, uint32_t mode, char **error);
int pri_move_modes(const struct pr_plan *plan, uint32_t modes, char **error);

/* plan_items.c */
/* PRALLOC_LIVE and PRALLOC_CONFIG as the flags of a call mean them. */
uint32_t pri_plan_modes(uint32_t flags);
/* The items of the modes in use, in the order in which they were added. */
int pri_plan_items(struct pr_plan *plan, uint32_t modes, struct pri_item ***ret_items,
		   size_t *ret_n);
static inline size_t pri_step_mode(uint32_t mode)
{
	return mode == PRALLOC_CONFIG ? PRI_STEP_CONFIG : PRI_STEP_LIVE;
}

/* The step that an item of a plan is in, and the number of the change. */
static inline struct pri_step *pri_plan_step_of(struct pri_item *item)
{
	return (struct pri_step *)item;
}

static inline size_t pri_plan_number(const struct pr_plan *plan, const struct pri_item *item)
{
	const struct pri_step *step = (const struct pri_step *)item;

	return (size_t)(step - plan->steps[pri_step_mode(item->change.mode)]);
}
/* A new status of the item's step, which is told. */
void pri_plan_set_status(struct pr_plan *plan, struct pri_item *item, int status);
/* Tell how far the item's step is. */
void pri_plan_tell(struct pr_plan *plan, const struct pri_item *item);
/* The first step with an error as the error of the call; code when there is none. */
int pri_plan_report(struct pri_item **items, size_t n, int code, char **error);
/* Whether the step has to be waited for. */
bool pri_plan_is_async(const struct pri_item *item);
static inline bool pri_plan_is_live(const struct pri_item *item)
{
	return item->change.mode == PRALLOC_LIVE;
}

void pri_plan_set_phase(struct pri_item *item);

/* order.c: by phase, then target, backend, mode and rank, so that one call serves many */
void pri_order(struct pri_item **items, size_t n);

#endif /* PRI_PLAN_H */
