#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# read_bench.sh PROGRAM: run it over 100 domains of libvirt's test driver, and over three guests.
set -euo pipefail

if [[ -z ${PRALLOC_BED_URI:-} ]]; then
	exec "$(dirname "${BASH_SOURCE[0]}")/../vm/bed.sh" run -- "${BASH_SOURCE[0]}" "$@"
fi
hundred=$PRALLOC_BED_DIR/hundred.xml
{
	echo '<node>'
	for ((i = 1; i <= 100; i++)); do
		echo "<domain type='test'><name>t$i</name><memory>1048576</memory>
			<vcpu>2</vcpu><os><type>hvm</type></os></domain>"
	done
	echo '</node>'
} >"$hundred"
"$1" "test://$hundred"
for vm in r1 r2 r3; do
	"$PRALLOC_BED_SH" guest "$vm"
done
"$1" "$PRALLOC_BED_URI"
