/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening, closing and describing a host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

static const struct {
	const char *type; /* virConnectGetType() */
	int driver;
} drivers[] = {
	{"QEMU", PRI_LV_QEMU},
	{"TEST", PRI_LV_TEST},
	{"LXC", PRI_LV_LXC},
};

/* The last thing that the worker does. */
static void finish(void *state)
{
	struct pri_lv_host *host = state;

	if (host->wake)
		pri_wake_serve(host->wake, NULL);
	pri_lv_disconnect(host);
	pri_wake_unref(host->wake);
	pri_lv_job_free(host->spare);
	free(host->uri);
	free(host);
}

static int driver_of(const char *type)
{
	for (size_t i = 0; type && i < PRI_ARRAY_SIZE(drivers); i++)
		if (strcmp(type, drivers[i].type) == 0)
			return drivers[i].driver;
	return PRI_LV_OTHER;
}

static int examine(struct pri_lv_host *host)
{
	virNodeInfo node;
	int cpus;

	host->driver = driver_of(PRI_LV(host, virConnectGetType, host->conn));
	if (PRI_LV(host, virNodeGetInfo, host->conn, &node) < 0)
		return -1;
	cpus = PRI_LV(host, virNodeGetCPUMap, host->conn, NULL, NULL, 0);
	host->cpu_count = cpus > 0 ? (unsigned int)cpus : VIR_NODEINFO_MAXCPUS(node);
	host->local = pri_lv_is_local(host);
	/* The test driver has no kernel under it; it takes the ranges of v1. */
	if (host->driver == PRI_LV_TEST)
		host->cgroup_version = 1;
	else if (host->local)
		host->cgroup_version = pri_lv_cgroup_version();
	host->cgroup_known = host->cgroup_version != 0;
	virResetLastError();
	return 0;
}

static int open_work(struct pri_lv_job *job)
{
	struct pri_lv_host *host = job->host;
	struct pri_lv_fault fault;
	int r;

	pri_lv_xml_silence();
	/* Elsewhere a peer can go without a word, which keep-alive tells, which needs the event
	 * loop; and the test driver's domains would not survive another connection. */
	host->wants_events = !pri_lv_uri_is_local(host->uri) || !pri_lv_uri_is_daemon(host->uri);
	r = pri_lv_connect(host, &fault);
	if (r == 0 && examine(host) < 0)
		r = pri_lv_fault_take(&fault, host, NULL, 0);
	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", fault.text) : 0;
}

static struct pri_lv_host *host_new(const struct pri_call *call, const char *uri)
{
	struct pri_lv_host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	host->read_only = call->read_only;
	host->uri = strdup(uri);
	host->wake = pri_wake_new();
	if (host->uri && host->wake && pri_worker_new(host, finish, &host->worker) == 0) {
		pri_wake_serve(host->wake, host->worker);
		return host;
	}
	finish(host);
	return NULL;
}

int pri_lv_open(struct pri_call *call, const char *uri, void **ret_host)
{
	struct pri_call own = *call;
	struct pri_lv_host *host;
	struct pri_lv_job *job;
	int r = -ENOMEM;

	/* Not left to the worker: what OpenSSL keeps for the thread that initializes it is lost
	 * when the process ends just before that thread does. */
	if (virInitialize() < 0)
		return pri_lv_core->fail(call, -EIO, "libvirt cannot be initialized");
	host = host_new(call, uri);
	if (!host)
		return -ENOMEM;
	own.host = host;
	own.target = uri;
	own.error = NULL;
	job = pri_lv_job_new(&own, open_work);
	if (job)
		r = pri_lv_job_run(&own, &job);
	pri_lv_job_end(job);
	if (own.error) {
		free(call->error);
		call->error = own.error;
	}
	if (r < 0)
		pri_worker_close(host->worker);
	else
		*ret_host = host;
	return r;
}

void pri_lv_close(void *state)
{
	struct pri_lv_host *host = state;

	pri_worker_close(host->worker);
}

int pri_lv_set_cgroup_version(struct pri_call *call, int version)
{
	struct pri_lv_host *host = call->host;

	if (host->cgroup_known && host->cgroup_version != version)
		return pri_lv_core->fail(call, -EBUSY, "this host is known to use cgroup v%d",
					 host->cgroup_version);
	host->cgroup_version = version;
	pri_wake_describe(host->wake, host);
	return 0;
}

static int facts_work(struct pri_lv_job *job)
{
	struct pri_lv_op op = {.host = job->host, .call = &job->call, .job = job};
	int r = pri_lv_repeat(&op, pri_lv_node_facts);

	return r < 0 ? pri_lv_core->fail(&job->call, r, "%s", op.fault.text) : 0;
}

int pri_lv_facts(struct pri_call *call, struct pri_host_facts *facts)
{
	struct pri_lv_host *host = call->host;
	struct pri_lv_job *job = pri_lv_job_new(call, facts_work);
	int r;

	if (!job)
		return -ENOMEM;
	r = pri_lv_job_run(call, &job);
	if (r == 0) {
		*facts = job->facts;
		facts->cgroup_version = host->cgroup_version;
	}
	pri_lv_job_end(job);
	return r;
}
