#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bed_guest.sh - the part of bed.sh that works inside a bed: guests and libvirtd.
set -euo pipefail

dir=$PRALLOC_BED_DIR
timeout=${PRALLOC_BED_TIMEOUT:-60}
pidfile=$dir/libvirtd.pid

fail()
{
	echo "bed.sh: $*" >&2
	exit 1
}

virsh()
{
	command virsh -q -c "$PRALLOC_BED_URI" "$@"
}

check_name()
{
	[[ ${1:-} =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$ ]] || fail "not a guest's name: ${1:-}"
}

# The same name has the same address in every bed.
mac_of()
{
	local sum

	sum=$(md5sum <<<"$1")
	echo "52:54:00:${sum:0:2}:${sum:2:2}:${sum:4:2}"
}

balloon_xml()
{
	if [[ ! $balloon_device ]]; then
		echo "<memballoon model='none'/>"
	else
		echo "<memballoon model='virtio' autodeflate='$autodeflate'>" \
			"<stats period='1'/></memballoon>"
	fi
}

pin_xml()
{
	[[ $cpus ]] || return 0
	echo "<cputune><emulatorpin cpuset='$cpus'/></cputune>"
}

# Devices of 2 MiB blocks from which nothing is plugged yet, and the room for them.
virtio_mem_room()
{
	((${#virtio_mem[@]})) || return 0
	echo "<maxMemory slots='${#virtio_mem[@]}' unit='MiB'>$((total + 1024))</maxMemory>"
}

virtio_mem_cell()
{
	((${#virtio_mem[@]})) || return 0
	echo "<numa><cell id='0' cpus='0-$((vcpus - 1))' memory='$maximum' unit='MiB'/></numa>"
}

virtio_mem_xml()
{
	local size

	for size in "${virtio_mem[@]}"; do
		echo "<memory model='virtio-mem'><target><size unit='MiB'>$size</size>" \
			"<node>0</node><block unit='MiB'>2</block>" \
			"<requested unit='MiB'>0</requested></target></memory>"
	done
}

guest_xml()
{
	local type=qemu mode=maximum cmdline="console=ttyS0 quiet ipv6.disable=1" cpuset='' size
	local total=$maximum

	if [[ ${PRALLOC_BED_ACCEL:-tcg} != tcg ]]; then
		type=$PRALLOC_BED_ACCEL
		mode=host-passthrough
	fi
	[[ ! $cpus ]] || cpuset=" cpuset='$cpus'"
	[[ $balloon_driver ]] || cmdline+=" pralloc.noballoon"
	for size in "${virtio_mem[@]}"; do
		((total += size))
	done
	# What is plugged goes online by itself, where it can be unplugged again.
	((${#virtio_mem[@]} == 0)) || cmdline+=" memhp_default_state=online_movable"
	cat <<-END
		<domain type='$type'>
		  <name>$name</name>
		  $(virtio_mem_room)
		  <memory unit='MiB'>$total</memory>
		  <currentMemory unit='MiB'>$memory</currentMemory>
		  <vcpu$cpuset>$vcpus</vcpu>
		  $(pin_xml)
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    <kernel>$dir/image/vmlinuz</kernel>
		    <initrd>$dir/image/initrd</initrd>
		    <cmdline>$cmdline</cmdline>
		  </os>
		  <features><acpi/></features>
		  <cpu mode='$mode'>$(virtio_mem_cell)</cpu>
		  <clock offset='utc'/>
		  <devices>
		    <disk type='file' device='disk'>
		      <driver name='qemu' type='raw' cache='none' io='native'/>
		      <source file='$dir/guests/$name.disk'/>
		      <target dev='vda' bus='virtio'/>
		    </disk>
		    <interface type='bridge'>
		      <mac address='$(mac_of "$name")'/>
		      <source bridge='$PRALLOC_BED_BRIDGE'/>
		      <model type='virtio'/>
		    </interface>
		    <channel type='unix'>
		      <source mode='bind' path='$dir/guests/$name.agent'/>
		      <target type='virtio' name='org.pralloc.agent.0'/>
		    </channel>
		    <serial type='file'><source path='$dir/guests/$name.console'/></serial>
		    <controller type='usb' model='none'/>
		    $(virtio_mem_xml)
		    $(balloon_xml)
		  </devices>
		</domain>
	END
}

wait_agent()
{
	until "$dir/image/talk" "$dir/guests/$1.agent" 2000 ping >/dev/null 2>&1; do
		((SECONDS < timeout)) || fail "guest $1: no answer from its agent in $timeout s"
		[[ $(virsh domstate "$1" 2>/dev/null) == running ]] ||
			fail "guest $1 does not run (see $dir/log/qemu/$1.log)"
	done
}

# Does guest $1 have a balloon with a driver that tells figures?
has_balloon()
{
	local xml

	xml=$(virsh dumpxml --inactive "$1")
	[[ $xml != *"memballoon model='none'"* && $xml != *pralloc.noballoon* ]]
}

# Sets $actual and $updated of the caller.
balloon_state()
{
	local stats

	((SECONDS < timeout)) || fail "guest $1: no balloon in $timeout s"
	sleep 0.1
	stats=$(virsh dommemstat "$1")
	actual=$(awk '$1 == "actual" { print $2 }' <<<"$stats")
	updated=$(awk '$1 == "last_update" { print $2 }' <<<"$stats")
	[[ $stats == *unused* ]]
}

# After a start the target is the configured one.
wait_started()
{
	local target actual updated

	wait_agent "$1"
	has_balloon "$1" || return 0
	target=$(virsh dumpxml --inactive "$1" |
		sed -n "s/.*<currentMemory unit='KiB'>\([0-9]*\)<.*/\1/p")
	until balloon_state "$1" && ((actual == target)); do :; done
}

# After a reboot nothing but QEMU knows the target, and the figures may be those from before: wait
# for new ones and for a balloon that keeps still.
wait_again()
{
	local actual updated before='' now

	wait_agent "$1"
	has_balloon "$1" || return 0
	printf -v now '%(%s)T'
	until balloon_state "$1" && ((updated > now)) && [[ $actual == "$before" ]]; do
		before=$actual
		sleep 0.2
	done
}

guest()
{
	check_name "${1:-}"
	local name=$1 memory=512 maximum='' vcpus=2 cpus='' autodeflate=off
	local balloon_device=1 balloon_driver=1 virtio_mem=()

	shift
	while (($# > 0)); do
		case $1 in
		--memory) memory=$2 && shift ;;
		--maximum) maximum=$2 && shift ;;
		--vcpus) vcpus=$2 && shift ;;
		--cpus) cpus=$2 && shift ;;
		--no-balloon-device) balloon_device='' ;;
		--no-balloon-driver) balloon_driver='' ;;
		--autodeflate) autodeflate=on ;;
		--virtio-mem) virtio_mem+=("$2") && shift ;;
		*) fail "guest: unknown option $1" ;;
		esac
		shift
	done
	maximum=${maximum:-$memory}
	mkdir -p "$dir/guests"
	truncate -s 64M "$dir/guests/$name.disk"
	guest_xml >"$dir/guests/$name.xml"
	virsh define "$dir/guests/$name.xml" >/dev/null
	virsh start "$name" >/dev/null
	wait_started "$name"
}

boot()
{
	check_name "${1:-}"
	virsh start "$1" >/dev/null
	wait_started "$1"
}

destroy()
{
	check_name "${1:-}"
	virsh destroy "$1" >/dev/null 2>&1 || true
	virsh undefine "$1" >/dev/null 2>&1 || true
	rm -f "$dir/guests/$1".*
}

libvirtd_alive()
{
	[[ -e $pidfile ]] && kill -0 "$(<"$pidfile")" 2>/dev/null
}

libvirtd_gone()
{
	while libvirtd_alive; do
		((SECONDS < timeout)) || fail "libvirtd does not end"
		sleep 0.02
	done
}

# Without the system's D-Bus libvirtd makes its cgroups itself, in the bed's own hierarchy.
libvirtd_start()
{
	libvirtd_alive && return 0
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent libvirtd -d -p "$pidfile" ||
		fail "libvirtd does not start"
	until virsh version >/dev/null 2>&1; do
		if ! libvirtd_alive || ((SECONDS >= timeout)); then
			fail "libvirtd: $(tail -n 1 "$dir/libvirtd.log")"
		fi
		sleep 0.05
	done
}

libvirtd_control()
{
	case ${1:-} in
	start)
		libvirtd_start
		;;
	stop)
		libvirtd_alive || return 0
		kill "$(<"$pidfile")"
		libvirtd_gone
		;;
	kill)
		libvirtd_alive || fail "libvirtd does not run"
		kill "${2:-"-TERM"}" "$(<"$pidfile")"
		;;
	*)
		fail "libvirtd start, stop or kill -SIGNAL"
		;;
	esac
}

command=$1
shift
case $command in
guest) guest "$@" ;;
boot) boot "$@" ;;
destroy) destroy "$@" ;;
libvirtd) libvirtd_control "$@" ;;
wait)
	check_name "${1:-}"
	wait_again "$1"
	;;
agent)
	check_name "${1:-}"
	name=$1
	shift
	exec "$dir/image/talk" "$dir/guests/$name.agent" "$((timeout * 1000))" "$@"
	;;
esac
