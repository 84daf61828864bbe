#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# spin.sh - the smallest guests of libvirt, for a micro VM, where a kernel would take minutes to
# boot: a ROM of two bytes of code keeps one vCPU busy from the first moment. Works in a bed too.
#
#   spin.sh libvirtd             start libvirtd and wait until it answers (micro VM only)
#   spin.sh guest NAME [OPTION...]  define and start a guest
#   spin.sh xml NAME [OPTION...]    print its XML instead
#   spin.sh destroy NAME         destroy and undefine; an absent guest is fine
#
#   --cpus LIST   host CPUs of vCPUs and emulator (all)
#   --vcpus N     of which the first is busy (1)
#   --disk PATH   vda: a file or block device (none)
set -euo pipefail

dir=${PRALLOC_BED_DIR:-/run/pralloc}
uri=${PRALLOC_BED_URI:-qemu:///system}
timeout=60

fail()
{
	echo "spin.sh: $*" >&2
	exit 1
}

virsh()
{
	command virsh -q -c "$uri" "$@"
}

# The first instruction of an x86 is 16 bytes below the end of the ROM: `jmp .`.
make_rom()
{
	[[ -e $dir/spin.rom ]] && return
	truncate -s 64K "$dir/spin.rom.new"
	printf '\xeb\xfe' | dd of="$dir/spin.rom.new" bs=1 seek=65520 conv=notrunc status=none
	mv "$dir/spin.rom.new" "$dir/spin.rom"
}

disk_xml()
{
	local type=file source=file

	[[ $disk ]] || return 0
	if [[ -b $disk ]]; then
		type=block
		source=dev
	fi
	cat <<-END
		<disk type='$type' device='disk'>
		  <driver name='qemu' type='raw' cache='none' io='native'/>
		  <source $source='$disk'/>
		  <target dev='vda' bus='virtio'/>
		</disk>
	END
}

# Sets name, cpus, vcpus, disk of the caller.
parse()
{
	[[ ${1:-} =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$ ]] || fail "not a guest's name: ${1:-}"
	name=$1
	shift
	while (($#)); do
		[[ $1 =~ ^--(cpus|vcpus|disk)$ && $# -ge 2 ]] || fail "unknown option $1"
		printf -v "${1#--}" %s "$2"
		shift 2
	done
}

xml()
{
	local name cpus='' vcpus=1 disk=''

	parse "$@"
	make_rom
	cat <<-END
		<domain type='qemu'>
		  <name>$name</name>
		  <memory unit='MiB'>8</memory>
		  <vcpu${cpus:+ cpuset='$cpus'}>$vcpus</vcpu>
		  ${cpus:+<cputune><emulatorpin cpuset='$cpus'/></cputune>}
		  <os>
		    <type arch='x86_64' machine='pc'>hvm</type>
		    <loader readonly='yes' type='rom'>$dir/spin.rom</loader>
		  </os>
		  <devices>
		    $(disk_xml)
		    <controller type='usb' model='none'/>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
}

guest()
{
	local definition=$dir/$1.xml

	xml "$@" >"$definition"
	virsh define "$definition" >/dev/null
	virsh start "$1" >/dev/null
}

destroy()
{
	virsh destroy "$1" >/dev/null 2>&1 || true
	virsh undefine "$1" >/dev/null 2>&1 || true
}

# Without this user and group libvirtd does not start its QEMU driver, and they come with a package
# (libvirt-daemon-system) that nothing else here needs.
add_user()
{
	getent group libvirt-qemu >/dev/null || echo "libvirt-qemu:x:64055:" >>/etc/group
	getent passwd libvirt-qemu >/dev/null ||
		echo "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
}

libvirtd()
{
	[[ ${PRALLOC_MICROVM:-} ]] || fail "libvirtd: only in a micro VM"
	add_user
	mkdir -p /etc/libvirt
	cat >/etc/libvirt/libvirtd.conf <<-END
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		log_outputs = "3:file:$dir/libvirtd.log"
	END
	cat >/etc/libvirt/qemu.conf <<-END
		security_driver = "none"
		stdio_handler = "file"
		namespaces = []
		remember_owner = 0
	END
	command libvirtd -d || fail "libvirtd does not start"
	until virsh version >/dev/null 2>&1; do
		((SECONDS < timeout)) || fail "libvirtd: $(tail -n 1 "$dir/libvirtd.log")"
		sleep 0.1
	done
}

command=${1:-}
case $command in
libvirtd | guest | xml | destroy)
	shift
	"$command" "$@"
	;;
*)
	sed -n '/^#   spin.sh/s/^#   /usage: /p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac
