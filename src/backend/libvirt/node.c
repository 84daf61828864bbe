/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's own attributes and facts. */
#include <errno.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

static int read_total(struct pri_lv_host *host, uint64_t *ret_value)
{
	virNodeInfo node;

	if (PRI_LV(host, virNodeGetInfo, host->conn, &node) < 0)
		return -1;
	*ret_value = (uint64_t)node.memory * 1024;
	return 0;
}

static int read_free(struct pri_lv_host *host, uint64_t *ret_value)
{
	*ret_value = PRI_LV(host, virNodeGetFreeMemory, host->conn);
	/* 0 is how it fails; no machine that answers has nothing free. */
	return *ret_value ? 0 : -1;
}

static int read_online(struct pri_lv_host *host, uint64_t *ret_value)
{
	unsigned int online;

	if (PRI_LV(host, virNodeGetCPUMap, host->conn, NULL, &online, 0) < 0)
		return -1;
	*ret_value = online;
	return 0;
}

/* Sum over the running domains.  One that stops meanwhile counts nothing. */
static int read_running(struct pri_lv_host *host, uint64_t *ret_bytes, uint32_t *ret_running)
{
	virDomainPtr *domains = NULL;
	int n = PRI_LV(host, virConnectListAllDomains, host->conn, &domains,
		       VIR_CONNECT_LIST_DOMAINS_ACTIVE);

	if (n < 0)
		return -1;
	*ret_bytes = 0;
	*ret_running = (uint32_t)n;
	for (int i = 0; i < n; i++) {
		virDomainInfo info;

		if (PRI_LV(host, virDomainGetInfo, domains[i], &info) == 0)
			*ret_bytes += (uint64_t)info.memory * 1024;
		virDomainFree(domains[i]);
	}
	free(domains);
	return 0;
}

static int read_committed(struct pri_lv_host *host, uint64_t *ret_value)
{
	uint32_t running;

	return read_running(host, ret_value, &running);
}

/* By pri_lv_row.tag. */
static int (*const readers[])(struct pri_lv_host *host, uint64_t *ret_value) = {
	read_total,
	read_free,
	read_committed,
	read_online,
};

static int node_read(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];

		if (readers[pri_lv_row(change)->tag](op->host, &change->held.number) < 0)
			return -1;
	}
	return 0;
}

int pri_lv_node_facts(struct pri_lv_op *op)
{
	struct pri_host_facts *facts = &op->job->facts;
	uint64_t online;
	int domains;

	if (read_total(op->host, &facts->memory_bytes) < 0 || read_online(op->host, &online) < 0 ||
	    read_running(op->host, &facts->committed_bytes, &facts->running) < 0)
		return -1;
	domains = PRI_LV(op->host, virConnectListAllDomains, op->host->conn, NULL, 0);
	if (domains < 0)
		return -1;
	facts->domains = (uint32_t)domains;
	facts->cpus = (uint32_t)online;
	facts->cpu_numbers = op->host->cpu_count;
	/* Not every driver knows it. */
	if (read_free(op->host, &facts->free_bytes) < 0)
		facts->free_bytes = PRALLOC_DEFAULT;
	virResetLastError();
	return 0;
}

const struct pri_lv_family pri_lv_node = {.read = node_read};
