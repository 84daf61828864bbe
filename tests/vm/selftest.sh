#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# selftest.sh [BED_TEST] - prove that beds come, end and vanish as they should: exit status,
# kills, two at once, no packages. With the program made of bed_test.c, run that in a bed too.
# shellcheck disable=SC2016,SC2317 # texts for other shells; functions that check() calls
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bed=$here/bed.sh
work=$(mktemp -d)
beds=()
failed=0

end()
{
	local pid

	for pid in "${beds[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap end EXIT

check()
{
	local what=$1

	shift
	if "$@"; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		failed=1
	fi
}

exits()
{
	local expected=$1 status=0

	shift
	"$@" >"$work/out" 2>&1 || status=$?
	((status == expected)) || echo "# exit status $status, not $expected: $(tail -n 1 "$work/out")"
	((status == expected))
}

# The pattern comes by a file, or grep would find itself.
processes()
{
	grep -lsF -f <(echo "$1") /proc/[0-9]*/cmdline
}

# What the bed in directory $1 has left on the host: files, groups, loop devices, processes.
left()
{
	local name=${1##*/}

	[[ ! -e $1 ]] || echo "$1"
	find /sys/fs/cgroup -type d -name "$name"
	losetup -n -O NAME,BACK-FILE | grep -F "$1/" || true
	processes "$1" || true
}

clean()
{
	local what

	what=$(left "$1")
	[[ -z $what ]] || echo "# left: $what"
	[[ -z $what ]]
}

ended()
{
	local try

	for ((try = 0; try < 50; try++)); do
		processes "$1" >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

wait_file()
{
	local try

	for ((try = 0; try < 600; try++)); do
		[[ ! -s $1 ]] || return 0
		sleep 0.1
	done
	return 1
}

# A bed in the background that writes its directory to $work/$1 when its guest is ready.
start_bed()
{
	"$bed" run -- bash -c '
		"$PRALLOC_BED_SH" guest "$1" && losetup -f "$PRALLOC_BED_DIR/guests/$1.disk" &&
		virsh -q -c "$PRALLOC_BED_URI" list --name >"$2.list" &&
		echo "$PRALLOC_BED_DIR" >"$2" && sleep 1000' - "$1" "$work/$1" &
	beds+=($!)
}

check "the command's success" exits 0 "$bed" run true
check "the command's failure" exits 7 "$bed" run -- bash -c 'exit 7'
check "no command" exits 1 "$bed" run
check "guest commands need a bed" exits 1 "$bed" guest g1
printf 'input' >"$work/in"
check "the command's input" \
	bash -c '[[ $("$0" run cat <"$1") == input ]]' "$bed" "$work/in"
check "the command's directory" bash -c 'cd /usr/lib && [[ $("$0" run pwd) == /usr/lib ]]' "$bed"

echo '"$PRALLOC_BED_SH" guest g1; echo "$PRALLOC_BED_DIR" >"$1"; kill -KILL $$' >"$work/kill.sh"
check "a killed command" exits 137 "$bed" run bash "$work/kill.sh" "$work/killed"
check "a killed command leaves nothing" clean "$(<"$work/killed")"

start_bed one
start_bed two
check "two beds at once" wait_file "$work/one"
check "two beds at once" wait_file "$work/two"
check "a bed sees only its own guests" \
	bash -c '[[ $(xargs <"$0/one.list") == one && $(xargs <"$0/two.list") == two ]]' "$work"
one=$(<"$work/one")
two=$(<"$work/two")

kill -TERM "${beds[0]}"
wait "${beds[0]}" && status=0 || status=$?
check "a terminated bed's status" [ "$status" = 143 ]
check "a terminated bed leaves nothing" clean "$one"
check "a sweep leaves a living bed alone" "$bed" sweep
check "a sweep leaves a living bed alone" test -e "$two/guests/two.agent"

kill -KILL "${beds[1]}"
wait "${beds[1]}" 2>/dev/null || true
check "a killed bed's processes end" ended "$two"
check "a sweep after a kill" "$bed" sweep
check "a sweep leaves nothing of a killed bed" clean "$two"
beds=()

check "a guest that is a ROM" exits 0 "$bed" run "$here/spin.sh" guest spin --cpus 0

mkdir -p "$work/lists/partial"
echo "Dir::State::lists \"$work/lists\";" >"$work/nolists"
check "no package lists" exits 77 env APT_CONFIG="$work/nolists" "$here/image.sh" "$work/image"
echo 'Acquire::http::Proxy "http://127.0.0.1:1"; Acquire::https::Proxy "http://127.0.0.1:1";' \
	>"$work/nonet"
check "no network" exits 77 env APT_CONFIG="$work/nonet" "$here/image.sh" "$work/image"
check "no network: one line" [ "$(wc -l <"$work/out")" = 1 ]
check "no half image" test ! -e "$work/image"

if [[ ${1:-} ]]; then
	check "bed_test" "$bed" run "$1" -j1
fi
exit "$failed"
