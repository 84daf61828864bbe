#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# hosts.sh PROGRAM [ARGUMENT...]: run it in a bed, with another bed beside it that has a guest
# "hosts-there", and whose libvirtd is named by PRALLOC_OTHER_URI.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bed=$here/../vm/bed.sh
work=$(mktemp -d)
mkfifo "$work/end"

finish()
{
	# The other bed ends when nobody holds the pipe open any more.
	exec 7>&-
	wait || true
	rm -rf "$work"
}
trap finish EXIT

# shellcheck disable=SC2016 # for the shell in the bed
"$bed" run -- bash -c '"$PRALLOC_BED_SH" guest hosts-there --memory 128
	echo "$PRALLOC_BED_URI" >"$0/uri.new"; mv "$0/uri.new" "$0/uri"; cat "$0/end"' \
	"$work" >"$work/log" 2>&1 &
other=$!
exec 7>"$work/end"
while [[ ! -e $work/uri ]]; do
	kill -0 "$other" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	sleep 0.1
done
PRALLOC_OTHER_URI=$(<"$work/uri") "$bed" run -- "$@"
