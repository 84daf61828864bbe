#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library still is what programs were linked with.
#   abidiff.sh INCLUDE_DIR SHARED_LIBRARY
# Allowed are new functions and members at the end of the structs in abidiff.suppr; every other
# difference from baseline.abi fails.  abidiff tells both apart by its exit status only after the
# allowed ones were suppressed: 4 is any change.
set -u
here=$(dirname "$0")
. "$here/tap.sh"
. "$here/abidw.sh"

name="nothing that programs use has changed"
if ! command -v abidiff >/dev/null || ! command -v abidw >/dev/null; then
	skip "$name" "abidiff (abigail-tools) is not installed"
	done_testing
fi
if ! readelf -S "$2" | grep -q '\.debug_info'; then
	skip "$name" "$2 has no debug information"
	done_testing
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
run "the library can be described" describe "$1" "$2" "$work/now.abi"
run "the description names functions" grep -q "name='pr_host_open'" "$work/now.abi"
run "$name" abidiff --no-added-syms --suppressions "$here/abidiff.suppr" \
	"${PRALLOC_ABI_BASELINE:-$here/baseline.abi}" "$work/now.abi"
done_testing
