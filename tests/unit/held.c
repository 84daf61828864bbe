/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of those who hold a lock. */
#include "core/held.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* Whether a single write may go without the lock now. */
static bool may_write(struct pr_domain *dom)
{
	bool may = pri_held_single_begin(dom);

	if (may)
		pri_held_single_end(dom);
	return may;
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
	cr_expect(may_write(&mine.dom));
	pid = fork();
	if (pid == 0) {
		struct held_bed theirs;

		held_bed_open(&theirs, root, "a");
		pri_held_begin(&theirs.dom);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(!may_write(&mine.dom), "nobody holds it");
	cr_expect(may_write(&other.dom), "another domain is held too");
	pri_held_end(&mine.dom);
	cr_expect(may_write(&mine.dom));
	pr_ctx_unref(mine.ctx);
	pr_ctx_unref(other.ctx);
	remove_root(root);
}

Test(held, without_a_table_it_may_be)
{
	struct held_bed bed;

	held_bed_open(&bed, "/nonexistent", "a");
	cr_expect(!may_write(&bed.dom));
	pri_held_begin(&bed.dom);
	pri_held_end(&bed.dom);
	pr_ctx_unref(bed.ctx);
}

/* A write that has begun is over before a holder goes on; afterwards it may not begin. */
Test(held, waits_for_a_write)
{
	static const struct timespec pause = {.tv_nsec = 3000000};
	struct held_bed mine;
	uint64_t begun_ns, waited_ns;
	char root[32], done = 0;
	int ready[2], status = 0;
	pid_t pid;

	make_root(root);
	held_bed_open(&mine, root, "a");
	cr_expect(may_write(&mine.dom));
	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (!pri_held_single_begin(&mine.dom) || write(ready[1], "b", 1) != 1)
			_exit(1);
		nanosleep(&pause, NULL);
		if (write(ready[1], "e", 1) != 1)
			_exit(1);
		pri_held_single_end(&mine.dom);
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &done, 1), 1);
	begun_ns = pri_now_ns();
	pri_held_begin(&mine.dom);
	waited_ns = pri_now_ns() - begun_ns;
	cr_expect(!may_write(&mine.dom));
	pri_held_end(&mine.dom);
	cr_assert_eq(fcntl(ready[0], F_SETFL, O_NONBLOCK), 0);
	/* Unless the machine had no time for the writer, for longer than a holder waits. */
	cr_expect((read(ready[0], &done, 1) == 1 && done == 'e') || waited_ns >= 10000000,
		  "the write was not over after %" PRIu64 " ns", waited_ns);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
	close(ready[0]);
	close(ready[1]);
	pr_ctx_unref(mine.ctx);
	remove_root(root);
}

/* A writer that was killed costs a holder a moment, and a write nothing. */
Test(held, killed_writer, .timeout = 10)
{
	struct held_bed mine;
	char root[32];
	pid_t pid;

	make_root(root);
	held_bed_open(&mine, root, "a");
	cr_expect(may_write(&mine.dom));
	pid = fork();
	if (pid == 0)
		_exit(pri_held_single_begin(&mine.dom) ? 0 : 1);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect(may_write(&mine.dom));
	pri_held_begin(&mine.dom);
	cr_expect(!may_write(&mine.dom));
	pri_held_end(&mine.dom);
	cr_expect(may_write(&mine.dom));
	pr_ctx_unref(mine.ctx);
	remove_root(root);
}
