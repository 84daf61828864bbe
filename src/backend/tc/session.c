/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trees that one call touches: each loaded once, locked once, committed once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/tc/tc.h"

static bool is_locked(const struct pri_tc_session *session, int owner)
{
	for (size_t i = 0; i < session->count; i++)
		if (session->pairs[i]->was.owner == owner && session->pairs[i]->lock >= 0)
			return true;
	return false;
}

/* From the kernel; remembered when nobody wrote meanwhile. */
static int load_pair(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	struct pri_tc_host *host = session->call->host;
	uint64_t number = pri_tc_entry_number(pair->entry);
	int r = pri_tc_tree_load(&host->nl, &pair->was);

	pair->fresh = true;
	pair->number = number;
	pair->known = r == 0 && !(number & 1) && pri_tc_entry_number(pair->entry) == number;
	return r;
}

int pri_tc_session_reload(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	struct pri_tc_tree empty = {.direction = pair->was.direction, .owner = pair->was.owner};
	int r;

	memcpy(empty.owner_name, pair->was.owner_name, sizeof(empty.owner_name));
	pri_tc_tree_clear(&pair->was);
	pair->was = empty;
	r = load_pair(session, pair);
	return r < 0 ? pri_tc_fail(session->call, r, empty.owner_name, 0) : 0;
}

static int take_pair(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	struct pri_tc_entry *entry = pair->entry;
	bool holds = pri_tc_entry_holds(session->call->host, entry);

	if (entry)
		entry->valid = false;
	if (!entry || !holds)
		return load_pair(session, pair);
	pair->was = entry->tree;
	entry->tree =
		(struct pri_tc_tree){.owner = pair->was.owner, .direction = pair->was.direction};
	pair->known = true;
	pair->synced = entry->synced;
	pair->number = entry->number;
	return 0;
}

static int open_pair(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	const char *name = pair->was.owner_name;
	int r = 0;

	pair->lock = -1;
	if (session->writes && !is_locked(session, pair->was.owner))
		r = pri_tc_core->lock(session->call, name, &pair->lock);
	if (r < 0)
		return r;
	pri_tc_watch_look(session->call->host);
	pair->entry =
		pri_tc_entry(session->call, pair->was.owner, pair->was.direction, session->writes);
	if (session->writes)
		pri_tc_entry_begin(session->call->host, pair->entry);
	r = take_pair(session, pair);
	if (r == 0 && session->plans)
		r = pri_tc_tree_copy(&pair->wanted, &pair->was);
	if (r < 0)
		return pri_tc_fail(session->call, r, name, 0);
	if (!session->writes || !pair->was.built)
		return 0;
	if (!pair->synced) {
		pair->synced = true;
		r = pri_tc_sync(session, pair);
	}
	return r < 0 ? r : pri_tc_hand_look(session, pair);
}

struct refresh {
	struct pri_tc_port port;
	struct pri_tc_vm vm;
	struct pri_tc_class class;
	bool has_record, has_class;
};

static int take_class(void *arg, const struct nlmsghdr *message)
{
	struct refresh *refresh = arg;

	refresh->has_class |= pri_tc_class_parse(message, &refresh->class);
	return 0;
}

static int take_record(void *arg, const struct nlmsghdr *message)
{
	struct refresh *refresh = arg;
	struct pri_tc_filter filter;

	refresh->has_record |= pri_tc_filter_parse(message, &filter) &&
			       pri_tc_record_read(&filter, &refresh->port, &refresh->vm);
	return 0;
}

static int ask_class(struct pri_tc_host *host, const struct pri_tc_tree *tree, uint16_t minor,
		     struct refresh *refresh)
{
	pri_tc_batch_reset(&host->batch);
	pri_tc_class_get(&host->batch, tree->ifindex, minor);
	return pri_tc_ask(&host->nl, &host->batch, take_class, refresh);
}

static int ask_record(struct pri_tc_host *host, const struct pri_tc_tree *tree,
		      const struct pri_tc_port *port, struct refresh *refresh)
{
	pri_tc_batch_reset(&host->batch);
	pri_tc_record_get(&host->batch, tree->ifindex, port->slot);
	return pri_tc_ask(&host->nl, &host->batch, take_record, refresh);
}

static void put_refreshed(struct pri_tc_tree *tree, struct pri_tc_port *port,
			  const struct refresh *refresh)
{
	struct pri_tc_class *c = pri_tc_tree_class(tree, refresh->class.minor);
	struct pri_tc_vm *vm;

	if (c)
		*c = refresh->class;
	if (!port) {
		tree->link = refresh->class.rate;
		return;
	}
	vm = &tree->vms[port->vm];
	port->average = pri_tc_class_limit(&refresh->class);
	if (!refresh->has_record)
		return;
	port->peak = refresh->port.peak;
	port->burst = refresh->port.burst;
	vm->weight = refresh->vm.weight;
	vm->guarantee = refresh->vm.guarantee;
}

int pri_tc_session_refresh(struct pri_tc_session *session, struct pri_tc_pair *pair,
			   struct pri_tc_port *port, bool record)
{
	struct pri_tc_host *host = session->call->host;
	struct pri_tc_tree *tree = &pair->was;
	struct refresh refresh = {0};
	int r;

	if (pair->fresh || !tree->built)
		return 0;
	r = ask_class(host, tree, port ? pri_tc_port_minor(port) : PRI_TC_MINOR_LINK, &refresh);
	if (r == 0 && port && record)
		r = ask_record(host, tree, port, &refresh);
	if (r < 0 || !refresh.has_class)
		return -EAGAIN;
	if (port && record && (!refresh.has_record || refresh.port.ifindex != port->ifindex))
		return -EAGAIN;
	put_refreshed(tree, port, &refresh);
	return 0;
}

int pri_tc_session_tree(struct pri_tc_session *session, int owner, const char *owner_name,
			enum pri_tc_direction direction, struct pri_tc_pair **ret_pair)
{
	struct pri_tc_pair **more, *pair;

	for (size_t i = 0; i < session->count; i++) {
		*ret_pair = session->pairs[i];
		if ((*ret_pair)->was.owner == owner && (*ret_pair)->was.direction == direction)
			return 0;
	}
	more = realloc(session->pairs, (session->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	session->pairs = more;
	pair = calloc(1, sizeof(*pair));
	if (!pair)
		return -ENOMEM;
	pair->was = (struct pri_tc_tree){.owner = owner, .direction = direction};
	snprintf(pair->was.owner_name, sizeof(pair->was.owner_name), "%s", owner_name);
	more[session->count++] = *ret_pair = pair;
	return open_pair(session, pair);
}

static int fail_layout(struct pri_tc_session *session, const struct pri_tc_pair *pair, int code)
{
	const struct pri_tc_tree *tree = &pair->wanted;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < tree->vm_count; i++)
		if (__builtin_add_overflow(sum, tree->vms[i].guarantee, &sum))
			sum = UINT64_MAX;
	if (code == -ENOSPC)
		return pri_tc_error(session->call, code,
				    "the guarantees on %s would be %llu bytes/s, more than "
				    "its %llu (net.link.%s; or take from another domain)",
				    tree->owner_name, (unsigned long long)sum,
				    (unsigned long long)tree->link,
				    tree->direction == PRI_TC_OUT ? "out" : "in");
	if (code == -EOPNOTSUPP)
		return pri_tc_error(session->call, code,
				    "a peak needs a class that several NICs on one link "
				    "cannot share (set the average alone)");
	return code;
}

int pri_tc_session_check(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	int r = pri_tc_layout(&pair->wanted);

	/* Before a plan, what another step gives is not there yet: the core sums up. */
	if (r == -ENOSPC && !session->writes)
		r = 0;
	return r < 0 ? fail_layout(session, pair, r)
		     : pri_tc_foreign_check(session->call, &pair->was, &pair->wanted);
}

/* What was wanted is what is. */
static void settle(struct pri_tc_pair *pair)
{
	pri_tc_tree_clear(&pair->was);
	pair->was = pair->wanted;
	pair->wanted = (struct pri_tc_tree){0};
	pair->known = true;
}

/* Before anything of ours is there; what was taken over is put back when that fails. */
static int take_over(struct pri_tc_session *session, const struct pri_tc_tree *tree)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < tree->port_count; i++)
		if (tree->ports[i].replace)
			r = pri_tc_foreign_replace(session->call, tree->ports[i].ifindex);
	return r;
}

/* To all taps that are ours no more. */
static int give_back(struct pri_tc_session *session, const struct pri_tc_tree *was,
		     const struct pri_tc_tree *is)
{
	int r = 0;

	for (uint32_t i = 0; i < was->port_count; i++) {
		const struct pri_tc_port *port = pri_tc_tree_port(is, was->ports[i].slot, i);
		int back = 0;

		if (!port || port->ifindex != was->ports[i].ifindex)
			back = pri_tc_foreign_restore(session->call, was->ports[i].ifindex);
		if (r == 0)
			r = back;
	}
	return r;
}

static int commit_pair(struct pri_tc_session *session, struct pri_tc_pair *pair, int *ret_left)
{
	struct pri_tc_host *host = session->call->host;
	int r = take_over(session, &pair->wanted);

	if (r == 0)
		r = pri_tc_commit(&host->nl, &pair->was, &pair->wanted, ret_left);
	if (r < 0) {
		struct pri_tc_refusal cause = host->nl.refusal;

		*ret_left += give_back(session, &pair->wanted, &pair->was) < 0;
		host->nl.refusal = cause;
		return r;
	}
	return give_back(session, &pair->was, &pair->wanted);
}

int pri_tc_session_commit(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	int r = pri_tc_session_check(session, pair), left = 0;

	if (r < 0)
		return r;
	pair->wrote = true;
	r = commit_pair(session, pair, &left);
	if (r == 0)
		settle(pair);
	else
		pair->known = false;
	return r < 0 ? pri_tc_fail(session->call, r, pair->was.owner_name, left) : 0;
}

static void end_pair(struct pri_tc_session *session, struct pri_tc_pair *pair)
{
	struct pri_tc_entry *entry = pair->entry;

	if (entry && entry->mine) {
		pair->known &= pri_tc_entry_end(entry, pair->wrote);
		pair->number = entry->number;
	}
	if (pair->known && !(pair->number & 1) && pri_tc_entry_number(entry) == pair->number)
		pri_tc_entry_keep(session->call->host, pair);
	pri_tc_tree_clear(&pair->was);
	pri_tc_tree_clear(&pair->wanted);
	pri_tc_core->unlock(pair->lock);
	free(pair);
}

void pri_tc_session_end(struct pri_tc_session *session)
{
	for (size_t i = 0; i < session->count; i++)
		end_pair(session, session->pairs[i]);
	free(session->pairs);
	session->pairs = NULL;
	session->count = 0;
}
