/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed parameters and the changes that they carry. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

static uint64_t raw_of(const struct pri_change *change)
{
	const struct pri_lv_row *row = pri_lv_row(change);
	uint64_t value = change->wanted.number;

	if (value == PRALLOC_UNLIMITED)
		return row->scale->unlimited_raw;
	if (value == PRALLOC_DEFAULT)
		return row->scale->unset_raw;
	return row->serve.encode ? row->serve.encode(value) : value / row->scale->factor;
}

void pri_lv_param_put(virTypedParameterPtr params, int *n, const struct pri_change *change)
{
	const struct pri_lv_row *row = pri_lv_row(change);
	virTypedParameterPtr param = &params[(*n)++];

	snprintf(param->field, sizeof(param->field), "%s", row->parameter);
	param->type = row->scale->type;
	if (param->type == VIR_TYPED_PARAM_LLONG)
		param->value.l = (long long)raw_of(change);
	else if (param->type == VIR_TYPED_PARAM_UINT)
		param->value.ui = (unsigned int)raw_of(change);
	else
		param->value.ul = raw_of(change);
}

static bool is_unlimited(const struct pri_lv_scale *scale, uint64_t raw)
{
	/* A negative quota is no quota. */
	if (scale->type == VIR_TYPED_PARAM_LLONG && (int64_t)raw < 0)
		return true;
	if (scale->zero_is_unlimited && raw == 0)
		return true;
	return scale->unlimited_from && raw >= scale->unlimited_from;
}

void pri_lv_hold(struct pri_change *change, uint64_t raw)
{
	const struct pri_lv_row *row = pri_lv_row(change);
	const struct pri_lv_scale *scale = row->scale;
	uint64_t *held = &change->held.number;
	bool tellable = change->mode != PRALLOC_CONFIG || !scale->config_unlimited_is_unset;

	if (is_unlimited(scale, raw))
		*held = tellable || change->wanted.number == PRALLOC_UNLIMITED ? PRALLOC_UNLIMITED
									       : PRALLOC_DEFAULT;
	else if (raw == 0 && scale->zero_is_unset)
		*held = PRALLOC_DEFAULT;
	else
		*held = row->serve.decode ? row->serve.decode(raw) : raw * scale->factor;
}

uint64_t pri_lv_param_number(const virTypedParameter *param)
{
	switch (param->type) {
	case VIR_TYPED_PARAM_INT:
		return (uint64_t)(int64_t)param->value.i;
	case VIR_TYPED_PARAM_UINT:
		return param->value.ui;
	case VIR_TYPED_PARAM_LLONG:
		return (uint64_t)param->value.l;
	default:
		return param->value.ul;
	}
}

static const virTypedParameter *find(const virTypedParameter *params, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(params[i].field, name) == 0)
			return &params[i];
	return NULL;
}

bool pri_lv_params_number(virTypedParameterPtr params, int n, const char *name, uint64_t *number)
{
	const virTypedParameter *param = find(params, n, name);

	if (param)
		*number = pri_lv_param_number(param);
	return param != NULL;
}

void pri_lv_params_hold(const struct pri_lv_op *op, virTypedParameterPtr params, int n)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		const char *name = pri_lv_row(change)->parameter;
		const virTypedParameter *param = find(params, n, name);

		if (param)
			pri_lv_hold(change, pri_lv_param_number(param));
		else
			pri_lv_core->fail_change(op->call, change, -ENODATA,
						 "libvirt does not report %s for this domain",
						 name);
	}
}

bool pri_lv_first_of_instance(const struct pri_lv_op *op, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(op->changes[k]->instance, op->changes[i]->instance) == 0)
			return false;
	return true;
}

void pri_lv_fail_each(const struct pri_lv_op *op, int code, const char *text)
{
	for (size_t i = 0; i < op->n; i++)
		pri_lv_core->fail_change(op->call, op->changes[i], code, "%s", text);
}

void pri_lv_fail_one(struct pri_lv_op *op, struct pri_change *change)
{
	pri_lv_core->fail_change(op->call, change, op->fault.code, "%s", op->fault.text);
	op->fault = (struct pri_lv_fault){0};
}

void pri_lv_all_took(const struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++)
		op->changes[i]->took = true;
}
