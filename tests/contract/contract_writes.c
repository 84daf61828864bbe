/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases that write, and put back what was there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "contract.h"

static bool writable(const struct contract_attr *attr)
{
	return (attr->info.properties & PRALLOC_ATTR_WRITABLE) != 0;
}

static bool is_limit(const struct pr_attr_info *info)
{
	return (info->properties & PRALLOC_ATTR_UNLIMITED) != 0;
}

/* Try a value that must be refused: the result, that the text holds one of the words, nothing
 * changed. */
static void refused(struct contract_bed *bed, const struct contract_attr *attr, uint64_t value,
		    int wanted, const char *word, const char *other_word)
{
	char *before = contract_get(bed, attr, PRALLOC_LIVE);
	int r = pr_set_u64(bed->dom, attr->info.name, attr->instance, value, 0);

	if (before && !contract_missing(bed, attr, r)) {
		const char *text = pr_domain_errmsg(bed->dom);

		cr_assert_eq(r, wanted, "%s = %llu: %d: %s", attr->info.name,
			     (unsigned long long)value, r, text);
		cr_assert(strstr(text, word) || strstr(text, other_word),
			  "%s: the text does not say \"%s\": %s", attr->info.name, word, text);
		contract_expect(bed, attr, PRALLOC_LIVE, before);
		bed->done++;
	}
	free(before);
}

/* The value one beyond a bound; the text names the bound, exactly or rounded for people. */
static void beyond(struct contract_bed *bed, const struct contract_attr *attr, uint64_t value,
		   uint64_t bound)
{
	char exact[PRALLOC_VALUE_TEXT_MAX], rounded[PRALLOC_VALUE_TEXT_MAX];
	struct pr_value limit = {.size = sizeof(limit), .type = PRALLOC_TYPE_U64, .number = bound};

	cr_assert_eq(pr_value_format(NULL, attr->info.name, &limit, exact, sizeof(exact), 0), 0);
	cr_assert_eq(pr_value_format(NULL, attr->info.name, &limit, rounded, sizeof(rounded),
				     PRALLOC_FORMAT_SHORT),
		     0);
	refused(bed, attr, value, -ERANGE, exact, rounded);
}

static void leave_range(struct contract_bed *bed, const struct contract_attr *attr)
{
	const struct pr_attr_info *info = &attr->info;

	if (!writable(attr) || info->type == PRALLOC_TYPE_TEXT)
		return;
	beyond(bed, attr, info->maximum + 1, info->maximum);
	if (info->minimum > 1 || (info->minimum == 1 && !is_limit(info)))
		beyond(bed, attr, info->minimum - 1, info->minimum);
}

void contract_out_of_range(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, leave_range);
	cr_assert_gt(bed.done, 0);
	contract_close(&bed);
}

static void set_zero(struct contract_bed *bed, const struct contract_attr *attr)
{
	if (writable(attr) && is_limit(&attr->info) && attr->info.minimum > 0)
		refused(bed, attr, 0, -EINVAL, "unlimited", "unlimited");
}

/* A host without such a setting has nothing to refuse. */
static void finish(struct contract_bed *bed)
{
	size_t done = bed->done;

	cr_assert(done > 0 || !bed->contract->everything);
	contract_close(bed);
	if (done == 0)
		cr_skip_test("this host serves no such setting");
}

void contract_zero_limit(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, set_zero);
	finish(&bed);
}

static void set_unlimited(struct contract_bed *bed, const struct contract_attr *attr)
{
	if (attr->info.unit == PRALLOC_UNIT_WEIGHT || attr->info.unit == PRALLOC_UNIT_SHARES)
		refused(bed, attr, PRALLOC_UNLIMITED, -ERANGE, "unlimited", "unlimited");
}

void contract_unlimited_weight(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, set_unlimited);
	finish(&bed);
}

/* What a value stands on, such as the limit of its peak, is set first and put back after it. */
struct ground {
	struct contract_attr attr;
	uint32_t mode;
	char *before;
	struct ground *below;
};

static struct ground *lay_ground(struct contract_bed *bed, const struct contract_attr *attr,
				 uint32_t mode)
{
	char value[PRALLOC_VALUE_TEXT_MAX];
	struct ground *ground;
	struct contract_attr base;
	int r;

	if (!contract_base(attr, &base))
		return NULL;
	ground = calloc(1, sizeof(*ground));
	cr_assert(ground);
	*ground = (struct ground){.attr = base, .mode = mode};
	ground->below = lay_ground(bed, &base, mode);
	ground->before = contract_get(bed, &base, mode);
	if (!ground->before)
		return ground;
	contract_other(bed, &base, mode, value);
	r = contract_set(bed, &base, mode, value);
	if (contract_missing(bed, &base, r)) {
		free(ground->before);
		ground->before = NULL;
		return ground;
	}
	cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
	return ground;
}

static void put_back(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode,
		     const char *before)
{
	cr_assert_eq(contract_set(bed, attr, mode, before), 0, "%s", pr_domain_errmsg(bed->dom));
	contract_expect(bed, attr, mode, before);
}

static void lift_ground(struct contract_bed *bed, struct ground *ground)
{
	if (!ground)
		return;
	if (ground->before)
		put_back(bed, &ground->attr, ground->mode, ground->before);
	lift_ground(bed, ground->below);
	free(ground->before);
	free(ground);
}

/* The text form of what holds gives the same value when it is set. */
static void round_trip(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode)
{
	char *text = contract_get(bed, attr, mode), *again;

	cr_assert(text);
	cr_assert_eq(contract_set(bed, attr, mode, text), 0, "\"%s\": %s", text,
		     pr_domain_errmsg(bed->dom));
	contract_expect(bed, attr, mode, text);
	again = contract_get(bed, attr, mode);
	cr_assert_str_eq(again, text, "%s", attr->info.name);
	free(again);
	free(text);
}

static void try_one_mode(struct contract_bed *bed, const struct contract_attr *attr, uint32_t mode)
{
	char value[PRALLOC_VALUE_TEXT_MAX];
	struct ground *ground;
	char *before;
	int r;

	if (!writable(attr))
		return;
	before = contract_get(bed, attr, mode);
	if (!before)
		return;
	ground = lay_ground(bed, attr, mode);
	contract_other(bed, attr, mode, value);
	r = contract_set(bed, attr, mode, value);
	if (!contract_missing(bed, attr, r)) {
		cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
		cr_assert_str_empty(pr_domain_errmsg(bed->dom), "a text after success");
		contract_expect(bed, attr, mode, value);
		round_trip(bed, attr, mode);
		put_back(bed, attr, mode, before);
		bed->done++;
	}
	lift_ground(bed, ground);
	free(before);
}

static void try_live(struct contract_bed *bed, const struct contract_attr *attr)
{
	try_one_mode(bed, attr, PRALLOC_LIVE);
}

void contract_set_live(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, try_live);
	fprintf(stderr, "%s: %zu live settings written\n", contract->uri, bed.done);
	cr_assert_gt(bed.done, 0);
	contract_close(&bed);
}

static void try_config(struct contract_bed *bed, const struct contract_attr *attr)
{
	try_one_mode(bed, attr, PRALLOC_CONFIG);
}

void contract_set_config(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, try_config);
	fprintf(stderr, "%s: %zu persistent settings written\n", contract->uri, bed.done);
	finish(&bed);
}

static void try_both(struct contract_bed *bed, const struct contract_attr *attr)
{
	char value[PRALLOC_VALUE_TEXT_MAX];
	struct contract_attr base;
	char *live, *config;
	int r;

	if (!writable(attr) || contract_base(attr, &base))
		return;
	live = contract_get(bed, attr, PRALLOC_LIVE);
	config = contract_get(bed, attr, PRALLOC_CONFIG);
	if (live && config) {
		contract_other(bed, attr, PRALLOC_LIVE, value);
		r = contract_set(bed, attr, PRALLOC_LIVE | PRALLOC_CONFIG, value);
		if (contract_missing(bed, attr, r)) {
			/* Neither, then. */
			contract_expect(bed, attr, PRALLOC_LIVE, live);
			contract_expect(bed, attr, PRALLOC_CONFIG, config);
		} else {
			cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
			contract_expect(bed, attr, PRALLOC_LIVE, value);
			contract_expect(bed, attr, PRALLOC_CONFIG, value);
			put_back(bed, attr, PRALLOC_CONFIG, config);
			put_back(bed, attr, PRALLOC_LIVE, live);
			bed->done++;
		}
	}
	free(live);
	free(config);
}

void contract_set_both(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, try_both);
	finish(&bed);
}

/* Where a reset leads: the persistent value, else the default of the table, else NULL. */
static char *reset_value(struct contract_bed *bed, const struct contract_attr *attr)
{
	char *config = contract_get(bed, attr, PRALLOC_CONFIG);
	char text[PRALLOC_VALUE_TEXT_MAX];
	struct pr_value value = {.size = sizeof(value),
				 .type = PRALLOC_TYPE_U64,
				 .number = attr->info.default_value};

	if (config && strcmp(config, "default") != 0)
		return config;
	free(config);
	if (value.number == PRALLOC_DEFAULT)
		return NULL;
	cr_assert_eq(pr_value_format(bed->ctx, attr->info.name, &value, text, sizeof(text), 0), 0);
	return strdup(text);
}

static void reset_one(struct contract_bed *bed, const struct contract_attr *attr)
{
	char value[PRALLOC_VALUE_TEXT_MAX];
	struct contract_attr base;
	char *before, *target, *after;
	int r;

	if (!writable(attr) || contract_base(attr, &base))
		return;
	before = contract_get(bed, attr, PRALLOC_LIVE);
	if (!before)
		return;
	contract_other(bed, attr, PRALLOC_LIVE, value);
	r = contract_set(bed, attr, PRALLOC_LIVE, value);
	if (!contract_missing(bed, attr, r)) {
		cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
		contract_expect(bed, attr, PRALLOC_LIVE, value);
		target = reset_value(bed, attr);
		r = pr_domain_reset(bed->dom, attr->info.name, attr->instance,
				    bed->contract->write_flags);
		cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed->dom));
		after = contract_get(bed, attr, PRALLOC_LIVE);
		if (target)
			contract_expect(bed, attr, PRALLOC_LIVE, target);
		else
			cr_assert(after && !contract_same(attr, after, value),
				  "%s is still %s after reset", attr->info.name, value);
		put_back(bed, attr, PRALLOC_LIVE, before);
		free(target);
		free(after);
		bed->done++;
	}
	free(before);
}

void contract_reset(const struct contract *contract)
{
	struct contract_bed bed;

	contract_open(&bed, contract);
	contract_each(&bed, reset_one);
	cr_assert_gt(bed.done, 0);
	contract_close(&bed);
}
