#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# microvm_selftest.sh - prove that micro VMs run a command, end and vanish as they should: exit
# status, output, directory, environment, time limit, signals, kills, no packages; and the TAP of
# several programs. What is in the VMs is proved by microvm_test.sh.
# shellcheck disable=SC2016,SC2317 # texts for other shells; functions that run() calls
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
microvm=$here/microvm.sh
# shellcheck source=../abi/tap.sh
. "$here/../abi/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The VMs' directories, and what tells their processes.
mkdir "$work/vms"
export TMPDIR=$work/vms

# exits STATUS COMMAND...: output in $work/out and $work/err.
exits()
{
	local expected=$1 status=0

	shift
	"$@" >"$work/out" 2>"$work/err" || status=$?
	((status == expected)) || tail -n 3 "$work/err"
	((status == expected)) || echo "exit status $status, not $expected"
	((status == expected))
}

says()
{
	grep -qF -- "$2" "$work/$1" || { echo "not in $1: $2"; cat "$work/$1"; return 1; }
}

# The pattern comes by a file, or grep would find itself.
processes()
{
	grep -lsF -f <(echo "$TMPDIR/") /proc/[0-9]*/cmdline
}

# No files and no processes of any VM of ours.
nothing_left()
{
	if processes || [[ $(ls -A "$TMPDIR") ]]; then
		ls -A "$TMPDIR"
		return 1
	fi
}

ended()
{
	local try

	for ((try = 0; try < 50; try++)); do
		processes >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# Send signal $1 to a VM whose command has begun: $2 is its exit status.
interrupted()
{
	local try child status=0

	"$microvm" run --timeout 60 -- bash -c 'echo begun; sleep 1000' >"$work/out" &
	child=$!
	for ((try = 0; try < 600; try++)); do
		[[ ! -s $work/out ]] || break
		sleep 0.1
	done
	[[ -s $work/out ]] || echo "its command does not begin"
	kill "-$1" "$child"
	wait "$child" 2>/dev/null || status=$?
	[[ $status == "$2" ]] || echo "exit status $status, not $2"
	[[ -s $work/out && $status == "$2" ]]
}

command_passes()
{
	mkdir "$work/share dir" &&
		cd /usr/lib &&
		PRALLOC_MICROVM_SHARE="$work/share dir" PRALLOC_TEST_A="a b'c" OTHER=1 \
			exits 7 "$microvm" run --cgroup none -- bash -c '
			echo "pwd=$PWD"
			echo "env=$PRALLOC_TEST_A,${OTHER:-},$PRALLOC_MICROVM"
			echo "arg=$1"
			echo "cgroups=$(grep -c "^cgroup" /proc/mounts)"
			seq 200000
			echo "problem" >&2
			echo kept >"$PRALLOC_MICROVM_SHARE/file"
			sleep 1000 &
			exit 7' - '$x "y"'
}

# A program that says it has two tests and tells the results $2, with exit status $1.
program()
{
	printf '#!/bin/sh\necho "TAP version 13"\necho 1..2\nprintf "%s"\nexit %s\n' "$2" "$1" \
		>"$work/$3"
	chmod 755 "$work/$3"
}

program 0 'ok - a\nok - b # SKIP why\n' good
program 1 'ok - a\nnot ok - b\n' bad
program 0 'ok - a\n' early
program 1 'ok - a\nok - b\n' lying
run "several programs, one TAP" exits 0 "$here/taps.sh" "$work/good" "$work/good"
run "its results" [ "$(grep -c '^ok - good: [ab]' "$work/out")" = 4 ]
run "its plan" [ "$(tail -n 1 "$work/out")" = 1..4 ]
run "a failed test" exits 1 "$here/taps.sh" "$work/bad" "$work/good"
run "a program that ends early" exits 1 "$here/taps.sh" "$work/early"
run "a program that ends early is a failed test" says out \
	"not ok - early ended with status 0 after 1 of 2 tests"
run "a program that fails without saying" exits 1 "$here/taps.sh" "$work/lying"
run "a program that is not there" exits 1 "$here/taps.sh" "$work/none"

if "$microvm" run --tap true >"$work/out" && grep -q '^1\.\.0 # SKIP' "$work/out"; then
	cat "$work/out"
	exit 0
fi
run "the command's status" command_passes
run "its directory" says out "pwd=/usr/lib"
run "selected environment" says out "env=a b'c,,none"
run "its arguments" says out 'arg=$x "y"'
run "no cgroups where none are asked for" says out "cgroups=0"
run "all of its output" says out 200000
run "its errors, apart" [ "$(<"$work/err")" = problem ]
run "a file in the shared directory" [ "$(cat "$work/share dir/file")" = kept ]
run "it leaves nothing" nothing_left

run "the time limit" exits 124 "$microvm" run --timeout 5 -- sleep 1000
run "the time limit is told" says err "the time is up (5 s)"
run "the time limit leaves nothing" nothing_left
run "a VM that dies" exits 125 "$microvm" run --timeout 60 --tap -- \
	bash -c 'echo c >/proc/sysrq-trigger; sleep 1000'
run "a VM that dies, in TAP" says out "Bail out! microvm.sh: the VM ended without a status"
run "a VM that dies leaves nothing" nothing_left

run "a VM that does not start" exits 125 "$microvm" run --memory 999999999 true
run "a VM that does not start says why" says err "qemu-system-x86_64: "

run "a terminated VM" interrupted TERM 143
run "a terminated VM leaves nothing" nothing_left
run "a killed VM" interrupted KILL 137
run "a killed VM's processes end" ended
run "a command that is not there" exits 127 "$microvm" run /nonexistent
run "a killed VM's files go with the next" nothing_left

run "no command" exits 2 "$microvm" run
run "an unknown option" exits 2 "$microvm" run --fast true
run "an unknown mode" exits 2 "$microvm" run --cgroup v3 true
run "no number" exits 2 "$microvm" run --memory much true
mkdir -p "$work/lists/partial"
echo "Dir::State::lists \"$work/lists\";" >"$work/nolists"
run "no package lists" exits 77 env APT_CONFIG="$work/nolists" "$here/microvm_image.sh" \
	"$work/image"
echo 'Acquire::http::Proxy "http://127.0.0.1:1"; Acquire::https::Proxy "http://127.0.0.1:1";' \
	>"$work/nonet"
run "no network" exits 0 env APT_CONFIG="$work/nonet" PRALLOC_MICROVM_IMAGE="$work/image" \
	"$microvm" run --tap true
run "no network is a skip in TAP" says out "1..0 # SKIP microvm_image.sh: cannot download"
run "no half image" [ ! -e "$work/image" ]
done_testing
