/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans over a link that is shared: what one gives, no other takes before the plan ends. */
#include "net_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINK 80.0
#define TIME 20000

struct scene {
	struct net_bed bed;
	struct net_host host;
	struct pr_plan *plan;
};

static void begin(struct scene *scene, int vms)
{
	*scene = (struct scene){.plan = NULL};
	net_bed_open(&scene->bed, vms);
	net_host_open(&scene->host, &scene->bed);
	net_set_link(&scene->host, LINK);
	cr_assert_eq(pr_plan_new(scene->host.ctx, &scene->plan), 0);
}

static void end(struct scene *scene)
{
	pr_plan_free(scene->plan);
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

static int guarantee(struct pr_domain *dom, double mbit)
{
	return pr_net_set_guarantee(dom, NULL, PRALLOC_NET_OUT, (uint64_t)(mbit * MBIT_BYTES), 0);
}

static double guaranteed(struct pr_domain *dom)
{
	uint64_t value = 0;

	cr_assert_eq(pr_get_u64(dom, "net.guarantee.out", NULL, &value, 0), 0, "%s",
		     pr_domain_errmsg(dom));
	return value == PRALLOC_DEFAULT ? 0 : (double)value / MBIT_BYTES;
}

static void want(struct scene *scene, int vm, double mbit)
{
	cr_assert_eq(pr_plan_set_u64(scene->plan, scene->host.vm[vm], "net.guarantee.out", NULL,
				     (uint64_t)(mbit * MBIT_BYTES)),
		     0, "%s", pr_plan_errmsg(scene->plan));
}

/* What is given in a plan can be taken in it, though all of the link is guaranteed. */
Test(net_plans, full_link, .timeout = 60)
{
	struct scene scene;

	begin(&scene, 2);
	cr_assert_eq(guarantee(scene.host.vm[0], 60), 0);
	cr_assert_eq(guarantee(scene.host.vm[1], 20), 0);
	want(&scene, 1, 50);
	want(&scene, 0, 30);
	cr_expect_eq(pr_plan_check(scene.plan, 0), 0, "%s", pr_plan_errmsg(scene.plan));
	cr_expect_eq(pr_plan_apply(scene.plan, TIME, 0), 0, "%s", pr_plan_errmsg(scene.plan));
	cr_expect_eq(guaranteed(scene.host.vm[0]), 30);
	cr_expect_eq(guaranteed(scene.host.vm[1]), 50);
	end(&scene);
}

/* What a plan does to the link itself counts for its other steps, wherever it stands. */
static const struct {
	const char *what, *guest;
	const char *link; /* its rate in the plan, or NULL */
	bool before;	  /* it has LINK before that */
	int code;
	const char *part;
} plans[] = {
	{"a link and what it is for", "net.guarantee.out=30mbit", "40mbit", false, 0, ""},
	{"a weight on a new link", "net.weight.out=300", "40mbit", false, 0, ""},
	{"no link", "net.guarantee.out=30mbit", NULL, false, -EOPNOTSUPP, "is not set"},
	{"a faster link", "net.guarantee.out=90mbit", "100mbit", true, 0, ""},
	{"not fast enough", "net.guarantee.out=110mbit", "100mbit", true, -ENOSPC,
	 "the link br0 has 100Mbit/s"},
	{"a slower link", "net.guarantee.out=30mbit", "20mbit", true, -ENOSPC, "20Mbit/s"},
};

/* The guest's line first. */
static void load(struct scene *scene, size_t i)
{
	char lines[256], link[64] = "";

	if (plans[i].link)
		snprintf(link, sizeof(link), "@host net.link.out[br0]=%s\n", plans[i].link);
	snprintf(lines, sizeof(lines), "%s %s\n%s", pr_domain_name(scene->host.vm[0]),
		 plans[i].guest, link);
	cr_assert_eq(pr_plan_load(scene->plan, scene->host.host, lines, 0), 0, "%s",
		     pr_plan_errmsg(scene->plan));
}

Test(net_plans, of_a_link, .timeout = 60)
{
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct scene scene;
		int r;

		begin(&scene, 1);
		if (!plans[i].before)
			cr_assert_eq(pr_net_reset(scene.host.host, NET_LINK, 0), 0);
		load(&scene, i);
		r = pr_plan_check(scene.plan, PRALLOC_ALLOW_HARM);
		cr_expect_eq(r, plans[i].code, "%s: check: %d %s", plans[i].what, r,
			     pr_plan_errmsg(scene.plan));
		r = pr_plan_apply(scene.plan, TIME, 0);
		cr_expect_eq(r, plans[i].code, "%s: apply: %d %s", plans[i].what, r,
			     pr_plan_errmsg(scene.plan));
		cr_expect(strstr(pr_plan_errmsg(scene.plan), plans[i].part), "%s: %s",
			  plans[i].what, pr_plan_errmsg(scene.plan));
		if (r == 0)
			cr_expect_eq(pr_plan_undo(scene.plan, TIME, 0), 0, "%s: undo: %s",
				     plans[i].what, pr_plan_errmsg(scene.plan));
		end(&scene);
	}
}

/* What is guaranteed to somebody who is not in the plan, and a link that a plan makes slower. */
Test(net_plans, others_on_the_link, .timeout = 60)
{
	struct scene scene;

	begin(&scene, 2);
	cr_assert_eq(guarantee(scene.host.vm[1], 60), 0);
	want(&scene, 0, 30);
	cr_expect_eq(pr_plan_check(scene.plan, 0), -ENOSPC);
	cr_expect(strstr(pr_plan_errmsg(scene.plan),
			 "the link br0 has 80Mbit/s, its domains are guaranteed 60Mbit/s of it, "
			 "and with the plan 90Mbit/s"),
		  "%s", pr_plan_errmsg(scene.plan));
	pr_plan_free(scene.plan);
	cr_assert_eq(pr_plan_new(scene.host.ctx, &scene.plan), 0);
	cr_assert_eq(pr_plan_host_set_str(scene.plan, scene.host.host, "net.link.out", NET_LINK,
					  "50mbit"),
		     0);
	cr_expect_eq(pr_plan_check(scene.plan, 0), -ENOSPC, "%s", pr_plan_errmsg(scene.plan));
	want(&scene, 1, 40);
	cr_expect_eq(pr_plan_apply(scene.plan, TIME, 0), 0, "%s", pr_plan_errmsg(scene.plan));
	end(&scene);
}

/* In another process, on a host of its own: 0, or the number of an error that names us. */
static int in_child(struct scene *scene, int (*what)(struct net_host *host))
{
	pid_t parent = getpid(), pid = fork();
	int status = 0;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct net_host host;
		char name[32];
		int r;

		net_host_open(&host, &scene->bed);
		r = what(&host);
		snprintf(name, sizeof(name), "PID %d)", (int)parent);
		if (r < 0 && !strstr(pr_domain_errmsg(host.vm[2]), name) &&
		    !strstr(pr_host_errmsg(host.host), name))
			fprintf(stderr, "%d: %s%s\n", r, pr_domain_errmsg(host.vm[2]),
				pr_host_errmsg(host.host));
		else
			_exit(-r);
		_exit(255);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int take_some(struct net_host *host)
{
	return guarantee(host->vm[2], 15);
}

static int shrink_link(struct net_host *host)
{
	return pr_host_set_u64(host->host, "net.link.out", NET_LINK, 30 * MBIT_BYTES, 0);
}

static int reset_guarantee(struct net_host *host)
{
	return pr_domain_reset(host->vm[2], "net.guarantee.out", NULL, 0);
}

static int set_weight(struct net_host *host)
{
	return pr_net_set_weight(host->vm[2], NULL, PRALLOC_NET_OUT, 300, 0);
}

struct attempts {
	struct scene *scene;
	int count, take, shrink, reset, weight;
};

/* The donor has given, and the recipient has not taken yet. */
static void try_now(void *data, const struct pr_plan *plan, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};
	struct attempts *attempts = data;

	cr_assert_eq(pr_plan_step(plan, index, &step), 0);
	if (step.status != PRALLOC_STEP_APPLIED || attempts->count++ > 0)
		return;
	attempts->take = in_child(attempts->scene, take_some);
	attempts->shrink = in_child(attempts->scene, shrink_link);
	attempts->reset = in_child(attempts->scene, reset_guarantee);
	attempts->weight = in_child(attempts->scene, set_weight);
}

/* Else the plan could neither go on nor be taken back. */
Test(net_plans, nobody_takes_what_is_on_its_way, .timeout = 60)
{
	struct attempts attempts = {0};
	struct scene scene;

	begin(&scene, 3);
	attempts.scene = &scene;
	cr_assert_eq(guarantee(scene.host.vm[0], 70), 0);
	cr_assert_eq(guarantee(scene.host.vm[2], 10), 0);
	want(&scene, 0, 50);
	want(&scene, 1, 20);
	pr_plan_set_progress(scene.plan, try_now, &attempts);
	cr_expect_eq(pr_plan_apply(scene.plan, TIME, 0), 0, "%s", pr_plan_errmsg(scene.plan));
	cr_expect_geq(attempts.count, 1);
	cr_expect_eq(attempts.take, EBUSY, "%d", attempts.take);
	cr_expect_eq(attempts.shrink, EBUSY, "%d", attempts.shrink);
	cr_expect_eq(attempts.reset, EBUSY, "%d", attempts.reset);
	cr_expect_eq(attempts.weight, 0, "a weight takes nothing from anybody: %d",
		     attempts.weight);
	cr_expect_eq(guaranteed(scene.host.vm[1]), 20);
	cr_expect_eq(in_child(&scene, reset_guarantee), 0, "it is not held any more");
	cr_expect_eq(in_child(&scene, shrink_link), 255, "too small, and not held any more");
	end(&scene);
}

#define ROUNDS 40

/* 0, or how many plans over this VM's weight did not go as they should. */
static int plan_weights(struct net_host *host, int vm)
{
	int bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct pr_plan *plan = NULL;
		uint64_t weight = 0;

		bad += pr_plan_new(host->ctx, &plan) < 0;
		bad += pr_plan_set_u64(plan, host->vm[vm], "net.weight.out", NULL,
				       (uint64_t)(200 + i)) < 0;
		bad += pr_plan_apply(plan, TIME, 0) < 0;
		bad += pr_get_u64(host->vm[vm], "net.weight.out", NULL, &weight, 0) < 0;
		bad += weight != (uint64_t)(200 + i);
		bad += pr_plan_undo(plan, TIME, 0) < 0;
		pr_plan_free(plan);
	}
	return bad;
}

/* Weights of different VMs have no common sum: each is the domain's, whose lock the plan has, and
 * what follows from all of them is made under the link's lock of each call. */
Test(net_plans, weights_side_by_side, .timeout = 60)
{
	struct scene scene;
	int status = 0;
	pid_t pid;

	begin(&scene, 2);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		struct net_host host;

		net_host_open(&host, &scene.bed);
		_exit(plan_weights(&host, 1));
	}
	cr_expect_eq(plan_weights(&scene.host, 0), 0, "%s", pr_domain_errmsg(scene.host.vm[0]));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0, "the other process: %d", WEXITSTATUS(status));
	end(&scene);
}
