/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The entry of the module and the backend's table.
 *
 * Once loaded the module is never unloaded: its threads run its code.
 */
#include "backend/libvirt/libvirt.h"

const struct pri_core *pri_lv_core;

static const struct pri_backend backend = {
	.name = "libvirt",
	.claims = pri_lv_claims,
	.open = pri_lv_open,
	.close = pri_lv_close,
	.is_local = pri_lv_host_is_local,
	.serve = pri_lv_serve,
	.facts = pri_lv_facts,
	.set_cgroup_version = pri_lv_set_cgroup_version,
	.list = pri_lv_list,
	.attach = pri_lv_attach,
	.detach = pri_lv_detach,
	.state = pri_lv_state,
	.place = pri_lv_place,
	.links = pri_lv_links,
	.instances = pri_lv_instances,
	.read = pri_lv_read,
	.check = pri_lv_check,
	.apply = pri_lv_apply,
	.wait = pri_lv_wait,
	.listen = pri_lv_listen,
	.arrived = pri_lv_arrived,
	.begin = pri_lv_begin,
	.finish = pri_lv_finish,
	.notice = pri_lv_notice,
};

__attribute__((visibility("default"))) const struct pri_backend *PRI_BACKEND_ENTRY(
	const struct pri_core *core)
{
	if (core->abi != PRI_BACKEND_ABI || core->size < sizeof(*core))
		return NULL;
	/* There is one core in a process; a later call brings the same table. */
	if (__atomic_load_n(&pri_lv_core, __ATOMIC_ACQUIRE) != core)
		__atomic_store_n(&pri_lv_core, core, __ATOMIC_RELEASE);
	return &backend;
}
