/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights beyond a backend's range: those of all who compete are multiplied by one factor. */
#include "backend/fake/fake.h"
#include "core/plan.h"

#include "cgroup_bed.h"

#define TIME 20000

/* The fake host as if what it writes took less than the core's table says. */
static void narrow(struct bed *bed, int attr, uint64_t min, uint64_t max)
{
	static struct pri_fake_row rows[PRI_ATTR_COUNT];

	rows[attr] = *pri_fake_row(attr);
	rows[attr].serve.min = min;
	rows[attr].serve.max = max;
	for (size_t m = 0; m < PRI_ROUTE_MODES; m++) {
		pri_route(bed->host, &pri_attrs[attr],
			  m == PRI_ROUTE_CONFIG ? PRALLOC_CONFIG : PRALLOC_LIVE);
		bed->host->routes[attr][m].serve = &rows[attr].serve;
	}
}

static void open_narrow(struct bed *bed)
{
	bed_open(bed);
	narrow(bed, PRI_IO_WEIGHT, 1, 1000);
	narrow(bed, PRI_CPU_SHARES, 20, 102400);
}

static void expect_wanted(struct pr_plan *plan, size_t index, const char *target, uint64_t wanted)
{
	struct pr_step step = bed_step(plan, index);

	cr_expect_str_eq(step.target, target, "step %zu", index);
	cr_expect_eq(step.wanted.number, wanted, "%s wants %" PRIu64, target, step.wanted.number);
	cr_expect_eq(step.status, PRALLOC_STEP_NEW, "%s", target);
}

Test(plan_rescale, arguments)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	plan = bed_plan(&bed, "vm1 io.weight=3000\n");
	cr_expect_eq(pr_plan_rescale(NULL, 0), -EINVAL);
	cr_expect_eq(pr_plan_rescale(plan, UNKNOWN_FLAG), -EINVAL);
	cr_expect_eq(pr_plan_rescale(plan, PRALLOC_LIVE | PRALLOC_CONFIG), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "not both");
	cr_expect_eq(pr_plan_count(plan), 1);
	expect_wanted(plan, 0, "vm1", 3000);
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	cr_expect_eq(pr_plan_rescale(plan, 0), -EBUSY, "it goes on");
	while (pr_plan_dispatch(plan) == 1)
		;
	cr_expect_eq(pr_plan_rescale(plan, 0), -EINVAL, "applied");
	pr_plan_free(plan);
	plan = NULL;
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_expect_eq(pr_plan_rescale(plan, 0), 0, "an empty one");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What is refused first says what would help; then the third domain, with its default, goes with
 * the others, and comes back with them. */
Test(plan_rescale, applied_and_undone)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	third = bed_domain(&bed, "vm3");
	plan = bed_plan(&bed, "vm1 io.weight=3000\nvm2 io.weight=500 cpu.shares=2048\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ERANGE);
	EXPECT_TEXT(pr_plan_errmsg(plan), "3000 is outside the range of the backend (1 to 1000)");
	EXPECT_TEXT(pr_plan_errmsg(plan), "pr_plan_rescale");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 4);
	expect_wanted(plan, 0, "vm1", 990);
	cr_expect_str_empty(bed_step(plan, 0).text, "of another value");
	expect_wanted(plan, 1, "vm2", 165);
	cr_expect_eq(bed_step(plan, 2).wanted.number, 2048, "shares were within their range");
	expect_wanted(plan, 3, "vm3", 33);
	cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "io.weight", NULL, 0), 990);
	cr_expect_eq(bed_get(bed.other, "io.weight", NULL, 0), 165);
	cr_expect_eq(bed_get(third, "io.weight", NULL, 0), 33);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "io.weight", NULL, 0), 100);
	cr_expect_eq(bed_get(third, "io.weight", NULL, 0), 100);
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

Test(plan_rescale, nothing_to_do)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	/* A guarantee is an amount, not a weight; a sibling below the range is not in the plan. */
	plan = bed_plan(&bed, "vm1 io.weight=1000 mem.soft_limit=1M net.weight.in=10000\n"
			      "vm2 io.weight=default cpu.shares=20\n@host ksm.run=1\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 6);
	expect_wanted(plan, 0, "vm1", 1000);
	expect_wanted(plan, 3, "vm2", PRALLOC_DEFAULT);
	cr_expect_eq(pr_plan_rescale(plan, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 6);
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(plan_rescale, a_default_in_the_plan_goes_with_the_others)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	plan = bed_plan(&bed, "vm1 io.weight=2000\nvm2 io.weight=default\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	expect_wanted(plan, 0, "vm1", 1000);
	expect_wanted(plan, 1, "vm2", 50);
	expect_wanted(plan, 2, "vm3", 50);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Upwards, and on a scale of its own. */
Test(plan_rescale, too_small)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=2\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 3);
	expect_wanted(plan, 0, "vm1", 20);
	expect_wanted(plan, 1, "vm2", 10240);
	expect_wanted(plan, 2, "vm3", 10240);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 10240);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* All or nothing: also what would fit by itself stays. */
Test(plan_rescale, no_factor)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	plan = bed_plan(&bed, "vm1 io.weight=10000 cpu.shares=200000\nvm2 io.weight=2\n");
	cr_expect_eq(pr_plan_rescale(plan, 0), -ERANGE);
	EXPECT_TEXT(pr_plan_errmsg(plan), "io.weight");
	EXPECT_TEXT(pr_plan_errmsg(plan), "2 of vm2");
	EXPECT_TEXT(pr_plan_errmsg(plan), "10000 of vm1");
	EXPECT_TEXT(pr_plan_errmsg(plan), "(1 to 1000)");
	cr_expect_eq(pr_plan_count(plan), 3);
	expect_wanted(plan, 0, "vm1", 10000);
	expect_wanted(plan, 1, "vm1", 200000);
	expect_wanted(plan, 2, "vm2", 2);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Who is off does not compete now, and will when it is configured. */
Test(plan_rescale, off)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	third = bed_domain(&bed, "vm3");
	cr_assert_eq(pr_set_u64(third, "io.weight", NULL, 700, PRALLOC_CONFIG), 0);
	bed_inject(&bed, "stop domain=vm3");
	plan = bed_plan(&bed, "vm1 io.weight=2000\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 2);
	expect_wanted(plan, 1, "vm2", 50);
	pr_plan_free(plan);
	plan = bed_plan(&bed, "vm1 io.weight=2000\nvm3 cpu.shares=200000\n");
	cr_assert_eq(pr_plan_rescale(plan, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 6);
	expect_wanted(plan, 0, "vm1", 1000);
	expect_wanted(plan, 1, "vm3", 100000);
	pr_plan_free(plan);
	/* Its own step, which a check refuses, stays as it is. */
	plan = bed_plan(&bed, "vm3 io.weight=2000\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 1);
	expect_wanted(plan, 0, "vm3", 2000);
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

Test(plan_rescale, persistent)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	cr_assert_eq(pr_set_u64(bed.other, "io.weight", NULL, 400, PRALLOC_CONFIG), 0);
	plan = bed_plan(&bed, "vm1 io.weight=2000\n");
	cr_assert_eq(pr_plan_rescale(plan, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	expect_wanted(plan, 1, "vm2", 200);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "io.weight of vm2 was reckoned from persistent values");
	cr_expect_eq(pr_plan_apply(plan, TIME, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.other, "io.weight", NULL, PRALLOC_CONFIG), 200);
	cr_expect_eq(bed_get(bed.other, "io.weight", NULL, 0), 100, "live is as it was");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A weight that cannot act is in nobody's way. */
Test(plan_rescale, ineffective)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	bed_inject(&bed, "refuse error=EOPNOTSUPP at=1 domain=vm2 attribute=io.weight");
	plan = bed_plan(&bed, "vm1 io.weight=2000\n");
	cr_assert_eq(pr_plan_rescale(plan, PRALLOC_CONFIG), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 2);
	expect_wanted(plan, 1, "vm3", 50);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* What was reckoned from is not what is any more. */
Test(plan_rescale, changed_meanwhile)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	plan = bed_plan(&bed, "vm1 io.weight=2000\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_io_set_weight(bed.other, NULL, 300, 0), 0);
	cr_expect_eq(pr_plan_check(plan, 0), -EAGAIN);
	EXPECT_TEXT(pr_plan_errmsg(plan), "it was 100 when the plan was made and is 300 now");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), -EAGAIN);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A plan that grows is rescaled again, with what was moved in it. */
Test(plan_rescale, again_and_moved)
{
	struct pr_domain *third;
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	third = bed_domain(&bed, "vm3");
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_move(plan, "io.weight", bed.dom, bed.other, 60, 0), 0);
	cr_assert_eq(pr_plan_set_u64(plan, third, "io.weight", NULL, 2000), 0);
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "it fits: %s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 3);
	expect_wanted(plan, 0, "vm1", 20);
	expect_wanted(plan, 1, "vm2", 80);
	expect_wanted(plan, 2, "vm3", 1000);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_domain_close(third);
	bed_close(&bed);
}

/* One that does not say what it has leaves the plan as it was; one that has none is left out. */
Test(plan_rescale, errors_of_siblings)
{
	static const struct {
		const char *error;
		int code;
		size_t count;
	} cases[] = {
		{"EIO", -EIO, 1},
		{"EBUSY", -EBUSY, 1},
		{"ENOMEM", -ENOMEM, 1},
		{"ENODEV", 0, 2},
		{"EOPNOTSUPP", 0, 2},
		{"ENOTCONN", 0, 2},
		{"ETIMEDOUT", -ETIMEDOUT, 1},
	};
	char directive[128];

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan;
		struct bed bed;
		int r;

		open_narrow(&bed);
		plan = bed_plan(&bed, "vm1 io.weight=2000\n");
		snprintf(directive, sizeof(directive),
			 "failread error=%s at=1 domain=vm2 attribute=io.weight", cases[i].error);
		bed_inject(&bed, directive);
		r = pr_plan_rescale(plan, 0);
		cr_expect_eq(r, cases[i].code, "%s: %d %s", cases[i].error, r,
			     pr_plan_errmsg(plan));
		cr_expect_eq(pr_plan_count(plan), cases[i].count, "%s", cases[i].error);
		expect_wanted(plan, 0, "vm1", r < 0 ? 2000 : 1000);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* Each device by itself, though a device without a weight has the general one. */
Test(plan_rescale, instances)
{
	struct pr_plan *plan;
	struct bed bed;

	open_narrow(&bed);
	cr_assert_eq(pr_io_set_weight(bed.other, NULL, 200, 0), 0);
	plan = bed_plan(&bed, "vm1 io.weight[/dev/fake0]=4000\nvm3 io.weight=1000\n");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 4);
	expect_wanted(plan, 0, "vm1", 1000);
	expect_wanted(plan, 1, "vm3", 1000);
	expect_wanted(plan, 2, "vm2", 50);
	cr_expect_str_eq(bed_step(plan, 2).instance, "/dev/fake0");
	expect_wanted(plan, 3, "vm3", 25);
	cr_expect_str_eq(bed_step(plan, 3).instance, "/dev/fake0");
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Two hosts are two scales; each is listed once, and many domains are one pass. */
Test(plan_rescale, hosts_and_many_domains)
{
	struct bed bed, other;
	struct pr_plan *plan;
	struct pr_domain *there = NULL;
	struct pr_host *host = NULL;
	size_t fifty = 0, ten = 0;

	bed_open_as(&bed, "fake:///2000", 0);
	narrow(&bed, PRI_IO_WEIGHT, 1, 1000);
	cr_assert_eq(pr_host_open(bed.ctx, "fake:///3", 0, &host), 0);
	other = (struct bed){.host = host};
	narrow(&other, PRI_IO_WEIGHT, 1, 1000);
	cr_assert_eq(pr_domain_open(host, "vm2", 0, &there), 0);
	plan = bed_plan(&bed, "vm1 io.weight=2000\nvm1500 io.weight=1000\n");
	cr_assert_eq(pr_plan_set_u64(plan, there, "io.weight", NULL, 10000), 0);
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_count(plan), 2003);
	expect_wanted(plan, 0, "vm1", 1000);
	expect_wanted(plan, 1, "vm1500", 500);
	expect_wanted(plan, 2, "vm2", 1000);
	for (size_t i = 3; i < 2003; i++) {
		fifty += bed_step(plan, i).wanted.number == 50;
		ten += bed_step(plan, i).wanted.number == 10;
	}
	cr_expect_eq(fifty, 1998);
	cr_expect_eq(ten, 2);
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_domain_close(there);
	pr_host_close(host);
	bed_close(&bed);
}

/* -- BFQ, whose range is known when the disk is looked at -- */

#define GROUP "sys/fs/cgroup/machine/"

static uint64_t weight_of(struct cg_bed *bed, const char *name)
{
	struct pr_domain *dom = cg_bed_domain(bed, name);
	uint64_t weight = bed_get(dom, "io.weight", NULL, 0);

	pr_domain_close(dom);
	return weight;
}

static struct pr_plan *cg_plan(struct cg_bed *bed, const char *text)
{
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_plan_new(bed->ctx, &plan), 0);
	cr_assert_eq(pr_plan_load(plan, bed->host, text, 0), 0, "%s", pr_plan_errmsg(plan));
	return plan;
}

/* Three in the plan, one beside them; groups of other parents compete with others. */
Test(plan_rescale, bfq)
{
	struct pr_plan *plan;
	struct cg_bed bed;

	cg_bed_open(&bed, "v2", "cgroup:");
	tree_add(&bed.tree, GROUP "{a,b,c,beside,beside/below}/io.bfq.weight: default 100\n"
				  "sys/fs/cgroup/elsewhere/io.bfq.weight: default 100\n" GROUP
				  "without/memory.max: max\n");
	plan = cg_plan(&bed, "machine/a io.weight=100\nmachine/b io.weight=500\n"
			     "machine/c io.weight=3000\n"
			     "machine/qemu-1-vm1.libvirt-qemu io.weight=300\n");
	cr_expect_eq(pr_plan_check(plan, 0), -ERANGE);
	EXPECT_TEXT(pr_plan_errmsg(plan), "3000 is outside the range of io.bfq.weight (1 to 1000)");
	EXPECT_TEXT(pr_plan_errmsg(plan), "pr_plan_rescale");
	cr_assert_eq(pr_plan_rescale(plan, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 6, "beside, and the second guest");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(weight_of(&bed, "machine/a"), 33);
	cr_expect_eq(weight_of(&bed, "machine/b"), 165);
	cr_expect_eq(weight_of(&bed, "machine/c"), 990);
	cr_expect_eq(weight_of(&bed, "machine/beside"), 33);
	cr_expect_eq(weight_of(&bed, "machine/qemu-1-vm1.libvirt-qemu"), 99);
	cr_expect_eq(weight_of(&bed, "machine/qemu-2-vm2.libvirt-qemu"), 33);
	cr_expect_eq(weight_of(&bed, "machine/beside/below"), 100, "it competes with nobody here");
	cr_expect_eq(weight_of(&bed, "machine"), 100);
	cr_expect_eq(weight_of(&bed, "elsewhere"), 100);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(weight_of(&bed, "machine/c"), 100);
	cr_expect_eq(weight_of(&bed, "machine/beside"), 100);
	pr_plan_free(plan);
	cg_bed_close(&bed);
}

/* The group of a process is known, and whose group it is beside is not. */
Test(plan_rescale, process)
{
	struct pr_plan *plan;
	struct cg_bed bed;

	cg_bed_open(&bed, "v2", "cgroup:");
	plan = cg_plan(&bed, "pid:4101 io.weight=3000\n");
	cr_expect_eq(pr_plan_rescale(plan, 0), -EINVAL);
	EXPECT_TEXT(pr_plan_errmsg(plan), "pid:4101");
	cr_expect_eq(pr_plan_count(plan), 1);
	expect_wanted(plan, 0, "pid:4101", 3000);
	pr_plan_free(plan);
	cg_bed_close(&bed);
}
