/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A commit on its way: messages, and for each the one that takes it back. */
#ifndef PRI_TC_COMMIT_H
#define PRI_TC_COMMIT_H

#include "backend/tc/tree.h"

struct pri_tc_commit {
	struct pri_tc_nl *nl;
	const struct pri_tc_tree *was;
	const struct pri_tc_tree *wanted;
	int ifindex; /* of the IFB */
	uint32_t queue_limit;
	struct pri_tc_batch go, back; /* message by message */
};

typedef void (*pri_tc_class_message)(struct pri_tc_batch *batch, int ifindex,
				     const struct pri_tc_class *c);
typedef void (*pri_tc_filter_pair)(struct pri_tc_commit *commit,
				   const struct pri_tc_filter *filter);

/* All of these append to both batches, as many messages to each.  Only for what changes a class
 * there is none that takes it back until that is needed. */
void pri_tc_commit_group(struct pri_tc_commit *commit);
void pri_tc_class_pair(struct pri_tc_commit *commit, pri_tc_class_message go,
		       const struct pri_tc_class *go_class, pri_tc_class_message back,
		       const struct pri_tc_class *back_class);
/* With its queue. */
void pri_tc_add_class(struct pri_tc_commit *commit, const struct pri_tc_class *c);
void pri_tc_delete_class(struct pri_tc_commit *commit, const struct pri_tc_class *c);
void pri_tc_add_filter(struct pri_tc_commit *commit, const struct pri_tc_filter *filter);
void pri_tc_delete_filter(struct pri_tc_commit *commit, const struct pri_tc_filter *filter);
/* Those of a port on the IFB, by one of the two above; or its record alone. */
void pri_tc_port_filters(struct pri_tc_commit *commit, const struct pri_tc_tree *tree,
			 const struct pri_tc_port *port, pri_tc_filter_pair pair);
void pri_tc_record_pair(struct pri_tc_commit *commit, const struct pri_tc_tree *tree,
			const struct pri_tc_port *port, pri_tc_filter_pair pair);
/* At its tap.  0 or a negative errno. */
int pri_tc_redirect(struct pri_tc_commit *commit, const struct pri_tc_port *port);
int pri_tc_no_redirect(struct pri_tc_commit *commit, const struct pri_tc_port *port);

#endif /* PRI_TC_COMMIT_H */
