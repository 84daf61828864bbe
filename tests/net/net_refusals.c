/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What cannot be done is refused with its own words, and what held before holds on. */
#include "net_host.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINK 80.0
#define STATE_MAX (1 << 20)

struct scene {
	struct net_bed bed;
	struct net_host host;
};

/* Everything that the kernel has been told, without what is counted. */
static char *state(void)
{
	char *text = malloc(STATE_MAX);

	cr_assert_not_null(text);
	net_output(text, STATE_MAX,
		   "ip -br link; tc qdisc show; for d in $(ls /sys/class/net); do tc class show "
		   "dev $d; tc filter show dev $d; tc filter show dev $d ingress; tc filter show "
		   "dev $d egress; done 2>/dev/null | sed 's/ (rule hit.*//'");
	return text;
}

static void begin(struct scene *scene)
{
	net_bed_open(&scene->bed, 2);
	net_host_open(&scene->host, &scene->bed);
	net_set_link(&scene->host, LINK);
	cr_assert_eq(pr_net_set_weight(scene->host.vm[0], NULL, PRALLOC_NET_OUT, 300, 0), 0, "%s",
		     pr_domain_errmsg(scene->host.vm[0]));
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

static const struct {
	const char *name, *prepare, *link;
	uint64_t rate;
	int code;
	const char *part;
} links[] = {
	{"unknown link", ":", "nobr0", 1000000, -ENODEV, "nobr0"},
	{"link without taps", "ip link add br1 type bridge", "br1", 1000000, -ENODEV, "br1"},
	{"loopback", ":", "lo", 1000000, -ENODEV, "lo"},
	{"uplink", ":", "up0", 1000000, -ENODEV, "up0"},
	{"rate of zero", ":", NET_LINK, 0, -ERANGE, "out of range"},
	{"rate above 2^63", ":", NET_LINK, (UINT64_C(1) << 63) + 1, -ERANGE, "out of range"},
	{"unlimited link", ":", NET_LINK, PRALLOC_UNLIMITED, -ERANGE, "unlimited"},
};

Test(net_refusals, links, .timeout = 60)
{
	struct scene scene;

	begin(&scene);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		char *before, *after;
		int r;

		net_sh(NULL, "%s", links[i].prepare);
		before = state();
		r = pr_net_set_link(scene.host.host, links[i].link, links[i].rate, links[i].rate,
				    0);
		cr_expect_eq(r, links[i].code, "%s: %d: %s", links[i].name, r,
			     pr_host_errmsg(scene.host.host));
		cr_expect(strstr(pr_host_errmsg(scene.host.host), links[i].part), "%s: %s",
			  links[i].name, pr_host_errmsg(scene.host.host));
		after = state();
		cr_expect_str_eq(after, before, "%s changed something", links[i].name);
		free(before);
		free(after);
	}
	end(&scene);
}

static const struct {
	const char *name, *prepare, *domain;
	int code;
	const char *part;
} taps[] = {
	{"no such tap", ":", "tap9@52:54:00:77:00:09", -ENOENT, "tap9"},
	{"macvtap", "ip link add below type ifb; ip link add link below name mv0 type macvtap",
	 "mv0@52:54:00:77:00:08", -EOPNOTSUPP, "macvtap"},
	{"MAC of another VM", ":", "tap2@52:54:00:77:00:01", -EBUSY, "52:54:00:77:00:01"},
};

/* Open it and set a rate: whichever refuses. */
static int use(struct scene *scene, const char *name, char *text, size_t size)
{
	struct pr_domain *dom = NULL;
	int r = pr_domain_open(scene->host.host, name, 0, &dom);

	snprintf(text, size, "%s", r < 0 ? pr_host_errmsg(scene->host.host) : "");
	if (r == 0) {
		r = pr_net_set_rate(dom, NULL, PRALLOC_NET_OUT, 1000000, 0, 0, 0);
		snprintf(text, size, "%s", pr_domain_errmsg(dom));
	}
	pr_domain_close(dom);
	return r;
}

Test(net_refusals, taps, .timeout = 60)
{
	struct scene scene;
	char text[1024];

	begin(&scene);
	for (size_t i = 0; i < sizeof(taps) / sizeof(taps[0]); i++) {
		char *before, *after;
		int r;

		net_sh(NULL, "%s", taps[i].prepare);
		before = state();
		r = use(&scene, taps[i].domain, text, sizeof(text));
		cr_expect_eq(r, taps[i].code, "%s: %d: %s", taps[i].name, r, text);
		cr_expect(strstr(text, taps[i].part), "%s: %s", taps[i].name, text);
		after = state();
		cr_expect_str_eq(after, before, "%s changed something", taps[i].name);
		free(before);
		free(after);
	}
	end(&scene);
}

/* Without the right to administrate the network, but else as root. */
static int without_right(const struct net_bed *bed)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	struct net_host host;
	int r;

	if (syscall(SYS_capget, &header, data) < 0)
		return 2;
	data[0].effective &= ~(UINT32_C(1) << CAP_NET_ADMIN);
	data[0].permitted &= ~(UINT32_C(1) << CAP_NET_ADMIN);
	if (syscall(SYS_capset, &header, data) < 0)
		return 2;
	net_host_open(&host, bed);
	r = pr_net_set_weight(host.vm[0], NULL, PRALLOC_NET_OUT, 200, 0);
	fprintf(stderr, "# %s\n", pr_domain_errmsg(host.vm[0]));
	return r == -EACCES && strstr(pr_domain_errmsg(host.vm[0]), "CAP_NET_ADMIN") ? 0 : 1;
}

Test(net_refusals, without_the_right, .timeout = 60)
{
	struct scene scene;
	uint64_t weight = 0;
	int status;
	pid_t pid;

	begin(&scene);
	pid = fork();
	cr_assert(pid >= 0);
	if (pid == 0)
		_exit(without_right(&scene.bed));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "status 0x%x", (unsigned int)status);
	cr_assert_eq(pr_get_u64(scene.host.vm[0], "net.weight.out", NULL, &weight, 0), 0);
	cr_expect_eq(weight, 300);
	end(&scene);
}

/* A class that somebody has removed by hand, with the filters that lead to it: what else the batch has changed is as it was. */
Test(net_refusals, what_a_refused_batch_did_is_taken_back, .timeout = 60)
{
	char *before, *after;
	char device[NET_DEVICE_MAX];
	struct scene scene;

	begin(&scene);
	net_ifb(device, PRALLOC_NET_OUT);
	net_sh(NULL, "tc filter del dev %s\ntc class del dev %s classid 1:11", device, device);
	before = state();
	cr_expect_eq(pr_net_set_weight(scene.host.vm[0], NULL, PRALLOC_NET_OUT, 500, 0), -EIO, "%s",
		     pr_domain_errmsg(scene.host.vm[0]));
	after = state();
	cr_expect_str_eq(after, before, "before:\n%s\nafter:\n%s", before, after);
	free(before);
	free(after);
	end(&scene);
}

/* Weights so far apart that what is lent cannot follow them are told before. */
Test(net_refusals, span_of_weights_is_told, .timeout = 60)
{
	struct pr_step step = {.size = sizeof(step)};
	struct pr_plan *plan;
	struct scene scene;

	begin(&scene);
	cr_assert_eq(pr_plan_new(scene.host.ctx, &plan), 0);
	cr_assert_eq(pr_plan_set_u64(plan, scene.host.vm[1], "net.weight.out", NET_LINK, 2), 0);
	cr_expect_lt(pr_plan_check(plan, 0), 0);
	cr_assert_eq(pr_plan_step(plan, 0, &step), 0);
	cr_expect(strstr(step.text, "100:1"), "%s", step.text);
	pr_plan_free(plan);
	cr_expect_eq(pr_net_set_weight(scene.host.vm[1], NULL, PRALLOC_NET_OUT, 2,
				       PRALLOC_ALLOW_INEFFECTIVE),
		     0, "%s", pr_domain_errmsg(scene.host.vm[1]));
	end(&scene);
}
