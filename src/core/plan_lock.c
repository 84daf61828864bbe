/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first stage of a plan: its locks, which it holds to its end. */
#include <errno.h>
#include <unistd.h>

#include "core/domain_lock.h"
#include "core/plan_run.h"

/* Whoever holds a lock for longer than this is worth an error. */
#define LOCK_PATIENCE_NS UINT64_C(500000000)
#define LOCK_PAUSE_NS UINT64_C(2000000)
/* Another one of up to this much each time, so that two that were at odds are not again. */
#define LOCK_JITTER_NS UINT64_C(4000000)

/* One item stands for the domain: a live one, where there is one. */
static void note_domain(struct pri_run *run, struct pri_item *item)
{
	struct pri_run_target *target = &run->targets[item->sequence];

	if (item->target.domain &&
	    (!target->item || (pri_plan_is_live(item) && !pri_plan_is_live(target->item))))
		target->item = item;
}

/* Each domain once; the item that stands for it gets the error. */
static int lock_domain(struct pri_run *run, struct pri_item *item)
{
	struct pri_run_target *target = &run->targets[item->sequence];
	pri_autofree char *error = NULL;
	int r;

	if (!item->target.domain || pri_domain_lock_needless(item->target.host) || target->locked)
		return 0;
	r = run->purpose == PRI_RUN_CHECK ? pri_domain_lock_look(item->target.domain, &error)
					  : pri_domain_lock(item->target.domain, &error);
	if (r == 0 && run->purpose != PRI_RUN_CHECK)
		target->locked = item->target.domain;
	return r < 0 ? pri_item_fail(item, r, "%s", error ? error : pri_strerror(r)) : 0;
}

/* Once for each link, and for what else belongs to the host; most items are of no such thing. */
static int lock_of_host(struct pri_run *run, struct pri_item *item)
{
	pri_autofree char *error = NULL;
	int r;

	if (!pri_host_lock_concerns(item))
		return 0;
	r = run->purpose == PRI_RUN_CHECK ? pri_host_lock_look(&run->host_locks, item, &error)
					  : pri_host_lock(&run->host_locks, item, &error);
	return r < 0 ? pri_item_fail(item, r, "%s", error ? error : pri_strerror(r)) : 0;
}

static int lock_item(struct pri_run *run, struct pri_item *item)
{
	int r = lock_domain(run, item);

	return r < 0 ? r : lock_of_host(run, item);
}

static int prepare_item(struct pri_run *run, struct pri_item *item)
{
	item->has_held = false;
	note_domain(run, item);
	run->of_hosts = run->of_hosts || !item->target.domain;
	run->prechecks = run->prechecks || pri_item_has_precheck(item);
	if (pri_plan_is_async(item))
		pri_plan_step_of(item)->arrival = (struct pri_arrival){0};
	/* What an earlier run has read does not part persistent values, which are checked
	 * together; the phase of each is told once more when it has been read. */
	if (item->change.mode == PRALLOC_CONFIG)
		item->phase = PRI_PHASE_TAKE;
	else
		pri_plan_set_phase(item);
	return pri_item_prepare(item, run->flags) == 0 ? lock_item(run, item) : 0;
}

/* What is held is let go meanwhile: of two plans that take the same domains in another order, each
 * would wait for the other. */
static void pause_unlocked(struct pri_run *run)
{
	uint64_t now_ns = pri_now_ns();

	pri_run_unlock(run);
	run->wake_ns =
		now_ns + LOCK_PAUSE_NS + (now_ns ^ (uint64_t)getpid() << 12) % LOCK_JITTER_NS;
}

/* Here and below: whatever can be done in one pass over the items is, for there may be more of
 * them than the caches hold. */
int pri_enter_lock(struct pri_run *run)
{
	int first = 0;

	for (size_t i = 0; i < run->n; i++) {
		int r = prepare_item(run, run->items[i]);

		if (r < 0 && first == 0)
			first = r;
	}
	pri_order(run->items, run->n);
	if (run->purpose == PRI_RUN_CHECK || first != -EBUSY)
		return run->purpose == PRI_RUN_CHECK ? 0 : first;
	if (pri_now_ns() >= run->stage_ns + LOCK_PATIENCE_NS || pri_now_ns() >= run->deadline_ns)
		return first;
	pause_unlocked(run);
	return 1;
}

void pri_run_unlock(struct pri_run *run)
{
	for (size_t i = 0; run->targets && i < run->plan->target_count; i++)
		if (run->targets[i].locked)
			pri_domain_unlock(pri_steal(run->targets[i].locked));
	pri_host_unlock(&run->host_locks);
}
