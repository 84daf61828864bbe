/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library sets, virsh reads; what virsh sets, the library reads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host.h"

#define GUEST "readback"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define SCHED(name) "schedinfo " GUEST " --live | sed -n 's/^" name " *: *//p'"
#define SCHED_SET(name, value) "schedinfo " GUEST " --set " name "=" value
#define MEMTUNE(name) "memtune " GUEST " --live | sed -n 's/^" name " *: *//p'"

/* An attribute, and how the same is done with virsh.  To what sets, --live or --config is added. */
static const struct knob {
	const char *attribute, *instance;
	const char *value;	       /* that the library sets */
	const char *show, *shown;      /* virsh reads it */
	const char *element;	       /* of the persistent definition */
	const char *set_other, *other; /* virsh sets, the library reads */
} knobs[] = {
	{"mem.soft_limit", NULL, "200M", MEMTUNE("soft_limit"), "204800",
	 "<soft_limit unit='KiB'>204800</soft_limit>", "memtune " GUEST " --soft-limit 250M",
	 "250M"},
	{"mem.hard_limit", NULL, "12G", MEMTUNE("hard_limit"), "12582912",
	 "<hard_limit unit='KiB'>12582912</hard_limit>", "memtune " GUEST " --hard-limit 13G",
	 "13G"},
	{"mem.stats_period", NULL, "2",
	 "dumpxml " GUEST " | sed -n \"s/.*<stats period='\\(.*\\)'.*/\\1/p\"", "2",
	 "<stats period='2'/>", "dommemstat " GUEST " --period 3", "3"},
	{"cpu.shares", NULL, "2048", SCHED("cpu_shares"), "2048", "<shares>2048</shares>",
	 SCHED_SET("cpu_shares", "700"), "700"},
	{"cpu.period", NULL, "80000", SCHED("global_period"), "80000",
	 "<global_period>80000</global_period>", SCHED_SET("global_period", "90000"), "90000"},
	{"cpu.quota", NULL, "150000", SCHED("global_quota"), "150000",
	 "<global_quota>150000</global_quota>", SCHED_SET("global_quota", "160000"), "160000"},
	{"cpu.vcpu_period", NULL, "70000", SCHED("vcpu_period"), "70000", "<period>70000</period>",
	 SCHED_SET("vcpu_period", "60000"), "60000"},
	{"cpu.vcpu_quota", NULL, "50000", SCHED("vcpu_quota"), "50000", "<quota>50000</quota>",
	 SCHED_SET("vcpu_quota", "40000"), "40000"},
	{"cpu.emulator_period", NULL, "75000", SCHED("emulator_period"), "75000",
	 "<emulator_period>75000</emulator_period>", SCHED_SET("emulator_period", "65000"),
	 "65000"},
	{"cpu.emulator_quota", NULL, "45000", SCHED("emulator_quota"), "45000",
	 "<emulator_quota>45000</emulator_quota>", SCHED_SET("emulator_quota", "35000"), "35000"},
	{"cpu.pin", "1", "1", "vcpupin " GUEST " 1 --live | awk '$1 == \"1\" { print $2 }'", "1",
	 "<vcpupin vcpu='1' cpuset='1'/>", "vcpupin " GUEST " 1 0", "0"},
	{"cpu.emulator_pin", NULL, "1", "emulatorpin " GUEST " --live", "1",
	 "<emulatorpin cpuset='1'/>", "emulatorpin " GUEST " 0", "0"},
};

static struct host_bed bed;

static void open_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 384, .maximum_mib = 512};

	host_need_bed();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		cr_skip_test("this host has one CPU, and pinning needs two");
	host_need_guest(GUEST, &options);
	host_open(&bed, GUEST, 0);
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_readback, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static void expect_shown(const struct knob *knob, const char *wanted, const char *when)
{
	char out[HOST_OUTPUT_MAX];

	host_virsh(out, knob->show);
	cr_assert_str_eq(out, wanted, "%s %s: wanted %s from virsh, got %s", knob->attribute, when,
			 wanted, out);
}

static void set_by_virsh(const struct knob *knob, const char *mode)
{
	int r = bed_virsh(NULL, 0, "%s %s", knob->set_other, mode);

	cr_assert_eq(r, 0, "virsh %s %s: status %d: %s", knob->set_other, mode, r, bed_error());
}

static void live_one(const struct knob *knob)
{
	char before[HOST_OUTPUT_MAX];
	int r;

	host_virsh(before, knob->show);
	cr_assert_str_neq(before, knob->shown, "%s: holds already what is to be set: %s",
			  knob->attribute, before);
	host_set(bed.dom, knob->attribute, knob->instance, knob->value, 0);
	expect_shown(knob, knob->shown, "set live");
	host_expect(bed.dom, knob->attribute, knob->instance, knob->value, PRALLOC_LIVE);
	set_by_virsh(knob, "--live");
	host_expect(bed.dom, knob->attribute, knob->instance, knob->other, PRALLOC_LIVE);
	r = pr_domain_reset(bed.dom, knob->attribute, knob->instance, 0);
	cr_assert_eq(r, 0, "reset %s: got %d: %s", knob->attribute, r, pr_domain_errmsg(bed.dom));
	expect_shown(knob, before, "reset");
}

Test(host_readback, live)
{
	for (size_t i = 0; i < LENGTH(knobs); i++)
		live_one(&knobs[i]);
}

static void persistent_xml(char xml[HOST_OUTPUT_MAX])
{
	host_virsh(xml, "dumpxml --inactive --security-info " GUEST);
}

static void expect_element(const struct knob *knob, bool wanted)
{
	char xml[HOST_OUTPUT_MAX];

	persistent_xml(xml);
	cr_assert_eq(strstr(xml, knob->element) != NULL, wanted,
		     "%s: wanted %s %s in the persistent definition: %s", knob->attribute,
		     wanted ? "" : "no", knob->element, xml);
}

static void persistent_one(const struct knob *knob)
{
	const char *text = NULL;
	char before[128];
	int r = pr_get_str(bed.dom, knob->attribute, knob->instance, &text, PRALLOC_CONFIG);

	cr_assert_eq(r, 0, "get %s: got %d: %s", knob->attribute, r, pr_domain_errmsg(bed.dom));
	snprintf(before, sizeof(before), "%s", text);
	expect_element(knob, false);
	/* Harm: where libvirtd may not lock memory the domain would not start with a hard limit. */
	host_set(bed.dom, knob->attribute, knob->instance, knob->value,
		 PRALLOC_CONFIG | PRALLOC_ALLOW_HARM);
	expect_element(knob, true);
	host_expect(bed.dom, knob->attribute, knob->instance, knob->value, PRALLOC_CONFIG);
	set_by_virsh(knob, "--config");
	host_expect(bed.dom, knob->attribute, knob->instance, knob->other, PRALLOC_CONFIG);
	host_set(bed.dom, knob->attribute, knob->instance, before, PRALLOC_CONFIG);
	expect_element(knob, false);
	host_expect(bed.dom, knob->attribute, knob->instance, before, PRALLOC_CONFIG);
}

Test(host_readback, persistent)
{
	for (size_t i = 0; i < LENGTH(knobs); i++) {
		char live[HOST_OUTPUT_MAX];

		host_virsh(live, knobs[i].show);
		persistent_one(&knobs[i]);
		expect_shown(&knobs[i], live, "live, while the persistent value was changed");
	}
}

/* libvirt lets QEMU lock as much memory as the hard limit says, which not every root may raise. */
static bool can_start(const struct knob *knob)
{
	const struct rlimit limit = {.rlim_cur = 12288 * MIB, .rlim_max = 12288 * MIB};

	return strcmp(knob->attribute, "mem.hard_limit") != 0 ||
	       setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
}

static void configure_all(void)
{
	for (size_t i = 0; i < LENGTH(knobs); i++)
		if (can_start(&knobs[i]))
			host_set(bed.dom, knobs[i].attribute, knobs[i].instance, knobs[i].value,
				 PRALLOC_CONFIG);
}

/* A persistent value is what the guest has after its next start. */
Test(host_readback, persistent_values_are_used)
{
	host_set(bed.dom, "mem.balloon", NULL, "448M", PRALLOC_CONFIG);
	configure_all();
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	for (size_t i = 0; i < LENGTH(knobs); i++) {
		if (!can_start(&knobs[i]))
			continue;
		expect_shown(&knobs[i], knobs[i].shown, "after the start");
		host_expect(bed.dom, knobs[i].attribute, knobs[i].instance, knobs[i].value,
			    PRALLOC_LIVE);
	}
	host_expect(bed.dom, "mem.balloon", NULL, "448M", PRALLOC_LIVE);
	cr_assert_eq(host_balloon(GUEST), 448 * MIB, "wanted 448 MiB, got %ju bytes",
		     (uintmax_t)host_balloon(GUEST));
	/* The next test wants a guest of the ordinary kind. */
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

/* What is refused keeps the domain from starting, and what is not, does not. */
Test(host_readback, hard_limit_that_would_not_start)
{
	int r = pr_mem_set_hard_limit(bed.dom, 12288 * MIB, PRALLOC_CONFIG);
	bool refused = r < 0;

	if (refused) {
		host_expect_refused(bed.dom, r, -EOPNOTSUPP, "CAP_SYS_RESOURCE");
		host_set(bed.dom, "mem.hard_limit", NULL, "12G",
			 PRALLOC_CONFIG | PRALLOC_ALLOW_HARM);
	}
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "start " GUEST) != 0, refused,
		     "%s refused, but the start %s", refused ? "it was" : "it was not",
		     refused ? "works" : bed_error());
	host_set(bed.dom, "mem.hard_limit", NULL, "default", PRALLOC_CONFIG);
	if (refused)
		cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

Test(host_readback, both)
{
	const struct knob *shares = &knobs[3];

	host_set(bed.dom, shares->attribute, NULL, shares->value, PRALLOC_LIVE | PRALLOC_CONFIG);
	expect_shown(shares, shares->shown, "set live and persistent");
	expect_element(shares, true);
	host_set(bed.dom, shares->attribute, NULL, "default", PRALLOC_LIVE | PRALLOC_CONFIG);
	expect_shown(shares, "1024", "set to the default");
	expect_element(shares, false);
}

Test(host_readback, unlimited)
{
	char out[HOST_OUTPUT_MAX];

	host_set(bed.dom, "cpu.vcpu_quota", NULL, "50000", 0);
	host_set(bed.dom, "cpu.vcpu_quota", NULL, "unlimited", 0);
	host_expect(bed.dom, "cpu.vcpu_quota", NULL, "unlimited", PRALLOC_LIVE);
	host_virsh(out, SCHED("vcpu_quota"));
	cr_assert(strcmp(out, "-1") == 0 || strcmp(out, "17592186044415") == 0,
		  "wanted no limit (-1 on cgroup v1, 17592186044415 on v2), got %s", out);
	host_set(bed.dom, "mem.hard_limit", NULL, "12G", 0);
	host_set(bed.dom, "mem.hard_limit", NULL, "unlimited", 0);
	host_expect(bed.dom, "mem.hard_limit", NULL, "unlimited", PRALLOC_LIVE);
	host_virsh(out, MEMTUNE("hard_limit"));
	cr_assert(strcmp(out, "12582912") != 0, "the limit of %s KiB is still there", out);
}

Test(host_readback, balloon)
{
	uint64_t balloon;

	host_inflate(bed.dom, 300 * MIB);
	balloon = host_balloon(GUEST);
	cr_assert_eq(balloon, 300 * MIB, "wanted 300 MiB from virsh, got %ju bytes",
		     (uintmax_t)balloon);
	cr_assert_eq(bed_virsh(NULL, 0, "setmem " GUEST " 350M --live"), 0, "%s", bed_error());
	cr_assert_eq(pr_mem_balloon_wait(bed.dom, 350 * MIB, HOST_PATIENCE_MS, NULL, 0), 0,
		     "wanted 350 MiB: %s", pr_domain_errmsg(bed.dom));
	host_expect(bed.dom, "mem.balloon", NULL, "350M", PRALLOC_LIVE);
	host_expect(bed.dom, "mem.actual", NULL, "350M", PRALLOC_LIVE);
	host_expect(bed.dom, "mem.balloon", NULL, "384M", PRALLOC_CONFIG);
	host_inflate(bed.dom, 384 * MIB);
}

/* The guest has no I/O threads: there is nothing that a live quota could act upon. */
Test(host_readback, iothreads)
{
	static const char *const names[] = {"cpu.iothread_quota", "cpu.iothread_period"};
	char out[HOST_OUTPUT_MAX];

	for (size_t i = 0; i < LENGTH(names); i++) {
		int r = pr_set_u64(bed.dom, names[i], NULL, 50000, 0);

		host_expect_refused(bed.dom, r, -EOPNOTSUPP, "no I/O threads");
		host_set(bed.dom, names[i], NULL, "50000", PRALLOC_CONFIG);
		host_expect(bed.dom, names[i], NULL, "50000", PRALLOC_CONFIG);
		persistent_xml(out);
		cr_assert(strstr(out, i ? "<iothread_period>50000<" : "<iothread_quota>50000<"),
			  "%s: not in the persistent definition: %s", names[i], out);
		host_set(bed.dom, names[i], NULL, "default", PRALLOC_CONFIG);
	}
}

/* A reading of many values at once is made of the same values. */
Test(host_readback, readings)
{
	struct pr_reading readings[] = {
		{.size = sizeof(readings[0]), .attribute = "mem.actual"},
		{.size = sizeof(readings[0]), .attribute = "mem.rss"},
		{.size = sizeof(readings[0]), .attribute = "cpu.time"},
		{.size = sizeof(readings[0]), .attribute = "cpu.shares"},
	};
	uint64_t cpu_ns = 0, balloon = host_balloon(GUEST);
	int r = pr_read(bed.dom, readings, LENGTH(readings), NULL, 0);

	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(bed.dom));
	for (size_t i = 0; i < LENGTH(readings); i++)
		cr_assert_eq(readings[i].error, 0, "%s: got %d", readings[i].attribute,
			     readings[i].error);
	cr_assert_eq(bed_guest_cpu_ns(GUEST, &cpu_ns), 0, "%s", bed_error());
	cr_assert_eq(readings[0].value.number, balloon, "mem.actual: wanted %ju, got %ju",
		     (uintmax_t)balloon, (uintmax_t)readings[0].value.number);
	cr_assert(readings[1].value.number > 100 * MIB && readings[1].value.number < 2048 * MIB,
		  "mem.rss: wanted some hundred MiB, got %ju bytes",
		  (uintmax_t)readings[1].value.number);
	cr_assert(readings[2].value.number <= cpu_ns / 1000 &&
			  readings[2].value.number >= cpu_ns / 1000 * 9 / 10,
		  "cpu.time: wanted a little less than %ju us, got %ju us",
		  (uintmax_t)(cpu_ns / 1000), (uintmax_t)readings[2].value.number);
	cr_assert_eq(readings[3].value.number, 1024, "cpu.shares: wanted 1024, got %ju",
		     (uintmax_t)readings[3].value.number);
}
