#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The example programs on the fake host: what they print and how they end.  No root, no VM.
# Usage: examples.sh EXAMPLES_DIR SOURCE_DIR LIBRARY      prints TAP; exit status 1 on a failure
set -u

examples=${1:?usage: examples.sh EXAMPLES_DIR SOURCE_DIR LIBRARY}
source_dir=${2:?}
library=${3:?}
. "$source_dir/tests/abi/tap.sh"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
unset PRALLOC_URI
export LC_ALL=C

# judge NAME STATUS OUT ERR: the last run against its exit status and two extended regular
# expressions; an empty one means: nothing at all
judge() {
	local problem=

	[ "$status" -eq "$2" ] || problem="exit status $status, not $2"
	if [ -z "$3" ]; then
		[ -z "$out" ] || problem+=$'\n'"unexpected output"
	elif ! [[ $out =~ $3 ]]; then
		problem+=$'\n'"no output like: $3"
	fi
	if [ -z "$4" ]; then
		[ -z "$err" ] || problem+=$'\n'"unexpected errors"
	elif ! [[ $err =~ $4 ]]; then
		problem+=$'\n'"no error like: $4"
	fi
	[ -z "$problem" ] || problem+=$'\n'"output: $out"$'\n'"errors: $err"
	empty "$1" "${problem#$'\n'}"
}

# expect NAME STATUS OUT ERR COMMAND...
expect() {
	local name=$1 want=$2 want_out=$3 want_err=$4

	shift 4
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	out=$(cat "$dir/out")
	err=$(cat "$dir/err")
	judge "$name" "$want" "$want_out" "$want_err"
}

# example NAME STATUS OUT ERR PROGRAM ARG...: the same for one of ours
example() {
	local name=$1 want=$2 want_out=$3 want_err=$4 program=$5

	shift 5
	expect "$program: $name" "$want" "$want_out" "$want_err" "$examples/$program" "$@"
}

host=fake:///3

example "sets a size" 0 '^vm1: 512 MiB, was 1024 MiB$' '' balloon vm1 512MiB $host
example "takes a percentage" 0 '^vm1: 512 MiB, was 1024 MiB$' '' balloon vm1 25% $host
example "a guest that cannot give" 1 '' 'the guest cannot give' balloon vm1 64MiB $host
example "arguments are missing" 2 '' '^usage: balloon ' balloon vm1
example "there is no such domain" 1 '' 'vm9' balloon vm9 512MiB $host

example "sets shares" 0 '^vm1: 2048 shares, was 1024$' '' shares vm1 2048 $host
example "out of range" 1 '' '1 is out of range \(2 to 262144\)' shares vm1 1 $host
example "arguments are missing" 2 '' '^usage: shares ' shares vm1

example "sets a weight" 0 '^vm1: weight 300, was 100$' '' io_weight vm1 300 $host
example "out of range" 1 '' '0 is out of range \(1 to 10000\)' io_weight vm1 0 $host
example "a weight is never unlimited" 1 '' 'io.weight' io_weight vm1 unlimited $host
example "arguments are missing" 2 '' '^usage: io_weight ' io_weight

example "sets a rate" 0 '^vm1: 80 Mbit/s$' '' net_rate vm1 out 80mbit $host
example "takes a rate back" 0 '^vm1: unlimited$' '' net_rate vm1 in unlimited $host
example "no rate" 1 '' 'net.rate.in' net_rate vm1 in fast $host
example "no direction" 2 '' '^usage: net_rate ' net_rate vm1 up 80mbit $host

example "lists domains and what can be set" 0 \
	'^fake:///3: 8 CPUs.*vm1 +running +1G +2G +1024.*cpu.shares +fake' '' list $host
example "too many arguments" 2 '' '^usage: list ' list a b
example "there is no such host" 1 '' 'fake:///0' list fake:///0

example "moves memory" 0 $'^vm1: 768 MiB, was 1024 MiB\nvm2: 1280 MiB, was 1024 MiB$' '' \
	move_memory vm1 vm2 256MiB $host
example "a donor that cannot spare it" 1 '' 'can spare 716M' move_memory vm1 vm2 900MiB $host
example "a donor that stops giving gets it back" 1 '^$' 'move_memory: ' \
	move_memory vm1 vm2 256MiB 'fake:///3?inject=fail+error=EIO+domain=vm2'
example "arguments are missing" 2 '' '^usage: move_memory ' move_memory vm1 vm2

slow='fake:///3?inject=balloon+domain=vm1+rate=16MiB/s'
example "goes to the end" 0 \
	$'^vm1: on its way, 768 MiB\nvm1: done\nvm2: on its way, 1280 MiB\nvm2: done$' '' \
	plan_loop vm1 vm2 256MiB 60 $host
example "time is over" 1 $'vm1: on its way, .*\nvm1: as before$' 'mem.balloon of vm1: .*time' \
	plan_loop vm1 vm2 256MiB 1 "$slow"
expect "plan_loop: Ctrl-C takes back" 1 $'vm1: on its way, .*\nvm1: as before$' 'was cancelled' \
	timeout --preserve-status -s INT 3 "$examples/plan_loop" vm1 vm2 256MiB 60 "$slow"
example "no time at all" 1 '' '0 ms' plan_loop vm1 vm2 256MiB 0 $host
example "arguments are missing" 2 '' '^usage: plan_loop ' plan_loop vm1 vm2 256MiB

example "sets all that run" 0 $'^vm1: 512 MiB of 2048 MiB\nvm2: 512 MiB of 2048 MiB$' '' \
	startup_hook 4 0 fake:///2
example "waits for the driver" 0 '^vm1: 512 MiB of 2048 MiB$' '' \
	startup_hook 4 0 'fake:///2?inject=nodriver+domain=vm2'
example "leaves alone what is off" 0 '^vm2: 512 MiB of 2048 MiB$' '' \
	startup_hook 4 0 'fake:///2?inject=stop+domain=vm1'
example "tells what a guest cannot give" 0 '^vm1: ' 'mem.balloon of vm2: the guest cannot give' \
	startup_hook 4 0 'fake:///2?inject=uses+domain=vm2+bytes=900MiB'
example "a ratio is missing" 2 '' 'usage: startup_hook ' startup_hook
example "there is no such host" 1 '' 'fake:///0' startup_hook 4 0 fake:///0
expect "startup_hook: each start once, whatever the number of looks" 124 \
	'^vm1: 512 MiB of 2048 MiB$' '' timeout 2.5 "$examples/startup_hook" 4 1 fake:///1

# An interpreter cannot load a library that the sanitizer is linked to.
if ! command -v python3 >/dev/null; then
	skip "shares.py" "python3 is not installed"
elif readelf -d "$library" | grep -q 'lib[au]b\?san'; then
	skip "shares.py" "the library is built with sanitizers, the interpreter is not"
else
	LD_LIBRARY_PATH=$(dirname "$library")
	export LD_LIBRARY_PATH
	python=(python3 "$source_dir/examples/shares.py")
	expect "shares.py: sets shares" 0 '^vm1: 2048 shares, was 1024$' '' \
		"${python[@]}" vm1 2048 $host
	expect "shares.py: out of range" 1 '' '^shares.py: .*1 is out of range \(2 to 262144\)' \
		"${python[@]}" vm1 1 $host
	expect "shares.py: there is no such domain" 1 '' '^shares.py: .*vm9' \
		"${python[@]}" vm9 2048 $host
	expect "shares.py: arguments are missing" 2 '' '^usage: shares.py ' "${python[@]}" vm1
fi

# Each program has one job, and its source is one that can be read in one go.
for program in "$source_dir"/examples/*.c; do
	name=$(basename "$program" .c)
	lines=$(wc -l <"$program")
	empty "$name.c has less than 120 lines" "$([ "$lines" -lt 120 ] || echo "$lines lines")"
	empty "$name.c sees the public header alone" \
		"$(grep -n '#include *["<]\(core\|backend\|util\|pralloc/\)' "$program")"
done
done_testing
