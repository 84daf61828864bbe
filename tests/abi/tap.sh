# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# TAP for shell tests, to be sourced.
count=0
failures=0

ok() {
	count=$((count + 1))
	echo "ok $count - $1"
}

# not_ok NAME [WHY]: every line of WHY becomes a diagnostic.
not_ok() {
	count=$((count + 1))
	failures=$((failures + 1))
	echo "not ok $count - $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# empty NAME TEXT: passes when there is nothing to say.
empty() {
	if [ -z "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$2"
	fi
}

# run NAME COMMAND…: passes when the command does; its output tells why not.
run() {
	run_name=$1
	shift
	if run_output=$("$@" 2>&1); then
		ok "$run_name"
	else
		not_ok "$run_name" "$run_output"
	fi
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

done_testing() {
	echo "1..$count"
	[ "$failures" -eq 0 ]
	exit $?
}
