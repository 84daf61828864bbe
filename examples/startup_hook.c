/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * On every start of a VM set its balloon to maximum / RATIO, once the guest's driver is alive.
 *
 *     startup_hook RATIO [SECONDS [URI]]     startup_hook 2 1 qemu:///system
 *
 * Looks every SECONDS; 0 looks once.  A VM that runs at the first look counts as just started; then
 * it is left alone until it is off, its guest is silent for a while, or an event tells of a start.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pralloc.h>

#define VM_MAX 4096
struct vm {
	char uuid[37];
	bool done, excused; /* for this start; was paused, so that its silence is no reboot */
};

static int fail(const char *text)
{
	fprintf(stderr, "startup_hook: %s\n", text);
	return 1;
}

static struct vm *vm_of(const char *uuid)
{
	static struct vm vms[VM_MAX];
	size_t i = 0;

	while (i < VM_MAX && *vms[i].uuid && strcmp(vms[i].uuid, uuid) != 0)
		i++;
	if (i == VM_MAX)
		exit(fail("these are more VMs than it can remember"));
	snprintf(vms[i].uuid, sizeof(vms[i].uuid), "%s", uuid);
	return &vms[i];
}

/* Whether the guest speaks; one that is silent has not started yet, or starts again. */
static bool is_alive(struct pr_domain *dom, struct vm *vm)
{
	uint64_t period, age = 0;
	int r;

	/* A guest is heard only where it is asked for statistics. */
	if (pr_get_u64(dom, "mem.stats_period", NULL, &period, 0) < 0 ||
	    (period == PRALLOC_DEFAULT &&
	     pr_set_u64(dom, "mem.stats_period", NULL, period = 1, 0) < 0))
		return false;
	r = pr_get_u64(dom, "mem.stats_age", NULL, &age, 0);
	if (r == -ENODATA || age > 2 * period + 2) {
		vm->done = vm->done && vm->excused;
		return false;
	}
	vm->excused = vm->excused && r < 0;
	return r == 0 && pr_mem_balloon_ready(dom, 0) == 0;
}

static void set_balloon(struct pr_domain *dom, struct vm *vm, uint64_t ratio)
{
	uint64_t maximum;

	vm->done = pr_get_u64(dom, "mem.maximum", NULL, &maximum, 0) == 0 &&
		   pr_mem_balloon(dom, maximum / ratio, 0) == 0;
	if (vm->done)
		printf("%s: %lu MiB of %lu MiB\n", pr_domain_name(dom),
		       (unsigned long)(maximum / ratio >> 20), (unsigned long)(maximum >> 20));
	else /* the next look tries again */
		fail(pr_domain_errmsg(dom));
}

static int look(struct pr_host *host, uint64_t ratio)
{
	struct pr_event event = {.size = sizeof(event)};
	struct pr_domain *dom = NULL;
	int state, r;

	while (pr_host_next_event(host, &event, 0) > 0)
		if (event.type == PRALLOC_EVENT_REBOOTED || event.type == PRALLOC_EVENT_STARTED)
			vm_of(event.uuid)->done = false;
	while ((r = pr_host_next(host, &dom, 0)) > 0) {
		struct vm *vm = vm_of(pr_domain_uuid(dom));

		if (pr_domain_state(dom, &state, 0) < 0)
			continue;
		vm->done = vm->done && state != PRALLOC_DOMAIN_OFF;
		vm->excused = vm->excused || state == PRALLOC_DOMAIN_PAUSED;
		if (state == PRALLOC_DOMAIN_RUNNING && is_alive(dom, vm) && !vm->done)
			set_balloon(dom, vm, ratio);
	}
	fflush(stdout);
	return r < 0 ? fail(pr_host_errmsg(host)) : 0;
}

int main(int argc, char **argv)
{
	uint64_t ratio = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	unsigned int seconds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 1;
	struct pr_host *host = NULL;
	struct pr_ctx *ctx;
	int r = 0;

	if (ratio == 0 || argc > 4)
		return fail("usage: startup_hook RATIO [SECONDS [URI]]") + 1;
	if (pr_ctx_new(&ctx) < 0)
		return fail("out of memory");
	if (pr_host_open(ctx, argc > 3 ? argv[3] : "qemu:///system", 0, &host) < 0)
		r = fail(pr_ctx_errmsg(ctx));
	while (host && (r = look(host, ratio), seconds > 0))
		sleep(seconds);
	pr_host_close(host);
	pr_ctx_unref(ctx);
	return r;
}
