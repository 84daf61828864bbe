/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The backend contract.
 *
 * A backend is a table of the attributes that it serves and a handful of functions that read and
 * write them.  The core has done everything else before it calls one: handles, flags, names,
 * instances, ranges, the grain of the row, order, and it does everything after: comparing what
 * was read back, undoing, error prefixes.  So a backend
 *
 *   - checks no argument again;
 *   - returns 0 or a negative errno of the set in <pralloc/base.h>, with a text through
 *     core->fail or core->fail_change;
 *   - returns at call->deadline_ns at the latest, with -ETIMEDOUT;
 *   - keeps nothing that the core passed in beyond the call;
 *   - undoes nothing: it reports for each change whether it took effect, or that it is not known.
 *
 * All functions are called by one thread at a time per host.  The fake backend (fake/) shows the
 * least that a backend has to do; doc/adding-a-backend.md leads through it.
 *
 * A backend in a loadable module exports one function of type pri_backend_entry named by
 * PRI_BACKEND_ENTRY, which carries the number of this contract: a module of another number does
 * not load.  Everything that it needs from the core comes in struct pri_core.
 */
#ifndef PRI_BACKEND_H
#define PRI_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"

#define PRI_BACKEND_ABI 4

struct pri_call;
struct pri_change;
struct pri_event;
struct pri_event_queue;
struct pri_place;
struct pri_target;

/* Receive one link: a network and the bridge that it is now, or a bridge (both the same).  Non-zero:
 * stop and return it. */
typedef int (*pri_add_link)(void *arg, const char *link, const char *bridge);

/* A value inside the library.  A text is malloc'ed and belongs to whoever holds the value;
 * number is PRALLOC_DEFAULT for a text that is not set. */
struct pri_value {
	uint64_t number;
	char *text;
};

/* What the core lends to a backend.  None of these may be called from another thread than the
 * one that called the backend, except the three for events, and fail_change and fail on a call and
 * changes of the backend's own. */
struct pri_core {
	uint32_t abi; /* PRI_BACKEND_ABI */
	uint32_t size;

	/* The whole attribute table, indexed by enum pri_attr_id. */
	const struct pri_attr *attrs;

	/* Note why the whole call failed and return code.  The text says cause and remedy in one
	 * line; the core puts the operation and the backend's name before it.  A later text
	 * replaces an earlier one.  code is negative. */
	int (*fail)(struct pri_call *call, int code, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

	/* The same for one change: sets change->error.  The core puts attribute, instance, target
	 * and the backend's name before it. */
	int (*fail_change)(const struct pri_call *call, struct pri_change *change, int code,
			   const char *format, ...) __attribute__((format(printf, 4, 5)));

	/* Store a text in a value, freeing the former one (text NULL: just free).  0 or -ENOMEM. */
	int (*value_set_text)(struct pri_value *value, const char *text);

	/* Log a line at enum pr_log_level. */
	void (*log)(const struct pri_call *call, int level, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

	/* Monotonic clock, nanoseconds: the clock of deadlines. */
	uint64_t (*now_ns)(void);

	/* Queue an event; everything in it is copied.  From any thread, never blocks, never fails:
	 * when there is no room the core tells that events were lost. */
	void (*event_post)(struct pri_event_queue *queue, const struct pri_event *event);
	/* Hold the queue, and let it go: from any thread, also after close(). */
	void (*event_ref)(struct pri_event_queue *queue);
	void (*event_unref)(struct pri_event_queue *queue);

	/* For a backend that stands beside the one that opened the host: where the call's domain
	 * runs, from that one.  May cost a round trip: remember it until it proves stale.
	 * Returns 0 with *place to be given to place_clear, -ENOTCONN when the domain does not
	 * run, or another error with its text in call->error. */
	int (*place)(struct pri_call *call, struct pri_place *place);
	void (*place_clear)(struct pri_place *place);
	/* The links that the backend that opened the host knows by name; none is no error. */
	int (*links)(struct pri_call *call, pri_add_link add, void *arg);

	/* Hold the lock of a name (a link, a group) against other processes and other hosts of
	 * this one, until unlock or the end of the process.  Waits for a short holder.
	 * -EBUSY, with the PID of the holder in call->error; -EACCES where locks cannot be made.
	 * Not for reading. */
	int (*lock)(struct pri_call *call, const char *name, int *ret_fd);
	void (*unlock)(int fd);
};

/* What every function of a backend gets. */
struct pri_call {
	const struct pri_backend *backend;
	void *host;	      /* state of the host, as open() returned it; NULL in open() */
	void *domain;	      /* state of the domain, as attach() returned it; NULL for the host */
	const char *target;   /* name of the domain for texts, or "@host" */
	uint64_t deadline_ns; /* monotonic */
	struct pr_ctx *ctx;   /* for core->log, opaque */
	char *error;	      /* out: text of core->fail; malloc'ed, freed by the core */
	bool read_only;	      /* the host was opened with PRALLOC_READ_ONLY */
	/* Put before every absolute path of the machine that is looked at: "" or a directory with
	 * a tree for tests (pr_ctx_set_root). */
	const char *root;
	const struct pri_target *of; /* for core->place and core->links, opaque */
	/* The same in all calls of one short public call, so that what was looked at in the first
	 * one still holds; 0: not known. */
	uint64_t number;
	/* arrived(): the start of the domain that is waited for; 0: whichever it is. */
	uint64_t incarnation;
};

/* Values that can be set. */
struct pri_range {
	uint64_t min, max;
};

/*
 * One attribute (and instance) to read or write.
 */
struct pri_change {
	const struct pri_attr *attr;
	const struct pri_serve *serve; /* the backend's own row, as serve() returned it */
	const char *instance;	       /* canonical, "" for none or all */
	uint32_t mode;		       /* PRALLOC_LIVE or PRALLOC_CONFIG, one of them */
	bool verify;		       /* in, apply: read back into held after the write */
	/* in, check: the same plan sets the rate of the link, so what that is now does not count */
	bool link_planned;
	/* in, check and apply: of PRALLOC_ALLOW_INEFFECTIVE, PRALLOC_ALLOW_HARM,
	 * PRALLOC_ANCESTORS, PRALLOC_ENABLE and PRALLOC_REPLACE those that the caller gave */
	uint32_t flags;
	/* in, apply: already on the grain of the row.  UNLIMITED and DEFAULT come as they are;
	 * a live DEFAULT comes as PRALLOC_DEFAULT only where the core table has no default. */
	struct pri_value wanted;
	/* out: what read() found, or apply() read back.  API units, PRALLOC_UNLIMITED for no
	 * limit, PRALLOC_DEFAULT for not set. */
	struct pri_value held;
	/* out, read: what can be set now, where that is less than the row says because it depends
	 * on more than the host, such as the scheduler of a disk; static.  NULL: what the row
	 * says. */
	const struct pri_range *range;
	bool took; /* out, apply: the write took effect (also when something failed after it) */
	/* out, apply, with took and an error: nobody knows whether the write took effect, or
	 * whether it still will, because its answer was lost. */
	bool unsure;
	int error;  /* out: 0 or a negative errno */
	char *text; /* out: text of core->fail_change; malloc'ed, freed by the core */
};

/* PRI_SERVE_*: what a row can do. */
#define PRI_SERVE_READ (UINT32_C(1) << 0)	  /* read live */
#define PRI_SERVE_WRITE (UINT32_C(1) << 1)	  /* write live */
#define PRI_SERVE_READ_CONFIG (UINT32_C(1) << 2)  /* read persistent */
#define PRI_SERVE_WRITE_CONFIG (UINT32_C(1) << 3) /* write persistent */
/* check() has something to say before a live write. */
#define PRI_SERVE_PRECHECK (UINT32_C(1) << 4)
/* Nothing gives a domain that starts its persistent value: pr_domain_restore() does. */
#define PRI_SERVE_RESTORE (UINT32_C(1) << 5)
/* Of a backend beside the one that opened the host: serves live what that one does worse. */
#define PRI_SERVE_PREFER (UINT32_C(1) << 6)
/* Writing it is one step that needs no other value: it is done without the domain's lock where
 * nobody holds that. */
#define PRI_SERVE_SINGLE (UINT32_C(1) << 7)
/* check() has something to say before a persistent write. */
#define PRI_SERVE_PRECHECK_CONFIG (UINT32_C(1) << 8)
#define PRI_SERVE_ALL                                                                              \
	(PRI_SERVE_READ | PRI_SERVE_WRITE | PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG)

/* A served attribute.  Backends embed it as the first member of a row of their own. */
struct pri_serve {
	int attr;	/* enum pri_attr_id */
	uint32_t modes; /* PRI_SERVE_* */
	/* Range where it is smaller than the core table's; 0, 0: the core table's. */
	uint64_t min, max;
	/* The scale.  Raw values are what the backend writes; raw = value / grain to nearest, or
	 * encode() for a scale that is not linear, with decode() for the way back.  decode must
	 * grow with raw.  grain 0 and no encode: any value. */
	uint64_t grain;
	uint64_t (*encode)(uint64_t value);
	uint64_t (*decode)(uint64_t raw);
	const char *no_write; /* why a writable attribute is not served in each mode, or NULL */
	/* The row of the modes that this backend serves otherwise, or only, where
	 * pr_host_set_route has chosen it; NULL: none. */
	const struct pri_serve *chosen;
	/* What it reads as when nobody has set it, where the core table has no default: 0 or
	 * PRALLOC_DEFAULT where it reads as that. */
	uint64_t unset;
};

/* Something that happened (enum pr_event_type). */
struct pri_event {
	int type;
	const char *uuid, *name; /* of the domain; NULL: it concerns the host */
	int attr;		 /* enum pri_attr_id, or PRI_ATTR_NONE */
	const char *instance;	 /* canonical, or NULL */
	/* API units, as in held; NULL: not known. */
	const struct pri_value *before, *after;
};

/* Who a domain is. */
#define PRI_NAME_MAX 256
struct pri_identity {
	char uuid[37];
	char name[PRI_NAME_MAX];
	int state;	      /* enum pr_domain_state */
	uint64_t incarnation; /* another number after every start; 0 when not running */
	/* Of state(): static text why nothing of it may be changed for now ("it is being migrated
	 * to another host"), or NULL. */
	const char *busy;
};

/* A network interface of a running domain; what is not known is NULL. */
struct pri_place_nic {
	char *mac;    /* lower case */
	char *tap;    /* the interface of this machine */
	char *alias;  /* "net0" */
	char *link;   /* network, bridge or device as the domain names it: the canonical link */
	char *bridge; /* of a network */
	char *type;   /* as libvirt names it: "bridge", "network", "direct", "vhostuser", … */
};

/* A disk of a running domain that is a file or a device of this machine. */
struct pri_place_disk {
	char *target; /* "vda" */
	char *source; /* path */
	char *alias;
};

/* Where a domain runs. */
struct pri_place {
	int pid;	      /* of its process; 0: not known */
	uint64_t incarnation; /* as in struct pri_identity */
	struct pri_place_nic *nics;
	struct pri_place_disk *disks;
	size_t nic_count, disk_count;
};

/* What a host is. */
struct pri_host_facts {
	uint32_t cpus;	      /* online */
	uint32_t cpu_numbers; /* one more than the highest CPU number; 0: the same as cpus */
	uint32_t domains, running;
	uint64_t memory_bytes, free_bytes, committed_bytes;
	int cgroup_version; /* 1, 2, or 0 */
};

/* Receive one domain (list) or one instance (instances).  Non-zero: stop and return it. */
typedef int (*pri_add_identity)(void *arg, const struct pri_identity *identity);
/* aliases: other names that a person may use, NULL-terminated, or NULL. */
typedef int (*pri_add_instance)(void *arg, const char *canonical, const char *const *aliases);

/* What begin() can begin: the function of the same name. */
enum pri_op {
	PRI_OP_READ = 1,
	PRI_OP_CHECK,
	PRI_OP_APPLY,
	PRI_OP_ARRIVED,
	PRI_OP_STATE,
};

/* A call that goes on by itself. */
struct pri_pending {
	int fd;	   /* readable as soon as finish() has an answer; stays the backend's */
	void *job; /* the backend's own */
};

struct pri_backend {
	const char *name; /* "libvirt" */

	/* Whether open() is to be tried for this URI.  Must not block. */
	bool (*claims)(const char *uri);

	/* Connect.  *ret_host is passed in call->host from then on.  May block up to the
	 * deadline. */
	int (*open)(struct pri_call *call, const char *uri, void **ret_host);
	/* The same beside the backend that has opened the host, which is proven to be this
	 * machine.  What cannot be had is a reason of serve(); an error leaves this backend out,
	 * and is logged.  NULL: never beside another. */
	int (*open_beside)(struct pri_call *call, void **ret_host);
	/* Forget the connection.  Must not block, also when a call hangs. */
	void (*close)(void *host);
	/* Whether the host is proven to be this machine, as open() found out.  NULL: it always is,
	 * and no backend may stand beside this one. */
	bool (*is_local)(void *host);

	/* The row that serves an attribute on this host, or NULL with a static one-line reason; a
	 * backend that stands beside another gives none (NULL) for what it never serves.
	 * Must not block: what has to be probed is probed in open().  The answer may change only
	 * with set_cgroup_version. */
	const struct pri_serve *(*serve)(void *host, int attr, const char **ret_reason);

	/* Size and use of the host. */
	int (*facts)(struct pri_call *call, struct pri_host_facts *facts);

	/* NULL where it does not matter.  -EBUSY when the opposite is known. */
	int (*set_cgroup_version)(struct pri_call *call, int version);

	/* All domains, running or not. */
	int (*list)(struct pri_call *call, pri_add_identity add, void *arg);

	/* Find a domain by UUID or name; *ret_domain is passed in call->domain from then on.
	 * Beside another backend, name is the UUID, *identity comes filled in and stays, and what
	 * has to be known of the domain is asked for when it is needed (core->place). */
	int (*attach)(struct pri_call *call, const char *name, struct pri_identity *identity,
		      void **ret_domain);
	/* Must not block. */
	void (*detach)(void *host, void *domain);

	/* Who the attached domain is now.  -ENOENT when it is gone, -ESTALE when its name belongs
	 * to another UUID. */
	int (*state)(struct pri_call *call, struct pri_identity *identity);

	/* Where the attached domain runs, for the backends beside this one; strings are malloc'ed.
	 * -ENOTCONN when it does not run.  NULL where is_local is. */
	int (*place)(struct pri_call *call, struct pri_place *place);
	/* The links that have names here.  NULL: none. */
	int (*links)(struct pri_call *call, pri_add_link add, void *arg);

	/* The instances that an attribute has in the domain (or on the host, call->domain NULL). */
	int (*instances)(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
			 void *arg);
	/* The canonical name (malloc'ed) of an instance that a person gave, where not every name can
	 * be listed, such as the paths on a device.  0 with NULL: search the instances().  NULL
	 * where they have all names. */
	int (*resolve)(struct pri_call *call, const struct pri_attr *attr, const char *given,
		       char **ret_canonical);

	/* Read changes[0..n-1], all of the same target, into held.  Returns 0 when each change
	 * has its error set, else an error for all. */
	int (*read)(struct pri_call *call, struct pri_change *changes, size_t n);

	/* What only the backend can know stands against these changes (rows with
	 * PRI_SERVE_PRECHECK, persistent ones those with PRI_SERVE_PRECHECK_CONFIG, all of one
	 * target in one call): sets the error of each such change.  A weight that cannot act is
	 * -EOPNOTSUPP unless change->flags has PRALLOC_ALLOW_INEFFECTIVE, harm -ENOSPC unless
	 * PRALLOC_ALLOW_HARM, what somebody else made -EBUSY unless PRALLOC_REPLACE.  Whether
	 * the sum of several is too much is the core's to say (plan_sum.c), which knows what else
	 * a plan changes.  Changes nothing.  Result as read().  NULL where no row has one of the two. */
	int (*check)(struct pri_call *call, struct pri_change *changes, size_t n);

	/* Write changes[0..n-1], all of the same target and mode, in this order as far as it
	 * matters, as few system calls as possible; stops at the first failure.  Sets took and
	 * error of each change; those not tried have took false and error -ECANCELED.  With
	 * verify, a change that took is read back into held.  Result as read().  A write whose
	 * answer is lost (the deadline passed while it was under way, the connection broke) is
	 * unsure, also when the error is one for all; nothing more of the call is begun then, and
	 * every later call of the host either comes after that write or fails.  An error for all
	 * without unsure changes: nothing was written. */
	int (*apply)(struct pri_call *call, struct pri_change *changes, size_t n);

	/* Wait until the asynchronous changes[0..n-1] (rows with PRALLOC_ATTR_ASYNC) of one target
	 * have arrived; held is what was reached, also in a change with -ETIMEDOUT.  Result as
	 * read().  NULL where no such row is served. */
	int (*wait)(struct pri_call *call, struct pri_change *changes, size_t n);

	/*
	 * From now on, until close(), post to the queue what happens on the host.  Called once at
	 * most.  Post everything, also what the host handle itself has caused: the core knows what
	 * it wrote, and compares what it wrote where no event comes.  A connection that is lost is
	 * posted once, opened again without being asked, and posted when it is back.  NULL: the
	 * host has no events.
	 */
	int (*listen)(struct pri_call *call, struct pri_event_queue *queue);
	/* After listen(): look for what nobody tells, and post it.  Called whenever somebody asks
	 * for events and none waits, and every 2 s.  Must not block.  NULL where everything is
	 * told. */
	void (*look)(struct pri_call *call);

	/* wait() with a single look: held is what is reached, error 0 in a change that has arrived,
	 * -EINPROGRESS in one that is on its way.  -EAGAIN for all when the domain has been started
	 * again since call->incarnation: nothing of what was written is there any more.  NULL where
	 * wait is. */
	int (*arrived)(struct pri_call *call, struct pri_change *changes, size_t n);

	/*
	 * Begin one of the functions of enum pri_op without waiting for its answer, so that a plan
	 * over several hosts has a call under way on each.  One at a time per host; other calls of
	 * the host may come meanwhile, and wait for it.  Returns 1 with *pending filled in when it
	 * was begun; 0 when calling the function itself is as good; or an error.  NULL: the
	 * functions themselves do not block for long.
	 */
	int (*begin)(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		     struct pri_pending *pending);
	/* Called once after a begin() that returned 1, with the same call and changes, when
	 * pending->fd is readable or the deadline has passed (-ETIMEDOUT: the answer goes lost).
	 * Result as of the function that was begun; identity is what PRI_OP_STATE is for. */
	int (*finish)(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		      struct pri_identity *identity, struct pri_pending *pending);

	/* A descriptor that becomes readable whenever something has happened to a domain that is
	 * waited for, so that it is worth a look.  Belongs to the backend, is watched for edges and
	 * never read, until close().  NULL, or an error: nothing tells, looks are made in intervals. */
	int (*notice)(struct pri_call *call, int *ret_fd);

	/* The domains live in this process, so no lock keeps other processes from them. */
	bool private_domains;
};

#define PRI_BACKEND_ENTRY pri_backend_entry_5
#define PRI_BACKEND_ENTRY_NAME "pri_backend_entry_5"
typedef const struct pri_backend *(*pri_backend_entry)(const struct pri_core *core);

#endif /* PRI_BACKEND_H */
