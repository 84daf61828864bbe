/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real guests on a bridge: what they send passes by weight and limit, and survives a restart. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "net_class.h"

#define FIRST "net1"
#define SECOND "net2"
/* Emulated guests send more than this. */
#define LINK_BYTES UINT64_C(2500000)
#define LIMIT_BYTES UINT64_C(1000000)
#define REST_HANDLE 0x10002
#define SETTLE_MS 500
#define WINDOW_MS 3000
#define TOLERANCE 0.05

static struct host_bed bed;

static void open_guests(void)
{
	static const struct bed_guest_options options = {.memory_mib = 192, .vcpus = 1};

	host_need_bed();
	host_need_guest(FIRST, &options);
	host_need_guest(SECOND, &options);
	host_open(&bed, FIRST, 0);
}

static void close_guests(void)
{
	host_agent(FIRST, "net 0");
	host_agent(SECOND, "net 0");
	(void)pr_net_reset(bed.host, bed_bridge(), 0);
	host_close(&bed);
}

TestSuite(host_net, .init = open_guests, .fini = close_guests, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(FIRST, SECOND)

static void device_name(char device[IFNAMSIZ])
{
	snprintf(device, IFNAMSIZ, "pr-out-%x", if_nametoindex(bed_bridge()));
}

/* The class of a VM with the largest rate, or with the smallest. */
static const struct net_class *class_of(const struct net_classes *classes, bool largest)
{
	const struct net_class *found = NULL;

	for (size_t i = 0; i < classes->count; i++) {
		const struct net_class *class = &classes->list[i];

		if (class->has_classes || class->handle == REST_HANDLE)
			continue;
		if (!found || (largest ? class->rate > found->rate : class->rate < found->rate))
			found = class;
	}
	cr_assert_not_null(found, "no class of a VM");
	return found;
}

/* Bytes per second of the two VMs, the heavier first. */
static void measure(double rates[2])
{
	struct net_classes before = {0}, after = {0};
	char device[IFNAMSIZ];
	uint64_t start;
	double seconds;

	device_name(device);
	start = host_now_ms();
	net_classes_read(&before, device);
	host_sleep_ms(WINDOW_MS);
	net_classes_read(&after, device);
	seconds = (double)(host_now_ms() - start) / 1000;
	for (int i = 0; i < 2; i++)
		rates[i] = (double)(class_of(&after, i == 0)->bytes -
				    class_of(&before, i == 0)->bytes) /
			   seconds;
	net_classes_free(&before);
	net_classes_free(&after);
}

static void expect_near(const char *what, double is, double ideal)
{
	fprintf(stderr, "# %s: %.0f bytes/s of %.0f\n", what, is, ideal);
	cr_expect(fabs(is - ideal) <= ideal * TOLERANCE, "%s: %.0f bytes/s, ideal %.0f", what, is,
		  ideal);
}

static void expect_three_to_one(const char *what)
{
	double rates[2];

	host_agent(FIRST, "net 1");
	host_agent(SECOND, "net 1");
	host_sleep_ms(SETTLE_MS);
	measure(rates);
	expect_near(what, rates[0], LINK_BYTES * 3 / 4.0);
	expect_near(what, rates[1], LINK_BYTES / 4.0);
}

static void set_weight(struct pr_domain *dom, uint64_t weight, uint32_t flags)
{
	cr_assert_eq(pr_net_set_weight(dom, NULL, PRALLOC_NET_OUT, weight, flags), 0, "%s",
		     pr_domain_errmsg(dom));
}

Test(host_net, guests_share_by_weight_and_keep_it_over_a_restart)
{
	struct pr_domain *second = host_domain(&bed, SECOND);
	uint64_t weight = 0;

	cr_assert_eq(pr_net_set_link(bed.host, bed_bridge(), LINK_BYTES, LINK_BYTES, 0), 0, "%s",
		     pr_host_errmsg(bed.host));
	set_weight(bed.dom, 300, PRALLOC_LIVE | PRALLOC_CONFIG);
	set_weight(second, 100, PRALLOC_LIVE);
	expect_three_to_one("two guests");

	cr_assert_eq(bed_guest_stop(FIRST), 0, "%s", bed_error());
	cr_assert_eq(bed_guest_boot(FIRST), 0, "%s", bed_error());
	cr_assert_eq(pr_domain_restore(bed.dom, PRALLOC_RESTORE_SERVED), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_assert_eq(pr_get_u64(bed.dom, "net.weight.out", NULL, &weight, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	cr_expect_eq(weight, 300, "%" PRIu64, weight);
	expect_three_to_one("after a restart");
	pr_domain_close(second);
}

Test(host_net, limit_without_a_link)
{
	struct net_classes before = {0}, after = {0};
	char device[IFNAMSIZ];
	uint64_t start;
	double rate;

	cr_assert_eq(pr_net_set_rate(bed.dom, NULL, PRALLOC_NET_OUT, LIMIT_BYTES, 0, 0, 0), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	device_name(device);
	host_agent(FIRST, "net 1");
	host_sleep_ms(SETTLE_MS);
	start = host_now_ms();
	net_classes_read(&before, device);
	host_sleep_ms(WINDOW_MS);
	net_classes_read(&after, device);
	rate = (double)(class_of(&after, false)->bytes - class_of(&before, false)->bytes) * 1000 /
	       (double)(host_now_ms() - start);
	expect_near("limit", rate, LIMIT_BYTES);
	cr_expect_eq(pr_net_set_rate(bed.dom, NULL, PRALLOC_NET_OUT, PRALLOC_UNLIMITED, 0, 0, 0), 0,
		     "%s", pr_domain_errmsg(bed.dom));
	net_classes_free(&before);
	net_classes_free(&after);
}

/* The same machine without libvirt, in another context. */
struct other_ways {
	struct pr_ctx *ctx;
	struct pr_host *tc, *cgroup;
	int tries, link, ksm;
	char text[1024];
};

static void try_other_ways(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};
	struct other_ways *ways = data;

	if (pr_plan_step(plan, index, &step) < 0 || step.status != PRALLOC_STEP_APPLIED ||
	    ways->tries++ > 0)
		return;
	ways->link = pr_host_set_u64(ways->tc, "net.link.in", bed_bridge(), LINK_BYTES, 0);
	snprintf(ways->text, sizeof(ways->text), "%s", pr_host_errmsg(ways->tc));
	ways->ksm = pr_host_set_u64(ways->cgroup, "ksm.pages_to_scan", NULL, 101, 0);
}

Test(host_net, all_ways_to_this_machine_have_one_lock)
{
	struct other_ways ways = {.tries = 0};
	struct pr_plan *plan = NULL;

	cr_assert_eq(pr_ctx_new(&ways.ctx), 0);
	cr_assert_eq(pr_host_open(ways.ctx, "tc:", 0, &ways.tc), 0, "%s", pr_ctx_errmsg(ways.ctx));
	cr_assert_eq(pr_host_open(ways.ctx, "cgroup:", 0, &ways.cgroup), 0, "%s",
		     pr_ctx_errmsg(ways.ctx));
	cr_assert_eq(pr_plan_new(bed.ctx, &plan), 0);
	cr_assert_eq(pr_plan_host_set_u64(plan, bed.host, "net.link.out", bed_bridge(), LINK_BYTES),
		     0, "%s", pr_plan_errmsg(plan));
	cr_assert_eq(pr_plan_host_set_u64(plan, bed.host, "ksm.sleep_ms", NULL, 21), 0, "%s",
		     pr_plan_errmsg(plan));
	pr_plan_set_progress(plan, try_other_ways, &ways);
	cr_assert_eq(pr_plan_apply(plan, 20000, 0), 0, "%s", pr_plan_errmsg(plan));
	cr_expect_geq(ways.tries, 1);
	cr_expect_eq(ways.link, -EBUSY, "%d: %s", ways.link, ways.text);
	cr_expect(strstr(ways.text, "by another plan of this program"), "%s", ways.text);
	cr_expect_eq(ways.ksm, -EBUSY, "%d", ways.ksm);
	cr_expect_eq(pr_plan_undo(plan, 20000, 0), 0, "%s", pr_plan_errmsg(plan));
	pr_plan_free(plan);
	pr_host_close(ways.tc);
	pr_host_close(ways.cgroup);
	pr_ctx_unref(ways.ctx);
}
