#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# taps.sh PROGRAM... - run Criterion programs one after the other and make one TAP stream of theirs,
# so that several share the boot of a VM.
set -uo pipefail

total=0
failed=0

# A program that ends early, or badly without a failed test, is a failed test itself.
run_program()
{
	local name=${1##*/} line planned=0 told=0 bad=0 status

	exec 3< <(exec "$1" --tap=- -j1)
	while IFS= read -r line <&3; do
		case $line in
		'TAP version'*) ;;
		1..*) planned=${line#1..} ;;
		'ok - '* | 'not ok - '*)
			((++told))
			[[ $line == ok* ]] || bad=1
			echo "${line/ok - /ok - $name: }"
			;;
		*) echo "$line" ;;
		esac
	done
	wait $!
	status=$?
	if ((told == 0 || told != planned || (status != 0 && !bad))); then
		echo "not ok - $name ended with status $status after $told of $planned tests"
		((++told))
		bad=1
	fi
	((total += told, failed |= bad))
}

for program; do
	run_program "$program"
done
echo "1..$total"
((failed == 0))
