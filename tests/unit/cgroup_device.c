/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a person names to the whole disk. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "backend/cgroup/device.h"
#include "fixture.h"
#include "tree.h"

static const char disks[] =
	"sys/block/{sda,sdb,sdc,loop0,loop1,ram0,ramen,dm-0,nvme0n1,nvme0c0n1,cciss!c0d0}/size: 8\n"
	"sys/block/sda/dev: 8:0\n"
	"sys/block/sdb/dev: 8:16\n"
	"sys/block/sdc/dev: 8:32\n"
	"sys/block/loop0/dev: 7:0\n"
	"sys/block/ram0/dev: 1:0\n"
	"sys/block/ramen/dev: 251:0\n"
	"sys/block/dm-0/dev: 253:0\n"
	"sys/block/nvme0n1/dev: 259:1\n"
	"sys/block/cciss!c0d0/dev: 104:0\n"
	"sys/block/sdz/dev: 65:144\n"
	"sys/block/sdz/size: 0\n"
	"sys/block/{sda/sda1/,nvme0n1/nvme0n1p2/}partition: 1\n"
	"sys/block/sda/sda1/dev: 8:1\n"
	"sys/block/nvme0n1/nvme0n1p2/dev: 259:3\n"
	"sys/dev/block/8:0 -> ../../block/sda\n"
	"sys/dev/block/8:1 -> ../../block/sda/sda1\n"
	"sys/dev/block/8:16 -> ../../block/sdb\n"
	"sys/dev/block/7:0 -> ../../block/loop0\n"
	"sys/dev/block/253:0 -> ../../block/dm-0\n"
	"sys/dev/block/259:3 -> ../../block/nvme0n1/nvme0n1p2\n"
	"sys/dev/block/104:0 -> ../../block/cciss!c0d0\n"
	"sys/class/block/sda -> ../../block/sda\n"
	"sys/class/block/sda1 -> ../../block/sda/sda1\n"
	"sys/class/block/cciss!c0d0 -> ../../block/cciss!c0d0\n"
	"proc/self/mountinfo: 20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	"proc/self/mountinfo: 21 20 0:5 / /dev rw - devtmpfs udev rw\n"
	"proc/self/mountinfo: 22 20 8:16 / /srv/hidden rw shared:1 - xfs /dev/sdb rw\n"
	"proc/self/mountinfo: 23 20 0:30 / /srv/vm\\040s rw shared:1 master:2 - tmpfs none rw\n"
	"proc/self/mountinfo: 24 20 8:16 /sub /srv/vm\\040s rw shared:1 - xfs /dev/sdb rw\n"
	"proc/self/mountinfo: 25 20 0:40 /@ /btrfs rw - btrfs /dev/sda2 rw\n"
	"proc/self/mountinfo: 26 20 0:41 / /over rw - overlay overlay rw\n"
	"proc/self/mountinfo: 27 20 0:42 / /nfs rw - nfs4 server:/x rw\n"
	"proc/self/mountinfo: 28 20 0:43 / /mem rw - tmpfs tmpfs rw\n"
	"proc/self/mountinfo: 29 20 0:44 / /odd rw - oddfs odd rw\n"
	"proc/self/mountinfo: 30 20 9:9 / /gone rw - ext4 /dev/gone rw\n"
	"var/vm1.raw:\n"
	"srv/vm s/a/vm2.raw:\n"
	"srv/vm-other:\n"
	"{btrfs,over,nfs,mem,odd,gone}/x.raw:\n"
	"var/link.raw -> ../srv/vm s/a/vm2.raw\n"
	"var/out -> /\n"
	"var/nowhere -> nothing\n";

static void open_disks(struct tree *tree)
{
	tree_open(tree, NULL);
	tree_add(tree, disks);
}

Test(cgroup_device, names)
{
	static const struct {
		const char *given, *name;
		unsigned int major, minor;
		bool partition;
	} cases[] = {
		{"8:0", "sda", 8, 0, false},
		{"8:1", "sda", 8, 0, true},
		{"259:3", "nvme0n1", 259, 1, true},
		{"7:0", "loop0", 7, 0, false},
		{"253:0", "dm-0", 253, 0, false},
		{"/dev/sda", "sda", 8, 0, false},
		{"/dev/sda1", "sda", 8, 0, true},
		{"/dev/cciss/c0d0", "cciss!c0d0", 104, 0, false},
		{"/var/vm1.raw", "sda", 8, 0, false},
		{"/var", "sda", 8, 0, false},
		{"/srv/vm s/a/vm2.raw", "sdb", 8, 16, false},
		{"/srv/vm s", "sdb", 8, 16, false},
		{"/srv/vm-other", "sda", 8, 0, false},
		{"/var/link.raw", "sdb", 8, 16, false},
	};
	struct tree tree;

	open_disks(&tree);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_cg_device device = {0};
		const char *why = "";

		cr_expect_eq(pri_cg_device_find(tree.root, cases[i].given, &device, &why), 0,
			     "%s: %s", cases[i].given, why);
		cr_expect_str_eq(device.name, cases[i].name, "%s", cases[i].given);
		cr_expect_eq(device.major, cases[i].major, "%s", cases[i].given);
		cr_expect_eq(device.minor, cases[i].minor, "%s", cases[i].given);
		cr_expect_eq(device.partition, cases[i].partition, "%s", cases[i].given);
	}
	tree_close(&tree);
}

Test(cgroup_device, no_disk_has_a_reason)
{
	static const struct {
		const char *given;
		int code;
		const char *why;
	} cases[] = {
		{"", -EINVAL, "neither a path"},
		{"sda", -EINVAL, "/dev/sdb"},
		{"8:", -EINVAL, "8:16"},
		{"8:0 ", -EINVAL, "neither"},
		{"-8:0", -EINVAL, "neither"},
		{"8:0:0", -EINVAL, "neither"},
		{"99999999999999999999:0", -EINVAL, "neither"},
		{"8:99", -ENODEV, "no block device with this number"},
		{"/nowhere", -ENOENT, "no such path"},
		{"/var/nowhere", -ENOENT, "no such path"},
		{"/var/vm1.raw/x", -ENOENT, "no such path"},
		{"/dev/sdq", -ENOENT, "no such path"},
		{"/dev/../var", -ENOENT, "no such path"},
		{"/btrfs/x.raw", -ENODEV, "btrfs"},
		{"/over/x.raw", -ENODEV, "overlay"},
		{"/nfs/x.raw", -ENODEV, "another machine"},
		{"/mem/x.raw", -ENODEV, "in memory"},
		{"/odd/x.raw", -ENODEV, "no disk of this machine"},
		{"/gone/x.raw", -ENODEV, "no block device with this number"},
		{"/var/out", -ENOENT, "out of the tree"},
	};
	struct tree tree;

	open_disks(&tree);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_cg_device device = {.major = 77};
		const char *why = "";

		cr_expect_eq(pri_cg_device_find(tree.root, cases[i].given, &device, &why),
			     cases[i].code, "\"%s\": %s", cases[i].given, why);
		EXPECT_TEXT(why, cases[i].why);
		cr_expect_eq(device.major, 77, "\"%s\": written on success only", cases[i].given);
	}
	tree_close(&tree);
}

Test(cgroup_device, unreadable_mounts)
{
	struct pri_cg_device device;
	const char *why = "";
	struct tree tree;

	open_disks(&tree);
	tree_put(&tree, "proc/self/mountinfo", "nonsense\n20 1 8:1\n\n");
	cr_expect_eq(pri_cg_device_find(tree.root, "/var/vm1.raw", &device, &why), -ENODEV);
	EXPECT_TEXT(why, "not mounted here");
	tree_remove(&tree, "proc");
	cr_expect_eq(pri_cg_device_find(tree.root, "/var/vm1.raw", &device, &why), -EIO);
	EXPECT_TEXT(why, "mountinfo");
	tree_close(&tree);
}

static int add_name(void *arg, const struct pri_cg_device *device)
{
	char *names = arg;

	sprintf(names + strlen(names), "%s=%u:%u ", device->name, device->major, device->minor);
	return strcmp(device->name, "stop") == 0;
}

Test(cgroup_device, all_disks)
{
	char names[512] = "";
	struct tree tree;

	open_disks(&tree);
	cr_expect_eq(pri_cg_device_each(tree.root, add_name, names), 0);
	cr_expect_str_eq(names, "cciss!c0d0=104:0 dm-0=253:0 loop0=7:0 nvme0n1=259:1 ramen=251:0 "
				"sda=8:0 sdb=8:16 sdc=8:32 ");
	tree_add(&tree, "sys/block/stop/dev: 8:48\nsys/block/stop/size: 1\n"
			"sys/block/tail/dev: 8:64\nsys/block/tail/size: 1\n");
	*names = '\0';
	cr_expect_eq(pri_cg_device_each(tree.root, add_name, names), 1, "stops");
	cr_expect_null(strstr(names, "tail"));
	tree_remove(&tree, "sys");
	cr_expect_eq(pri_cg_device_each(tree.root, add_name, names), -EIO);
	tree_close(&tree);
}

static int check_disk(void *arg, const struct pri_cg_device *listed)
{
	char numbers[32], node[80];
	struct pri_cg_device found;
	struct stat status;
	const char *why = "";

	(*(int *)arg)++;
	snprintf(numbers, sizeof(numbers), "%u:%u", listed->major, listed->minor);
	cr_expect_eq(pri_cg_device_find("", numbers, &found, &why), 0, "%s: %s", numbers, why);
	cr_expect_str_eq(found.name, listed->name);
	snprintf(node, sizeof(node), "/dev/%s", listed->name);
	if (stat(node, &status) == 0) {
		cr_expect_eq(pri_cg_device_find("", node, &found, &why), 0, "%s: %s", node, why);
		cr_expect_eq(makedev(found.major, found.minor), status.st_rdev, "%s", node);
	}
	return 0;
}

Test(cgroup_device, this_machine)
{
	struct pri_cg_device found;
	struct stat status;
	const char *why = "";
	int count = 0, r;

	cr_assert_eq(pri_cg_device_each("", check_disk, &count), 0);
	cr_expect_eq(pri_cg_device_find("", "/dev/null", &found, &why), -ENODEV);
	EXPECT_TEXT(why, "no block device");
	cr_expect_eq(pri_cg_device_find("", "/proc/self", &found, &why), -ENODEV);
	/* Where the sources are on a disk the kernel says the same. */
	cr_assert_eq(stat(TREES, &status), 0);
	r = pri_cg_device_find("", TREES, &found, &why);
	if (major(status.st_dev) == 0) {
		cr_expect_eq(r, -ENODEV, "%s", why);
		return;
	}
	cr_expect_eq(r, 0, "%s", why);
	cr_expect_gt(count, 0);
}
