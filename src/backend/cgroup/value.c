/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Read, check and apply: what is common to all rows. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pralloc/base.h>

#include "backend/cgroup/cgroup.h"

/* error of a change that was not tried yet */
#define WAITS 1

typedef int (*operation)(struct pri_cg_op *op);

static struct pri_cg_op op_of(struct pri_call *call, struct pri_change *changes, size_t n,
			      struct pri_change *change)
{
	struct pri_cg_op op = {
		.call = call,
		.host = call->host,
		.domain = call->domain,
		.change = change,
		.changes = changes,
		.n = n,
	};

	return op;
}

/* The way whose hierarchy the domain is in: on hybrid hosts there may be two. */
static void choose_way(struct pri_cg_op *op)
{
	const struct pri_cg_way *way = pri_cg_way_of(op->change);

	op->way = way;
	if (!way->otherwise)
		return;
	for (; op->domain && way; way = way->otherwise) {
		int mount = op->host->mount_of[way->controller];

		if (mount < 0 || !op->domain->paths[mount][way->level])
			continue;
		op->way = way;
		return;
	}
}

/* Once more where the group was removed meanwhile: the domain may have a new one. */
static int attempt(struct pri_cg_op *op, operation function)
{
	struct pri_change *change = op->change;
	int r;

	choose_way(op);
	r = function(op);
	if (r == 0 || !op->stale)
		return r;
	pri_cg_forget(op->host, op->domain);
	op->stale = false;
	r = pri_cg_locate(op->call, op->host, op->domain);
	if (r < 0)
		return pri_cg_fail(op, r == -ENOTCONN ? r : -ENOENT, "the group is gone (%s)",
				   op->call->error ? op->call->error : "removed");
	free(pri_steal(change->text));
	choose_way(op);
	return function(op);
}

static int begin(struct pri_call *call)
{
	struct pri_cg_host *host = call->host;

	host->text_of = NULL;
	return call->domain ? pri_cg_locate(call, host, call->domain) : 0;
}

bool pri_cg_wants_default(const struct pri_change *change)
{
	const struct pri_value *wanted = &change->wanted;

	return !wanted->text &&
	       (wanted->number == PRALLOC_DEFAULT || wanted->number == change->attr->def);
}

struct pri_change *pri_cg_waiting(const struct pri_cg_op *op, int attr)
{
	for (size_t i = 0; i < op->n; i++)
		if (op->changes[i].error == WAITS && op->changes[i].serve->attr == attr)
			return &op->changes[i];
	return NULL;
}

static int read_one(struct pri_cg_op *op)
{
	/* With the controller about to be enabled, nothing is set as yet. */
	if ((op->change->flags & PRALLOC_ENABLE) && op->domain && !pri_cg_is_enabled(op)) {
		op->change->held.number = PRALLOC_DEFAULT;
		return 0;
	}
	return op->way->read(op);
}

static bool same_file(const struct pri_change *a, const struct pri_change *b)
{
	const struct pri_cg_way *x = pri_cg_way_of(a), *y = pri_cg_way_of(b);

	return x->file == y->file && x->level == y->level && x->below == y->below;
}

/* Those that are in one file are read together, wherever they stand in the list. */
int pri_cg_read(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = begin(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		changes[i].error = WAITS;
	for (size_t i = 0; i < n; i++) {
		if (changes[i].error != WAITS)
			continue;
		for (size_t j = i; j < n; j++) {
			struct pri_cg_op op = op_of(call, changes, n, &changes[j]);

			if (changes[j].error == WAITS && same_file(&changes[i], &changes[j]))
				changes[j].error = attempt(&op, read_one);
		}
	}
	return 0;
}

static int check_one(struct pri_cg_op *op)
{
	return op->way->check ? op->way->check(op) : 0;
}

int pri_cg_check(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = begin(call);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct pri_cg_op op = op_of(call, changes, n, &changes[i]);

		changes[i].error = attempt(&op, check_one);
	}
	return 0;
}

static int write_one(struct pri_cg_op *op)
{
	int r = 0;

	if ((op->change->flags & PRALLOC_ENABLE) && op->domain)
		r = pri_cg_enable(op);
	if (r == 0)
		r = op->way->write(op);
	if (r < 0)
		return r;
	op->change->took = true;
	if (op->domain && pri_cg_wants_default(op->change))
		pri_cg_disable(op);
	return 0;
}

static int verify_one(struct pri_cg_op *op)
{
	/* Taken back with the value: there is no file any more to look at. */
	if (op->domain && op->way->controller != PRI_CG_CORE && pri_cg_wants_default(op->change) &&
	    !pri_cg_is_enabled(op)) {
		op->change->held.number = op->change->wanted.number;
		return 0;
	}
	return op->way->read(op);
}

static int apply_one(struct pri_call *call, struct pri_change *changes, size_t n, size_t i)
{
	struct pri_cg_op op = op_of(call, changes, n, &changes[i]);
	struct pri_change *first;

	choose_way(&op);
	first = op.way->first ? op.way->first(&op) : NULL;
	if (first) {
		int r = apply_one(call, changes, n, (size_t)(first - changes));

		if (r < 0)
			return r;
	}
	changes[i].error = attempt(&op, write_one);
	if (changes[i].error < 0)
		return changes[i].error;
	if (changes[i].verify)
		changes[i].error = attempt(&op, verify_one);
	if (op.partner) {
		struct pri_cg_op partner = op_of(call, changes, n, op.partner);

		op.partner->took = true;
		op.partner->error = op.partner->verify ? attempt(&partner, verify_one) : 0;
		if (op.partner->error < 0)
			return op.partner->error;
	}
	return changes[i].error;
}

int pri_cg_apply(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r;

	if (call->read_only)
		return pri_cg_core->fail(call, -EACCES, "the host was opened read-only");
	for (size_t i = 0; i < n; i++) {
		changes[i].took = false;
		changes[i].error = WAITS;
	}
	r = begin(call);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (changes[i].error == WAITS && apply_one(call, changes, n, i) < 0)
			break;
	for (size_t i = 0; i < n; i++)
		if (changes[i].error == WAITS)
			changes[i].error = -ECANCELED;
	return r;
}

static const char *const prefixes[] = {
	[PRI_CG_EMULATOR] = "emulator",
	[PRI_CG_VCPUS] = "vcpu",
	[PRI_CG_IOTHREADS] = "iothread",
};

static int take_first(struct pri_cg_op *op, const char *sub, void *arg)
{
	(void)op;
	(void)sub;
	(void)arg;
	return 1;
}

/* All groups below whose name is a word and a number; names, as the directory has them. */
static int visit_numbered(struct pri_cg_op *op, const char *prefix, char found[PRI_CG_SUB_MAX],
			  pri_cg_visit_sub visit, void *arg)
{
	int parent = pri_cg_directory(op, op->way->controller, op->way->level, "");
	int copy = parent < 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool any = false;
	int r = 0;

	if (parent < 0)
		return parent;
	if (!dir)
		return pri_cg_fail_file(op, "", "its groups", errno, "list");
	while (r == 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
		    !pri_cg_is_thread_group(entry->d_name) ||
		    strlen(entry->d_name) >= PRI_CG_SUB_MAX)
			continue;
		any = true;
		memcpy(found, entry->d_name, strlen(entry->d_name) + 1);
		r = visit(op, found, arg);
	}
	closedir(dir);
	if (!any)
		return pri_cg_fail(op, -EOPNOTSUPP,
				   "it has no group %sN (libvirt makes them for QEMU)", prefix);
	return r;
}

int pri_cg_sub(struct pri_cg_op *op, char sub[PRI_CG_SUB_MAX])
{
	int r = 0;

	*sub = '\0';
	switch (op->way->below) {
	case PRI_CG_EMULATOR:
		snprintf(sub, PRI_CG_SUB_MAX, "emulator");
		return 0;
	case PRI_CG_VCPU:
		snprintf(sub, PRI_CG_SUB_MAX, "vcpu%.16s", op->change->instance);
		return 0;
	case PRI_CG_VCPUS:
		/* libvirt gives the value of the first one, and sets them all alike. */
		snprintf(sub, PRI_CG_SUB_MAX, "vcpu0");
		return 0;
	case PRI_CG_IOTHREADS:
		r = visit_numbered(op, prefixes[PRI_CG_IOTHREADS], sub, take_first, NULL);
		return r > 0 ? 0 : r;
	default:
		return 0;
	}
}

int pri_cg_each_sub(struct pri_cg_op *op, pri_cg_visit_sub visit, void *arg)
{
	char sub[PRI_CG_SUB_MAX];
	int r;

	if (op->way->below == PRI_CG_VCPUS || op->way->below == PRI_CG_IOTHREADS)
		return visit_numbered(op, prefixes[op->way->below], sub, visit, arg);
	r = pri_cg_sub(op, sub);
	return r < 0 ? r : visit(op, sub, arg);
}
