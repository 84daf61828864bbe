/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains: found, listed, identified, looked up again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pralloc/domain.h>

#include "backend/libvirt/libvirt.h"

#define UUID_TEXT_LENGTH (VIR_UUID_STRING_BUFLEN - 1)

void pri_lv_domain_free(struct pri_lv_domain *domain)
{
	if (!domain)
		return;
	pri_lv_xml_free(domain->xml);
	if (domain->ptr)
		virDomainFree(domain->ptr);
	free(domain);
}

/* Everything but whether it is paused: what can be told without asking. */
static void identify_by_handle(const struct pri_lv_host *host, virDomainPtr ptr,
			       struct pri_identity *identity)
{
	unsigned int id = virDomainGetID(ptr);

	memset(identity, 0, sizeof(*identity));
	virDomainGetUUIDString(ptr, identity->uuid);
	snprintf(identity->name, sizeof(identity->name), "%s", virDomainGetName(ptr));
	identity->state = PRALLOC_DOMAIN_OFF;
	if (id == (unsigned int)-1)
		return;
	identity->state = PRALLOC_DOMAIN_RUNNING;
	identity->incarnation = pri_lv_incarnation(host, identity, id);
}

/* ptr has been looked up just now: the ID in an older one may be of a former start. */
int pri_lv_identify(struct pri_lv_host *host, virDomainPtr ptr, struct pri_identity *identity)
{
	int state, reason = 0;

	identify_by_handle(host, ptr, identity);
	if (identity->state == PRALLOC_DOMAIN_OFF)
		return 0;
	if (PRI_LV(host, virDomainGetState, ptr, &state, &reason, 0) < 0)
		return -1;
	if (state == VIR_DOMAIN_PAUSED || state == VIR_DOMAIN_PMSUSPENDED)
		identity->state = PRALLOC_DOMAIN_PAUSED;
	if (state == VIR_DOMAIN_SHUTOFF) {
		identity->state = PRALLOC_DOMAIN_OFF;
		identity->incarnation = 0;
	}
	identity->busy = pri_lv_busy_reason(state, reason);
	return 0;
}

int pri_lv_domain_missing(struct pri_lv_host *host, struct pri_lv_domain *domain,
			  struct pri_lv_fault *fault)
{
	virDomainPtr other = PRI_LV(host, virDomainLookupByName, host->conn, domain->name);
	char uuid[VIR_UUID_STRING_BUFLEN];

	virResetLastError();
	if (!other)
		return pri_lv_fail(fault, -ENOENT, "there is no domain \"%s\" any more",
				   domain->name);
	virDomainGetUUIDString(other, uuid);
	virDomainFree(other);
	return pri_lv_fail(fault, -ESTALE, "the name %s belongs to another domain now (%s, was %s)",
			   domain->name, uuid, domain->uuid);
}

static int look_up(struct pri_lv_host *host, struct pri_lv_domain *domain,
		   struct pri_lv_fault *fault)
{
	virDomainPtr ptr = PRI_LV(host, virDomainLookupByUUIDString, host->conn, domain->uuid);

	if (!ptr) {
		pri_lv_fault_take(fault, host, NULL, 0);
		return fault->gone ? pri_lv_domain_missing(host, domain, fault) : fault->code;
	}
	if (domain->ptr)
		virDomainFree(domain->ptr);
	domain->ptr = ptr;
	domain->generation = host->generation;
	snprintf(domain->name, sizeof(domain->name), "%s", virDomainGetName(ptr));
	return 0;
}

int pri_lv_domain_ready(struct pri_lv_host *host, struct pri_lv_domain *domain,
			struct pri_lv_fault *fault)
{
	if (domain->ptr && domain->generation == host->generation)
		return 0;
	return look_up(host, domain, fault);
}

/* By UUID first, where it looks like one. */
static virDomainPtr find(struct pri_lv_host *host, const char *name)
{
	virDomainPtr ptr = NULL;

	if (strlen(name) == UUID_TEXT_LENGTH && name[8] == '-')
		ptr = PRI_LV(host, virDomainLookupByUUIDString, host->conn, name);
	return ptr ? ptr : PRI_LV(host, virDomainLookupByName, host->conn, name);
}

static int attach_once(struct pri_lv_op *op)
{
	struct pri_lv_job *job = op->job;
	struct pri_lv_domain *domain;
	virDomainPtr ptr = find(op->host, job->name);

	if (!ptr)
		return -1;
	domain = calloc(1, sizeof(*domain));
	if (!domain || pri_lv_identify(op->host, ptr, &job->identity) < 0) {
		virDomainFree(ptr);
		if (!domain)
			pri_lv_fail(&op->fault, -ENOMEM, "out of memory");
		free(domain);
		return -1;
	}
	domain->ptr = ptr;
	domain->generation = op->host->generation;
	memcpy(domain->uuid, job->identity.uuid, sizeof(domain->uuid));
	memcpy(domain->name, job->identity.name, sizeof(domain->name));
	job->attached = domain;
	return 0;
}

static int attach_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {.host = job->host, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, attach_once);

	if (r == 0)
		return 0;
	if (op.fault.gone)
		return pri_lv_core->fail(&job->call, -ENOENT, "there is no domain \"%s\"",
					 job->name);
	return pri_lv_core->fail(&job->call, r, "%s", op.fault.text);
}

int pri_lv_attach(struct pri_call *call, const char *name, struct pri_identity *identity,
		  void **ret_domain)
{
	struct pri_lv_job *job = pri_lv_job_new(call, attach_work);
	int r = -ENOMEM;

	if (!job)
		return -ENOMEM;
	job->name = strdup(name);
	if (job->name)
		r = pri_lv_job_run(call, &job);
	if (r == 0) {
		*identity = job->identity;
		*ret_domain = pri_steal(job->attached);
	}
	pri_lv_job_end(job);
	return r;
}

static void release(struct pri_task *task)
{
	pri_lv_domain_free((struct pri_lv_domain *)(void *)task);
}

void pri_lv_detach(void *state, void *attached)
{
	struct pri_lv_host *host = state;
	struct pri_lv_domain *domain = attached;

	domain->task.run = release;
	pri_worker_defer(host->worker, &domain->task);
}

static int state_once(struct pri_lv_op *op)
{
	const char *busy = NULL;

	if (look_up(op->host, op->domain, &op->fault) < 0)
		return -1;
	if (pri_lv_identify(op->host, op->domain->ptr, &op->job->identity) < 0)
		return -1;
	if (op->job->identity.incarnation)
		busy = pri_lv_busy_job(op->host, op->domain->ptr);
	if (busy)
		op->job->identity.busy = busy;
	return 0;
}

int pri_lv_state_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {
		.host = job->host, .domain = job->domain, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, state_once);

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text) : 0;
}

static int same_start(struct pri_lv_op *op)
{
	struct pri_identity is;

	if (look_up(op->host, op->domain, &op->fault) < 0)
		return -1;
	identify_by_handle(op->host, op->domain->ptr, &is);
	/* Of one that does not run the look itself has more to say. */
	if (is.incarnation && is.incarnation != op->call->incarnation)
		return pri_lv_fail(&op->fault, -EAGAIN, "the domain was restarted meanwhile"), -1;
	return 0;
}

/* A look at how far the domain is, and before it whether it is still the one. */
int pri_lv_arrived_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {
		.host = job->host, .domain = job->domain, .call = &job->call, .job = job};
	int r = job->call.incarnation ? pri_lv_repeat(&op, same_start) : 0;

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text)
		     : pri_lv_read_work(job);
}

int pri_lv_state(struct pri_call *call, struct pri_identity *identity)
{
	struct pri_lv_job *job = pri_lv_job_new(call, pri_lv_state_work);
	int r;

	if (!job)
		return -ENOMEM;
	r = pri_lv_job_run(call, &job);
	if (r == 0)
		*identity = job->identity;
	pri_lv_job_end(job);
	return r;
}

/* One more request tells which of them are paused, however many there are. */
static int mark_paused(struct pri_lv_host *host, struct pri_identity *identities, size_t n)
{
	virDomainPtr *paused = NULL;
	int count = PRI_LV(host, virConnectListAllDomains, host->conn, &paused,
			   VIR_CONNECT_LIST_DOMAINS_PAUSED);

	for (int i = 0; i < count; i++) {
		char uuid[VIR_UUID_STRING_BUFLEN];

		virDomainGetUUIDString(paused[i], uuid);
		virDomainFree(paused[i]);
		for (size_t k = 0; k < n; k++)
			if (identities[k].incarnation && strcmp(identities[k].uuid, uuid) == 0)
				identities[k].state = PRALLOC_DOMAIN_PAUSED;
	}
	free(paused);
	return count < 0 ? -1 : 0;
}

static int list_once(struct pri_lv_op *op)
{
	struct pri_lv_job *job = op->job;
	virDomainPtr *domains = NULL;
	int n = PRI_LV(op->host, virConnectListAllDomains, op->host->conn, &domains, 0);

	if (n < 0)
		return -1;
	free(job->identities);
	job->identities = calloc((size_t)n + 1, sizeof(*job->identities));
	job->identity_count = job->identities ? (size_t)n : 0;
	for (int i = 0; i < n; i++) {
		if (job->identities)
			identify_by_handle(op->host, domains[i], &job->identities[i]);
		virDomainFree(domains[i]);
	}
	free(domains);
	if (!job->identities)
		return pri_lv_fail(&op->fault, -ENOMEM, "out of memory"), -1;
	return mark_paused(op->host, job->identities, job->identity_count);
}

static int list_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {.host = job->host, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, list_once);

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text) : 0;
}

int pri_lv_list(struct pri_call *call, pri_add_identity add, void *arg)
{
	struct pri_lv_job *job = pri_lv_job_new(call, list_work);
	int r;

	if (!job)
		return -ENOMEM;
	r = pri_lv_job_run(call, &job);
	for (size_t i = 0; r == 0 && i < job->identity_count; i++)
		r = add(arg, &job->identities[i]);
	pri_lv_job_end(job);
	return r;
}
