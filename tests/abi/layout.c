/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What programs have compiled in: sizes, offsets and values of the public headers (LP64: the
 * 64-bit Linux ABIs).  Lines are added, never changed, but for the size of a struct that grows at
 * its end.  Enum values and constants stand here only: abidiff does not see them, because
 * functions take them as int.
 */
#include <assert.h>
#include <pralloc.h>
#include <stddef.h>

#define SIZE(type, size) static_assert(sizeof(struct type) == (size), #type)
#define AT(type, member, offset)                                                                   \
	static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define IS(name, value) static_assert((name) == (value), #name)

#ifdef __LP64__
SIZE(pr_attr_info, 80);
AT(pr_attr_info, size, 0);
AT(pr_attr_info, properties, 4);
AT(pr_attr_info, name, 8);
AT(pr_attr_info, summary, 16);
AT(pr_attr_info, resource, 24);
AT(pr_attr_info, target, 28);
AT(pr_attr_info, unit, 32);
AT(pr_attr_info, kind, 36);
AT(pr_attr_info, type, 40);
AT(pr_attr_info, instance, 44);
AT(pr_attr_info, minimum, 48);
AT(pr_attr_info, maximum, 56);
AT(pr_attr_info, default_value, 64);
AT(pr_attr_info, percent_of, 72);

SIZE(pr_reading, 56);
AT(pr_reading, size, 0);
AT(pr_reading, error, 4);
AT(pr_reading, attribute, 8);
AT(pr_reading, instance, 16);
AT(pr_reading, value, 24);
AT(pr_reading, text, 48);

SIZE(pr_read_times, 24);
AT(pr_read_times, size, 0);
AT(pr_read_times, reserved, 4);
AT(pr_read_times, start_ns, 8);
AT(pr_read_times, end_ns, 16);

SIZE(pr_host_info, 64);
AT(pr_host_info, size, 0);
AT(pr_host_info, cpus, 4);
AT(pr_host_info, memory_bytes, 8);
AT(pr_host_info, free_bytes, 16);
AT(pr_host_info, committed_bytes, 24);
AT(pr_host_info, domains, 32);
AT(pr_host_info, running, 36);
AT(pr_host_info, uri, 40);
AT(pr_host_info, backend, 48);
AT(pr_host_info, cgroup_version, 56);

SIZE(pr_event, 96);
AT(pr_event, size, 0);
AT(pr_event, type, 4);
AT(pr_event, domain, 8);
AT(pr_event, uuid, 16);
AT(pr_event, attribute, 24);
AT(pr_event, instance, 32);
AT(pr_event, before, 40);
AT(pr_event, after, 64);
AT(pr_event, time_ns, 88);

SIZE(pr_step, 136);
AT(pr_step, size, 0);
AT(pr_step, status, 4);
AT(pr_step, error, 8);
AT(pr_step, mode, 12);
AT(pr_step, target, 16);
AT(pr_step, attribute, 24);
AT(pr_step, instance, 32);
AT(pr_step, backend, 40);
AT(pr_step, text, 48);
AT(pr_step, before, 56);
AT(pr_step, wanted, 80);
AT(pr_step, after, 104);
AT(pr_step, elapsed_us, 128);

SIZE(pr_value, 24);
AT(pr_value, size, 0);
AT(pr_value, type, 4);
AT(pr_value, number, 8);
AT(pr_value, text, 16);
#endif

IS(PRALLOC_RESOURCE_MEM, 1);
IS(PRALLOC_RESOURCE_CPU, 2);
IS(PRALLOC_RESOURCE_IO, 3);
IS(PRALLOC_RESOURCE_NET, 4);
IS(PRALLOC_TARGET_DOMAIN, 1);
IS(PRALLOC_TARGET_HOST, 2);
IS(PRALLOC_UNIT_COUNT, 1);
IS(PRALLOC_UNIT_BYTES, 2);
IS(PRALLOC_UNIT_BYTES_PER_SEC, 3);
IS(PRALLOC_UNIT_PER_SEC, 4);
IS(PRALLOC_UNIT_USEC, 5);
IS(PRALLOC_UNIT_MSEC, 6);
IS(PRALLOC_UNIT_SEC, 7);
IS(PRALLOC_UNIT_SHARES, 8);
IS(PRALLOC_UNIT_WEIGHT, 9);
IS(PRALLOC_UNIT_VCPUS, 10);
IS(PRALLOC_UNIT_PAGES, 11);
IS(PRALLOC_UNIT_CENTIPERCENT, 12);
IS(PRALLOC_UNIT_CPULIST, 13);
IS(PRALLOC_UNIT_NAME, 14);
IS(PRALLOC_KIND_HARD, 1);
IS(PRALLOC_KIND_SOFT, 2);
IS(PRALLOC_KIND_PARAMETER, 3);
IS(PRALLOC_KIND_READING, 4);
IS(PRALLOC_INSTANCE_NONE, 1);
IS(PRALLOC_INSTANCE_VCPU, 2);
IS(PRALLOC_INSTANCE_DEVICE, 3);
IS(PRALLOC_INSTANCE_DISK, 4);
IS(PRALLOC_INSTANCE_NIC, 5);
IS(PRALLOC_INSTANCE_LINK, 6);
IS(PRALLOC_INSTANCE_MEMORY, 7);
IS(PRALLOC_CPU_DOMAIN, 1);
IS(PRALLOC_CPU_VCPU, 2);
IS(PRALLOC_CPU_EMULATOR, 3);
IS(PRALLOC_CPU_IOTHREAD, 4);
IS(PRALLOC_LOG_ERROR, 1);
IS(PRALLOC_LOG_WARNING, 2);
IS(PRALLOC_LOG_INFO, 3);
IS(PRALLOC_LOG_DEBUG, 4);
IS(PRALLOC_DOMAIN_RUNNING, 1);
IS(PRALLOC_DOMAIN_PAUSED, 2);
IS(PRALLOC_DOMAIN_OFF, 3);
IS(PRALLOC_EVENT_STARTED, 1);
IS(PRALLOC_EVENT_STOPPED, 2);
IS(PRALLOC_EVENT_MIGRATED, 3);
IS(PRALLOC_EVENT_BALLOON_CHANGED, 4);
IS(PRALLOC_EVENT_SETTING_CHANGED, 5);
IS(PRALLOC_EVENT_CONNECTION_LOST, 6);
IS(PRALLOC_EVENT_CONNECTION_BACK, 7);
IS(PRALLOC_EVENT_OVERFLOW, 8);
IS(PRALLOC_EVENT_REBOOTED, 9);
IS(PRALLOC_NET_IN, 1);
IS(PRALLOC_NET_OUT, 2);
IS(PRALLOC_STEP_NEW, 1);
IS(PRALLOC_STEP_OK, 2);
IS(PRALLOC_STEP_REFUSED, 3);
IS(PRALLOC_STEP_APPLIED, 4);
IS(PRALLOC_STEP_FAILED, 5);
IS(PRALLOC_STEP_UNDONE, 6);
IS(PRALLOC_STEP_LEFT, 7);
IS(PRALLOC_TYPE_U64, 1);
IS(PRALLOC_TYPE_TEXT, 2);

IS(PRALLOC_ATTR_WRITABLE, 1);
IS(PRALLOC_ATTR_ASYNC, 2);
IS(PRALLOC_ATTR_INSTANCE_OPTIONAL, 4);
IS(PRALLOC_ATTR_UNLIMITED, 8);
IS(PRALLOC_ATTR_ADDITIVE, 16);
IS(PRALLOC_UNLIMITED, UINT64_C(18446744073709551615));
IS(PRALLOC_DEFAULT, UINT64_C(18446744073709551614));
IS(PRALLOC_LIVE, 1);
IS(PRALLOC_CONFIG, 2);
IS(PRALLOC_NO_VERIFY, 4);
IS(PRALLOC_ALLOW_INEFFECTIVE, 8);
IS(PRALLOC_ALLOW_HARM, 16);
IS(PRALLOC_TIMEOUT_DEFAULT_MS, 30000);
IS(PRALLOC_READ_ONLY, 65536);
IS(PRALLOC_FORMAT_RAW, 65536);
IS(PRALLOC_FORMAT_SHORT, 131072);
IS(PRALLOC_RESTORE_SERVED, 65536);
IS(PRALLOC_VALUE_TEXT_MAX, 64);

int main(void)
{
	return 0;
}
