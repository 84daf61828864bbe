/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libvirt call that hangs beyond the time of the plan and comes to its end later: over the test
 * driver, whose call this program puts its own before.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <criterion/criterion.h>
#include <libvirt/libvirt.h>
#include <pralloc.h>

#define PLAN_MS 800
#define HANG_MS 2500
#define PATIENCE_MS 20000

static atomic_int hang_ms; /* of the next write */
static atomic_int pins;

static void sleep_ms(int ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

/* The module has loaded it, for itself alone. */
static void *libvirt(const char *name)
{
	return dlsym(dlopen("libvirt.so.0", RTLD_LAZY | RTLD_NOLOAD), name);
}

int virDomainSetMemoryParameters(virDomainPtr domain, virTypedParameterPtr params, int nparams,
				 unsigned int flags)
{
	int (*real)(virDomainPtr, virTypedParameterPtr, int, unsigned int);

	*(void **)&real = libvirt("virDomainSetMemoryParameters");
	sleep_ms(atomic_exchange(&hang_ms, 0));
	return real(domain, params, nparams, flags);
}

int virDomainPinVcpu(virDomainPtr domain, unsigned int vcpu, unsigned char *map, int length)
{
	int (*real)(virDomainPtr, unsigned int, unsigned char *, int);

	*(void **)&real = libvirt("virDomainPinVcpu");
	atomic_fetch_add(&pins, 1);
	return real(domain, vcpu, map, length);
}

struct bed {
	char root[40];
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom;
	struct pr_plan *plan;
	char limit[64], pin[64]; /* before */
};

static void read_text(struct bed *bed, const char *attribute, char text[64])
{
	const char *is = "";

	cr_assert_eq(pr_get_str(bed->dom, attribute, NULL, &is, 0), 0, "%s",
		     pr_domain_errmsg(bed->dom));
	strncpy(text, is, 63);
	text[63] = '\0';
}

/* Other tests change the same domain of theirs: a plan that hangs would keep its lock from them. */
static void locks_of_its_own(struct bed *bed)
{
	char path[64];

	strcpy(bed->root, "/tmp/pralloc-lost.XXXXXX");
	cr_assert(mkdtemp(bed->root));
	snprintf(path, sizeof(path), "%s/run", bed->root);
	cr_assert_eq(mkdir(path, 0755), 0);
	cr_assert_eq(pr_ctx_set_root(bed->ctx, bed->root), 0, "%s", pr_ctx_errmsg(bed->ctx));
}

static void bed_open(struct bed *bed)
{
	*bed = (struct bed){0};
	atomic_store(&hang_ms, 0);
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	locks_of_its_own(bed);
	cr_assert_eq(pr_host_open(bed->ctx, "test:///default", 0, &bed->host), 0, "%s",
		     pr_ctx_errmsg(bed->ctx));
	cr_assert_eq(pr_domain_open(bed->host, "test", 0, &bed->dom), 0);
	cr_assert_eq(pr_set_str(bed->dom, "mem.hard_limit", NULL, "4GiB", PRALLOC_ALLOW_HARM), 0,
		     "%s", pr_domain_errmsg(bed->dom));
	cr_assert_eq(pr_set_str(bed->dom, "cpu.pin[0]", NULL, "0-1", 0), 0, "%s",
		     pr_domain_errmsg(bed->dom));
	read_text(bed, "mem.hard_limit", bed->limit);
	read_text(bed, "cpu.pin[0]", bed->pin);
	cr_assert_eq(pr_plan_new(bed->ctx, &bed->plan), 0);
	cr_assert_eq(pr_plan_set_str(bed->plan, bed->dom, "mem.hard_limit", NULL, "5GiB"), 0);
	cr_assert_eq(pr_plan_set_str(bed->plan, bed->dom, "cpu.pin[0]", NULL, "0"), 0);
}

static void bed_close(struct bed *bed)
{
	char command[64];

	pr_plan_free(bed->plan);
	pr_domain_close(bed->dom);
	pr_host_close(bed->host);
	pr_ctx_unref(bed->ctx);
	snprintf(command, sizeof(command), "rm -r %s", bed->root);
	cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c) */
}

static struct pr_step step_of(struct bed *bed, size_t index)
{
	struct pr_step step = {.size = sizeof(step)};

	cr_assert_eq(pr_plan_step(bed->plan, index, &step), 0);
	return step;
}

static void expect_as_before(struct bed *bed)
{
	char text[64];

	read_text(bed, "mem.hard_limit", text);
	cr_expect_str_eq(text, bed->limit);
	read_text(bed, "cpu.pin[0]", text);
	cr_expect_str_eq(text, bed->pin);
}

/* What hung ends while there is time to take back: all is as before, and stays so. */
Test(contract_lost, plan)
{
	struct bed bed;
	int r;

	bed_open(&bed);
	atomic_store(&hang_ms, HANG_MS);
	r = pr_plan_apply(bed.plan, PLAN_MS, PRALLOC_ALLOW_HARM);
	cr_expect_eq(r, -ETIMEDOUT, "%d %s", r, pr_plan_errmsg(bed.plan));
	for (size_t i = 0; i < 2; i++)
		cr_expect_eq(step_of(&bed, i).status, PRALLOC_STEP_UNDONE, "step %zu: %d %s", i,
			     step_of(&bed, i).status, step_of(&bed, i).text);
	expect_as_before(&bed);
	sleep_ms(HANG_MS);
	expect_as_before(&bed);
	cr_expect_eq(pr_plan_undo(bed.plan, PATIENCE_MS, 0), -EINVAL, "nothing is left");
	cr_expect_eq(pr_plan_apply(bed.plan, PATIENCE_MS, PRALLOC_ALLOW_HARM), 0, "%s",
		     pr_plan_errmsg(bed.plan));
	bed_close(&bed);
}

/* It does not end in time: that is said, and an undo puts it right when it has. */
Test(contract_lost, undo_that_comes_too_early)
{
	struct bed bed;
	int r;

	bed_open(&bed);
	cr_assert_eq(pr_plan_apply(bed.plan, PATIENCE_MS, PRALLOC_ALLOW_HARM), 0, "%s",
		     pr_plan_errmsg(bed.plan));
	atomic_store(&hang_ms, HANG_MS);
	r = pr_plan_undo(bed.plan, PLAN_MS, 0);
	cr_expect_lt(r, 0);
	cr_expect_eq(step_of(&bed, 0).status, PRALLOC_STEP_LEFT);
	cr_expect(strstr(step_of(&bed, 0).text, "it is not known whether it was written"), "%s",
		  step_of(&bed, 0).text);
	r = pr_plan_undo(bed.plan, PATIENCE_MS, 0);
	cr_expect_eq(r, 0, "%d %s", r, pr_plan_errmsg(bed.plan));
	expect_as_before(&bed);
	bed_close(&bed);
}

/* What stood behind the call that hung is not begun when nobody waits for it any more. */
Test(contract_lost, nothing_is_begun_later)
{
	struct bed bed;
	int before;

	bed_open(&bed);
	before = atomic_load(&pins);
	atomic_store(&hang_ms, HANG_MS);
	cr_assert_eq(pr_plan_start(bed.plan, PLAN_MS, PRALLOC_ALLOW_HARM), 0);
	while (step_of(&bed, 0).status != PRALLOC_STEP_FAILED && pr_plan_dispatch(bed.plan) == 1)
		sleep_ms(5);
	/* The plan is given up: nobody takes anything back. */
	pr_plan_free(bed.plan);
	bed.plan = NULL;
	while (pr_host_info(bed.host, &(struct pr_host_info){.size = sizeof(struct pr_host_info)},
			    0) == -EBUSY)
		sleep_ms(20);
	cr_expect_eq(atomic_load(&pins), before, "a pin was written after the time was over");
	bed_close(&bed);
}

Test(contract_lost, typed_call)
{
	struct bed bed;

	bed_open(&bed);
	cr_assert_eq(pr_ctx_set_timeout(bed.ctx, PLAN_MS), 0);
	atomic_store(&hang_ms, HANG_MS);
	cr_expect_eq(pr_set_str(bed.dom, "mem.hard_limit", NULL, "5GiB", PRALLOC_ALLOW_HARM),
		     -ETIMEDOUT);
	cr_expect(strstr(pr_domain_errmsg(bed.dom), "it is not known whether it took effect"), "%s",
		  pr_domain_errmsg(bed.dom));
	bed_close(&bed);
}
