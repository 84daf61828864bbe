/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backend's table. */
#include "backend/tc/tc.h"

const struct pri_core *pri_tc_core;

static const struct pri_backend backend = {
	.name = "tc",
	.claims = pri_tc_claims,
	.open = pri_tc_open,
	.open_beside = pri_tc_open_beside,
	.close = pri_tc_close,
	.serve = pri_tc_serve,
	.facts = pri_tc_facts,
	.list = pri_tc_list,
	.attach = pri_tc_attach,
	.detach = pri_tc_detach,
	.state = pri_tc_state,
	.instances = pri_tc_instances,
	.resolve = pri_tc_resolve,
	.read = pri_tc_read,
	.check = pri_tc_check,
	.apply = pri_tc_apply,
	.listen = pri_tc_listen,
	.look = pri_tc_look,
};

const struct pri_backend *pri_tc_backend(const struct pri_core *core)
{
	if (core->abi != PRI_BACKEND_ABI || core->size < sizeof(*core))
		return NULL;
	/* There is one core in a process; a later call brings the same table. */
	if (__atomic_load_n(&pri_tc_core, __ATOMIC_ACQUIRE) != core)
		__atomic_store_n(&pri_tc_core, core, __ATOMIC_RELEASE);
	return &backend;
}
