/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CPUs that vCPUs and the emulator may run on: lists to bitmaps and back. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

/* "1023-1022," */
#define RANGE_TEXT_MAX 24

/* The core has brought the text into its canonical form: "0,2-3".  CPUs that the map has no
 * room for do not exist. */
static void list_to_map(const char *text, unsigned char *map, size_t length)
{
	while (*text) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = first; cpu <= last && cpu / 8 < length; cpu++)
			VIR_USE_CPU(map, cpu);
		text = *end == ',' ? end + 1 : end + strlen(end);
	}
}

static void fill_map(unsigned char *map, unsigned int cpus)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		VIR_USE_CPU(map, cpu);
}

static bool is_full(const unsigned char *map, unsigned int cpus)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		if (!VIR_CPU_USED(map, cpu))
			return false;
	return true;
}

/* malloc'ed, NULL when out of memory. */
static char *map_to_list(const unsigned char *map, unsigned int cpus)
{
	size_t size = (size_t)cpus * RANGE_TEXT_MAX / 2 + RANGE_TEXT_MAX, length = 0;
	char *text = calloc(1, size);

	for (unsigned int cpu = 0; text && cpu < cpus; cpu++) {
		unsigned int last = cpu;

		if (!VIR_CPU_USED(map, cpu))
			continue;
		while (last + 1 < cpus && VIR_CPU_USED(map, last + 1))
			last++;
		length += (size_t)snprintf(text + length, size - length,
					   last > cpu ? "%s%u-%u" : "%s%u", length ? "," : "", cpu,
					   last);
		cpu = last;
	}
	return text;
}

/* All CPUs is what holds where nothing is set. */
static int hold(const struct pri_lv_op *op, struct pri_change *change, const unsigned char *map)
{
	unsigned int cpus = op->host->cpu_count;
	pri_autofree char *text = NULL;
	int r;

	if (change->wanted.number == PRALLOC_DEFAULT && is_full(map, cpus)) {
		change->held.number = PRALLOC_DEFAULT;
		return pri_lv_core->value_set_text(&change->held, NULL);
	}
	text = map_to_list(map, cpus);
	change->held.number = 0;
	r = text ? pri_lv_core->value_set_text(&change->held, text) : -ENOMEM;
	return r < 0 ? pri_lv_core->fail_change(op->call, change, r, "out of memory") : 0;
}

static unsigned char *map_wanted(const struct pri_lv_op *op, const struct pri_change *change,
				 size_t length)
{
	unsigned char *map = calloc(1, length);

	if (map && change->wanted.text)
		list_to_map(change->wanted.text, map, length);
	else if (map)
		fill_map(map, op->host->cpu_count);
	return map;
}

static int out_of_memory(struct pri_lv_op *op)
{
	pri_lv_fail(&op->fault, -ENOMEM, "out of memory");
	return -1;
}

static unsigned int vcpu_of(const struct pri_change *change)
{
	return (unsigned int)strtoul(change->instance, NULL, 10);
}

/* libvirt leaves vCPUs that are not plugged out of its maps: a number is an index as long as
 * there is no gap before it, and libvirt's own setVcpus leaves none. */
static int vcpu_read(struct pri_lv_op *op)
{
	size_t length = VIR_CPU_MAPLEN(op->host->cpu_count);
	pri_autofree unsigned char *maps = NULL;
	unsigned int highest = 0;
	int n;

	for (size_t i = 0; i < op->n; i++)
		if (vcpu_of(op->changes[i]) > highest)
			highest = vcpu_of(op->changes[i]);
	maps = calloc((size_t)highest + 1, length);
	if (!maps)
		return out_of_memory(op);
	n = PRI_LV(op->host, virDomainGetVcpuPinInfo, op->ptr, (int)highest + 1, maps, (int)length,
		   op->affect);
	if (n < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++) {
		unsigned int vcpu = vcpu_of(op->changes[i]);

		if (vcpu < (unsigned int)n)
			hold(op, op->changes[i], VIR_GET_CPUMAP(maps, length, vcpu));
		else
			pri_lv_core->fail_change(op->call, op->changes[i], -ENODEV,
						 "there is no vCPU %u", vcpu);
	}
	return 0;
}

/* libvirt says "invalid argument" of a vCPU that is not there. */
static int refine_missing_vcpu(struct pri_lv_op *op, unsigned int vcpu)
{
	int n;

	pri_lv_fault_take(&op->fault, op->host, op->ptr, op->mode);
	if (op->fault.lost || op->fault.gone || op->fault.code == -ENOTCONN)
		return -1;
	n = PRI_LV(op->host, virDomainGetVcpusFlags, op->ptr, op->affect);
	virResetLastError();
	if (n >= 0 && vcpu >= (unsigned int)n)
		pri_lv_fail(&op->fault, -ENODEV, "there is no vCPU %u (the domain has %d)", vcpu,
			    n);
	return -1;
}

/* The test driver takes no flags; for a running domain they mean the same. */
static int pin_vcpu(struct pri_lv_op *op, unsigned int vcpu, unsigned char *map, int length)
{
	if (op->host->driver == PRI_LV_TEST)
		return PRI_LV(op->host, virDomainPinVcpu, op->ptr, vcpu, map, length);
	return PRI_LV(op->host, virDomainPinVcpuFlags, op->ptr, vcpu, map, length, op->affect);
}

static int vcpu_write(struct pri_lv_op *op)
{
	size_t length = VIR_CPU_MAPLEN(op->host->cpu_count);

	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		pri_autofree unsigned char *map = map_wanted(op, change, length);

		if (!map)
			return out_of_memory(op);
		if (pin_vcpu(op, vcpu_of(change), map, (int)length) < 0)
			return refine_missing_vcpu(op, vcpu_of(change));
		change->took = true;
	}
	return 0;
}

static int emulator_read(struct pri_lv_op *op)
{
	size_t length = VIR_CPU_MAPLEN(op->host->cpu_count);
	pri_autofree unsigned char *map = calloc(1, length);

	if (!map)
		return out_of_memory(op);
	if (PRI_LV(op->host, virDomainGetEmulatorPinInfo, op->ptr, map, (int)length, op->affect) <
	    0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		hold(op, op->changes[i], map);
	return 0;
}

static int emulator_write(struct pri_lv_op *op)
{
	size_t length = VIR_CPU_MAPLEN(op->host->cpu_count);

	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		pri_autofree unsigned char *map = map_wanted(op, change, length);

		if (!map)
			return out_of_memory(op);
		if (PRI_LV(op->host, virDomainPinEmulator, op->ptr, map, (int)length, op->affect) <
		    0)
			return -1;
		change->took = true;
	}
	return 0;
}

const struct pri_lv_family pri_lv_vcpu_pin = {.read = vcpu_read, .write = vcpu_write};
const struct pri_lv_family pri_lv_emulator_pin = {.read = emulator_read, .write = emulator_write};
