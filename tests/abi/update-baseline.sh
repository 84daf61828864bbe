#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Make the library in BUILD_DIR the baseline: at a release, never to silence abidiff.sh.
#   update-baseline.sh BUILD_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/abidw.sh"

library=$1/src/libpralloc.so
if ! readelf -S "$library" | grep -q '\.debug_info'; then
	echo "$library has no debug information: build with -Dbuildtype=debugoptimized" >&2
	exit 1
fi
describe "$here/../../include" "$library" "$here/baseline.abi"
echo "$here/baseline.abi: $(grep -c '<elf-symbol ' "$here/baseline.abi") symbols"
