#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# plan_bench.sh PROGRAM: run it over fake domains, and over three guests inside a bed.
set -euo pipefail

if [[ -z ${PRALLOC_BED_URI:-} ]]; then
	"$1"
	exec "$(dirname "${BASH_SOURCE[0]}")/../vm/bed.sh" run -- "${BASH_SOURCE[0]}" "$@"
fi
for vm in donor first second; do
	"$PRALLOC_BED_SH" guest "$vm" --memory 256 --maximum 384
done
"$1" "$PRALLOC_BED_URI" donor first second
