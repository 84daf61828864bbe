/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs of groups and processes, and the levels of a domain. */
#include "backend/cgroup/cgroup.h"

#include "fixture.h"

static bool is_uuid(const char *text, char version)
{
	return strlen(text) == 36 && text[8] == '-' && text[13] == '-' && text[14] == version &&
	       text[18] == '-' && strchr("89ab", text[19]) && text[23] == '-';
}

Test(cgroup_names, a_path_has_one_uuid)
{
	char a[37], again[37], b[37], c[37];

	pri_cg_uuid_of_path("/machine.slice/vm1", a);
	pri_cg_uuid_of_path("/machine.slice/vm1", again);
	pri_cg_uuid_of_path("/machine.slice/vm2", b);
	pri_cg_uuid_of_path("/machine.slice/1mv", c);
	cr_expect(is_uuid(a, '8'), "%s", a);
	cr_expect_str_eq(a, again);
	cr_expect_str_neq(a, b);
	cr_expect_str_neq(a, c);
}

Test(cgroup_names, a_process_is_found_by_its_uuid)
{
	static const int pids[] = {1, 4321, 4194304};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(pids); i++) {
		char uuid[37];
		int pid = 0;

		pri_cg_uuid_of_process(pids[i], UINT64_C(0x123456789a), uuid);
		cr_expect(is_uuid(uuid, '8'), "%s", uuid);
		cr_expect(pri_cg_process_of_uuid(uuid, &pid), "%s", uuid);
		cr_expect_eq(pid, pids[i]);
	}
}

Test(cgroup_names, the_uuid_of_a_group_is_no_process)
{
	char path[32], uuid[37];
	int pid;

	for (int i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "/g%d", i);
		pri_cg_uuid_of_path(path, uuid);
		cr_assert(!pri_cg_process_of_uuid(uuid, &pid), "%s is %s", path, uuid);
	}
}

Test(cgroup_names, found_among_many)
{
	struct pri_cg_host host = {.name_count = 0};
	char name[32], uuid[37];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		pri_cg_uuid_of_path(name, uuid);
		cr_assert_eq(pri_cg_names_add(&host, uuid, name), 0);
	}
	pri_cg_names_sort(&host);
	for (int i = 0; i < 1000; i += 37) {
		snprintf(name, sizeof(name), "g%d", i);
		pri_cg_uuid_of_path(name, uuid);
		cr_expect_str_eq(pri_cg_names_find(&host, uuid), name);
	}
	pri_cg_uuid_of_path("g1000", uuid);
	cr_expect_null(pri_cg_names_find(&host, uuid));
	cr_expect_null(pri_cg_names_find(&host, "no UUID"));
	pri_cg_names_clear(&host);
}

Test(cgroup_names, levels_of_a_path)
{
	static const struct {
		const char *path, *payload, *unit;
	} cases[] = {
		{"/machine/qemu-1-vm.libvirt-qemu/emulator", "/machine/qemu-1-vm.libvirt-qemu",
		 "/machine/qemu-1-vm.libvirt-qemu"},
		{"/machine/qemu-1-vm.libvirt-qemu/vcpu12", "/machine/qemu-1-vm.libvirt-qemu",
		 "/machine/qemu-1-vm.libvirt-qemu"},
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/iothread1",
		 "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt",
		 "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"},
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt",
		 "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt",
		 "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"},
		/* The same names elsewhere are somebody's own. */
		{"/a/libvirt", "/a/libvirt", "/a/libvirt"},
		{"/vcpu", "/vcpu", "/vcpu"},
		{"/vcpu1x", "/vcpu1x", "/vcpu1x"},
		{"/", "/", "/"},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		char path[128];
		size_t unit;

		snprintf(path, sizeof(path), "%s", cases[i].path);
		pri_cg_split_levels(path, &unit);
		cr_expect_str_eq(path, cases[i].payload);
		cr_expect_eq(unit, strlen(cases[i].unit), "%s: unit of %zu", cases[i].path, unit);
	}
}
