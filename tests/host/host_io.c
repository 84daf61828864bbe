/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disk I/O: what the library sets, virsh reads; what virsh sets, the library reads. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define GUEST "hostio"
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

TestSuite(host_io, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static const struct {
	uint32_t flag;
	const char *option;
} modes[] = {{PRALLOC_LIVE, "--live"}, {PRALLOC_CONFIG, "--config"}};

/* A limit of a disk, by its name and by virsh's. */
static const struct knob {
	const char *attribute, *value;
	const char *field, *shown;
	const char *other, *other_raw;
} knobs[] =
	{
		{"io.guest.total_bytes", "1M", "total_bytes_sec", "1048576", "2M", "2097152"},
		{"io.guest.total_bytes_max", "4M", "total_bytes_sec_max", "4194304", "3M",
		 "3145728"},
		{"io.guest.total_bytes_max_length", "5", "total_bytes_sec_max_length", "5", "7",
		 "7"},
		{"io.guest.total_iops", "100", "total_iops_sec", "100", "200", "200"},
		{"io.guest.total_iops_max", "400", "total_iops_sec_max", "400", "300", "300"},
		{"io.guest.total_iops_max_length", "5", "total_iops_sec_max_length", "5", "7", "7"},
		{"io.guest.iops_size", "8192", "size_iops_sec", "8192", "4096", "4096"},
		{"io.guest.group", "one", "group_name", "one", "two", "two"},
},
  directions[] = {
	  {"io.guest.read_bytes", "1M", "read_bytes_sec", "1048576", "2M", "2097152"},
	  {"io.guest.read_bytes_max", "4M", "read_bytes_sec_max", "4194304", "3M", "3145728"},
	  {"io.guest.read_bytes_max_length", "5", "read_bytes_sec_max_length", "5", "7", "7"},
	  {"io.guest.write_bytes", "1M", "write_bytes_sec", "1048576", "2M", "2097152"},
	  {"io.guest.write_bytes_max", "4M", "write_bytes_sec_max", "4194304", "3M", "3145728"},
	  {"io.guest.write_bytes_max_length", "5", "write_bytes_sec_max_length", "5", "7", "7"},
	  {"io.guest.read_iops", "100", "read_iops_sec", "100", "200", "200"},
	  {"io.guest.read_iops_max", "400", "read_iops_sec_max", "400", "300", "300"},
	  {"io.guest.read_iops_max_length", "5", "read_iops_sec_max_length", "5", "7", "7"},
	  {"io.guest.write_iops", "100", "write_iops_sec", "100", "200", "200"},
	  {"io.guest.write_iops_max", "400", "write_iops_sec_max", "400", "300", "300"},
	  {"io.guest.write_iops_max_length", "5", "write_iops_sec_max_length", "5", "7", "7"},
};

static void shown(char out[HOST_OUTPUT_MAX], const char *field, const char *mode)
{
	char arguments[256];

	snprintf(arguments, sizeof(arguments),
		 "blkdeviotune " GUEST " vda %s | awk -F': *' '{ gsub(/ /, \"\", $1) } "
		 "$1 == \"%s\" { print $2 }'",
		 mode, field);
	host_virsh(out, arguments);
}

static void expect_shown(const struct knob *knob, const char *mode, const char *wanted)
{
	char out[HOST_OUTPUT_MAX];

	shown(out, knob->field, mode);
	cr_assert_str_eq(out, wanted, "%s %s: wanted %s from virsh, got %s", knob->attribute, mode,
			 wanted, out);
}

/* In one call: virsh resets what stands beside a value that it sets. */
static void set_by_virsh(const struct knob *list, size_t n, const char *mode)
{
	char options[2048];
	size_t length = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		length += (size_t)snprintf(options + length, sizeof(options) - length, " --%s %s",
					   list[i].field, list[i].other_raw);
	for (char *c = options; *c; c++)
		if (*c == '_')
			*c = '-';
	r = bed_virsh(NULL, 0, "blkdeviotune " GUEST " vda %s%s", mode, options);
	cr_assert_eq(r, 0, "virsh%s %s: status %d: %s", options, mode, r, bed_error());
}

static const char *unset_text(const struct knob *knob, uint32_t flag)
{
	bool limit = !strstr(knob->attribute, "length") && !strstr(knob->attribute, "size") &&
		     !strstr(knob->attribute, "group");

	return limit && flag == PRALLOC_LIVE ? "unlimited" : "default";
}

/* Set all, one after the other, so that each is written beside those before it. */
static void there_and_back(const struct knob *list, size_t n, size_t m)
{
	uint32_t flag = modes[m].flag;
	const char *mode = modes[m].option;

	for (size_t i = 0; i < n; i++) {
		host_set(bed.dom, list[i].attribute, "vda", list[i].value, flag);
		expect_shown(&list[i], mode, list[i].shown);
	}
	for (size_t i = 0; i < n; i++) {
		expect_shown(&list[i], mode, list[i].shown);
		host_expect(bed.dom, list[i].attribute, "vda", list[i].value, flag);
	}
	set_by_virsh(list, n, mode);
	for (size_t i = 0; i < n; i++)
		host_expect(bed.dom, list[i].attribute, "vda", list[i].other, flag);
	for (size_t i = n; i-- > 0;) {
		host_set(bed.dom, list[i].attribute, "vda", "default", flag);
		host_expect(bed.dom, list[i].attribute, "vda", unset_text(&list[i], flag), flag);
	}
}

Test(host_io, disk_limits)
{
	for (size_t m = 0; m < LENGTH(modes); m++) {
		there_and_back(knobs, LENGTH(knobs), m);
		there_and_back(directions, LENGTH(directions), m);
	}
}

/* All of one disk in one plan, which is one call; and all of it taken back. */
Test(host_io, disk_limits_as_one)
{
	struct pr_plan *plan;
	int r;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	for (size_t i = 0; i < LENGTH(directions); i++)
		cr_assert_eq(pr_plan_set_str(plan, bed.dom, directions[i].attribute, "vda",
					     directions[i].value),
			     0, "%s", pr_plan_errmsg(plan));
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	for (size_t i = 0; i < LENGTH(directions); i++)
		expect_shown(&directions[i], "--live", directions[i].shown);
	r = pr_plan_undo(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	for (size_t i = 0; i < LENGTH(directions); i++)
		expect_shown(&directions[i], "--live", "0");
	pr_plan_free(plan);
}

/* What cannot stand beside what is set is refused by name, and nothing changes. */
Test(host_io, disk_limits_refused)
{
	static const struct {
		const char *attribute, *value, *part;
	} cases[] = {
		{"io.guest.read_bytes", "1M", "io.guest.total_bytes (1048576)"},
		{"io.guest.total_bytes_max", "512K", "cannot be less than io.guest.total_bytes"},
		{"io.guest.write_iops_max", "100", "needs io.guest.write_iops"},
		{"io.guest.total_bytes_max_length", "5", "needs io.guest.total_bytes_max"},
		{"io.guest.iops_size", "4096", "needs a limit of operations"},
	};
	char before[HOST_OUTPUT_MAX], after[HOST_OUTPUT_MAX], arguments[128];

	for (size_t m = 0; m < LENGTH(modes); m++) {
		snprintf(arguments, sizeof(arguments), "blkdeviotune " GUEST " vda %s",
			 modes[m].option);
		host_set(bed.dom, "io.guest.total_bytes", "vda", "1M", modes[m].flag);
		host_virsh(before, arguments);
		for (size_t i = 0; i < LENGTH(cases); i++) {
			int r = pr_set_str(bed.dom, cases[i].attribute, "vda", cases[i].value,
					   modes[m].flag);

			host_expect_refused(bed.dom, r, -EINVAL, cases[i].part);
			host_virsh(after, arguments);
			cr_assert_str_eq(after, before, "%s %s: changed: %s", cases[i].attribute,
					 modes[m].option, after);
		}
		host_set(bed.dom, "io.guest.total_bytes", "vda", "unlimited", modes[m].flag);
	}
}

static int check_burst(uint64_t limit)
{
	struct pr_plan *plan;
	int r;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	pr_plan_set_u64(plan, bed.dom, "io.guest.write_bytes_max", "vda", 2000000);
	if (limit)
		pr_plan_set_u64(plan, bed.dom, "io.guest.write_bytes", "vda", limit);
	r = pr_plan_check(plan, PRALLOC_CONFIG);
	/* The second look knows what there is: the same answer. */
	cr_expect_eq(pr_plan_check(plan, PRALLOC_CONFIG), r, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return r;
}

/* A burst needs a limit that is not above it: the one that the plan brings, or none. */
static void check_judges_a_disk_as_it_will_be(void)
{
	cr_expect_eq(check_burst(0), -EINVAL);
	cr_expect_eq(check_burst(3000000), -EINVAL);
	cr_expect_eq(check_burst(1000000), 0);
}

/* virsh takes them, and the guest does not start; without them it does. */
Test(host_io, persistent_limits_that_would_not_start)
{
	static const char *const bad[] = {
		"--write-bytes-sec 100000 --write-bytes-sec-max 1000",
		"--total-bytes-sec-max-length 3",
		"--size-iops-sec 4096",
	};
	static const char *const none = "--write-bytes-sec 0 --write-bytes-sec-max 0 "
					"--total-bytes-sec-max-length 0 --size-iops-sec 0";

	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	for (size_t i = 0; i < LENGTH(bad); i++) {
		cr_assert_eq(bed_virsh(NULL, 0, "blkdeviotune " GUEST " vda --config %s", bad[i]),
			     0, "%s: %s", bad[i], bed_error());
		cr_assert_neq(bed_virsh(NULL, 0, "start " GUEST), 0, "%s: it starts", bad[i]);
		cr_assert_eq(bed_virsh(NULL, 0, "blkdeviotune " GUEST " vda --config %s", none), 0,
			     "%s", bed_error());
	}
	check_judges_a_disk_as_it_will_be();
	host_set(bed.dom, "io.guest.write_bytes", "vda", "1M", PRALLOC_CONFIG);
	host_set(bed.dom, "io.guest.write_bytes_max", "vda", "2M", PRALLOC_CONFIG);
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	host_expect(bed.dom, "io.guest.write_bytes_max", "vda", "2M", PRALLOC_LIVE);
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

static void weight_shown(char out[HOST_OUTPUT_MAX], const char *mode)
{
	char arguments[128];

	snprintf(arguments, sizeof(arguments),
		 "blkiotune " GUEST " %s | sed -n 's/^weight *: *//p'", mode);
	host_virsh(out, arguments);
}

Test(host_io, weight)
{
	char out[HOST_OUTPUT_MAX];
	int r;

	for (size_t m = 0; m < LENGTH(modes); m++) {
		/* No device of this machine is divided by weights: without the flag, refused. */
		if (modes[m].flag == PRALLOC_LIVE) {
			r = pr_io_set_weight(bed.dom, NULL, 700, 0);
			host_expect_refused(bed.dom, r, -EOPNOTSUPP, "would not act");
		}
		r = pr_io_set_weight(bed.dom, NULL, 700, modes[m].flag | PRALLOC_ALLOW_INEFFECTIVE);
		cr_assert_eq(r, 0, "%s: %d: %s", modes[m].option, r, pr_domain_errmsg(bed.dom));
		weight_shown(out, modes[m].option);
		cr_assert_str_eq(out, "700", "%s: got %s", modes[m].option, out);
		cr_assert_eq(
			bed_virsh(NULL, 0, "blkiotune " GUEST " --weight 300 %s", modes[m].option),
			0, "%s", bed_error());
		host_expect(bed.dom, "io.weight", NULL, "300", modes[m].flag);
		host_set(bed.dom, "io.weight", NULL, "default", modes[m].flag);
	}
	host_expect(bed.dom, "io.weight", NULL, "100", PRALLOC_LIVE);
	host_expect(bed.dom, "io.weight", NULL, "default", PRALLOC_CONFIG);
}

Test(host_io, weight_refused)
{
	struct pr_host_info info = {.size = sizeof(info)};
	const char *device = NULL;
	int r;

	cr_assert_eq(pr_host_info(bed.host, &info, 0), 0, "%s", pr_host_errmsg(bed.host));
	r = pr_set_u64(bed.dom, "io.weight", NULL, 1001, 0);
	if (info.cgroup_version == 1)
		host_expect_refused(bed.dom, r, -ERANGE, "1000");
	if (pr_domain_instance(bed.dom, "io.weight", 0, &device) < 0)
		cr_skip_test("no weight of a device: %s", pr_domain_errmsg(bed.dom));
	r = pr_io_set_weight(bed.dom, device, 500, 0);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "only where it acts");
}
