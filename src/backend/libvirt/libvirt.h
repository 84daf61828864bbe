/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the libvirt backend share.
 *
 * The backend's functions run in the caller's thread and only make jobs (job.c) for the host's
 * worker (worker.c).  Everything below the line "worker" in this header runs in the worker, on
 * copies of what the caller passed in; it alone makes libvirt calls of a host.
 */
#ifndef PRI_LIBVIRT_H
#define PRI_LIBVIRT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "backend/backend.h"
#include "backend/libvirt/worker.h"
#include "util/cleanup.h"

#define PRI_LV_TEXT_MAX 512
/* Kinds of events that a host listens to. */
#define PRI_LV_EVENTS 7
/* A connection that could not be opened again is tried after that time. */
#define PRI_LV_RETRY_NS UINT64_C(1000000000)

/* Drivers whose abilities are known to differ; bits, so that a row can name several. */
enum pri_lv_driver {
	PRI_LV_QEMU = 1,
	PRI_LV_TEST = 2,
	PRI_LV_LXC = 4,
	PRI_LV_OTHER = 8,
};

struct pri_wake;
struct pri_lv_job;
struct pri_lv_xml;

/* One host. */
struct pri_lv_host {
	struct pri_worker *worker;
	struct pri_lv_job *spare; /* the caller's, to save an allocation per call */
	char *uri;
	bool read_only;
	/* written once by the open job, read by the caller after it */
	int driver;		/* enum pri_lv_driver */
	bool local;		/* proven to be this machine */
	unsigned int cpu_count; /* numbers of CPUs go from 0 to cpu_count - 1 */
	struct pri_wake *wake;
	/* the caller's after open */
	int cgroup_version;
	bool cgroup_known; /* found out, not told */
	/* the worker's */
	virConnectPtr conn;
	bool lost;	      /* conn is dead */
	uint64_t reopened_ns; /* when a lost connection was made again; 0: never */
	int callbacks[PRI_LV_EVENTS];
	bool own_loop;	   /* the event loop is ours */
	bool wants_events; /* from the next pri_lv_ensure() on */
	/* Left to the worker by pri_lv_notice(), once; the flag is the caller's thread's. */
	struct pri_task listen_task;
	bool listen_asked;
	bool listening;		 /* for events, as far as there are any */
	bool close_watched;	 /* the close callback is registered */
	bool events;		 /* lifecycle events arrive, in a thread of our own */
	unsigned int generation; /* of conn; what was looked up through an older one is dead */
};

/* One attached domain.  All but uuid belongs to the worker. */
struct pri_lv_domain {
	struct pri_task task; /* its release */
	char uuid[VIR_UUID_STRING_BUFLEN];
	char name[PRI_NAME_MAX];
	virDomainPtr ptr;
	unsigned int generation;
	/* the XML of the running domain, while no event says that it may have changed */
	struct pri_lv_xml *xml;
	unsigned int xml_generation;
	unsigned int xml_changes; /* pri_wake_changes() before it was fetched */
};

/* Why something failed, before it is known whose text it becomes. */
struct pri_lv_fault {
	int code;
	bool lost;	  /* the connection is dead */
	bool undelivered; /* and the request surely never reached the other side */
	bool gone;	  /* there is no such domain */
	bool early;	  /* a daemon that was just restarted does not know yet */
	bool unsure;	  /* of a write: nobody knows whether it took effect */
	char text[PRI_LV_TEXT_MAX];
};

/* The changes of one family in a call. */
struct pri_lv_op {
	struct pri_lv_host *host;
	struct pri_lv_domain *domain; /* NULL: the host */
	virDomainPtr ptr;	      /* of domain; valid in the family's functions */
	struct pri_lv_job *job;
	const struct pri_call *call;
	struct pri_change **changes;
	size_t n;
	uint32_t mode;
	unsigned int affect; /* VIR_DOMAIN_AFFECT_* */
	bool writes;
	bool begun; /* the family's function was called */
	struct pri_lv_fault fault;
};

/*
 * A family: the attributes that one libvirt call reads or writes.  Each function gets all of
 * the changes at once and returns 0, or -1 when a libvirt call failed; a failure of its own it
 * puts into op->fault.code and text (pri_lv_fail) and returns -1 too.  read() sets held or the
 * error of each change; write() sets took.
 */
struct pri_lv_family {
	int (*read)(struct pri_lv_op *op);
	int (*write)(struct pri_lv_op *op);
	int (*check)(struct pri_lv_op *op);
};

/* The largest whole page, in KiB: what the kernel shows for no limit of memory. */
#define PRI_LV_UNLIMITED_FROM_KIB (UINT64_C(9223372036854771712) >> 10)

/* Tags of rows of the virtio family. */
enum { PRI_LV_VIRTIO_REQUESTED, PRI_LV_VIRTIO_PLUGGED, PRI_LV_VIRTIO_SIZE };

/* Tag of rows of the sched family. */
#define PRI_LV_NEEDS_IOTHREAD 1

/* How a typed parameter's number becomes ours. */
struct pri_lv_scale {
	uint64_t factor;		/* ours = raw * factor */
	int type;			/* VIR_TYPED_PARAM_ULLONG, _LLONG or _UINT */
	uint64_t unlimited_raw;		/* written for no limit */
	uint64_t unlimited_from;	/* read: this and more is no limit */
	uint64_t unset_raw;		/* written for "not set" */
	bool zero_is_unset;		/* read: 0 is "not set" */
	bool zero_is_unlimited;		/* read: 0 is no limit */
	bool config_unlimited_is_unset; /* the configuration does not tell the two apart */
	const char *unset_element;	/* persistent "not set": this child of <cputune> must go */
};

/* A served attribute. */
struct pri_lv_row {
	struct pri_serve serve;
	const struct pri_lv_family *family;
	const char *parameter; /* typed parameter, where the family uses them */
	const struct pri_lv_scale *scale;
	int tag;     /* the family's own number for it */
	int drivers; /* enum pri_lv_driver bits */
	int cgroup;  /* 1 or 2: only there; 0: everywhere */
	/* of the persistent value, where that is another one; NULL: the same */
	const struct pri_lv_family *config_family;
};

static inline const struct pri_lv_row *pri_lv_row(const struct pri_change *change)
{
	return (const struct pri_lv_row *)(const void *)change->serve;
}

/* An instance and its other names. */
struct pri_lv_instance {
	char *canonical;
	const char *aliases[3]; /* the last one is NULL */
	char *alias_texts[2];
};

struct pri_lv_instances {
	struct pri_lv_instance *items;
	size_t n;
};

/* module.c: the services of the core */
extern const struct pri_core *pri_lv_core;
const struct pri_backend *PRI_BACKEND_ENTRY(const struct pri_core *core);

/* uri.c */
bool pri_lv_claims(const char *uri);
/* Whether the URI names this machine, as far as a URI can tell. */
bool pri_lv_uri_is_local(const char *uri);
/* Whether the state of the domains outlives a connection. */
bool pri_lv_uri_is_daemon(const char *uri);

/* place.c: what backends beside this one ask for */
bool pri_lv_host_is_local(void *state);
int pri_lv_place(struct pri_call *call, struct pri_place *place);
int pri_lv_links(struct pri_call *call, pri_add_link add, void *arg);

/* instance.c: first and second may be NULL; the texts are copied */
int pri_lv_instance_add(struct pri_lv_instances *list, const char *canonical, const char *first,
			const char *second);

/* job.c: the caller's side of a job */
struct pri_lv_job {
	struct pri_job job;
	struct pri_lv_host *host;
	struct pri_lv_domain *domain;
	struct pri_call call; /* a copy, with texts of its own */
	char target[PRI_NAME_MAX];
	int (*work)(struct pri_lv_job *job); /* runs in the worker */
	int result;
	/* changes: copies */
	struct pri_change *changes;
	struct pri_change **group; /* room for the changes of one family */
	char **names;		   /* instances of changes; NULL for "" */
	size_t n, room;
	/* attach */
	char *name;
	struct pri_lv_domain *attached;
	/* out */
	struct pri_identity identity;
	struct pri_identity *identities;
	size_t identity_count;
	struct pri_host_facts facts;
	const struct pri_attr *attr;
	struct pri_lv_instances instances;
	struct pri_place place;
};

/* A job for the call, or NULL when out of memory. */
struct pri_lv_job *pri_lv_job_new(struct pri_call *call, int (*work)(struct pri_lv_job *job));
/* Copy the changes into the job.  0 or -ENOMEM. */
int pri_lv_job_set_changes(struct pri_lv_job *job, const struct pri_change *changes, size_t n);
/* Hand it to the worker, whose duplicate of ready is written to when it is done. */
int pri_lv_job_begin(struct pri_call *call, struct pri_lv_job *job, int ready);
/* Wait for it; as pri_lv_job_run(). */
int pri_lv_job_finish(struct pri_call *call, struct pri_lv_job **job);
/* Run it.  Returns the job's result with its text in call->error.  When it did not end in time,
 * *job becomes NULL. */
int pri_lv_job_run(struct pri_call *call, struct pri_lv_job **job);
/* Hand results back to the caller's changes. */
void pri_lv_job_take_changes(struct pri_lv_job *job, struct pri_change *changes, size_t n);
/* Give the job back (NULL is allowed). */
void pri_lv_job_end(struct pri_lv_job *job);
void pri_lv_job_free(struct pri_lv_job *job);

/* host.c, domain.c, serve.c, wait.c: functions of the backend table */
int pri_lv_open(struct pri_call *call, const char *uri, void **ret_host);
void pri_lv_close(void *state);
int pri_lv_facts(struct pri_call *call, struct pri_host_facts *facts);
int pri_lv_set_cgroup_version(struct pri_call *call, int version);
int pri_lv_list(struct pri_call *call, pri_add_identity add, void *arg);
int pri_lv_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		  void **ret_domain);
void pri_lv_detach(void *state, void *attached);
int pri_lv_state(struct pri_call *call, struct pri_identity *identity);
int pri_lv_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		     void *arg);
int pri_lv_read(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_lv_check(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_lv_apply(struct pri_call *call, struct pri_change *changes, size_t n);
/* A write of them was given up while it was under way. */
void pri_lv_doubt(struct pri_change *changes, size_t n);
int pri_lv_wait(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_lv_arrived(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_lv_notice(struct pri_call *call, int *ret_fd);
/* The job is to read what tells how far its changes are. */
void pri_lv_look_at_arrival(struct pri_lv_job *job);
/* What was read, against where it is going: -EINPROGRESS for a change on its way. */
void pri_lv_judge_arrival(struct pri_call *call, struct pri_change *changes, size_t n);

/* pending.c */
int pri_lv_begin(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		 struct pri_pending *pending);
int pri_lv_finish(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		  struct pri_identity *identity, struct pri_pending *pending);

/* rows.c */
const struct pri_serve *pri_lv_serve(void *host, int attr, const char **ret_reason);
/* The row of an attribute on a host, or NULL. */
const struct pri_lv_row *pri_lv_row_find(const struct pri_lv_host *host, int attr);

/* local.c: the whole of a small file, NUL-terminated; its length or -1 */
ssize_t pri_lv_slurp(const char *path, char *buffer, size_t size);
/* cgroup version of this machine; 0: not known */
int pri_lv_cgroup_version(void);

/* shape.c: what libvirt needs of the kernel of this machine to shape an interface */
#define PRI_LV_SHAPE_IN 1u
#define PRI_LV_SHAPE_OUT 2u
/* Names of what is missing for these uses, or "".  A negative errno: it cannot be known. */
int pri_lv_shape_missing(unsigned int uses, char *names, size_t size);

/* memlock.c: whether a daemon of this machine may give QEMU a limit of locked memory */
bool pri_lv_may_lock(uint64_t bytes);

/* device.c: block devices of this machine; stops at the first result that is not 0 */
typedef int (*pri_lv_add_device)(void *arg, const char *path, const char *alias);
/* The disk on which a file is, or which a device is part of: "/dev/sda".  False: not known. */
bool pri_lv_device_of(const char *path, char *device, size_t size);
int pri_lv_devices(pri_lv_add_device add, void *arg);

/* event.c: a process has one event loop; hosts are woken by it */
/* Make sure that there is an event loop.  True: it is a thread of ours. */
bool pri_lv_event_loop(void);
struct pri_wake *pri_wake_new(void);
void pri_wake_ref(struct pri_wake *wake);
void pri_wake_unref(struct pri_wake *wake);
/* Number of events so far. */
unsigned int pri_wake_count(const struct pri_wake *wake);
/* The same, of those after which a domain's XML may be another one. */
unsigned int pri_wake_changes(const struct pri_wake *wake);
/* Sleep until an event newer than *seen, or until_ns. */
void pri_wake_wait(struct pri_wake *wake, unsigned int *seen, uint64_t until_ns);
/* From any thread: */
void pri_wake_up(struct pri_wake *wake, bool xml_may_change);
/* An eventfd that is written to with each event; the wake's.  -1: there is none. */
int pri_wake_notice(struct pri_wake *wake);
/* Whose alarm reopens a lost connection; NULL: nobody's any more. */
void pri_wake_serve(struct pri_wake *wake, struct pri_worker *worker);
/* Post to this queue from now on; NULL: to none. */
void pri_wake_listen(struct pri_wake *wake, struct pri_event_queue *queue);
bool pri_wake_is_heard(struct pri_wake *wake);
void pri_wake_tell(struct pri_wake *wake, const struct pri_event *event);
/* What pri_lv_row_find() needs of the host: noted, and as a host that is good for nothing else. */
void pri_wake_describe(struct pri_wake *wake, const struct pri_lv_host *host);
void pri_wake_view(const struct pri_wake *wake, struct pri_lv_host *view);
/* Tell, once, that the connection is lost, and that it is back.  While somebody listens, it is
 * opened again after retry_ns. */
void pri_wake_lost(struct pri_wake *wake, uint64_t retry_ns);
void pri_wake_back(struct pri_wake *wake);

/* announce.c */
int pri_lv_listen(struct pri_call *call, struct pri_event_queue *queue);
/* What a lifecycle event means: enum pr_event_type, or 0. */
int pri_lv_lifecycle_type(int event, int detail);
/* The setting that a parameter of a tunable event is: attribute, instance, and value (whose text
 * is of the parameter).  False when it is none of ours. */
bool pri_lv_tunable_setting(const struct pri_lv_host *host, const virTypedParameter *param,
			    struct pri_change *change);

/* ---- worker ---- */

/* Make a libvirt call under its name, which is told when it hangs. */
#define PRI_LV(host, function, ...)                                                                \
	(pri_worker_doing((host)->worker, #function), function(__VA_ARGS__))

/* connection.c */
int pri_lv_connect(struct pri_lv_host *host, struct pri_lv_fault *fault);
void pri_lv_disconnect(struct pri_lv_host *host);
/* A connection that lives as far as can be told without asking; reopens a dead one. */
int pri_lv_ensure(struct pri_lv_host *host, struct pri_lv_fault *fault);
/* The worker's alarm: pri_lv_ensure() of a host. */
void pri_lv_reopen(void *state);

/* local.c: whether the host is proven to be this machine */
bool pri_lv_is_local(struct pri_lv_host *host);

/* announce.c: of the host's connection.  True: all that caching needs. */
bool pri_lv_events_register(struct pri_lv_host *host);
/* Each callback holds the connection until then. */
void pri_lv_events_deregister(struct pri_lv_host *host);

/* fault.c */
int pri_lv_fail(struct pri_lv_fault *fault, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What libvirt's last error in this thread means; ptr may be NULL.  Returns the code. */
int pri_lv_fault_take(struct pri_lv_fault *fault, struct pri_lv_host *host, virDomainPtr ptr,
		      uint32_t mode);

/* domain.c */
/* domain->ptr through the present connection. */
int pri_lv_domain_ready(struct pri_lv_host *host, struct pri_lv_domain *domain,
			struct pri_lv_fault *fault);
/* Why the domain is not there any more. */
int pri_lv_domain_missing(struct pri_lv_host *host, struct pri_lv_domain *domain,
			  struct pri_lv_fault *fault);
int pri_lv_identify(struct pri_lv_host *host, virDomainPtr ptr, struct pri_identity *identity);
void pri_lv_domain_free(struct pri_lv_domain *domain);

/* busy.c: what libvirt is doing with the domain that keeps its settings from being changed, as its
 * state says for nothing, and as a job: a call */
const char *pri_lv_busy_reason(int state, int reason);
const char *pri_lv_busy_job(const struct pri_lv_host *host, virDomainPtr ptr);

/* incarnation.c */
uint64_t pri_lv_incarnation(const struct pri_lv_host *host, const struct pri_identity *identity,
			    unsigned int id);
/* The QEMU process of a domain of this machine; 0: not known. */
int pri_lv_qemu_pid(const struct pri_identity *identity);

/* serve.c, domain.c: what a job of a kind does, in the worker */
int pri_lv_read_work(struct pri_lv_job *job);
int pri_lv_check_work(struct pri_lv_job *job);
int pri_lv_apply_work(struct pri_lv_job *job);
int pri_lv_state_work(struct pri_lv_job *job);
int pri_lv_arrived_work(struct pri_lv_job *job);

/* serve.c: one attempt after another at something that can be repeated, over reconnections */
int pri_lv_repeat(struct pri_lv_op *op, int (*function)(struct pri_lv_op *op));

/* node.c: into op->job->facts */
int pri_lv_node_facts(struct pri_lv_op *op);

/* param.c: typed parameters */
/* Put the wanted value into the array. */
void pri_lv_param_put(virTypedParameterPtr params, int *n, const struct pri_change *change);
/* Set held of each change from the array; -ENODATA for one that is not in it. */
void pri_lv_params_hold(const struct pri_lv_op *op, virTypedParameterPtr params, int n);
/* Set held to a number; "not set" and its equivalents are told apart by what was wanted. */
void pri_lv_hold(struct pri_change *change, uint64_t raw);
uint64_t pri_lv_param_number(const virTypedParameter *param);
/* A parameter's number; false, and nothing is set, where there is no such one. */
bool pri_lv_params_number(virTypedParameterPtr params, int n, const char *name, uint64_t *number);
/* Whether no change before the i-th is of the same instance. */
bool pri_lv_first_of_instance(const struct pri_lv_op *op, size_t i);
void pri_lv_fail_each(const struct pri_lv_op *op, int code, const char *text);
/* The op's failure becomes that of one change. */
void pri_lv_fail_one(struct pri_lv_op *op, struct pri_change *change);
void pri_lv_all_took(const struct pri_lv_op *op);

/* xml.c */
struct pri_lv_nic {
	char *mac, *tap, *alias;
	char *link;   /* network, bridge or device that it is on; NULL: none of these */
	char *bridge; /* of a network, while the domain runs */
	char *type;
};

struct pri_lv_disk {
	char *target, *source, *alias;
	bool local; /* source is a path of the host: a file or a block device */
};

/* Named by its alias, which the configuration has only where somebody gave one ("ua-…"): else by
 * the one that it gets when the domain starts. */
struct pri_lv_virtio_mem {
	char *name;
	uint64_t size_kib, block_kib, requested_kib;
	uint64_t current_kib; /* while the domain runs */
};

struct pri_lv_xml {
	char *balloon_model;	     /* NULL: no <memballoon> */
	unsigned int stats_period;   /* seconds; 0: not set */
	bool active;		     /* the XML is of a running domain */
	uint64_t memory_kib;	     /* <memory> */
	uint64_t current_memory_kib; /* <currentMemory> */
	bool hugepages, assigned_device;
	unsigned int iothreads;
	unsigned int vcpus;	  /* <vcpu> */
	bool *vcpu_enabled;	  /* [vcpus] */
	unsigned int vcpus_fixed; /* enabled, and cannot be unplugged */
	struct pri_lv_nic *nics;
	struct pri_lv_disk *disks;
	char **devices; /* that <blkiotune> names */
	struct pri_lv_virtio_mem *virtio_mems;
	size_t nic_count, disk_count, device_count, virtio_mem_count;
};

/* In this thread libxml2 prints no errors, also where libvirt calls it. */
void pri_lv_xml_silence(void);
/* A libxml2 document, NULL when it is none. */
struct _xmlDoc *pri_lv_xml_read(const char *text);
/* The node of a virtio-mem device by its name, or NULL. */
struct _xmlNode *pri_lv_xml_virtio_mem(struct _xmlDoc *doc, const char *name);
int pri_lv_xml_parse(const char *text, struct pri_lv_xml **ret_xml);
void pri_lv_xml_free(struct pri_lv_xml *xml);
/* Of op's domain: whether it has a persistent configuration.  As a family's function. */
int pri_lv_xml_require_persistent(struct pri_lv_op *op);
/* Of op's domain; PRALLOC_CONFIG: the persistent one.  0 or -1 as a family's function. */
int pri_lv_xml_fetch(struct pri_lv_op *op, struct pri_lv_xml **ret_xml);
/* The running domain's, from the cache where it is known to hold.  Belongs to the domain. */
int pri_lv_xml_cached(struct pri_lv_op *op, const struct pri_lv_xml **ret_xml);

/* Take a child of <cputune> out of the persistent definition.  As a family's function. */
int pri_lv_xml_drop_tune(struct pri_lv_op *op, const char *name);
/* Request a size of a virtio-mem device.  As a family's function. */
int pri_lv_xml_request_memory(struct pri_lv_op *op, const char *device, uint64_t kib);

/* metadata.c: the links that the domain's metadata names.  As a family's function. */
int pri_lv_metadata_links(struct pri_lv_op *op, pri_lv_add_device add, void *arg);

/* the families */
extern const struct pri_lv_family pri_lv_balloon, pri_lv_maximum, pri_lv_memtune;
extern const struct pri_lv_family pri_lv_stats_period, pri_lv_memstats, pri_lv_virtio;
extern const struct pri_lv_family pri_lv_sched, pri_lv_vcpu, pri_lv_cpu_time, pri_lv_cpu_steal;
extern const struct pri_lv_family pri_lv_vcpu_pin, pri_lv_emulator_pin;
extern const struct pri_lv_family pri_lv_blkio, pri_lv_iotune, pri_lv_iface, pri_lv_stats;
extern const struct pri_lv_family pri_lv_ksm, pri_lv_guest_vcpu;
extern const struct pri_lv_family pri_lv_node, pri_lv_metadata;

#endif /* PRI_LIBVIRT_H */
