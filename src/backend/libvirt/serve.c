/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading, checking and writing changes: sorted by family, each family called once, repeated
 * over a reconnection where that is harmless.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "backend/libvirt/libvirt.h"

typedef int (*family_function)(struct pri_lv_op *op);

/* Nothing is written any more when nobody waits for it: what was given up is taken for undone. */
static bool comes_too_late(const struct pri_lv_op *op)
{
	return pri_monotonic_ns() >= op->call->deadline_ns ||
	       pri_worker_is_abandoned(op->host->worker);
}

/* One attempt.  0, or the fault's code. */
static int attempt(struct pri_lv_op *op, family_function function)
{
	op->fault = (struct pri_lv_fault){0};
	op->begun = false;
	if (pri_lv_ensure(op->host, &op->fault) < 0)
		return op->fault.code;
	if (op->domain && pri_lv_domain_ready(op->host, op->domain, &op->fault) < 0)
		return op->fault.code;
	op->ptr = op->domain ? op->domain->ptr : NULL;
	if (op->writes && comes_too_late(op))
		return pri_lv_fail(&op->fault, -ETIMEDOUT, "no time was left for it");
	op->begun = true;
	if (function(op) == 0)
		return 0;
	if (op->fault.code == 0)
		pri_lv_fault_take(&op->fault, op->host, op->ptr, op->mode);
	if (op->fault.gone && op->domain)
		pri_lv_domain_missing(op->host, op->domain, &op->fault);
	return op->fault.code;
}

#define EARLY_PAUSE_NS 20000000L

/* Nothing was done by an attempt that came too early for a restarted daemon. */
static int patient_attempt(struct pri_lv_op *op, family_function function)
{
	static const struct timespec pause = {.tv_nsec = EARLY_PAUSE_NS};
	int r = attempt(op, function);

	while (r < 0 && op->fault.early && pri_monotonic_ns() < op->call->deadline_ns) {
		nanosleep(&pause, NULL);
		r = attempt(op, function);
	}
	return r;
}

int pri_lv_repeat(struct pri_lv_op *op, int (*function)(struct pri_lv_op *op))
{
	int r = patient_attempt(op, function);

	if (r < 0 && op->fault.lost)
		r = patient_attempt(op, function);
	return r;
}

/* A write is repeated only where the first one surely never arrived. */
static int write_once(struct pri_lv_op *op, family_function function)
{
	int r = patient_attempt(op, function);

	if (r < 0 && op->fault.lost && (!op->begun || op->fault.undelivered))
		r = patient_attempt(op, function);
	if (r < 0 && op->fault.lost && op->begun && !op->fault.undelivered) {
		pri_lv_fail(&op->fault, -ENOTCONN, "the connection was lost during the write");
		op->fault.unsure = true;
	}
	return r;
}

static void op_init(struct pri_lv_op *op, struct pri_lv_job *job, uint32_t mode)
{
	*op = (struct pri_lv_op){
		.host = job->host,
		.domain = job->domain,
		.job = job,
		.call = &job->call,
		.changes = job->group,
		.mode = mode,
		.affect = mode == PRALLOC_CONFIG ? VIR_DOMAIN_AFFECT_CONFIG
						 : VIR_DOMAIN_AFFECT_LIVE,
	};
}

static const struct pri_lv_family *family_for(const struct pri_change *change)
{
	const struct pri_lv_row *row = pri_lv_row(change);

	return change->mode == PRALLOC_CONFIG && row->config_family ? row->config_family
								    : row->family;
}

/* The next family's changes, in their order; marks them as done.  False: no more. */
static bool next_family(struct pri_lv_job *job, struct pri_lv_op *op)
{
	const struct pri_lv_family *family = NULL;
	uint32_t mode = 0;
	size_t n = 0;

	for (size_t i = 0; i < job->n; i++) {
		struct pri_change *change = &job->changes[i];

		if (change->error != 1)
			continue;
		if (!family) {
			family = family_for(change);
			mode = change->mode;
		}
		if (family_for(change) != family || change->mode != mode)
			continue;
		change->error = 0;
		job->group[n++] = change;
	}
	if (n == 0)
		return false;
	op_init(op, job, mode);
	op->n = n;
	return true;
}

/* error 1: not yet tried. */
static void begin(struct pri_lv_job *job)
{
	for (size_t i = 0; i < job->n; i++)
		job->changes[i].error = 1;
}

static const struct pri_lv_family *family_of(const struct pri_lv_op *op)
{
	return family_for(op->changes[0]);
}

static void read_group(struct pri_lv_op *op)
{
	int r = pri_lv_repeat(op, family_of(op)->read);

	if (r < 0)
		pri_lv_fail_each(op, r, op->fault.text);
}

int pri_lv_read_work(struct pri_lv_job *job)
{
	struct pri_lv_op op;

	begin(job);
	while (next_family(job, &op))
		read_group(&op);
	return 0;
}

int pri_lv_check_work(struct pri_lv_job *job)
{
	struct pri_lv_op op;
	int r;

	begin(job);
	while (next_family(job, &op)) {
		if (!family_of(&op)->check)
			continue;
		r = pri_lv_repeat(&op, family_of(&op)->check);
		if (r < 0)
			pri_lv_fail_each(&op, r, op.fault.text);
	}
	return 0;
}

static bool holds_wanted(const struct pri_change *change)
{
	const struct pri_value *wanted = &change->wanted, *held = &change->held;

	if (wanted->text || held->text)
		return wanted->text && held->text && strcmp(wanted->text, held->text) == 0;
	return wanted->number == held->number;
}

/*
 * libvirt's calls are not atomic: of several values those before the one that failed took, and
 * of one value for several vCPUs a part.  What took is found out by reading.  The first that did
 * not take gets the error, the others were not tried.
 */
static void settle_failure(struct pri_lv_op *op, const struct pri_lv_fault *fault)
{
	bool begun = op->begun;
	int code = fault->code;
	bool told = false;

	if (begun && !fault->lost && code != -ENOENT && code != -ESTALE)
		(void)pri_lv_repeat(op, family_of(op)->read);
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		bool last = i + 1 == op->n;

		change->took = change->took || (begun && change->error == 0 &&
						op->fault.code == 0 && holds_wanted(change));
		if (change->took && !(last && !told)) {
			change->error = 0;
		} else if (!told) {
			pri_lv_core->fail_change(op->call, change, code, "%s", fault->text);
			told = true;
		} else {
			change->error = -ECANCELED;
		}
	}
}

void pri_lv_doubt(struct pri_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		changes[i].took = changes[i].unsure = true;
}

static void settle_unsure(struct pri_lv_op *op, const struct pri_lv_fault *fault)
{
	for (size_t i = 0; i < op->n; i++) {
		pri_lv_doubt(op->changes[i], 1);
		pri_lv_core->fail_change(op->call, op->changes[i], fault->code, "%s", fault->text);
	}
}

static int write_group(struct pri_lv_op *op)
{
	struct pri_lv_fault fault;
	int r;

	op->writes = true;
	r = write_once(op, family_of(op)->write);
	op->writes = false;
	fault = op->fault;
	if (r == 0)
		return 0;
	if (fault.unsure)
		settle_unsure(op, &fault);
	else
		settle_failure(op, &fault);
	return r;
}

/* Those of the group that are to be verified. */
static void verify_group(struct pri_lv_op *op)
{
	size_t n = 0;

	for (size_t i = 0; i < op->n; i++)
		if (op->changes[i]->verify && op->changes[i]->took)
			op->changes[n++] = op->changes[i];
	op->n = n;
	if (n > 0)
		read_group(op);
}

int pri_lv_apply_work(struct pri_lv_job *job)
{
	struct pri_lv_op op;
	int r = 0;

	begin(job);
	while (r == 0 && next_family(job, &op)) {
		r = write_group(&op);
		if (r == 0)
			verify_group(&op);
	}
	for (size_t i = 0; i < job->n; i++)
		if (job->changes[i].error == 1)
			job->changes[i].error = -ECANCELED;
	return 0;
}

static int run(struct pri_call *call, struct pri_change *changes, size_t n,
	       int (*work)(struct pri_lv_job *job))
{
	struct pri_lv_job *job = pri_lv_job_new(call, work);
	int r = job ? pri_lv_job_set_changes(job, changes, n) : -ENOMEM;

	if (r == 0) {
		r = pri_lv_job_run(call, &job);
		if (!job && work == pri_lv_apply_work)
			pri_lv_doubt(changes, n);
	}
	if (r == 0)
		pri_lv_job_take_changes(job, changes, n);
	pri_lv_job_end(job);
	return r;
}

int pri_lv_read(struct pri_call *call, struct pri_change *changes, size_t n)
{
	return run(call, changes, n, pri_lv_read_work);
}

int pri_lv_check(struct pri_call *call, struct pri_change *changes, size_t n)
{
	return run(call, changes, n, pri_lv_check_work);
}

int pri_lv_apply(struct pri_call *call, struct pri_change *changes, size_t n)
{
	if (call->read_only)
		return pri_lv_core->fail(call, -EACCES, "the host was opened read-only");
	return run(call, changes, n, pri_lv_apply_work);
}
