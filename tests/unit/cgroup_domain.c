/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where hierarchies are, and the groups of a domain in them, on trees of real hosts. */
#include <unistd.h>

#include "cgroup_bed.h"

static const struct {
	const char *tree;
	int version[PRI_CG_CONTROLLERS]; /* 0: not there */
} hosts[] = {
	{"v1-hybrid",
	 {[PRI_CG_CPU] = 1,
	  [PRI_CG_CPUACCT] = 1,
	  [PRI_CG_CPUSET] = 1,
	  [PRI_CG_MEMORY] = 1,
	  [PRI_CG_IO] = 1,
	  [PRI_CG_CORE] = 2}},
	{"hybrid",
	 {[PRI_CG_CPU] = 1,
	  [PRI_CG_CPUACCT] = 1,
	  [PRI_CG_CPUSET] = 1,
	  [PRI_CG_MEMORY] = 1,
	  [PRI_CG_IO] = 1,
	  [PRI_CG_CORE] = 2}},
	{"v2",
	 {[PRI_CG_CPU] = 2,
	  [PRI_CG_CPUSET] = 2,
	  [PRI_CG_MEMORY] = 2,
	  [PRI_CG_IO] = 2,
	  [PRI_CG_CORE] = 2}},
	{"container",
	 {[PRI_CG_CPU] = 2,
	  [PRI_CG_CPUSET] = 2,
	  [PRI_CG_MEMORY] = 2,
	  [PRI_CG_IO] = 2,
	  [PRI_CG_CORE] = 2}},
};

Test(cgroup_domain, controllers_of_a_host)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(hosts); i++) {
		struct cg_bed bed;

		cg_bed_open(&bed, hosts[i].tree, "cgroup:");
		for (int c = 0; c < PRI_CG_CONTROLLERS; c++) {
			const struct pri_cg_mount *mount = pri_cg_mount_of(cg_bed_state(&bed), c);

			cr_expect_eq(mount ? mount->version : 0, hosts[i].version[c],
				     "%s: controller %d", hosts[i].tree, c);
		}
		cg_bed_close(&bed);
	}
}

/* The levels of QEMU's process, in the hierarchy of a controller. */
static const struct {
	const char *tree, *name;
	int controller;
	const char *unit, *payload; /* below the mount; NULL: it has none */
} levels[] = {
	{"v1-hybrid", "pid:4101", PRI_CG_CPU, "machine/qemu-1-vm1.libvirt-qemu",
	 "machine/qemu-1-vm1.libvirt-qemu"},
	{"v1-hybrid", "pid:4101", PRI_CG_MEMORY, "machine/qemu-1-vm1.libvirt-qemu",
	 "machine/qemu-1-vm1.libvirt-qemu"},
	{"v1-hybrid", "pid:4101", PRI_CG_CPUACCT, NULL, NULL},
	{"v2", "pid:4102", PRI_CG_CPU, "machine/qemu-2-vm2.libvirt-qemu",
	 "machine/qemu-2-vm2.libvirt-qemu"},
	{"v2-systemd", "pid:4101", PRI_CG_MEMORY, "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt"},
	{"v2-systemd", "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope", PRI_CG_MEMORY,
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt"},
	{"hybrid-systemd", "pid:4101", PRI_CG_CPU, "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt"},
	{"container", "pid:4101", PRI_CG_CPU, "app", "app"},
};

static void expect_path(const char *found, const char *wanted, size_t i)
{
	cr_expect_eq(!found, !wanted, "case %zu: %s", i, found ? found : "none");
	if (found && wanted)
		cr_expect_str_eq(found, wanted, "case %zu: %s", i, found);
}

Test(cgroup_domain, unit_and_payload)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(levels); i++) {
		struct cg_bed bed;
		struct pr_domain *dom;
		struct pri_cg_domain *state;
		int mount;

		cg_bed_open(&bed, levels[i].tree, "cgroup:");
		dom = cg_bed_domain(&bed, levels[i].name);
		state = dom->states[0];
		mount = cg_bed_state(&bed)->mount_of[levels[i].controller];
		expect_path(state->paths[mount][PRI_CG_UNIT], levels[i].unit, i);
		expect_path(state->paths[mount][PRI_CG_PAYLOAD], levels[i].payload, i);
		pr_domain_close(dom);
		cg_bed_close(&bed);
	}
}

Test(cgroup_domain, threads_and_payloads_are_not_listed)
{
	static const char *const trees[] = {"v1-hybrid", "v2", "v2-systemd", "hybrid-systemd"};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(trees); i++) {
		struct pr_domain *dom = NULL;
		struct cg_bed bed;
		size_t count = 0;

		cg_bed_open(&bed, trees[i], "cgroup:");
		while (pr_host_next(bed.host, &dom, 0) > 0) {
			const char *name = pr_domain_name(dom);

			count++;
			cr_expect(!strstr(name, "vcpu") && !strstr(name, "emulator") &&
					  !strstr(name, "/libvirt"),
				  "%s lists %s", trees[i], name);
		}
		cr_expect_gt(count, 1, "%s", trees[i]);
		cg_bed_close(&bed);
	}
}

/* A path of the host names the same group as one from the root. */
Test(cgroup_domain, below_a_path)
{
	struct pr_domain *dom, *same;
	struct cg_bed bed;
	char uuid[37];

	cg_bed_open(&bed, "v2", "cgroup:");
	dom = cg_bed_domain(&bed, "machine/qemu-1-vm1.libvirt-qemu");
	snprintf(uuid, sizeof(uuid), "%s", pr_domain_uuid(dom));
	pr_domain_close(dom);
	pr_host_close(bed.host);
	cr_assert_eq(pr_host_open(bed.ctx, "cgroup:///machine/", 0, &bed.host), 0);
	dom = cg_bed_domain(&bed, "qemu-1-vm1.libvirt-qemu");
	cr_expect_str_eq(pr_domain_uuid(dom), uuid);
	same = cg_bed_domain(&bed, "/machine/qemu-1-vm1.libvirt-qemu");
	cr_expect_str_eq(pr_domain_name(same), "qemu-1-vm1.libvirt-qemu");
	pr_domain_close(same);
	pr_domain_close(dom);
	cg_bed_close(&bed);
}

/* What differs behind 511 bytes is another group all the same. */
Test(cgroup_domain, below_a_long_path)
{
	enum { PART = 200, PARTS = 3 };
	static const char *const mounts[] = {"cpu", "memory"};
	char top[PARTS * (PART + 1) + 1], uri[sizeof(top) + 16], line[2048];
	struct pr_domain *dom = NULL;
	char uuids[2][37] = {"", ""};
	struct cg_bed bed;
	size_t n = 0;

	memset(top, 'x', sizeof(top));
	for (size_t i = 0; i < PARTS; i++)
		top[i * (PART + 1)] = '/';
	top[sizeof(top) - 1] = '\0';
	cg_bed_open(&bed, "v1-hybrid", "cgroup:");
	pr_host_close(bed.host);
	bed.host = NULL;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(mounts); i++) {
		snprintf(line, sizeof(line), "sys/fs/cgroup/%s%s/{a,b}/\n", mounts[i], top);
		tree_add(&bed.tree, line);
	}
	snprintf(uri, sizeof(uri), "cgroup://%s", top);
	cr_assert_eq(pr_host_open(bed.ctx, uri, 0, &bed.host), 0, "%s", pr_ctx_errmsg(bed.ctx));
	while (pr_host_next(bed.host, &dom, 0) > 0) {
		cr_assert_lt(n, 2, "%s is listed too", pr_domain_name(dom));
		snprintf(uuids[n++], sizeof(uuids[0]), "%s", pr_domain_uuid(dom));
	}
	cr_assert_eq(n, 2, "%zu are listed", n);
	cr_expect_str_neq(uuids[0], uuids[1]);
	for (size_t i = 0; i < n; i++) {
		dom = cg_bed_domain(&bed, uuids[i]);
		cr_expect_str_eq(pr_domain_uuid(dom), uuids[i]);
		pr_domain_close(dom);
	}
	cg_bed_close(&bed);
}

/* Options of a mount may be long: here those before the hyphen. */
Test(cgroup_domain, a_long_line_of_mountinfo)
{
	enum { LONG = 20000 };
	static char text[LONG + 256];
	struct cg_bed bed;
	int length;

	cg_bed_open(&bed, "v2", "cgroup:");
	pr_host_close(bed.host);
	bed.host = NULL;
	length = snprintf(text, sizeof(text), "37 31 0:31 / /sys/fs/cgroup rw,");
	memset(text + length, 'x', LONG);
	snprintf(text + length + LONG, sizeof(text) - LONG - (size_t)length,
		 " - cgroup2 cgroup2 rw\n");
	tree_put(&bed.tree, "proc/self/mountinfo", text);
	cr_expect_eq(pr_host_open(bed.ctx, "cgroup:", 0, &bed.host), 0, "%s",
		     pr_ctx_errmsg(bed.ctx));
	cg_bed_close(&bed);
}

Test(cgroup_domain, a_process_that_moves_is_followed)
{
	struct pr_domain *dom;
	struct cg_bed bed;

	cg_bed_open(&bed, "v2", "cgroup:");
	dom = cg_bed_domain(&bed, "pid:4101");
	cr_expect_eq(pr_cpu_set_shares(dom, 2048, 0), 0, "%s", pr_domain_errmsg(dom));
	tree_put(&bed.tree, "proc/4101/cgroup", "0::/machine/qemu-2-vm2.libvirt-qemu/emulator\n");
	cr_expect_eq(bed_get(dom, "cpu.shares", NULL, 0), 1024);
	pr_domain_close(dom);
	cg_bed_close(&bed);
}

Test(cgroup_domain, a_process_that_ended)
{
	struct pr_domain *dom;
	struct cg_bed bed;
	int state;

	cg_bed_open(&bed, "v2", "cgroup:");
	dom = cg_bed_domain(&bed, "pid:4101");
	tree_put(&bed.tree, "proc/4101/stat",
		 "4101 (other) S 1 216 216 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999 0 0\n");
	cr_expect_eq(pr_domain_state(dom, &state, 0), -ESTALE, "%s", pr_domain_errmsg(dom));
	tree_remove(&bed.tree, "proc/4101");
	cr_expect_eq(pr_domain_state(dom, &state, 0), -ENOENT, "%s", pr_domain_errmsg(dom));
	cr_expect_eq(pr_cpu_set_shares(dom, 2048, 0), -ENOENT, "%s", pr_domain_errmsg(dom));
	pr_domain_close(dom);
	cg_bed_close(&bed);
}

/* Closed when others are used, and opened again. */
Test(cgroup_domain, descriptors_are_bounded)
{
	struct pr_domain *doms[2];
	struct pri_cg_host *state;
	struct cg_bed bed;

	cg_bed_open(&bed, "v2", "cgroup:");
	state = cg_bed_state(&bed);
	state->open_max = 3;
	doms[0] = cg_bed_domain(&bed, "machine/qemu-1-vm1.libvirt-qemu");
	doms[1] = cg_bed_domain(&bed, "machine/qemu-2-vm2.libvirt-qemu");
	for (int i = 0; i < 4; i++) {
		struct pr_domain *dom = doms[i % 2];

		cr_expect_eq(pr_cpu_set_shares(dom, 1024u << i, 0), 0, "%s", pr_domain_errmsg(dom));
		cr_expect_eq(bed_get(dom, "cpu.period", NULL, 0), 100000);
		cr_expect_eq(bed_get(dom, "cpu.burst", NULL, 0), 0);
		cr_expect_leq(state->open_count, 3);
	}
	cr_expect_eq(bed_get(doms[0], "cpu.shares", NULL, 0), 4096);
	cr_expect_eq(bed_get(doms[1], "cpu.shares", NULL, 0), 8192);
	pr_domain_close(doms[0]);
	pr_domain_close(doms[1]);
	cr_expect_eq(state->open_count, 0);
	cg_bed_close(&bed);
}
