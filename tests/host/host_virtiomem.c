/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of virtio-mem devices: plugged and unplugged by a guest whose kernel has the driver. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define GUEST "hostvmem"
#define FIRST "virtiomem0"
#define SECOND "virtiomem1"
#define SIZE_MIB 512
#define SECOND_MIB 256
/* For a guest that does not give what it uses. */
#define STALL_MS 5000
/* The guest's total moves by what is plugged, but for what the kernel takes to manage it. */
#define MANAGED_DIVISOR 20

static struct host_bed bed;

static void open_guest(void)
{
	static const struct bed_guest_options options = {
		.memory_mib = 256,
		.virtio_mem_mib = {SIZE_MIB, SECOND_MIB},
	};

	host_need_bed();
	host_need_guest(GUEST, &options);
	host_open(&bed, GUEST, 0);
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_virtiomem, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static uint64_t guest_total(void)
{
	char reply[256];
	uint64_t total = 0;

	cr_assert_eq(bed_agent(reply, sizeof(reply), GUEST, "meminfo"), 0, "%s", bed_error());
	cr_assert(bed_reply_value(reply, "total", &total), "no total in: %s", reply);
	return total;
}

/* Its kernel has memory online a little after it has plugged it. */
static void expect_total(uint64_t base, uint64_t plugged)
{
	uint64_t least = base + plugged - plugged / MANAGED_DIVISOR;
	uint64_t begun = host_now_ms(), total;

	do
		total = guest_total();
	while ((total < least || total > base + plugged) &&
	       host_now_ms() - begun < HOST_PATIENCE_MS);
	cr_assert(total >= least && total <= base + plugged,
		  "the guest has %ju bytes, wanted %ju to %ju", (uintmax_t)total, (uintmax_t)least,
		  (uintmax_t)(base + plugged));
}

/* What virsh shows of a device: "requested" or "current", in KiB. */
static void expect_shown(const char *device, const char *what, uint64_t mib)
{
	char arguments[256], out[HOST_OUTPUT_MAX], wanted[32];

	snprintf(arguments, sizeof(arguments),
		 "dumpxml " GUEST " --xpath \"//memory[alias/@name='%s']/target/%s/text()\"",
		 device, what);
	host_virsh(out, arguments);
	snprintf(wanted, sizeof(wanted), "%ju", (uintmax_t)(mib * 1024));
	cr_assert_str_eq(out, wanted, "%s of %s: wanted %s KiB from virsh, got %s", what, device,
			 wanted, out);
}

static int apply(const char *device, uint64_t mib, uint32_t timeout_ms, char text[512])
{
	struct pr_plan *plan;
	int r;

	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.virtio_requested", device, mib * MIB), 0,
		     "%s", pr_plan_errmsg(plan));
	r = pr_plan_apply(plan, timeout_ms, 0);
	snprintf(text, 512, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	return r;
}

/* A plan waits until the guest has followed. */
static void move_to(const char *device, uint64_t mib)
{
	char text[512], value[32];
	int r = apply(device, mib, HOST_PATIENCE_MS, text);

	cr_assert_eq(r, 0, "%s to %juM: got %d: %s", device, (uintmax_t)mib, r, text);
	snprintf(value, sizeof(value), "%ju", (uintmax_t)(mib * MIB));
	host_expect(bed.dom, "mem.virtio_requested", device, value, PRALLOC_LIVE);
	host_expect(bed.dom, "mem.virtio_plugged", device, value, PRALLOC_LIVE);
	expect_shown(device, "requested", mib);
	expect_shown(device, "current", mib);
}

static void wait_plugged(const char *device, uint64_t mib)
{
	uint64_t begun = host_now_ms(), plugged = 0;

	do {
		host_sleep_ms(50);
		cr_assert_eq(pr_get_u64(bed.dom, "mem.virtio_plugged", device, &plugged, 0), 0,
			     "%s", pr_domain_errmsg(bed.dom));
	} while (plugged != mib * MIB && host_now_ms() - begun < HOST_PATIENCE_MS);
	cr_assert_eq(plugged, mib * MIB, "%s has plugged %ju bytes, not %juM", device,
		     (uintmax_t)plugged, (uintmax_t)mib);
}

Test(host_virtiomem, grows_and_shrinks)
{
	uint64_t base = guest_total();

	host_expect(bed.dom, "mem.virtio_size", FIRST, "512M", PRALLOC_LIVE);
	host_expect(bed.dom, "mem.virtio_plugged", FIRST, "0", PRALLOC_LIVE);
	move_to(FIRST, 256);
	expect_total(base, 256 * MIB);
	/* One call only hands the size over. */
	host_set(bed.dom, "mem.virtio_requested", SECOND, "128M", 0);
	wait_plugged(SECOND, 128);
	expect_total(base, (256 + 128) * MIB);
	cr_assert_eq(bed_virsh(NULL, 0,
			       "update-memory-device " GUEST " --alias " FIRST
			       " --requested-size 320MiB --live"),
		     0, "%s", bed_error());
	host_expect(bed.dom, "mem.virtio_requested", FIRST, "320M", PRALLOC_LIVE);
	wait_plugged(FIRST, 320);
	host_set(bed.dom, "mem.virtio_requested", SECOND, "default", 0);
	move_to(FIRST, 64);
	wait_plugged(SECOND, 0);
	expect_total(base, 64 * MIB);
	move_to(FIRST, 0);
}

Test(host_virtiomem, several_devices)
{
	uint64_t base = guest_total();
	struct pr_plan *plan;
	int r = pr_set_u64(bed.dom, "mem.virtio_requested", NULL, 64 * MIB, 0);

	host_expect_refused(bed.dom, r, -EINVAL, FIRST ", " SECOND);
	r = pr_set_u64(bed.dom, "mem.virtio_requested", "virtiomem7", 64 * MIB, 0);
	host_expect_refused(bed.dom, r, -ENODEV, SECOND);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	pr_plan_set_u64(plan, bed.dom, "mem.virtio_requested", FIRST, 128 * MIB);
	pr_plan_set_u64(plan, bed.dom, "mem.virtio_requested", SECOND, 64 * MIB);
	r = pr_plan_apply(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	expect_total(base, (128 + 64) * MIB);
	r = pr_plan_undo(plan, HOST_PATIENCE_MS, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_plan_errmsg(plan));
	pr_plan_free(plan);
	expect_total(base, 0);
}

Test(host_virtiomem, refused)
{
	static const uint32_t modes[] = {PRALLOC_LIVE, PRALLOC_CONFIG};
	int r;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		r = pr_set_u64(bed.dom, "mem.virtio_requested", FIRST, 514 * MIB, modes[i]);
		host_expect_refused(bed.dom, r, -ERANGE, "(0 to 512M)");
		r = pr_set_u64(bed.dom, "mem.virtio_requested", FIRST, 3 * MIB, modes[i]);
		host_expect_refused(bed.dom, r, -ERANGE, "between the steps 2MiB and 4MiB");
	}
	/* Within 2.5 % it goes to the nearest block. */
	host_set(bed.dom, "mem.virtio_requested", FIRST, "65M", 0);
	host_expect(bed.dom, "mem.virtio_requested", FIRST, "66M", PRALLOC_LIVE);
	move_to(FIRST, 0);
	r = pr_set_u64(bed.dom, "mem.virtio_plugged", FIRST, 2 * MIB, 0);
	host_expect_refused(bed.dom, r, -EINVAL, "can only be read");
	r = pr_mem_balloon(bed.dom, 200 * MIB, 0);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "virtio-mem");
}

/* What the guest holds, it does not let go: the time is over, and the plan takes it back. */
Test(host_virtiomem, guest_that_does_not_let_go)
{
	char text[512];
	uint64_t plugged = 0;
	int r;

	move_to(FIRST, 512);
	host_agent(GUEST, "mem 419430400");
	host_set(bed.dom, "mem.virtio_requested", FIRST, "0", 0);
	host_sleep_ms(STALL_MS);
	cr_assert_eq(pr_get_u64(bed.dom, "mem.virtio_plugged", FIRST, &plugged, 0), 0);
	cr_assert(plugged > 256 * MIB && plugged < 512 * MIB,
		  "holding 400M, the guest has let go all but %ju bytes", (uintmax_t)plugged);
	host_set(bed.dom, "mem.virtio_requested", FIRST, "512M", 0);
	wait_plugged(FIRST, 512);
	r = apply(FIRST, 0, STALL_MS, text);
	cr_assert_eq(r, -ETIMEDOUT, "got %d: %s", r, text);
	cr_assert(strstr(text, "M of 0M") || strstr(text, "M, not 0M"), "%s", text);
	host_expect(bed.dom, "mem.virtio_requested", FIRST, "512M", PRALLOC_LIVE);
	wait_plugged(FIRST, 512);
	host_agent(GUEST, "mem 0");
	move_to(FIRST, 0);
}

static void expect_configured(const char *wanted)
{
	char out[HOST_OUTPUT_MAX];

	host_virsh(out, "dumpxml --inactive " GUEST
			" --xpath \"//memory[@model='virtio-mem'][2]/target/requested/text()\"");
	cr_assert_str_eq(out, wanted, "wanted %s KiB configured, got %s", wanted, out);
}

/* A persistent size is what the guest has plugged after its next start. */
Test(host_virtiomem, persistent)
{
	host_expect(bed.dom, "mem.virtio_requested", SECOND, "0", PRALLOC_CONFIG);
	host_set(bed.dom, "mem.virtio_requested", SECOND, "128M", PRALLOC_CONFIG);
	expect_configured("131072");
	host_expect(bed.dom, "mem.virtio_requested", SECOND, "0", PRALLOC_LIVE);
	cr_assert_eq(bed_virsh(NULL, 0,
			       "dumpxml --inactive " GUEST " | sed s/131072/65536/ >%s/vmem.xml",
			       bed_dir()),
		     0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "define %s/vmem.xml", bed_dir()), 0, "%s", bed_error());
	host_expect(bed.dom, "mem.virtio_requested", SECOND, "64M", PRALLOC_CONFIG);
	host_set(bed.dom, "mem.virtio_requested", FIRST, "512M", PRALLOC_CONFIG);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	host_expect(bed.dom, "mem.virtio_requested", SECOND, "64M", PRALLOC_LIVE);
	wait_plugged(SECOND, 64);
	wait_plugged(FIRST, 512);
	host_set(bed.dom, "mem.virtio_requested", SECOND, "default", PRALLOC_LIVE | PRALLOC_CONFIG);
	expect_configured("0");
	cr_assert_eq(bed_guest_destroy(GUEST), 0, "%s", bed_error());
}
