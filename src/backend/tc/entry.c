/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entry of the loadable module; a static library has none. */
#include "backend/tc/tc.h"

const struct pri_backend *PRI_BACKEND_ENTRY(const struct pri_core *core);

__attribute__((visibility("default"))) const struct pri_backend *PRI_BACKEND_ENTRY(
	const struct pri_core *core)
{
	return pri_tc_backend(core);
}
