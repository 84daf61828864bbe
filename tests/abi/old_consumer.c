/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of version 0.1: it is compiled with the headers that 0.1 had (headers-0.1/, never
 * changed) and runs with the library as it is now.  Its structs have the sizes of then; what stands
 * behind them must stay as it is.
 */
#include <pralloc.h>
#include <stdio.h>
#include <string.h>

#define GUARD UINT64_C(0x5ca1ab1e0ddba11)

static int failures;

static void expect(int good, const char *what)
{
	if (!good)
		fprintf(stderr, "%s\n", what);
	failures += !good;
}

#define EXPECT(condition) expect((condition), #condition)

/* Every function that 0.1 had: the program does not start when one is missing. */
typedef void (*function)(void);
#define F(name) (function) name
static const function functions[] = {
	F(pr_attr_info),
	F(pr_attr_lookup),
	F(pr_attr_next),
	F(pr_cpu_pin),
	F(pr_cpu_set_count),
	F(pr_cpu_set_quota),
	F(pr_cpu_set_shares),
	F(pr_ctx_errmsg),
	F(pr_ctx_new),
	F(pr_ctx_ref),
	F(pr_ctx_set_log),
	F(pr_ctx_set_timeout),
	F(pr_ctx_unref),
	F(pr_domain_close),
	F(pr_domain_errmsg),
	F(pr_domain_instance),
	F(pr_domain_name),
	F(pr_domain_open),
	F(pr_domain_reset),
	F(pr_domain_state),
	F(pr_domain_uuid),
	F(pr_fake_inject),
	F(pr_get_str),
	F(pr_get_u64),
	F(pr_host_close),
	F(pr_host_errmsg),
	F(pr_host_get_str),
	F(pr_host_get_u64),
	F(pr_host_info),
	F(pr_host_next),
	F(pr_host_open),
	F(pr_host_route),
	F(pr_host_set_cgroup_version),
	F(pr_host_set_route),
	F(pr_host_set_str),
	F(pr_host_set_u64),
	F(pr_io_set_weight),
	F(pr_mem_balloon),
	F(pr_mem_balloon_ready),
	F(pr_mem_balloon_wait),
	F(pr_mem_set_guarantee),
	F(pr_mem_set_hard_limit),
	F(pr_mem_set_soft_limit),
	F(pr_mem_set_swap_limit),
	F(pr_mem_set_throttle),
	F(pr_net_reset),
	F(pr_net_set_guarantee),
	F(pr_net_set_link),
	F(pr_net_set_rate),
	F(pr_net_set_weight),
	F(pr_plan_apply),
	F(pr_plan_check),
	F(pr_plan_count),
	F(pr_plan_errmsg),
	F(pr_plan_free),
	F(pr_plan_host_set_str),
	F(pr_plan_host_set_u64),
	F(pr_plan_load),
	F(pr_plan_new),
	F(pr_plan_set_str),
	F(pr_plan_set_u64),
	F(pr_plan_step),
	F(pr_plan_undo),
	F(pr_read),
	F(pr_set_str),
	F(pr_set_u64),
	F(pr_value_format),
	F(pr_value_parse),
	F(pr_version),
};

static void use_attributes(struct pr_ctx *ctx)
{
	struct {
		struct pr_attr_info info;
		uint64_t guard;
	} a = {.info.size = sizeof(a.info), .guard = GUARD};
	char instance[32];
	const char *name;

	EXPECT(pr_attr_info(ctx, "cpu.shares", &a.info) == 0);
	EXPECT(a.info.size == sizeof(a.info) && a.guard == GUARD);
	EXPECT(a.info.unit == PRALLOC_UNIT_SHARES && a.info.default_value == 1024);
	EXPECT(a.info.minimum == 2 && a.info.maximum == 262144 && !a.info.percent_of);
	EXPECT(pr_attr_lookup(ctx, "cpu.pin[3]", &name, instance, sizeof(instance)) == 0);
	EXPECT(strcmp(name, "cpu.pin") == 0 && strcmp(instance, "3") == 0);
}

static void use_values(struct pr_ctx *ctx)
{
	struct pr_value value = {.size = sizeof(value)};
	char text[PRALLOC_VALUE_TEXT_MAX];

	EXPECT(pr_value_parse(ctx, "mem.balloon", "25%", 4096, &value, NULL, 0) == 0);
	EXPECT(value.type == PRALLOC_TYPE_U64 && value.number == 1024);
	EXPECT(pr_value_format(ctx, "mem.balloon", &value, text, sizeof(text), 0) == 0);
	EXPECT(strcmp(text, "1KiB") == 0);
}

static void use_host(struct pr_host *host)
{
	struct {
		struct pr_host_info info;
		uint64_t guard;
	} h = {.info.size = sizeof(h.info), .guard = GUARD};
	const char *backend, *reason;

	EXPECT(pr_host_info(host, &h.info, 0) == 0);
	EXPECT(h.info.size == sizeof(h.info) && h.guard == GUARD);
	EXPECT(h.info.cpus == 8 && h.info.domains == 2 && strcmp(h.info.backend, "fake") == 0);
	EXPECT(pr_host_route(host, "cpu.shares", &backend, &reason) == 0);
	EXPECT(strcmp(backend, "fake") == 0);
}

static void use_domain(struct pr_domain *dom)
{
	struct {
		struct pr_reading readings[2];
		struct pr_read_times times;
		uint64_t guard;
	} d = {
		.readings = {{.size = sizeof(d.readings[0]), .attribute = "cpu.shares"},
			     {.size = sizeof(d.readings[0]), .attribute = "cpu.pin[0]"}},
		.times.size = sizeof(d.times),
		.guard = GUARD,
	};
	uint64_t value = 0;
	int state = 0;

	EXPECT(pr_domain_state(dom, &state, 0) == 0 && state == PRALLOC_DOMAIN_RUNNING);
	EXPECT(pr_cpu_set_shares(dom, 2048, PRALLOC_LIVE | PRALLOC_CONFIG) == 0);
	EXPECT(pr_cpu_pin(dom, 0, "0,2-3", 0) == 0);
	EXPECT(pr_read(dom, d.readings, 2, &d.times, 0) == 0);
	EXPECT(d.readings[0].error == 0 && d.readings[0].value.number == 2048);
	EXPECT(d.readings[1].error == 0 && strcmp(d.readings[1].value.text, "0,2-3") == 0);
	EXPECT(d.times.end_ns >= d.times.start_ns && d.guard == GUARD);
	EXPECT(pr_set_u64(dom, "cpu.shares", NULL, 1, 0) < 0 && *pr_domain_errmsg(dom));
	EXPECT(pr_domain_reset(dom, NULL, NULL, PRALLOC_LIVE | PRALLOC_CONFIG) == 0);
	EXPECT(pr_get_u64(dom, "cpu.shares", NULL, &value, 0) == 0 && value == 1024);
}

static void use_plan(struct pr_ctx *ctx, struct pr_host *host, struct pr_domain *dom)
{
	struct {
		struct pr_step step;
		uint64_t guard;
	} p = {.step.size = sizeof(p.step), .guard = GUARD};
	struct pr_plan *plan = NULL;

	EXPECT(pr_plan_new(ctx, &plan) == 0);
	EXPECT(pr_plan_load(plan, host, "vm1 mem.balloon=512MiB\nvm2 mem.balloon=1536MiB", 0) == 0);
	EXPECT(pr_plan_set_u64(plan, dom, "cpu.shares", NULL, 512) == 0);
	EXPECT(pr_plan_check(plan, 0) == 0 && pr_plan_apply(plan, 10000, 0) == 0);
	EXPECT(pr_plan_count(plan) == 3 && pr_plan_step(plan, 0, &p.step) == 0);
	EXPECT(p.step.size == sizeof(p.step) && p.guard == GUARD);
	EXPECT(p.step.status == PRALLOC_STEP_APPLIED && p.step.after.number == 512u << 20);
	EXPECT(pr_plan_undo(plan, 10000, 0) == 0);
	pr_plan_free(plan);
}

int main(void)
{
	struct pr_ctx *ctx = NULL;
	struct pr_host *host = NULL;
	struct pr_domain *dom = NULL;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		EXPECT(functions[i] != NULL);
	EXPECT(pr_version() >= PRALLOC_VERSION);
	EXPECT(pr_ctx_new(&ctx) == 0);
	EXPECT(pr_host_open(ctx, "fake:///2", 0, &host) == 0);
	EXPECT(pr_domain_open(host, "vm1", 0, &dom) == 0);
	use_attributes(ctx);
	use_values(ctx);
	use_host(host);
	use_domain(dom);
	use_plan(ctx, host, dom);
	pr_domain_close(dom);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return failures > 0;
}
