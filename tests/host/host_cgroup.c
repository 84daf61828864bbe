/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of cgroups beside libvirt: what is set through one is read through the other, the routes say
 * who serves what, and a handle finds the group of a guest that was started again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define GUEST "besides"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define SCHED(name) "schedinfo " GUEST " --live | sed -n 's/^" name " *: *//p'"
#define SCHED_SET(name, value) "schedinfo " GUEST " --live --set " name "=" value
#define MEMTUNE(name) "memtune " GUEST " --live | sed -n 's/^" name " *: *//p'"

/* An attribute that both serve, and how the same is done with virsh. */
static const struct knob {
	const char *attribute, *instance;
	const char *value, *show, *shown; /* written to the file, read by virsh */
	const char *set_other, *other;	  /* set by virsh, read from the file */
} knobs[] = {
	{"cpu.shares", NULL, "2048", SCHED("cpu_shares"), "2048", SCHED_SET("cpu_shares", "700"),
	 "700"},
	{"cpu.quota", NULL, "150000", SCHED("global_quota"), "150000",
	 SCHED_SET("global_quota", "160000"), "160000"},
	{"cpu.vcpu_quota", NULL, "50000", SCHED("vcpu_quota"), "50000",
	 SCHED_SET("vcpu_quota", "40000"), "40000"},
	{"cpu.emulator_quota", NULL, "45000", SCHED("emulator_quota"), "45000",
	 SCHED_SET("emulator_quota", "35000"), "35000"},
	{"mem.hard_limit", NULL, "12G", MEMTUNE("hard_limit"), "12582912",
	 "memtune " GUEST " --live --hard-limit 13G", "13G"},
	{"mem.soft_limit", NULL, "200M", MEMTUNE("soft_limit"), "204800",
	 "memtune " GUEST " --live --soft-limit 250M", "250M"},
};

static struct host_bed bed;

static void open_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 384, .maximum_mib = 512};

	host_need_bed();
	host_need_guest(GUEST, &options);
	host_open(&bed, GUEST, 0);
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_cgroup, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static void route(const char *attribute, const char *backend)
{
	cr_assert_eq(pr_host_set_route(bed.host, attribute, backend, 0), 0, "%s: %s", attribute,
		     pr_host_errmsg(bed.host));
}

static void expect_route(const char *attribute, const char *wanted)
{
	const char *backend = NULL, *reason = NULL;

	cr_assert_eq(pr_host_route(bed.host, attribute, &backend, &reason), 0);
	cr_assert(backend, "%s: %s", attribute, reason);
	cr_expect_str_eq(backend, wanted, "%s", attribute);
}

Test(host_cgroup, each_reads_what_the_other_sets)
{
	for (size_t i = 0; i < LENGTH(knobs); i++) {
		const struct knob *knob = &knobs[i];
		char out[HOST_OUTPUT_MAX];

		route(knob->attribute, "cgroup");
		expect_route(knob->attribute, "cgroup");
		host_set(bed.dom, knob->attribute, knob->instance, knob->value, 0);
		host_virsh(out, knob->show);
		cr_expect_str_eq(out, knob->shown, "%s: virsh reads %s", knob->attribute, out);
		host_virsh(out, knob->set_other);
		host_expect(bed.dom, knob->attribute, knob->instance, knob->other, 0);
		/* Back through libvirt the value is the same. */
		route(knob->attribute, "libvirt");
		host_expect(bed.dom, knob->attribute, knob->instance, knob->other, 0);
	}
}

/* libvirt serves what it does right, files what it does not do. */
Test(host_cgroup, routes)
{
	expect_route("cpu.shares", "libvirt");
	expect_route("mem.balloon", "libvirt");
	expect_route("cpu.burst", "cgroup");
	expect_route("io.weight", "cgroup");
	cr_expect_eq(pr_host_set_route(bed.host, "mem.balloon", "cgroup", 0), -EOPNOTSUPP, "%s",
		     pr_host_errmsg(bed.host));
	cr_expect_eq(pr_host_set_route(bed.host, "cpu.shares", "nobody", 0), -EINVAL, "%s",
		     pr_host_errmsg(bed.host));
}

Test(host_cgroup, handle_survives_a_restart)
{
	char out[HOST_OUTPUT_MAX];

	route("cpu.shares", "cgroup");
	host_set(bed.dom, "cpu.shares", NULL, "4096", 0);
	host_set(bed.dom, "cpu.burst", NULL, "1000", PRALLOC_ALLOW_HARM);
	host_virsh(out, "destroy " GUEST);
	host_expect_refused(bed.dom, pr_cpu_set_shares(bed.dom, 512, 0), -ENOTCONN, "");
	host_virsh(out, "start " GUEST);
	/* It is in another group now, with another number in its name. */
	host_expect(bed.dom, "cpu.shares", NULL, "1024", 0);
	host_set(bed.dom, "cpu.shares", NULL, "512", 0);
	host_virsh(out, SCHED("cpu_shares"));
	cr_expect_str_eq(out, "512");
	host_expect(bed.dom, "cpu.burst", NULL, "0", 0);
}
