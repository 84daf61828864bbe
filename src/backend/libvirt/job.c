/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Jobs: copies of what the caller passed in, made in the caller's thread, worked on by the
 * worker, and handed back.  A job that its caller has given up touches nothing of the caller's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

static struct pri_lv_job *job_of(struct pri_job *job)
{
	return (struct pri_lv_job *)(void *)job;
}

static void run(struct pri_job *base)
{
	struct pri_lv_job *job = job_of(base);

	job->result = job->work(job);
}

static void drop(struct pri_job *base)
{
	struct pri_lv_job *job = job_of(base);

	/* An attach that came too late: nobody knows of the domain. */
	if (job->attached)
		pri_lv_domain_free(pri_steal(job->attached));
	pri_lv_job_free(job);
}

struct pri_lv_job *pri_lv_job_new(struct pri_call *call, int (*work)(struct pri_lv_job *job))
{
	struct pri_lv_host *host = call->host;
	struct pri_lv_job *job = pri_steal(host->spare);

	if (!job)
		job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	job->job = (struct pri_job){.run = run, .drop = drop, .subject = job->target};
	job->host = host;
	job->domain = call->domain;
	job->work = work;
	snprintf(job->target, sizeof(job->target), "%s", call->target);
	job->call = *call;
	job->call.target = job->target;
	job->call.ctx = NULL;
	job->call.root = NULL;
	job->call.of = NULL;
	job->call.error = NULL;
	return job;
}

static int make_room(struct pri_lv_job *job, size_t n)
{
	void *changes, *group, *names;

	if (n <= job->room)
		return 0;
	changes = realloc(job->changes, n * sizeof(*job->changes));
	if (!changes)
		return -ENOMEM;
	job->changes = changes;
	group = realloc(job->group, n * sizeof(struct pri_change *));
	if (!group)
		return -ENOMEM;
	job->group = group;
	names = realloc(job->names, n * sizeof(char *));
	if (!names)
		return -ENOMEM;
	job->names = names;
	job->room = n;
	return 0;
}

/* *name is what to free. */
static int copy_change(struct pri_change *to, const struct pri_change *from, char **name)
{
	*name = *from->instance ? strdup(from->instance) : NULL;
	*to = (struct pri_change){
		.attr = from->attr,
		.serve = from->serve,
		.instance = *name ? *name : "",
		.mode = from->mode,
		.verify = from->verify,
		.flags = from->flags,
		.wanted.number = from->wanted.number,
	};
	if (*from->instance && !*name)
		return -ENOMEM;
	return from->wanted.text ? pri_lv_core->value_set_text(&to->wanted, from->wanted.text) : 0;
}

int pri_lv_job_set_changes(struct pri_lv_job *job, const struct pri_change *changes, size_t n)
{
	int r = make_room(job, n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		job->n = i + 1;
		r = copy_change(&job->changes[i], &changes[i], &job->names[i]);
	}
	return r;
}

void pri_lv_job_take_changes(struct pri_lv_job *job, struct pri_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct pri_change *mine = &job->changes[i];

		changes[i].error = mine->error;
		free(changes[i].text);
		changes[i].text = pri_steal(mine->text);
		free(changes[i].held.text);
		changes[i].held.number = mine->held.number;
		changes[i].held.text = pri_steal(mine->held.text);
		/* Only a write says so: a look that follows it must not wipe it out. */
		if (job->work == pri_lv_apply_work)
			changes[i].took = mine->took, changes[i].unsure = mine->unsure;
	}
}

/* r: of the worker. */
static int job_ended(struct pri_call *call, struct pri_lv_job **job, int r, const char *text)
{
	if (r == 1)
		*job = NULL;
	if (r != 0)
		return pri_lv_core->fail(call, r == 1 ? -ETIMEDOUT : r, "%s", text);
	if ((*job)->call.error) {
		free(call->error);
		call->error = pri_steal((*job)->call.error);
	}
	return (*job)->result;
}

int pri_lv_job_run(struct pri_call *call, struct pri_lv_job **job)
{
	char text[PRI_LV_TEXT_MAX];
	int r = pri_worker_run((*job)->host->worker, &(*job)->job, call->deadline_ns, text,
			       sizeof(text));

	return job_ended(call, job, r, text);
}

int pri_lv_job_begin(struct pri_call *call, struct pri_lv_job *job, int ready)
{
	char text[PRI_LV_TEXT_MAX];
	int copy = fcntl(ready, F_DUPFD_CLOEXEC, 0);
	int r;

	if (copy < 0)
		return pri_lv_core->fail(call, -EIO, "no descriptor is free: %m");
	r = pri_worker_begin(job->host->worker, &job->job, copy, text, sizeof(text));
	if (r == 0)
		return 0;
	close(copy);
	return pri_lv_core->fail(call, r, "%s", text);
}

int pri_lv_job_finish(struct pri_call *call, struct pri_lv_job **job)
{
	char text[PRI_LV_TEXT_MAX];
	int r = pri_worker_end((*job)->host->worker, &(*job)->job, call->deadline_ns, text,
			       sizeof(text));

	return job_ended(call, job, r, text);
}

static void clear_changes(struct pri_lv_job *job)
{
	for (size_t i = 0; i < job->n; i++) {
		struct pri_change *change = &job->changes[i];

		free(job->names[i]);
		free(change->wanted.text);
		free(change->held.text);
		free(change->text);
	}
	job->n = 0;
}

static void clear_instances(struct pri_lv_instances *instances)
{
	for (size_t i = 0; i < instances->n; i++) {
		free(instances->items[i].canonical);
		free(instances->items[i].alias_texts[0]);
		free(instances->items[i].alias_texts[1]);
	}
	free(instances->items);
	*instances = (struct pri_lv_instances){0};
}

static void clear(struct pri_lv_job *job)
{
	clear_changes(job);
	clear_instances(&job->instances);
	free(pri_steal(job->call.error));
	free(pri_steal(job->name));
	free(pri_steal(job->identities));
	job->identity_count = 0;
	job->attached = NULL;
	pri_lv_core->place_clear(&job->place);
}

void pri_lv_job_free(struct pri_lv_job *job)
{
	if (!job)
		return;
	clear(job);
	free(job->changes);
	free(job->group);
	free(job->names);
	free(job);
}

void pri_lv_job_end(struct pri_lv_job *job)
{
	if (!job)
		return;
	clear(job);
	if (job->host->spare)
		pri_lv_job_free(job);
	else
		job->host->spare = job;
}
