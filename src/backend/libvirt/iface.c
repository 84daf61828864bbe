/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rates of interfaces as libvirt has them.  They are written only where somebody has chosen this
 * backend for it: libvirt deletes the tap's qdiscs first, and then makes its own, for which the
 * kernel needs parts that it may lack.  So they are looked for before.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 16
#define MISSING_MAX 128

/* Rows are in the order of the attributes. */
enum { AVERAGE, PEAK, BURST, PARTS };
enum { IN, OUT, DIRECTIONS };
#define NUMBERS (DIRECTIONS * PARTS)

static_assert(PRI_NET_RATE_IN_BURST == PRI_NET_RATE_IN + BURST, "");
static_assert(PRI_NET_RATE_OUT_PEAK == PRI_NET_RATE_IN + OUT * PARTS + PEAK, "");

/* As libvirt counts them; 0: not set. */
struct rates {
	uint64_t numbers[NUMBERS];
	uint64_t floor;
};

static int index_of(const struct pri_change *change)
{
	return change->serve->attr - PRI_NET_RATE_IN;
}

static const char *field_of(const struct pri_lv_op *op, int index)
{
	return pri_lv_row_find(op->host, PRI_NET_RATE_IN + index)->parameter;
}

static const char *name_of(int index)
{
	return pri_lv_core->attrs[PRI_NET_RATE_IN + index].name;
}

/* A parameter that is not there is not set. */
static int read_rates(struct pri_lv_op *op, const char *mac, struct rates *rates)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	*rates = (struct rates){0};
	if (PRI_LV(op->host, virDomainGetInterfaceParameters, op->ptr, mac, params, &n,
		   op->affect) < 0)
		return -1;
	for (int i = 0; i < NUMBERS; i++)
		pri_lv_params_number(params, n, field_of(op, i), &rates->numbers[i]);
	pri_lv_params_number(params, n, VIR_DOMAIN_BANDWIDTH_IN_FLOOR, &rates->floor);
	virTypedParamsClear(params, n);
	return 0;
}

static int iface_read(struct pri_lv_op *op)
{
	struct rates rates;

	for (size_t i = 0; i < op->n; i++) {
		const char *mac = op->changes[i]->instance;

		if (!pri_lv_first_of_instance(op, i))
			continue;
		if (read_rates(op, mac, &rates) < 0)
			return -1;
		for (size_t k = i; k < op->n; k++)
			if (strcmp(op->changes[k]->instance, mac) == 0)
				pri_lv_hold(op->changes[k],
					    rates.numbers[index_of(op->changes[k])]);
	}
	return 0;
}

static bool is_wanted(const struct pri_lv_op *op, const char *mac, int index)
{
	for (size_t i = 0; i < op->n; i++)
		if (index_of(op->changes[i]) == index && strcmp(op->changes[i]->instance, mac) == 0)
			return true;
	return false;
}

/* What will be, where the changes are made.  What stands on a rate goes with it. */
static void rates_after(const struct pri_lv_op *op, const char *mac, struct rates *rates)
{
	for (size_t i = 0; i < op->n; i++) {
		const struct pri_change *change = op->changes[i];
		uint64_t value = change->wanted.number;

		if (strcmp(change->instance, mac) == 0)
			rates->numbers[index_of(change)] =
				value > PRI_NUMBER_MAX ? 0
						       : value / pri_lv_row(change)->scale->factor;
	}
	for (int i = 0; i < NUMBERS; i++)
		if (!rates->numbers[i - i % PARTS] && !is_wanted(op, mac, i))
			rates->numbers[i] = 0;
}

/* What is missing for these rates. */
static unsigned int parts_for(const struct rates *rates)
{
	unsigned int parts = 0;

	if (rates->numbers[(size_t)IN * PARTS])
		parts |= PRI_LV_SHAPE_IN;
	if (rates->numbers[(size_t)OUT * PARTS])
		parts |= PRI_LV_SHAPE_OUT;
	return parts;
}

static int not_known(const struct pri_lv_op *op, struct pri_change *change, const char *why)
{
	if (change->flags & PRALLOC_ALLOW_HARM)
		return 0;
	return pri_lv_core->fail_change(op->call, change, -ENODATA,
					"whether the host's kernel has what libvirt needs is not "
					"known (%s); allow harm to do it all the same",
					why);
}

static int check_kernel(struct pri_lv_op *op, struct pri_change *change, const struct rates *after)
{
	char missing[MISSING_MAX];
	int r;

	if (!op->host->local)
		return not_known(op, change, "it is not this machine");
	r = pri_lv_shape_missing(parts_for(after), missing, sizeof(missing));
	if (r < 0)
		return not_known(op, change, strerror(-r));
	if (!*missing)
		return 0;
	return pri_lv_core->fail_change(op->call, change, -EOPNOTSUPP,
					"the host's kernel lacks %s, without which libvirt deletes "
					"the tap's qdiscs and then fails",
					missing);
}

/* Each change is looked at on its own: others of the same call may come before it. */
static int check_one(struct pri_lv_op *op, struct pri_change *change)
{
	struct pri_lv_op one = *op;
	struct rates rates;

	one.changes = &change;
	one.n = 1;
	if (op->host->driver != PRI_LV_QEMU)
		return 0;
	if (index_of(change) == OUT * PARTS + PEAK && change->wanted.number <= PRI_NUMBER_MAX &&
	    !(change->flags & PRALLOC_ALLOW_INEFFECTIVE))
		return pri_lv_core->fail_change(op->call, change, -EOPNOTSUPP,
						"libvirt keeps it and does nothing with it (allow "
						"ineffective to set it all the same)");
	if (read_rates(op, change->instance, &rates) < 0)
		return -1;
	rates_after(&one, change->instance, &rates);
	return check_kernel(op, change, &rates);
}

static int iface_check(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++)
		if (check_one(op, op->changes[i]) < 0 && op->changes[i]->error == 0)
			return -1;
	return 0;
}

/* libvirt takes a peak without an average, and forgets it. */
static int check_parts(struct pri_lv_op *op, const struct rates *rates)
{
	for (int i = 0; i < NUMBERS; i += PARTS) {
		const uint64_t *numbers = &rates->numbers[i];

		for (int part = PEAK; part <= BURST; part++)
			if (numbers[part] && !numbers[AVERAGE])
				return pri_lv_fail(&op->fault, -EINVAL,
						   "%s needs %s, which is not set for this "
						   "interface",
						   name_of(i + part), name_of(i));
		if (numbers[PEAK] && numbers[PEAK] < numbers[AVERAGE])
			return pri_lv_fail(&op->fault, -EINVAL, "%s cannot be less than %s",
					   name_of(i + PEAK), name_of(i));
	}
	return 0;
}

static void put(virTypedParameterPtr params, int *n, const char *field, uint64_t number)
{
	snprintf(params[*n].field, sizeof(params[*n].field), "%s", field);
	params[*n].type = VIR_TYPED_PARAM_UINT;
	params[(*n)++].value.ui = (unsigned int)number;
}

/* libvirt resets what stands beside a value of a direction, so all of both is written. */
static int write_nic(struct pri_lv_op *op, const char *mac)
{
	virTypedParameter params[NUMBERS + 1] = {0};
	struct rates rates;
	int n = 0;

	if (read_rates(op, mac, &rates) < 0)
		return -1;
	rates_after(op, mac, &rates);
	if (check_parts(op, &rates) < 0)
		return -1;
	for (int i = 0; i < NUMBERS; i++)
		put(params, &n, field_of(op, i), rates.numbers[i]);
	if (rates.floor)
		put(params, &n, VIR_DOMAIN_BANDWIDTH_IN_FLOOR, rates.floor);
	return PRI_LV(op->host, virDomainSetInterfaceParameters, op->ptr, mac, params, n,
		      op->affect);
}

static int iface_write(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		const char *mac = op->changes[i]->instance;

		if (!pri_lv_first_of_instance(op, i))
			continue;
		if (write_nic(op, mac) < 0)
			return -1;
		for (size_t k = i; k < op->n; k++)
			if (strcmp(op->changes[k]->instance, mac) == 0)
				op->changes[k]->took = true;
	}
	return 0;
}

const struct pri_lv_family pri_lv_iface = {
	.read = iface_read, .write = iface_write, .check = iface_check};
