#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgroup_bench.sh PROGRAM: run it beside one idle guest, inside a bed.
set -euo pipefail

if [[ -z ${PRALLOC_BED_URI:-} ]]; then
	exec "$(dirname "${BASH_SOURCE[0]}")/../vm/bed.sh" run -- "${BASH_SOURCE[0]}" "$@"
fi
"$PRALLOC_BED_SH" guest bench
"$1" "$PRALLOC_BED_URI" bench
