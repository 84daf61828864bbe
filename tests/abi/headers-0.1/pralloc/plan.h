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
	PRALLOC_STEP_LEFT = 7,	  /**< done, and could not be taken back; text says what is left */
};

/** One step, as pr_plan_step shows it.  Strings live until the next call on the plan. */
struct pr_step {
	uint32_t size;		/**< sizeof(struct pr_step), set by the caller */
	int status;		/**< enum pr_step_status */
	int error;		/**< 0 or a negative errno */
	uint32_t mode;		/**< PRALLOC_LIVE or PRALLOC_CONFIG */
	const char *target;	/**< name of the domain, or "@host" */
	const char *attribute;	/**< "cpu.shares" */
	const char *instance;	/**< canonical instance, or "" */
	const char *backend;	/**< who does it, or NULL when nobody can */
	const char *text;	/**< why it failed or was refused, else "" */
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
 * @flags: 0.
 * All or nothing: on error no change is added, and the text names the line.
 * Errors: as pr_plan_set_str, and those of pr_domain_open.  Since: 0.1.
 */
PRALLOC_API int pr_plan_load(struct pr_plan *plan, struct pr_host *host, const char *text,
			     uint32_t flags);

/**
 * pr_plan_check - whether the plan can be done
 *
 * Reads what is and what stands against each change, each against what is now; changes nothing.
 * All problems are found at once: look at each step.
 * @flags: as pr_set_u64.
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
 * A plan that failed or was undone can be applied again.
 * Errors: of the first step that failed; -EINVAL for a plan that was applied already.  Since: 0.1.
 */
PRALLOC_API int pr_plan_apply(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags);

/**
 * pr_plan_undo - take an applied plan back
 *
 * In reverse order; a value is put back only where it is still what the plan wrote (balloons
 * always).  Steps changed by somebody else, or whose domain was restarted since, are left and
 * say so (PRALLOC_STEP_LEFT).
 * Errors: -EINVAL (not applied), -EAGAIN (some steps were left), or what failed.  Since: 0.1.
 */
PRALLOC_API int pr_plan_undo(struct pr_plan *plan, uint32_t timeout_ms, uint32_t flags);

/** pr_plan_count - number of steps.  Since: 0.1. */
PRALLOC_API size_t pr_plan_count(const struct pr_plan *plan);

/** pr_plan_step - look at a step.  @index: 0 to pr_plan_count - 1, in the order they were added;
 * @step: step->size set by the caller.  Errors: -EINVAL.  Since: 0.1. */
PRALLOC_API int pr_plan_step(const struct pr_plan *plan, size_t index, struct pr_step *step);

PRALLOC_END

#endif /* PRALLOC_PLAN_H */
