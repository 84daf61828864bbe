/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attribute table: everything that can be read or set, by name. */
#ifndef PRALLOC_ATTR_H
#define PRALLOC_ATTR_H

#include <pralloc/base.h>

PRALLOC_BEGIN

/** The physical resource that an attribute belongs to. */
enum pr_resource {
	PRALLOC_RESOURCE_MEM = 1,
	PRALLOC_RESOURCE_CPU = 2,
	PRALLOC_RESOURCE_IO = 3,
	PRALLOC_RESOURCE_NET = 4,
};

/** Whose attribute it is. */
enum pr_attr_target {
	PRALLOC_TARGET_DOMAIN = 1,
	PRALLOC_TARGET_HOST = 2,
};

/** Base unit of a value. */
enum pr_unit {
	PRALLOC_UNIT_COUNT = 1,
	PRALLOC_UNIT_BYTES = 2,
	PRALLOC_UNIT_BYTES_PER_SEC = 3,
	PRALLOC_UNIT_PER_SEC = 4, /**< I/O operations per second */
	PRALLOC_UNIT_USEC = 5,
	PRALLOC_UNIT_MSEC = 6,
	PRALLOC_UNIT_SEC = 7,
	PRALLOC_UNIT_SHARES = 8,
	PRALLOC_UNIT_WEIGHT = 9,
	PRALLOC_UNIT_VCPUS = 10,
	PRALLOC_UNIT_PAGES = 11,
	PRALLOC_UNIT_CENTIPERCENT = 12, /**< hundredths of a percent */
	PRALLOC_UNIT_CPULIST = 13,	/**< text: "0,2-3" */
	PRALLOC_UNIT_NAME = 14,		/**< text: a name */
};

/** What a setting does. */
enum pr_attr_kind {
	PRALLOC_KIND_HARD = 1,	    /**< a limit whatever the others do */
	PRALLOC_KIND_SOFT = 2,	    /**< a weight, guarantee or protection: acts under scarcity */
	PRALLOC_KIND_PARAMETER = 3, /**< how something is done */
	PRALLOC_KIND_READING = 4,   /**< can only be read */
};

/** What the instance of an attribute is. */
enum pr_instance_kind {
	PRALLOC_INSTANCE_NONE = 1,
	PRALLOC_INSTANCE_VCPU = 2,   /**< vCPU number */
	PRALLOC_INSTANCE_DEVICE = 3, /**< host block device: /dev/x or MAJ:MIN */
	PRALLOC_INSTANCE_DISK = 4,   /**< the guest's disk: vda, … */
	PRALLOC_INSTANCE_NIC = 5,    /**< MAC address; tap name and alias are accepted on input */
	PRALLOC_INSTANCE_LINK = 6,   /**< bridge or network */
	PRALLOC_INSTANCE_MEMORY = 7, /**< alias of a memory device: virtiomem0, … */
};

/** Properties (bits of pr_attr_info.properties). */
#define PRALLOC_ATTR_WRITABLE (UINT32_C(1) << 0)
/** Takes effect later, with the guest's help; waited for, not read back. */
#define PRALLOC_ATTR_ASYNC (UINT32_C(1) << 1)
/** Without an instance it means all of them (else: the only one, or -EINVAL naming them). */
#define PRALLOC_ATTR_INSTANCE_OPTIONAL (UINT32_C(1) << 2)
/** PRALLOC_UNLIMITED is allowed. */
#define PRALLOC_ATTR_UNLIMITED (UINT32_C(1) << 3)
/** Amounts of several domains add up: what one gives another can take. */
#define PRALLOC_ATTR_ADDITIVE (UINT32_C(1) << 4)

/** One row of the attribute table.  Set size = sizeof(struct pr_attr_info) before the call. */
struct pr_attr_info {
	uint32_t size;
	uint32_t properties;	/**< PRALLOC_ATTR_* */
	const char *name;	/**< "cpu.shares"; all strings are static */
	const char *summary;	/**< one line */
	int resource;		/**< enum pr_resource */
	int target;		/**< enum pr_attr_target */
	int unit;		/**< enum pr_unit */
	int kind;		/**< enum pr_attr_kind */
	int type;		/**< enum pr_value_type */
	int instance;		/**< enum pr_instance_kind */
	uint64_t minimum;	/**< smallest value */
	uint64_t maximum;	/**< largest value; UINT64_MAX - 2 when nothing else bounds it */
	uint64_t default_value; /**< the kernel's default, or PRALLOC_DEFAULT when it has none */
	const char *percent_of; /**< attribute that is 100 %, or NULL */
};

/**
 * pr_attr_info - describe an attribute
 *
 * @name: with or without an instance in brackets ("cpu.pin[3]").
 * Errors: -EINVAL (no such attribute, with the nearest name in pr_ctx_errmsg when @ctx is given).
 * Since: 0.1.
 */
PRALLOC_API int pr_attr_info(struct pr_ctx *ctx, const char *name, struct pr_attr_info *info);

/**
 * pr_attr_next - walk over the attribute table
 *
 * @name: NULL for the first, else the name got before.
 * Returns the next name (static), NULL at the end or for a name that does not exist.
 * Since: 0.1.
 */
PRALLOC_API const char *pr_attr_next(const char *name);

/**
 * pr_attr_lookup - take "name[instance]" apart
 *
 * @text: an attribute as a person writes it.
 * @ret_name: the attribute's name (static).
 * @instance, @size: receives the instance, or "" where none is given.
 * Errors: -EINVAL (no such attribute, brackets, instance where there can be none), -ENOSPC
 * (buffer too small).  Since: 0.1.
 */
PRALLOC_API int pr_attr_lookup(struct pr_ctx *ctx, const char *text, const char **ret_name,
			       char *instance, size_t size);

PRALLOC_END

#endif /* PRALLOC_ATTR_H */
