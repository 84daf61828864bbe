/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks between processes: held, told, let go when the holder is killed. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"

#define SECOND_NS UINT64_C(1000000000)

struct lock_bed {
	char root[32];
	struct pr_ctx *ctx;
	struct pri_call call;
};

static void lock_bed_open(struct lock_bed *bed)
{
	char path[64];

	strcpy(bed->root, "/tmp/pralloc-lock.XXXXXX");
	cr_assert(mkdtemp(bed->root));
	snprintf(path, sizeof(path), "%s/run", bed->root);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	bed->call = (struct pri_call){
		.ctx = bed->ctx, .root = bed->root, .deadline_ns = pri_now_ns() + 60 * SECOND_NS};
}

static void lock_bed_close(struct lock_bed *bed)
{
	char command[128];

	free(bed->call.error);
	pr_ctx_unref(bed->ctx);
	snprintf(command, sizeof(command), "rm -r %s", bed->root);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

/* A process that holds the lock until it is killed. */
static pid_t holder(struct lock_bed *bed, const char *name)
{
	char ready = 0;
	int pipes[2], fd;
	pid_t pid;

	cr_assert_eq(pipe(pipes), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		ready = pri_lock(&bed->call, name, &fd) == 0;
		if (write(pipes[1], &ready, 1) == 1)
			pause();
		_exit(1);
	}
	cr_assert_eq(read(pipes[0], &ready, 1), 1);
	cr_assert(ready);
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

Test(lock, names_are_apart)
{
	static const char *const names[] = {"link-br0", "link-br1", "a/b", "a%2Fb", ".."};
	int fds[PRI_ARRAY_SIZE(names)];
	struct lock_bed bed;

	lock_bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(names); i++)
		cr_expect_eq(pri_lock(&bed.call, names[i], &fds[i]), 0, "%s: %s", names[i],
			     bed.call.error);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(names); i++)
		pri_unlock(fds[i]);
	cr_expect_eq(pri_lock(&bed.call, names[0], &fds[0]), 0, "free again");
	pri_unlock(fds[0]);
	lock_bed_close(&bed);
}

Test(lock, holder_is_named_and_its_end_frees)
{
	struct lock_bed bed;
	uint64_t start_ns;
	char text[32];
	int fd = -1;
	pid_t pid;

	lock_bed_open(&bed);
	pid = holder(&bed, "link-br0");
	start_ns = pri_now_ns();
	cr_expect_eq(pri_lock(&bed.call, "link-br0", &fd), -EBUSY);
	cr_expect_lt(pri_now_ns() - start_ns, 30 * SECOND_NS, "waits for a short while only");
	snprintf(text, sizeof(text), "PID %d", (int)pid);
	EXPECT_TEXT(bed.call.error, text);
	EXPECT_TEXT(bed.call.error, "link-br0");
	cr_expect_eq(fd, -1, "written on success only");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_eq(pri_lock(&bed.call, "link-br0", &fd), 0);
	pri_unlock(fd);
	lock_bed_close(&bed);
}

Test(lock, deadline_ends_the_wait)
{
	struct lock_bed bed;
	pid_t pid;
	int fd;

	lock_bed_open(&bed);
	pid = holder(&bed, "x");
	bed.call.deadline_ns = pri_now_ns();
	cr_expect_eq(pri_lock(&bed.call, "x", &fd), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	lock_bed_close(&bed);
}

Test(lock, no_place_for_it)
{
	struct lock_bed bed;
	char path[64];
	int fd = -1;

	lock_bed_open(&bed);
	snprintf(path, sizeof(path), "%s/run", bed.root);
	cr_assert_eq(rmdir(path), 0);
	cr_expect_eq(pri_lock(&bed.call, "x", &fd), -EIO);
	EXPECT_TEXT(bed.call.error, "/run/pralloc/x.lock");
	lock_bed_close(&bed);
}
