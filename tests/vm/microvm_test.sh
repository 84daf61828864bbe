#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# microvm_test.sh VARIANT - what README.md promises of the inside of a micro VM. Runs in one, of
# the VARIANT v2, v1 or hybrid, with -systemd behind it where systemd is init.
# shellcheck disable=SC2317 # functions that run() calls
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../abi/tap.sh
. "$here/../abi/tap.sh"
variant=$1

all_controllers_handed_down()
{
	local controller

	for controller in cpuset cpu io memory hugetlb pids; do
		grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control || return 1
	done
	[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]
}

# A group has the controllers' files, and takes values.
v2_group()
{
	local group=/sys/fs/cgroup/pralloc-test

	mkdir "$group" || return
	echo 200 >"$group/cpu.weight" &&
		echo 64M >"$group/memory.low" &&
		echo "$(disk_number vda) wbps=1048576" >"$group/io.max" &&
		[[ $(<"$group/io.max") == *wbps=1048576* && $(<"$group/cpu.weight") == 200 ]]
	set -- $?
	rmdir "$group"
	return "$1"
}

v1_controllers()
{
	local controller

	for controller in cpu cpuacct memory blkio cpuset devices freezer pids; do
		[[ $(stat -f -c %T "/sys/fs/cgroup/$controller/") == cgroupfs ]] || return 1
		[[ -e /sys/fs/cgroup/$controller/cgroup.procs ]] || return 1
	done
	[[ -e /sys/fs/cgroup/cpu,cpuacct/cpu.shares && -e /sys/fs/cgroup/cpu/cpuacct.usage ]]
}

v1_group()
{
	local group=/sys/fs/cgroup/memory/pralloc-test

	mkdir "$group" || return
	echo 64M >"$group/memory.soft_limit_in_bytes" &&
		[[ $(<"$group/memory.soft_limit_in_bytes") == 67108864 ]]
	set -- $?
	rmdir "$group"
	return "$1"
}

no_unified()
{
	[[ $(stat -f -c %T /sys/fs/cgroup) == tmpfs && ! -e /sys/fs/cgroup/unified ]]
}

unified_beside()
{
	[[ $(stat -f -c %T /sys/fs/cgroup/unified) == cgroup2fs ]] &&
		grep -q '^0::' /proc/self/cgroup
}

disk_number()
{
	cat "/sys/block/$1/dev"
}

bfq()
{
	local disk

	for disk in vda vdb; do
		echo bfq >"/sys/block/$disk/queue/scheduler"
		grep -qF '[bfq]' "/sys/block/$disk/queue/scheduler" || return 1
	done
}

bfq_weights()
{
	local file

	file=$(compgen -G '/sys/fs/cgroup/pralloc-test/*bfq.weight') ||
		file=$(compgen -G '/sys/fs/cgroup/blkio/pralloc-test/*bfq.weight')
	echo 300 >"$file" && grep -qw 300 "$file"
}

with_group()
{
	local parent=/sys/fs/cgroup status=0

	[[ $variant != v1 && $variant != hybrid ]] || parent+=/blkio
	mkdir "$parent/pralloc-test"
	"$@" || status=$?
	rmdir "$parent/pralloc-test"
	return "$status"
}

# 60 MiB at 20 MiB/s: 3 s, and some more where the host is busy.
disk_is_slow()
{
	local started ms

	started=$(date +%s%N)
	dd if=/dev/zero of=/dev/vdb bs=1M count=60 oflag=direct status=none || return
	ms=$((($(date +%s%N) - started) / 1000000))
	echo "60 MiB in $ms ms"
	((ms >= 2500 && ms <= 5000))
}

io_cost()
{
	local number

	number=$(disk_number vdb)
	echo none >/sys/block/vdb/queue/scheduler
	echo "$number enable=1" >/sys/fs/cgroup/io.cost.qos
	grep -q "^$number enable=1" /sys/fs/cgroup/io.cost.qos || return
	echo "$number enable=0" >/sys/fs/cgroup/io.cost.qos
}

pressure()
{
	grep -q '^some' /proc/pressure/memory
}

ksm()
{
	echo 1 >/sys/kernel/mm/ksm/run && grep -qx 1 /sys/kernel/mm/ksm/run &&
		echo 0 >/sys/kernel/mm/ksm/run
}

zram_swap()
{
	grep -q '^/dev/zram0.*65532' /proc/swaps
}

traffic_control()
{
	local module

	ip link add pralloc-v0 type veth peer name pralloc-v1 &&
		ip link set pralloc-v0 up &&
		tc qdisc add dev pralloc-v0 root handle 1: htb default 1 &&
		tc class add dev pralloc-v0 parent 1: classid 1:1 htb rate 10mbit &&
		tc qdisc add dev pralloc-v0 parent 1:1 fq_codel &&
		tc qdisc add dev pralloc-v0 clsact &&
		tc filter add dev pralloc-v0 ingress protocol ip flower ip_proto tcp \
			action police rate 1mbit burst 10k drop || return
	for module in sch_htb cls_flower act_police veth; do
		[[ -d /sys/module/$module ]] || { echo "no $module"; return 1; }
	done
	ip link del pralloc-v0
}

network_devices()
{
	ip tuntap add pralloc-t0 mode tap &&
		ip link add pralloc-b0 type bridge &&
		ip link add pralloc-i0 type ifb &&
		ip link set pralloc-t0 master pralloc-b0 &&
		ip link del pralloc-i0 && ip link del pralloc-b0 && ip link del pralloc-t0
}

loopback()
{
	[[ $(bash -c 'exec 3<>/dev/tcp/127.0.0.1/1' 2>&1) == *'Connection refused'* ]]
}

# The host has made the VM's directory seconds ago, by its own clock.
right_time()
{
	local now made

	now=$(date +%s)
	made=$(stat -c %Y "$PRALLOC_MICROVM_DIR/job")
	echo "$((now - made)) s after the start"
	((now >= made && now < made + 120))
}

loop_device()
{
	local image loop

	image=$(mktemp)
	truncate -s 1M "$image"
	loop=$(losetup -f --show "$image") && losetup -d "$loop"
}

# What is written is in the VM only: the host's root is read-only below it.
own_files()
{
	echo mine >"$here/pralloc-test" && [[ $(<"$here/pralloc-test") == mine ]] &&
		[[ $(findmnt -n -o FSTYPE /) == overlay ]]
}

systemd_is_init()
{
	[[ $(</proc/1/comm) == systemd ]] || return 1
	timeout 20 systemctl is-system-running --wait || systemctl --failed
	[[ $(systemctl is-system-running) == running && $(systemd-detect-virt) == qemu ]]
}

# Units take resource properties, and a daemon-reload passes.
resource_properties()
{
	systemd-run --quiet --unit=pralloc-test -p CPUWeight=77 sleep 1000 &&
		systemctl daemon-reload &&
		[[ $(systemctl show -P CPUWeight pralloc-test) == 77 ]] &&
		case $variant in
		v2-*) grep -qx 77 /sys/fs/cgroup/system.slice/pralloc-test.service/cpu.weight ;;
		*) [[ -e /sys/fs/cgroup/cpu/system.slice/pralloc-test.service/cpu.shares ]] ;;
		esac
	set -- $?
	systemctl stop pralloc-test
	return "$1"
}

guest_starts()
{
	"$here/spin.sh" libvirtd && "$here/spin.sh" guest spin --cpus 1 --disk /dev/vdb
}

# Where libvirt puts a guest on such a host.
guest_group()
{
	local group='/machine/qemu-1-spin\.libvirt-qemu/emulator' hierarchy='0:'

	if [[ $variant == *-systemd ]]; then
		group='/machine\.slice/machine-qemu\\x2d1\\x2dspin\.scope/libvirt/emulator'
	fi
	[[ $variant == v2* ]] || hierarchy='[0-9]*:cpu,cpuacct'
	grep -x "$hierarchy:$group" "/proc/$(</run/libvirt/qemu/spin.pid)/cgroup" && return
	cat "/proc/$(</run/libvirt/qemu/spin.pid)/cgroup"
	return 1
}

guest_cpu_ns()
{
	virsh -c qemu:///system domstats --cpu-total spin | sed -n 's/.*cpu\.time=//p'
}

guest_is_busy()
{
	local before after

	before=$(guest_cpu_ns)
	sleep 2
	after=$(guest_cpu_ns)
	echo "$((after - before)) ns in 2 s"
	((after - before > 1000000000))
}

guest()
{
	run "libvirtd and a guest" guest_starts
	run "the guest's group" guest_group
	run "the guest is busy" guest_is_busy
	run "the guest's disk" virsh -c qemu:///system domblkstat spin vda
	run "the guest's end" "$here/spin.sh" destroy spin
}

common()
{
	run "two CPUs" [ "$(nproc)" = 2 ]
	run "the host's files, own changes" own_files
	run "shared memory" touch /dev/shm/pralloc-test
	run "a terminal" bash -c '[ -e /dev/ptmx ] && [ -e /dev/pts/ptmx ]'
	run "loopback" loopback
	run "loop devices" loop_device
	run "the disk's speed" disk_is_slow
	run "BFQ" bfq
	run "BFQ's weights" with_group bfq_weights
	run "pressure" pressure
	run "KSM" ksm
	run "tc with htb, fq_codel, flower, police" traffic_control
	run "tun, bridge, ifb" network_devices
}

case $variant in
v2)
	run "all controllers are handed down" all_controllers_handed_down
	run "a group with limits" v2_group
	run "io.cost" io_cost
	run "swap on zram" zram_swap
	run "the time" right_time
	common
	guest
	;;
v1)
	run "the controllers of v1" v1_controllers
	run "no v2" no_unified
	run "a group with a soft limit" v1_group
	common
	;;
hybrid)
	run "the controllers of v1" v1_controllers
	run "v2 beside them" unified_beside
	run "a group with a soft limit" v1_group
	;;
v2-systemd)
	run "systemd" systemd_is_init
	run "a group with limits" v2_group
	run "resource properties" resource_properties
	guest
	;;
hybrid-systemd)
	run "systemd" systemd_is_init
	run "the controllers of v1" v1_controllers
	run "v2 beside them" unified_beside
	run "resource properties" resource_properties
	guest
	;;
v1-systemd)
	run "systemd" systemd_is_init
	run "the controllers of v1" v1_controllers
	run "no v2" no_unified
	run "resource properties" resource_properties
	;;
*)
	not_ok "the variant $variant is known"
	;;
esac
done_testing
