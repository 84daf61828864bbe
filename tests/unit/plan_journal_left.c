/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recovery takes back what it can: one step or one host does not keep it from the others. */
#include "journal_bed.h"

/* -- hosts -- */

#define SECOND "fake:///2"
#define UNREACHABLE "nope:///2"

struct two_hosts {
	struct journal_bed j;
	struct pr_host *hosts[2];
	struct pr_domain *far; /* vm1 of the second */
};

static void replace(const char *path, const char *from, const char *to)
{
	char *text = slurp(path), *at = strstr(text, from);

	cr_assert(at && strlen(from) == strlen(to), "%s", text);
	memcpy(at, to, strlen(to));
	spit(path, text);
}

/* The first host's donor and the second one's recipient, and the second host is not there. */
static void open_two(struct two_hosts *two, bool second_gives)
{
	struct pr_plan *plan;

	journal_bed_open(&two->j);
	two->hosts[0] = two->j.bed.host;
	cr_assert_eq(pr_host_open(two->j.bed.ctx, SECOND, 0, &two->hosts[1]), 0);
	cr_assert_eq(pr_domain_open(two->hosts[1], "vm1", 0, &two->far), 0);
	plan = journaled(&two->j, "");
	cr_assert_eq(pr_plan_set_u64(plan, two->far, "cpu.shares", NULL, second_gives ? 512 : 4096),
		     0);
	cr_assert_eq(pr_plan_load(plan, two->hosts[0],
				  second_gives ? "vm1 cpu.shares=4096\nvm2 cpu.shares=3000\n"
					       : "vm1 cpu.shares=512\nvm2 cpu.shares=600\n",
				  0),
		     0);
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	truncate_at(two->j.path, "\nend\n");
	replace(two->j.path, SECOND, UNREACHABLE);
}

static void close_two(struct two_hosts *two)
{
	pr_domain_close(two->far);
	pr_host_close(two->hosts[1]);
	journal_bed_close(&two->j);
}

static void expect_near(struct two_hosts *two)
{
	cr_expect_eq(bed_get(two->j.bed.dom, "cpu.shares", NULL, 0), 1024);
	cr_expect_eq(bed_get(two->j.bed.other, "cpu.shares", NULL, 0), 1024);
}

static int recover_both(struct two_hosts *two, uint32_t flags)
{
	struct pr_plan *plan;
	int r;

	cr_assert_eq(pr_plan_new(two->j.bed.ctx, &plan), 0);
	r = pr_plan_recover(plan, two->hosts, 2, two->j.path, TIME, flags);
	if (r < 0)
		EXPECT_TEXT(pr_plan_errmsg(plan), "its steps are left: recover them later");
	pr_plan_free(plan);
	return r;
}

/* Once more it is the same; when the host is back, the rest is done, whichever came first in the
 * journal. */
Test(plan_journal_left, host_is_unreachable)
{
	for (int second_gives = 0; second_gives < 2; second_gives++) {
		struct two_hosts two;

		open_two(&two, second_gives);
		cr_expect_lt(recover_both(&two, PRALLOC_DRY_RUN), 0);
		cr_expect_lt(recover_both(&two, 0), 0);
		expect_near(&two);
		cr_expect_neq(bed_get(two.far, "cpu.shares", NULL, 0), 1024);
		cr_expect(!pri_journal_is_over(slurp(two.j.path)), "%s", slurp(two.j.path));
		cr_expect_lt(recover_both(&two, 0), 0);
		replace(two.j.path, UNREACHABLE, SECOND);
		cr_expect_eq(recover_both(&two, 0), 0, "%s", slurp(two.j.path));
		cr_expect_eq(bed_get(two.far, "cpu.shares", NULL, 0), 1024);
		expect_near(&two);
		cr_expect(pri_journal_is_over(slurp(two.j.path)), "%s", slurp(two.j.path));
		close_two(&two);
	}
}

/* What was not touched there, or is as it was already, is not missed. */
Test(plan_journal_left, unreachable_host_is_not_needed)
{
	struct two_hosts two;

	open_two(&two, /* second_gives= */ false);
	truncate_at(two.j.path, "\ntake\n");
	cr_expect_eq(recover_both(&two, 0), 0);
	expect_near(&two);
	cr_expect(pri_journal_is_over(slurp(two.j.path)), "%s", slurp(two.j.path));
	close_two(&two);
	open_two(&two, /* second_gives= */ false);
	lengthen(two.j.path, "undo\nundone 1 live\n");
	cr_expect_eq(recover_both(&two, 0), 0);
	expect_near(&two);
	close_two(&two);
}

#define MANY 300

/* The plan's own steps have no limit either. */
Test(plan_journal_left, many_hosts)
{
	struct pr_domain *domains[MANY];
	struct pr_host *hosts[MANY];
	struct pr_plan *plan;
	struct journal_bed j;

	journal_bed_open(&j);
	cr_assert_eq(pr_plan_new(j.bed.ctx, &plan), 0);
	for (size_t i = 0; i < MANY; i++) {
		cr_assert_eq(pr_host_open(j.bed.ctx, SECOND, 0, &hosts[i]), 0);
		cr_assert_eq(pr_domain_open(hosts[i], "vm1", 0, &domains[i]), 0);
		cr_assert_eq(pr_plan_set_u64(plan, domains[i], "cpu.shares", NULL, 512), 0);
	}
	cr_assert_eq(pr_plan_set_journal(plan, j.path, 0), 0);
	cr_assert_eq(pr_plan_apply(plan, TIME, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	truncate_at(j.path, "\nend\n");
	cr_assert_eq(pr_plan_new(j.bed.ctx, &plan), 0);
	cr_expect_eq(pr_plan_recover(plan, hosts, MANY, j.path, TIME, 0), 0, "%s",
		     pr_plan_errmsg(plan));
	pr_plan_free(plan);
	for (size_t i = 0; i < MANY; i++) {
		cr_expect_eq(bed_get(domains[i], "cpu.shares", NULL, 0), 1024, "host %zu", i);
		pr_domain_close(domains[i]);
		pr_host_close(hosts[i]);
	}
	journal_bed_close(&j);
}

/* -- steps -- */

/* The disk is called as none of the domain's is. */
static void lose_disk(struct journal_bed *j, uint32_t flags)
{
	struct pr_plan *plan =
		journaled(j, "vm1 io.guest.read_bytes[vda]=5M\nvm2 cpu.shares=512\n");

	cr_assert_eq(pr_plan_apply(plan, TIME, flags), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	truncate_at(j->path, "\nend\n");
	replace(j->path, "[vda]", "[vdb]");
	if (flags == (PRALLOC_LIVE | PRALLOC_CONFIG))
		replace(j->path, "[vda]", "[vdb]");
}

/* A device that is gone has taken its settings with it. */
Test(plan_journal_left, device_is_gone)
{
	static const uint32_t flags[] = {0, PRALLOC_CONFIG, PRALLOC_LIVE | PRALLOC_CONFIG};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(flags); i++) {
		struct journal_bed j;
		struct pr_plan *plan;

		journal_bed_open(&j);
		lose_disk(&j, flags[i]);
		cr_expect_eq(recover(&j.bed, j.path, &plan), -ENODEV, "%s", pr_plan_errmsg(plan));
		EXPECT_TEXT(pr_plan_errmsg(plan), "there is no instance \"vdb\"");
		EXPECT_TEXT(pr_plan_errmsg(plan), "its steps are left");
		cr_expect(!strstr(pr_plan_errmsg(plan), "later"), "%s", pr_plan_errmsg(plan));
		cr_expect_neq(bed_get(j.bed.other, "cpu.shares", NULL, flags[i] & PRALLOC_CONFIG),
			      512, "flags %u", flags[i]);
		pr_plan_free(plan);
		cr_expect(pri_journal_is_over(slurp(j.path)), "%s", slurp(j.path));
		journal_bed_close(&j);
	}
}

/* What the one that recovers appends names steps as the journal does, not as they come in it: those
 * that give come first. */
Test(plan_journal_left, in_another_order)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=4096\nvm2 cpu.shares=512\n");
	bed_inject(&j.bed, "fail error=EBUSY domain=vm2 at=1");
	cr_expect_eq(recover(&j.bed, j.path, &plan), -EBUSY, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	cr_expect(strstr(slurp(j.path), "\nundone 1 live\n"), "%s", slurp(j.path));
	cr_expect_eq(recover(&j.bed, j.path, &plan), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(j.bed.other, "cpu.shares", NULL, 0), 1024);
	pr_plan_free(plan);
	journal_bed_close(&j);
}

/* Everything is gone: nothing is left to do. */
Test(plan_journal_left, all_is_gone)
{
	struct journal_bed j;
	struct pr_plan *plan;

	journal_bed_open(&j);
	leave_behind(&j, "vm1 cpu.shares=512\n");
	bed_inject(&j.bed, "vanish domain=vm1");
	cr_expect_eq(recover(&j.bed, j.path, &plan), -ENOENT, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(pr_plan_count(plan), 0);
	pr_plan_free(plan);
	cr_expect(pri_journal_is_over(slurp(j.path)), "%s", slurp(j.path));
	journal_bed_close(&j);
}
