/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/host_lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/plan_index.h"

#define PATIENCE_NS UINT64_C(500000000)
#define PAUSE_NS 2000000L
/* So that the name of its file, in which a character may take three, is none too long: two links
 * that differ behind this have one lock. */
#define NAME_SIZE 72

struct pri_host_lock {
	const struct pr_host *host;
	const struct pri_attr *attr;
	const char *instance; /* canonical, of the item */
	char name[NAME_SIZE];
	int fd; /* -1: looked at only, or another one of the same name holds it */
};

/* The first word of an attribute's name: what belongs together. */
static int family_length(const struct pri_attr *attr)
{
	return (int)strcspn(attr->name, ".");
}

static bool is_family(const struct pri_attr *a, const struct pri_attr *b)
{
	int length = family_length(a);

	return a == b ||
	       (length == family_length(b) && strncmp(a->name, b->name, (size_t)length) == 0);
}

/* Where no backend tells, a host is this machine. */
static bool is_local(const struct pr_host *host)
{
	const struct pri_host_backend *first = &host->backends[0];

	return !first->backend->is_local || first->backend->is_local(first->state);
}

/*
 * All ways to open this machine have one name for the same thing: a link is called by its bridge.
 * Another machine is known by its URI only.  ":" is no part of an interface's name, which is what
 * a backend's own lock of a link is called.
 */
static void lock_name(const struct pri_item *item, char name[NAME_SIZE])
{
	const struct pr_host *host = item->target.host;
	pri_autofree char *bridge = NULL;
	const char *instance = item->change.instance;
	char of_host[16] = "";

	/* Who does not run, or is not there, is found out by whoever goes on. */
	if (*instance && item->route->backend > 0)
		bridge = pri_instance_alias(&item->target, item->change.attr, item->change.mode,
					    instance);
	if (!is_local(host))
		snprintf(of_host, sizeof(of_host),
			 "%08x:", pri_plan_hash(PRI_PLAN_HASH, host->uri, strlen(host->uri)));
	snprintf(name, NAME_SIZE, "host:%s%.*s%s%s", of_host, family_length(item->change.attr),
		 item->change.attr->name, *instance ? ":" : "", bridge ? bridge : instance);
}

/* As it stands in "%s is being changed by another process". */
static char *what_text(const struct pri_item *item)
{
	const struct pri_attr *attr = item->change.attr;
	char *text;

	if ((*item->change.instance
		     ? asprintf(&text, "the link %s", item->change.instance)
		     : asprintf(&text, "%.*s.* of the host", family_length(attr), attr->name)) < 0)
		return NULL;
	return text;
}

static const struct pri_host_lock *find(const struct pri_host_locks *locks,
					const struct pri_item *item)
{
	for (size_t i = 0; i < locks->count; i++) {
		const struct pri_host_lock *lock = &locks->list[i];

		if (lock->host == item->target.host && is_family(lock->attr, item->change.attr) &&
		    strcmp(lock->instance, item->change.instance) == 0)
			return lock;
	}
	return NULL;
}

static const struct pri_host_lock *find_name(const struct pri_host_locks *locks, const char *name)
{
	for (size_t i = 0; i < locks->count; i++)
		if (strcmp(locks->list[i].name, name) == 0)
			return &locks->list[i];
	return NULL;
}

static struct pri_host_lock *append(struct pri_host_locks *locks, const struct pri_item *item)
{
	struct pri_host_lock *lock;

	if (locks->count == locks->size) {
		size_t size = locks->size ? 2 * locks->size : 4;
		struct pri_host_lock *more = realloc(locks->list, size * sizeof(*more));

		if (!more)
			return NULL;
		locks->list = more;
		locks->size = size;
	}
	lock = &locks->list[locks->count++];
	*lock = (struct pri_host_lock){.host = item->target.host,
				       .attr = item->change.attr,
				       .instance = item->change.instance,
				       .fd = -1};
	lock_name(item, lock->name);
	return lock;
}

static int take(const char *root, const struct pri_host_lock *lock, const struct pri_item *item,
		int *ret_fd, char **error)
{
	pri_autofree char *what = what_text(item);
	pri_autoclose int fd = -1;
	int r = pri_lock_open(root, lock->name, &fd, error);

	if (r == 0)
		r = pri_lock_take(fd, what ? what : lock->name, error);
	if (r < 0)
		return r;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int look(const char *root, const struct pri_host_lock *lock, const struct pri_item *item,
		char **error)
{
	pri_autofree char *what = what_text(item);

	return pri_lock_look(root, lock->name, what ? what : lock->name, error);
}

static int add(struct pri_host_locks *locks, const struct pri_item *item, bool holds, char **error)
{
	const char *root = pri_root(item->target.host->ctx);
	struct pri_host_lock *lock;
	int r = 0;

	if (find(locks, item))
		return 0;
	lock = append(locks, item);
	if (!lock)
		return -ENOMEM;
	if (find_name(locks, lock->name) != lock)
		return 0;
	r = holds ? take(root, lock, item, &lock->fd, error) : look(root, lock, item, error);
	if (r < 0)
		locks->count--;
	return r;
}

int pri_host_lock(struct pri_host_locks *locks, const struct pri_item *item, char **error)
{
	return pri_host_lock_concerns(item) ? add(locks, item, /* holds= */ true, error) : 0;
}

int pri_host_lock_look(struct pri_host_locks *locks, const struct pri_item *item, char **error)
{
	return pri_host_lock_concerns(item) ? add(locks, item, /* holds= */ false, error) : 0;
}

int pri_host_lock_wait(struct pri_host_locks *locks, const struct pri_item *item,
		       uint64_t deadline_ns, char **error)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t until_ns;
	int r = pri_host_lock(locks, item, error);

	if (r != -EBUSY)
		return r;
	until_ns = pri_now_ns() + PATIENCE_NS;
	if (until_ns > deadline_ns)
		until_ns = deadline_ns;
	while (r == -EBUSY && pri_now_ns() < until_ns) {
		nanosleep(&pause, NULL);
		r = pri_host_lock(locks, item, error);
	}
	if (r == 0)
		free(pri_steal(*error));
	return r;
}

int pri_host_lock_all(struct pri_host_locks *locks, struct pri_item **items, size_t n,
		      uint64_t deadline_ns, char **error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		if (pri_host_lock_concerns(items[i]))
			r = pri_host_lock_wait(locks, items[i], deadline_ns, error);
	return r;
}

void pri_host_unlock(struct pri_host_locks *locks)
{
	for (size_t i = 0; i < locks->count; i++)
		pri_unlock(locks->list[i].fd);
	free(locks->list);
	*locks = (struct pri_host_locks){0};
}
