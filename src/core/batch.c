/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Items to backend calls: consecutive items of one target, backend and mode are one call. */
#include <errno.h>
#include <string.h>

#include "core/core.h"

typedef int (*operation)(struct pri_call *call, struct pri_change *changes, size_t n);

static const struct pri_backend *backend_of(const struct pri_item *item)
{
	return item->target.host->backends[item->route->backend].backend;
}

static bool same_call(const struct pri_item *a, const struct pri_item *b)
{
	return a->target.host == b->target.host && a->target.domain == b->target.domain &&
	       a->route->backend == b->route->backend && a->change.mode == b->change.mode;
}

static int grow_scratch(struct pr_host *host, size_t n)
{
	struct pri_change *more;

	if (n <= host->scratch_size)
		return 0;
	more = realloc(host->scratch, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	host->scratch = more;
	host->scratch_size = n;
	return 0;
}

void pri_batch_fail(struct pri_item **items, size_t n, int code, struct pri_call *call)
{
	for (size_t i = 0; i < n; i++) {
		if (items[i]->change.error < 0 && items[i]->change.error != -ECANCELED)
			continue;
		pri_item_fail(items[i], code, "%s: %s", call->backend->name,
			      call->error ? call->error : pri_strerror(code));
	}
	free(pri_steal(call->error));
}

static int first_error(struct pri_item **items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i]->change.error < 0)
			return items[i]->change.error;
	return 0;
}

static int call_many(struct pri_call *call, struct pri_item **items, size_t n, operation op)
{
	struct pr_host *host = items[0]->target.host;
	int r = grow_scratch(host, n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		host->scratch[i] = items[i]->change;
	r = op(call, host->scratch, n);
	for (size_t i = 0; i < n; i++)
		items[i]->change = host->scratch[i];
	return r;
}

static int call_once(struct pri_item **items, size_t n, uint64_t deadline_ns, operation op)
{
	struct pri_call call;
	int r;

	for (size_t i = 0; i < n; i++) {
		items[i]->change.error = 0;
		pri_free_if_any(pri_steal(items[i]->change.text));
	}
	r = pri_call_begin(&call, &items[0]->target, items[0]->route->backend, deadline_ns);
	if (r == 0 && pri_has_passed(deadline_ns))
		r = -ETIMEDOUT;
	if (r == 0)
		r = n == 1 ? op(&call, &items[0]->change, 1) : call_many(&call, items, n, op);
	if (r < 0)
		pri_batch_fail(items, n, r, &call);
	else
		pri_free_if_any(call.error);
	return first_error(items, n);
}

static operation op_read(const struct pri_backend *backend)
{
	return backend->read;
}

static operation op_check(const struct pri_backend *backend)
{
	return backend->check;
}

static operation op_apply(const struct pri_backend *backend)
{
	return backend->apply;
}

static operation op_wait(const struct pri_backend *backend)
{
	return backend->wait;
}

size_t pri_batch_length(struct pri_item **items, size_t n)
{
	size_t length = 1;

	while (length < n && same_call(items[0], items[length]))
		length++;
	return length;
}

static int run(struct pri_item **items, size_t n, uint64_t deadline_ns,
	       operation (*of)(const struct pri_backend *), bool stop)
{
	int first = 0;

	for (size_t i = 0, length; i < n; i += length) {
		int r;

		length = pri_batch_length(items + i, n - i);
		r = call_once(items + i, length, deadline_ns, of(backend_of(items[i])));
		if (r < 0 && first == 0)
			first = r;
		if (r < 0 && stop)
			break;
	}
	return first;
}

int pri_batch_read(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	int r = run(items, n, deadline_ns, op_read, /* stop= */ false);

	for (size_t i = 0; i < n; i++)
		items[i]->has_held = items[i]->change.error == 0;
	return r;
}

int pri_batch_check(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	return run(items, n, deadline_ns, op_check, /* stop= */ false);
}

int pri_batch_apply(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	int r;

	for (size_t i = 0; i < n; i++) {
		items[i]->change.took = items[i]->change.unsure = false;
		items[i]->change.error = -ECANCELED; /* until its batch is tried */
		items[i]->has_held = false;
	}
	r = run(items, n, deadline_ns, op_apply, /* stop= */ true);
	for (size_t i = 0; i < n; i++)
		pri_own_note(items[i]);
	return r;
}

int pri_batch_wait(struct pri_item **items, size_t n, uint64_t deadline_ns)
{
	return run(items, n, deadline_ns, op_wait, /* stop= */ false);
}
