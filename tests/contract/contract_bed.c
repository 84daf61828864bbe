/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the cases of the contract share. */
#include "contract.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#define ARRIVAL_STEP_NS 20000000
#define ARRIVAL_STEPS 3000
#define PAGE_BYTES 4096
#define GRAIN_DIVISOR 40

void contract_open(struct contract_bed *bed, const struct contract *contract)
{
	int r;

	*bed = (struct contract_bed){.contract = contract};
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0);
	if (contract->root)
		cr_assert_eq(pr_ctx_set_root(bed->ctx, contract->root), 0);
	r = pr_host_open(bed->ctx, contract->uri, 0, &bed->host);
	cr_assert_eq(r, 0, "%s: %s", contract->uri, pr_ctx_errmsg(bed->ctx));
	r = pr_domain_open(bed->host, contract->domain, 0, &bed->dom);
	cr_assert_eq(r, 0, "%s: %s", contract->domain, pr_host_errmsg(bed->host));
}

void contract_close(struct contract_bed *bed)
{
	pr_domain_close(bed->dom);
	pr_host_close(bed->host);
	pr_ctx_unref(bed->ctx);
}

/* False, and printed, when the host does not serve it or the domain has no such instance. */
static bool served(struct contract_bed *bed, const char *name, struct contract_attr *attr)
{
	const char *backend, *reason = NULL, *instance;
	int r;

	*attr = (struct contract_attr){.info.size = sizeof(attr->info)};
	cr_assert_eq(pr_attr_info(bed->ctx, name, &attr->info), 0);
	if (attr->info.target != PRALLOC_TARGET_DOMAIN)
		return false;
	cr_assert_eq(pr_host_route(bed->host, name, &backend, &reason), 0);
	if (!backend) {
		cr_assert(reason && *reason, "%s is not served, without a reason", name);
		cr_assert(!bed->contract->everything, "%s is not served: %s", name, reason);
		fprintf(stderr, "not served: %s: %s\n", name, reason);
		return false;
	}
	if (attr->info.instance == PRALLOC_INSTANCE_NONE)
		return true;
	r = pr_domain_instance(bed->dom, name, 0, &instance);
	if (r < 0) {
		cr_assert_eq(r, -ENODEV, "%s: %s", name, pr_domain_errmsg(bed->dom));
		cr_assert(!bed->contract->everything, "%s has no instance", name);
		fprintf(stderr, "no instance: %s\n", pr_domain_errmsg(bed->dom));
		return false;
	}
	snprintf(attr->instance, sizeof(attr->instance), "%s", instance);
	return true;
}

void contract_each(struct contract_bed *bed, contract_visit visit)
{
	const char *name = NULL;
	struct contract_attr attr;

	bed->done = 0;
	while ((name = pr_attr_next(name))) {
		if (served(bed, name, &attr))
			visit(bed, &attr);
	}
}

bool contract_find(struct contract_bed *bed, bool (*wanted)(const struct pr_attr_info *info),
		   struct contract_attr *ret_attr)
{
	const char *name = NULL;

	while ((name = pr_attr_next(name))) {
		struct pr_attr_info info = {.size = sizeof(info)};

		cr_assert_eq(pr_attr_info(bed->ctx, name, &info), 0);
		if (wanted(&info) && served(bed, name, ret_attr))
			return true;
	}
	return false;
}

static bool is_plain_setting(const struct pr_attr_info *info)
{
	return info->target == PRALLOC_TARGET_DOMAIN && info->type == PRALLOC_TYPE_U64 &&
	       (info->properties & PRALLOC_ATTR_WRITABLE) &&
	       !(info->properties & PRALLOC_ATTR_ASYNC);
}

void contract_setting(struct contract_bed *bed, struct contract_attr *ret_attr)
{
	if (contract_find(bed, is_plain_setting, ret_attr))
		return;
	contract_close(bed);
	cr_skip_test("this host serves no setting that holds at once");
}

bool contract_missing(struct contract_bed *bed, const struct contract_attr *attr, int result)
{
	const char *text = pr_domain_errmsg(bed->dom);

	if (result != -EOPNOTSUPP && result != -ENODATA)
		return false;
	cr_assert(*text, "%s: refused without a text", attr->info.name);
	fprintf(stderr, "not here: %s\n", text);
	return true;
}

/* Values that nobody minds: no limit below what a small guest needs, none beyond a device. */
static const struct {
	const char *name; /* or NULL: */
	int unit;
	const char *first, *second;
} others[] = {
	{"mem.soft_limit", 0, "256M", "128M"},
	{"mem.guarantee", 0, "64M", "32M"},
	{"io.guest.iops_size", 0, "8192", "4096"},
	{"net.rate.in.burst", 0, "64K", "128K"},
	{"net.rate.out.burst", 0, "64K", "128K"},
	{"mem.virtio_requested", 0, "0", "128M"},
	{"cpu.burst", 0, "10000", "20000"},
	{NULL, PRALLOC_UNIT_BYTES, "16G", "12G"},
	{NULL, PRALLOC_UNIT_BYTES_PER_SEC, "20M", "10M"},
	{NULL, PRALLOC_UNIT_PER_SEC, "4000", "2000"},
	{NULL, PRALLOC_UNIT_USEC, "50000", "80000"},
	{NULL, PRALLOC_UNIT_SEC, "2", "4"},
	{NULL, PRALLOC_UNIT_SHARES, "2048", "512"},
	{NULL, PRALLOC_UNIT_WEIGHT, "200", "400"},
	{NULL, PRALLOC_UNIT_CPULIST, "0", "0-1"},
	{NULL, PRALLOC_UNIT_NAME, "contract-a", "contract-b"},
};

/* Only the domain itself tells what it can be. */
static bool other_of_present(struct contract_bed *bed, const struct contract_attr *attr,
			     uint32_t mode, char text[PRALLOC_VALUE_TEXT_MAX])
{
	uint64_t present = 0;

	if (strcmp(attr->info.name, "mem.balloon") != 0 && attr->info.unit != PRALLOC_UNIT_VCPUS)
		return false;
	cr_assert_eq(pr_get_u64(bed->dom, attr->info.name, NULL, &present,
				mode & PRALLOC_LIVE ? PRALLOC_LIVE : mode),
		     0, "%s", pr_domain_errmsg(bed->dom));
	if (attr->info.unit == PRALLOC_UNIT_VCPUS)
		present = present > 1 ? present - 1 : present + 1;
	else
		present -= present / 8 & ~(uint64_t)0xfffff;
	snprintf(text, PRALLOC_VALUE_TEXT_MAX, "%" PRIu64, present);
	return true;
}

void contract_other(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		    char text[PRALLOC_VALUE_TEXT_MAX])
{
	const char *name = attr->info.name;
	char *present;
	size_t i = 0;

	if (other_of_present(bed, attr, mode, text))
		return;
	while (others[i].name ? strcmp(others[i].name, name) != 0
			      : others[i].unit != attr->info.unit) {
		i++;
		cr_assert(i < sizeof(others) / sizeof(others[0]), "%s has no value to try", name);
	}
	present = contract_get(bed, attr, mode & PRALLOC_LIVE ? PRALLOC_LIVE : mode);
	snprintf(text, PRALLOC_VALUE_TEXT_MAX, "%s",
		 present && contract_same(attr, present, others[i].first) ? others[i].second
									  : others[i].first);
	free(present);
}

bool contract_base(const struct contract_attr *attr, struct contract_attr *ret_base)
{
	static const char *const endings[] = {"_length", "_max", ".peak", ".burst"};
	static const struct {
		const char *name, *base;
	} bases[] = {
		{"mem.swap_limit", "mem.hard_limit"},
		{"io.guest.iops_size", "io.guest.total_iops"},
		{"io.guest.group", "io.guest.total_bytes"},
	};
	char name[64];
	size_t length;

	snprintf(name, sizeof(name), "%s", attr->info.name);
	length = strlen(name);
	*ret_base = *attr;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		if (strcmp(name, bases[i].name) == 0)
			return pr_attr_info(NULL, bases[i].base, &ret_base->info) == 0;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t end = strlen(endings[i]);

		if (length <= end || strcmp(name + length - end, endings[i]) != 0)
			continue;
		name[length - end] = '\0';
		return pr_attr_info(NULL, name, &ret_base->info) == 0;
	}
	return false;
}

char *contract_get(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode)
{
	const char *text;
	int r = pr_get_str(bed->dom, attr->info.name, attr->instance, &text, mode);

	if (contract_missing(bed, attr, r))
		return NULL;
	cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
	return strdup(text);
}

int contract_set(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		 const char *text)
{
	return pr_set_str(bed->dom, attr->info.name, attr->instance, text,
			  mode | bed->contract->write_flags);
}

bool contract_same(const struct contract_attr *attr, const char *a, const char *b)
{
	struct pr_value x = {.size = sizeof(x)}, y = {.size = sizeof(y)};
	char text_x[4096], text_y[4096];
	uint64_t distance;

	cr_assert_eq(pr_value_parse(NULL, attr->info.name, a, 0, &x, text_x, sizeof(text_x)), 0,
		     "%s: \"%s\" does not parse", attr->info.name, a);
	cr_assert_eq(pr_value_parse(NULL, attr->info.name, b, 0, &y, text_y, sizeof(text_y)), 0,
		     "%s: \"%s\" does not parse", attr->info.name, b);
	if (x.text || y.text)
		return x.text && y.text && strcmp(x.text, y.text) == 0;
	if (x.number >= PRALLOC_DEFAULT || y.number >= PRALLOC_DEFAULT)
		return x.number == y.number;
	distance = x.number > y.number ? x.number - y.number : y.number - x.number;
	/* Near its target a balloon may still be moving; arrived it is within its page. */
	if (attr->info.properties & PRALLOC_ATTR_ASYNC)
		return distance < PAGE_BYTES;
	return distance <= y.number / GRAIN_DIVISOR;
}

void contract_expect(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		     const char *text)
{
	const struct timespec step = {.tv_nsec = ARRIVAL_STEP_NS};
	bool slow = (attr->info.properties & PRALLOC_ATTR_ASYNC) && mode == PRALLOC_LIVE;
	char *held = contract_get(bed, attr, mode);

	for (int i = 0; held && slow && !contract_same(attr, held, text) && i < ARRIVAL_STEPS;
	     i++) {
		nanosleep(&step, NULL);
		free(held);
		held = contract_get(bed, attr, mode);
	}
	cr_assert(held && contract_same(attr, held, text), "%s[%s] is %s, wanted %s",
		  attr->info.name, attr->instance, held ? held : "(not known)", text);
	free(held);
}
