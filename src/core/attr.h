/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The core attribute table: what exists, whatever serves it. */
#ifndef PRI_ATTR_H
#define PRI_ATTR_H

#include <stdbool.h>
#include <stdint.h>

#include <pralloc/attr.h>
#include <pralloc/value.h>

/* Largest number that is neither PRALLOC_DEFAULT nor PRALLOC_UNLIMITED. */
#define PRI_NUMBER_MAX (UINT64_MAX - 2)

enum pri_attr_id {
	/* memory */
	PRI_MEM_BALLOON,
	PRI_MEM_MAXIMUM,
	PRI_MEM_SOFT_LIMIT,
	PRI_MEM_GUARANTEE,
	PRI_MEM_THROTTLE,
	PRI_MEM_HARD_LIMIT,
	PRI_MEM_SWAP_LIMIT,
	PRI_MEM_STATS_PERIOD,
	PRI_MEM_VIRTIO_REQUESTED,
	PRI_MEM_VIRTIO_PLUGGED,
	PRI_MEM_VIRTIO_SIZE,
	PRI_MEM_ACTUAL,
	PRI_MEM_RSS,
	PRI_MEM_UNUSED,
	PRI_MEM_AVAILABLE,
	PRI_MEM_USABLE,
	PRI_MEM_STATS_AGE,
	PRI_MEM_PSS,
	PRI_MEM_SWAP_IN,
	PRI_MEM_SWAP_OUT,
	PRI_MEM_MAJOR_FAULTS,
	PRI_MEM_PRESSURE,
	PRI_MEM_TOTAL,
	PRI_MEM_FREE,
	PRI_MEM_COMMITTED,
	/* CPU */
	PRI_CPU_SHARES,
	PRI_CPU_QUOTA,
	PRI_CPU_PERIOD,
	PRI_CPU_VCPU_QUOTA,
	PRI_CPU_VCPU_PERIOD,
	PRI_CPU_EMULATOR_QUOTA,
	PRI_CPU_EMULATOR_PERIOD,
	PRI_CPU_IOTHREAD_QUOTA,
	PRI_CPU_IOTHREAD_PERIOD,
	PRI_CPU_BURST,
	PRI_CPU_COUNT,
	PRI_CPU_GUEST_COUNT,
	PRI_CPU_MAXIMUM,
	PRI_CPU_PIN,
	PRI_CPU_EMULATOR_PIN,
	PRI_CPU_TIME,
	PRI_CPU_THROTTLED,
	PRI_CPU_STEAL,
	PRI_CPU_PRESSURE,
	PRI_CPU_ONLINE,
	/* disk I/O */
	PRI_IO_WEIGHT,
	PRI_IO_HOST_READ_BYTES,
	PRI_IO_HOST_WRITE_BYTES,
	PRI_IO_HOST_READ_IOPS,
	PRI_IO_HOST_WRITE_IOPS,
	PRI_IO_GUEST_TOTAL_BYTES,
	PRI_IO_GUEST_TOTAL_BYTES_MAX,
	PRI_IO_GUEST_TOTAL_BYTES_MAX_LENGTH,
	PRI_IO_GUEST_READ_BYTES,
	PRI_IO_GUEST_READ_BYTES_MAX,
	PRI_IO_GUEST_READ_BYTES_MAX_LENGTH,
	PRI_IO_GUEST_WRITE_BYTES,
	PRI_IO_GUEST_WRITE_BYTES_MAX,
	PRI_IO_GUEST_WRITE_BYTES_MAX_LENGTH,
	PRI_IO_GUEST_TOTAL_IOPS,
	PRI_IO_GUEST_TOTAL_IOPS_MAX,
	PRI_IO_GUEST_TOTAL_IOPS_MAX_LENGTH,
	PRI_IO_GUEST_READ_IOPS,
	PRI_IO_GUEST_READ_IOPS_MAX,
	PRI_IO_GUEST_READ_IOPS_MAX_LENGTH,
	PRI_IO_GUEST_WRITE_IOPS,
	PRI_IO_GUEST_WRITE_IOPS_MAX,
	PRI_IO_GUEST_WRITE_IOPS_MAX_LENGTH,
	PRI_IO_GUEST_IOPS_SIZE,
	PRI_IO_GUEST_GROUP,
	PRI_IO_READ_BYTES,
	PRI_IO_WRITE_BYTES,
	PRI_IO_READ_OPS,
	PRI_IO_WRITE_OPS,
	PRI_IO_PRESSURE,
	/* network */
	PRI_NET_RATE_IN,
	PRI_NET_RATE_IN_PEAK,
	PRI_NET_RATE_IN_BURST,
	PRI_NET_RATE_OUT,
	PRI_NET_RATE_OUT_PEAK,
	PRI_NET_RATE_OUT_BURST,
	PRI_NET_WEIGHT_IN,
	PRI_NET_WEIGHT_OUT,
	PRI_NET_GUARANTEE_IN,
	PRI_NET_GUARANTEE_OUT,
	PRI_NET_RX_BYTES,
	PRI_NET_TX_BYTES,
	PRI_NET_RX_PACKETS,
	PRI_NET_TX_PACKETS,
	PRI_NET_RX_DROPS,
	PRI_NET_TX_DROPS,
	PRI_NET_LINK_IN,
	PRI_NET_LINK_OUT,
	PRI_NET_COMMITTED,
	PRI_NET_COMMITTED_IN,
	PRI_NET_COMMITTED_OUT,
	/* memory of the host: same-page merging */
	PRI_KSM_RUN,
	PRI_KSM_PAGES_TO_SCAN,
	PRI_KSM_SLEEP_MS,
	PRI_KSM_MERGE_ACROSS_NODES,
	PRI_KSM_ADVISOR_MODE,
	PRI_KSM_SHARED,
	PRI_KSM_SHARING,
	PRI_KSM_PROFIT,
	PRI_ATTR_COUNT,
	PRI_ATTR_NONE = -1,
};

/* Which way of changing a value frees what others can have. */
enum pri_gives {
	PRI_GIVES_NEVER, /* neither: done with what takes */
	PRI_GIVES_LESS,	 /* a smaller value gives */
	PRI_GIVES_MORE,	 /* a larger one does: there is more to share */
};

/* Dangers that the core looks for before a value is set (guard.c). */
enum pri_guard {
	PRI_GUARD_NONE,
	PRI_GUARD_BALLOON,    /* maximum; what the guest can spare */
	PRI_GUARD_HARD_LIMIT, /* near present use */
	PRI_GUARD_VCPUS,      /* cpu.maximum */
	PRI_GUARD_HOST_CPUS,  /* CPUs that the host has */
	PRI_GUARD_QUOTA,      /* none, but a check has something to say (plan_note.c) */
};

struct pri_attr {
	const char *name;
	const char *summary;
	uint8_t resource; /* enum pr_resource */
	uint8_t target;	  /* enum pr_attr_target */
	uint8_t unit;	  /* enum pr_unit */
	uint8_t kind;	  /* enum pr_attr_kind */
	uint8_t instance; /* enum pr_instance_kind */
	uint8_t gives;	  /* enum pri_gives */
	uint8_t guard;	  /* enum pri_guard */
	/* Order inside one target: ascending where values take, descending where they give. */
	uint8_t rank;
	uint32_t properties; /* PRALLOC_ATTR_* */
	int16_t percent_of;  /* enum pri_attr_id; 0 (mem.balloon is no maximum): none */
	/* Of a domain, but all domains on a link share what there is (host_lock.h). */
	bool shares_link;
	uint64_t min, max, def;
};

extern const struct pri_attr pri_attrs[PRI_ATTR_COUNT];

/* The row of a name; NULL when there is none. */
const struct pri_attr *pri_attr_find(const char *name);
/* The row whose name is nearest, or NULL when none is near. */
const struct pri_attr *pri_attr_nearest(const char *name);
/* As pr_attr_lookup, with the row; fails into *error as pri_fail does. */
int pri_attr_split(char **error, const char *text, const struct pri_attr **ret_attr, char *instance,
		   size_t size);

static inline int pri_attr_id(const struct pri_attr *attr)
{
	return (int)(attr - pri_attrs);
}

static inline bool pri_attr_is_text(const struct pri_attr *attr)
{
	return attr->unit == PRALLOC_UNIT_CPULIST || attr->unit == PRALLOC_UNIT_NAME;
}

static inline bool pri_attr_is(const struct pri_attr *attr, uint32_t property)
{
	return (attr->properties & property) != 0;
}

/* Whether only ratios between domains matter: all may be multiplied by the same factor. */
static inline bool pri_attr_is_ratio(const struct pri_attr *attr)
{
	return attr->unit == PRALLOC_UNIT_SHARES || attr->unit == PRALLOC_UNIT_WEIGHT;
}

#endif /* PRI_ATTR_H */
