/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is legal, and told: the fake host has 8 CPUs. */
#include "core/plan.h"

#include <unistd.h>

#include "fixture.h"

static const struct {
	const char *line, *text; /* of the first step, "" for nothing to say */
} cases[] = {
	{"cpu.quota=800000", ""},
	{"cpu.quota=900000",
	 "900000 us in each 100000 us are more than the 8 CPUs of the host have: "
	 "the limit never acts (below 800000 us it would)"},
	{"cpu.quota=90000 cpu.period=10000", "in each 10000 us are more than the 8 CPUs"},
	{"cpu.quota=900000 cpu.period=200000", ""},
	{"cpu.quota=unlimited", ""},
	{"cpu.quota=default", ""},
	{"cpu.vcpu_quota=100000", ""},
	{"cpu.vcpu_quota=200000",
	 "200000 us in each 100000 us are more than a thread can run: the limit never acts (below "
	 "100000 us it would)"},
	{"cpu.iothread_quota=200000", "more than a thread can run"},
	{"cpu.emulator_quota=200000", ""},
	{"cpu.emulator_quota=900000", "the limit never acts"},
	{"cpu.emulator_quota=90000 cpu.emulator_period=10000", "the 8 CPUs of the host"},
	{"cpu.count=4", ""},
};

static void expect(struct pr_plan *plan, const char *line, const char *text)
{
	struct pr_step step = bed_step(plan, 0);

	cr_expect_eq(step.status, PRALLOC_STEP_OK, "%s: %d", line, step.status);
	cr_expect_eq(step.error, 0, "%s: %d", line, step.error);
	EXPECT_TEXT(step.text, text);
	cr_expect_eq(!*text, !*step.text, "%s: %s", line, step.text);
}

Test(plan_note, cpu_time)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan;
		struct bed bed;
		char lines[128];

		bed_open(&bed);
		snprintf(lines, sizeof(lines), "vm1 %s\n", cases[i].line);
		plan = bed_plan(&bed, lines);
		cr_assert_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
		expect(plan, cases[i].line, cases[i].text);
		cr_expect_eq(pr_plan_check(plan, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
		expect(plan, cases[i].line, cases[i].text);
		cr_expect_eq(pr_plan_apply(plan, 10000, 0), 0, "%s", pr_plan_errmsg(plan));
		cr_expect_str_empty(bed_step(plan, 0).text, "%s", cases[i].line);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* libvirt's test driver, whose hosts have 3 CPUs always. */
static const char host[] =
	"<node><domain type='test'><name>vm1</name><memory>1048576</memory><vcpu current='1'>4</vcpu>"
	"<os><type>hvm</type></os></domain></node>";

Test(plan_note, vcpus)
{
	char path[] = "/tmp/pralloc-plan-note.XXXXXX", uri[64];
	int fd = mkstemp(path);
	struct pr_plan *plan;
	struct bed bed = {0};

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, host, strlen(host)), (ssize_t)strlen(host));
	close(fd);
	snprintf(uri, sizeof(uri), "test://%s", path);
	cr_assert_eq(pr_ctx_new(&bed.ctx), 0);
	cr_assert_eq(pr_host_open(bed.ctx, uri, 0, &bed.host), 0, "%s", pr_ctx_errmsg(bed.ctx));
	unlink(path);
	plan = bed_plan(&bed, "vm1 cpu.count=3\n");
	cr_assert_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	expect(plan, "as many as the host has", "");
	pr_plan_free(plan);
	plan = bed_plan(&bed, "vm1 cpu.count=4\n");
	cr_assert_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	expect(plan, "more",
	       "4 vCPUs are more than the 3 CPUs of the host: they never run at the same time");
	pr_plan_free(plan);
	pr_host_close(bed.host);
	pr_ctx_unref(bed.ctx);
}
