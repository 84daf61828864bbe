/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of functions; opening, closing, the host as a whole. */
#include "backend/fake/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"

#define SCHEME "fake:"
#define INJECT "inject="
#define CGROUP_VERSION 2

const struct pri_core *const pri_fake_core = &pri_core_services;

static bool fake_claims(const char *uri)
{
	return strncmp(uri, SCHEME, strlen(SCHEME)) == 0;
}

/* "", "///N": everything between the scheme and the question mark. */
static int parse_count(struct pri_call *call, const char *text, size_t length, uint32_t *ret_count)
{
	unsigned long count;
	size_t digits;

	*ret_count = PRI_FAKE_DOMAINS_DEFAULT;
	if (length == 0)
		return 0;
	if (length < 4 || strncmp(text, "///", 3) != 0)
		return pri_fake_core->fail(call, -EINVAL,
					   "\"%.*s\" is not understood (fake: or fake:///N, and "
					   "?inject=DIRECTIVES)",
					   (int)length, text);
	digits = strspn(text + 3, "0123456789");
	count = strtoul(text + 3, NULL, 10);
	if (digits != length - 3 || count < 1 || count > PRI_FAKE_DOMAINS_MAX)
		return pri_fake_core->fail(call, -EINVAL,
					   "\"%.*s\" is no number of domains (1 to %d)",
					   (int)length - 3, text + 3, PRI_FAKE_DOMAINS_MAX);
	*ret_count = (uint32_t)count;
	return 0;
}

/* "inject=WORD+PARAMETER=VALUE;…" */
static int obey(struct pri_call *call, struct pri_fake_host *host, const char *query)
{
	pri_autofree char *text = NULL;
	char *rest, *directive;

	if (strncmp(query, INJECT, strlen(INJECT)) != 0)
		return pri_fake_core->fail(
			call, -EINVAL, "\"%s\" is not understood after \"?\" (inject=DIRECTIVES)",
			query);
	text = strdup(query + strlen(INJECT));
	if (!text)
		return -ENOMEM;
	for (char *plus = text; (plus = strchr(plus, '+'));)
		*plus = ' ';
	rest = text;
	while ((directive = strsep(&rest, ";"))) {
		int r = pri_fake_directive(host, directive, &call->error);

		if (r < 0)
			return r;
	}
	return 0;
}

static void fake_close(void *opaque)
{
	struct pri_fake_host *host = opaque;

	for (uint32_t i = 0; i < host->count; i++)
		pri_fake_domain_unref(host->domains[i]);
	free(host->domains);
	pri_fake_store_clear(&host->store);
	pri_fake_fault_clear(host);
	pri_fake_late_clear(host);
	pri_fake_core->event_unref(host->events);
	if (host->notice_fd >= 0)
		close(host->notice_fd);
	free(host);
}

static struct pri_fake_host *new_host(uint32_t count)
{
	struct pri_fake_host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	host->count = count;
	host->notice_fd = -1;
	host->start_ns = pri_fake_core->now_ns();
	host->domains = calloc(count, sizeof(struct pri_fake_domain *));
	if (host->domains)
		return host;
	free(host);
	return NULL;
}

static int fake_open(struct pri_call *call, const char *uri, void **ret_host)
{
	const char *path = uri + strlen(SCHEME);
	size_t length = strcspn(path, "?");
	struct pri_fake_host *host;
	uint32_t count;
	int r;

	r = parse_count(call, path, length, &count);
	if (r < 0)
		return r;
	host = new_host(count);
	if (!host)
		return -ENOMEM;
	if (path[length] == '?')
		r = obey(call, host, path + length + 1);
	if (r < 0) {
		fake_close(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

static const struct pri_serve *fake_serve(void *host, int attr, const char **ret_reason)
{
	const struct pri_fake_row *row = pri_fake_row(attr);

	(void)host;
	if (row)
		return &row->serve;
	*ret_reason = "the fake host has no such attribute";
	return NULL;
}

uint64_t pri_fake_host_committed(const struct pri_fake_host *host)
{
	uint64_t now_ns = pri_fake_core->now_ns(), sum = 0;

	for (uint32_t i = 0; i < host->count; i++) {
		const struct pri_fake_domain *domain = host->domains[i];

		if (!domain)
			sum += PRI_FAKE_MEMORY_START;
		else if (domain->running)
			sum += pri_fake_balloon_actual(&domain->balloon, now_ns);
	}
	return sum;
}

/* Room for every domain at its maximum, so that no test meets a full host by accident. */
uint64_t pri_fake_host_memory(const struct pri_fake_host *host)
{
	uint64_t all = host->count * PRI_FAKE_MEMORY_MAXIMUM;

	if (host->memory_bytes)
		return host->memory_bytes;
	return all > PRI_FAKE_HOST_MEMORY ? all : PRI_FAKE_HOST_MEMORY;
}

static int fake_facts(struct pri_call *call, struct pri_host_facts *facts)
{
	const struct pri_fake_host *host = call->host;
	int r = pri_fake_enter(call);

	if (r < 0)
		return r;
	*facts = (struct pri_host_facts){
		.cpus = PRI_FAKE_HOST_CPUS,
		.memory_bytes = pri_fake_host_memory(host),
		.committed_bytes = pri_fake_host_committed(host),
		.cgroup_version = CGROUP_VERSION,
	};
	if (facts->memory_bytes > facts->committed_bytes)
		facts->free_bytes = facts->memory_bytes - facts->committed_bytes;
	for (uint32_t i = 0; i < host->count; i++) {
		const struct pri_fake_domain *domain = host->domains[i];

		facts->domains += !domain || domain->fate == PRI_FAKE_PRESENT;
		facts->running += !domain || domain->running;
	}
	return 0;
}

static int fake_set_cgroup_version(struct pri_call *call, int version)
{
	if (version == CGROUP_VERSION)
		return 0;
	return pri_fake_core->fail(call, -EBUSY, "this host is known to use version %d",
				   CGROUP_VERSION);
}

const struct pri_backend pri_fake_backend = {
	.name = "fake",
	.claims = fake_claims,
	.open = fake_open,
	.close = fake_close,
	.serve = fake_serve,
	.facts = fake_facts,
	.set_cgroup_version = fake_set_cgroup_version,
	.list = pri_fake_list,
	.attach = pri_fake_attach,
	.detach = pri_fake_detach,
	.state = pri_fake_state,
	.instances = pri_fake_instances,
	.read = pri_fake_read,
	.check = pri_fake_check,
	.apply = pri_fake_apply,
	.wait = pri_fake_wait,
	.listen = pri_fake_listen,
	.look = pri_fake_look,
	.arrived = pri_fake_arrived,
	.begin = pri_fake_begin,
	.finish = pri_fake_finish,
	.notice = pri_fake_notice,
	.private_domains = true,
};
