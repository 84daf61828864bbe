/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans: many changes over many domains that are checked, applied, verified, undone as one. */
#ifndef PRALLOC_PLAN_H
#define PRALLOC_PLAN_H

#include <pralloc/base.h>
#include <pralloc/value.h>

PRALLOC_BEGIN

/** State of one step of a plan. */
enum pr_step_status {
	PRALLOC_STEP_NEW = 1,	  /**< nothing done yet */
	PRALLOC_STEP_OK = 2,	  /**< checked: can be done */
	PRALLOC_STEP_REFUSED = 3, /**< checked: cannot be done; error and text say why */
	PRALLOC_STEP_APPLIED = 4, /**< done and verified */
	PRALLOC_STEP_FAILED = 5,  /**< tried, and it failed; the domain is as before */
	PRALLOC_STEP_UNDONE = 6,  /**< done, and taken back */
	/** done, or it is not known whether it was done, and could not be taken back; text says which */
	PRALLOC_STEP_LEFT = 7,
	PRALLOC_STEP_WAITING = 8, /**< written, and the guest is on its way; after is how far */
};

/** With pr_plan_apply and pr_plan_start: when donors give less than was asked for, recipients get
 * what has arrived, instead of nobody anything. */
#define PRALLOC_KEEP_PARTIAL (UINT32_C(1) << 16)

/** With pr_plan_recover: look at what would be taken back, and change nothing. */
#define PRALLOC_DRY_RUN (UINT32_C(1) << 17)

/** With pr_plan_load: add the changes that are right though others are not, for a check that tells
 * what stands against those, too. */
#define PRALLOC_KEEP_GOOD (UINT32_C(1) << 18)

/** One step, as pr_plan_step shows it.  Strings live until the next call on the plan. */
struct pr_step {
	uint32_t size;	       /**< sizeof(struct pr_step), set by the caller */
	int status;	       /**< enum pr_step_status */
	int error;	       /**< 0 or a negative errno */
	uint32_t mode;	       /**< PRALLOC_LIVE or PRALLOC_CONFIG */
	const char *target;    /**< name of the domain, or "@host" */
	const char *attribute; /**< "cpu.shares" */
	const char *instance;  /**< canonical instance, or "" */
	const char *backend;   /**< who does it, or NULL when nobody can */
	/** why it failed, was refused, came to less than wanted or can never act, else "" */
	const char *text;
	struct pr_value before; /**< what was; type 0 when it was not read */
	struct pr_value wanted; /**< what is wanted */
	struct pr_value after;	/**< what is; type 0 when it was not read */
	uint64_t elapsed_us;	/**< time until it was verified or, where waited for, arrived */
};

/**
 * pr_plan_new - an empty plan
 *
 * @ret_plan: give it back with pr_plan_free.  A plan may hold domains of several hosts, all
 * opened from @ctx.  Errors: -EINVAL, -ENOMEM.  Since: 0.1.
 */
PRALLOC_API int pr_plan_new(struct pr_ctx *ctx, struct pr_plan **ret_plan);

/** pr_plan_free - forget a plan; what it applied stays.  NULL is allowed.  Since: 0.1. */
PRALLOC_API void pr_plan_free(struct pr_plan *plan);

/** pr_plan_errmsg - text of the last error of a call on @plan: the first step that failed, or how
 * many did.  Since: 0.1. */
PRALLOC_API const char *pr_plan_errmsg(const struct pr_plan *plan);

/**
 * pr_plan_set_u64, pr_plan_set_str - add a change of a domain
 *
 * Arguments as pr_set_u64 and pr_set_str.  A "%" is taken from the maximum at this moment.
 * Name, instance, unit and range are checked here; nothing is changed.  The same attribute and
 * instance of the same domain twice is -EINVAL.  @dom is held by the plan.
 * Errors: -EINVAL, -ERANGE, -ENODEV, -ENOMEM; for instances and "%" also those of pr_get_u64.
 * Since: 0.1.
 */
PRALLOC_API int pr_plan_set_u64(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
				const char *instance, uint64_t value);
PRALLOC_API int pr_plan_set_str(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
				const char *instance, const char *value);

/** pr_plan_host_set_u64, pr_plan_host_set_str - add a change of a host's attribute.  Since: 0.1. */
PRALLOC_API int pr_plan_host_set_u64(struct pr_plan *plan, struct pr_host *host,
				     const char *attribute, const char *instance, uint64_t value);
PRALLOC_API int pr_plan_host_set_str(struct pr_plan *plan, struct pr_host *host,
				     const char *attribute, const char *instance,
				     const char *value);

/**
 * pr_plan_load - add the changes of a text
 *
 * @host: where the domains are looked up.
 * @text: lines "VM ATTRIBUTE=VALUE…"; "@host" stands for the host; a name with blanks stands in
 * double quotes; "#" starts a comment.  See pralloc-plan(5).
 * @flags: 0 or PRALLOC_KEEP_GOOD.
 * All or nothing without that flag: on error no change is added.  The whole text is read all the same: the error and
 * its text, which names the line, are of the first problem, and pr_plan_problem tells each.  Reading
 * ends with the time of the call (as of pr_domain_open).
 * Errors: as pr_plan_set_str, and those of pr_domain_open.  Since: 0.1.
 */
PRALLOC_API int pr_plan_load(struct pr_plan *plan, struct pr_host *host, const char *text,
			     uint32_t flags);

/** pr_plan_problem_count - how many problems the last pr_plan_load found in its text; 0 where it
 * failed for another reason (arguments, memory).  Since: 0.1. */
PRALLOC_API size_t pr_plan_problem_count(const struct pr_plan *plan);

/**
 * pr_plan_problem - a problem that the last pr_plan_load found in its text
 *
 * @index: from 0, in the order of the lines.
 * Returns "line N: " and what is wrong, in one line, which lives until the next pr_plan_load or
 * pr_plan_free; NULL beyond the last one, and beyond the first 64, which are told.  Since: 0.1.
 */
PRALLOC_API const char *pr_plan_problem(const struct pr_plan *plan, size_t index);

/**
 * pr_plan_check - whether the plan can be done
 *
 * Reads what is and what stands against each change, each against what is now; changes nothing.
 * All problems are found at once: look at each step.
 * @flags: as pr_set_u64.
 * What it reads is what the next check or apply relies on: a value that somebody has made another one
 * since the last check is -EAGAIN, once.  The check that tells it relies on the new value, so that the
 * next check or apply goes on from there; what an apply relied on is used up by it.
 * What pr_plan_move and pr_plan_rescale read is relied on for ever.  A plan without check, move or
 * rescale relies on nothing: it is applied whatever the values are.
 * Returns 0 when every step can be done, else the error of the first that cannot.  Since: 0.1.
 */
PRALLOC_API int pr_plan_check(struct pr_plan *plan, uint32_t flags);

/**
 * pr_plan_apply - do it: all steps or none
 *
 * Checks, then applies what gives, waits until it has arrived, applies what takes, waits and
 * verifies.  On a failure everything done is taken back; the steps tell what each one is now.
 * @timeout_ms: for the whole call without the taking back, for which there are 30 s more; at
 * least 1.
 * @flags: as pr_set_u64.
 * A write whose answer is lost (the time is over, the connection broke) may take effect later.  It is
 * taken back as soon as its host answers again; what could not be taken back in those 30 s is left
 * (PRALLOC_STEP_LEFT), and pr_plan_undo tries it again, until the plan is checked or applied anew.
 * A plan that failed or was undone can be applied again.
 * Errors: of the first step that failed; -EINVAL for a plan that was applied already, and for other
 * modes than those that its moves were reckoned from.  Since: 0.1.
 */
PRALLOC_API int pr_plan_apply(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags);

/**
 * pr_plan_undo - take an applied plan back, or what an apply that failed has left
 *
 * In reverse order, and memory that a recipient has got before its donors get it: where a
 * recipient does not give it back, donors get what there is, and all of them say so, unless
 * PRALLOC_ALLOW_HARM is given.  A value is put back only where it is still what the plan wrote
 * (balloons always).  Steps changed by somebody else, or whose domain was restarted since, are left and
 * say so (PRALLOC_STEP_LEFT).
 * Errors: -EINVAL (not applied, and nothing left), -EAGAIN (some steps were left), or what failed.  Since: 0.1.
 */
PRALLOC_API int pr_plan_undo(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags);

/**
 * pr_plan_move - move an amount of an attribute from one domain to another
 *
 * @attribute: an additive one (PRALLOC_ATTR_ADDITIVE): memory, shares, weights, rates, limits; with
 * an instance in brackets where both have the same, as a link.
 * @from, @to: two domains of the same host.  A move adds to what the plan already moves: several
 * calls with several donors and recipients are one movement, and a domain may be in several.
 * @amount: in the attribute's unit, at least 1.
 * @flags: PRALLOC_LIVE (also 0) or PRALLOC_CONFIG: which values are read and moved.
 *
 * Reads what both have now and adds the changes; nothing is changed.  Nothing is created or lost:
 * the sum of what is wanted is the sum of what is.  Where the scales of the two do not hold the
 * amount, the nearest one is moved that both hold, which may be 2.5 % off, else it is -ERANGE.
 * When a value has become another one by the time of check or apply, that is -EAGAIN: the plan has
 * to be made anew.  Values of one mode say nothing of the other one: the whole plan is checked and
 * applied in this mode alone, else it is -EINVAL.
 * Errors: -EINVAL (not additive, another host, the same domain, set by another step, the plan has
 * something reckoned from values of the other mode), -ERANGE (the donor does not have it, an unlimited
 * value, beyond the recipient's range, the scales), and those of pr_get_u64.  On error the plan is as
 * before.  Since: 0.1.
 */
PRALLOC_API int pr_plan_move(struct pr_plan *plan, const char *attribute, struct pr_domain *from,
			     struct pr_domain *to, uint64_t amount, uint32_t flags);

/**
 * pr_plan_rescale - bring weights into the range of the backend, all together
 *
 * A plan may hold weights (shares, weights of disks and links) that the core's range has and the
 * backend's has not, such as 3000 where BFQ takes 1 to 1000: a check refuses them (-ERANGE).  Only
 * ratios between weights matter, so this call multiplies those of all siblings by one factor, with
 * which all fit.
 * @flags: PRALLOC_LIVE (also 0) or PRALLOC_CONFIG: which present values are read.
 *
 * Siblings are the domains of the host that run, with PRALLOC_CONFIG all of them; on a cgroup host
 * the groups with the same parent.  Those with a step in the plan count with what is wanted; those
 * without are read, and get a step with the scaled value: when it has become another one by the
 * time of check or apply, that is -EAGAIN, and the plan is for this mode alone, as after pr_plan_move.
 * Who does not have the instance, whose weight nobody serves or cannot act, is left out.  Each instance (a device, a link) has siblings of its own.
 * The factor is the one that changes ratios least, by less than 2.5 %, and of several such ones the
 * one that is nearest to 1.  Where what is wanted fits, nothing is changed.
 * Errors: -EINVAL (also: a process that was opened by its number, whose siblings are not known; what
 * is reckoned from values of the other mode),
 * -ERANGE (the ratios do not fit into the range), -EBUSY, -ENOMEM, and those of pr_get_u64.  On
 * error the plan is as before.  Since: 0.1.
 */
PRALLOC_API int pr_plan_rescale(struct pr_plan *plan, uint32_t flags);

/**
 * pr_plan_reset - add what puts settings of a domain back
 *
 * What pr_domain_reset would write, as steps, so that it can be looked at first, be a part of
 * something larger, and be undone.  What is as it should be already gets no step: none at all is no
 * error.
 * @attribute: NULL: all that the host serves; with an instance in brackets, or @instance.
 * @flags: PRALLOC_LIVE (also 0): to the persistent configuration's value, else to the default.
 * PRALLOC_CONFIG: to "not set".  One of the two, which check and apply need too.
 * Errors: -EINVAL (both modes, an attribute of the host, a step is in the plan already), and those of
 * pr_domain_reset.  On error the plan is as before.  Since: 0.1.
 */
PRALLOC_API int pr_plan_reset(struct pr_plan *plan, struct pr_domain *dom, const char *attribute,
			      const char *instance, uint32_t flags);

/**
 * pr_plan_restore - add what gives a domain the persistent values that it did not start with
 *
 * What pr_domain_restore would write, as steps.
 * @flags: PRALLOC_LIVE (also 0) and PRALLOC_RESTORE_SERVED.
 * Errors: those of pr_domain_restore.  On error the plan is as before.  Since: 0.1.
 */
PRALLOC_API int pr_plan_restore(struct pr_plan *plan, struct pr_domain *dom, uint32_t flags);

/**
 * pr_plan_start - begin to apply without blocking
 *
 * As pr_plan_apply, which is a loop over these three: wait until pr_plan_fd is readable, call
 * pr_plan_dispatch, until that returns something else than 1.  Meanwhile the plan can be looked at
 * and cancelled, and nothing else.  The hosts can be used; a call on one waits for the plan's.
 * Errors: those of arguments; -EBUSY (it is being done already), -EIO (no descriptor is free).
 * Since: 0.1.
 */
PRALLOC_API int pr_plan_start(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags);

/** pr_plan_fd - the descriptor to poll for reading (POLLIN) between pr_plan_start and the last
 * pr_plan_dispatch, which closes it.  It is the plan's: poll it, nothing else.  Errors: -EINVAL (not
 * started).  Since: 0.1. */
PRALLOC_API int pr_plan_fd(const struct pr_plan *plan);

/**
 * pr_plan_dispatch - do what can be done now
 *
 * Works for some milliseconds at most and does not wait for hosts that answer in a thread of their
 * own (libvirt).  May be called at any time.
 * Returns 1 while the plan goes on, 0 when it was applied, and on failure, after everything was
 * taken back, the error as of pr_plan_apply.  Since: 0.1.
 */
PRALLOC_API int pr_plan_dispatch(struct pr_plan *plan);

/**
 * pr_plan_cancel - give it up
 *
 * The one call that may come from another thread or from a signal handler while a call on the plan
 * goes on.  What was done is taken back, and the call ends with -ECANCELED.  Taking back is not cut
 * short.  Without a call that goes on, the next check or apply is cancelled at its beginning.
 * Since: 0.1.
 */
PRALLOC_API void pr_plan_cancel(struct pr_plan *plan);

/**
 * pr_plan_progress_fn - told of each step that comes on
 *
 * Called within the call that does the plan, in its thread, when the state of a step becomes another
 * one, and while it waits, each time that the guest was looked at.  Of the plan's calls it may use
 * pr_plan_count, pr_plan_step and pr_plan_cancel.
 */
typedef void (*pr_plan_progress_fn)(void *data, const struct pr_plan *plan, size_t index);

/** pr_plan_set_progress - be told how far it is.  @progress: NULL: not any more.  Errors: -EINVAL.
 * Since: 0.1. */
PRALLOC_API int pr_plan_set_progress(struct pr_plan *plan, pr_plan_progress_fn progress,
				     void *data);

/**
 * pr_plan_set_journal - keep a journal
 *
 * @path: a file that pr_plan_apply and pr_plan_start write before they change anything, and that
 * stays; NULL: none.  A process that is killed while it applies leaves in it what pr_plan_recover
 * needs.  A file with such a rest is not written over (-EBUSY); one that is no journal neither
 * (-EINVAL).  It is locked until the plan is freed: what a failed apply could not take back
 * (PRALLOC_STEP_LEFT) can be recovered behind that, by whoever it is, and until it was, the plan
 * cannot be applied again with this journal (-EBUSY).
 * @flags: 0.
 * Errors: -EINVAL, -ENOMEM.  Since: 0.1.
 */
PRALLOC_API int pr_plan_set_journal(struct pr_plan *plan, const char *path, uint32_t flags);

/**
 * pr_plan_recover - take back what a killed process has left half done
 *
 * @plan: an empty one, which gets the steps of the journal.
 * @hosts, @host_count: hosts that are open already; others that the journal names are opened.
 * @path: the journal.
 * @timeout_ms: at least 1.
 * @flags: 0 or PRALLOC_DRY_RUN: nothing is changed, the journal neither; PRALLOC_STEP_OK is a step
 * that would be taken back, PRALLOC_STEP_UNDONE one that is as it was before already.
 * Each value that still is what the killed process wrote is put back as by pr_plan_undo; what is as
 * it was before stays; everything else is left and says so (PRALLOC_STEP_LEFT).  A plan that had come
 * to its end is left as it is, applied or not, and the plan stays empty; one that was being undone is
 * undone to the end.
 * Steps that cannot be looked at are no part of the plan; the others are taken back, and the error is
 * that of the first: of a host that cannot be opened, or of a domain or device that is gone.  What is
 * gone is done with; for everything else the journal stays open, and a later call does the rest.
 * Errors: -ENOENT, -EACCES (also: it is another user's, or others can write to it), -EINVAL (the
 * file), -EBUSY (the process lives), those of pr_host_open and
 * pr_plan_undo.  Since: 0.1.
 */
PRALLOC_API int pr_plan_recover(struct pr_plan *plan, struct pr_host *const *hosts,
				size_t host_count, const char *path, uint32_t timeout_ms,
				uint32_t flags);

/** pr_plan_count - number of steps.  Since: 0.1. */
PRALLOC_API size_t pr_plan_count(const struct pr_plan *plan);

/** pr_plan_step - look at a step.  @index: 0 to pr_plan_count - 1, in the order they were added;
 * @step: step->size set by the caller.  Errors: -EINVAL.  Since: 0.1. */
PRALLOC_API int pr_plan_step(const struct pr_plan *plan, size_t index, struct pr_step *step);

PRALLOC_END

#endif /* PRALLOC_PLAN_H */
