/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cgroup backend: the files of control groups, version 1, 2 and both at once.
 *
 *   backend.c    the table of functions; URIs, opening, closing, the host as a whole
 *   mounts.c     where the hierarchies are mounted, and which controllers are in them
 *   rows.c       one row for each attribute: controller, file, level, scale, on v1 and on v2
 *   domain.c     who the domains are: groups, processes, domains of another backend
 *   names.c      UUIDs of groups, and finding a group by one
 *   locate.c     the groups of a domain, its unit and its payload, in each hierarchy
 *   files.c      descriptors of directories and values, held and bounded; fault.c: what failed
 *   instances.c  devices and vCPUs
 *   value.c      read, check, apply: what is common to all rows
 *   text.c       what the kernel's files say
 *   number.c     rows of a number; bandwidth.c of quota and period; pin.c of CPU lists;
 *   weight.c     of weights of block devices; throttle.c of their limits; iostat.c of what was moved
 *   pss.c        memory of processes; hostfiles.c: rows of the host
 *   lower.c      limits that make the kernel reclaim
 *   protect.c    protection of memory, and the groups above that have to grant it
 *   enable.c     controllers of cgroup.subtree_control
 *   marks.c      what has to be taken back later, kept at the directories themselves
 *   unit.c       values that belong to systemd
 *   v1.c v2.c    the quirks of either version
 *
 * device.c, effective.c, sysfile.c and systemd.c stand alone: block devices, what divides them, and
 * properties of systemd's units.
 */
#ifndef PRI_CGROUP_H
#define PRI_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "util/cleanup.h"

/* Each hierarchy of v1 that matters here, and that of v2. */
#define PRI_CG_MOUNTS_MAX 6
/* "iothread" and a number, "vcpu" and a number, "emulator" */
#define PRI_CG_SUB_MAX 24
/* Of a path of a group: as long as the kernel tells one, and as a path of files can be. */
#define PRI_CG_PATH_MAX 4096
/* Of the path of a host: the name of a domain and of a group below it have room behind it. */
#define PRI_CG_TOP_MAX (PRI_CG_PATH_MAX - PRI_NAME_MAX - PRI_CG_SUB_MAX)
/* The kernel's unlimited is the largest whole page. */
#define PRI_CG_UNLIMITED_FROM UINT64_C(0x7fffffffffff0000)
#define PRI_CG_PAGE 4096
/* Digits of the largest number and an end. */
#define PRI_CG_NUMBER_MAX 24

enum pri_cg_controller {
	PRI_CG_CPU,
	PRI_CG_CPUACCT, /* v1 alone */
	PRI_CG_CPUSET,
	PRI_CG_MEMORY,
	PRI_CG_IO,   /* "blkio" on v1 */
	PRI_CG_CORE, /* what every group of v2 has, whatever is enabled */
	PRI_CG_CONTROLLERS,
};

/* Which group of a domain: for most domains unit and payload are one. */
enum pri_cg_level {
	PRI_CG_UNIT,	/* what competes with other domains: weights, protection */
	PRI_CG_PAYLOAD, /* what holds the processes: limits */
	PRI_CG_LEVELS,
};

/* Groups below the payload. */
enum pri_cg_below {
	PRI_CG_ITSELF,
	PRI_CG_EMULATOR,
	PRI_CG_VCPU,  /* that of the instance */
	PRI_CG_VCPUS, /* all */
	PRI_CG_IOTHREADS,
};

/* A mounted hierarchy. */
struct pri_cg_mount {
	int version;
	int fd;		      /* of its directory */
	char *path;	      /* of its directory, with the root of the context before it */
	char *top;	      /* group that is mounted there, "/" where it is the whole hierarchy */
	uint32_t controllers; /* 1 << enum pri_cg_controller */
	bool recursive;	      /* v2: protection of a group reaches what is below it */
};

struct pri_cg_host;
struct pri_cg_op;

/* How an attribute is served on one version. */
struct pri_cg_way {
	struct pri_serve serve;
	uint8_t controller, level, below;
	const char *file;
	const char *key, *more;	   /* of a keyed file; more: added to it, where it is there */
	uint32_t multiply, divide; /* kernel's unit to ours; 0 as 1 */
	bool zero_is_unset;	   /* 0 in the file is what it is when nobody set it */
	const char *unlimited;	   /* how no limit is written */
	const char *unset;	   /* how "not set" is written, where the core has no default */
	const char *usage;	   /* file with what is in use of a limit */
	const char *untouched;	   /* v2: what the file of a new group says */
	const char *alternative;   /* v2: another file of which the same is true */
	const char *property;	   /* of systemd, where the group is a unit of it */
	const char *absent;	   /* why the kernel may lack the file */
	const char *refusal;	   /* what it means when the kernel says "invalid argument" */
	int (*read)(struct pri_cg_op *op);
	int (*check)(struct pri_cg_op *op);
	int (*write)(struct pri_cg_op *op);
	/* Another change of the batch that has to come before this one, or NULL. */
	struct pri_change *(*first)(const struct pri_cg_op *op);
	/* Where the domain has no group for the controller of this one. */
	const struct pri_cg_way *otherwise;
};

struct pri_cg_row {
	struct pri_cg_way v1, v2, host;
	const char *reason;  /* why it is not served, where it is on neither version */
	const char *v2_only; /* why it is not served on v1 */
};

extern const struct pri_cg_row pri_cg_rows[PRI_ATTR_COUNT];

/* A descriptor of a domain: of a directory, or of a file in one.  Lives as long as the domain, the
 * descriptor itself only as long as it is among those used last. */
struct pri_cg_file {
	struct pri_cg_file *newer, *older; /* of the host, while open */
	const char *name;		   /* static; NULL: the directory itself */
	uint8_t mount, level;
	bool writable;
	char sub[PRI_CG_SUB_MAX];
	int fd; /* -1: not open */
};

enum pri_cg_kind {
	PRI_CG_BY_PATH,
	PRI_CG_BY_PROCESS,
	PRI_CG_BESIDE, /* a domain of the backend that opened the host */
};

struct pri_cg_domain {
	enum pri_cg_kind kind;
	char *name;  /* path below that of the host, "pid:N", or a UUID */
	int process; /* BY_PROCESS: descriptor of /proc/N, which holds the process like a pidfd */
	uint64_t start;	   /* BY_PROCESS: when it started */
	char *memberships; /* BY_PROCESS: its groups when it was located */
	struct pri_place place;
	bool placed;
	bool located;
	char *paths[PRI_CG_MOUNTS_MAX][PRI_CG_LEVELS]; /* below the mount; NULL: has none there */
	struct pri_cg_file **files;
	size_t file_count, file_room;
};

/* A group by the hash of its path, sorted. */
struct pri_cg_name {
	unsigned char hash[16];
	char *name;
};

struct pri_cg_host {
	char *root; /* of the context, "" for none */
	char *path; /* of the URI: "" or "/machine.slice" */
	bool beside;
	bool systemd; /* groups can be units of it */
	struct pri_cg_mount mounts[PRI_CG_MOUNTS_MAX];
	size_t mount_count;
	int mount_of[PRI_CG_CONTROLLERS]; /* index, or -1 */
	const struct pri_cg_way *ways[PRI_ATTR_COUNT];
	/* descriptors, from the one used last to the one to close first */
	struct pri_cg_file *newest, *oldest;
	size_t open_count, open_max;
	/* text of the file that was read last, and which one that was in this call */
	char *text;
	size_t text_room, text_length;
	const struct pri_cg_file *text_of;
	struct pri_cg_name *names;
	size_t name_count;
};

/* One change on its way. */
struct pri_cg_op {
	struct pri_call *call;
	struct pri_cg_host *host;
	struct pri_cg_domain *domain; /* NULL: the host */
	struct pri_change *change;
	const struct pri_cg_way *way;
	struct pri_change *changes; /* of the whole call */
	size_t n;
	struct pri_change *partner; /* out: a change of the same call that was written with it */
	bool stale;		    /* out: the group is not there any more: worth looking again */
};

extern const struct pri_core *const pri_cg_core;

#define pri_cg_fail(op, code, ...)                                                                 \
	(pri_cg_core->fail_change((op)->call, (op)->change, (code), __VA_ARGS__))

static inline const struct pri_cg_way *pri_cg_way_of(const struct pri_change *change)
{
	return (const struct pri_cg_way *)change->serve;
}

/* mounts.c */
/* Fills in mounts, mount_count and mount_of.  -ENOENT when there are none, -ENOMEM, -EIO. */
int pri_cg_mounts_find(struct pri_cg_host *host);
void pri_cg_mounts_clear(struct pri_cg_host *host);
/* "memory", as that version calls it */
const char *pri_cg_controller_name(int controller, int version);
const struct pri_cg_mount *pri_cg_mount_of(const struct pri_cg_host *host, int controller);
/* The line of /proc/PID/cgroup for a mount: copies the path.  False when there is none. */
bool pri_cg_membership(const struct pri_cg_mount *mount, const char *text, char *path, size_t size);

/* backend.c */
/* The whole of a small file below the root of the context; its length, or -errno. */
ssize_t pri_cg_slurp(const char *root, const char *path, char *buffer, size_t size);
/* How many CPUs are online, and the numbers that there may be.  0 or -errno */
int pri_cg_cpu_facts(const struct pri_cg_host *host, struct pri_host_facts *facts);

/* names.c */
/* The UUID of a group, given from the root of the hierarchy. */
void pri_cg_uuid_of_path(const char *path, char uuid[37]);
/* The UUID of a process, and back: false when it is none. */
void pri_cg_uuid_of_process(int pid, uint64_t start, char uuid[37]);
bool pri_cg_process_of_uuid(const char *uuid, int *ret_pid);
/* Keep the names of a list. */
int pri_cg_names_add(struct pri_cg_host *host, const char *uuid, const char *name);
void pri_cg_names_sort(struct pri_cg_host *host);
void pri_cg_names_clear(struct pri_cg_host *host);
const char *pri_cg_names_find(const struct pri_cg_host *host, const char *uuid);

/* domain.c: functions of the table */
int pri_cg_list(struct pri_call *call, pri_add_identity add, void *arg);
int pri_cg_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		  void **ret_domain);
void pri_cg_detach(void *host, void *state);
int pri_cg_state(struct pri_call *call, struct pri_identity *identity);

/* locate.c */
/* Where the domain's groups are, unless it is known.  Fails with a text in call->error. */
int pri_cg_locate(struct pri_call *call, struct pri_cg_host *host, struct pri_cg_domain *domain);
/* Forget it, and close what is open. */
void pri_cg_forget(struct pri_cg_host *host, struct pri_cg_domain *domain);
/* Cut "emulator", "vcpuN" or "iothreadN" off the end of a path; "libvirt" below a scope is the
 * payload: *ret_unit is how long the unit's path is. */
void pri_cg_split_levels(char *path, size_t *ret_unit);
bool pri_cg_is_thread_group(const char *name);
/* Start time of the process behind a descriptor of /proc/PID; 0 when it has ended. */
uint64_t pri_cg_process_start(int process);

/* files.c */
/* A directory below a mount; no link is followed.  A descriptor, or -errno. */
int pri_cg_open_below(int top, const char *path);
/* The directory of a level, and of a group below it ("" for none).  Fails with the change's error. */
int pri_cg_directory(struct pri_cg_op *op, int controller, int level, const char *sub);
/* A file of it. */
int pri_cg_file(struct pri_cg_op *op, const char *sub, const char *name, bool write,
		struct pri_cg_file **ret_file);
/* Its text is in host->text then; shared by all changes of a call that read the same file. */
int pri_cg_text(struct pri_cg_op *op, const char *sub, const char *name);
/* Write a text. */
int pri_cg_put(struct pri_cg_op *op, const char *sub, const char *name, const char *text);
/* The same without an error of the change: -errno. */
int pri_cg_try(struct pri_cg_op *op, const char *sub, const char *name, const char *text);
/* fault.c: say why a file could not be written or read. */
/* 0, or the error of a lack of memory or descriptors, which tells nothing of what was looked for. */
int pri_cg_shortage(struct pri_call *call, int error);
int pri_cg_fail_file(struct pri_cg_op *op, const char *sub, const char *name, int error,
		     const char *doing);
/* Whether a file is in the group. */
bool pri_cg_has_file(struct pri_cg_op *op, const char *sub, const char *name);
bool pri_cg_has_sub(struct pri_cg_op *op, const char *sub);
/* Path of a group for texts, in a buffer of the caller. */
const char *pri_cg_path_text(const struct pri_cg_op *op, char *buffer, size_t size);
void pri_cg_files_clear(struct pri_cg_host *host, struct pri_cg_domain *domain);

/* unit.c */
/* Whether the way goes to a property of the unit that the group at this path is. */
bool pri_cg_unit_of(const struct pri_cg_op *op, const char *path, char *unit);
int pri_cg_unit_set(struct pri_cg_op *op, const char *unit, uint64_t value);
/* The same value as what was just written to the file, so that systemd keeps it. */
int pri_cg_unit_keep(struct pri_cg_op *op, uint64_t value);
/* The same for the change's device, in a property that is a list of devices. */
int pri_cg_unit_keep_device(struct pri_cg_op *op, const char *property, uint64_t value);
/* A property where the group is a unit of systemd, else the text to the file. */
int pri_cg_unit_put(struct pri_cg_op *op, const char *sub, const char *name, const char *text,
		    uint64_t value);

/* enable.c */
/* cgroup.type of the group, "" where it has none. */
void pri_cg_type_of(struct pri_cg_op *op, char *type, size_t size);
/* Whether the controller of the way can be used in the group. */
bool pri_cg_is_enabled(struct pri_cg_op *op);
/* Enable it from the top down (PRALLOC_ENABLE), noting where. */
int pri_cg_enable(struct pri_cg_op *op);
/* Take that back where nothing is set by that controller any more. */
void pri_cg_disable(struct pri_cg_op *op);

/* marks.c: extended attributes "user.pralloc.NAME" of a directory */
#define PRI_CG_MARK_MAX 64
/* False when there is none. */
bool pri_cg_mark_get(int directory, const char *name, char text[PRI_CG_MARK_MAX]);
/* 0 or -errno */
int pri_cg_mark_set(int directory, const char *name, const char *text);
void pri_cg_mark_remove(int directory, const char *name);
/* The groups above the domain's unit, from the one next to it up to below the top of the mount:
 * path is where it is below the mount.  Non-zero: stop and return it. */
int pri_cg_each_above(struct pri_cg_op *op, int controller,
		      int (*visit)(struct pri_cg_op *op, int directory, const char *path,
				   void *arg),
		      void *arg);
/* A small file of a directory: false when it cannot be read. */
bool pri_cg_read_at(int directory, const char *name, char *text, size_t size);
/* 0 or -errno */
int pri_cg_write_at(const struct pri_cg_host *host, int directory, const char *name,
		    const char *text);

/* text.c: pure */
/* A number, "max" or a negative one as PRALLOC_UNLIMITED.  False: neither. */
bool pri_cg_parse_number(const char *text, uint64_t *ret_value);
void pri_cg_print_number(uint64_t value, char text[PRI_CG_NUMBER_MAX]);
/* The value behind "key " at the start of a line. */
bool pri_cg_parse_keyed(const char *text, const char *key, uint64_t *ret_value);
/* The rest of the line behind "MAJ:MIN ", or "default ". */
const char *pri_cg_parse_line(const char *text, const char *key);
/* "rbps" of "rbps=1048576 wbps=max" */
bool pri_cg_parse_nested(const char *line, const char *key, uint64_t *ret_value);
/* "some avg10=1.23" in hundredths of a percent */
bool pri_cg_parse_pressure(const char *text, uint64_t *ret_value);
/* "50000 100000", "max 100000" */
bool pri_cg_parse_bandwidth(const char *text, uint64_t *ret_quota, uint64_t *ret_period);
/* First line of a text without its end, copied; NULL when out of memory. */
char *pri_cg_first_line(const char *text);

/* value.c: functions of the table */
int pri_cg_read(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_cg_check(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_cg_apply(struct pri_call *call, struct pri_change *changes, size_t n);
/* Name of the group below the payload, "" for none. */
int pri_cg_sub(struct pri_cg_op *op, char sub[PRI_CG_SUB_MAX]);
/* All of those, until visit says something else than 0. */
typedef int (*pri_cg_visit_sub)(struct pri_cg_op *op, const char *sub, void *arg);
int pri_cg_each_sub(struct pri_cg_op *op, pri_cg_visit_sub visit, void *arg);
/* A change of the batch that waits, or NULL. */
struct pri_change *pri_cg_waiting(const struct pri_cg_op *op, int attr);
/* Whether what is wanted is what holds when nobody sets anything. */
bool pri_cg_wants_default(const struct pri_change *change);

/* instances.c */
int pri_cg_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		     void *arg);
int pri_cg_resolve(struct pri_call *call, const struct pri_attr *attr, const char *given,
		   char **ret_canonical);
/* "MAJ:MIN" of the change's instance.  Fails with the change's error. */
#define PRI_CG_NUMBERS_MAX 24
int pri_cg_device_numbers(struct pri_cg_op *op, char numbers[PRI_CG_NUMBERS_MAX]);

/* readers and writers of rows */
int pri_cg_number_read(struct pri_cg_op *op);
int pri_cg_number_write(struct pri_cg_op *op);
/* The wanted value as the file takes it. */
void pri_cg_number_text(const struct pri_cg_op *op, uint64_t value, char text[PRI_CG_NUMBER_MAX]);
/* A number of a file of the group; fails with the change's error. */
int pri_cg_number_of(struct pri_cg_op *op, const char *sub, const char *name, uint64_t *ret_value);
int pri_cg_keyed_read(struct pri_cg_op *op);
int pri_cg_pressure_read(struct pri_cg_op *op);
int pri_cg_pss_read(struct pri_cg_op *op);
int pri_cg_pin_read(struct pri_cg_op *op);
int pri_cg_pin_write(struct pri_cg_op *op);
/* v1.c */
int pri_cg_v1_bandwidth_write(struct pri_cg_op *op);
int pri_cg_v1_limit_write(struct pri_cg_op *op);
int pri_cg_v1_limit_check(struct pri_cg_op *op);
int pri_cg_v1_swap_check(struct pri_cg_op *op);
int pri_cg_v1_swap_read(struct pri_cg_op *op);
int pri_cg_v1_swap_write(struct pri_cg_op *op);
struct pri_change *pri_cg_v1_limit_first(const struct pri_cg_op *op);
struct pri_change *pri_cg_v1_swap_first(const struct pri_cg_op *op);
/* v2.c */
int pri_cg_v2_quota_read(struct pri_cg_op *op);
int pri_cg_v2_period_read(struct pri_cg_op *op);
int pri_cg_v2_bandwidth_write(struct pri_cg_op *op);
/* bandwidth.c */
struct pri_cg_bandwidth {
	uint64_t quota, period; /* quota: PRALLOC_UNLIMITED for none */
};
typedef int (*pri_cg_bandwidth_get)(struct pri_cg_op *op, const char *sub,
				    struct pri_cg_bandwidth *now);
typedef int (*pri_cg_bandwidth_put)(struct pri_cg_op *op, const char *sub,
				    const struct pri_cg_bandwidth *now,
				    const struct pri_cg_bandwidth *wanted);
/* Both values of a change and its partner, in each group that they concern. */
int pri_cg_bandwidth_set(struct pri_cg_op *op, pri_cg_bandwidth_get get, pri_cg_bandwidth_put put);
/* lower.c */
/* Write a limit in steps that the kernel can reclaim in time: 0 or the change's error, and then
 * the limit is what it was. */
int pri_cg_lower(struct pri_cg_op *op, const char *name, uint64_t from, uint64_t to);
int pri_cg_lower_write(struct pri_cg_op *op);
int pri_cg_protect_read(struct pri_cg_op *op);
int pri_cg_protect_check(struct pri_cg_op *op);
int pri_cg_protect_write(struct pri_cg_op *op);
/* weight.c */
int pri_cg_weight_read(struct pri_cg_op *op);
int pri_cg_weight_check(struct pri_cg_op *op);
int pri_cg_weight_write(struct pri_cg_op *op);
/* throttle.c */
int pri_cg_v1_throttle_read(struct pri_cg_op *op);
int pri_cg_v1_throttle_write(struct pri_cg_op *op);
int pri_cg_v2_throttle_read(struct pri_cg_op *op);
int pri_cg_v2_throttle_write(struct pri_cg_op *op);
/* iostat.c */
int pri_cg_v1_iostat_read(struct pri_cg_op *op);
int pri_cg_v2_iostat_read(struct pri_cg_op *op);
int pri_cg_meminfo_read(struct pri_cg_op *op);
int pri_cg_cpus_read(struct pri_cg_op *op);
int pri_cg_ksm_read(struct pri_cg_op *op);
int pri_cg_ksm_write(struct pri_cg_op *op);

#endif /* PRI_CGROUP_H */
