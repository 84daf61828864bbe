/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events: the two calls, and what the fake host tells. */
#include <fcntl.h>

#include "event_bed.h"

Test(event, arguments)
{
	struct pr_event event = {.size = sizeof(event)};
	struct bed bed;
	int fd;

	bed_open(&bed);
	cr_expect_eq(pr_host_event_fd(NULL), -EINVAL);
	cr_expect_eq(pr_host_next_event(NULL, &event, 0), -EINVAL);
	cr_expect_eq(pr_host_next_event(bed.host, NULL, 0), -EINVAL);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "sizeof(struct pr_event)");
	cr_expect_eq(pr_host_next_event(bed.host, &event, UNKNOWN_FLAG), -EINVAL);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "unknown flag");
	event.size = offsetof(struct pr_event, time_ns);
	cr_expect_eq(pr_host_next_event(bed.host, &event, 0), -EINVAL);
	cr_expect_null(bed.host->listener, "a call that is refused starts nothing");
	event.size = sizeof(event);
	cr_expect_eq(pr_host_next_event(bed.host, &event, 0), 0, "the first call starts them");
	fd = pr_host_event_fd(bed.host);
	cr_expect_geq(fd, 0);
	cr_expect_eq(pr_host_event_fd(bed.host), fd, "the same at each call");
	cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	bed_close(&bed);
	cr_expect_eq(fcntl(fd, F_GETFD), -1, "closed with the host");
}

/* A program that was compiled against a longer struct keeps what lies behind ours. */
Test(event, struct_that_has_grown)
{
	struct {
		struct pr_event event;
		uint64_t later;
	} larger = {.event.size = sizeof(larger), .later = 77};
	struct bed bed;

	open_listening(&bed);
	bed_inject(&bed, "stop domain=vm1");
	cr_expect_eq(pr_host_next_event(bed.host, &larger.event, 0), 1);
	cr_expect_eq(larger.event.size, sizeof(larger));
	cr_expect_eq(larger.later, 77);
	bed_close(&bed);
}

static const struct {
	const char *directive;
	int types[2]; /* 0: no more */
} happenings[] = {
	{"stop domain=vm1", {PRALLOC_EVENT_STOPPED}},
	{"stop domain=vm1", {0}},
	{"start domain=vm1", {PRALLOC_EVENT_STARTED}},
	{"start domain=vm1", {0}},
	{"restart domain=vm1", {PRALLOC_EVENT_STOPPED, PRALLOC_EVENT_STARTED}},
	{"reboot domain=vm1", {PRALLOC_EVENT_REBOOTED}},
	{"replace domain=vm1", {PRALLOC_EVENT_STOPPED, PRALLOC_EVENT_STARTED}},
	{"migrate domain=vm1", {PRALLOC_EVENT_MIGRATED}},
	{"reboot domain=vm1", {0}},
	{"start domain=vm1", {PRALLOC_EVENT_STARTED}},
	{"vanish domain=vm1", {PRALLOC_EVENT_STOPPED}},
};

Test(event, life_of_a_domain)
{
	struct bed bed;

	open_listening(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(happenings); i++) {
		uint64_t before_ns = pri_now_ns();

		bed_inject(&bed, happenings[i].directive);
		for (size_t k = 0; k < 2 && happenings[i].types[k]; k++) {
			struct pr_event event = expect(&bed, happenings[i].types[k], "vm1");

			cr_expect_str_not_empty(event.uuid);
			cr_expect_str_empty(event.attribute);
			cr_expect_eq(event.before.type, 0);
			cr_expect_eq(event.after.type, 0);
			cr_expect_geq(event.time_ns, before_ns);
			cr_expect_leq(event.time_ns, pri_now_ns());
		}
		expect_none(&bed, happenings[i].directive);
	}
	bed_close(&bed);
}

Test(event, order_and_readability)
{
	struct bed bed;
	int fd = open_listening(&bed);

	cr_expect_not(readable(fd, 0), "nothing has happened");
	bed_inject(&bed, "stop domain=vm2");
	bed_inject(&bed, "set domain=vm1 attribute=cpu.shares value=7");
	bed_inject(&bed, "stop domain=vm1");
	cr_expect(readable(fd, 0));
	expect(&bed, PRALLOC_EVENT_STOPPED, "vm2");
	cr_expect(readable(fd, 0), "two wait");
	expect(&bed, PRALLOC_EVENT_SETTING_CHANGED, "vm1");
	expect(&bed, PRALLOC_EVENT_STOPPED, "vm1");
	cr_expect_not(readable(fd, 0), "all were taken");
	expect_none(&bed, "all were taken");
	bed_close(&bed);
}

/* What happened before somebody asked for events is no event. */
Test(event, begins_with_the_first_call)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "stop domain=vm1");
	cr_expect_eq(pr_mem_balloon(bed.other, 512 * MIB, 0), 0);
	expect_none(&bed, "the start");
	bed_close(&bed);
}

Test(event, balloon)
{
	struct pr_event event;
	struct bed bed;

	open_listening(&bed);
	cr_expect_eq(pr_mem_balloon(bed.dom, 512 * MIB, 0), 0);
	event = expect(&bed, PRALLOC_EVENT_BALLOON_CHANGED, "vm1");
	cr_expect_str_eq(event.attribute, "mem.balloon");
	cr_expect_eq(event.before.number, 1024 * MIB);
	cr_expect_eq(event.after.number, 512 * MIB);
	cr_expect_eq(event.after.type, PRALLOC_TYPE_U64);
	cr_expect_eq(event.after.size, sizeof(event.after));
	expect_none(&bed, "the balloon");
	bed_inject(&bed, "balloon domain=vm1 rate=10GiB/s");
	cr_expect_eq(pr_mem_balloon(bed.dom, 1024 * MIB, 0), 0);
	cr_expect_eq(pr_mem_balloon_wait(bed.dom, 1024 * MIB, SECOND_MS, NULL, 0), 0);
	event = expect(&bed, PRALLOC_EVENT_BALLOON_CHANGED, "vm1");
	cr_expect_eq(event.after.number, 1024 * MIB);
	bed_close(&bed);
}

/* A balloon that moves without anybody waiting is seen from time to time. */
Test(event, balloon_that_is_looked_at)
{
	struct bed bed;
	int fd = open_listening(&bed);

	bed_inject(&bed, "balloon domain=vm1 rate=2GiB/s");
	cr_expect_eq(pr_mem_balloon(bed.dom, 512 * MIB, 0), 0);
	cr_expect_not(readable(fd, 0));
	cr_assert(readable(fd, 10 * SECOND_MS), "nobody looked");
	expect(&bed, PRALLOC_EVENT_BALLOON_CHANGED, "vm1");
	bed_close(&bed);
}

Test(event, connection)
{
	uint64_t value;
	struct bed bed;

	open_listening(&bed);
	bed_inject(&bed, "disconnect");
	bed_inject(&bed, "disconnect");
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), -ENOTCONN);
	expect(&bed, PRALLOC_EVENT_CONNECTION_LOST, "");
	expect_none(&bed, "lost once");
	bed_inject(&bed, "connect");
	cr_expect_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0), 0);
	expect(&bed, PRALLOC_EVENT_CONNECTION_BACK, "");
	bed_inject(&bed, "disconnect");
	bed_inject(&bed, "clear");
	expect(&bed, PRALLOC_EVENT_CONNECTION_LOST, "");
	expect(&bed, PRALLOC_EVENT_CONNECTION_BACK, "");
	bed_close(&bed);
}

Test(event, host_that_cannot_be_asked)
{
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "disconnect");
	cr_expect_eq(pr_host_event_fd(bed.host), -ENOTCONN);
	EXPECT_TEXT(pr_host_errmsg(bed.host), "events: fake: ");
	bed_inject(&bed, "connect");
	cr_expect_geq(pr_host_event_fd(bed.host), 0, "it can be asked again");
	bed_close(&bed);
}

static const struct {
	const char *directive;
	const char *text;
} bad[] = {
	{"set domain=vm1 attribute=cpu.shares", "value is missing"},
	{"set domain=vm1 attribute=cpu.shares value=none", "none"},
	{"set domain=vm1 attribute=cpu.time value=1", "cannot be set"},
	{"set domain=vm1 attribute=ksm.run value=1", "cannot be set"},
	{"set domain=vm1 attribute=cpu.shares value=7 event=maybe", "neither yes nor no"},
};

Test(event, directives_that_are_refused)
{
	struct bed bed;

	bed_open(&bed);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(bad); i++) {
		cr_expect_eq(pr_fake_inject(bed.host, bad[i].directive, 0), -EINVAL, "%s",
			     bad[i].directive);
		EXPECT_TEXT(pr_host_errmsg(bed.host), bad[i].text);
	}
	bed_close(&bed);
}
