/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one path of every change: check, write, verify, take back. */
#include <errno.h>
#include <time.h>

#include "core/core.h"
#include "core/domain_lock.h"
#include "core/held.h"
#include "core/host_lock.h"
#include "core/plan.h"

/* Items of one typed call: three requests at most, live and persistent. */
#define SET_REQUESTS_MAX 4
#define SET_ITEMS_MAX (2 * SET_REQUESTS_MAX)
/* Taking back gets time of its own: the deadline of the call has often passed by then. */
#define UNDO_NS (UINT64_C(10) * 1000000000u)

int pri_flags_check(uint32_t flags, uint32_t allowed, char **error)
{
	if (flags & ~allowed)
		return pri_set_error(error, -EINVAL, "unknown flag 0x%x (allowed here: 0x%x)",
				     flags & ~allowed, allowed);
	return 0;
}

int pri_items_read_before(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	int r = pri_batch_read(items, n, deadline_ns);

	for (size_t i = 0; i < n; i++) {
		if (!items[i]->has_held)
			continue;
		pri_value_clear(&items[i]->before);
		items[i]->before = items[i]->change.held;
		items[i]->change.held = (struct pri_value){0};
		items[i]->has_before = true;
		items[i]->has_held = false;
	}
	return r;
}

bool pri_item_has_precheck(const struct pri_item *item)
{
	uint32_t needs = item->change.mode == PRALLOC_CONFIG ? PRI_SERVE_PRECHECK_CONFIG
							     : PRI_SERVE_PRECHECK;

	/* What is not served at all has no row. */
	return item->route->serve && (item->route->serve->modes & needs);
}

/* Persistent values may depend on each other: those that stand side by side go together. */
static size_t precheck_length(struct pri_item **items, size_t n)
{
	size_t length = 1;

	while (items[0]->change.mode == PRALLOC_CONFIG && length < n &&
	       items[length]->change.error == 0 && pri_item_has_precheck(items[length]))
		length++;
	return length;
}

/* The backend's own preconditions, for the rows that have some. */
static int check_preconditions(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	int first = 0;

	for (size_t i = 0, length; i < n; i += length) {
		int r;

		length = 1;
		if (items[i]->change.error < 0 || !pri_item_has_precheck(items[i]))
			continue;
		length = precheck_length(items + i, n - i);
		r = pri_batch_check(&items[i], length, deadline_ns);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int pri_item_prepare(struct pri_item *item, uint32_t flags)
{
	item->change.error = 0;
	pri_free_if_any(pri_steal(item->change.text));
	item->change.flags = flags & PRI_CHANGE_FLAGS;
	item->change.verify = !(flags & PRALLOC_NO_VERIFY) && !pri_plan_is_async(item);
	return pri_item_check(item);
}

int pri_items_check(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags)
{
	int first = 0, r;

	for (size_t i = 0; i < n; i++) {
		r = pri_item_prepare(items[i], flags);
		if (r < 0 && first == 0)
			first = r;
	}
	r = check_preconditions(items, n, deadline_ns);
	if (first == 0)
		first = r;
	for (size_t i = 0; i < n; i++) {
		if (items[i]->change.error < 0)
			continue;
		r = pri_guard(items[i], deadline_ns, flags);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int pri_items_apply(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags)
{
	int r = pri_batch_apply(items, n, deadline_ns);

	for (size_t i = 0; i < n; i++) {
		struct pri_item *item = items[i];

		if (!item->change.verify || item->change.error < 0 || (flags & PRALLOC_NO_VERIFY))
			continue;
		item->has_held = true;
		if (pri_item_verify(item) < 0 && r == 0)
			r = item->change.error;
	}
	return r;
}

#define BUSY_PAUSE_NS 20000000L

/* What hangs may end while there is time; what is written then comes after it. */
static int write_back(struct pri_item *back, bool patient, uint64_t deadline_ns)
{
	static const struct timespec pause = {.tv_nsec = BUSY_PAUSE_NS};
	int r = pri_items_apply(&back, 1, deadline_ns, 0);

	while (patient && (r == -EBUSY || r == -ENOTCONN) && !back->change.unsure &&
	       pri_now_ns() + BUSY_PAUSE_NS < deadline_ns) {
		nanosleep(&pause, NULL);
		r = pri_items_apply(&back, 1, deadline_ns, 0);
	}
	return r;
}

static int undo_one(struct pri_item *item, uint64_t deadline_ns)
{
	bool unsure = item->change.unsure;
	struct pri_item back = *item;
	int r;

	if (!item->has_before)
		return pri_item_fail(item, -EIO,
				     "it was changed and cannot be taken back: the "
				     "value before is not known");
	back.change.wanted = item->before;
	back.change.held = (struct pri_value){0};
	back.change.text = NULL;
	r = write_back(&back, unsure, deadline_ns);
	item->change.took = r < 0;
	item->change.unsure = r < 0 && (unsure || back.change.unsure);
	pri_value_clear(&back.change.held);
	if (r < 0)
		pri_item_fail(item, r, "%s and could not be taken back: %s",
			      unsure ? "it is not known whether it was changed" : "it was changed",
			      back.change.text ? back.change.text : pri_strerror(r));
	else
		item->has_held = pri_value_copy(&item->change.held, &item->before) == 0;
	free(back.change.text);
	return r;
}

int pri_items_undo(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	int first = 0;

	for (size_t i = n; i-- > 0;) {
		int r;

		if (!items[i]->change.took)
			continue;
		r = undo_one(items[i], deadline_ns);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

static int first_failed(struct pri_item **items, size_t n, char **error)
{
	struct pri_item *failed = NULL;

	for (size_t i = 0; i < n; i++) {
		if (items[i]->change.error < 0 && items[i]->change.error != -ECANCELED) {
			failed = items[i];
			break;
		}
		/* What was not tried says nothing, unless there is nothing else to say. */
		if (items[i]->change.error < 0 && !failed)
			failed = items[i];
	}
	if (!failed)
		return 0;
	free(*error);
	*error = pri_steal(failed->change.text);
	return failed->change.error;
}

static int write_locked(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags,
			char **error)
{
	int r;

	if (n > 1 && pri_items_read_before(items, n, deadline_ns) < 0)
		return first_failed(items, n, error);
	if (pri_items_apply(items, n, deadline_ns, flags) == 0)
		return 0;
	r = first_failed(items, n, error);
	/* A single write has nothing to go back to. */
	if (n == 1 && items[0]->change.unsure) {
		pri_autofree char *cause = pri_steal(*error);

		pri_set_error(
			error, r,
			"%s; it is not known whether it took effect, or still will: read again",
			cause ? cause : pri_strerror(r));
	}
	if (n > 1 && pri_items_undo(items, n, pri_now_ns() + UNDO_NS) < 0) {
		pri_autofree char *left = NULL;
		pri_autofree char *cause = pri_steal(*error);

		first_failed(items, n, &left);
		pri_set_error(error, r, "%s; %s", cause ? cause : pri_strerror(r),
			      left ? left : "not taken back");
	}
	return r;
}

/* What belongs to the host, and not to one domain, is nobody else's meanwhile. */
static int write_items(struct pri_item **items, size_t n, uint64_t deadline_ns, uint32_t flags,
		       char **error)
{
	struct pri_host_locks locks = {0};
	int r;

	if (n == 1 && !pri_host_lock_concerns(items[0]))
		return write_locked(items, n, deadline_ns, flags, error);
	r = pri_host_lock_all(&locks, items, n, deadline_ns, error);
	if (r == 0)
		r = write_locked(items, n, deadline_ns, flags, error);
	pri_host_unlock(&locks);
	return r;
}

/* One write of one value cannot be interleaved: it is enough that nobody is about to do more. */
static bool is_single(const struct pr_domain *dom, struct pri_item **items, size_t n)
{
	return n == 1 && (items[0]->route->serve->modes & PRI_SERVE_SINGLE) && !dom->locked;
}

static int set_items(struct pr_domain *dom, struct pri_item **items, size_t n, uint64_t deadline_ns,
		     uint32_t flags, char **error)
{
	int r = pri_items_check(items, n, deadline_ns, flags);

	if (r < 0)
		return first_failed(items, n, error);
	if (!dom)
		return write_items(items, n, deadline_ns, flags, error);
	if (is_single(dom, items, n) && pri_held_single_begin(dom)) {
		r = write_items(items, n, deadline_ns, flags, error);
		pri_held_single_end(dom);
		return r;
	}
	/* No other process changes the domain meanwhile. */
	r = pri_domain_lock_wait(dom, deadline_ns, error);
	if (r < 0)
		return r;
	r = write_items(items, n, deadline_ns, flags, error);
	pri_domain_unlock(dom);
	return r;
}

static int init_items(struct pri_item *items, size_t *ret_n, const struct pri_target *target,
		      const struct pri_request *requests, size_t n, uint32_t modes, char **error)
{
	static const uint32_t order[] = {PRALLOC_LIVE, PRALLOC_CONFIG};

	*ret_n = 0;
	for (size_t m = 0; m < PRI_ARRAY_SIZE(order); m++) {
		if (!(modes & order[m]))
			continue;
		for (size_t i = 0; i < n; i++) {
			int r = pri_item_init(&items[(*ret_n)++], target, &requests[i], order[m],
					      error);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int pri_set(const struct pri_target *target, const struct pri_request *requests, size_t n,
	    uint32_t flags, char **error)
{
	uint32_t modes = flags & PRI_MODE_FLAGS ? flags & PRI_MODE_FLAGS : PRALLOC_LIVE;
	struct pri_item items[SET_ITEMS_MAX];
	struct pri_item *list[SET_ITEMS_MAX];
	size_t count = 0;
	int r;

	r = pri_flags_check(flags, PRI_SET_FLAGS, error);
	if (r < 0)
		return r;
	target->host->ctx->number = ++target->host->ctx->numbers;
	r = init_items(items, &count, target, requests, n, modes, error);
	for (size_t i = 0; i < count; i++)
		list[i] = &items[i];
	if (r == 0)
		r = set_items(target->domain, list, count, pri_deadline(target->host->ctx), flags,
			      error);
	for (size_t i = 0; i < count; i++)
		pri_item_clear(&items[i]);
	target->host->ctx->number = 0;
	return r;
}

int pri_get(const struct pri_target *target, const struct pri_attr *attr, const char *instance,
	    uint32_t flags, struct pri_value *ret_value, char **error)
{
	struct pri_item item;
	struct pri_item *list = &item;
	int r;

	r = pri_flags_check(flags, PRI_MODE_FLAGS, error);
	if (r == 0 && flags == PRI_MODE_FLAGS)
		r = pri_set_error(error, -EINVAL, "read either the live or the persistent value");
	if (r < 0)
		return r;
	r = pri_item_init_read(&item, target, attr, instance, flags ? flags : PRALLOC_LIVE, error);
	if (r == 0)
		r = pri_batch_read(&list, 1, pri_deadline(target->host->ctx));
	if (r == 0) {
		*ret_value = item.change.held;
		item.change.held = (struct pri_value){0};
	} else if (item.change.text) {
		free(*error);
		*error = pri_steal(item.change.text);
	}
	pri_item_clear(&item);
	return r;
}
