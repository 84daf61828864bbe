/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cannot be done, and what the library says then.  Nothing in this file may write to standard
 * error: neither the library nor libvirt below it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define GUEST "failure"
#define NO_DEVICE "failure-device"
#define NO_DRIVER "failure-driver"
#define GHOST "failure-ghost"

static struct host_bed bed;

static void need_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256, .vcpus = 1};

	host_need_bed();
	host_need_guest(GUEST, &options);
}

TestSuite(host_failure, .init = need_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST, NO_DEVICE, NO_DRIVER, GHOST)

#define QUIET_TEST(name) HOST_QUIET_TEST(host_failure, name, &bed, GUEST)

static void expect_state(struct pr_domain *dom, int wanted)
{
	int state = 0, r = pr_domain_state(dom, &state, 0);

	cr_assert_eq(r, 0, "state: got %d: %s", r, pr_domain_errmsg(dom));
	cr_assert_eq(state, wanted, "wanted state %d, got %d", wanted, state);
}

/* -- domains that come and go -- */

QUIET_TEST(stopped_and_started_again)
{
	uint64_t value;
	int r;

	host_set(bed.dom, "cpu.shares", NULL, "3000", PRALLOC_CONFIG);
	host_set(bed.dom, "cpu.shares", NULL, "2000", 0);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	expect_state(bed.dom, PRALLOC_DOMAIN_OFF);
	r = pr_set_u64(bed.dom, "cpu.shares", NULL, 2000, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "not run");
	r = pr_get_u64(bed.dom, "cpu.shares", NULL, &value, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "not run");
	r = pr_mem_balloon(bed.dom, 200 * MIB, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "not run");
	r = pr_mem_balloon_ready(bed.dom, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "not run");
	host_expect(bed.dom, "cpu.shares", NULL, "3000", PRALLOC_CONFIG);
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	expect_state(bed.dom, PRALLOC_DOMAIN_RUNNING);
	host_expect(bed.dom, "cpu.shares", NULL, "3000", PRALLOC_LIVE);
	host_set(bed.dom, "cpu.shares", NULL, "2000", 0);
	host_expect(bed.dom, "cpu.shares", NULL, "2000", PRALLOC_LIVE);
	r = pr_mem_balloon_ready(bed.dom, 0);
	cr_assert_eq(r, 0, "balloon: got %d: %s", r, pr_domain_errmsg(bed.dom));
	host_set(bed.dom, "cpu.shares", NULL, "default", PRALLOC_LIVE | PRALLOC_CONFIG);
}

/* A domain that was never started. */
static void define_ghost(const char *uuid)
{
	char path[256];
	FILE *file;
	int r;

	snprintf(path, sizeof(path), "%s/ghost.xml", bed_dir());
	file = fopen(path, "we");
	cr_assert(file, "%s: %s", path, strerror(errno));
	fprintf(file,
		"<domain type='qemu'><name>" GHOST "</name><uuid>%s</uuid>"
		"<memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os></domain>",
		uuid);
	fclose(file);
	r = bed_virsh(NULL, 0, "define %s", path);
	cr_assert_eq(r, 0, "define: status %d: %s", r, bed_error());
}

static void undefine_ghost(void)
{
	cr_assert_eq(bed_virsh(NULL, 0, "undefine " GHOST), 0, "%s", bed_error());
}

QUIET_TEST(undefined)
{
	struct pr_domain *ghost;
	int r, state;

	define_ghost("6c6c6c6c-0001-4000-8000-000000000001");
	ghost = host_domain(&bed, GHOST);
	expect_state(ghost, PRALLOC_DOMAIN_OFF);
	undefine_ghost();
	r = pr_domain_state(ghost, &state, 0);
	host_expect_refused(ghost, r, -ENOENT, GHOST);
	r = pr_set_u64(ghost, "cpu.shares", NULL, 2000, PRALLOC_CONFIG);
	host_expect_refused(ghost, r, -ENOENT, GHOST);
	r = pr_set_u64(ghost, "cpu.shares", NULL, 2000, 0);
	host_expect_refused(ghost, r, -ENOENT, GHOST);
	pr_domain_close(ghost);
	r = pr_domain_open(bed.host, GHOST, 0, &ghost);
	cr_assert_eq(r, -ENOENT, "open: wanted %d, got %d", -ENOENT, r);
	cr_assert(strstr(pr_host_errmsg(bed.host), GHOST), "wanted the name in: %s",
		  pr_host_errmsg(bed.host));
}

QUIET_TEST(name_of_another_domain)
{
	static const char other[] = "6c6c6c6c-0001-4000-8000-000000000003";
	struct pr_domain *ghost;
	char out[HOST_OUTPUT_MAX];
	int r;

	define_ghost("6c6c6c6c-0001-4000-8000-000000000002");
	ghost = host_domain(&bed, GHOST);
	undefine_ghost();
	define_ghost(other);
	r = pr_set_u64(ghost, "cpu.shares", NULL, 2000, PRALLOC_CONFIG);
	host_expect_refused(ghost, r, -ESTALE, other);
	host_virsh(out, "dumpxml " GHOST);
	cr_assert(!strstr(out, "<shares>"), "the other domain was changed: %s", out);
	pr_domain_close(ghost);
	undefine_ghost();
}

/* -- what cannot be done -- */

QUIET_TEST(no_balloon_device)
{
	static const struct bed_guest_options options = {
		.memory_mib = 128, .vcpus = 1, .no_balloon_device = true};
	struct pr_domain *dom;
	int r;

	host_need_guest(NO_DEVICE, &options);
	dom = host_domain(&bed, NO_DEVICE);
	r = pr_mem_balloon_ready(dom, 0);
	host_expect_refused(dom, r, -EOPNOTSUPP, "no memory balloon device");
	r = pr_mem_balloon(dom, 100 * MIB, 0);
	host_expect_refused(dom, r, -EOPNOTSUPP, "no memory balloon device");
	r = pr_mem_balloon(dom, 100 * MIB, PRALLOC_ALLOW_HARM);
	host_expect_refused(dom, r, -EOPNOTSUPP, "no memory balloon device");
	pr_domain_close(dom);
	bed_guest_destroy(NO_DEVICE);
}

QUIET_TEST(no_balloon_driver)
{
	static const struct bed_guest_options options = {
		.memory_mib = 128, .vcpus = 1, .no_balloon_driver = true};
	uint64_t end_ms;
	struct pr_domain *dom;
	int r;

	host_need_guest(NO_DRIVER, &options);
	dom = host_domain(&bed, NO_DRIVER);
	r = pr_mem_balloon_ready(dom, 0);
	host_expect_refused(dom, r, -ENOTCONN, "driver");
	r = pr_mem_balloon(dom, 100 * MIB, PRALLOC_ALLOW_HARM);
	host_expect_refused(dom, r, -ENOTCONN, "driver");
	host_agent(NO_DRIVER, "balloon on");
	end_ms = host_now_ms() + 10000;
	while ((r = pr_mem_balloon_ready(dom, 0)) == -ENOTCONN && host_now_ms() < end_ms)
		host_sleep_ms(50);
	cr_assert_eq(r, 0, "with a driver: got %d: %s", r, pr_domain_errmsg(dom));
	cr_assert_eq(host_balloon(NO_DRIVER), 128 * MIB,
		     "what was refused has come true: wanted 128 MiB, got %" PRIu64,
		     host_balloon(NO_DRIVER));
	host_inflate(dom, 112 * MIB);
	pr_domain_close(dom);
	bed_guest_destroy(NO_DRIVER);
}

/* Values that nobody may set: the call, the error, a part of its text. */
static const struct {
	const char *attribute, *instance, *value;
	int code;
	const char *part;
} refusals[] = {
	{"mem.balloon", NULL, "257M", -ERANGE, "256M"},
	{"mem.balloon", NULL, "101%", -ERANGE, "mem.balloon"},
	{"cpu.shares", NULL, "1", -ERANGE, "2"},
	{"cpu.shares", NULL, "262145", -ERANGE, "262144"},
	{"cpu.shares", NULL, "unlimited", -ERANGE, "cpu.shares"},
	{"cpu.vcpu_quota", NULL, "999", -ERANGE, "999 is out of range"},
	{"cpu.vcpu_period", NULL, "1000001", -ERANGE, "out of range"},
	{"cpu.pin", "0", "4095", -ERANGE, "4095"},
	{"cpu.pin", "0", "0,4095", -ERANGE, "4095"},
	{"cpu.emulator_pin", NULL, "4095", -ERANGE, "4095"},
	{"cpu.pin", "7", "0", -ENODEV, "7"},
	{"mem.hard_limit", NULL, "64M", -ENOSPC, "64M"},
	{"mem.guarantee", NULL, "64M", -EOPNOTSUPP, "mem.guarantee"},
};

#define REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

/* Whatever could have been changed. */
static void everything(char out[HOST_OUTPUT_MAX])
{
	size_t length;

	host_virsh(out, "dumpxml --inactive " GUEST);
	length = strlen(out);
	bed_virsh(out + length, HOST_OUTPUT_MAX - length, "schedinfo " GUEST);
	length = strlen(out);
	bed_virsh(out + length, HOST_OUTPUT_MAX - length, "memtune " GUEST);
	length = strlen(out);
	bed_virsh(out + length, HOST_OUTPUT_MAX - length, "vcpupin " GUEST);
	length = strlen(out);
	bed_virsh(out + length, HOST_OUTPUT_MAX - length, "emulatorpin " GUEST);
	length = strlen(out);
	bed_virsh(out + length, HOST_OUTPUT_MAX - length, "dommemstat " GUEST " | grep actual");
}

QUIET_TEST(impossible_values)
{
	static const uint32_t modes[] = {PRALLOC_LIVE, PRALLOC_LIVE | PRALLOC_CONFIG};
	char before[HOST_OUTPUT_MAX], after[HOST_OUTPUT_MAX];

	everything(before);
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		for (size_t i = 0; i < REFUSALS; i++) {
			int r = pr_set_str(bed.dom, refusals[i].attribute, refusals[i].instance,
					   refusals[i].value, modes[m]);
			const char *text = pr_domain_errmsg(bed.dom);

			cr_assert(r == refusals[i].code && strstr(text, refusals[i].part),
				  "%s=%s: wanted %d with \"%s\", got %d: %s", refusals[i].attribute,
				  refusals[i].value, refusals[i].code, refusals[i].part, r, text);
		}
	}
	everything(after);
	cr_assert_str_eq(after, before, "wanted nothing changed: %s, got: %s", before, after);
}

QUIET_TEST(read_only)
{
	static const char *const settings[][3] = {
		{"mem.balloon", NULL, "250M"},	 {"mem.soft_limit", NULL, "200M"},
		{"mem.hard_limit", NULL, "12G"}, {"mem.stats_period", NULL, "2"},
		{"cpu.shares", NULL, "2000"},	 {"cpu.vcpu_quota", NULL, "50000"},
		{"cpu.pin", "0", "0"},		 {"cpu.emulator_pin", NULL, "0"},
	};
	char before[HOST_OUTPUT_MAX], after[HOST_OUTPUT_MAX];
	struct host_bed other;

	everything(before);
	host_open(&other, GUEST, PRALLOC_READ_ONLY);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		static const uint32_t modes[] = {PRALLOC_LIVE, PRALLOC_CONFIG};

		for (size_t m = 0; m < 2; m++) {
			int r = pr_set_str(other.dom, settings[i][0], settings[i][1],
					   settings[i][2], modes[m]);

			cr_assert_eq(r, -EACCES, "%s: wanted %d, got %d: %s", settings[i][0],
				     -EACCES, r, pr_domain_errmsg(other.dom));
			host_expect_refused(other.dom, r, -EACCES, "read-only");
		}
	}
	host_expect(other.dom, "cpu.shares", NULL, "1024", PRALLOC_LIVE);
	host_expect(other.dom, "mem.actual", NULL, "256M", PRALLOC_LIVE);
	host_close(&other);
	everything(after);
	cr_assert_str_eq(after, before, "wanted nothing changed: %s, got: %s", before, after);
}

/* libvirt prints what no handler takes, and a connection that fails has none. */
QUIET_TEST(hosts_that_do_not_open)
{
	static const struct {
		const char *uri;
		int code;
	} cases[] = {
		{"qemu+unix:///system?socket=/nonexistent/libvirt-sock", -ENOTCONN},
		{"qemu+unix:///system?socket=/dev/null", -ENOTCONN},
		{"test:///nonexistent.xml", -ENOTCONN},
		{"nonsense:///system", -EOPNOTSUPP},
		{"no URI at all", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pr_host *host = NULL;
		int r = pr_host_open(bed.ctx, cases[i].uri, 0, &host);

		cr_assert_eq(r, cases[i].code, "%s: wanted %d, got %d: %s", cases[i].uri,
			     cases[i].code, r, pr_ctx_errmsg(bed.ctx));
		cr_assert(*pr_ctx_errmsg(bed.ctx), "%s: %d without a text", cases[i].uri, r);
		cr_assert(!host, "%s: a host although it failed", cases[i].uri);
	}
}
