/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is news, and what is our own doing. */
#include "event_bed.h"

Test(event_own, own_writes_are_no_news)
{
	struct pr_plan *plan;
	struct bed bed;

	open_listening(&bed);
	for (uint64_t shares = 100; shares < 150; shares++)
		cr_assert_eq(pr_cpu_set_shares(bed.dom, shares, 0), 0);
	expect_none(&bed, "50 writes");
	cr_expect_eq(pr_set_str(bed.dom, "cpu.pin", "1", "0-1", 0), 0);
	cr_expect_eq(pr_set_str(bed.dom, "cpu.pin", "1", "default", 0), 0);
	cr_expect_eq(pr_set_str(bed.dom, "cpu.emulator_pin", NULL, "3,2", PRALLOC_NO_VERIFY), 0);
	cr_expect_eq(pr_set_str(bed.dom, "mem.hard_limit", NULL, "unlimited", 0), 0);
	cr_expect_eq(pr_set_str(bed.dom, "cpu.shares", NULL, "10", PRALLOC_CONFIG), 0);
	expect_none(&bed, "texts and words");
	plan = bed_plan(&bed, "vm1 cpu.shares=300\nvm2 cpu.shares=400 cpu.quota=50000\n");
	cr_expect_eq(pr_plan_apply(plan, SECOND_MS, 0), 0);
	cr_expect_eq(pr_plan_undo(plan, SECOND_MS, 0), 0);
	expect_none(&bed, "a plan and its undoing");
	bed_inject(&bed, "fail error=EIO at=2 effect=yes");
	cr_expect_lt(pr_cpu_set_quota(bed.dom, PRALLOC_CPU_DOMAIN, 30000, 60000, 0), 0);
	expect_none(&bed, "a write that failed in part and was taken back");
	cr_expect_eq(pr_domain_reset(bed.dom, NULL, NULL, 0), 0, "%s", pr_domain_errmsg(bed.dom));
	expect_none(&bed, "reset");
	pr_plan_free(plan);
	bed_close(&bed);
}

Test(event_own, behind_our_back)
{
	struct pr_event event;
	struct bed bed;

	open_listening(&bed);
	bed_inject(&bed, "set domain=vm1 attribute=cpu.shares value=7");
	event = expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	cr_expect_str_eq(event.attribute, "cpu.shares");
	cr_expect_str_eq(event.instance, "");
	cr_expect_eq(event.before.type, 0, "nobody knows what it was");
	cr_expect_eq(event.after.number, 7);
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 2048, 0), 0);
	bed_inject(&bed, "set domain=vm1 attribute=cpu.shares value=9");
	event = expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	cr_expect_eq(event.before.type, PRALLOC_TYPE_U64);
	cr_expect_eq(event.before.number, 2048, "what this handle wrote");
	cr_expect_eq(event.after.number, 9);
	bed_inject(&bed, "set domain=vm1 attribute=cpu.shares value=2048");
	event = expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	cr_expect_eq(event.before.number, 9, "back to what we wrote is a change too");
	bed_inject(&bed, "set domain=vm1 attribute=cpu.shares value=2048");
	expect_none(&bed, "the same value again");
	bed_inject(&bed, "set domain=vm1 attribute=cpu.emulator_pin value=0,2");
	event = expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	cr_expect_eq(event.after.type, PRALLOC_TYPE_TEXT);
	cr_expect_str_eq(event.after.text, "0,2");
	bed_close(&bed);
}

/* Between two writes of ours somebody else wrote: that one, and none of ours, is told. */
Test(event_own, between_own_writes)
{
	struct pr_event event;
	struct bed bed;

	open_listening(&bed);
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 100, 0), 0);
	bed_inject(&bed, "set domain=vm1 attribute=cpu.shares value=7");
	cr_expect_eq(pr_cpu_set_shares(bed.dom, 200, 0), 0);
	event = expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	cr_expect_eq(event.after.number, 7);
	expect_none(&bed, "our second write");
	bed_close(&bed);
}

/* What a hypervisor tells of a device besides the one setting that was written. */
Test(event_own, settings_of_the_same_device)
{
	static const struct pri_value value = {.number = PRALLOC_UNLIMITED};
	struct pri_event told = {
		.type = PRALLOC_EVENT_SETTING_CHANGED,
		.name = "vm1",
		.attr = PRI_IO_GUEST_READ_BYTES,
		.instance = "vda",
		.after = &value,
	};
	struct pr_event event;
	struct bed bed;

	open_listening(&bed);
	told.uuid = pr_domain_uuid(bed.dom);
	cr_expect_eq(pr_set_str(bed.dom, "io.guest.total_iops", "vda", "100", 0), 0);
	pri_event_post(bed.host->listener->queue, &told);
	expect_none(&bed, "a neighbour of our own write");
	told.instance = "vdb";
	pri_event_post(bed.host->listener->queue, &told);
	event = expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	cr_expect_str_eq(event.instance, "vdb");
	cr_expect_eq(event.after.number, PRALLOC_UNLIMITED);
	bed_close(&bed);
}

/* The next event, within the time that a comparison takes. */
static bool after_looking(struct bed *bed, int fd, struct pr_event *event)
{
	uint64_t until_ns = pri_now_ns() + 3 * PRI_EVENT_LOOK_NS;

	while (pri_now_ns() < until_ns) {
		readable(fd, SECOND_MS);
		if (next(bed, event))
			return true;
	}
	return false;
}

/* No event comes; what was written is compared. */
Test(event_own, comparison, .timeout = 60)
{
	struct pr_event event;
	struct bed bed;
	int fd = open_listening(&bed);

	cr_expect_eq(pr_mem_set_hard_limit(bed.dom, 1536 * MIB, 0), 0);
	cr_expect_eq(pr_host_set_u64(bed.host, "ksm.run", NULL, 1, 0), 0);
	cr_expect_eq(pr_mem_set_hard_limit(bed.other, 1536 * MIB, 0), 0);
	bed_inject(&bed, "set domain=vm1 attribute=mem.hard_limit value=1GiB event=no");
	bed_inject(&bed, "set domain=vm1 attribute=mem.soft_limit value=1GiB event=no");
	cr_assert(after_looking(&bed, fd, &event), "not found");
	cr_expect_eq(event.type, PRALLOC_EVENT_SETTING_CHANGED);
	cr_expect_str_eq(event.domain, "vm1");
	cr_expect_str_eq(event.uuid, pr_domain_uuid(bed.dom));
	cr_expect_str_eq(event.attribute, "mem.hard_limit");
	cr_expect_eq(event.before.number, 1536 * MIB);
	cr_expect_eq(event.after.number, 1024 * MIB);
	cr_expect_not(after_looking(&bed, fd, &event), "told twice: %s of %s", event.attribute,
		      event.domain);
	bed_close(&bed);
}

/* A domain that is off, or gone, has no settings that could have changed. */
Test(event_own, comparison_of_what_is_gone, .timeout = 60)
{
	struct pr_event event;
	struct bed bed;
	int fd = open_listening(&bed);

	cr_expect_eq(pr_cpu_set_shares(bed.dom, 100, 0), 0);
	cr_expect_eq(pr_cpu_set_shares(bed.other, 100, 0), 0);
	bed_inject(&bed, "restart domain=vm1");
	bed_inject(&bed, "vanish domain=vm2");
	expect(&bed, PRALLOC_EVENT_STOPPED, "vm1");
	expect(&bed, PRALLOC_EVENT_STARTED, "vm1");
	expect(&bed, PRALLOC_EVENT_STOPPED, "vm2");
	cr_expect_not(after_looking(&bed, fd, &event), "%s of %s", event.attribute, event.domain);
	cr_expect_eq(bed.host->listener->own_count, 0);
	bed_close(&bed);
}
