/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which group is a unit, the scale of weights, and a bus that is not there or does not answer. */
#include <sys/socket.h>
#include <sys/un.h>

#include "backend/cgroup/systemd.h"
#include "fixture.h"

#define SECOND_NS UINT64_C(1000000000)

Test(cgroup_systemd, units)
{
	static const struct {
		const char *path, *unit;
	} cases[] = {
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
		 "machine-qemu\\x2d1\\x2dvm1.scope"},
		{"machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
		 "machine-qemu\\x2d1\\x2dvm1.scope"},
		{"/machine.slice", "machine.slice"},
		{"/a.slice/a-b.slice/x.service", "x.service"},
		{"/system.slice/_cpu.service", "cpu.service"},
		{"/init.scope", "init.scope"},
		/* the payload, a group of somebody else, one without systemd, the root */
		{"/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt", NULL},
		{"/machine.slice/libpod-1.scope/container/system.slice/x.service", NULL},
		{"/user.slice/user-0.slice/user@0.service/app.slice/x.scope", NULL},
		{"/machine/qemu-1-vm1.libvirt-qemu", NULL},
		{"/x.service/y.service", NULL},
		{"/.slice", NULL},
		{"/", NULL},
		{"", NULL},
	};
	char unit[PRI_CG_UNIT_MAX], path[PRI_CG_UNIT_MAX + 16];

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		strcpy(unit, "before");
		cr_expect_eq(pri_cg_systemd_unit(cases[i].path, unit), cases[i].unit != NULL, "%s",
			     cases[i].path);
		cr_expect_str_eq(unit, cases[i].unit ? cases[i].unit : "before", "%s",
				 cases[i].path);
	}
	memset(path, 'x', PRI_CG_UNIT_MAX);
	strcpy(path + PRI_CG_UNIT_MAX, ".scope");
	cr_expect_not(pri_cg_systemd_unit(path, unit), "too long");
}

Test(cgroup_systemd, weights_of_bfq)
{
	/* What systemd makes of it (BFQ_WEIGHT) is what was wanted, everywhere. */
	for (uint64_t wanted = 1; wanted <= 1000; wanted++) {
		uint64_t w = pri_cg_systemd_io_weight(wanted);

		cr_expect_eq(w <= 100 ? w : 100 + (w - 100) * (1000 - 100) / (10000 - 100), wanted,
			     "%" PRIu64, wanted);
		cr_expect(w >= 1 && w <= 10000, "%" PRIu64, wanted);
	}
}

Test(cgroup_systemd, another_root_has_none)
{
	cr_expect_not(pri_cg_systemd_runs("/tmp"));
}

static void use_bus(const char *path)
{
	char address[160];

	snprintf(address, sizeof(address), "unix:path=%s", path);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1);
}

Test(cgroup_systemd, no_bus)
{
	char *error = NULL;
	int r;

	use_bus("/nowhere/bus");
	r = pri_cg_systemd_set("x.scope", "CPUWeight", 100, pri_now_ns() + 10 * SECOND_NS, &error);
	if (r == -EOPNOTSUPP) {
		EXPECT_TEXT(error, "sd");
		free(error);
		cr_skip_test("no libsystemd, or built without its header");
	}
	cr_expect_eq(r, -EIO);
	EXPECT_TEXT(error, "D-Bus");
	free(error);
}

/* A bus that takes the connection and says nothing. */
Test(cgroup_systemd, silent_bus, .timeout = 60)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int silent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;
	uint64_t start_ns;
	char *error = NULL;

	snprintf(name.sun_path, sizeof(name.sun_path), "/tmp/pralloc-bus.%d", (int)getpid());
	cr_assert_eq(bind(silent, (struct sockaddr *)&name, sizeof(name)), 0);
	cr_assert_eq(listen(silent, 1), 0);
	use_bus(name.sun_path);
	start_ns = pri_now_ns();
	r = pri_cg_systemd_set("x.scope", "CPUWeight", 100, start_ns + SECOND_NS / 5, &error);
	unlink(name.sun_path);
	close(silent);
	if (r == -EOPNOTSUPP) {
		free(error);
		cr_skip_test("no libsystemd, or built without its header");
	}
	cr_expect_eq(r, -ETIMEDOUT);
	cr_expect_lt(pri_now_ns() - start_ns, 5 * SECOND_NS, "the deadline holds");
	EXPECT_TEXT(error, "may still do it");
	free(error);
}
