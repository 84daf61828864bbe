/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What wakes a plan that waits, and that nothing else does. */
#include "core/plan.h"

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

#define TIME 20000
#define MANY 5000

static uint64_t ms_since(uint64_t start_ns)
{
	return (pri_now_ns() - start_ns) / 1000000;
}

/* As an agent would.  Returns how often it was woken. */
static size_t loop(struct pr_plan *plan, int *ret_result)
{
	size_t count = 0;

	do {
		struct pollfd fd = {.fd = pr_plan_fd(plan), .events = POLLIN};

		cr_assert_eq(poll(&fd, 1, 10000), 1, "nothing happens");
		*ret_result = pr_plan_dispatch(plan);
		count++;
	} while (*ret_result == 1);
	return count;
}

/* A turn ends before the calls do: the next one begins at once, not when the time is over. */
Test(plan_wake, many_domains_without_blocking)
{
	struct pr_plan *plan = NULL;
	struct pr_domain *dom = NULL;
	uint64_t start_ns;
	struct bed bed;
	int r;

	bed_open_as(&bed, "fake:///5000", 0);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	while ((r = pr_host_next(bed.host, &dom, 0)) > 0)
		cr_assert_eq(pr_plan_set_u64(plan, dom, "cpu.shares", NULL, 512), 0);
	cr_assert_eq(pr_plan_count(plan), MANY);
	start_ns = pri_now_ns();
	cr_assert_eq(pr_plan_start(plan, 9000, 0), 0);
	loop(plan, &r);
	cr_expect_eq(r, 0, "%d %s", r, pr_plan_errmsg(plan));
	cr_expect_lt(ms_since(start_ns), 8000, "it waited until the time was over");
	cr_expect_eq(bed_get(bed.other, "cpu.shares", NULL, 0), 512);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* A quarter of a second on the way back is some looks, not a hundred thousand. */
Test(plan_wake, cancelling_does_not_spin)
{
	struct pr_plan *plan;
	size_t count;
	struct bed bed;
	int r;

	bed_open(&bed);
	bed_inject(&bed, "balloon domain=vm1 rate=200MiB/s");
	plan = bed_plan(&bed, "vm1 mem.balloon=512M\n");
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	for (uint64_t start_ns = pri_now_ns(); ms_since(start_ns) < 300; usleep(1000))
		cr_assert_eq(pr_plan_dispatch(plan), 1);
	pr_plan_cancel(plan);
	count = loop(plan, &r);
	cr_expect_eq(r, -ECANCELED, "%d %s", r, pr_plan_errmsg(plan));
	cr_expect_lt(count, 1000, "woken %zu times", count);
	pr_plan_free(plan);
	bed_close(&bed);
}

static uint64_t looks;

static void count_look(void *data, const struct pr_plan *plan, size_t index)
{
	(void)data;
	(void)plan;
	(void)index;
	looks++;
}

/* From an event of another domain, right after a look, to the next look. */
static uint64_t ms_to_look(struct bed *bed, struct pr_plan *plan, size_t *ret_woken)
{
	uint64_t before = looks, start_ns;

	while (looks == before && pr_plan_dispatch(plan) == 1)
		usleep(100);
	before = looks;
	start_ns = pri_now_ns();
	bed_inject(bed, "reboot domain=vm2");
	for (*ret_woken = 0; looks == before; ++*ret_woken) {
		struct pollfd fd = {.fd = pr_plan_fd(plan), .events = POLLIN};

		poll(&fd, 1, 1000);
		cr_assert_eq(pr_plan_dispatch(plan), 1, "%s", pr_plan_errmsg(plan));
	}
	return ms_since(start_ns);
}

/* An event is worth a look before the pause is over, and one look only.  The machine may be busy with
 * something else, so the quickest of some is judged. */
Test(plan_wake, an_event_is_worth_a_look)
{
	uint64_t quickest_ms = UINT64_MAX;
	struct pr_plan *plan;
	size_t woken = 0;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "balloon domain=vm1 rate=32MiB/s");
	plan = bed_plan(&bed, "vm1 mem.balloon=512M\n");
	pr_plan_set_progress(plan, count_look, NULL);
	cr_assert_eq(pr_plan_start(plan, TIME, 0), 0);
	/* By then it looks every 100 ms. */
	for (uint64_t start_ns = pri_now_ns(); ms_since(start_ns) < 2200; usleep(1000))
		cr_assert_eq(pr_plan_dispatch(plan), 1);
	for (int i = 0; i < 20 && quickest_ms >= 50; i++) {
		size_t count;
		uint64_t ms = ms_to_look(&bed, plan, &count);

		if (ms < quickest_ms) {
			quickest_ms = ms;
			woken = count;
		}
	}
	cr_expect_lt(quickest_ms, 50, "the pause was waited for: %" PRIu64 " ms", quickest_ms);
	cr_expect_leq(woken, 5, "woken %zu times for one look", woken);
	pr_plan_free(plan);
	bed_close(&bed);
}

/* Of the two descriptors that a wait needs only one is free: it ends in time all the same. */
Test(plan_wake, short_of_descriptors)
{
	struct rlimit all, few;
	struct pr_plan *plan;
	uint64_t start_ns;
	struct bed bed;
	int next, r;

	bed_open(&bed);
	bed_inject(&bed, "balloon domain=vm1 rate=1MiB/s");
	plan = bed_plan(&bed, "vm1 mem.balloon=512M\n");
	next = dup(STDERR_FILENO);
	close(next);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = (struct rlimit){.rlim_cur = (rlim_t)next + 1, .rlim_max = all.rlim_max};
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	start_ns = pri_now_ns();
	r = pr_plan_apply(plan, 300, 0);
	setrlimit(RLIMIT_NOFILE, &all);
	cr_expect_eq(r, -ETIMEDOUT, "%d %s", r, pr_plan_errmsg(plan));
	EXPECT_TEXT(pr_plan_errmsg(plan), "the time is over");
	cr_expect_lt(ms_since(start_ns), 60000);
	pr_plan_free(plan);
	bed_close(&bed);
}
