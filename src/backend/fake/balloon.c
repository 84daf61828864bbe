/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes time, the balloon and memory that is plugged: a write hands a target over, and the
 * guest follows in its own time. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <inttypes.h>

#include <pralloc/base.h>

#define NS_PER_SEC UINT64_C(1000000000)
#define WAIT_STEP_NS UINT64_C(2000000)

/* Where the movement ends: a guest that stalls gives nothing below that size. */
static uint64_t end_bytes(const struct pri_fake_balloon *balloon)
{
	uint64_t floor = balloon->stall_bytes;

	if (balloon->no_driver)
		return balloon->start_bytes;
	if (floor > balloon->start_bytes)
		floor = balloon->start_bytes;
	return balloon->target_bytes < floor ? floor : balloon->target_bytes;
}

/* Bytes moved in a time; no product of two large numbers, so that nothing overflows. */
static uint64_t moved_bytes(const struct pri_fake_balloon *balloon, uint64_t ns)
{
	double moved = (double)balloon->rate_per_sec * ((double)ns / (double)NS_PER_SEC);

	return moved < (double)PRI_FAKE_MEMORY_MAXIMUM ? (uint64_t)moved : PRI_FAKE_MEMORY_MAXIMUM;
}

uint64_t pri_fake_balloon_actual(const struct pri_fake_balloon *balloon, uint64_t now_ns)
{
	uint64_t start = balloon->start_bytes, end = end_bytes(balloon), moved;

	if (balloon->rate_per_sec == 0)
		return end;
	moved = moved_bytes(balloon, now_ns - balloon->start_ns);
	if (start > end)
		return moved < start - end ? start - moved : end;
	return moved < end - start ? start + moved : end;
}

void pri_fake_balloon_settle(struct pri_fake_balloon *balloon, uint64_t now_ns)
{
	balloon->start_bytes = pri_fake_balloon_actual(balloon, now_ns);
	balloon->start_ns = now_ns;
}

void pri_fake_balloon_begin(struct pri_fake_balloon *balloon, uint64_t bytes, uint64_t now_ns)
{
	balloon->start_bytes = bytes;
	balloon->target_bytes = bytes;
	balloon->start_ns = now_ns;
}

void pri_fake_balloon_behave(struct pri_fake_balloon *balloon)
{
	balloon->rate_per_sec = 0;
	balloon->stall_bytes = 0;
	balloon->used_bytes = PRI_FAKE_MEMORY_START / 4;
	balloon->no_driver = false;
}

int pri_fake_balloon_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;

	if (change->mode == PRALLOC_CONFIG)
		return pri_fake_value_read(call, change);
	change->held.number = pri_fake_balloon_actual(&domain->balloon, pri_fake_core->now_ns());
	return 0;
}

int pri_fake_balloon_write(const struct pri_call *call, const struct pri_change *change)
{
	struct pri_fake_domain *domain = call->domain;
	uint64_t bytes = change->wanted.number;

	if (change->mode == PRALLOC_CONFIG)
		return pri_fake_value_write(call, change);
	if (bytes == PRALLOC_DEFAULT)
		bytes = pri_fake_start_value(domain, PRI_MEM_BALLOON);
	pri_fake_balloon_settle(&domain->balloon, pri_fake_core->now_ns());
	domain->balloon.target_bytes = bytes;
	if (domain->balloon.rate_per_sec == 0)
		pri_fake_tell_balloon(call->host, domain);
	return 0;
}

/* What the device starts with: one, so the first slot, or what somebody else has set. */
void pri_fake_virtio_begin(struct pri_fake_domain *domain, uint64_t now_ns)
{
	const struct pri_value *value;
	uint64_t bytes = 0;

	for (unsigned int slot = 0; slot <= 1; slot++) {
		value = pri_fake_store_find(&domain->store, PRI_MEM_VIRTIO_REQUESTED, slot,
					    /* config= */ true);
		if (value && value->number != PRALLOC_DEFAULT)
			bytes = value->number;
	}
	pri_fake_balloon_begin(&domain->virtio_mem, bytes, now_ns);
}

int pri_fake_plugged_read(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;

	change->held.number = pri_fake_balloon_actual(&domain->virtio_mem, pri_fake_core->now_ns());
	return 0;
}

int pri_fake_virtio_write(const struct pri_call *call, const struct pri_change *change)
{
	struct pri_fake_domain *domain = call->domain;
	uint64_t bytes = change->wanted.number;

	if (change->mode == PRALLOC_LIVE) {
		pri_fake_balloon_settle(&domain->virtio_mem, pri_fake_core->now_ns());
		domain->virtio_mem.target_bytes = bytes == PRALLOC_DEFAULT ? 0 : bytes;
	}
	return pri_fake_value_write(call, change);
}

/* How far the guest is. */
static int read_reached(const struct pri_call *call, struct pri_change *change)
{
	const struct pri_fake_row *row = (const struct pri_fake_row *)change->serve;

	return change->serve->attr == PRI_MEM_VIRTIO_REQUESTED ? pri_fake_plugged_read(call, change)
							       : row->read(call, change);
}

static bool arrived(const struct pri_change *change)
{
	return change->wanted.number == PRALLOC_DEFAULT ||
	       change->held.number == change->wanted.number;
}

/* Look at each change; true when one of them needs more time. */
static bool still_moving(const struct pri_call *call, struct pri_change *changes, size_t n)
{
	bool moving = false;

	for (size_t i = 0; i < n; i++) {
		changes[i].error = read_reached(call, &changes[i]);
		moving = moving || (changes[i].error == 0 && !arrived(&changes[i]));
	}
	return moving;
}

static void time_is_over(const struct pri_call *call, struct pri_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (changes[i].error < 0 || arrived(&changes[i]))
			continue;
		pri_fake_core->fail_change(call, &changes[i], -ETIMEDOUT,
					   "the guest reached %" PRIu64 "M of %" PRIu64
					   "M before the time was over: give it more time, or set "
					   "another target",
					   changes[i].held.number >> 20,
					   changes[i].wanted.number >> 20);
	}
}

static int running(struct pri_call *call)
{
	const struct pri_fake_domain *domain = call->domain;
	const char *why;
	int r = pri_fake_domain_present(call, &why);

	if (r < 0)
		return pri_fake_core->fail(call, r, "%s", why);
	if (!domain->running)
		return pri_fake_core->fail(call, -ENOTCONN,
					   "the domain is off: start it before waiting for it");
	return 0;
}

int pri_fake_arrived(struct pri_call *call, struct pri_change *changes, size_t n)
{
	const struct pri_fake_domain *domain = call->domain;
	int r = running(call);

	if (r == 0)
		r = pri_fake_enter(call);
	if (r == 0 && call->incarnation && call->incarnation != domain->starts)
		r = pri_fake_core->fail(call, -EAGAIN, "the domain was restarted meanwhile");
	if (r < 0)
		return r;
	still_moving(call, changes, n);
	for (size_t i = 0; i < n; i++)
		if (changes[i].error == 0 && !arrived(&changes[i]))
			changes[i].error = -EINPROGRESS;
	pri_fake_tell_balloon(call->host, call->domain);
	return 0;
}

int pri_fake_wait(struct pri_call *call, struct pri_change *changes, size_t n)
{
	int r = running(call);

	if (r < 0)
		return r;
	pri_fake_delay(call);
	while (still_moving(call, changes, n)) {
		if (pri_fake_core->now_ns() >= call->deadline_ns) {
			time_is_over(call, changes, n);
			break;
		}
		pri_fake_sleep(call, WAIT_STEP_NS);
	}
	pri_fake_tell_balloon(call->host, call->domain);
	return 0;
}
