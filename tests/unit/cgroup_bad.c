/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bad input: each case has an error of its own that names the cause, and nothing is changed. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_bed.h"

static const struct {
	const char *tree, *uri, *name;
	int error;
	const char *text;
} domains[] = {
	{"v2", "cgroup:///machine", "../machine", -EINVAL, "could leave /machine"},
	{"v2", "cgroup:", "machine/../machine", -EINVAL, "\"..\""},
	{"v2", "cgroup:", "machine//x", -EINVAL, "empty part"},
	{"v2", "cgroup:", "/", -EINVAL, "empty part"},
	{"v2", "cgroup:///machine", "/other", -EACCES, "not below /machine"},
	{"v2", "cgroup:", "nobody", -ENOENT, "no such group"},
	{"v2", "cgroup:", "pid:", -EINVAL, "no process ID"},
	{"v2", "cgroup:", "pid:12x", -EINVAL, "no process ID"},
	{"v2", "cgroup:", "pid:999999", -ENOENT, "no process 999999"},
	/* somebody else's */
	{"container", "cgroup:", "pid:4102", -EACCES, "belongs to others"},
	{"container", "cgroup:", "pid:4103", -EACCES, "belongs to others"},
	{"v2", "cgroup:///machine/qemu-1-vm1.libvirt-qemu", "pid:4102", -EACCES,
	 "no group below /machine/qemu-1-vm1.libvirt-qemu"},
};

Test(cgroup_bad, domains)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(domains); i++) {
		struct pr_domain *dom = NULL;
		struct cg_bed bed;
		int r;

		cg_bed_open(&bed, domains[i].tree, domains[i].uri);
		r = pr_domain_open(bed.host, domains[i].name, 0, &dom);
		cr_expect_eq(r, domains[i].error, "%s: %d %s", domains[i].name, r,
			     pr_host_errmsg(bed.host));
		EXPECT_TEXT(pr_host_errmsg(bed.host), domains[i].text);
		pr_domain_close(dom);
		cg_bed_close(&bed);
	}
}

static const struct {
	const char *uri;
	int error;
	const char *text;
} uris[] = {
	{"cgroup:machine", -EINVAL, "cgroup:///GROUP"},
	{"cgroup:///machine/../x", -EINVAL, "\"..\""},
	{"cgroup:///machine/..", -EINVAL, "\"..\""},
	{"cgroup:///nobody", -ENOENT, "/nobody"},
};

Test(cgroup_bad, path_of_a_host_that_is_too_long)
{
	static char uri[PRI_CG_PATH_MAX];
	struct cg_bed bed;

	memset(uri, 'x', sizeof(uri) - 1);
	memcpy(uri, "cgroup:///", strlen("cgroup:///"));
	cr_expect_eq(cg_bed_try(&bed, "v2", uri), -EINVAL);
	EXPECT_TEXT(pr_ctx_errmsg(bed.ctx), "too long (at most ");
	cg_bed_close(&bed);
}

Test(cgroup_bad, uris)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(uris); i++) {
		struct cg_bed bed;
		int r = cg_bed_try(&bed, "v2", uris[i].uri);

		cr_expect_eq(r, uris[i].error, "%s: %d", uris[i].uri, r);
		EXPECT_TEXT(pr_ctx_errmsg(bed.ctx), uris[i].text);
		cg_bed_close(&bed);
	}
}

Test(cgroup_bad, no_hierarchy)
{
	struct cg_bed bed;

	cr_expect_eq(cg_bed_try(&bed, NULL, "cgroup:"), -ENOENT);
	EXPECT_TEXT(pr_ctx_errmsg(bed.ctx), "no hierarchy");
	cg_bed_close(&bed);
}

static void link_group(const struct cg_bed *bed, const char *target, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/%s", bed->tree.root, name);
	cr_assert_eq(symlink(target, path), 0);
}

Test(cgroup_bad, symbolic_links)
{
	struct pr_domain *dom = NULL;
	struct pr_host *host = NULL;
	struct cg_bed bed;

	cg_bed_open(&bed, "v2", "cgroup:");
	link_group(&bed, "/etc", "out");
	link_group(&bed, "machine", "in");
	cr_expect_eq(pr_domain_open(bed.host, "out", 0, &dom), -EINVAL);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "symbolic link");
	cr_expect_eq(pr_domain_open(bed.host, "in/qemu-1-vm1.libvirt-qemu", 0, &dom), -EINVAL);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "symbolic link");
	cr_expect_eq(pr_host_open(bed.ctx, "cgroup:///in", 0, &host), -EINVAL);
	EXPECT_TEXT(pr_ctx_errmsg(bed.ctx), "symbolic link");
	cg_bed_close(&bed);
}

static int count(void *arg, const struct pri_identity *identity)
{
	size_t *n = arg;

	(void)identity;
	(*n)++;
	return 0;
}

static int count_groups(struct cg_bed *bed, size_t *ret_count)
{
	struct pri_call call = {.backend = bed->host->backends[0].backend,
				.host = cg_bed_state(bed),
				.ctx = bed->ctx,
				.root = bed->tree.root,
				.deadline_ns = UINT64_MAX};
	int r;

	*ret_count = 0;
	r = pri_cg_list(&call, count, ret_count);
	free(call.error);
	return r;
}

/* What cannot be opened for lack of descriptors is there all the same. */
Test(cgroup_bad, full_table_of_descriptors)
{
	static const char *const names[] = {"machine/qemu-1-vm1.libvirt-qemu", "pid:4102"};
	struct rlimit limit;
	size_t all = 0, failed = 0;
	struct cg_bed bed;
	int first;

	cg_bed_open(&bed, "v2", "cgroup:");
	cr_assert_eq(count_groups(&bed, &all), 0);
	first = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	close(first);
	for (int i = 0; i < 16; i++) {
		struct pr_domain *dom = NULL;
		struct pr_host *host = NULL;
		size_t n;
		int r;

		limit.rlim_cur = (rlim_t)(first + i);
		cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		for (size_t k = 0; k < PRI_ARRAY_SIZE(names); k++) {
			r = pr_domain_open(bed.host, names[k], 0, &dom);
			cr_expect(r == 0 || r == -EIO, "%s, %d free: %d %s", names[k], i, r,
				  pr_host_errmsg(bed.host));
			failed += r == -EIO;
			pr_domain_close(dom);
			dom = NULL;
		}
		r = count_groups(&bed, &n);
		cr_expect(r == -EIO || (r == 0 && n == all), "%d free: %d, %zu of %zu", i, r, n,
			  all);
		r = pr_host_open(bed.ctx, "cgroup:", 0, &host);
		cr_expect(r == 0 || r == -EIO, "%d free: %d %s", i, r, pr_ctx_errmsg(bed.ctx));
		pr_host_close(host);
	}
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	cr_expect_gt(failed, 0);
	cg_bed_close(&bed);
}

/* What is written is refused, and the text names what an administrator has to look at. */
static const struct {
	const char *tree, *name, *attribute, *value;
	int error;
	const char *texts[3];
} settings[] = {
	{"v2-undelegated",
	 "jobs/one",
	 "mem.hard_limit",
	 "1G",
	 -EOPNOTSUPP,
	 {"memory is not enabled", "cgroup.subtree_control", "PRALLOC_ENABLE"}},
	{"v2-undelegated",
	 "jobs/threads",
	 "mem.hard_limit",
	 "1G",
	 -EOPNOTSUPP,
	 {"threaded group", "jobs/threads", "memory"}},
	{"v2-undelegated",
	 "lent/two",
	 "cpu.shares",
	 "2048",
	 -EOPNOTSUPP,
	 {"cpu is not enabled", "lent/two", "PRALLOC_ENABLE"}},
	{"v2-systemd",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "io.weight[/dev/vdb1]",
	 "200",
	 -EINVAL,
	 {"partition", "/dev/vdb", "whole"}},
	{"v2-systemd",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "io.host.read_bytes[254:17]",
	 "1M",
	 -EINVAL,
	 {"partition", "/dev/vdb", "whole"}},
	{"v2-systemd",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "io.host.read_bytes[9:9]",
	 "1M",
	 -ENODEV,
	 {"9:9", "", ""}},
	{"v2-systemd",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "mem.soft_limit",
	 "64M",
	 -EOPNOTSUPP,
	 {"memory.low", "/machine.slice", "PRALLOC_ANCESTORS"}},
	{"v2-systemd",
	 "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope",
	 "cpu.pin[7]",
	 "0",
	 -ENODEV,
	 {"vcpu7", "", ""}},
	{"container", "app", "cpu.emulator_quota", "50ms", -EOPNOTSUPP, {"emulator", "", ""}},
	{"v1-hybrid",
	 "machine/qemu-1-vm1.libvirt-qemu",
	 "mem.swap_limit",
	 "1G",
	 -EINVAL,
	 {"mem.hard_limit", "", ""}},
	{"v1-hybrid",
	 "machine/qemu-1-vm1.libvirt-qemu",
	 "mem.throttle",
	 "1G",
	 -EOPNOTSUPP,
	 {"cgroup v1", "", ""}},
	{"v2",
	 "machine/qemu-1-vm1.libvirt-qemu",
	 "mem.balloon",
	 "1G",
	 -EOPNOTSUPP,
	 {"virtual machines", "", ""}},
};

Test(cgroup_bad, settings)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(settings); i++) {
		struct pr_domain *dom;
		struct cg_bed bed;
		int r;

		cg_bed_open(&bed, settings[i].tree, "cgroup:");
		dom = cg_bed_domain(&bed, settings[i].name);
		r = pr_set_str(dom, settings[i].attribute, NULL, settings[i].value,
			       PRALLOC_ALLOW_HARM);
		cr_expect_eq(r, settings[i].error, "%s of %s: %d %s", settings[i].attribute,
			     settings[i].tree, r, pr_domain_errmsg(dom));
		for (size_t k = 0; k < PRI_ARRAY_SIZE(settings[i].texts); k++)
			EXPECT_TEXT(pr_domain_errmsg(dom), settings[i].texts[k]);
		pr_domain_close(dom);
		cg_bed_close(&bed);
	}
}

Test(cgroup_bad, a_limit_near_the_use_is_harm)
{
	static const char *const trees[] = {"v1-hybrid", "v2"};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(trees); i++) {
		struct pr_domain *dom;
		struct cg_bed bed;
		uint64_t used;

		cg_bed_open(&bed, trees[i], "cgroup:");
		dom = cg_bed_domain(&bed, "machine/qemu-1-vm1.libvirt-qemu");
		used = bed_get(dom, "mem.rss", NULL, 0);
		cr_assert_gt(used, 1 << 20, "%s", trees[i]);
		cr_expect_eq(pr_mem_set_hard_limit(dom, used + used / 50, 0), -ENOSPC, "%s: %s",
			     trees[i], pr_domain_errmsg(dom));
		cr_expect_eq(bed_get(dom, "mem.hard_limit", NULL, 0), PRALLOC_UNLIMITED);
		cr_expect_eq(pr_mem_set_hard_limit(dom, used * 2, 0), 0, "%s",
			     pr_domain_errmsg(dom));
		cr_expect_eq(pr_mem_set_hard_limit(dom, used + used / 50, PRALLOC_ALLOW_HARM), 0,
			     "%s", pr_domain_errmsg(dom));
		pr_domain_close(dom);
		cg_bed_close(&bed);
	}
}

/* On v1 the limit of swap needs one of memory: told by the check, with both steps in view. */
Test(cgroup_bad, swap_and_memory_are_checked_together)
{
	static const struct {
		const char *hard, *swap; /* wanted, or NULL */
		int error;
		const char *text;
	} cases[] = {
		{NULL, "1G", -EINVAL, "needs a mem.hard_limit"},
		{"2G", "1G", 0, ""},
		{"unlimited", NULL, -EINVAL, "set mem.swap_limit to unlimited first"},
		{"unlimited", "2G", -EINVAL, "needs a mem.hard_limit"},
		{"3G", NULL, 0, ""},
		{"unlimited", "unlimited", 0, ""},
	};
	struct pr_domain *dom;
	struct cg_bed bed;

	cg_bed_open(&bed, "v1-hybrid", "cgroup:");
	dom = cg_bed_domain(&bed, "machine/qemu-1-vm1.libvirt-qemu");
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan = NULL;
		int r;

		cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
		if (cases[i].swap)
			cr_assert_eq(
				pr_plan_set_str(plan, dom, "mem.swap_limit", NULL, cases[i].swap),
				0);
		if (cases[i].hard)
			cr_assert_eq(
				pr_plan_set_str(plan, dom, "mem.hard_limit", NULL, cases[i].hard),
				0);
		r = pr_plan_check(plan, 0);
		cr_expect_eq(r, cases[i].error, "%zu: check: %d %s", i, r, pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), cases[i].text);
		r = pr_plan_apply(plan, 1000, 0);
		cr_expect_eq(r, cases[i].error, "%zu: apply: %d %s", i, r, pr_plan_errmsg(plan));
		pr_plan_free(plan);
	}
	pr_domain_close(dom);
	cg_bed_close(&bed);
}

/* A user who may not write; root may everything. */
Test(cgroup_bad, not_delegated)
{
	struct pr_domain *dom;
	struct cg_bed bed;
	char path[256];

	if (geteuid() == 0 && setegid(65534) + seteuid(65534) != 0)
		cr_skip_test("cannot become nobody");
	cg_bed_open(&bed, "v2", "cgroup:");
	dom = cg_bed_domain(&bed, "machine/qemu-1-vm1.libvirt-qemu");
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/machine/qemu-1-vm1.libvirt-qemu/cpu.weight",
		 bed.tree.root);
	cr_assert_eq(chmod(path, 0444), 0);
	cr_expect_eq(pr_cpu_set_shares(dom, 2048, 0), -EACCES, "%s", pr_domain_errmsg(dom));
	EXPECT_TEXT(pr_domain_errmsg(dom), "delegated");
	EXPECT_TEXT(pr_domain_errmsg(dom), "machine/qemu-1-vm1.libvirt-qemu");
	cr_expect_eq(bed_get(dom, "cpu.shares", NULL, 0), 1024);
	pr_domain_close(dom);
	cg_bed_close(&bed);
}
