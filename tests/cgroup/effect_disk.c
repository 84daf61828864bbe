/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A slow disk is divided by weights, by BFQ and by io.cost, and limits hold.  Where nothing divides
 * it, the weight is refused, and the command in the text is what helps: it is run here.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "groups.h"

#define DISK "/dev/vdb"
#define QUEUE "/sys/block/vdb/queue/"
#define DEPTH 16
#define BLOCK ((size_t)64 * 1024)
#define REGION (256 * MIB)
#define WINDOW_MS 5000
#define SETTLE_MS 2500
#define COMMAND_MAX 1024

/* What each load has written. */
static uint64_t *written;

struct writer {
	int fd;
	int which;
	unsigned int seed;
	void *block;
	aio_context_t context;
	struct iocb requests[DEPTH];
};

static void submit(struct writer *writer, struct iocb *request)
{
	uint64_t block = (uint64_t)rand_r(&writer->seed) % (REGION / BLOCK);

	*request = (struct iocb){
		.aio_fildes = (uint32_t)writer->fd,
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_buf = (uintptr_t)writer->block,
		.aio_nbytes = BLOCK,
		.aio_offset = (int64_t)((uint64_t)writer->which * REGION + block * BLOCK),
	};
	if (syscall(SYS_io_submit, writer->context, 1L, &request) != 1)
		_exit(1);
}

/* One process with many writes on their way: a scheduler divides what waits, and from a queue that
 * runs empty again and again BFQ takes time for others (its "injection"). */
static void load_disk(void *number)
{
	static struct writer writer;
	struct io_event done[DEPTH];

	writer = (struct writer){.fd = open(DISK, O_WRONLY | O_DIRECT | O_CLOEXEC),
				 .which = *(int *)number};
	if (writer.fd < 0 || posix_memalign(&writer.block, BLOCK, BLOCK) != 0 ||
	    syscall(SYS_io_setup, DEPTH, &writer.context) < 0)
		_exit(1);
	memset(writer.block, 0x5a, BLOCK);
	for (int i = 0; i < DEPTH; i++)
		submit(&writer, &writer.requests[i]);
	for (;;) {
		long n = syscall(SYS_io_getevents, writer.context, 1L, (long)DEPTH, done, NULL);

		for (long i = 0; i < n; i++) {
			if (done[i].res != (int64_t)BLOCK)
				_exit(1);
			__atomic_fetch_add(&written[writer.which], BLOCK, __ATOMIC_RELAXED);
			submit(&writer, (struct iocb *)(uintptr_t)done[i].obj);
		}
	}
}

static void run(const char *command)
{
	int status = system(command); /* NOLINT(cert-env33-c) */

	cr_assert_eq(status, 0, "%s: %d", command, status);
}

/* The command between the first two backquotes of a text. */
static void run_advice(const char *text)
{
	const char *open = strchr(text, '`'), *close = open ? strchr(open + 1, '`') : NULL;
	char command[COMMAND_MAX];

	cr_assert(close, "no command in: %s", text);
	snprintf(command, sizeof(command), "%.*s", (int)(close - open - 1), open + 1);
	tell("%s", command);
	run(command);
}

static bool has_disk(struct groups *groups)
{
	static const char *const names[] = {"a", "b", NULL};

	if (!getenv("PRALLOC_MICROVM"))
		cr_skip_test("needs a disk of its own: tests/vm/microvm.sh has one");
	groups_open(groups, names);
	written = groups_shared(2 * sizeof(*written));
	return groups_version(groups, "io") != 0;
}

static void start_loads(struct groups *groups)
{
	static int numbers[] = {0, 1};

	for (int i = 0; i < 2; i++)
		groups_load(groups, i, load_disk, &numbers[i]);
}

/* Bytes of the first per byte of the second. */
static double measure_ratio(void)
{
	uint64_t before[2] = {written[0], written[1]};

	pause_ms(WINDOW_MS);
	return (double)(written[0] - before[0]) / (double)(written[1] - before[1]);
}

static void expect_ratio(const char *what, double ideal, double percent)
{
	double ratios[GROUPS_WINDOWS];
	size_t n = 0;

	pause_ms(SETTLE_MS);
	do {
		ratios[n++] = measure_ratio();
	} while (n < GROUPS_WINDOWS && !is_within(median(ratios, n), ideal, percent));
	tell("%s: %.2f after %zu windows, ideal %.2f", what, median(ratios, n), n, ideal);
	cr_expect(is_within(median(ratios, n), ideal, percent), "%s: %.2f, ideal %.2f", what,
		  median(ratios, n), ideal);
}

static void set_weights(struct groups *groups, const char *device, uint64_t first, uint64_t second)
{
	SET_OK(groups, 0, pr_io_set_weight(groups->doms[0], device, first, 0));
	SET_OK(groups, 1, pr_io_set_weight(groups->doms[1], device, second, 0));
}

Test(effect_disk, weights_by_bfq, .timeout = 150)
{
	struct groups groups;
	char before[64], after[64];
	const char *file;
	int r;

	if (!has_disk(&groups)) {
		groups_close(&groups);
		cr_skip_test("no io controller here");
	}
	run("modprobe bfq && echo none >" QUEUE "scheduler");
	file = groups_version(&groups, "io") == 1 ? "blkio.bfq.weight" : "io.bfq.weight";
	groups_cat(&groups, "io", 0, file, before, sizeof(before));
	r = pr_io_set_weight(groups.doms[0], DISK, 900, 0);
	cr_expect_eq(r, -EOPNOTSUPP, "%d", r);
	groups_cat(&groups, "io", 0, file, after, sizeof(after));
	cr_expect_str_eq(before, after, "nothing was changed");
	run_advice(pr_domain_errmsg(groups.doms[0]));
	set_weights(&groups, DISK, 900, 200);
	start_loads(&groups);
	expect_ratio("weights 900 and 200 of the disk by BFQ", 4.5, 15);
	set_weights(&groups, DISK, 500, 1000);
	expect_ratio("weights 500 and 1000 of the disk by BFQ", 0.5, 15);
	for (int i = 0; i < 2; i++)
		SET_OK(&groups, i, pr_domain_reset(groups.doms[i], "io.weight", DISK, 0));
	set_weights(&groups, NULL, 1000, 500);
	expect_ratio("weights 1000 and 500 of all disks by BFQ", 2, 15);
	run("echo none >" QUEUE "scheduler");
	groups_close(&groups);
}

/* A model of the disk as it is: 20 MiB/s, whatever is done. */
static void enable_iocost(bool enable)
{
	char command[COMMAND_MAX];
	struct stat status;

	cr_assert_eq(stat(DISK, &status), 0);
	snprintf(command, sizeof(command),
		 "cd /sys/fs/cgroup && echo '%u:%u ctrl=user model=linear rbps=20971520 "
		 "rseqiops=5000 rrandiops=5000 wbps=20971520 wseqiops=5000 wrandiops=5000' "
		 ">io.cost.model && echo '%u:%u enable=%d ctrl=user rpct=0 rlat=5000 wpct=0 "
		 "wlat=5000 min=90 max=90' >io.cost.qos",
		 major(status.st_rdev), minor(status.st_rdev), major(status.st_rdev),
		 minor(status.st_rdev), enable);
	run(command);
}

Test(effect_disk, weights_by_iocost, .timeout = 150)
{
	struct groups groups;

	if (!has_disk(&groups) || groups_version(&groups, "io") != 2) {
		groups_close(&groups);
		cr_skip_test("io.cost is of cgroup v2 alone");
	}
	run("echo none >" QUEUE "scheduler");
	enable_iocost(true);
	set_weights(&groups, DISK, 900, 200);
	start_loads(&groups);
	expect_ratio("weights 900 and 200 by io.cost", 4.5, 25);
	set_weights(&groups, DISK, 5000, 10000);
	expect_ratio("weights 5000 and 10000 by io.cost", 0.5, 25);
	enable_iocost(false);
	groups_close(&groups);
}

Test(effect_disk, limit, .timeout = 60)
{
	double rates[GROUPS_WINDOWS];
	struct groups groups;
	size_t n = 0;

	if (!has_disk(&groups)) {
		groups_close(&groups);
		cr_skip_test("no io controller here");
	}
	SET_OK(&groups, 0, pr_set_u64(groups.doms[0], "io.host.write_bytes", DISK, 4 * MIB, 0));
	start_loads(&groups);
	pause_ms(SETTLE_MS);
	do {
		uint64_t bytes = written[0], start_ns = monotonic_ns();

		pause_ms(WINDOW_MS);
		rates[n++] = (double)(written[0] - bytes) * 1e9 /
			     (double)(monotonic_ns() - start_ns) / (double)MIB;
	} while (n < GROUPS_WINDOWS && !is_within(median(rates, n), 4, 10));
	tell("limit 4 MiB/s: %.2f", median(rates, n));
	cr_expect(is_within(median(rates, n), 4, 10), "%.2f MiB/s", median(rates, n));
	groups_close(&groups);
}
