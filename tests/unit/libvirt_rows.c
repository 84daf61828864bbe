/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the libvirt backend serves on hosts that this machine is not. */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "backend/libvirt/libvirt.h"

#define KEPT (PRI_SERVE_READ_CONFIG | PRI_SERVE_WRITE_CONFIG | PRI_SERVE_RESTORE)

static const struct {
	int attr, driver, cgroup;
	uint32_t modes; /* 0: not served */
	const char *reason;
} cases[] = {
	{PRI_MEM_SOFT_LIMIT, PRI_LV_QEMU, 1, PRI_SERVE_ALL, NULL},
	{PRI_MEM_SOFT_LIMIT, PRI_LV_QEMU, 2, KEPT, "memory.high"},
	{PRI_MEM_SOFT_LIMIT, PRI_LV_LXC, 2, KEPT, "memory.high"},
	{PRI_MEM_SOFT_LIMIT, PRI_LV_QEMU, 0, 0, "cgroup version"},
	{PRI_MEM_SWAP_LIMIT, PRI_LV_QEMU, 2, KEPT, "swap alone"},
	{PRI_MEM_GUARANTEE, PRI_LV_QEMU, 0, KEPT, "memory.min"},
	{PRI_MEM_GUARANTEE, PRI_LV_QEMU, 1, KEPT, "memory.min"},
	{PRI_MEM_GUARANTEE, PRI_LV_OTHER, 1, 0, "not known to have it"},
	{PRI_NET_RATE_IN, PRI_LV_QEMU, 1, KEPT | PRI_SERVE_READ, "qdiscs"},
	{PRI_NET_WEIGHT_OUT, PRI_LV_TEST, 1, KEPT, "no weights"},
	{PRI_CPU_BURST, PRI_LV_QEMU, 2, KEPT, "burst of a quota"},
};

Test(libvirt_rows, what_is_only_kept)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_lv_host host = {.driver = cases[i].driver,
					   .cgroup_version = cases[i].cgroup};
		const char *reason = NULL;
		const struct pri_serve *serve = pri_lv_serve(&host, cases[i].attr, &reason);

		if (serve)
			reason = serve->no_write;
		cr_expect(!serve || !serve->chosen || serve->chosen->attr == cases[i].attr,
			  "case %zu: the chosen row is another one's", i);
		cr_expect_eq(serve ? serve->modes & ~(uint32_t)(PRI_SERVE_PRECHECK |
								PRI_SERVE_PRECHECK_CONFIG)
				   : 0,
			     cases[i].modes, "case %zu: modes 0x%x", i, serve ? serve->modes : 0);
		cr_expect(cases[i].reason ? reason && strstr(reason, cases[i].reason) : !reason,
			  "case %zu: %s", i, reason ? reason : "no reason");
	}
}

/* What only pr_host_set_route brings: each rate its own row, and live values alone. */
Test(libvirt_rows, chosen_rates)
{
	struct pri_lv_host host = {.driver = PRI_LV_QEMU, .cgroup_version = 1};
	const char *reason = NULL;

	for (int attr = PRI_NET_RATE_IN; attr <= PRI_NET_RATE_OUT_BURST; attr++) {
		const struct pri_serve *serve = pri_lv_serve(&host, attr, &reason);

		cr_assert(serve && serve->chosen, "attribute %d", attr);
		cr_expect_eq(serve->chosen->attr, attr, "attribute %d", attr);
		cr_expect_eq(serve->chosen->modes,
			     PRI_SERVE_READ | PRI_SERVE_WRITE | PRI_SERVE_PRECHECK);
	}
}

/* What can be told apart is told; a kernel that lacks all of it is not one that runs this. */
Test(libvirt_rows, parts_of_the_kernel)
{
	char names[128] = "?";

	cr_expect_eq(pri_lv_shape_missing(0, names, sizeof(names)), 0);
	cr_expect_str_eq(names, "", "nothing was asked for, and %s is missing", names);
	if (geteuid() != 0)
		cr_skip_test("only root can make a network namespace");
	cr_assert_eq(pri_lv_shape_missing(PRI_LV_SHAPE_IN | PRI_LV_SHAPE_OUT, names, sizeof(names)),
		     0);
	cr_expect_null(strstr(names, "ingress"), "%s", names);
}
