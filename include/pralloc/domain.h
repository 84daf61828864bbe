/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One virtual machine: open it, read and set any attribute, reset it. */
#ifndef PRALLOC_DOMAIN_H
#define PRALLOC_DOMAIN_H

#include <pralloc/base.h>
#include <pralloc/value.h>

PRALLOC_BEGIN

/** State of a domain. */
enum pr_domain_state {
	PRALLOC_DOMAIN_RUNNING = 1,
	PRALLOC_DOMAIN_PAUSED = 2,
	PRALLOC_DOMAIN_OFF = 3,
};

/** One attribute for pr_read: what to read, and what was found. */
struct pr_reading {
	uint32_t size;	       /**< sizeof(struct pr_reading), set in each element */
	int error;	       /**< out: 0, or why this one could not be read */
	const char *attribute; /**< in: its name */
	const char *instance;  /**< in: instance, or NULL */
	struct pr_value value; /**< out: the value when error is 0; value.size need not be set */
	const char *text;      /**< out: why it could not be read, else "" */
};

/** When a pr_read took place: monotonic clock, nanoseconds. */
struct pr_read_times {
	uint32_t size; /**< sizeof(struct pr_read_times), set by the caller */
	uint32_t reserved;
	uint64_t start_ns; /**< before the first value was read */
	uint64_t end_ns;   /**< after the last one */
};

/**
 * pr_domain_open - open a domain by name or UUID
 *
 * @name: a name or a UUID; a name that looks like a UUID is tried as a UUID first.  On a cgroup
 * host a name is the path of a group below that of the host, or "pid:N" for a process.  After opening, the handle stands for the UUID: it survives a restart of the
 * domain, and when the name is given to another domain, calls return -ESTALE.
 * @ret_dom: give it back with pr_domain_close.
 * The domain need not be running.  On error the text is pr_host_errmsg(host).
 * Errors: -EINVAL, -ENOENT, -ENOTCONN, -EBUSY, -ETIMEDOUT, -ENOMEM, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_domain_open(struct pr_host *host, const char *name, uint32_t flags,
			       struct pr_domain **ret_dom);

/** pr_domain_close - give the domain back; changes no setting.  NULL is allowed.  Since: 0.1. */
PRALLOC_API void pr_domain_close(struct pr_domain *dom);

/** pr_domain_name - the name when it was opened; lives as long as @dom.  Since: 0.1. */
PRALLOC_API const char *pr_domain_name(const struct pr_domain *dom);

/** pr_domain_uuid - the UUID, 36 characters; lives as long as @dom.  Since: 0.1. */
PRALLOC_API const char *pr_domain_uuid(const struct pr_domain *dom);

/** pr_domain_errmsg - text of the last error of a call on @dom.  Since: 0.1. */
PRALLOC_API const char *pr_domain_errmsg(const struct pr_domain *dom);

/**
 * pr_domain_state - whether the domain runs now
 *
 * @ret_state: one of enum pr_domain_state.
 * Errors: -ENOENT (it is gone), -ESTALE, -ENOTCONN, -EBUSY, -ETIMEDOUT, -EIO.  Since: 0.1.
 */
PRALLOC_API int pr_domain_state(struct pr_domain *dom, int *ret_state, uint32_t flags);

/**
 * pr_domain_instance - the instances of an attribute in this domain, one by one
 *
 * @index: 0, 1, 2, … until the call returns -ENODEV.
 * @ret_instance: the canonical name (MAC address, disk target, vCPU number, …), valid until the
 * next call on @dom.
 * Errors: -EINVAL (attribute without instances), -ENODEV (no more), -EOPNOTSUPP, and those of
 * pr_domain_state.  Since: 0.1.
 */
PRALLOC_API int pr_domain_instance(struct pr_domain *dom, const char *attribute, size_t index,
				   const char **ret_instance);

/**
 * pr_set_u64 - set any numeric attribute
 *
 * @attribute: its name, e.g. "cpu.shares"; @instance: the device, interface or vCPU, or NULL
 * where the attribute has none or there is just one.  @value: in the attribute's base unit
 * (bytes, bytes per second, microseconds, …), PRALLOC_UNLIMITED or PRALLOC_DEFAULT.
 * @flags: PRALLOC_LIVE (as 0), PRALLOC_CONFIG, both, PRALLOC_NO_VERIFY,
 * PRALLOC_ALLOW_INEFFECTIVE, PRALLOC_ALLOW_HARM, PRALLOC_ANCESTORS, PRALLOC_ENABLE,
 * PRALLOC_REPLACE.
 *
 * The value is checked, written once and, unless it is the live one of an asynchronous attribute,
 * read back.  With both LIVE and CONFIG a failure of the second takes the first back.  Values go to
 * the nearest step of the backend's scale; pr_get_u64 returns what holds.
 * Errors: all of <pralloc/base.h> but -EAGAIN and -ECANCELED.  Since: 0.1.
 */
PRALLOC_API int pr_set_u64(struct pr_domain *dom, const char *attribute, const char *instance,
			   uint64_t value, uint32_t flags);

/**
 * pr_set_str - set any attribute from its text form
 *
 * @value: as pr_value_parse takes it ("512MiB", "80mbit", "25%", "unlimited", "default",
 * "0,2-3").  Otherwise as pr_set_u64.  Since: 0.1.
 */
PRALLOC_API int pr_set_str(struct pr_domain *dom, const char *attribute, const char *instance,
			   const char *value, uint32_t flags);

/**
 * pr_get_u64 - read a numeric attribute
 *
 * @flags: PRALLOC_LIVE (as 0) or PRALLOC_CONFIG, not both.
 * @ret_value: base unit, PRALLOC_UNLIMITED, or PRALLOC_DEFAULT when it is not set.
 * Errors: -EINVAL (also: the attribute is a text), -ENODEV, -EOPNOTSUPP, -ENODATA, and those of
 * pr_domain_state.  Since: 0.1.
 */
PRALLOC_API int pr_get_u64(struct pr_domain *dom, const char *attribute, const char *instance,
			   uint64_t *ret_value, uint32_t flags);

/**
 * pr_get_str - read any attribute as text
 *
 * @ret_value: exact text that pr_set_str takes back, valid until the next call on @dom.
 * Otherwise as pr_get_u64.  Since: 0.1.
 */
PRALLOC_API int pr_get_str(struct pr_domain *dom, const char *attribute, const char *instance,
			   const char **ret_value, uint32_t flags);

/**
 * pr_read - read many attributes in one pass
 *
 * @readings: @count elements, each with size, attribute and instance set.  One that cannot be
 * read gets its error; the others are read all the same.  Texts are valid until the next call
 * on @dom.
 * @times: NULL, or when the values were taken.
 * @flags: PRALLOC_LIVE (as 0) or PRALLOC_CONFIG.
 * Returns 0 when the pass took place (look at each error), or an error that concerns all.
 * Errors: -EINVAL, and those of pr_domain_state.  Since: 0.1.
 */
PRALLOC_API int pr_read(struct pr_domain *dom, struct pr_reading *readings, size_t count,
			struct pr_read_times *times, uint32_t flags);

/**
 * pr_domain_reset - put settings back to what they are without anybody's intervention
 *
 * @attribute, @instance: one attribute, or NULL for all that this host serves.
 * Each goes to the value of the persistent configuration, else to the kernel's default.  With
 * PRALLOC_CONFIG the persistent value itself becomes "not set"; with both flags that is done
 * first.  With NULL, what waits for the guest but has no persistent value is left out.  All or
 * nothing.
 * Errors: as pr_set_u64.  Since: 0.1.
 */
PRALLOC_API int pr_domain_reset(struct pr_domain *dom, const char *attribute, const char *instance,
				uint32_t flags);

/**
 * pr_domain_save - what the domain has, as the text of a plan
 *
 * @ret_text: one line for each setting, in the form of pralloc-plan(5), which pr_plan_load takes;
 * "" when nothing was set.  Valid until the next call on @dom.
 * @flags: PRALLOC_LIVE (as 0): what is not the default, and what the persistent configuration
 * would make something else; so the plan undoes a later pr_domain_reset.  PRALLOC_CONFIG: what
 * is set there; apply it with the same flag.
 * Left out is what cannot be read or written back, and what is not known now (-ENODATA, a guest's
 * agent that does not answer).  A balloon that is on its way is saved with its target.
 * Errors: -EINVAL (flags, or a value with a quote in it), -ENOTCONN (PRALLOC_LIVE, and it is
 * off), and those of pr_read.  Since: 0.1.
 */
PRALLOC_API int pr_domain_save(struct pr_domain *dom, const char **ret_text, uint32_t flags);

/** For pr_domain_restore: leave out what nobody serves. */
#define PRALLOC_RESTORE_SERVED (UINT32_C(1) << 16)

/**
 * pr_domain_restore - give a running domain the persistent values that it does not start with
 *
 * A value with an element in libvirt's configuration is given to the domain by libvirt when it
 * starts.  What has none stands in the domain's metadata (weights, guarantees and rates of the
 * network, protection of memory, burst of a quota), and holds from this call on.  To be called
 * after each start of the domain.  On the fake host: all that does not wait for the guest.
 * @flags: PRALLOC_LIVE (as 0), PRALLOC_NO_VERIFY, PRALLOC_ALLOW_INEFFECTIVE, PRALLOC_ALLOW_HARM,
 * PRALLOC_ANCESTORS, PRALLOC_ENABLE, PRALLOC_REPLACE, PRALLOC_RESTORE_SERVED.
 * All or nothing.  What nobody serves live on this host is -EOPNOTSUPP with the names of all, and
 * nothing is changed; with PRALLOC_RESTORE_SERVED it is logged as a warning, and the rest is done.
 * What has no persistent value stays as it is.
 * Errors: -ENOTCONN (it is off), and as pr_set_u64.  Since: 0.1.
 */
PRALLOC_API int pr_domain_restore(struct pr_domain *dom, uint32_t flags);

PRALLOC_END

#endif /* PRALLOC_DOMAIN_H */
