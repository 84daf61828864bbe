/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One machine: opening, facts, routes, its own attributes. */
#include "fixture.h"

static const struct {
	const char *uri;
	uint32_t flags;
	int code;
	const char *text;
} uris[] = {
	{"fake:", 0, 0, ""},
	{"fake:///1", 0, 0, ""},
	{"fake:///100000", PRALLOC_READ_ONLY, 0, ""},
	{"fake:///3?inject=delay+ms=1;uses+domain=vm1+bytes=1GiB", 0, 0, ""},
	{NULL, 0, -EINVAL, "NULL"},
	{"", 0, -EINVAL, "not a URI"},
	{"fake", 0, -EINVAL, "not a URI"},
	{":///1", 0, -EINVAL, "not a URI"},
	{"fake:///0", 0, -EINVAL, "1 to 100000"},
	{"fake:///100001", 0, -EINVAL, "1 to 100000"},
	{"fake:///-1", 0, -EINVAL, "1 to 100000"},
	{"fake:///18446744073709551617", 0, -EINVAL, "1 to 100000"},
	{"fake:///1?inject=nonsense", 0, -EINVAL, "nonsense"},
	{"fake:///1?other=1", 0, -EINVAL, "inject="},
	{"fake:///1", UNKNOWN_FLAG, -EINVAL, "unknown flag"},
	{"fake:///1", PRALLOC_LIVE, -EINVAL, "unknown flag"},
};

Test(host, uris)
{
	struct pr_ctx *ctx;

	cr_assert_eq(pr_ctx_new(&ctx), 0);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(uris); i++) {
		struct pr_host *host = NULL;
		int r = pr_host_open(ctx, uris[i].uri, uris[i].flags, &host);

		cr_expect_eq(r, uris[i].code, "%s: %d %s", uris[i].uri, r, pr_ctx_errmsg(ctx));
		EXPECT_TEXT(pr_ctx_errmsg(ctx), uris[i].text);
		cr_expect_eq(host == NULL, r < 0, "%s", uris[i].uri);
		pr_host_close(host);
	}
	cr_expect_eq(pr_host_open(ctx, "fake:", 0, NULL), -EINVAL);
	cr_expect_eq(pr_host_open(NULL, "fake:", 0, NULL), -EINVAL);
	pr_host_close(NULL);
	cr_expect_str_not_empty(pr_host_errmsg(NULL));
	pr_ctx_unref(ctx);
}

Test(host, info)
{
	struct pr_host_info info = {.size = sizeof(info)};
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "stop domain=vm3");
	cr_assert_eq(pr_host_info(bed.host, &info, 0), 0);
	cr_expect_eq(info.cpus, 8);
	cr_expect_eq(info.domains, 3);
	cr_expect_eq(info.running, 2);
	cr_expect_eq(info.committed_bytes, 2048 * MIB);
	cr_expect_eq(info.free_bytes, info.memory_bytes - info.committed_bytes);
	cr_expect_str_eq(info.uri, "fake:///3");
	cr_expect_str_eq(info.backend, "fake");
	cr_expect_eq(info.cgroup_version, 2);
	cr_expect_eq(pr_host_info(NULL, &info, 0), -EINVAL);
	cr_expect_eq(pr_host_info(bed.host, NULL, 0), -EINVAL);
	cr_expect_eq(pr_host_info(bed.host, &info, UNKNOWN_FLAG), -EINVAL);
	info.size = offsetof(struct pr_host_info, cgroup_version);
	cr_expect_eq(pr_host_info(bed.host, &info, 0), -EINVAL);
	bed_close(&bed);
}

Test(host, routes)
{
	const char *backend = "untouched", *reason = "untouched";
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_host_route(NULL, "cpu.shares", &backend, &reason), -EINVAL);
	cr_expect_eq(pr_host_route(bed.host, NULL, &backend, &reason), -EINVAL);
	cr_expect_eq(pr_host_route(bed.host, "no.such", &backend, &reason), -EINVAL);
	cr_expect_eq(pr_host_route(bed.host, "cpu.shares", NULL, &reason), -EINVAL);
	cr_expect_str_eq(backend, "untouched");
	cr_expect_eq(pr_host_route(bed.host, "cpu.shares", &backend, NULL), 0);
	cr_expect_str_eq(backend, "fake");
	cr_expect_eq(pr_host_route(bed.host, "cpu.shares", &backend, &reason), 0);
	cr_expect_null(reason);
	cr_expect_eq(pr_host_set_route(NULL, "cpu.shares", "fake", 0), -EINVAL);
	cr_expect_eq(pr_host_set_route(bed.host, NULL, "fake", 0), -EINVAL);
	cr_expect_eq(pr_host_set_route(bed.host, "no.such", "fake", 0), -EINVAL);
	cr_expect_eq(pr_host_set_route(bed.host, "cpu.shares", "fake", UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_host_set_route(bed.host, "cpu.shares", "tc", 0), -EINVAL);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "it has fake");
	cr_expect_eq(pr_host_set_route(bed.host, "cpu.shares", "fake", 0), 0);
	cr_expect(bed.host->routes[PRI_CPU_SHARES][PRI_ROUTE_LIVE].chosen);
	cr_expect_eq(pr_host_set_route(bed.host, "cpu.shares", NULL, 0), 0);
	cr_expect_not(bed.host->routes[PRI_CPU_SHARES][PRI_ROUTE_LIVE].chosen,
		      "the library's own choice again");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 5, 0), 0);
	bed_close(&bed);
}

/* A plan that was made before the version is said uses what is served after it. */
Test(host, cgroup_version)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\n");
	cr_expect_eq(pr_host_set_cgroup_version(NULL, 2, 0), -EINVAL);
	cr_expect_eq(pr_host_set_cgroup_version(bed.host, 0, 0), -EINVAL);
	cr_expect_eq(pr_host_set_cgroup_version(bed.host, 3, 0), -EINVAL);
	cr_expect_eq(pr_host_set_cgroup_version(bed.host, 2, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_host_set_cgroup_version(bed.host, 1, 0), -EBUSY);
	bed.host->routes[PRI_CPU_SHARES][PRI_ROUTE_LIVE].serve = NULL;
	cr_expect_eq(pr_host_set_cgroup_version(bed.host, 2, 0), 0);
	cr_expect_eq(pr_plan_apply(plan, 1000, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(host, own_attributes)
{
	const char *text = NULL;
	uint64_t value = 77;
	struct bed bed;

	bed_open(&bed);
	cr_expect_eq(pr_host_set_u64(NULL, "ksm.run", NULL, 1, 0), -EINVAL);
	cr_expect_eq(pr_host_set_str(NULL, "ksm.run", NULL, "1", 0), -EINVAL);
	cr_expect_eq(pr_host_get_u64(NULL, "ksm.run", NULL, &value, 0), -EINVAL);
	cr_expect_eq(pr_host_get_str(NULL, "ksm.run", NULL, &text, 0), -EINVAL);
	cr_expect_eq(pr_host_set_u64(bed.host, "ksm.run", NULL, 3, 0), -ERANGE);
	cr_expect_eq(pr_host_set_u64(bed.host, "ksm.run", NULL, 1, PRALLOC_CONFIG), -EOPNOTSUPP);
	cr_expect_eq(pr_host_set_u64(bed.host, "mem.total", NULL, 1, 0), -EINVAL);
	cr_expect_eq(pr_host_set_u64(bed.host, "ksm.run", NULL, 2, 0), 0);
	cr_expect_eq(pr_host_get_u64(bed.host, "ksm.run", NULL, &value, 0), 0);
	cr_expect_eq(value, 2);
	cr_expect_eq(pr_host_set_str(bed.host, "ksm.advisor_mode", NULL, "scan-time", 0), 0);
	cr_expect_eq(pr_host_get_str(bed.host, "ksm.advisor_mode", NULL, &text, 0), 0);
	cr_expect_str_eq(text, "scan-time");
	cr_expect_eq(pr_host_set_str(bed.host, "net.link.out", "fakebr0", "1gbit", 0), 0);
	cr_expect_eq(pr_host_get_u64(bed.host, "net.link.out", "fakebr0", &value, 0), 0);
	cr_expect_eq(value, 125000000);
	cr_expect_eq(pr_host_set_str(bed.host, "net.link.out", "br9", "1gbit", 0), -ENODEV);
	bed_close(&bed);
}
