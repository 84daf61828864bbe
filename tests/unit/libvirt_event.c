/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's events become, without a libvirtd that sends them. */
#include "backend/libvirt/libvirt.h"
#include "fixture.h"

static const struct {
	int event, detail, type;
} lifecycles[] = {
	{VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_BOOTED, PRALLOC_EVENT_STARTED},
	{VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_RESTORED, PRALLOC_EVENT_STARTED},
	{VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED, PRALLOC_EVENT_MIGRATED},
	{VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_CRASHED, PRALLOC_EVENT_STOPPED},
	{VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_SAVED, PRALLOC_EVENT_STOPPED},
	{VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED, PRALLOC_EVENT_MIGRATED},
	{VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_ADDED, 0},
	{VIR_DOMAIN_EVENT_SUSPENDED, VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED, 0},
	{VIR_DOMAIN_EVENT_RESUMED, VIR_DOMAIN_EVENT_RESUMED_MIGRATED, 0},
	{VIR_DOMAIN_EVENT_SHUTDOWN, VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED, 0},
};

Test(libvirt_event, lifecycle)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(lifecycles); i++)
		cr_expect_eq(pri_lv_lifecycle_type(lifecycles[i].event, lifecycles[i].detail),
			     lifecycles[i].type, "event %d, detail %d", lifecycles[i].event,
			     lifecycles[i].detail);
}

#define PIN(text)                                                                                  \
	{                                                                                          \
		.type = VIR_TYPED_PARAM_STRING, .value.s = (text)                                  \
	}
#define NUMBER(number)                                                                             \
	{                                                                                          \
		.type = VIR_TYPED_PARAM_ULLONG, .value.ul = (number)                               \
	}
#define SIGNED(number)                                                                             \
	{                                                                                          \
		.type = VIR_TYPED_PARAM_LLONG, .value.l = (number)                                 \
	}

static char cpus[] = "0-1", group[] = "gold";

static const struct {
	const char *field;
	virTypedParameter param;
	int cgroup;
	const char *attribute; /* NULL: none of ours */
	const char *instance;
	uint64_t number;
	const char *text;
} settings[] = {
	{"cputune.cpu_shares", NUMBER(2048), 1, "cpu.shares", "", 2048, NULL},
	{"cputune.cpu_shares", NUMBER(200), 2, "cpu.shares", "", 2048, NULL},
	{"cputune.vcpu_quota", SIGNED(-1), 1, "cpu.vcpu_quota", "", PRALLOC_UNLIMITED, NULL},
	{"cputune.vcpu_quota", SIGNED(5000), 1, "cpu.vcpu_quota", "", 5000, NULL},
	{"cputune.global_period", NUMBER(90000), 1, "cpu.period", "", 90000, NULL},
	{"cputune.vcpupin3", PIN(cpus), 1, "cpu.pin", "3", 0, cpus},
	{"cputune.emulatorpin", PIN(cpus), 1, "cpu.emulator_pin", "", 0, cpus},
	{"cputune.iothreadpin1", PIN(cpus), 1, NULL, NULL, 0, NULL},
	{"blkdeviotune.total_bytes_sec", NUMBER(7000), 1, "io.guest.total_bytes", "", 7000, NULL},
	{"blkdeviotune.read_iops_sec", NUMBER(0), 1, "io.guest.read_iops", "", PRALLOC_UNLIMITED,
	 NULL},
	{"blkdeviotune.write_iops_sec_max", NUMBER(9), 1, "io.guest.write_iops_max", "", 9, NULL},
	{"blkdeviotune.read_bytes_sec_max_length", NUMBER(5), 1, "io.guest.read_bytes_max_length",
	 "", 5, NULL},
	{"blkdeviotune.size_iops_sec", NUMBER(4096), 1, "io.guest.iops_size", "", 4096, NULL},
	{"blkdeviotune.group_name", PIN(group), 1, "io.guest.group", "", 0, group},
	{"blkdeviotune.disk", PIN(group), 1, NULL, NULL, 0, NULL},
	{"blkdeviotune.something_new", NUMBER(1), 1, NULL, NULL, 0, NULL},
	{"other.cpu_shares", NUMBER(1), 1, NULL, NULL, 0, NULL},
};

Test(libvirt_event, tunable)
{
	PRI_BACKEND_ENTRY(&pri_core_services);
	for (size_t i = 0; i < PRI_ARRAY_SIZE(settings); i++) {
		struct pri_lv_host host = {.driver = PRI_LV_QEMU,
					   .cgroup_version = settings[i].cgroup};
		const char *field = settings[i].field, *wanted = settings[i].attribute;
		virTypedParameter param = settings[i].param;
		struct pri_change change;
		bool ours;

		snprintf(param.field, sizeof(param.field), "%s", field);
		ours = pri_lv_tunable_setting(&host, &param, &change);
		cr_expect_eq(ours, wanted != NULL, "%s", field);
		if (!ours || !wanted)
			continue;
		cr_expect_str_eq(pri_attrs[change.serve->attr].name, wanted, "%s", field);
		cr_expect_str_eq(change.instance, settings[i].instance, "%s", field);
		cr_expect_eq(change.held.number, settings[i].number, "%s: %" PRIu64, field,
			     change.held.number);
		cr_expect_eq(change.held.text, settings[i].text, "%s", field);
	}
}
