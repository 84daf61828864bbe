/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SEC UINT64_C(1000000000)

const char *const net_attributes[NET_FIGURES][NET_DIRECTIONS] = {
	[NET_WEIGHT] = {"net.weight.out", "net.weight.in"},
	[NET_GUARANTEE] = {"net.guarantee.out", "net.guarantee.in"},
	[NET_CEILING] = {"net.rate.out", "net.rate.in"},
	[NET_BYTES] = {"net.tx_bytes", "net.rx_bytes"},
	[NET_DROPS] = {"net.tx_drops", "net.rx_drops"},
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_SEC + (uint64_t)time.tv_nsec;
}

static int read_domain(struct app *app, const struct target *target, struct net_domain *domain)
{
	int r;

	for (size_t figure = 0; figure < NET_FIGURES; figure++) {
		for (size_t direction = 0; direction < NET_DIRECTIONS; direction++)
			entries_expand(app, &domain->entries, target,
				       net_attributes[figure][direction]);
	}
	r = entries_read(app, target, &domain->entries);
	domain->read_ns = now_ns();
	return r;
}

static void clear_domain(struct net_domain *domain)
{
	free(domain->name);
	free(domain->uuid);
	entries_clear(&domain->entries);
}

static int add_domain(struct app *app, struct net_snapshot *snapshot, struct pr_domain *dom)
{
	struct target target = {dom, pr_domain_name(dom), PRALLOC_LIVE};
	struct net_domain domain = {0};
	int state = 0, r = pr_domain_state(dom, &state, /* flags= */ 0);

	if (r == 0 && state != PRALLOC_DOMAIN_OFF)
		r = read_domain(app, &target, &domain);
	/* One that vanished or was stopped meanwhile is on no link. */
	if (r == -ENOENT || r == -ESTALE || r == -ENOTCONN)
		r = 0;
	if (r < 0 || domain.entries.count == 0) {
		clear_domain(&domain);
		return r < 0 ? fail(app, r, "%s", pr_domain_errmsg(dom)) : EXIT_DONE;
	}
	domain.name = copy_text(target.name);
	domain.uuid = copy_text(pr_domain_uuid(dom));
	snapshot->domains = grow(snapshot->domains, snapshot->count, sizeof(*snapshot->domains));
	snapshot->domains[snapshot->count++] = domain;
	return EXIT_DONE;
}

int net_snapshot_take(struct app *app, struct net_snapshot *snapshot)
{
	struct pr_domain *dom = NULL;
	int status = EXIT_DONE, r = 0;

	while (status == EXIT_DONE && (r = pr_host_next(app->host, &dom, /* flags= */ 0)) > 0)
		status = add_domain(app, snapshot, dom);
	if (status == EXIT_DONE && r < 0)
		return fail(app, r, "%s", pr_host_errmsg(app->host));
	pr_domain_close(dom);
	return status;
}

void net_snapshot_clear(struct net_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		clear_domain(&snapshot->domains[i]);
	free(snapshot->domains);
	*snapshot = (struct net_snapshot){0};
}

static bool is_of(const struct entry *entry, enum net_figure figure, enum net_direction direction)
{
	return strcmp(entry->attribute, net_attributes[figure][direction]) == 0;
}

const struct pr_value *net_value(const struct net_domain *domain, enum net_figure figure,
				 enum net_direction direction, const char *instance)
{
	for (size_t i = 0; i < domain->entries.count; i++) {
		const struct entry *entry = &domain->entries.items[i];

		if (is_of(entry, figure, direction) && strcmp(entry->instance, instance) == 0)
			return entry->error ? NULL : &entry->value;
	}
	return NULL;
}

const char *net_instance(const struct net_domain *domain, enum net_figure figure, size_t index)
{
	for (size_t i = 0; i < domain->entries.count; i++) {
		const struct entry *entry = &domain->entries.items[i];

		if (is_of(entry, figure, NET_OUT) && index-- == 0)
			return entry->instance;
	}
	return NULL;
}

static const struct net_domain *same_domain(const struct net_snapshot *snapshot, const char *uuid)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		if (strcmp(snapshot->domains[i].uuid, uuid) == 0)
			return &snapshot->domains[i];
	}
	return NULL;
}

/* Bytes that an interface has moved since; false where a restart began counting anew. */
static bool moved(const struct net_domain *was, const struct net_domain *is,
		  enum net_direction direction, const char *interface, uint64_t *sum)
{
	const struct pr_value *before = net_value(was, NET_BYTES, direction, interface);
	const struct pr_value *after = net_value(is, NET_BYTES, direction, interface);

	if (!before || !after || after->number < before->number)
		return false;
	*sum += after->number - before->number;
	return true;
}

struct pr_value net_achieved(const struct net_snapshot *before, const struct net_domain *domain,
			     enum net_direction direction, const char *interface)
{
	const struct net_domain *was = same_domain(before, domain->uuid);
	struct pr_value value = {.size = sizeof(value)};
	uint64_t bytes = 0;
	const char *name;

	if (!was || domain->read_ns <= was->read_ns)
		return value;
	for (size_t i = 0; (name = net_instance(domain, NET_BYTES, i)); i++) {
		if (interface && strcmp(interface, name) != 0)
			continue;
		if (!moved(was, domain, direction, name, &bytes))
			return value;
	}
	value.type = PRALLOC_TYPE_U64;
	value.number = (uint64_t)((double)bytes * (double)NS_PER_SEC /
				  (double)(domain->read_ns - was->read_ns));
	return value;
}
