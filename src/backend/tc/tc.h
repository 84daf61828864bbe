/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The network backend: bandwidth of links divided among VMs, by the kernel's traffic control.
 *
 *   module.c entry.c  the backend's table      rows.c     which attributes there are
 *   host.c             open, facts, links       domain.c   domains of a "tc:" host
 *   nic.c              NICs of a domain         event.c    interfaces that come and go
 *   read.c check.c want.c apply.c subject.c     what an attribute means in a tree
 *   hand.c             what is removed by hand
 *   limit.c            the one-message change   join.c     taps that come to a tree and leave it
 *   session.c cache.c  the trees of a call, and those that are remembered
 *   tree.h             one direction of a link: load, layout, commit; tap.c record.c
 *   foreign.c replay.c store.c  what others have on taps, recorded and put back
 *   turn.h             whose turn it is         watch.c    the socket of events and single messages
 *   nl.h msg.h         netlink                  model.h    the arithmetic
 *   fault.c probe.c    errors                   commit.h   a commit on its way
 */
#ifndef PRI_TC_H
#define PRI_TC_H

#include <errno.h>

#include "backend/backend.h"
#include "backend/tc/tree.h"
#include "util/cleanup.h"

#define PRI_TC_MAC_TEXT 18

extern const struct pri_core *pri_tc_core;

/* Note a text and have the code as value: a macro, so that compiler and analyser see the code. */
#define pri_tc_error(call, code, ...) (pri_tc_core->fail((call), (code), __VA_ARGS__), (code))

struct pri_tc_watch;

/* A tree that is remembered, and what tells whether it still holds (cache.c). */
struct pri_tc_entry {
	struct pri_tc_tree tree;
	bool valid;
	bool synced; /* nobody has come or come back since the tree was changed */
	uint64_t number, changes;
	uint64_t mine, before; /* during a turn: what to end it with, and the number before it */
	uint64_t looked_ns;    /* when its file still had a name */
	uint64_t taps_ns;      /* when all of its taps were looked at */
	int fd;
	uint64_t *numbers; /* one for each direction, or NULL */
};

struct pri_tc_host {
	struct pri_tc_nl nl;
	bool beside; /* stands beside libvirt */
	pid_t pid;
	uint64_t network;	    /* namespace: interfaces have numbers in theirs only */
	char *uplinks;		    /* ",IF,IF,": ports that are no workloads, or NULL */
	struct pri_tc_watch *watch; /* of interfaces that come and go, or NULL */
	uint64_t changes;	    /* how often it saw some; never the same number twice */
	uint64_t call;		    /* the public call in which it looked last */
	struct pri_tc_entry **entries;
	size_t entry_count;
	struct pri_tc_batch batch; /* of a single message */
	struct pri_event_queue *events;
	struct pri_tc_interface *seen; /* by the last look */
	size_t seen_count;
	uint64_t looked; /* at these changes */
};

/* A NIC of a domain. */
struct pri_tc_nic {
	char mac_text[PRI_TC_MAC_TEXT]; /* "" where it is not known */
	uint8_t mac[PRI_TC_MAC_SIZE];
	bool has_mac;
	bool mac_given;
	char tap[IFNAMSIZ];
	char *alias;
	char *link; /* canonical name */
	int ifindex;
	int owner; /* bridge, or the tap itself */
	char owner_name[IFNAMSIZ];
	const char *refused; /* why it cannot be divided, or NULL */
	/* Where it was found last, in each direction: limit.c. */
	struct pri_tc_seat {
		struct pri_tc_entry *entry;
		uint32_t port;
	} seats[PRI_TC_DIRECTIONS];
};

struct pri_tc_domain {
	char uuid[37];
	uint8_t id[PRI_TC_ID_SIZE];
	char *name; /* of a "tc:" host */
	uint64_t incarnation;
	struct pri_tc_nic *nics;
	size_t nic_count;
	uint64_t changes; /* of the host, when they were looked for */
};

/* A row of the backend: the core's part, and which direction and setting it is. */
enum pri_tc_setting {
	PRI_TC_RATE,
	PRI_TC_PEAK,
	PRI_TC_BURST,
	PRI_TC_WEIGHT,
	PRI_TC_GUARANTEE,
	PRI_TC_LINK,
	PRI_TC_COMMITTED,     /* the larger one of both directions */
	PRI_TC_COMMITTED_ONE, /* one direction */
	PRI_TC_BYTES,
	PRI_TC_PACKETS,
	PRI_TC_DROPS,
};

struct pri_tc_row {
	struct pri_serve serve;
	enum pri_tc_setting setting;
	enum pri_tc_direction direction;
};

/* rows.c */
const struct pri_serve *pri_tc_serve(void *state, int attr, const char **ret_reason);
static inline const struct pri_tc_row *pri_tc_row(const struct pri_change *change)
{
	return (const struct pri_tc_row *)(const void *)change->serve;
}

/* host.c */
bool pri_tc_claims(const char *uri);
int pri_tc_open(struct pri_call *call, const char *uri, void **ret_host);
int pri_tc_open_beside(struct pri_call *call, void **ret_host);
void pri_tc_close(void *state);
int pri_tc_facts(struct pri_call *call, struct pri_host_facts *facts);
/* Whether a port of a bridge is a workload's: one that is not known is an uplink. */
bool pri_tc_is_workload(const struct pri_tc_host *host, const struct pri_tc_interface *interface);
/* -ENODEV (without a text) when there is none.  By ifindex where name is NULL. */
int pri_tc_interface(struct pri_tc_host *host, int ifindex, const char *name,
		     struct pri_tc_interface *ret);
/* All of them (0, NULL), or those of a bridge, or of a kind; without counters; malloc'ed. */
int pri_tc_interfaces(struct pri_tc_host *host, int master, const char *kind,
		      struct pri_tc_interface **ret_list, size_t *ret_n);
/* Bridge of a link by its canonical name. */
int pri_tc_link_bridge(struct pri_call *call, const char *link, struct pri_tc_interface *ret);
int pri_tc_add_links(struct pri_call *call, pri_add_instance add, void *arg);

/* domain.c */
int pri_tc_list(struct pri_call *call, pri_add_identity add, void *arg);
int pri_tc_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		  void **ret_domain);
void pri_tc_detach(void *host, void *state);
int pri_tc_state(struct pri_call *call, struct pri_identity *identity);
int pri_tc_instances(struct pri_call *call, const struct pri_attr *attr, pri_add_instance add,
		     void *arg);
/* A bridge without a look at all of them, and why another interface is no link. */
int pri_tc_resolve(struct pri_call *call, const struct pri_attr *attr, const char *given,
		   char **ret_instance);
/* Who a port is; incarnation 0: not there. */
struct pri_identity pri_tc_identity(const char *name, uint64_t incarnation);
/* The UUID of a workload that is no VM. */
void pri_tc_name_id(const char *name, uint8_t id[PRI_TC_ID_SIZE]);

/* nic.c */
/* Two hexadecimal digits. */
bool pri_tc_hex(const char *text, uint8_t *ret_byte);
void pri_tc_nics_clear(struct pri_tc_domain *domain);
/* Find the domain's NICs, or see that they are still the same.  -ENOTCONN when it does not run. */
int pri_tc_nics(struct pri_call *call, struct pri_tc_domain *domain);
struct pri_tc_nic *pri_tc_nic_find(const struct pri_tc_domain *domain, const char *instance);
bool pri_tc_mac_parse(const char *text, uint8_t mac[PRI_TC_MAC_SIZE]);
void pri_tc_mac_print(const uint8_t mac[PRI_TC_MAC_SIZE], char text[PRI_TC_MAC_TEXT]);
/* The guest's MAC behind a port of a bridge. */
bool pri_tc_mac_learn(struct pri_tc_host *host, const struct pri_tc_interface *interface,
		      uint8_t mac[PRI_TC_MAC_SIZE]);

/* session.c: the trees that one call reads or writes */
struct pri_tc_pair {
	struct pri_tc_tree was, wanted;
	bool touched; /* wanted is to be committed */
	bool fresh;   /* was comes from the kernel now, not from the cache */
	bool known;   /* was is what the kernel has, at that number */
	bool synced;
	bool wrote; /* something was sent */
	uint64_t number;
	struct pri_tc_entry *entry;
	int lock;
};

/* cache.c */
/* make: the file, where it is not there.  NULL: out of memory, which only costs time. */
struct pri_tc_entry *pri_tc_entry(struct pri_call *call, int owner, enum pri_tc_direction direction,
				  bool make);
/* NULL: none was used yet. */
struct pri_tc_entry *pri_tc_entry_find(const struct pri_tc_host *host, int owner,
				       enum pri_tc_direction direction);
void pri_tc_entry_clear(struct pri_tc_entry *entry);
void pri_tc_entries_free(struct pri_tc_host *host);
/* Whether its file still has a name, as far as that was looked at lately. */
bool pri_tc_entry_has_file(struct pri_tc_entry *entry, uint64_t now_ns);
/* Odd: somebody else writes, or nobody can tell.  During a turn, what it was before. */
uint64_t pri_tc_entry_number(const struct pri_tc_entry *entry);
/* Take the turn, with the lock of the link; or, for a single message without it, if it is free and
 * the remembered tree holds. */
void pri_tc_entry_begin(const struct pri_tc_host *host, struct pri_tc_entry *entry);
bool pri_tc_entry_try(const struct pri_tc_host *host, struct pri_tc_entry *entry);
/* End the turn: entry->number is that from then on.  False: it was taken over meanwhile. */
bool pri_tc_entry_end(struct pri_tc_entry *entry, bool wrote);
/* Whether the remembered tree is the kernel's. */
bool pri_tc_entry_holds(const struct pri_tc_host *host, const struct pri_tc_entry *entry);
void pri_tc_entry_keep(const struct pri_tc_host *host, struct pri_tc_pair *pair);

struct pri_tc_session {
	struct pri_call *call;
	bool plans;  /* wanted is needed */
	bool writes; /* and is to be committed */
	struct pri_tc_pair **pairs;
	size_t count;
};

/* The tree of an owner in a direction; for a write its link is locked. */
int pri_tc_session_tree(struct pri_tc_session *session, int owner, const char *owner_name,
			enum pri_tc_direction direction, struct pri_tc_pair **ret_pair);
/* Lay out and commit one. */
int pri_tc_session_commit(struct pri_tc_session *session, struct pri_tc_pair *pair);
/* Lay out only: what can be known before. */
int pri_tc_session_check(struct pri_tc_session *session, struct pri_tc_pair *pair);
void pri_tc_session_end(struct pri_tc_session *session);
/* Read all of it again. */
int pri_tc_session_reload(struct pri_tc_session *session, struct pri_tc_pair *pair);
/* Read from the kernel again what a remembered tree has of a port (its class; and its record), or
 * (NULL) of the link.  -EAGAIN when that is not
 * as it is remembered. */
int pri_tc_session_refresh(struct pri_tc_session *session, struct pri_tc_pair *pair,
			   struct pri_tc_port *port, bool record);

/* join.c */
/* The port of a NIC in a tree, which joins when it is not in it. */
int pri_tc_join(struct pri_tc_session *session, struct pri_tc_pair *pair,
		const struct pri_tc_domain *domain, const struct pri_tc_nic *nic, uint32_t flags,
		struct pri_tc_port **ret_port);
/* All workloads on a bridge, and none whose tap is gone. */
int pri_tc_join_all(struct pri_tc_session *session, struct pri_tc_pair *pair, uint32_t flags);
/* Those that have come since, and those whose tap was made again.  Where the link has no rate, only
 * the latter. */
int pri_tc_sync(struct pri_tc_session *session, struct pri_tc_pair *pair);
/* Those that have no setting, where the link has no rate. */
void pri_tc_leave_unset(struct pri_tc_tree *tree);

/* foreign.c */
#define PRI_TC_FOREIGN_TEXT 160
/* Whether somebody else limits what passes a tap; text says who. */
bool pri_tc_foreign(const struct pri_tc_tap *tap, char *text, size_t size);
/* Record it, and remove it. */
int pri_tc_foreign_replace(struct pri_call *call, int ifindex);
/* Put it back, where it was recorded and nothing of ours is on the tap. */
int pri_tc_foreign_restore(struct pri_call *call, int ifindex);
/* Whether what is to be put back, when wanted follows was, can be. */
int pri_tc_foreign_check(struct pri_call *call, const struct pri_tc_tree *was,
			 const struct pri_tc_tree *wanted);
/* store.c: the file of it */
/* malloc'ed, or NULL. */
char *pri_tc_store_path(const struct pri_call *call, int ifindex);
/* All of it or nothing. */
int pri_tc_store_write(const char *path, const struct pri_tc_batch *batch);
/* -ENOENT: there is none.  -EBADMSG: it is not whole.  -EACCES: it is not ours. */
int pri_tc_store_read(const char *path, struct pri_tc_batch *batch);
/* replay.c: the messages that make what is on an interface again. */
int pri_tc_record_foreign(struct pri_tc_nl *nl, int ifindex, struct pri_tc_batch *record);

/* hand.c */
#define PRI_TC_LOOK_NS UINT64_C(1000000000)
/* now_ns is that of a deadline: it need not grow. */
static inline bool pri_tc_is_looked_at(const struct pri_tc_port *port, uint64_t now_ns)
{
	return now_ns - port->looked_ns < PRI_TC_LOOK_NS;
}
/* Whether a tap is redirected, as far as is known. */
bool pri_tc_hand_holds(struct pri_tc_host *host, struct pri_tc_entry *entry,
		       struct pri_tc_port *port, uint64_t now_ns);
/* Have all taps of a link that lack their qdisc put right by the commit, in both directions. */
int pri_tc_hand_look(struct pri_tc_session *session, struct pri_tc_pair *pair);

/* limit.c */
/* The one change of a limit that costs one message however many share the link.  False: it is not
 * that simple; else the change is done, and verified. */
bool pri_tc_limit(struct pri_call *call, struct pri_change *change);

/* fault.c */
/* Note what the kernel refused, as an error of the set, and name a missing part of the kernel. */
int pri_tc_note_refusal(struct pri_call *call, int code, const char *what, int left);
static inline int pri_tc_fail(struct pri_call *call, int code, const char *what, int left)
{
	int r = pri_tc_note_refusal(call, code, what, left);

	return r < 0 ? r : -EIO;
}
/* probe.c: the first part of the kernel that is missing, or NULL. */
const char *pri_tc_probe(struct pri_tc_nl *nl);

/* read.c, check.c, apply.c */
int pri_tc_read(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_tc_check(struct pri_call *call, struct pri_change *changes, size_t n);
int pri_tc_apply(struct pri_call *call, struct pri_change *changes, size_t n);

/* watch.c */
void pri_tc_watch_open(struct pri_tc_host *host);
void pri_tc_watch_close(struct pri_tc_host *host);
/* Take notice of what has happened to interfaces: host->changes. */
void pri_tc_watch_look(struct pri_tc_host *host);
/* The same once in a public call. */
void pri_tc_watch_look_once(const struct pri_call *call);
/*
 * Send one message, and look whether it was refused and what has happened to interfaces meanwhile,
 * all with one answer: without NLM_F_ACK the kernel answers a refusal alone, before the message has
 * been sent.  With NLM_F_ECHO it answers with what the message has made, which *ret_class gets.
 * False: it was refused, or something has happened, or that is not known.
 */
bool pri_tc_watch_send(struct pri_tc_host *host, struct nlmsghdr *message,
		       struct pri_tc_class *ret_class);

/* event.c */
int pri_tc_listen(struct pri_call *call, struct pri_event_queue *queue);
void pri_tc_look(struct pri_call *call);

/* module.c */
const struct pri_backend *pri_tc_backend(const struct pri_core *core);

#endif /* PRI_TC_H */
