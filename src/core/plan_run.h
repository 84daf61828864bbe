/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A run of a plan: the state machine behind check, apply and undo.
 *
 *   plan_run.c      the table of stages, and going through it
 *   plan_wake.c     what wakes a run that waits
 *   plan_lane.c     the calls of a stage: side by side on several hosts
 *   plan_lock.c     the first stage: locks
 *   plan_look.c     stages that only look: identities, checks, present values
 *   plan_sum.c      what only the plan as a whole can tell: sums against what there is
 *   plan_each.c     what is given away, summed up over the domains of a host
 *   plan_note.c     what a check has to say of a step that can be done
 *   plan_write.c    stages that write, and wait for arrival
 *   plan_keep.c     PRALLOC_KEEP_PARTIAL: less has arrived than was asked for
 *   plan_back.c     stages that take back
 *   plan_back_write.c  of these those that write, and wait for arrival
 *   plan_share.c    less has come back than was given
 */
#ifndef PRI_PLAN_RUN_H
#define PRI_PLAN_RUN_H

#include "core/host_lock.h"
#include "core/plan.h"

/* The stages in their order; a failure goes from those that write to the first that takes back. */
enum pri_stage {
	PRI_STAGE_LOCK,
	PRI_STAGE_IDENTIFY,
	PRI_STAGE_CHECK,
	PRI_STAGE_READ,
	PRI_STAGE_RECORD,
	PRI_STAGE_GIVE,
	PRI_STAGE_GIVEN,
	PRI_STAGE_KEEP,
	PRI_STAGE_KEPT,
	PRI_STAGE_RECONFIRM,
	PRI_STAGE_TAKE,
	PRI_STAGE_TAKEN,
	PRI_STAGE_CONFIRM,
	PRI_STAGE_BACK_IDENTIFY,
	PRI_STAGE_BACK_READ,
	PRI_STAGE_BACK_GIVE,
	PRI_STAGE_BACK_GIVEN,
	PRI_STAGE_BACK_WRITE,
	PRI_STAGE_BACK_ARRIVE,
	PRI_STAGE_END,
};

/* What a run is for. */
enum pri_purpose {
	PRI_RUN_CHECK,
	PRI_RUN_APPLY,
	PRI_RUN_UNDO,
	PRI_RUN_RECOVER, /* undo of what another process has left */
	PRI_RUN_LOOK,	 /* the same, as far as it changes nothing */
};

/* One host: a call at a time. */
struct pri_lane {
	struct pr_host *host;
	struct pri_item **items; /* of this stage, in order */
	size_t count, next;	 /* next: the first that was not begun */
	size_t busy;		 /* items of the call under way; 0: none */
	struct pri_call call;
	struct pri_pending pending;
	struct pri_change *changes; /* of the call */
	size_t room;
	bool sums_each;	     /* what its domains have is summed up one by one (plan_sum.c) */
	size_t cpus_reading; /* number of the reading of its CPUs, plus 1 (plan_note.c) */
	bool defers;	     /* it does not answer now: its steps go back later */
	bool has_notice;     /* its descriptor of arrivals is watched */
};

/* A domain (or a host) of the plan, by the sequence of its items. */
struct pri_run_target {
	struct pri_item *item; /* one of it */
	uint64_t incarnation;  /* as it is now */
	int code;	       /* why that is not known, and its text */
	char *text;
	const char *busy;	  /* why nothing of it may be changed for now, or NULL */
	struct pr_domain *locked; /* whose lock the run holds, or NULL */
};

/* Something that is read beside the present values. */
struct pri_run_reading {
	struct pri_item item;
	struct pri_item *of;	     /* NULL: of the host, for sums */
	bool present;		     /* the present value of a step that was refused */
	struct pr_domain *owned;     /* opened for it, or NULL */
	struct pri_item *note;	     /* the step that there may be something to say of, or NULL */
	struct pri_item *default_of; /* the step that it is the default of, for sums, or NULL */
};

/* The way back of an item. */
struct pri_back {
	struct pri_item item; /* shares what it does not change with its origin */
	struct pri_item *origin;
	uint64_t missing; /* of what it should get back: others have not given it back */
	bool written;
	bool closed;   /* undone, or left */
	bool deferred; /* its host does not answer now: later, when the others are done */
};

struct pri_run {
	struct pr_plan *plan;
	int purpose; /* enum pri_purpose */
	int stage;   /* enum pri_stage */
	bool entered;
	uint32_t flags;
	uint64_t begun_ns, deadline_ns;
	struct pri_item **items; /* all, in order */
	size_t n, gives;	 /* those that give come first */
	struct pri_run_target *targets;
	struct pri_host_locks host_locks; /* that the run holds */

	/* the calls of the stage */
	int op;
	bool stops, stopped; /* at the first failure */
	struct pri_item **list;
	size_t count, room;
	struct pri_lane *lanes;
	size_t lane_count;
	struct pri_item **lane_items; /* where there are several: the list, lane by lane */
	uint64_t stage_ns;	      /* when it was entered first */
	uint64_t wake_ns;	      /* nothing to do before */
	uint64_t looked_ns;	      /* when guests were looked at last */
	bool begun_wait;	      /* for arrival: what is waited for is known */
	bool waits;		      /* something that was written has to arrive */
	bool cuts;		      /* less was wished for than was asked for */

	struct pri_run_reading *readings;
	size_t reading_count, reading_room;
	size_t sum_first; /* from here on they are for sums: of hosts, */
	size_t sum_each;  /* and of single domains */
	bool sums;	  /* there is something to sum up */
	bool of_hosts;	  /* a step is of a host itself */
	bool prechecks;	  /* a backend has something to say of a step */

	/* taking back */
	struct pri_back *backs;
	size_t back_count;
	bool goes_back;
	bool unsure; /* of something it is not known whether it was written */

	int code; /* why it failed */
	char *error;
	int epoll_fd, timer_fd; /* -1: not needed so far */
};

/* A stage.  enter() fills list for op, and may be NULL; leave() judges what came back. */
struct pri_stage_row {
	int op; /* enum pri_op; 0: no call */
	bool stops;
	int (*enter)(struct pri_run *run);
	/* 0: on to next; 1: once more, not before wake_ns; or an error. */
	int (*leave)(struct pri_run *run);
	int next;
};

/* plan_run.c */
int pri_run_new(struct pr_plan *plan, int purpose, uint64_t deadline_ns, uint32_t flags,
		struct pri_run **ret_run, char **error);
void pri_run_free(struct pri_run *run);
/* Go on until until_ns at the latest, as long as nothing has to be waited for.  1: it goes on;
 * else its result, and *error. */
int pri_run_step(struct pri_run *run, uint64_t until_ns, char **error);
/* To the end. */
int pri_run_whole(struct pri_run *run, char **error);
/* Whether pr_plan_cancel was called, and it is not taken back yet. */
bool pri_run_is_cancelled(const struct pri_run *run);
/* Make room in the list for all items, ways back, and readings. */
int pri_run_room(struct pri_run *run);
void pri_run_append(struct pri_run *run, struct pri_item *item);
/* Keep the text as the reason of the run's failure. */
#define pri_run_fail(run, value, ...) pri_set_error(&(run)->error, (value), __VA_ARGS__)

/* plan_wake.c */
enum { PRI_WAKE_OTHER, PRI_WAKE_NOTICE };
/* Descriptors to wait with; 0 or an error. */
int pri_run_watch(struct pri_run *run, char **error);
void pri_run_unwatch(struct pri_run *run);
/* One more that wakes: PRI_WAKE_NOTICE for its edges, and what waits for a guest looks at it. */
void pri_run_watch_too(struct pri_run *run, int fd, int why);
void pri_run_unwatch_one(const struct pri_run *run, int fd);
/* The descriptor becomes readable then, or when something happens before; 0: at once. */
void pri_run_wake_at(const struct pri_run *run, uint64_t at_ns);
/* Take what has woken it. */
void pri_run_consume(struct pri_run *run);

/* plan_lane.c */
int pri_lanes_init(struct pri_run *run);
void pri_lanes_clear(struct pri_run *run);
/* The lane of a host of the plan. */
struct pri_lane *pri_lane_of(const struct pri_run *run, const struct pr_host *host);
/* Hand the stage's list to the lanes. */
int pri_lanes_load(struct pri_run *run);
/* True when all is done. */
bool pri_lanes_step(struct pri_run *run, uint64_t until_ns);
/* When the first of the calls that are under way is given up. */
uint64_t pri_lanes_until(const struct pri_run *run);
/* Be woken where hosts tell that something has happened. */
void pri_lanes_notice(struct pri_run *run);

/* plan_lock.c */
int pri_enter_lock(struct pri_run *run);
void pri_run_unlock(struct pri_run *run);

/* plan_look.c */
int pri_enter_identify(struct pri_run *run);
int pri_enter_check(struct pri_run *run);
int pri_enter_read(struct pri_run *run);
int pri_leave_read(struct pri_run *run);
int pri_enter_reconfirm(struct pri_run *run);
int pri_leave_reconfirm(struct pri_run *run);
int pri_enter_confirm(struct pri_run *run);
int pri_leave_confirm(struct pri_run *run);

/* plan_sum.c: adds readings, and judges them */
bool pri_sum_concerns(const struct pri_run *run, const struct pri_item *item);
int pri_sum_readings(struct pri_run *run);
void pri_sum_judge(struct pri_run *run);
/* One that is gone, or cannot be asked, is not counted: nobody knows how much more it wants. */
static inline bool pri_sum_counts(const struct pri_item *item)
{
	return item->change.error == 0 || item->has_before;
}

/* A reading that there is none for is left out: *ret_reading is NULL. */
int pri_sum_add(struct pri_run *run, const struct pri_target *target, int id, const char *instance,
		struct pri_run_reading **ret_reading);
/* Whether the plan sets the rate of the link that the item is on. */
bool pri_sum_plans_link(const struct pri_run *run, const struct pri_item *item);
struct pri_run_reading *pri_run_add_reading(struct pri_run *run);

/* plan_each.c */
/* In: what the steps of the plan gain and lose; out: the same of those whose domains are not among
 * the running ones of the host.  before and then: of those, without the plan and with it. */
struct pri_each {
	uint64_t gained, lost;
	uint64_t before, then;
};
int pri_each_readings(struct pri_run *run, struct pr_host *host);
/* 0 or -ENOMEM. */
int pri_each_sum(struct pri_run *run, const struct pr_host *host, struct pri_each *each);

/* plan_note.c */
static inline bool pri_note_concerns(const struct pri_run *run, const struct pri_item *item)
{
	uint8_t guard = item->change.attr->guard;

	return run->purpose == PRI_RUN_CHECK &&
	       (guard == PRI_GUARD_QUOTA || guard == PRI_GUARD_VCPUS);
}

/* What has to be read for it, of an item that it concerns. */
int pri_note_readings(struct pri_run *run, struct pri_item *item);
/* After everything else has been judged. */
void pri_note_judge(struct pri_run *run);

/* As a part of a sum: what is not set, or without limit, is none. */
static inline uint64_t pri_amount(uint64_t number)
{
	return number > PRI_NUMBER_MAX ? 0 : number;
}

static inline uint64_t pri_sum_of(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? PRI_NUMBER_MAX : sum;
}

/* plan_write.c */
int pri_enter_record(struct pri_run *run);
int pri_enter_give(struct pri_run *run);
int pri_enter_given(struct pri_run *run);
int pri_leave_given(struct pri_run *run);
int pri_enter_take(struct pri_run *run);
int pri_enter_taken(struct pri_run *run);
int pri_leave_taken(struct pri_run *run);
int pri_leave_write(struct pri_run *run);
/* The item came nearer, has arrived, or has stalled; true: it has arrived or stalled. */
bool pri_arrival_look(struct pri_run *run, struct pri_arrival *arrival, struct pri_item *item);
void pri_arrival_begin(struct pri_arrival *arrival, const struct pri_item *item);
/* How far something is, for a person; malloc'ed. */
char *pri_arrival_text(const struct pri_attr *attr, uint64_t number);
/* When to look again. */
void pri_arrival_pause(struct pri_run *run);
/* Something has happened to a domain: look sooner. */
void pri_arrival_hurry(struct pri_run *run);

/* plan_keep.c */
int pri_enter_keep(struct pri_run *run);
int pri_leave_keep(struct pri_run *run);
int pri_enter_kept(struct pri_run *run);
int pri_leave_kept(struct pri_run *run);
/* Wish again for what was wished before less arrived. */
void pri_keep_forget(struct pri_run *run);

/* plan_share.c: what donors get back, when recipients have come to an end */
void pri_back_share(struct pri_run *run);

/* plan_back.c */
/* What took goes back.  0 or -ENOMEM. */
int pri_back_init(struct pri_run *run);
/* It cannot go on: what has not gone back is left, and its steps say so. */
void pri_back_leave(struct pri_run *run, int code);
/* When to try what could not go back because its host did not answer; 0: there is no such. */
uint64_t pri_back_again(const struct pri_run *run);
/* The first failure of what was taken back, where something was; or what the run failed with. */
int pri_back_result(struct pri_run *run, char **error);
void pri_back_clear(struct pri_run *run);

static inline bool pri_back_is_out(const struct pri_back *back)
{
	return back->closed || back->deferred;
}

/* It is left, and says so: how, and why. */
void pri_back_close(struct pri_run *run, struct pri_back *back, int code, const char *how,
		    const char *why);
/* It is as before. */
void pri_back_undone(struct pri_run *run, struct pri_back *back);
/* It is not known whether the item was written. */
void pri_back_unsure(struct pri_run *run, struct pri_item *item);
int pri_enter_back_identify(struct pri_run *run);
int pri_leave_back_identify(struct pri_run *run);
int pri_enter_back_read(struct pri_run *run);
int pri_leave_back_read(struct pri_run *run);
/* End of a look at what would be taken back: what can be is PRALLOC_STEP_OK; the first that cannot. */
int pri_back_look(struct pri_run *run, char **error);

/* plan_back_write.c */
int pri_enter_back_give(struct pri_run *run);
int pri_enter_back_write(struct pri_run *run);
int pri_leave_back_write(struct pri_run *run);
int pri_enter_back_arrive(struct pri_run *run);
int pri_leave_back_arrive(struct pri_run *run);

#endif /* PRI_PLAN_RUN_H */
