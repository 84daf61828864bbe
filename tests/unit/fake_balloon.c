/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes time on the fake host. */
#include <string.h>

#include "fixture.h"

/* Memory of a virtio-mem device takes its time as a balloon does, and stalls as one. */
Test(fake, plugged_memory)
{
	struct pr_plan *plan;
	struct bed bed;

	bed_open(&bed);
	bed_inject(&bed, "balloon domain=vm1 rate=1GiB/s attribute=mem.virtio_requested");
	bed_inject(&bed, "stall domain=vm1 at_bytes=128MiB attribute=mem.virtio_requested");
	cr_assert_eq(pr_set_u64(bed.dom, "mem.virtio_requested", NULL, 256 * MIB, 0), 0);
	cr_expect_lt(bed_get(bed.dom, "mem.virtio_plugged", NULL, 0), 256 * MIB, "at once");
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.virtio_requested", NULL, 512 * MIB), 0);
	cr_expect_eq(pr_plan_apply(plan, 5000, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "mem.virtio_plugged", "virtiomem0", 0), 512 * MIB);
	pr_plan_free(plan);
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, bed.dom, "mem.virtio_requested", NULL, 64 * MIB), 0);
	cr_expect_eq(pr_plan_apply(plan, 1000, 0), -ETIMEDOUT, "%s", pr_plan_errmsg(plan));
	cr_expect(strstr(pr_plan_errmsg(plan), "128M of 64M"), "%s", pr_plan_errmsg(plan));
	cr_expect_eq(bed_get(bed.dom, "mem.virtio_requested", NULL, 0), 512 * MIB);
	pr_plan_free(plan);
	cr_expect_eq(pr_set_u64(bed.dom, "mem.virtio_requested", NULL, 1026 * MIB, 0), -ERANGE);
	cr_expect(strstr(pr_domain_errmsg(bed.dom), "(0 to 1GiB)"), "%s",
		  pr_domain_errmsg(bed.dom));
	cr_expect_eq(
		pr_fake_inject(bed.host, "stall domain=vm1 at_bytes=1M attribute=cpu.shares", 0),
		-EINVAL);
	bed_close(&bed);
}
