/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of vCPUs: plugged, unplugged, persistent, and online by the guest's agent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define GUEST "hostvcpu"
#define AGENT_GUEST "hostagent"
#define AGENT_TRIES 100
#define AGENT_STEP_MS 200
#define PAUSED_SECONDS 4

static struct host_bed bed;

/* One vCPU at the start, four at most: all but the first can be plugged and unplugged. */
static void make_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256, .vcpus = 1};

	if (bed_virsh(NULL, 0, "domstate " GUEST " | grep -qx running") == 0)
		return;
	host_need_guest(GUEST, &options);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "setvcpus " GUEST " 4 --maximum --config"), 0, "%s",
		     bed_error());
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
}

static void open_guest(void)
{
	host_need_bed();
	make_guest();
	host_open(&bed, GUEST, 0);
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_vcpu, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST, AGENT_GUEST)

static void expect_shown(const char *mode, const char *wanted)
{
	char arguments[128], out[HOST_OUTPUT_MAX];

	snprintf(arguments, sizeof(arguments), "vcpucount " GUEST " --current %s", mode);
	host_virsh(out, arguments);
	cr_assert_str_eq(out, wanted, "%s: wanted %s from virsh, got %s", mode, wanted, out);
}

static uint64_t guest_vcpus(void)
{
	char reply[256];
	uint64_t n = 0;

	cr_assert_eq(bed_agent(reply, sizeof(reply), GUEST, "vcpus"), 0, "%s", bed_error());
	cr_assert(bed_reply_value(reply, "vcpus", &n), "no number in: %s", reply);
	return n;
}

Test(host_vcpu, plug)
{
	struct pr_plan *plan;
	int r;

	expect_shown("--live", "1");
	r = pr_cpu_set_count(bed.dom, 2, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(bed.dom));
	expect_shown("--live", "2");
	cr_assert_eq(guest_vcpus(), 2, "the guest has not got it");
	cr_assert_eq(bed_virsh(NULL, 0, "setvcpus " GUEST " 3 --live"), 0, "%s", bed_error());
	host_expect(bed.dom, "cpu.count", NULL, "3", PRALLOC_LIVE);
	/* A plan waits until they are there. */
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "cpu.count", NULL, 4), 0);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	pr_plan_free(plan);
	expect_shown("--live", "4");
	expect_shown("--config", "1");
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

Test(host_vcpu, persistent)
{
	host_set(bed.dom, "cpu.count", NULL, "3", PRALLOC_CONFIG);
	expect_shown("--config", "3");
	cr_assert_eq(bed_virsh(NULL, 0, "setvcpus " GUEST " 2 --config"), 0, "%s", bed_error());
	host_expect(bed.dom, "cpu.count", NULL, "2", PRALLOC_CONFIG);
	host_set(bed.dom, "cpu.count", NULL, "default", PRALLOC_CONFIG);
	expect_shown("--config", "4");
	host_set(bed.dom, "cpu.count", NULL, "1", PRALLOC_CONFIG);
	expect_shown("--live", "1");
}

/* A guest that does not run cannot let go: libvirt says it in 5 s, and not because of a lock. */
Test(host_vcpu, unplug_that_is_not_answered)
{
	uint64_t begun;
	int r;

	host_set(bed.dom, "cpu.count", NULL, "2", 0);
	cr_assert_eq(bed_virsh(NULL, 0, "suspend " GUEST), 0, "%s", bed_error());
	begun = host_now_ms();
	r = pr_cpu_set_count(bed.dom, 1, 0);
	host_expect_refused(bed.dom, r, -ETIMEDOUT, "did not let go of a vCPU");
	cr_assert_gt(host_now_ms() - begun, PAUSED_SECONDS * 1000, "it was not libvirt's 5 s");
	cr_assert_eq(bed_virsh(NULL, 0, "resume " GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

Test(host_vcpu, refused)
{
	int r;

	r = pr_cpu_set_count(bed.dom, 5, 0);
	host_expect_refused(bed.dom, r, -ERANGE, "cpu.maximum");
	r = pr_cpu_set_count(bed.dom, 5, PRALLOC_CONFIG);
	host_expect_refused(bed.dom, r, -ERANGE, "cpu.maximum");
	host_set(bed.dom, "cpu.count", NULL, "2", PRALLOC_CONFIG);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	r = pr_cpu_set_count(bed.dom, 2, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "does not run");
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	/* Two at the start: none of them can be unplugged. */
	r = pr_cpu_set_count(bed.dom, 1, 0);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "cannot be unplugged");
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

static void attach_channel(const char *guest)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/channel.xml", bed_dir());
	file = fopen(path, "w");
	cr_assert(file, "%s: %s", path, strerror(errno));
	fputs("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
	      file);
	fclose(file);
	cr_assert_eq(bed_virsh(NULL, 0, "attach-device %s %s --live", guest, path), 0, "%s",
		     bed_error());
}

/* How its absence is told: no channel in the configuration, and nobody at its end. */
Test(host_vcpu, guest_agent_is_missing)
{
	uint64_t count = 42;
	int r = pr_get_u64(bed.dom, "cpu.guest_count", NULL, &count, 0);

	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "agent");
	r = pr_set_u64(bed.dom, "cpu.guest_count", NULL, 1, 0);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "agent");
	attach_channel(GUEST);
	r = pr_get_u64(bed.dom, "cpu.guest_count", NULL, &count, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "agent");
	r = pr_set_u64(bed.dom, "cpu.guest_count", NULL, 1, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "agent");
	cr_assert_eq(count, 42, "written on failure");
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}

/* The real qemu-guest-agent, which guest_agent.sh puts into the bed's image. */
static void start_agent(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256, .vcpus = 2};
	char why[256] = "";
	FILE *script;

	script = popen("\"${PRALLOC_BED_SH%/*}/../host/guest_agent.sh\"", "r");
	cr_assert(script, "guest_agent.sh: %s", strerror(errno));
	if (!fgets(why, sizeof(why), script))
		*why = '\0';
	if (pclose(script) != 0)
		cr_skip_test("%s", why);
	host_need_guest(AGENT_GUEST, &options);
	attach_channel(AGENT_GUEST);
	host_agent(AGENT_GUEST,
		   "sh mkdir -p /run; p=$(grep -l org.qemu.guest_agent.0 "
		   "/sys/class/virtio-ports/*/name); p=${p%/name}; /qemu-ga -d -m virtio-serial "
		   "-p /dev/${p##*/} -f /run/ga.pid -t /run -l /run/ga.log");
	for (int i = 0; i < AGENT_TRIES; i++) {
		if (bed_virsh(NULL, 0, "vcpucount " AGENT_GUEST " --guest") == 0)
			return;
		host_sleep_ms(AGENT_STEP_MS);
	}
	cr_assert_fail("the guest's agent does not answer: %s", bed_error());
}

static void expect_online(const char *wanted)
{
	char reply[256];

	cr_assert_eq(bed_agent(reply, sizeof(reply), AGENT_GUEST,
			       "sh cat /sys/devices/system/cpu/online"),
		     0, "%s", bed_error());
	cr_assert(strstr(reply, wanted), "wanted the CPUs %s online, got: %s", wanted, reply);
}

Test(host_vcpu, guest_agent)
{
	char out[HOST_OUTPUT_MAX];
	struct pr_domain *dom;
	struct pr_plan *plan;
	int r;

	start_agent();
	dom = host_domain(&bed, AGENT_GUEST);
	host_expect(dom, "cpu.guest_count", NULL, "2", PRALLOC_LIVE);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, dom, "cpu.guest_count", NULL, 1), 0);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	host_virsh(out, "vcpucount " AGENT_GUEST " --guest");
	cr_assert_str_eq(out, "1", "wanted 1 from virsh, got %s", out);
	expect_online("status=0 0|");
	r = pr_plan_undo(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	pr_plan_free(plan);
	expect_online("status=0 0-1|");
	cr_assert_eq(bed_virsh(NULL, 0, "setvcpus " AGENT_GUEST " 1 --guest"), 0, "%s",
		     bed_error());
	host_expect(dom, "cpu.guest_count", NULL, "1", PRALLOC_LIVE);
	host_set(dom, "cpu.guest_count", NULL, "default", 0);
	expect_online("status=0 0-1|");
	host_expect(dom, "cpu.count", NULL, "2", PRALLOC_LIVE);
	pr_domain_close(dom);
	cr_assert_eq(bed_guest_destroy(AGENT_GUEST), 0, "%s", bed_error());
}
