/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits per device of the host's kernel, and of swap: set with the library, read with virsh. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define GUEST "throttle"
#define MISSING "/dev/pralloc-missing"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static struct host_bed bed;

static void open_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256};

	host_need_bed();
	host_need_guest(GUEST, &options);
	host_open(&bed, GUEST, 0);
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_throttle, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static const struct {
	uint32_t flag;
	const char *option;
} modes[] = {{PRALLOC_LIVE, "--live"}, {PRALLOC_CONFIG, "--config"}};

static const struct {
	const char *attribute, *field, *option;
} knobs[] = {
	{"io.host.read_bytes", "device_read_bytes_sec", "--device-read-bytes-sec"},
	{"io.host.write_bytes", "device_write_bytes_sec", "--device-write-bytes-sec"},
	{"io.host.read_iops", "device_read_iops_sec", "--device-read-iops-sec"},
	{"io.host.write_iops", "device_write_iops_sec", "--device-write-iops-sec"},
};

/* A loop device, which goes with the bed. */
static void make_device(char *device, size_t size, const char *name)
{
	char command[512];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "truncate -s 8M %s/%s && losetup -f --show %s/%s 2>/dev/null", bed_dir(), name,
		 bed_dir(), name);
	pipe = popen(command, "r");
	if (!pipe || !fgets(device, (int)size, pipe))
		*device = '\0';
	if (pipe)
		pclose(pipe);
	device[strcspn(device, "\n")] = '\0';
	if (!*device)
		cr_skip_test("no loop device can be made here");
}

static void remove_device(const char *device)
{
	char command[512];

	snprintf(command, sizeof(command), "losetup -d %s", device);
	cr_assert_eq(system(command), 0, "%s", command);
}

static void expect_list(size_t knob, size_t mode, const char *wanted)
{
	char arguments[256], out[HOST_OUTPUT_MAX];

	snprintf(arguments, sizeof(arguments), "blkiotune " GUEST " %s | sed -n 's/^%s *: *//p'",
		 modes[mode].option, knobs[knob].field);
	host_virsh(out, arguments);
	cr_assert_str_eq(out, wanted, "%s %s: wanted \"%s\" from virsh, got \"%s\"",
			 knobs[knob].attribute, modes[mode].option, wanted, out);
}

static void one_limit(size_t k, size_t m, const char *first, const char *second)
{
	const char *attribute = knobs[k].attribute;
	uint32_t flag = modes[m].flag;
	const char *none = flag == PRALLOC_CONFIG ? "default" : "unlimited";
	char list[256];

	host_set(bed.dom, attribute, first, "3000", flag);
	snprintf(list, sizeof(list), "%s,3000", first);
	expect_list(k, m, list);
	host_set(bed.dom, attribute, second, "5000", flag);
	snprintf(list, sizeof(list), "%s,3000,%s,5000", first, second);
	expect_list(k, m, list);
	host_expect(bed.dom, attribute, first, "3000", flag);
	cr_assert_eq(bed_virsh(NULL, 0, "blkiotune " GUEST " %s %s %s,7000", modes[m].option,
			       knobs[k].option, first),
		     0, "%s", bed_error());
	host_expect(bed.dom, attribute, first, "7000", flag);
	host_expect(bed.dom, attribute, second, "5000", flag);
	host_set(bed.dom, attribute, first, "unlimited", flag);
	host_expect(bed.dom, attribute, first, none, flag);
	snprintf(list, sizeof(list), "%s,5000", second);
	expect_list(k, m, list);
	host_set(bed.dom, attribute, second, "unlimited", flag);
	expect_list(k, m, "");
}

Test(host_throttle, devices)
{
	char first[64], second[64];

	make_device(first, sizeof(first), "first.img");
	make_device(second, sizeof(second), "second.img");
	for (size_t m = 0; m < LENGTH(modes); m++)
		for (size_t k = 0; k < LENGTH(knobs); k++)
			one_limit(k, m, first, second);
	remove_device(first);
	remove_device(second);
}

/* Before anything is written, and of that step alone. */
static void check_names_the_missing_device(void)
{
	struct pr_step step = {.size = sizeof(step)};
	struct pr_plan *plan;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "io.host.write_bytes", MISSING, 3000), 0);
	cr_assert_eq(
		pr_plan_set_u64(plan, bed.dom, "io.host.read_iops", MISSING, PRALLOC_UNLIMITED), 0);
	cr_expect_eq(pr_plan_check(plan, PRALLOC_CONFIG), -ENODEV, "%s", pr_plan_errmsg(plan));
	cr_expect(strstr(pr_plan_errmsg(plan), "does not start"), "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_step(plan, 1, &step), 0);
	cr_expect_eq(step.status, PRALLOC_STEP_OK, "%s", step.text);
	pr_plan_free(plan);
}

/* libvirt takes a persistent limit of a device that is not there, and the guest does not start. */
Test(host_throttle, device_that_is_missing)
{
	int r = pr_set_u64(bed.dom, "io.host.write_bytes", MISSING, 3000, PRALLOC_CONFIG);

	host_expect_refused(bed.dom, r, -ENODEV, MISSING);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0,
			       "blkiotune " GUEST " --config --device-write-bytes-sec " MISSING
			       ",3000"),
		     0, "%s", bed_error());
	cr_assert_neq(bed_virsh(NULL, 0, "start " GUEST), 0, "it starts");
	/* A device with a limit is an instance, so that it can be taken away. */
	r = pr_set_u64(bed.dom, "io.host.read_bytes", MISSING, 3000, PRALLOC_CONFIG);
	host_expect_refused(bed.dom, r, -ENODEV, "does not start");
	check_names_the_missing_device();
	host_set(bed.dom, "io.host.write_bytes", MISSING, "unlimited", PRALLOC_CONFIG);
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
}

static void expect_limits(const char *mode, const char *wanted)
{
	char arguments[256], out[HOST_OUTPUT_MAX];

	snprintf(arguments, sizeof(arguments),
		 "memtune " GUEST " %s | awk '/hard_limit/ { printf \"%%s \", $NF }'", mode);
	host_virsh(out, arguments);
	cr_assert_str_eq(out, wanted, "%s: wanted %s from virsh, got %s", mode, wanted, out);
}

static void expect_both_gone_in_a_plan(uint32_t flag)
{
	struct pr_plan *plan = NULL;
	int r;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_str(plan, bed.dom, "mem.hard_limit", NULL, "unlimited"), 0);
	r = pr_plan_check(plan, flag);
	cr_assert_eq(r, -EINVAL, "a check of the hard limit alone: got %d: %s", r,
		     pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_set_str(plan, bed.dom, "mem.swap_limit", NULL, "unlimited"), 0);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, flag);
	cr_assert_eq(r, 0, "both: got %d: %s", r, pr_plan_errmsg(plan));
	pr_plan_free(plan);
}

/* On cgroup v1 the kernel's limit is of memory and swap together. */
Test(host_throttle, swap)
{
	const char *backend = NULL, *reason = NULL;

	cr_assert_eq(pr_host_route(bed.host, "mem.swap_limit", &backend, &reason), 0);
	if (!backend)
		cr_skip_test("mem.swap_limit: %s", reason);
	for (size_t m = 0; m < LENGTH(modes); m++) {
		uint32_t flag = modes[m].flag;
		const char *mode = modes[m].option;
		int r = pr_set_str(bed.dom, "mem.swap_limit", NULL, "1G", flag);

		host_expect_refused(bed.dom, r, -EINVAL, "mem.hard_limit");
		host_set(bed.dom, "mem.hard_limit", NULL, "2G", flag | PRALLOC_ALLOW_HARM);
		host_set(bed.dom, "mem.swap_limit", NULL, "1G", flag);
		expect_limits(mode, "2097152 3145728");
		/* Up and down: the swap alone stays what it is. */
		host_set(bed.dom, "mem.hard_limit", NULL, "6G", flag | PRALLOC_ALLOW_HARM);
		expect_limits(mode, "6291456 7340032");
		host_set(bed.dom, "mem.hard_limit", NULL, "3G", flag | PRALLOC_ALLOW_HARM);
		expect_limits(mode, "3145728 4194304");
		host_expect(bed.dom, "mem.swap_limit", NULL, "1G", flag);
		host_set(bed.dom, "mem.swap_limit", NULL, "0", flag);
		expect_limits(mode, "3145728 3145728");
		cr_assert_eq(bed_virsh(NULL, 0,
				       "memtune " GUEST " %s --swap-hard-limit 5242880 "
				       "--hard-limit 3145728",
				       mode),
			     0, "%s", bed_error());
		host_expect(bed.dom, "mem.swap_limit", NULL, "2G", flag);
		/* Nobody would bring the swap limit back; and one step of a plan may take it away. */
		r = pr_set_str(bed.dom, "mem.hard_limit", NULL, "unlimited",
			       flag | PRALLOC_ALLOW_HARM);
		host_expect_refused(bed.dom, r, -EINVAL, "mem.swap_limit to unlimited first");
		expect_limits(mode, "3145728 5242880");
		expect_both_gone_in_a_plan(flag);
		expect_limits(mode, "unlimited unlimited");
	}
}
