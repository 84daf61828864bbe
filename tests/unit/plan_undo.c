/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an undo leaves alone, and what a second one can do. */
#include "fixture.h"

#define TIME 20000

static const struct {
	const char *directive; /* NULL: somebody sets cpu.shares of vm1 */
	uint32_t flags;	       /* of the apply */
	int code;
	const char *text;
} cases[] = {
	{NULL, 0, -EAGAIN, "somebody else changed it"},
	{NULL, PRALLOC_NO_VERIFY, -EAGAIN, "somebody else changed it"},
	{"restart domain=vm1", 0, -EAGAIN, "restarted since"},
	{"stop domain=vm1", 0, -EAGAIN, "stopped since"},
	{"vanish domain=vm1", 0, -ENOENT, "undefined"},
	{"replace domain=vm1", 0, -ESTALE, "another domain"},
	{"failread error=EIO domain=vm1", 0, -EIO, "made to fail"},
	{"fail error=EBUSY domain=vm1", 0, -EBUSY, "could not be taken back"},
};

static void disturb(struct bed *bed, const char *directive)
{
	if (directive)
		bed_inject(bed, directive);
	else
		cr_assert_eq(pr_cpu_set_shares(bed->dom, 3000, 0), 0);
}

Test(plan_undo, left_as_it_is)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pr_plan *plan;
		struct pr_step step;
		struct bed bed;
		int r;

		bed_open(&bed);
		plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=2048\n");
		cr_assert_eq(pr_plan_apply(plan, TIME, cases[i].flags), 0);
		disturb(&bed, cases[i].directive);
		r = pr_plan_undo(plan, TIME, 0);
		cr_expect_eq(r, cases[i].code, "case %zu: %d %s", i, r, pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), cases[i].text);
		step = bed_step(plan, 0);
		cr_expect_eq(step.status, PRALLOC_STEP_LEFT, "case %zu: %d", i, step.status);
		EXPECT_TEXT(step.text, cases[i].text);
		cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_UNDONE, "case %zu", i);
		bed_inject(&bed, "clear");
		cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 1024, "case %zu", i);
		pr_plan_free(plan);
		bed_close(&bed);
	}
}

/* What stood in the way is gone: a second undo does the rest and has no old errors. */
Test(plan_undo, once_more)
{
	struct pr_plan *plan;
	struct pr_step step;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=2048\n");
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0);
	bed_inject(&bed, "fail error=EBUSY domain=vm1 at=1");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EBUSY);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	step = bed_step(plan, 0);
	cr_expect_eq(step.status, PRALLOC_STEP_UNDONE);
	cr_expect_eq(step.error, 0);
	cr_expect_str_empty(step.text);
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EINVAL, "nothing is applied any more");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "cpu.shares", NULL, 0), 512);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A text is held, taken back, held again and shown again: nothing is freed twice. */
Test(plan_undo, texts)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.pin[1]=0-2 io.guest.group[vda]=slow\n");
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(pr_plan_check(plan, 0), 0, "%s", pr_plan_errmsg(plan));
		cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
		cr_expect_str_eq(bed_step(plan, 0).after.text, "0-2");
		cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
		cr_expect_eq(bed_step(plan, 0).before.number, PRALLOC_DEFAULT);
	}
	cr_assert_eq(pr_cpu_pin(bed.dom, 1, "7", 0), 0);
	cr_assert_eq(pr_cpu_set_count(bed.dom, 1, PRALLOC_ALLOW_HARM), 0);
	cr_expect_eq(pr_plan_check(plan, 0), -ENODEV);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A balloon goes back whatever the guest did meanwhile, and is waited for. */
Test(plan_undo, balloon)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "balloon domain=vm1 rate=4GiB/s");
	plan = bed_plan(&bed, "vm1 mem.balloon=600M\n");
	cr_expect_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 0).after.number, 600 * MIB);
	cr_assert_eq(pr_mem_balloon(bed.dom, 800 * MIB, 0), 0);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 1024 * MIB);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* The undo keeps its own time limit. */
Test(plan_undo, deadline)
{
	struct pr_plan *plan;
	struct bed bed;
	uint64_t start_ns;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.shares=512\nvm2 cpu.shares=2048\n");
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0);
	bed_inject(&bed, "delay ms=3000");
	start_ns = pri_now_ns();
	cr_expect_eq(pr_plan_undo(plan, 50, 0), -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	cr_expect_lt((pri_now_ns() - start_ns) / 1000000, 1000);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* -- memory goes back: nothing is created on the way -- */

struct watch {
	struct bed *bed;
	uint64_t most;
	size_t told;
};

static void watch_sum(void *data, const struct pr_plan *plan, size_t index)
{
	struct watch *watch = data;
	uint64_t sum = bed_get(watch->bed->dom, "mem.actual", NULL, 0) +
		       bed_get(watch->bed->other, "mem.actual", NULL, 0);

	(void)plan;
	(void)index;
	watch->told++;
	if (sum > watch->most)
		watch->most = sum;
}

static struct pr_plan *moved(struct bed *bed)
{
	struct pr_plan *plan = bed_plan(bed, "");

	cr_assert_eq(pr_plan_move(plan, "mem.balloon", bed->dom, bed->other, 512 * MIB, 0), 0);
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	return plan;
}

/* The recipient gives first; and it is told how far it is. */
Test(plan_undo, memory_is_there_before_it_is_given_back)
{
	struct watch watch;
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = moved(&bed);
	watch = (struct watch){.bed = &bed};
	bed_inject(&bed, "balloon domain=vm2 rate=512MiB/s");
	cr_assert_eq(pr_plan_set_progress(plan, watch_sum, &watch), 0);
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_leq(watch.most, 2048 * MIB, "%" PRIu64 " MiB on the way", watch.most / MIB);
	cr_expect_gt(watch.told, 6, "told %zu times", watch.told);
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), 1024 * MIB);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A recipient that stops on its way: the donor gets what there is, both say so, and a later undo
 * does the rest. */
Test(plan_undo, recipient_keeps_a_part)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = moved(&bed);
	bed_inject(&bed, "stall domain=vm2 at_bytes=1400MiB");
	cr_expect_lt(pr_plan_undo(plan, TIME, 0), 0);
	cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), 1400 * MIB);
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 648 * MIB, "memory was created");
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	EXPECT_TEXT(bed_step(plan, 0).text, "376M are missing");
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_LEFT);
	EXPECT_TEXT(bed_step(plan, 1).text, "it is at 1400M of 1024M");
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.other, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 1024 * MIB);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Whoever insists gets all of it. */
Test(plan_undo, recipient_keeps_a_part_and_harm_is_allowed)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = moved(&bed);
	bed_inject(&bed, "stall domain=vm2 at_bytes=1400MiB");
	cr_expect_lt(pr_plan_undo(plan, TIME, PRALLOC_ALLOW_HARM), 0);
	cr_expect_eq(bed_get(bed.dom, "mem.actual", NULL, 0), 1024 * MIB);
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_UNDONE);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* "Not set" is verified as well. */
Test(plan_undo, default_that_is_dropped)
{
	const char *pin = "";
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	plan = bed_plan(&bed, "vm1 cpu.pin[0]=1\nvm1 cpu.shares=512\n");
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0);
	bed_inject(&bed, "lie attribute=cpu.pin");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), -EREMOTEIO, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_step(plan, 0).status, PRALLOC_STEP_LEFT);
	EXPECT_TEXT(bed_step(plan, 0).text, "it reads back as 1");
	cr_expect_eq(bed_step(plan, 1).status, PRALLOC_STEP_UNDONE);
	bed_inject(&bed, "clear");
	cr_expect_eq(pr_plan_undo(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_get_str(bed.dom, "cpu.pin", "0", &pin, 0), 0);
	cr_expect_str_eq(pin, "default");
	pr_plan_free(plan);
	bed_close(&bed);
}
