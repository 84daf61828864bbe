/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that the worker makes while the caller does something else. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/libvirt/libvirt.h"

static int (*const works[])(struct pri_lv_job *job) = {
	[PRI_OP_READ] = pri_lv_read_work,   [PRI_OP_CHECK] = pri_lv_check_work,
	[PRI_OP_APPLY] = pri_lv_apply_work, [PRI_OP_ARRIVED] = pri_lv_arrived_work,
	[PRI_OP_STATE] = pri_lv_state_work,
};

int pri_lv_begin(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		 struct pri_pending *pending)
{
	struct pri_lv_job *job;
	int r;

	if (op == PRI_OP_APPLY && call->read_only)
		return 0;
	pending->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pending->fd < 0)
		return pri_lv_core->fail(call, -EIO, "no descriptor is free: %m");
	job = pri_lv_job_new(call, works[op]);
	r = job ? pri_lv_job_set_changes(job, changes, n) : -ENOMEM;
	if (r == 0 && op == PRI_OP_ARRIVED)
		pri_lv_look_at_arrival(job);
	if (r == 0)
		r = pri_lv_job_begin(call, job, pending->fd);
	if (r == 0) {
		pending->job = job;
		return 1;
	}
	pri_lv_job_end(job);
	close(pending->fd);
	return r;
}

int pri_lv_finish(struct pri_call *call, int op, struct pri_change *changes, size_t n,
		  struct pri_identity *identity, struct pri_pending *pending)
{
	struct pri_lv_job *job = pending->job;
	int r = pri_lv_job_finish(call, &job);

	close(pending->fd);
	if (!job) {
		if (op == PRI_OP_APPLY)
			pri_lv_doubt(changes, n);
		return r;
	}
	if (r == 0 && op == PRI_OP_STATE)
		*identity = job->identity;
	else if (r == 0)
		pri_lv_job_take_changes(job, changes, n);
	pri_lv_job_end(job);
	if (r == 0 && op == PRI_OP_ARRIVED)
		pri_lv_judge_arrival(call, changes, n);
	return r;
}
