/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain's disks and interfaces have moved, from one call for all of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/libvirt/libvirt.h"

/* The row's tag: which statistics, and how libvirt names them. */
static const char *prefix_of(const struct pri_change *change)
{
	return pri_lv_row(change)->tag == VIR_DOMAIN_STATS_BLOCK ? "block" : "net";
}

/* libvirt tells interfaces by their taps, whose names are others after each start. */
static const char *name_of(const struct pri_lv_xml *xml, const struct pri_change *change)
{
	if (pri_lv_row(change)->tag == VIR_DOMAIN_STATS_BLOCK)
		return change->instance;
	for (size_t i = 0; i < xml->nic_count; i++)
		if (xml->nics[i].mac && strcmp(xml->nics[i].mac, change->instance) == 0)
			return xml->nics[i].tap;
	return NULL;
}

static bool is_named(const virDomainStatsRecord *record, const char *prefix, unsigned int i,
		     const char *name)
{
	char field[VIR_TYPED_PARAM_FIELD_LENGTH];
	const char *found = NULL;

	snprintf(field, sizeof(field), "%s.%u.name", prefix, i);
	return virTypedParamsGetString(record->params, record->nparams, field, &found) == 1 &&
	       found && strcmp(found, name) == 0;
}

/* The sum over what has this name, "" for all.  False when nothing has. */
static bool sum(const virDomainStatsRecord *record, const struct pri_change *change,
		const char *name, uint64_t *ret_sum)
{
	const char *prefix = prefix_of(change);
	char field[VIR_TYPED_PARAM_FIELD_LENGTH];
	unsigned int count = 0;
	bool found = false;

	*ret_sum = 0;
	snprintf(field, sizeof(field), "%s.count", prefix);
	virTypedParamsGetUInt(record->params, record->nparams, field, &count);
	for (unsigned int i = 0; i < count; i++) {
		unsigned long long value;

		if (*name && !is_named(record, prefix, i, name))
			continue;
		snprintf(field, sizeof(field), "%s.%u.%s", prefix, i,
			 pri_lv_row(change)->parameter);
		if (virTypedParamsGetULLong(record->params, record->nparams, field, &value) != 1)
			continue;
		*ret_sum += value;
		found = true;
	}
	return found;
}

static void hold_all(struct pri_lv_op *op, const virDomainStatsRecord *record,
		     const struct pri_lv_xml *xml)
{
	for (size_t i = 0; i < op->n; i++) {
		struct pri_change *change = op->changes[i];
		const char *name = name_of(xml, change);

		if (!name || !sum(record, change, name, &change->held.number))
			pri_lv_core->fail_change(op->call, change, -ENODATA,
						 "libvirt reports no such statistics");
	}
}

static int stats_read(struct pri_lv_op *op)
{
	virDomainPtr domains[] = {op->ptr, NULL};
	virDomainStatsRecordPtr *records = NULL;
	const struct pri_lv_xml *xml;
	unsigned int groups = 0;
	int n;

	/* It fails for a domain that does not run. */
	if (pri_lv_xml_cached(op, &xml) < 0)
		return -1;
	for (size_t i = 0; i < op->n; i++)
		groups |= (unsigned int)pri_lv_row(op->changes[i])->tag;
	n = PRI_LV(op->host, virDomainListGetStats, domains, groups, &records, 0);
	if (n < 0)
		return -1;
	if (n == 1)
		hold_all(op, records[0], xml);
	virDomainStatsRecordListFree(records);
	if (n == 1)
		return 0;
	pri_lv_fail(&op->fault, -ENODATA, "libvirt reports no statistics of this domain");
	return -1;
}

const struct pri_lv_family pri_lv_stats = {.read = stats_read};
