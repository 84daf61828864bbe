#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# systemd.sh PRALLOC - what belongs to a unit of systemd is set as its property, so that a
# daemon-reload keeps it, and the kernel holds the weight that was wanted. With libvirt's guests, in
# a micro VM whose init is systemd. Writes TAP.
# shellcheck disable=SC2317 # functions that run() calls
set -uo pipefail

pralloc=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
spin=$here/../vm/spin.sh
slice=machine.slice
number=0
failed=0

run()
{
	local name=$1 out

	shift
	((++number))
	if out=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' <<<"$out"
		failed=1
	fi
}

hierarchy()
{
	case $PRALLOC_MICROVM in
	v2-*) echo /sys/fs/cgroup ;;
	*) echo "/sys/fs/cgroup/$1" ;;
	esac
}

# file CONTROLLER NAME: of the first guest's scope.
file()
{
	echo "$(hierarchy "$1")/$slice/$scope/$2"
}

expect()
{
	[[ $2 == "$3" ]] && return
	echo "$1 is $2, not $3"
	return 1
}

property()
{
	systemctl show -P "$1" "$scope"
}

start_guests()
{
	"$spin" libvirtd && "$spin" guest one --disk /dev/vda && "$spin" guest two --disk /dev/vdb
}

find_scope()
{
	local path

	path=$(sed -n 's/^[0-9]*:[^:]*:.*\/\(machine-qemu[^/]*scope\).*/\1/p' \
		"/proc/$(</run/libvirt/qemu/one.pid)/cgroup" | head -n 1)
	[[ $path ]] || return
	scope=$path
}

# set_group ATTRIBUTE=VALUE: through files and properties, without libvirt.
set_group()
{
	"$pralloc" -c "cgroup:///$slice" set "$scope" "$@"
}

get_group()
{
	"$pralloc" -c "cgroup:///$slice" get "$scope" "$1"
}

# Which file has shares, and what they are there.
shares_file=cpu.weight
shares()
{
	if [[ $PRALLOC_MICROVM == v2-* ]]; then
		echo $(($1 * 100 / 1024))
	else
		echo "$1"
	fi
}
[[ $PRALLOC_MICROVM == v2-* ]] || shares_file=cpu.shares

weight_file=io.bfq.weight
[[ $PRALLOC_MICROVM == v2-* ]] || weight_file=blkio.bfq.weight

shares_are()
{
	expect "$shares_file" "$(<"$(file cpu $shares_file)")" "$(shares "$1")"
}

set_shares()
{
	set_group cpu.shares=4096 && shares_are 4096
}

shares_survive()
{
	systemctl daemon-reload && shares_are 4096
}

libvirt_reads_shares()
{
	virsh -c qemu:///system schedinfo one | tee /dev/stderr |
		grep -Eq "cpu_shares +: $(shares 4096)\$"
}

# Set by libvirt, read by us.
libvirt_sets_shares()
{
	virsh -q -c qemu:///system schedinfo one --set "cpu_shares=$(shares 2048)" &&
		get_group cpu.shares | tee /dev/stderr | grep -q 2048
}

use_bfq()
{
	modprobe bfq && for disk in vda vdb; do
		echo bfq >/sys/block/$disk/queue/scheduler
		echo 0 >/sys/block/$disk/queue/iosched/low_latency
	done
}

weight_is()
{
	local held

	read -r _ held < <(sed 's/^\([0-9]\)/default \1/' "$(file blkio $weight_file)")
	expect "$weight_file" "$held" "$1"
}

# Beside libvirt, which would give 172 for 900.
exact_weights()
{
	local weight

	for weight in 900 200 101 100 57 1 1000; do
		"$pralloc" set one io.weight="$weight" && weight_is "$weight" || return
	done
}

weight_survives()
{
	"$pralloc" set one io.weight=900 && systemctl daemon-reload && weight_is 900
}

low_is()
{
	expect "memory.low" "$(<"$(file memory memory.low)")" "$1" &&
		expect "memory.low of $slice" "$(<"/sys/fs/cgroup/$slice/memory.low")" "$2"
}

protect()
{
	"$pralloc" set --ancestors one mem.soft_limit=64M && low_is 67108864 67108864 &&
		expect MemoryLow "$(property MemoryLow)" 67108864
}

protection_survives()
{
	systemctl daemon-reload && low_is 67108864 67108864
}

unprotect()
{
	"$pralloc" reset one mem.soft_limit && low_is 0 0 && systemctl daemon-reload && low_is 0 0
}

# The payload's limit is below the scope, by file.
payload_limit()
{
	set_group mem.hard_limit=512M &&
		expect memory.max "$(<"$(file memory libvirt/memory.max)")" 536870912 &&
		systemctl daemon-reload &&
		expect memory.max "$(<"$(file memory libvirt/memory.max)")" 536870912
}

device_weight_survives()
{
	"$pralloc" set one "io.weight[/dev/vda]=300" && systemctl daemon-reload &&
		grep -x "$(cat /sys/block/vda/dev) 300" "$(file blkio $weight_file)"
}

no_such_unit()
{
	local out

	out=$(set_group cpu.shares=abc 2>&1) && return 1
	grep -q cpu.shares <<<"$out"
}

[[ ${PRALLOC_MICROVM:-} == *-systemd ]] || {
	echo "1..0 # SKIP needs a micro VM with systemd"
	exit 0
}
run "guests start" start_guests
scope=''
find_scope
run "the guest has a scope" test -n "$scope"
run "shares are a property of the unit" set_shares
run "shares survive a daemon-reload" shares_survive
run "libvirt reads the shares" libvirt_reads_shares
run "what libvirt sets is read" libvirt_sets_shares
use_bfq
if [[ $PRALLOC_MICROVM == v2-* ]]; then
	run "the weight of a device survives a daemon-reload" device_weight_survives
	run "weights of BFQ are exact" exact_weights
	run "weights survive a daemon-reload" weight_survives
	run "protection of scope and slice" protect
	run "protection survives a daemon-reload" protection_survives
	run "reset takes the slice's protection back" unprotect
	run "limits are of the payload" payload_limit
fi
run "nonsense is refused" no_such_unit
echo "1..$number"
exit $failed
