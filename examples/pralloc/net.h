/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `pralloc net` shows: the domains at two times, by link. */
#ifndef PRALLOC_NET_COMMAND_H
#define PRALLOC_NET_COMMAND_H

#include "values.h"

enum net_direction {
	NET_OUT,
	NET_IN,
	NET_DIRECTIONS,
};

enum net_figure {
	NET_WEIGHT,    /* of a link */
	NET_GUARANTEE, /* of a link */
	NET_CEILING,   /* of an interface, as all that follow */
	NET_BYTES,
	NET_DROPS,
	NET_FIGURES,
};

/* The attribute behind a figure of one direction. */
extern const char *const net_attributes[NET_FIGURES][NET_DIRECTIONS];

/* A domain that runs, and what was read of it at one time. */
struct net_domain {
	char *name, *uuid;
	struct entries entries;
	uint64_t read_ns;
};

struct net_snapshot {
	struct net_domain *domains;
	size_t count;
};

/* All domains that run and have an interface.  An exit code. */
int net_snapshot_take(struct app *app, struct net_snapshot *snapshot);
void net_snapshot_clear(struct net_snapshot *snapshot);

/* The figure of a link or an interface, or NULL when it could not be read. */
const struct pr_value *net_value(const struct net_domain *domain, enum net_figure figure,
				 enum net_direction direction, const char *instance);
/* The index-th link or interface, by a figure that each has; NULL at the end. */
const char *net_instance(const struct net_domain *domain, enum net_figure figure, size_t index);

/* A rate between two snapshots: of one interface, or of all (NULL).  Type 0 when not known. */
struct pr_value net_achieved(const struct net_snapshot *before, const struct net_domain *domain,
			     enum net_direction direction, const char *interface);

/* net_table.c, net_json.c: show the second snapshot, with rates since the first */
void net_print(struct app *app, const struct net_snapshot *before, const struct net_snapshot *now);
void net_put(struct app *app, const struct net_snapshot *before, const struct net_snapshot *now);

#endif /* PRALLOC_NET_COMMAND_H */
