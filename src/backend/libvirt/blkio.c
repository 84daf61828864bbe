/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host's kernel does with the I/O of a domain: its weight, and limits per device. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 16

static bool is_weight(const struct pri_change *change)
{
	return change->serve->attr == PRI_IO_WEIGHT;
}

/* libvirt 9 writes blkio.weight_device and io.weight, which only CFQ and io.cost look at. */
static int refuse_device_weight(const struct pri_change *change, struct pri_lv_fault *fault)
{
	if (!is_weight(change) || !*change->instance)
		return 0;
	return pri_lv_fail(fault, -EOPNOTSUPP,
			   "libvirt cannot set the weight of one device with BFQ; the weight "
			   "without a device holds for all of them");
}

/* A list is "PATH,VALUE,PATH,VALUE". */
static uint64_t value_in_list(const char *list, const char *path)
{
	size_t length = strlen(path);

	while (list && *list) {
		const char *value = strchr(list, ',');

		if (!value)
			return 0;
		if ((size_t)(value - list) == length && strncmp(list, path, length) == 0)
			return strtoull(value + 1, NULL, 10);
		list = strchr(value + 1, ',');
		list = list ? list + 1 : NULL;
	}
	return 0;
}

/* Where nothing is set, a running domain has the kernel's weight. */
static void hold_weight(struct pri_change *change, uint64_t raw)
{
	if (raw)
		change->held.number = raw;
	else
		change->held.number = change->mode == PRALLOC_LIVE ? change->attr->def
								   : PRALLOC_DEFAULT;
}

static void hold(const struct pri_lv_op *op, struct pri_change *change, virTypedParameterPtr params,
		 int n)
{
	const char *name = pri_lv_row(change)->parameter, *list = NULL;
	struct pri_lv_fault fault;
	uint64_t weight = 0;

	if (refuse_device_weight(change, &fault) < 0)
		pri_lv_core->fail_change(op->call, change, fault.code, "%s", fault.text);
	else if (is_weight(change) && pri_lv_params_number(params, n, name, &weight))
		hold_weight(change, weight);
	else if (!is_weight(change) && virTypedParamsGetString(params, n, name, &list) == 1)
		pri_lv_hold(change, value_in_list(list, change->instance));
	else
		pri_lv_core->fail_change(op->call, change, -ENODATA,
					 "libvirt does not report %s for this domain", name);
}

static int blkio_read(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virDomainGetBlkioParameters, op->ptr, params, &n, op->affect) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		hold(op, op->changes[i], params, n);
	virTypedParamsClear(params, n);
	return 0;
}

/* libvirt keeps a persistent limit of a device that is not there, and then does not start the
 * domain: "Path is not accessible". */
static int check_device(struct pri_lv_op *op, const struct pri_change *change)
{
	const char *path = change->instance;

	if (is_weight(change))
		return refuse_device_weight(change, &op->fault);
	if (strchr(path, ','))
		return pri_lv_fail(&op->fault, -EOPNOTSUPP,
				   "libvirt's lists of devices cannot hold a path with a comma");
	if (!op->host->local || change->wanted.number > PRI_NUMBER_MAX || access(path, F_OK) == 0)
		return 0;
	return pri_lv_fail(&op->fault, -ENODEV,
			   "this host has no device %s: with a limit of it the domain does not "
			   "start",
			   path);
}

static bool same_parameter(const struct pri_change *a, const struct pri_change *b)
{
	return strcmp(pri_lv_row(a)->parameter, pri_lv_row(b)->parameter) == 0;
}

static bool first_of_parameter(const struct pri_lv_op *op, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_parameter(op->changes[k], op->changes[i]))
			return false;
	return true;
}

/* All devices of one parameter.  libvirt leaves those alone that are not in the list. */
static char *list_of(const struct pri_lv_op *op, size_t first)
{
	char *list = NULL;
	size_t size;
	FILE *out = open_memstream(&list, &size);

	if (!out)
		return NULL;
	for (size_t i = first; i < op->n; i++) {
		const struct pri_change *change = op->changes[i];
		uint64_t value = change->wanted.number;

		if (same_parameter(op->changes[first], change))
			fprintf(out, "%s%s,%" PRIu64, i > first ? "," : "", change->instance,
				value > PRI_NUMBER_MAX ? 0 : value);
	}
	if (fclose(out) == 0)
		return list;
	free(list);
	return NULL;
}

static int put(struct pri_lv_op *op, size_t i, virTypedParameterPtr params, int *n)
{
	const struct pri_change *change = op->changes[i];
	virTypedParameterPtr param;

	if (is_weight(change)) {
		pri_lv_param_put(params, n, change);
		return 0;
	}
	param = &params[*n];
	param->value.s = list_of(op, i);
	if (!param->value.s)
		return pri_lv_fail(&op->fault, -ENOMEM, "out of memory");
	snprintf(param->field, sizeof(param->field), "%s", pri_lv_row(change)->parameter);
	param->type = VIR_TYPED_PARAM_STRING;
	(*n)++;
	return 0;
}

static int blkio_write(struct pri_lv_op *op)
{
	virTypedParameter params[PARAMS_MAX] = {0};
	int n = 0, r = 0;

	for (size_t i = 0; i < op->n; i++)
		if (check_device(op, op->changes[i]) < 0)
			return -1;
	for (size_t i = 0; r == 0 && i < op->n; i++)
		if (first_of_parameter(op, i))
			r = put(op, i, params, &n);
	if (r == 0)
		r = PRI_LV(op->host, virDomainSetBlkioParameters, op->ptr, params, n, op->affect);
	virTypedParamsClear(params, n);
	if (r < 0)
		return -1;
	pri_lv_all_took(op);
	return 0;
}

static int blkio_check(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++)
		if (check_device(op, op->changes[i]) < 0)
			pri_lv_fail_one(op, op->changes[i]);
	return 0;
}

const struct pri_lv_family pri_lv_blkio = {
	.read = blkio_read, .write = blkio_write, .check = blkio_check};
