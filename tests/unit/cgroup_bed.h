/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cgroup host on a tree of files. */
#ifndef PRALLOC_TEST_CGROUP_BED_H
#define PRALLOC_TEST_CGROUP_BED_H

#include "backend/cgroup/cgroup.h"

#include "fixture.h"
#include "tree.h"

struct cg_bed {
	struct tree tree;
	struct pr_ctx *ctx;
	struct pr_host *host;
};

static inline int cg_bed_try(struct cg_bed *bed, const char *tree, const char *uri)
{
	*bed = (struct cg_bed){.ctx = NULL};
	tree_open(&bed->tree, tree);
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	cr_assert_eq(pr_ctx_set_root(bed->ctx, bed->tree.root), 0);
	return pr_host_open(bed->ctx, uri, 0, &bed->host);
}

static inline void cg_bed_open(struct cg_bed *bed, const char *tree, const char *uri)
{
	cr_assert_eq(cg_bed_try(bed, tree, uri), 0, "%s: %s", tree, pr_ctx_errmsg(bed->ctx));
}

static inline void cg_bed_close(struct cg_bed *bed)
{
	pr_host_close(bed->host);
	pr_ctx_unref(bed->ctx);
	tree_close(&bed->tree);
}

static inline struct pr_domain *cg_bed_domain(struct cg_bed *bed, const char *name)
{
	struct pr_domain *dom = NULL;

	cr_assert_eq(pr_domain_open(bed->host, name, 0, &dom), 0, "%s: %s", name,
		     pr_host_errmsg(bed->host));
	return dom;
}

/* The backend's own state. */
static inline struct pri_cg_host *cg_bed_state(struct cg_bed *bed)
{
	return bed->host->backends[0].state;
}

#endif /* PRALLOC_TEST_CGROUP_BED_H */
