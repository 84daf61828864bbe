/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether weights divide a disk, and what would make them. */
#include <fcntl.h>

#include "backend/cgroup/effective.h"
#include "fixture.h"
#include "tree.h"

static const char disks[] = "sys/block/sda/dev: 8:0\n"
			    "sys/block/sdb/dev: 8:16\n"
			    "sys/block/sdc/dev: 8:32\n"
			    "sys/block/sdd/dev: 8:48\n"
			    "sys/block/dm-0/dev: 253:0\n"
			    "sys/block/dm-1/dev: 253:1\n"
			    "sys/block/dm-2/dev: 253:2\n"
			    "sys/block/md0/dev: 9:0\n"
			    "sys/block/loop0/dev: 7:0\n"
			    "sys/block/loop1/dev: 7:1\n"
			    "sys/block/sda/queue/scheduler: none [mq-deadline] kyber bfq\n"
			    "sys/block/sdb/queue/scheduler: none mq-deadline kyber [bfq]\n"
			    "sys/block/sdb/queue/iosched/low_latency: 0\n"
			    "sys/block/sdc/queue/scheduler: none mq-deadline [bfq]\n"
			    "sys/block/sdc/queue/iosched/low_latency: 1\n"
			    "sys/block/sdd/queue/scheduler: [none] mq-deadline\n"
			    "sys/block/loop{0,1}/queue/scheduler: [none] mq-deadline kyber bfq\n"
			    "sys/block/dm-1/queue/scheduler: none\n"
			    "sys/dev/block/8:0 -> ../../block/sda\n"
			    "sys/dev/block/8:16 -> ../../block/sdb\n"
			    "sys/dev/block/8:17 -> ../../block/sdb/sdb1\n"
			    "sys/dev/block/8:32 -> ../../block/sdc\n"
			    "sys/dev/block/8:48 -> ../../block/sdd\n"
			    "sys/dev/block/253:0 -> ../../block/dm-0\n"
			    "sys/class/block/sdb1 -> ../../block/sdb/sdb1\n"
			    "sys/class/block/{sda,sdb,sdc,sdd,dm-0}/x/\n"
			    "sys/class/block/sda/dev: 8:0\n"
			    "sys/class/block/sdb/dev: 8:16\n"
			    "sys/class/block/sdc/dev: 8:32\n"
			    "sys/class/block/sdd/dev: 8:48\n"
			    "sys/class/block/dm-0/dev: 253:0\n"
			    "sys/block/dm-0/slaves/sdb1/\n"
			    "sys/block/dm-1/slaves/dm-0/\n"
			    "sys/block/dm-2/slaves/{sdb1,sda}/\n"
			    "sys/block/md0/slaves/{sdb,sdc}/\n"
			    "sys/block/loop0/loop/backing_file: /var/disk.raw\n"
			    "sys/block/loop1/loop/backing_file: /var/disk.raw (deleted)\n"
			    "proc/self/mountinfo: 20 1 8:17 / / rw - ext4 /dev/sdb1 rw\n"
			    "var/disk.raw:\n"
			    "cgroup/io.cost.qos: 8:0 enable=0 ctrl=auto rpct=95.00\n"
			    "cgroup/io.cost.qos: 8:48 enable=1 ctrl=user rpct=0.00\n";

static void open_disks(struct tree *tree)
{
	tree_open(tree, NULL);
	tree_add(tree, disks);
	tree_add(tree, "sys/block/sdb/sdb1/partition: 1\nsys/block/sdb/sdb1/dev: 8:17\n");
}

/* What the kernel calls a disk, as the other files of the tree say it. */
static struct pri_cg_device disk(const struct tree *tree, const char *name)
{
	struct pri_cg_device device = {0};
	char path[128], text[32];

	snprintf(path, sizeof(path), "sys/block/%s/dev", name);
	tree_get(tree, path, text, sizeof(text));
	cr_assert_eq(sscanf(text, "%u:%u", &device.major, &device.minor), 2);
	strcpy(device.name, name);
	return device;
}

static int open_v2_root(const struct tree *tree)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup", tree->root);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(cgroup_effective, by_what)
{
	static const struct {
		const char *name;
		enum pri_cg_weight_by v1, v2;
		const char *at, *why[3];
	} cases[] = {
		{"sda",
		 PRI_CG_WEIGHT_NOTHING,
		 PRI_CG_WEIGHT_NOTHING,
		 "sda",
		 {"scheduler of sda is mq-deadline", "`echo bfq > /sys/block/sda/queue/scheduler",
		  "echo 0 > /sys/block/sda/queue/iosched/low_latency`"}},
		{"sdb", PRI_CG_WEIGHT_BFQ, PRI_CG_WEIGHT_BFQ, "sdb", {NULL}},
		{"sdc",
		 PRI_CG_WEIGHT_BFQ,
		 PRI_CG_WEIGHT_BFQ,
		 "sdc",
		 {"`echo 0 > /sys/block/sdc/queue/iosched/low_latency`"}},
		{"sdd", PRI_CG_WEIGHT_NOTHING, PRI_CG_WEIGHT_IOCOST, "sdd", {NULL}},
		/* on a partition of sdb, and on that */
		{"dm-0", PRI_CG_WEIGHT_BFQ, PRI_CG_WEIGHT_BFQ, "sdb", {NULL}},
		{"dm-1", PRI_CG_WEIGHT_BFQ, PRI_CG_WEIGHT_BFQ, "sdb", {NULL}},
		/* the worse of two counts */
		{"dm-2",
		 PRI_CG_WEIGHT_NOTHING,
		 PRI_CG_WEIGHT_NOTHING,
		 "",
		 {"echo bfq > /sys/block/sda/"}},
		{"md0", PRI_CG_WEIGHT_BFQ, PRI_CG_WEIGHT_BFQ, "", {"low_latency of sdc"}},
		{"loop0", PRI_CG_WEIGHT_BFQ, PRI_CG_WEIGHT_BFQ, "sdb", {NULL}},
		{"loop1",
		 PRI_CG_WEIGHT_NOTHING,
		 PRI_CG_WEIGHT_NOTHING,
		 "loop1",
		 {"scheduler of loop1 is none", "echo bfq > /sys/block/loop1/queue/scheduler"}},
	};
	struct tree tree;
	int v2;

	open_disks(&tree);
	v2 = open_v2_root(&tree);
	for (size_t i = 0; i < 2 * PRI_ARRAY_SIZE(cases); i++) {
		const struct pri_cg_device device = disk(&tree, cases[i / 2].name);
		struct pri_cg_effect effect = {0};

		cr_expect_eq(pri_cg_effect(tree.root, &device, i % 2 ? v2 : -1, &effect), 0);
		cr_expect_eq(effect.by, i % 2 ? cases[i / 2].v2 : cases[i / 2].v1, "%s on v%zu",
			     device.name, i % 2 + 1);
		cr_expect_str_eq(effect.at.name, cases[i / 2].at, "%s", device.name);
		/* io.cost on v2 needs nothing that v1 does. */
		if (!cases[i / 2].why[0])
			cr_expect(!*effect.why || !(i % 2), "%s: %s", device.name, effect.why);
		for (size_t k = 0; k < 3 && cases[i / 2].why[k]; k++)
			EXPECT_TEXT(effect.why, cases[i / 2].why[k]);
	}
	close(v2);
	tree_close(&tree);
}

Test(cgroup_effective, io_cost_is_named_on_v2_alone)
{
	struct pri_cg_effect effect;
	struct pri_cg_device device;
	struct tree tree;
	int v2;

	open_disks(&tree);
	v2 = open_v2_root(&tree);
	device = disk(&tree, "sda");
	cr_assert_eq(pri_cg_effect(tree.root, &device, v2, &effect), 0);
	EXPECT_TEXT(effect.why, "io.cost");
	cr_assert_eq(pri_cg_effect(tree.root, &device, -1, &effect), 0);
	cr_expect_null(strstr(effect.why, "io.cost"), "%s", effect.why);
	close(v2);
	tree_close(&tree);
}

Test(cgroup_effective, a_ring_of_devices_ends)
{
	struct pri_cg_effect effect;
	struct pri_cg_device device;
	struct tree tree;

	open_disks(&tree);
	tree_remove(&tree, "sys/block/dm-0/slaves/sdb1");
	tree_add(&tree, "sys/block/dm-0/slaves/dm-0/\n");
	device = disk(&tree, "dm-0");
	cr_expect_eq(pri_cg_effect(tree.root, &device, -1, &effect), 0);
	cr_expect_eq(effect.by, PRI_CG_WEIGHT_NOTHING);
	EXPECT_TEXT(effect.why, "no I/O scheduler");
	tree_close(&tree);
}

Test(cgroup_effective, gone)
{
	struct pri_cg_device device = {.major = 8, .minor = 240, .name = "sdp"};
	struct pri_cg_effect effect;
	struct tree tree;

	open_disks(&tree);
	cr_expect_eq(pri_cg_effect(tree.root, &device, -1, &effect), -ENODEV);
	device = disk(&tree, "dm-0");
	tree_remove(&tree, "sys/class/block/sdb1");
	cr_expect_eq(pri_cg_effect(tree.root, &device, -1, &effect), -EIO, "a slave is gone");
	tree_close(&tree);
}
