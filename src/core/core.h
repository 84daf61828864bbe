/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the core share: handles, routing, the one path of every change. */
#ifndef PRI_CORE_H
#define PRI_CORE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pralloc.h>

#include "backend/backend.h"
#include "util/cleanup.h"

#define PRI_ERRMSG_MAX 1024
/* Backends of one host: the one that opened it, and local ones beside it. */
#define PRI_HOST_BACKENDS 4

struct pr_ctx {
	unsigned int references;
	uint32_t timeout_ms;
	uint64_t deadline_ns; /* of the public call that goes on, 0 until it is asked for */
	uint64_t numbers;     /* how many short public calls there were */
	uint64_t number;      /* of the one that goes on, or 0 */
	char *root;	      /* of pr_ctx_set_root, or NULL */
	void *held;	      /* table of held.h, or NULL */
	bool held_known;
	pr_log_fn log;
	void *log_data;
	int log_level;
	char errmsg[PRI_ERRMSG_MAX];
};

static inline const char *pri_root(const struct pr_ctx *ctx)
{
	return ctx->root ? ctx->root : "";
}

struct pri_listener;

struct pri_host_backend {
	const struct pri_backend *backend;
	void *state;
};

/* Who serves an attribute in a mode on a host, found out once. */
struct pri_route {
	/* NULL: nobody serves the attribute.  Where nobody serves it in this mode: who serves it
	 * in the other one. */
	const struct pri_serve *serve;
	uint8_t backend; /* index into pr_host.backends */
	bool known;
	bool chosen;	    /* by pr_host_set_route */
	const char *reason; /* why not, or not all of it, or NULL */
};

enum { PRI_ROUTE_LIVE, PRI_ROUTE_CONFIG, PRI_ROUTE_MODES };

struct pr_host {
	unsigned int references;
	struct pr_ctx *ctx;
	char *uri;
	bool read_only;
	size_t backend_count;
	struct pri_host_backend backends[PRI_HOST_BACKENDS];
	struct pri_route routes[PRI_ATTR_COUNT][PRI_ROUTE_MODES];
	uint32_t cpus;		    /* CPU numbers of the host, once known */
	struct pri_change *scratch; /* for batches of several changes */
	size_t scratch_size;
	char *text;		       /* last text that pr_host_get_str gave out */
	struct pri_listener *listener; /* NULL: nobody asked for events */
	unsigned int lock_count;       /* files of locks that its domains keep open */
	const struct pri_attr *named;  /* the attribute that was named last, or NULL */
	char errmsg[PRI_ERRMSG_MAX];
};

struct pri_walk;

struct pr_domain {
	unsigned int references;
	struct pr_host *host;
	struct pri_identity identity;
	void *states[PRI_HOST_BACKENDS]; /* attached lazily for all but the first */
	struct pri_walk *walk;		 /* of pr_host_next */
	size_t walk_index;
	char *text; /* last text or instance that was given out */
	char errmsg[PRI_ERRMSG_MAX];
	/* of pr_read, kept: texts given out live here, and reading again allocates nothing */
	struct pri_item *readings;
	struct pri_item **reading_list;
	size_t reading_count;
	void *held_slot; /* of held.h, once known */
	int lock_fd;	 /* of domain_lock.h, kept; -1: never locked */
	bool locked;
};

/* What is read or changed: a domain, or the host itself (domain NULL). */
struct pri_target {
	struct pr_host *host;
	struct pr_domain *domain;
};

/* A change on its way through the core. */
struct pri_item {
	struct pri_target target;
	const struct pri_route *route;
	struct pri_change change;
	char *instance;		 /* what change.instance points to, or NULL */
	struct pri_value before; /* what was before the write; valid when has_before */
	bool has_before;
	bool has_held; /* change.held is valid */
	/* plans only */
	uint8_t phase;	      /* enum pri_phase */
	uint32_t sequence;    /* of the target in the plan */
	uint64_t incarnation; /* of the domain when it was changed */
	uint64_t elapsed_ns;
};

/* Order of the phases of a plan. */
enum pri_phase {
	PRI_PHASE_GIVE,
	PRI_PHASE_TAKE,
	PRI_PHASE_COUNT,
};

/* error.c */
void pri_note_error(char **error, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline int pri_code(int code)
{
	return code;
}

/* Store a text and have the code as value: a macro, so that compiler and analyser see the code. */
#define pri_set_error(error, code, ...) (pri_note_error((error), __VA_ARGS__), pri_code(code))
void pri_note_error_v(char **error, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* Move a malloc'ed text to a handle's buffer; with no text, a general one for code. */
int pri_move_error(char errmsg[PRI_ERRMSG_MAX], int code, char **error);
const char *pri_strerror(int code);

/* log.c */
void pri_log(struct pr_ctx *ctx, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* backends.c: the built-in ones and the loadable module; the services that they get */
extern const struct pri_core pri_core_services;
int pri_backend_for(struct pr_ctx *ctx, const char *uri, const struct pri_backend **ret_backend,
		    char **error);
/* Open what stands beside the backend that has opened the host. */
void pri_backends_beside(struct pr_host *host);
extern const struct pri_backend pri_fake_backend;
extern const struct pri_backend pri_cgroup_backend;

/* place.c: what the backend that opened the host tells those beside it */
int pri_place(struct pri_call *call, struct pri_place *place);
void pri_place_clear(struct pri_place *place);
int pri_links(struct pri_call *call, pri_add_link add, void *arg);

/* lock.c: between processes */
int pri_lock(struct pri_call *call, const char *name, int *ret_fd);
void pri_unlock(int fd);
/* The same in parts, for who keeps the file open: *error as of pri_set_error.  Taking does not
 * wait; what is the name in texts. */
/* Where the files of locks are, malloc'ed: also where they cannot be made, with -errno. */
int pri_lock_directory(const char *root, char **ret_path);
int pri_lock_open(const char *root, const char *name, int *ret_fd, char **error);
int pri_lock_take(int fd, const char *what, char **error);
void pri_lock_release(int fd);
/* -EBUSY where somebody holds it.  Where it cannot be found out, 0. */
int pri_lock_look(const char *root, const char *name, const char *what, char **error);

/* route.c */
/* mode: PRALLOC_LIVE or PRALLOC_CONFIG. */
const struct pri_route *pri_route(struct pr_host *host, const struct pri_attr *attr, uint32_t mode);

/* target.c: a call as a backend gets it */
const char *pri_target_name(const struct pri_target *target);
/* Whether an attribute belongs to a target of this kind. */
int pri_target_check(const struct pri_target *target, const struct pri_attr *attr, char **error);
int pri_call_begin(struct pri_call *call, const struct pri_target *target, size_t backend,
		   uint64_t deadline_ns);
/* Put operation and backend before call->error and move it to *error; frees. Returns code. */
int pri_call_failed(struct pri_call *call, int code, const char *operation, char **error);
/* Deadline of the public call that goes on: one for all that it does. */
uint64_t pri_deadline(struct pr_ctx *ctx);
/* The call has a deadline of its own, or the next call has a new one (0). */
void pri_deadline_set(struct pr_ctx *ctx, uint64_t deadline_ns);
uint64_t pri_now_ns(void);
/* Whether it has passed, to some milliseconds: cheaper than the exact time. */
bool pri_has_passed(uint64_t deadline_ns);
/* instance.c */
/* Canonical instance for a target: malloc'ed, NULL for none. */
int pri_instance_resolve(const struct pri_target *target, const struct pri_attr *attr,
			 uint32_t mode, const char *given, char **ret_instance, char **error);
/* The index-th instance, malloc'ed; -ENODEV past the end. */
int pri_instance_at(const struct pri_target *target, const struct pri_attr *attr, uint32_t mode,
		    size_t index, char **ret_instance, char **error);
/* The same, live, of an attribute that a caller named; *ret_text holds it in place of what was
 * there. */
int pri_instance_named(const struct pri_target *target, const char *attribute, size_t index,
		       const char **ret_instance, char **ret_text, char **error);
/* The first other name of a canonical instance, or else itself, malloc'ed; NULL where it is not
 * known. */
char *pri_instance_alias(const struct pri_target *target, const struct pri_attr *attr,
			 uint32_t mode, const char *canonical);

/* value.c */
int pri_value_parse(char **error, const struct pri_attr *attr, const char *text, uint64_t maximum,
		    struct pri_value *ret_value);
/* The range check of pri_value_parse, for a number that did not come as a text. */
int pri_value_check(char **error, const struct pri_attr *attr, uint64_t number);
/* Exact text, malloc'ed; NULL when out of memory. */
char *pri_value_text(const struct pri_attr *attr, const struct pri_value *value);
int pri_value_copy(struct pri_value *to, const struct pri_value *from);
void pri_value_clear(struct pri_value *value);
bool pri_value_equal(const struct pri_attr *attr, const struct pri_value *a,
		     const struct pri_value *b);
int pri_value_set_text(struct pri_value *value, const char *text);

/* cpulist.c */
/* Canonical form of a CPU list, malloc'ed; highest CPU in *ret_highest. */
int pri_cpulist_canonical(const char *text, char **ret_text, unsigned int *ret_highest);

/* item.c: one change from arguments to checked item */
struct pri_request {
	const struct pri_attr *attr; /* or NULL: */
	const char *attribute;
	const char *instance;
	bool is_text;
	uint64_t number;
	const char *text;
};
/* Name, instance, unit and range; not yet whether somebody serves it. */
int pri_item_init(struct pri_item *item, const struct pri_target *target,
		  const struct pri_request *request, uint32_t mode, char **error);
int pri_item_init_read(struct pri_item *item, const struct pri_target *target,
		       const struct pri_attr *attr, const char *instance, uint32_t mode,
		       char **error);
void pri_item_clear(struct pri_item *item);
void pri_item_note(struct pri_item *item, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define pri_item_fail(item, code, ...) (pri_item_note((item), (code), __VA_ARGS__), pri_code(code))
/* Whether the serving row can do it, its range and grain: into change.wanted. */
int pri_item_check(struct pri_item *item);
/* The step of the row's scale that is nearest to a value, and so many steps from there. */
uint64_t pri_serve_step(const struct pri_serve *serve, uint64_t value, int by);
/* change.wanted to the nearest step of the serving row's scale. */
int pri_item_to_grain(struct pri_item *item);
/* Whether what was read back is what was wanted. */
int pri_item_verify(struct pri_item *item);

/* guard.c */
/* Limits and dangers that only reading present values can tell. */
int pri_guard(struct pri_item *item, uint64_t deadline_ns, uint32_t flags);
/* The same in two parts: the attributes of the item's target that have to be read, in the item's
 * mode, and the judgement of what was read, in that order. */
#define PRI_GUARD_READINGS_MAX 7
size_t pri_guard_needs(const struct pri_item *item, uint32_t flags, const int **ret_ids);
/* An item that reads one of them; false where nobody can.  To be cleared either way. */
bool pri_guard_reading(struct pri_item *reading, const struct pri_item *item, int id);
int pri_guard_judge(struct pri_item *item, const struct pri_item *readings, size_t n,
		    uint64_t deadline_ns);

/* batch.c: items to backend calls.  Consecutive items of the same target, backend and mode are
 * one call.  All return the first error; each item has its own. */
int pri_batch_read(struct pri_item **items, size_t n, uint64_t deadline_ns);
int pri_batch_check(struct pri_item **items, size_t n, uint64_t deadline_ns);
int pri_batch_apply(struct pri_item **items, size_t n, uint64_t deadline_ns);
int pri_batch_wait(struct pri_item **items, size_t n, uint64_t deadline_ns);
/* How many of the items, from the first on, are one call. */
size_t pri_batch_length(struct pri_item **items, size_t n);
/* The call failed as a whole: every item without an error of its own gets it. */
void pri_batch_fail(struct pri_item **items, size_t n, int code, struct pri_call *call);

/* change.c: the one path */
#define PRI_MODE_FLAGS (PRALLOC_LIVE | PRALLOC_CONFIG)
/* Those that reach a backend with each change. */
#define PRI_CHANGE_FLAGS                                                                           \
	(PRALLOC_ALLOW_INEFFECTIVE | PRALLOC_ALLOW_HARM | PRALLOC_ANCESTORS | PRALLOC_ENABLE |     \
	 PRALLOC_REPLACE)
#define PRI_SET_FLAGS (PRI_MODE_FLAGS | PRALLOC_NO_VERIFY | PRI_CHANGE_FLAGS)
int pri_flags_check(uint32_t flags, uint32_t allowed, char **error);
/* Reads what is into before, keeping change.held. */
int pri_items_read_before(struct pri_item **items, size_t n, uint64_t deadline_ns);
/* Whether its backend has something to say before it is written. */
bool pri_item_has_precheck(const struct pri_item *item);
/* Forget what was said of it, note how it is to be written, and pri_item_check(). */
int pri_item_prepare(struct pri_item *item, uint32_t flags);
/* Everything that can be known before: serving row, value, guards, the backend's own checks. */
int pri_items_check(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags);
/* Writes and verifies. */
int pri_items_apply(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags);
/* Puts before back, last first, where the write took effect; what cannot be put back keeps took
 * and gets an error. */
int pri_items_undo(struct pri_item **items, size_t n, uint64_t deadline_ns);
/* Everything for one call: requests on one target, all or nothing. */
int pri_set(const struct pri_target *target, const struct pri_request *requests, size_t n,
	    uint32_t flags, char **error);
int pri_get(const struct pri_target *target, const struct pri_attr *attr, const char *instance,
	    uint32_t flags, struct pri_value *ret_value, char **error);

/* event.c, event_own.c, event_queue.c: what happens on a host (event.h) */
void pri_listener_free(struct pri_listener *listener);
/* The write of this item took effect: its event is no news. */
void pri_own_note(const struct pri_item *item);
void pri_event_post(struct pri_event_queue *queue, const struct pri_event *event);
void pri_event_ref(struct pri_event_queue *queue);
void pri_event_unref(struct pri_event_queue *queue);

/* domain.c, host.c */
struct pr_domain *pri_domain_ref(struct pr_domain *dom);
struct pr_host *pri_host_ref(struct pr_host *host);
/* Attach and make a handle. */
int pri_domain_open(struct pr_host *host, const char *name, struct pr_domain **ret_dom,
		    char **error);
int pri_domain_identity(struct pr_domain *dom, uint64_t deadline_ns, struct pri_identity *identity,
			char **error);
/* End of a public call on a domain or host: keeps the error text, returns code. */
int pri_domain_result(struct pr_domain *dom, int code, char **error);
int pri_host_result(struct pr_host *host, int code, char **error);

#endif /* PRI_CORE_H */
