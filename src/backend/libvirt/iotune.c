/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Limits of a guest's disks, which QEMU keeps.  libvirt resets what stands beside a value that is
 * written, so all of a disk is read, changed and written as one.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

#define PARAMS_MAX 32

/* Rows are in the order of the attributes: for bytes and operations, for all, reads and writes,
 * the limit, its burst, and how long that may last. */
enum { LIMIT, BURST, LENGTH, PARTS };
enum { TOTAL, READS, WRITES, DIRECTIONS };
enum { BYTES, IOPS, CATEGORIES };
#define INDEX(category, direction, part) (((category)*DIRECTIONS + (direction)) * PARTS + (part))
#define SIZE INDEX(CATEGORIES, TOTAL, LIMIT)
#define GROUP (SIZE + 1)
#define NUMBERS GROUP

static_assert(PRI_IO_GUEST_READ_BYTES == PRI_IO_GUEST_TOTAL_BYTES + INDEX(BYTES, READS, LIMIT), "");
static_assert(PRI_IO_GUEST_WRITE_IOPS_MAX_LENGTH ==
		      PRI_IO_GUEST_TOTAL_BYTES + INDEX(IOPS, WRITES, LENGTH),
	      "");
static_assert(PRI_IO_GUEST_IOPS_SIZE == PRI_IO_GUEST_TOTAL_BYTES + SIZE, "");
static_assert(PRI_IO_GUEST_GROUP == PRI_IO_GUEST_TOTAL_BYTES + GROUP, "");

/* QEMU's name for a group that nobody named is the path of the disk's object. */
#define OWN_GROUP "/machine/"
#define GROUP_NAME_MAX 256
/* What a burst lasts where nobody said it. */
#define LENGTH_DEFAULT 1

struct tune {
	uint64_t numbers[NUMBERS]; /* 0: not set */
	char group[GROUP_NAME_MAX];
	bool new_group;
};

static int index_of(const struct pri_change *change)
{
	return change->serve->attr - PRI_IO_GUEST_TOTAL_BYTES;
}

/* The rows tell what libvirt calls it; a host that serves one of them serves all. */
static const char *field_of(const struct pri_lv_op *op, int index)
{
	return pri_lv_row_find(op->host, PRI_IO_GUEST_TOTAL_BYTES + index)->parameter;
}

static const char *name_of(int index)
{
	return pri_lv_core->attrs[PRI_IO_GUEST_TOTAL_BYTES + index].name;
}

static bool is_length(int index)
{
	return index < SIZE && index % PARTS == LENGTH;
}

static void take_params(const struct pri_lv_op *op, struct tune *tune, virTypedParameterPtr params,
			int n)
{
	const char *group = NULL;

	*tune = (struct tune){0};
	for (int i = 0; i < NUMBERS; i++) {
		pri_lv_params_number(params, n, field_of(op, i), &tune->numbers[i]);
		/* QEMU shows its default as if somebody had set it, and libvirt writes it down. */
		if (is_length(i) && tune->numbers[i] == LENGTH_DEFAULT)
			tune->numbers[i] = 0;
	}
	if (virTypedParamsGetString(params, n, field_of(op, GROUP), &group) == 1 && group &&
	    strncmp(group, OWN_GROUP, strlen(OWN_GROUP)) != 0)
		snprintf(tune->group, sizeof(tune->group), "%s", group);
}

static int read_disk(struct pri_lv_op *op, const char *disk, struct tune *tune)
{
	virTypedParameter params[PARAMS_MAX];
	int n = PARAMS_MAX;

	if (PRI_LV(op->host, virDomainGetBlockIoTune, op->ptr, disk, params, &n, op->affect) < 0)
		return -1;
	take_params(op, tune, params, n);
	virTypedParamsClear(params, n);
	return 0;
}

static void hold_group(const struct pri_lv_op *op, struct pri_change *change,
		       const struct tune *tune)
{
	const char *text = *tune->group ? tune->group : NULL;

	change->held.number = text ? 0 : PRALLOC_DEFAULT;
	if (pri_lv_core->value_set_text(&change->held, text) < 0)
		pri_lv_core->fail_change(op->call, change, -ENOMEM, "out of memory");
}

static void hold(const struct pri_lv_op *op, struct pri_change *change, const struct tune *tune)
{
	int index = index_of(change);
	uint64_t raw;

	if (index == GROUP) {
		hold_group(op, change, tune);
		return;
	}
	raw = tune->numbers[index];
	if (is_length(index) && raw == 0 && change->wanted.number == LENGTH_DEFAULT &&
	    tune->numbers[index - 1])
		raw = LENGTH_DEFAULT;
	pri_lv_hold(change, raw);
}

static int iotune_read(struct pri_lv_op *op)
{
	struct tune tune;

	for (size_t i = 0; i < op->n; i++) {
		const char *disk = op->changes[i]->instance;

		if (!pri_lv_first_of_instance(op, i))
			continue;
		if (read_disk(op, disk, &tune) < 0)
			return -1;
		for (size_t k = i; k < op->n; k++)
			if (strcmp(op->changes[k]->instance, disk) == 0)
				hold(op, op->changes[k], &tune);
	}
	return 0;
}

/* A group cannot be unset, only be another one: a path of its own is what QEMU would use. */
static void want_group(struct tune *tune, const struct pri_change *change)
{
	if (!change->wanted.text && !*tune->group)
		return;
	if (change->wanted.text)
		snprintf(tune->group, sizeof(tune->group), "%s", change->wanted.text);
	else
		snprintf(tune->group, sizeof(tune->group), OWN_GROUP "%s", change->instance);
	tune->new_group = true;
}

static void want(struct tune *tune, const struct pri_change *change)
{
	uint64_t value = change->wanted.number;
	int index = index_of(change);

	if (index == GROUP)
		want_group(tune, change);
	else
		tune->numbers[index] = value > PRI_NUMBER_MAX ? 0 : value;
}

static bool is_wanted(const struct pri_lv_op *op, const char *disk, int index)
{
	for (size_t i = 0; i < op->n; i++)
		if (index_of(op->changes[i]) == index &&
		    strcmp(op->changes[i]->instance, disk) == 0)
			return true;
	return false;
}

/* What stands on a value goes with it, unless it is asked for in the same call. */
static void drop_dependents(const struct pri_lv_op *op, const char *disk, struct tune *tune)
{
	uint64_t *numbers = tune->numbers;

	for (int i = 0; i < SIZE; i++)
		if (i % PARTS != LIMIT && numbers[i - 1] == 0 && !is_wanted(op, disk, i))
			numbers[i] = 0;
	if (!numbers[INDEX(IOPS, TOTAL, LIMIT)] && !numbers[INDEX(IOPS, READS, LIMIT)] &&
	    !numbers[INDEX(IOPS, WRITES, LIMIT)] && !is_wanted(op, disk, SIZE))
		numbers[SIZE] = 0;
}

static int refuse_both(struct pri_lv_op *op, const struct tune *tune, int total, int other)
{
	if (!tune->numbers[total] || !tune->numbers[other])
		return 0;
	return pri_lv_fail(&op->fault, -EINVAL,
			   "%s (%" PRIu64 ") and %s (%" PRIu64
			   ") exclude each other: set one of them to unlimited first",
			   name_of(total), tune->numbers[total], name_of(other),
			   tune->numbers[other]);
}

static int check_totals(struct pri_lv_op *op, const struct tune *tune)
{
	int r = 0;

	for (int category = 0; category < CATEGORIES; category++)
		for (int part = LIMIT; r == 0 && part <= BURST; part++)
			for (int d = READS; r == 0 && d <= WRITES; d++)
				r = refuse_both(op, tune, INDEX(category, TOTAL, part),
						INDEX(category, d, part));
	return r;
}

static int check_bursts(struct pri_lv_op *op, const struct tune *tune)
{
	for (int i = LIMIT; i < SIZE; i += PARTS) {
		uint64_t limit = tune->numbers[i], burst = tune->numbers[i + BURST];

		if (burst && !limit)
			return pri_lv_fail(&op->fault, -EINVAL,
					   "%s needs %s, which is not set for this disk",
					   name_of(i + BURST), name_of(i));
		if (burst && burst < limit)
			return pri_lv_fail(&op->fault, -EINVAL,
					   "%s (%" PRIu64 ") cannot be less than %s (%" PRIu64 ")",
					   name_of(i + BURST), burst, name_of(i), limit);
		if (tune->numbers[i + LENGTH] && !burst)
			return pri_lv_fail(&op->fault, -EINVAL,
					   "%s needs %s, which is not set for this disk",
					   name_of(i + LENGTH), name_of(i + BURST));
	}
	return 0;
}

static bool has_limit(const struct tune *tune, int from)
{
	for (int i = from; i < SIZE; i += PARTS)
		if (tune->numbers[i])
			return true;
	return false;
}

/* What QEMU refuses, live or when the domain starts; libvirt takes most of it persistently. */
static int check_tune(struct pri_lv_op *op, const struct tune *tune)
{
	int r = check_totals(op, tune);

	if (r == 0)
		r = check_bursts(op, tune);
	if (r < 0)
		return r;
	if (tune->numbers[SIZE] && !has_limit(tune, INDEX(IOPS, TOTAL, LIMIT)))
		return pri_lv_fail(&op->fault, -EINVAL,
				   "%s needs a limit of operations (%s, or of reads or writes), "
				   "and this disk has none",
				   name_of(SIZE), name_of(INDEX(IOPS, TOTAL, LIMIT)));
	if (tune->new_group && !has_limit(tune, LIMIT))
		return pri_lv_fail(&op->fault, -EINVAL,
				   "%s needs a limit to share, and this disk has none",
				   name_of(GROUP));
	return 0;
}

/* All of a disk as it is to be. */
static int tune_after(struct pri_lv_op *op, const char *disk, struct tune *tune)
{
	if (read_disk(op, disk, tune) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		if (strcmp(op->changes[i]->instance, disk) == 0)
			want(tune, op->changes[i]);
	drop_dependents(op, disk, tune);
	return 0;
}

static int write_disk(struct pri_lv_op *op, const char *disk)
{
	virTypedParameter params[NUMBERS + 1] = {0};
	struct tune tune;
	int n = 0;

	if (tune_after(op, disk, &tune) < 0 || check_tune(op, &tune) < 0)
		return -1;
	for (; n < NUMBERS; n++) {
		snprintf(params[n].field, sizeof(params[n].field), "%s", field_of(op, n));
		params[n].type = VIR_TYPED_PARAM_ULLONG;
		params[n].value.ul = tune.numbers[n];
	}
	if (tune.new_group) {
		snprintf(params[n].field, sizeof(params[n].field), "%s", field_of(op, GROUP));
		params[n].type = VIR_TYPED_PARAM_STRING;
		params[n++].value.s = tune.group;
	}
	return PRI_LV(op->host, virDomainSetBlockIoTune, op->ptr, disk, params, n, op->affect);
}

static int iotune_write(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		const char *disk = op->changes[i]->instance;

		if (!pri_lv_first_of_instance(op, i))
			continue;
		if (write_disk(op, disk) < 0)
			return -1;
		for (size_t k = i; k < op->n; k++)
			if (strcmp(op->changes[k]->instance, disk) == 0)
				op->changes[k]->took = true;
	}
	return 0;
}

/* Of several changes of a disk none can be told from the others as the wrong one. */
static void blame_disk(struct pri_lv_op *op, const char *disk)
{
	struct pri_lv_fault fault = op->fault;

	for (size_t i = 0; i < op->n; i++) {
		if (strcmp(op->changes[i]->instance, disk) != 0)
			continue;
		op->fault = fault;
		pri_lv_fail_one(op, op->changes[i]);
	}
}

static int iotune_check(struct pri_lv_op *op)
{
	for (size_t i = 0; i < op->n; i++) {
		const char *disk = op->changes[i]->instance;
		struct tune tune;

		if (!pri_lv_first_of_instance(op, i))
			continue;
		if (tune_after(op, disk, &tune) < 0)
			return -1;
		if (check_tune(op, &tune) < 0)
			blame_disk(op, disk);
	}
	return 0;
}

const struct pri_lv_family pri_lv_iotune = {
	.read = iotune_read, .write = iotune_write, .check = iotune_check};
