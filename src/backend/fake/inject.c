/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The faults that are in force: counting calls against them, delays, events. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SEC 1000000000

int pri_fake_fault_add(struct pri_fake_host *host, const struct pri_fake_fault *fault)
{
	struct pri_fake_fault *faults;

	faults = realloc(host->faults, (host->fault_count + 1) * sizeof(*faults));
	if (!faults)
		return -ENOMEM;
	host->faults = faults;
	faults[host->fault_count++] = *fault;
	return 0;
}

void pri_fake_fault_clear(struct pri_fake_host *host)
{
	free(pri_steal(host->faults));
	host->fault_count = 0;
}

static void forget(struct pri_fake_host *host, size_t index)
{
	host->fault_count--;
	memmove(&host->faults[index], &host->faults[index + 1],
		(host->fault_count - index) * sizeof(*host->faults));
}

static bool matches(const struct pri_fake_fault *fault, enum pri_fake_fault_kind kind,
		    const struct pri_call *call, const struct pri_change *change)
{
	const struct pri_fake_domain *domain = call->domain;

	if (fault->kind != kind)
		return false;
	if (fault->domain != 0 && (!domain || domain->number != fault->domain))
		return false;
	return fault->attr == PRI_ATTR_NONE || (change && change->serve->attr == fault->attr);
}

/* Count a call; true when it is the one, or each one is. */
static bool count(struct pri_fake_fault *fault)
{
	return fault->at == 0 || --fault->at == 0;
}

bool pri_fake_fault_due(struct pri_fake_host *host, enum pri_fake_fault_kind kind,
			const struct pri_call *call, const struct pri_change *change,
			struct pri_fake_fault *ret_fault)
{
	bool due = false;

	/* Each fault counts the call, also when another one is due first. */
	for (size_t i = 0; i < host->fault_count; i++) {
		struct pri_fake_fault *fault = &host->faults[i];
		bool once = fault->at > 0;

		if (!matches(fault, kind, call, change) || !count(fault))
			continue;
		if (!due)
			*ret_fault = *fault;
		due = true;
		if (once)
			forget(host, i--);
	}
	return due;
}

static int happen(struct pri_fake_host *host, const struct pri_fake_fault *fault)
{
	struct pri_fake_domain *domain = host->domains[fault->object - 1];

	return domain->fate == PRI_FAKE_PRESENT ? fault->event(host, domain) : 0;
}

int pri_fake_events(const struct pri_call *call)
{
	struct pri_fake_host *host = call->host;
	int result = 0;

	if (!call->domain)
		return 0;
	for (size_t i = 0; i < host->fault_count; i++) {
		struct pri_fake_fault fault;
		int r;

		if (host->faults[i].kind != PRI_FAKE_EVENT || !count(&host->faults[i]))
			continue;
		fault = host->faults[i];
		forget(host, i--);
		r = happen(host, &fault);
		result = r < 0 ? r : result;
	}
	return result;
}

void pri_fake_late_clear(struct pri_fake_host *host)
{
	free(host->late.instance);
	free(host->late.change.wanted.text);
	host->late = (struct pri_fake_late){0};
}

/* It is under way from now on. */
static int begin_late(const struct pri_call *call, const struct pri_change *change,
		      const struct pri_fake_fault *fault)
{
	const struct pri_fake_domain *domain = call->domain;
	struct pri_fake_host *host = call->host;
	struct pri_fake_late *late = &host->late;

	*late = (struct pri_fake_late){
		.due_ns = pri_fake_core->now_ns() + fault->ms * NS_PER_MS,
		.effect = fault->effect,
		.domain = domain ? domain->number : 0,
		.change = *change,
	};
	late->change.text = NULL;
	late->change.held.text = late->change.wanted.text = NULL;
	late->change.instance = late->instance = strdup(change->instance);
	if (late->instance &&
	    pri_fake_core->value_set_text(&late->change.wanted, change->wanted.text) == 0)
		return 0;
	pri_fake_late_clear(host);
	return -ENOMEM;
}

static void end_late(const struct pri_call *call)
{
	struct pri_fake_host *host = call->host;
	const struct pri_fake_late *late = &host->late;
	const struct pri_fake_row *row = (const struct pri_fake_row *)late->change.serve;
	struct pri_call own = *call;

	own.domain = late->domain ? host->domains[late->domain - 1] : NULL;
	if (late->effect && row->write(&own, &late->change) == 0)
		pri_fake_tell_setting(&own, &late->change);
	pri_fake_late_clear(host);
}

int pri_fake_lose(struct pri_call *call, struct pri_change *change,
		  const struct pri_fake_fault *fault)
{
	const struct pri_fake_row *row = (const struct pri_fake_row *)change->serve;
	int r = 0;

	if (fault->ms)
		r = begin_late(call, change, fault);
	else if (fault->effect)
		r = row->write(call, change);
	if (r < 0)
		return r;
	change->took = change->unsure = true;
	return pri_fake_core->fail(call, fault->ms ? -ETIMEDOUT : -ENOTCONN,
				   "the answer of this write was made to be lost");
}

void pri_fake_later(struct pri_fake_host *host)
{
	uint64_t now_ns = pri_fake_core->now_ns();

	for (size_t i = 0; i < host->fault_count; i++) {
		struct pri_fake_fault fault = host->faults[i];

		if (fault.kind != PRI_FAKE_LATER || fault.due_ns > now_ns)
			continue;
		forget(host, i--);
		happen(host, &fault);
	}
}

void pri_fake_sleep(const struct pri_call *call, uint64_t ns)
{
	uint64_t until = pri_fake_core->now_ns() + ns;
	struct timespec time;
	int r;

	if (until > call->deadline_ns)
		until = call->deadline_ns;
	time.tv_sec = (time_t)(until / NS_PER_SEC);
	time.tv_nsec = (long)(until % NS_PER_SEC);
	do
		r = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
	while (r == EINTR);
}

uint64_t pri_fake_delay_ns(const struct pri_call *call)
{
	const struct pri_fake_host *host = call->host;
	uint64_t ms = 0;

	for (size_t i = 0; i < host->fault_count; i++) {
		if (matches(&host->faults[i], PRI_FAKE_DELAY, call, NULL))
			ms += host->faults[i].ms;
	}
	return ms * NS_PER_MS;
}

void pri_fake_delay(struct pri_call *call)
{
	struct pri_fake_host *host = call->host;
	uint64_t ns = host->delayed ? 0 : pri_fake_delay_ns(call);

	host->delayed = false;
	if (ns > 0)
		pri_fake_sleep(call, ns);
}

int pri_fake_enter(struct pri_call *call)
{
	const struct pri_fake_host *host = call->host;

	pri_fake_delay(call);
	if (host->late.due_ns && pri_fake_core->now_ns() < host->late.due_ns)
		return pri_fake_core->fail(call, -EBUSY, "a write has not come to its end");
	if (host->late.due_ns)
		end_late(call);
	if (host->disconnected)
		return pri_fake_core->fail(call, -ENOTCONN,
					   "the connection is lost: wait until it is back");
	if (pri_fake_core->now_ns() < call->deadline_ns)
		return 0;
	return pri_fake_core->fail(call, -ETIMEDOUT,
				   "the host did not answer in time: allow more with "
				   "pr_ctx_set_timeout");
}
