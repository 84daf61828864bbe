/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of those who hold a lock. */
#include "core/held.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"

struct held_bed {
	char root[32];
	struct pr_ctx *ctx;
	struct pr_host host;
	struct pr_domain dom;
};

static void held_bed_open(struct held_bed *bed, const char *root, const char *uuid)
{
	*bed = (struct held_bed){.dom = {.host = &bed->host}};
	snprintf(bed->root, sizeof(bed->root), "%s", root);
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	cr_assert_eq(pr_ctx_set_root(bed->ctx, bed->root), 0);
	bed->host.ctx = bed->ctx;
	snprintf(bed->dom.identity.uuid, sizeof(bed->dom.identity.uuid), "%s", uuid);
}

static void make_root(char root[32])
{
	char path[64];

	strcpy(root, "/tmp/pralloc-held.XXXXXX");
	cr_assert(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/run", root);
	cr_assert_eq(mkdir(path, 0755), 0);
}

static void remove_root(const char *root)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

Test(held, seen_by_another_process)
{
	struct held_bed mine, other;
	char root[32];
	int status = 0;
	pid_t pid;

	make_root(root);
	held_bed_open(&mine, root, "a");
	held_bed_open(&other, root, "b");
	cr_expect(!pri_held_maybe(&mine.dom));
	pid = fork();
	if (pid == 0) {
		struct held_bed theirs;

		held_bed_open(&theirs, root, "a");
		pri_held_begin(&theirs.dom);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(pri_held_maybe(&mine.dom), "nobody holds it");
	cr_expect(!pri_held_maybe(&other.dom), "another domain is held too");
	pri_held_end(&mine.dom);
	cr_expect(!pri_held_maybe(&mine.dom));
	pr_ctx_unref(mine.ctx);
	pr_ctx_unref(other.ctx);
	remove_root(root);
}

Test(held, without_a_table_it_may_be)
{
	struct held_bed bed;

	held_bed_open(&bed, "/nonexistent", "a");
	cr_expect(pri_held_maybe(&bed.dom));
	pri_held_begin(&bed.dom);
	pri_held_end(&bed.dom);
	pr_ctx_unref(bed.ctx);
}
