/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all groups of a host are guaranteed of its memory, which has 1012328 KiB. */
#include "core/plan_run.h"

#include "cgroup_bed.h"

#define VM1 "machine/qemu-1-vm1.libvirt-qemu"
#define VM2 "machine/qemu-2-vm2.libvirt-qemu"

/* MiB of memory.min. */
static void guarantee(struct cg_bed *bed, const char *group, unsigned int mib)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "sys/fs/cgroup/%s/memory.min", group);
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)mib << 20);
	tree_put(&bed->tree, path, text);
}

/* Guarantees that there are, those that a plan wants (0: none), and what a check says. */
static const struct {
	const char *what;
	unsigned int machine, vm1, vm2, wants1, wants2;
	int code;
	const char *part;
} cases[] = {
	{"room for both", 900, 0, 0, 400, 400, 0, ""},
	{"the other one has the rest", 900, 0, 700, 400, 0, -ENOSPC,
	 "the host has 1012328KiB, its domains are guaranteed 900MiB of it, and with the plan "
	 "1100MiB"},
	{"the other one gives it", 900, 0, 700, 400, 500, 0, ""},
	{"groups lie in what is kept for the one around them", 980, 0, 500, 400, 0, 0, ""},
	{"beyond what was there before", 980, 700, 700, 710, 0, -ENOSPC, "1410MiB"},
	{"less of what is too much", 980, 700, 700, 600, 0, 0, ""},
};

Test(plan_each, groups)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan = NULL;
		struct cg_bed bed;
		char lines[256];
		int r;

		cg_bed_open(&bed, "v2", "cgroup:");
		guarantee(&bed, "machine", cases[i].machine);
		guarantee(&bed, VM1, cases[i].vm1);
		guarantee(&bed, VM2, cases[i].vm2);
		snprintf(lines, sizeof(lines), VM1 " mem.guarantee=%uM\n", cases[i].wants1);
		if (cases[i].wants2)
			snprintf(lines + strlen(lines), sizeof(lines) - strlen(lines),
				 VM2 " mem.guarantee=%uM\n", cases[i].wants2);
		cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
		cr_assert_eq(pr_plan_load(plan, bed.host, lines, 0), 0, "%s", pr_plan_errmsg(plan));
		/* Ancestors that are too small are another test's. */
		r = pr_plan_check(plan, PRALLOC_ALLOW_INEFFECTIVE);
		cr_expect_eq(r, cases[i].code, "%s: %d %s", cases[i].what, r, pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), cases[i].part);
		pr_plan_free(plan);
		cg_bed_close(&bed);
	}
}
