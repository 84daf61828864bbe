/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fake backend: domains in memory, every attribute, and directives that make it misbehave.
 * It is also the template of a new backend: each file does one thing that every backend does.
 *
 *   fake.c       the table of functions; open, close, the host's facts
 *   rows.c       which attributes are served, and how each is read and written
 *   domain.c     identities, attaching, lifecycle, instances
 *   value.c      read, check, apply: one change after the other
 *   store.c      the values that were set, live and persistent
 *   balloon.c    what takes time: the balloon, and memory that is plugged
 *   readings.c   what can only be read
 *   directive.c  the words of <pralloc/fake.h>, and what they do
 *   inject.c     the faults that are in force
 *   event.c      telling what happens, whoever did it
 *   pending.c    calls that take time without anybody waiting for them
 */
#ifndef PRI_FAKE_H
#define PRI_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "util/cleanup.h"

#define PRI_FAKE_MIB (UINT64_C(1) << 20)
#define PRI_FAKE_GIB (UINT64_C(1) << 30)

#define PRI_FAKE_DOMAINS_DEFAULT 3
#define PRI_FAKE_DOMAINS_MAX 100000

/* What every domain and the host have. */
#define PRI_FAKE_MEMORY_START PRI_FAKE_GIB
#define PRI_FAKE_MEMORY_MAXIMUM (2 * PRI_FAKE_GIB)
#define PRI_FAKE_VCPUS_START 2
#define PRI_FAKE_VCPUS_MAXIMUM 4
#define PRI_FAKE_HOST_CPUS 8
#define PRI_FAKE_HOST_MEMORY (64 * PRI_FAKE_GIB)
#define PRI_FAKE_DEVICE "/dev/fake0"
#define PRI_FAKE_DISK "vda"
#define PRI_FAKE_LINK "fakebr0"
#define PRI_FAKE_VIRTIO_MEM "virtiomem0"
#define PRI_FAKE_VIRTIO_SIZE PRI_FAKE_GIB
#define PRI_FAKE_VIRTIO_BLOCK (2 * PRI_FAKE_MIB)

/* A served attribute: what the core sees, and how it is done here. */
struct pri_fake_row {
	struct pri_serve serve;
	int (*read)(const struct pri_call *call, struct pri_change *change);
	int (*write)(const struct pri_call *call, const struct pri_change *change);
	/* of a reading that grows: at the start, and per second of uptime */
	uint64_t base, per_second;
};

/* One value that was set. */
struct pri_fake_entry {
	int16_t attr;
	uint8_t slot; /* 0: without instance; else number of the instance + 1 */
	bool config;
	struct pri_value value;
};

/* The values of a domain or of the host.  Empty until something is set, so that a domain costs
 * nothing until somebody touches it. */
struct pri_fake_store {
	struct pri_fake_entry *entries;
	size_t count, room;
};

/* The balloon moves from start_bytes, where it was at start_ns, to target_bytes. */
struct pri_fake_balloon {
	uint64_t start_bytes, start_ns;
	uint64_t target_bytes;
	uint64_t rate_per_sec; /* 0: at once */
	uint64_t stall_bytes;  /* the guest gives nothing below; 0: gives all */
	uint64_t used_bytes;   /* what the guest needs itself */
	bool no_driver;
};

enum pri_fake_fate {
	PRI_FAKE_PRESENT,
	PRI_FAKE_VANISHED,
	PRI_FAKE_REPLACED,
};

struct pri_fake_domain {
	unsigned int references; /* the host's, and one for each attached handle */
	uint32_t number;	 /* N of vmN */
	uint32_t generation;	 /* how many of this name were replaced before */
	enum pri_fake_fate fate;
	bool running;
	bool migrating;
	uint64_t starts; /* the incarnation when running */
	uint64_t start_ns;
	uint64_t told_bytes; /* size of the balloon that was posted last */
	struct pri_fake_balloon balloon;
	struct pri_fake_balloon virtio_mem; /* what is plugged moves in the same way */
	struct pri_fake_store store;
};

/* What a directive can make happen again or later. */
enum pri_fake_fault_kind {
	PRI_FAKE_FAIL,
	PRI_FAKE_FAILREAD,
	PRI_FAKE_REFUSE,
	PRI_FAKE_LIE,
	PRI_FAKE_LOSE,
	PRI_FAKE_DELAY,
	PRI_FAKE_EVENT,
	PRI_FAKE_LATER,
};

/* Why nothing of a domain that migrates is changed. */
#define PRI_FAKE_BUSY "it is being migrated to another host"

struct pri_fake_host;

struct pri_fake_fault {
	enum pri_fake_fault_kind kind;
	uint32_t domain; /* number; 0: any */
	int attr;	 /* enum pri_attr_id or PRI_ATTR_NONE: any */
	uint64_t at;	 /* so many matching calls to go; 0: each one */
	int error;	 /* FAIL, FAILREAD, REFUSE: negative errno */
	bool effect;	 /* FAIL, LOSE: the write takes effect */
	uint64_t ms;	 /* DELAY, LOSE */
	uint64_t due_ns; /* LATER */
	/* EVENT, LATER: what happens, and to which domain (number) */
	uint32_t object;
	int (*event)(struct pri_fake_host *host, struct pri_fake_domain *domain);
};

/* A write that was given up, and is under way. */
struct pri_fake_late {
	uint64_t due_ns; /* 0: there is none */
	bool effect;
	uint32_t domain;	  /* number; 0: the host */
	char *instance;		  /* of change */
	struct pri_change change; /* its text is its own */
};

struct pri_fake_host {
	uint32_t count;			  /* domains vm1 to vmN */
	struct pri_fake_domain **domains; /* NULL: as it was made, never touched */
	uint64_t start_ns;
	struct pri_fake_store store; /* of the host's own attributes */
	struct pri_fake_fault *faults;
	size_t fault_count;
	struct pri_event_queue *events; /* NULL: nobody listens */
	int notice_fd;			/* of pri_fake_notice(); -1: nobody waits */
	bool disconnected;
	uint64_t memory_bytes; /* that a directive says it has; 0: room for all */
	struct pri_fake_late late;
	bool delayed; /* the time that the next call takes has passed already */
};

/* The services of the core.  A loadable module gets them through its entry function. */
extern const struct pri_core *const pri_fake_core;

/* fake.c: total size, and the sum of what the running domains have */
uint64_t pri_fake_host_memory(const struct pri_fake_host *host);
uint64_t pri_fake_host_committed(const struct pri_fake_host *host);

/* rows.c */
const struct pri_fake_row *pri_fake_row(int attr);

/* domain.c */
void pri_fake_identify(uint32_t number, const struct pri_fake_domain *domain,
		       struct pri_identity *identity);
/* The domain of a name or UUID, made when it was never touched.  -ENOENT or -ENOMEM. */
int pri_fake_domain_find(struct pri_fake_host *host, const char *name,
			 struct pri_fake_domain **ret_domain);
void pri_fake_domain_unref(struct pri_fake_domain *domain);
/* Whether call->domain is still there; 0 for the host.  *ret_why is static. */
int pri_fake_domain_present(const struct pri_call *call, const char **ret_why);
/* How many vCPUs it has: now, or by its persistent configuration. */
uint64_t pri_fake_vcpus(const struct pri_fake_domain *domain, bool config);
int pri_fake_restart(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_start(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_stop(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_reboot(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_migrate(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_migrating(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_vanish(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_replace(struct pri_fake_host *host, struct pri_fake_domain *domain);
/* Functions of the table. */
int pri_fake_list(struct pri_call *call, pri_add_identity add, void *arg);
int pri_fake_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		    void **ret_domain);
void pri_fake_detach(void *host, void *domain);
int pri_fake_state(struct pri_call *call, struct pri_identity *identity);
int pri_fake_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		       void *arg);

/* value.c */
int pri_fake_value_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_value_write(const struct pri_call *call, const struct pri_change *change);
/* What a domain starts with: the persistent value, else that of a new domain. */
uint64_t pri_fake_start_value(const struct pri_fake_domain *domain, int attr);
int pri_fake_read(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_fake_check(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_fake_apply(struct pri_call *call, struct pri_change *changes, size_t n);

/* store.c */
const struct pri_value *pri_fake_store_find(const struct pri_fake_store *store, int attr,
					    unsigned int slot, bool config);
int pri_fake_store_put(struct pri_fake_store *store, int attr, unsigned int slot, bool config,
		       const struct pri_value *value);
/* Forget the live values; the persistent ones take their place. */
int pri_fake_store_restart(struct pri_fake_store *store);
void pri_fake_store_clear(struct pri_fake_store *store);

/* balloon.c */
uint64_t pri_fake_balloon_actual(const struct pri_fake_balloon *balloon, uint64_t now_ns);
/* From here on the balloon has that size and stays there. */
void pri_fake_balloon_begin(struct pri_fake_balloon *balloon, uint64_t bytes, uint64_t now_ns);
/* To be called before anything that decides on the movement changes. */
void pri_fake_balloon_settle(struct pri_fake_balloon *balloon, uint64_t now_ns);
/* Undo what directives did: no rate, no stall, the usual need, a driver. */
void pri_fake_balloon_behave(struct pri_fake_balloon *balloon);
int pri_fake_balloon_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_balloon_write(const struct pri_call *call, const struct pri_change *change);
/* Of a domain that starts. */
void pri_fake_virtio_begin(struct pri_fake_domain *domain, uint64_t now_ns);
int pri_fake_plugged_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_virtio_write(const struct pri_call *call, const struct pri_change *change);
int pri_fake_wait(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_fake_arrived(struct pri_call *call, struct pri_change *changes, size_t n);

/* readings.c: how the rows of readings are read */
int pri_fake_counter_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_memory_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_guest_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_maximum_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_host_read(const struct pri_call *call, struct pri_change *change);
int pri_fake_committed_read(const struct pri_call *call, struct pri_change *change);

/* event.c: what tells does nothing where nobody listens */
void pri_fake_tell(struct pri_fake_host *host, const struct pri_fake_domain *domain, int type);
/* A live value was written. */
void pri_fake_tell_setting(const struct pri_call *call, const struct pri_change *change);
/* The balloon, where it has another size than what was told last. */
void pri_fake_tell_balloon(struct pri_fake_host *host, struct pri_fake_domain *domain);
/* domain is NULL in both. */
int pri_fake_connect(struct pri_fake_host *host, struct pri_fake_domain *domain);
int pri_fake_disconnect(struct pri_fake_host *host, struct pri_fake_domain *domain);
/* Somebody else sets a value; told, of a live one: and there is an event of it. */
int pri_fake_set(struct pri_fake_host *host, struct pri_fake_domain *domain,
		 const struct pri_attr *attr, const char *text, uint32_t mode, bool told,
		 char **error);
/* Functions of the table. */
int pri_fake_notice(struct pri_call *call, int *ret_fd);
int pri_fake_listen(struct pri_call *call, struct pri_event_queue *queue);
void pri_fake_look(struct pri_call *call);

/* directive.c */
/* Obey one directive.  Fails into *error as pri_set_error does. */
int pri_fake_directive(struct pri_fake_host *host, const char *text, char **error);

/* inject.c */
int pri_fake_fault_add(struct pri_fake_host *host, const struct pri_fake_fault *fault);
void pri_fake_fault_clear(struct pri_fake_host *host);
/* Count a call or change against the faults of a kind; true with the one that is due. */
bool pri_fake_fault_due(struct pri_fake_host *host, enum pri_fake_fault_kind kind,
			const struct pri_call *call, const struct pri_change *change,
			struct pri_fake_fault *ret_fault);
/* The answer of this write is lost: the call's error. */
int pri_fake_lose(struct pri_call *call, struct pri_change *change,
		  const struct pri_fake_fault *fault);
void pri_fake_late_clear(struct pri_fake_host *host);
/* Make the events happen that wait for this write. */
int pri_fake_events(const struct pri_call *call);
/* Make those happen whose time has come. */
void pri_fake_later(struct pri_fake_host *host);
/* The time that directives ask for. */
uint64_t pri_fake_delay_ns(const struct pri_call *call);
/* Take it, up to the deadline. */
void pri_fake_delay(struct pri_call *call);
/* Start of every call but wait: delays and the deadline. */
int pri_fake_enter(struct pri_call *call);
/* Sleep, but not beyond the deadline. */
void pri_fake_sleep(const struct pri_call *call, uint64_t ns);

/* pending.c */
int pri_fake_begin(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		   struct pri_pending *pending);
int pri_fake_finish(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		    struct pri_identity *identity, struct pri_pending *pending);

#endif /* PRI_FAKE_H */
