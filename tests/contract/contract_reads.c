/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases that change nothing: finding domains, reading, and being refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "contract.h"

#define UNKNOWN_FLAG (UINT32_C(1) << 30)
#define READINGS_MAX 128
#define UUID_OF_NOBODY "00000000-1111-4222-8333-444444444444"

void contract_list_contains(const struct contract *contract)
{
	struct contract_bed bed;
	struct pr_domain *dom = NULL;
	size_t found = 0;
	int r;

	contract_open(&bed, contract);
	while ((r = pr_host_next(bed.host, &dom, 0)) > 0)
		found += strcmp(pr_domain_uuid(dom), pr_domain_uuid(bed.dom)) == 0;
	cr_assert_eq(r, 0, "%s", pr_host_errmsg(bed.host));
	cr_assert_null(dom);
	cr_assert_eq(found, 1, "%s is listed %zu times", contract->domain, found);
	contract_close(&bed);
}

void contract_open_by_uuid(const struct contract *contract)
{
	struct pr_domain *same = NULL;
	struct contract_bed bed;
	int r, state = 0;

	contract_open(&bed, contract);
	cr_assert_eq(strlen(pr_domain_uuid(bed.dom)), 36);
	r = pr_domain_open(bed.host, pr_domain_uuid(bed.dom), 0, &same);
	cr_assert_eq(r, 0, "%s", pr_host_errmsg(bed.host));
	cr_assert_str_eq(pr_domain_name(same), contract->domain);
	cr_assert_str_eq(pr_domain_uuid(same), pr_domain_uuid(bed.dom));
	cr_assert_eq(pr_domain_state(same, &state, 0), 0, "%s", pr_domain_errmsg(same));
	cr_assert_eq(state, PRALLOC_DOMAIN_RUNNING);
	pr_domain_close(same);
	contract_close(&bed);
}

void contract_unknown_domain(const struct contract *contract)
{
	static const char *const names[] = {"no-such-domain", UUID_OF_NOBODY};
	struct contract_bed bed;

	contract_open(&bed, contract);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct pr_domain *dom = bed.dom;
		int r = pr_domain_open(bed.host, names[i], 0, &dom);

		cr_assert_eq(r, -ENOENT, "%s: %d", names[i], r);
		cr_assert_eq(dom, bed.dom, "ret_dom was written on failure");
		cr_assert(strstr(pr_host_errmsg(bed.host), names[i]), "%s",
			  pr_host_errmsg(bed.host));
	}
	contract_close(&bed);
}

static void read_value(struct contract_bed *bed, const struct contract_attr *attr)
{
	uint64_t number = 0;
	char *text = contract_get(bed, attr, PRALLOC_LIVE);
	int r;

	if (!text)
		return;
	bed->done++;
	cr_assert_str_empty(pr_domain_errmsg(bed->dom), "a text after success");
	cr_assert(*text, "%s is empty", attr->info.name);
	r = pr_get_u64(bed->dom, attr->info.name, attr->instance, &number, 0);
	if (attr->info.type == PRALLOC_TYPE_TEXT) {
		cr_assert_eq(r, -EINVAL, "%s is a text, and a number was read", attr->info.name);
	} else {
		bool special = number == PRALLOC_DEFAULT || number == PRALLOC_UNLIMITED;

		cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
		cr_assert(special || (number >= attr->info.minimum && number <= attr->info.maximum),
			  "%s = %s is out of range", attr->info.name, text);
	}
	free(text);
}

void contract_reads(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, read_value);
	fprintf(stderr, "%s: %zu attributes read\n", contract->uri, bed.done);
	cr_assert_gt(bed.done, 0);
	contract_close(&bed);
}

static struct contract_attr attrs[READINGS_MAX];

static void collect(struct contract_bed *bed, const struct contract_attr *attr)
{
	cr_assert_lt(bed->done, READINGS_MAX);
	attrs[bed->done++] = *attr;
}

/* A setting stays what it is between two reads; a reading does not. */
static void compare(struct contract_bed *bed, const struct contract_attr *attr,
		    const struct pr_reading *reading, const char *text)
{
	uint64_t number = 0;
	char *single;

	if (reading->error) {
		int r = pr_get_u64(bed->dom, attr->info.name, attr->instance, &number, 0);

		cr_assert_neq(r, 0, "%s: only pr_read fails", attr->info.name);
		return;
	}
	if (attr->info.kind == PRALLOC_KIND_READING)
		return;
	single = contract_get(bed, attr, PRALLOC_LIVE);
	cr_assert(single, "%s: only pr_read works", attr->info.name);
	cr_assert_str_eq(text, single, "%s", attr->info.name);
	free(single);
}

void contract_read_pass(const struct contract *contract)
{
	struct pr_reading readings[READINGS_MAX];
	struct pr_read_times times = {.size = sizeof(times)};
	char texts[READINGS_MAX][PRALLOC_VALUE_TEXT_MAX];
	struct contract_bed bed;
	int r;

	contract_open(&bed, contract);
	contract_each(&bed, collect);
	for (size_t i = 0; i < bed.done; i++)
		readings[i] = (struct pr_reading){.size = sizeof(readings[i]),
						  .attribute = attrs[i].info.name,
						  .instance = attrs[i].instance};
	r = pr_read(bed.dom, readings, bed.done, &times, 0);
	cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert(times.start_ns > 0 && times.start_ns <= times.end_ns);
	/* Texts live until the next call. */
	for (size_t i = 0; i < bed.done; i++) {
		if (readings[i].error)
			continue;
		r = pr_value_format(bed.ctx, attrs[i].info.name, &readings[i].value, texts[i],
				    sizeof(texts[i]), 0);
		cr_assert_eq(r, 0, "%s", pr_ctx_errmsg(bed.ctx));
	}
	for (size_t i = 0; i < bed.done; i++)
		compare(&bed, &attrs[i], &readings[i], texts[i]);
	contract_close(&bed);
}

void contract_unknown_attribute(const struct contract *contract)
{
	struct contract_bed bed;
	uint64_t number = 42;

	contract_open(&bed, contract);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.sharez", NULL, &number, 0), -EINVAL);
	cr_assert_eq(number, 42, "ret_value was written on failure");
	cr_assert(strstr(pr_domain_errmsg(bed.dom), "cpu.shares"), "no hint: %s",
		  pr_domain_errmsg(bed.dom));
	cr_assert_eq(pr_set_u64(bed.dom, "cpu.sharez", NULL, 2048, 0), -EINVAL);
	cr_assert_eq(pr_set_u64(bed.dom, "", NULL, 2048, 0), -EINVAL);
	cr_assert_eq(pr_set_u64(bed.dom, "mem.free", NULL, 2048, 0), -EINVAL,
		     "an attribute of the host was set on a domain");
	contract_close(&bed);
}

static void ask_unknown_instance(struct contract_bed *bed, const struct contract_attr *attr)
{
	bool vcpu = attr->info.instance == PRALLOC_INSTANCE_VCPU;
	const char *text = NULL;
	int r;

	if (attr->info.instance == PRALLOC_INSTANCE_NONE)
		return;
	r = pr_get_str(bed->dom, attr->info.name, vcpu ? "4000" : "no-such", &text, 0);
	if (contract_missing(bed, attr, r))
		return;
	cr_assert_eq(r, -ENODEV, "%s: %d: %s", attr->info.name, r, pr_domain_errmsg(bed->dom));
	cr_assert_null(text);
	cr_assert(strstr(pr_domain_errmsg(bed->dom), attr->instance),
		  "the text does not name %s: %s", attr->instance, pr_domain_errmsg(bed->dom));
}

void contract_unknown_instance(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, ask_unknown_instance);
	contract_close(&bed);
}

static void set_unserved(struct contract_bed *bed, const struct pr_attr_info *info,
			 const char *reason)
{
	const char *value = info->type == PRALLOC_TYPE_TEXT ? "0" : "1000";
	int r = pr_set_str(bed->dom, info->name, "0", value, bed->contract->write_flags);

	/* The instance "0" does not matter where nobody could say which ones there are. */
	if (info->instance == PRALLOC_INSTANCE_NONE)
		r = pr_set_str(bed->dom, info->name, NULL, value, bed->contract->write_flags);
	cr_assert_eq(r, -EOPNOTSUPP, "%s: %d: %s", info->name, r, pr_domain_errmsg(bed->dom));
	cr_assert(strstr(pr_domain_errmsg(bed->dom), reason), "%s: no reason (%s): %s", info->name,
		  reason, pr_domain_errmsg(bed->dom));
	bed->done++;
}

void contract_unserved_attribute(const struct contract *contract)
{
	struct contract_bed bed;
	const char *name = NULL;

	contract_open(&bed, contract);
	while ((name = pr_attr_next(name))) {
		struct pr_attr_info info = {.size = sizeof(info)};
		const char *backend, *reason;

		cr_assert_eq(pr_attr_info(bed.ctx, name, &info), 0);
		cr_assert_eq(pr_host_route(bed.host, name, &backend, &reason), 0);
		if (!backend && info.target == PRALLOC_TARGET_DOMAIN &&
		    (info.properties & PRALLOC_ATTR_WRITABLE))
			set_unserved(&bed, &info, reason);
	}
	if (contract->everything)
		cr_assert_eq(bed.done, 0);
	fprintf(stderr, "%s: %zu settings are not served\n", contract->uri, bed.done);
	contract_close(&bed);
}

static void set_with_unknown_flag(struct contract_bed *bed, const struct contract_attr *attr)
{
	const char *name = attr->info.name, *instance = attr->instance;
	char *before = contract_get(bed, attr, PRALLOC_LIVE);
	char value[PRALLOC_VALUE_TEXT_MAX];
	uint64_t number = 42;

	cr_assert(before);
	contract_other(bed, attr, PRALLOC_LIVE, value);
	cr_assert_eq(pr_set_str(bed->dom, name, instance, value, UNKNOWN_FLAG), -EINVAL);
	cr_assert(*pr_domain_errmsg(bed->dom) != '\0');
	cr_assert_eq(pr_set_u64(bed->dom, name, instance, 1000, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_cpu_set_shares(bed->dom, 2048, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_domain_reset(bed->dom, name, instance, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_get_u64(bed->dom, name, instance, &number, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_get_u64(bed->dom, name, instance, &number, PRALLOC_LIVE | PRALLOC_CONFIG),
		     -EINVAL);
	cr_assert_eq(number, 42, "ret_value was written on failure");
	contract_expect(bed, attr, PRALLOC_LIVE, before);
	free(before);
}

void contract_unknown_flags(const struct contract *contract)
{
	struct pr_host_info info = {.size = sizeof(info)};
	struct pr_reading reading = {.size = sizeof(reading), .attribute = "mem.maximum"};
	struct pr_domain *dom = NULL;
	struct contract_attr setting;
	struct contract_bed bed;
	int state = -1;

	contract_open(&bed, contract);
	cr_assert_eq(pr_read(bed.dom, &reading, 1, NULL, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_domain_state(bed.dom, &state, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(state, -1, "ret_state was written on failure");
	cr_assert_eq(pr_domain_open(bed.host, contract->domain, UNKNOWN_FLAG, &dom), -EINVAL);
	cr_assert_eq(pr_host_next(bed.host, &dom, UNKNOWN_FLAG), -EINVAL);
	cr_assert_eq(pr_host_info(bed.host, &info, UNKNOWN_FLAG), -EINVAL);
	cr_assert_null(dom);
	contract_setting(&bed, &setting);
	set_with_unknown_flag(&bed, &setting);
	contract_close(&bed);
}

void contract_null_arguments(const struct contract *contract)
{
	struct contract_bed bed;
	struct pr_domain *dom = NULL;
	uint64_t number = 0;
	const char *text;

	contract_open(&bed, contract);
	cr_assert_eq(pr_host_open(NULL, contract->uri, 0, &bed.host), -EINVAL);
	cr_assert_eq(pr_domain_open(NULL, contract->domain, 0, &dom), -EINVAL);
	cr_assert_eq(pr_domain_open(bed.host, NULL, 0, &dom), -EINVAL);
	cr_assert_eq(pr_domain_open(bed.host, contract->domain, 0, NULL), -EINVAL);
	cr_assert_eq(pr_domain_state(NULL, NULL, 0), -EINVAL);
	cr_assert_eq(pr_domain_state(bed.dom, NULL, 0), -EINVAL);
	cr_assert_eq(pr_set_u64(NULL, "cpu.shares", NULL, 2048, 0), -EINVAL);
	cr_assert_eq(pr_set_u64(bed.dom, NULL, NULL, 2048, 0), -EINVAL);
	cr_assert_eq(pr_set_str(bed.dom, "cpu.shares", NULL, NULL, 0), -EINVAL);
	cr_assert_eq(pr_set_str(bed.dom, "cpu.pin", "0", NULL, 0), -EINVAL);
	cr_assert_eq(pr_get_u64(NULL, "cpu.shares", NULL, &number, 0), -EINVAL);
	cr_assert_eq(pr_get_u64(bed.dom, NULL, NULL, &number, 0), -EINVAL);
	cr_assert_eq(pr_get_u64(bed.dom, "cpu.shares", NULL, NULL, 0), -EINVAL);
	cr_assert_eq(pr_get_str(bed.dom, NULL, NULL, &text, 0), -EINVAL);
	cr_assert_eq(pr_get_str(bed.dom, "cpu.shares", NULL, NULL, 0), -EINVAL);
	cr_assert_eq(pr_read(bed.dom, NULL, 1, NULL, 0), -EINVAL);
	cr_assert_eq(pr_domain_instance(bed.dom, NULL, 0, &text), -EINVAL);
	cr_assert_eq(pr_host_next(bed.host, NULL, 0), -EINVAL);
	cr_assert_eq(pr_host_info(bed.host, NULL, 0), -EINVAL);
	cr_assert_eq(pr_host_route(bed.host, NULL, &text, NULL), -EINVAL);
	cr_assert_eq(pr_plan_new(bed.ctx, NULL), -EINVAL);
	pr_domain_close(NULL);
	pr_host_close(NULL);
	pr_plan_free(NULL);
	contract_close(&bed);
}

void contract_error_texts(const struct contract *contract)
{
	struct contract_attr attr;
	struct contract_bed bed;
	char object[600];
	uint64_t number;
	int r;

	contract_open(&bed, contract);
	contract_setting(&bed, &attr);
	if (*attr.instance)
		snprintf(object, sizeof(object), "%s[%s] of %s: ", attr.info.name, attr.instance,
			 contract->domain);
	else
		snprintf(object, sizeof(object), "%s of %s: ", attr.info.name, contract->domain);
	r = pr_set_u64(bed.dom, attr.info.name, attr.instance, attr.info.maximum + 1, 0);
	cr_assert_eq(r, -ERANGE, "%d: %s", r, pr_domain_errmsg(bed.dom));
	cr_assert_eq(strncmp(pr_domain_errmsg(bed.dom), object, strlen(object)), 0,
		     "does not begin with \"%s\": %s", object, pr_domain_errmsg(bed.dom));
	r = pr_get_u64(bed.dom, attr.info.name, attr.instance, &number, 0);
	cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed.dom));
	cr_assert_str_empty(pr_domain_errmsg(bed.dom), "a text is left after success");
	contract_close(&bed);
}
