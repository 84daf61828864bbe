/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's events: what is registered, and what each becomes for the host's queue.
 *
 * Callbacks run in the thread of the event loop, ours or the application's.  They make no call of
 * libvirt that asks anybody, and touch nothing of the host but its struct pri_wake.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pralloc/event.h>

#include "backend/libvirt/libvirt.h"

#define ANY_DETAIL (-1)
#define CPU_PREFIX "cputune."
#define BLOCK_PREFIX "blkdeviotune."
/* Behind it stands the number of the vCPU. */
#define VCPU_PIN "vcpupin"
#define EMULATOR_PIN "emulatorpin"

/* The first that fits.  A domain that is shut down, paused or defined is no news for us. */
static const struct {
	int event, detail, type;
} lifecycles[] = {
	{VIR_DOMAIN_EVENT_STARTED, VIR_DOMAIN_EVENT_STARTED_MIGRATED, PRALLOC_EVENT_MIGRATED},
	{VIR_DOMAIN_EVENT_STARTED, ANY_DETAIL, PRALLOC_EVENT_STARTED},
	{VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_MIGRATED, PRALLOC_EVENT_MIGRATED},
	{VIR_DOMAIN_EVENT_STOPPED, ANY_DETAIL, PRALLOC_EVENT_STOPPED},
};

/* An event of a domain.  Its texts are in who. */
static struct pri_event event_of(virDomainPtr dom, int type, struct pri_identity *who)
{
	virDomainGetUUIDString(dom, who->uuid);
	snprintf(who->name, sizeof(who->name), "%s", virDomainGetName(dom));
	return (struct pri_event){
		.type = type, .uuid = who->uuid, .name = who->name, .attr = PRI_ATTR_NONE};
}

static void on_balloon(virConnectPtr conn, virDomainPtr dom, unsigned long long actual,
		       void *opaque)
{
	struct pri_value after = {.number = actual * 1024};
	struct pri_identity who;
	struct pri_event event = event_of(dom, PRALLOC_EVENT_BALLOON_CHANGED, &who);

	(void)conn;
	event.attr = PRI_MEM_BALLOON;
	event.after = &after;
	pri_wake_up(opaque, /* xml_may_change= */ false);
	pri_wake_tell(opaque, &event);
}

int pri_lv_lifecycle_type(int event, int detail)
{
	for (size_t i = 0; i < PRI_ARRAY_SIZE(lifecycles); i++)
		if (lifecycles[i].event == event &&
		    (lifecycles[i].detail == detail || lifecycles[i].detail == ANY_DETAIL))
			return lifecycles[i].type;
	return 0;
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
	int type = pri_lv_lifecycle_type(event, detail);
	struct pri_identity who;
	struct pri_event told = event_of(dom, type, &who);

	(void)conn;
	pri_wake_up(opaque, /* xml_may_change= */ true);
	if (type)
		pri_wake_tell(opaque, &told);
	return 0;
}

static void on_device(virConnectPtr conn, virDomainPtr dom, const char *alias, void *opaque)
{
	(void)conn;
	(void)dom;
	(void)alias;
	pri_wake_up(opaque, /* xml_may_change= */ true);
}

/* What a virtio-mem device has plugged. */
static void on_memory_size(virConnectPtr conn, virDomainPtr dom, const char *alias,
			   unsigned long long size, void *opaque)
{
	(void)conn;
	(void)dom;
	(void)alias;
	(void)size;
	pri_wake_up(opaque, /* xml_may_change= */ true);
}

static void on_reboot(virConnectPtr conn, virDomainPtr dom, void *opaque)
{
	struct pri_identity who;
	struct pri_event event = event_of(dom, PRALLOC_EVENT_REBOOTED, &who);

	(void)conn;
	pri_wake_tell(opaque, &event);
}

/* The rest of the name is that of the typed parameter of a row. */
static int cpu_attr(const struct pri_lv_host *host, const char *name, const char **instance)
{
	if (strncmp(name, VCPU_PIN, strlen(VCPU_PIN)) == 0) {
		*instance = name + strlen(VCPU_PIN);
		return PRI_CPU_PIN;
	}
	if (strcmp(name, EMULATOR_PIN) == 0)
		return PRI_CPU_EMULATOR_PIN;
	for (int attr = PRI_CPU_SHARES; attr <= PRI_CPU_IOTHREAD_PERIOD; attr++) {
		const struct pri_lv_row *row = pri_lv_row_find(host, attr);

		if (row && row->parameter && strcmp(row->parameter, name) == 0)
			return attr;
	}
	return PRI_ATTR_NONE;
}

/* "total_bytes_sec_max" is io.guest.total_bytes_max. */
static int disk_attr(const char *name)
{
	const char *unit = strstr(name, "_sec");
	char ours[PRI_NAME_MAX];

	if (strcmp(name, VIR_DOMAIN_BLOCK_IOTUNE_SIZE_IOPS_SEC) == 0)
		return PRI_IO_GUEST_IOPS_SIZE;
	if (strcmp(name, VIR_DOMAIN_BLOCK_IOTUNE_GROUP_NAME) == 0)
		return PRI_IO_GUEST_GROUP;
	if (!unit)
		return PRI_ATTR_NONE;
	snprintf(ours, sizeof(ours), "io.guest.%.*s%s", (int)(unit - name), name,
		 unit + strlen("_sec"));
	for (int attr = PRI_IO_GUEST_TOTAL_BYTES; attr < PRI_IO_GUEST_IOPS_SIZE; attr++)
		if (strcmp(pri_lv_core->attrs[attr].name, ours) == 0)
			return attr;
	return PRI_ATTR_NONE;
}

static int attr_of(const struct pri_lv_host *host, const char *field, const char **instance)
{
	if (strncmp(field, CPU_PREFIX, strlen(CPU_PREFIX)) == 0)
		return cpu_attr(host, field + strlen(CPU_PREFIX), instance);
	if (strncmp(field, BLOCK_PREFIX, strlen(BLOCK_PREFIX)) == 0)
		return disk_attr(field + strlen(BLOCK_PREFIX));
	return PRI_ATTR_NONE;
}

/* A disk's limit: 0 is none. */
static void hold_limit(struct pri_change *change, uint64_t raw)
{
	bool limit = change->attr->properties & PRALLOC_ATTR_UNLIMITED;

	change->held.number = raw;
	if (raw == 0)
		change->held.number = limit ? PRALLOC_UNLIMITED : PRALLOC_DEFAULT;
}

bool pri_lv_tunable_setting(const struct pri_lv_host *host, const virTypedParameter *param,
			    struct pri_change *change)
{
	const struct pri_lv_row *row;
	int attr;

	*change = (struct pri_change){.instance = "", .mode = PRALLOC_LIVE};
	attr = attr_of(host, param->field, &change->instance);
	row = attr == PRI_ATTR_NONE ? NULL : pri_lv_row_find(host, attr);
	if (!row)
		return false;
	change->serve = &row->serve;
	change->attr = &pri_lv_core->attrs[attr];
	if (param->type == VIR_TYPED_PARAM_STRING)
		change->held.text = param->value.s;
	else if (attr >= PRI_IO_GUEST_TOTAL_BYTES)
		hold_limit(change, pri_lv_param_number(param));
	else
		pri_lv_hold(change, pri_lv_param_number(param));
	return true;
}

/* The disk that the parameters behind it are of. */
static const char *disk_of(virTypedParameterPtr params, int n)
{
	const char *disk = NULL;

	virTypedParamsGetString(params, n, VIR_DOMAIN_TUNABLE_BLKDEV_DISK, &disk);
	return disk;
}

static void on_tunable(virConnectPtr conn, virDomainPtr dom, virTypedParameterPtr params, int n,
		       void *opaque)
{
	const char *disk = disk_of(params, n);
	struct pri_identity who;
	struct pri_event event = event_of(dom, PRALLOC_EVENT_SETTING_CHANGED, &who);
	struct pri_lv_host view;

	(void)conn;
	pri_wake_view(opaque, &view);
	for (int i = 0; i < n; i++) {
		struct pri_change change;

		if (!pri_lv_tunable_setting(&view, &params[i], &change))
			continue;
		event.attr = change.serve->attr;
		event.instance = disk ? disk : change.instance;
		event.after = &change.held;
		pri_wake_tell(opaque, &event);
	}
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
	(void)conn;
	if (reason != VIR_CONNECT_CLOSE_REASON_CLIENT)
		pri_wake_lost(opaque, /* retry_ns= */ 0);
}

static void forget(void *opaque)
{
	pri_wake_unref(opaque);
}

static const struct {
	virConnectDomainEventGenericCallback function;
	int event;
	bool for_cache; /* without it, cached XML would grow old unseen */
} callbacks[PRI_LV_EVENTS] = {
	{VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), VIR_DOMAIN_EVENT_ID_LIFECYCLE, true},
	{VIR_DOMAIN_EVENT_CALLBACK(on_device), VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, true},
	{VIR_DOMAIN_EVENT_CALLBACK(on_device), VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, true},
	{VIR_DOMAIN_EVENT_CALLBACK(on_balloon), VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, false},
	{VIR_DOMAIN_EVENT_CALLBACK(on_memory_size), VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE,
	 false},
	{VIR_DOMAIN_EVENT_CALLBACK(on_reboot), VIR_DOMAIN_EVENT_ID_REBOOT, false},
	{VIR_DOMAIN_EVENT_CALLBACK(on_tunable), VIR_DOMAIN_EVENT_ID_TUNABLE, false},
};

static void never_registered(virConnectPtr conn, int reason, void *opaque)
{
	(void)conn;
	(void)reason;
	(void)opaque;
}

/*
 * A driver without a connection of its own takes a close callback and forgets it, and with it our
 * reference.  Such a one is known by this: it also takes back what it was never given.
 */
static bool has_close_callback(struct pri_lv_host *host)
{
	return PRI_LV(host, virConnectUnregisterCloseCallback, host->conn, never_registered) < 0;
}

/* On a dead connection it cannot be unregistered, and keeps that until the loop has called it: so
 * only for whoever listens. */
static void watch_close(struct pri_lv_host *host)
{
	if (host->close_watched || !pri_wake_is_heard(host->wake) || !has_close_callback(host))
		return;
	pri_wake_ref(host->wake);
	host->close_watched = PRI_LV(host, virConnectRegisterCloseCallback, host->conn, on_close,
				     host->wake, forget) == 0;
	if (!host->close_watched)
		pri_wake_unref(host->wake);
}

bool pri_lv_events_register(struct pri_lv_host *host)
{
	bool all = true;

	for (size_t i = 0; i < PRI_LV_EVENTS; i++) {
		pri_wake_ref(host->wake);
		host->callbacks[i] = PRI_LV(host, virConnectDomainEventRegisterAny, host->conn,
					    NULL, callbacks[i].event, callbacks[i].function,
					    host->wake, forget);
		if (host->callbacks[i] >= 0)
			continue;
		all = all && !callbacks[i].for_cache;
		pri_wake_unref(host->wake);
	}
	watch_close(host);
	virResetLastError();
	return all;
}

void pri_lv_events_deregister(struct pri_lv_host *host)
{
	if (host->close_watched)
		PRI_LV(host, virConnectUnregisterCloseCallback, host->conn, on_close);
	host->close_watched = false;
	for (size_t i = 0; i < PRI_LV_EVENTS; i++)
		if (host->callbacks[i] >= 0)
			PRI_LV(host, virConnectDomainEventDeregisterAny, host->conn,
			       host->callbacks[i]);
}

static int listen_work(struct pri_lv_job *job)
{
	struct pri_lv_host *host = job->host;
	struct pri_lv_fault fault = {0};
	int r;

	host->wants_events = true;
	r = pri_lv_ensure(host, &fault);
	if (r < 0)
		return pri_lv_core->fail(&job->call, r, "%s", fault.text);
	if (host->callbacks[0] < 0) /* lifecycle */
		return pri_lv_core->fail(&job->call, -EOPNOTSUPP,
					 "libvirt tells no events of this host");
	watch_close(host);
	virResetLastError();
	return 0;
}

int pri_lv_listen(struct pri_call *call, struct pri_event_queue *queue)
{
	struct pri_lv_host *host = call->host;
	struct pri_lv_job *job = pri_lv_job_new(call, listen_work);
	int r;

	if (!job)
		return -ENOMEM;
	pri_wake_describe(host->wake, host);
	pri_wake_listen(host->wake, queue);
	r = pri_lv_job_run(call, &job);
	if (r < 0)
		pri_wake_listen(host->wake, NULL);
	pri_lv_job_end(job);
	return r;
}
