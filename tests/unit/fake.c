/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake host through the public API: its URI, its directives, what it looks like. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include <pralloc.h>

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static struct pr_ctx *ctx;
static struct pr_host *host;
static struct pr_domain *dom;

static void open_host(const char *uri)
{
	cr_assert_eq(pr_ctx_new(&ctx), 0);
	cr_assert_eq(pr_host_open(ctx, uri, 0, &host), 0, "%s: %s", uri, pr_ctx_errmsg(ctx));
}

static void open_domain(const char *uri, const char *name)
{
	open_host(uri);
	cr_assert_eq(pr_domain_open(host, name, 0, &dom), 0, "%s", pr_host_errmsg(host));
}

static void close_all(void)
{
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
}

TestSuite(fake, .fini = close_all);

static uint64_t get(const char *attribute, uint32_t flags)
{
	uint64_t value = 0;

	cr_assert_eq(pr_get_u64(dom, attribute, NULL, &value, flags), 0, "%s",
		     pr_domain_errmsg(dom));
	return value;
}

Test(fake, uri)
{
	static const struct {
		const char *uri;
		int result;
		uint32_t domains;
		const char *text; /* of the error */
	} cases[] = {
		{"fake:", 0, 3, ""},
		{"fake:///1", 0, 1, ""},
		{"fake:///100000", 0, 100000, ""},
		{"fake:?inject=delay+ms=1", 0, 3, ""},
		{"fake:///2?inject=lie;delay+ms=1", 0, 2, ""},
		{"fake:///0", -EINVAL, 0, "1 to 100000"},
		{"fake:///100001", -EINVAL, 0, "1 to 100000"},
		{"fake:///99999999999999999999", -EINVAL, 0, "1 to 100000"},
		{"fake:///-1", -EINVAL, 0, "1 to 100000"},
		{"fake:/// 1", -EINVAL, 0, "1 to 100000"},
		{"fake:///3x", -EINVAL, 0, "1 to 100000"},
		{"fake:///", -EINVAL, 0, "fake:///N"},
		{"fake://host/3", -EINVAL, 0, "fake:///N"},
		{"fake:3", -EINVAL, 0, "fake:///N"},
		{"fake:?", -EINVAL, 0, "inject="},
		{"fake:?foo=1", -EINVAL, 0, "inject="},
		{"fake:?inject=", -EINVAL, 0, "empty"},
		{"fake:?inject=lie;", -EINVAL, 0, "empty"},
		{"fake:?inject=explode", -EINVAL, 0, "explode"},
		{"fake:///2?inject=stop+domain=vm3", -ENOENT, 0, "vm3"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pr_host_info info = {.size = sizeof(info)};
		int r;

		cr_assert_eq(pr_ctx_new(&ctx), 0);
		r = pr_host_open(ctx, cases[i].uri, 0, &host);
		cr_assert_eq(r, cases[i].result, "%s: %d: %s", cases[i].uri, r, pr_ctx_errmsg(ctx));
		cr_assert(strstr(pr_ctx_errmsg(ctx), cases[i].text), "%s: %s", cases[i].uri,
			  pr_ctx_errmsg(ctx));
		if (r == 0) {
			cr_assert_eq(pr_host_info(host, &info, 0), 0, "%s", pr_host_errmsg(host));
			cr_assert_eq(info.domains, cases[i].domains, "%s: %u", cases[i].uri,
				     info.domains);
		}
		pr_host_close(host);
		host = NULL;
		ctx = pr_ctx_unref(ctx);
	}
}

Test(fake, directives_that_are_refused)
{
	static const struct {
		const char *directive;
		int result;
		const char *words[2]; /* in the text */
	} cases[] = {
		{"", -EINVAL, {"empty", ""}},
		{" \t ", -EINVAL, {"empty", ""}},
		{"explode", -EINVAL, {"explode", "vanish"}},
		{"fail", -EINVAL, {"error", "missing"}},
		{"fail error", -EINVAL, {"error=", ""}},
		{"fail error=", -EINVAL, {"error=", ""}},
		{"fail error=EFOO", -EINVAL, {"EFOO", "EREMOTEIO"}},
		{"fail error=5", -EINVAL, {"\"5\"", "EIO"}},
		{"fail error=EIO error=EIO", -EINVAL, {"error", "twice"}},
		{"fail error=EIO at=0", -EINVAL, {"\"0\"", "from 1"}},
		{"fail error=EIO at=-1", -EINVAL, {"\"-1\"", "from 1"}},
		{"fail error=EIO at=2x", -EINVAL, {"\"2x\"", "from 1"}},
		{"fail error=EIO at=99999999999999999999", -EINVAL, {"at", "from 1"}},
		{"fail error=EIO effect=maybe", -EINVAL, {"maybe", "yes"}},
		{"fail error=EIO attribute=cpu.sharez", -EINVAL, {"cpu.sharez", "cpu.shares"}},
		{"fail error=EIO attribute=cpu.pin[1]", -EINVAL, {"cpu.pin[1]", "instance"}},
		{"fail error=EIO ms=3", -EINVAL, {"ms", "attribute"}},
		{"failread error=EIO effect=yes", -EINVAL, {"effect", "domain"}},
		{"lie domain=vm4", -ENOENT, {"vm4", "vm3"}},
		{"lie domain=vm0", -ENOENT, {"vm0", "vm3"}},
		{"lie domain=vm01", -ENOENT, {"vm01", "vm3"}},
		{"lie domain=host", -ENOENT, {"host", "vm3"}},
		{"stall domain=vm1", -EINVAL, {"at_bytes", "missing"}},
		{"stall at_bytes=1G", -EINVAL, {"domain", "missing"}},
		{"stall domain=vm1 at_bytes=much", -EINVAL, {"much", "at_bytes"}},
		{"stall domain=vm1 at_bytes=default", -EINVAL, {"default", "at_bytes"}},
		{"balloon domain=vm1 rate=unlimited", -EINVAL, {"unlimited", "rate"}},
		{"balloon domain=vm1 rate=0", -EINVAL, {"0", "rate"}},
		{"uses domain=vm1", -EINVAL, {"bytes", "missing"}},
		{"delay", -EINVAL, {"ms", "missing"}},
		{"delay ms=0", -EINVAL, {"\"0\"", "from 1"}},
		{"restart", -EINVAL, {"domain", "missing"}},
		{"restart domain=vm1 effect=no", -EINVAL, {"effect", "at"}},
		{"clear domain=vm1", -EINVAL, {"domain", "it has none"}},
	};

	open_host("fake:");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = pr_fake_inject(host, cases[i].directive, 0);

		cr_assert_eq(r, cases[i].result, "\"%s\": %d: %s", cases[i].directive, r,
			     pr_host_errmsg(host));
		for (size_t w = 0; w < 2; w++)
			cr_assert(strstr(pr_host_errmsg(host), cases[i].words[w]),
				  "\"%s\" without \"%s\": %s", cases[i].directive,
				  cases[i].words[w], pr_host_errmsg(host));
	}
}

Test(fake, directives_that_are_taken)
{
	static const char *const directives[] = {
		"fail error=EIO at=1 domain=vm1 attribute=cpu.shares effect=yes",
		"  fail\terror=EIO  ",
		"failread at=3 error=ENODATA",
		"lie",
		"stall domain=vm1 at_bytes=400MiB",
		"balloon domain=vm2 rate=100MiB/s",
		"uses domain=vm1 bytes=700MiB",
		"nodriver domain=vm1",
		"driver domain=vm1",
		"delay ms=1 domain=vm1",
		"restart domain=vm1",
		"stop domain=vm1 at=5",
		"stop domain=vm1",
		"start domain=vm1",
		"replace domain=vm2",
		"vanish domain=vm3",
		"clear",
	};

	open_host("fake:");
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		cr_assert_eq(pr_fake_inject(host, directives[i], 0), 0, "\"%s\": %s", directives[i],
			     pr_host_errmsg(host));
		cr_assert_str_empty(pr_host_errmsg(host), "a text after success");
	}
}

Test(fake, inject_arguments)
{
	open_host("fake:");
	cr_assert_eq(pr_fake_inject(NULL, "clear", 0), -EINVAL);
	cr_assert_eq(pr_fake_inject(host, NULL, 0), -EINVAL);
	cr_assert(*pr_host_errmsg(host) != '\0');
	cr_assert_eq(pr_fake_inject(host, "lie", 1), -EINVAL, "an unknown flag was taken");
	cr_assert_eq(pr_fake_inject(host, "clear", 0), 0);
}

Test(fake, directives_of_the_uri_are_in_force)
{
	open_domain("fake:///3?inject=stall+domain=vm2+at_bytes=900MiB;"
		    "fail+error=EBUSY+attribute=cpu.shares",
		    "vm2");
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), -EBUSY);
	cr_assert_eq(pr_mem_balloon(dom, 800 * MIB, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(get("mem.actual", 0), 900 * MIB);
	cr_assert_eq(pr_fake_inject(host, "clear", 0), 0);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(get("mem.actual", 0), 800 * MIB, "it does not go on when the stall is over");
}

Test(fake, a_fault_meets_only_what_it_names)
{
	open_domain("fake:", "vm1");
	cr_assert_eq(pr_fake_inject(host, "fail error=EIO domain=vm2", 0), 0);
	cr_assert_eq(pr_fake_inject(host, "fail error=EBUSY attribute=cpu.quota at=2", 0), 0);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(pr_set_u64(dom, "cpu.quota", NULL, 50000, 0), 0, "the first, not the second");
	cr_assert_eq(pr_set_u64(dom, "cpu.quota", NULL, 60000, 0), -EBUSY);
	cr_assert_eq(get("cpu.quota", 0), 50000);
	cr_assert_eq(pr_set_u64(dom, "cpu.quota", NULL, 60000, 0), 0, "once is enough");
}

Test(fake, two_faults_count_the_same_calls)
{
	open_domain("fake:", "vm1");
	cr_assert_eq(pr_fake_inject(host, "fail error=EIO at=1", 0), 0);
	cr_assert_eq(pr_fake_inject(host, "fail error=EBUSY at=2", 0), 0);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), -EIO);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), -EBUSY);
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), 0, "%s", pr_domain_errmsg(dom));
}

Test(fake, memory_of_the_guest)
{
	open_domain("fake:", "vm1");
	cr_assert_eq(get("mem.balloon", 0), GIB);
	cr_assert_eq(get("mem.maximum", 0), 2 * GIB);
	cr_assert_eq(get("mem.available", 0), GIB);
	cr_assert_eq(get("mem.unused", 0), GIB - GIB / 4);
	cr_assert_eq(get("mem.stats_age", 0), 0);
	cr_assert_eq(pr_mem_balloon(dom, 2 * GIB + MIB, 0), -ERANGE);
	cr_assert_eq(pr_mem_balloon(dom, 2 * GIB, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(get("mem.usable", 0), 2 * GIB - GIB / 4);
	cr_assert_eq(pr_mem_balloon(dom, PRALLOC_DEFAULT, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(get("mem.balloon", 0), GIB, "default is what it would start with");
}

Test(fake, persistent_values_that_a_new_domain_has)
{
	open_domain("fake:", "vm1");
	cr_assert_eq(get("mem.balloon", PRALLOC_CONFIG), GIB);
	cr_assert_eq(get("mem.maximum", PRALLOC_CONFIG), 2 * GIB);
	cr_assert_eq(get("cpu.count", PRALLOC_CONFIG), 2);
	cr_assert_eq(get("cpu.shares", PRALLOC_CONFIG), PRALLOC_DEFAULT);
}

Test(fake, vcpus_come_and_go_with_the_count)
{
	const char *text;

	open_domain("fake:", "vm1");
	cr_assert_eq(pr_domain_instance(dom, "cpu.pin", 2, &text), -ENODEV);
	cr_assert_eq(pr_cpu_pin(dom, 2, "0-3", 0), -ENODEV);
	cr_assert_eq(pr_cpu_set_count(dom, 3, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(pr_domain_instance(dom, "cpu.pin", 2, &text), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_str_eq(text, "2");
	cr_assert_eq(pr_cpu_pin(dom, 2, "0-3", 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(pr_get_str(dom, "cpu.pin", "2", &text, 0), 0);
	cr_assert_str_eq(text, "0-3");
	cr_assert_eq(get("cpu.guest_count", 0), 3);
	cr_assert_eq(pr_cpu_set_count(dom, 5, 0), -ERANGE);
}

Test(fake, one_value_for_all_devices_or_for_one)
{
	uint64_t value = 0;

	open_domain("fake:", "vm1");
	cr_assert_eq(pr_io_set_weight(dom, NULL, 300, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(pr_get_u64(dom, "io.weight", "/dev/fake0", &value, 0), 0);
	cr_assert_eq(value, 300);
	cr_assert_eq(pr_io_set_weight(dom, "/dev/fake0", 400, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(get("io.weight", 0), 300);
	cr_assert_eq(pr_get_u64(dom, "io.weight", "/dev/fake0", &value, 0), 0);
	cr_assert_eq(value, 400);
}

Test(fake, interface_has_other_names)
{
	static const char *const names[] = {"52:54:00:00:00:02", "52:54:00:00:00:02", "faketap2",
					    "net0"};

	open_domain("fake:", "vm2");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t value = 0, rate = 1000000 * (i + 1);

		cr_assert_eq(pr_set_u64(dom, "net.rate.in", names[i], rate, 0), 0, "%s",
			     pr_domain_errmsg(dom));
		cr_assert_eq(pr_get_u64(dom, "net.rate.in", NULL, &value, 0), 0);
		cr_assert_eq(value, rate, "%s", names[i]);
	}
}

Test(fake, host_of_many_domains)
{
	struct pr_host_info info = {.size = sizeof(info)};
	struct pr_domain *last = NULL;
	uint64_t value = 0;

	open_domain("fake:///100000", "vm100000");
	cr_assert_eq(pr_host_info(host, &info, 0), 0);
	cr_assert_eq(info.running, 100000);
	cr_assert_eq(info.committed_bytes, 100000 * GIB);
	cr_assert_eq(info.memory_bytes, 200000 * GIB);
	cr_assert_eq(pr_domain_open(host, pr_domain_uuid(dom), 0, &last), 0);
	cr_assert_str_eq(pr_domain_name(last), "vm100000");
	pr_domain_close(last);
	cr_assert_eq(pr_fake_inject(host, "stop domain=vm100000", 0), 0);
	cr_assert_eq(pr_fake_inject(host, "vanish domain=vm1", 0), 0);
	cr_assert_eq(pr_host_info(host, &info, 0), 0);
	cr_assert_eq(info.domains, 99999);
	cr_assert_eq(info.running, 99998);
	cr_assert_eq(pr_host_get_u64(host, "mem.committed", NULL, &value, 0), 0, "%s",
		     pr_host_errmsg(host));
	cr_assert_eq(value, 99998 * GIB);
}

Test(fake, settings_of_the_host)
{
	const char *text;
	uint64_t value = 0;

	open_domain("fake:", "vm1");
	cr_assert_eq(pr_net_set_link(host, "fakebr0", 125000000, 125000000, 0), 0, "%s",
		     pr_host_errmsg(host));
	cr_assert_eq(pr_host_get_u64(host, "net.link.out", "fakebr0", &value, 0), 0);
	cr_assert_eq(value, 125000000);
	cr_assert_eq(pr_net_set_guarantee(dom, NULL, PRALLOC_NET_OUT, 1000000, 0), 0, "%s",
		     pr_domain_errmsg(dom));
	cr_assert_eq(pr_host_get_u64(host, "net.committed", "fakebr0", &value, 0), 0, "%s",
		     pr_host_errmsg(host));
	cr_assert_eq(value, 1000000);
	cr_assert_eq(pr_host_set_u64(host, "ksm.run", NULL, 1, 0), 0, "%s", pr_host_errmsg(host));
	cr_assert_eq(pr_host_set_str(host, "ksm.advisor_mode", NULL, "scan-time", 0), 0, "%s",
		     pr_host_errmsg(host));
	cr_assert_eq(pr_host_get_str(host, "ksm.advisor_mode", NULL, &text, 0), 0);
	cr_assert_str_eq(text, "scan-time");
	cr_assert_eq(pr_host_set_u64(host, "ksm.run", NULL, 0, PRALLOC_CONFIG), -EOPNOTSUPP);
	cr_assert_eq(pr_host_set_cgroup_version(host, 2, 0), 0);
	cr_assert_eq(pr_host_set_cgroup_version(host, 1, 0), -EBUSY);
}

Test(fake, domain_outlives_the_host_handle)
{
	open_domain("fake:", "vm1");
	pr_host_close(host);
	host = NULL;
	cr_assert_eq(pr_cpu_set_shares(dom, 2048, 0), 0, "%s", pr_domain_errmsg(dom));
	cr_assert_eq(get("cpu.shares", 0), 2048);
}
