#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bed_init.sh STAGE DIR COMMAND... - PID 1 of a bed, started by bed.sh in new mount, net and PID
# namespaces. Stage "join" enters the bed's cgroups and a cgroup namespace, in which they are the
# roots; stage "setup" mounts what the bed needs, starts libvirtd and runs COMMAND.
set -euo pipefail

stage=$1
dir=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bridge=pralloc0

join_cgroups()
{
	local target

	while read -r target _; do
		echo 0 >"$target/${dir##*/}/cgroup.procs"
	done <"$dir/cgroups"
}

# Mount options without those that are not about which hierarchy it is.
hierarchy()
{
	tr , '\n' <<<"$1" | grep -E -v '^(rw|ro|release_agent=.*|clone_children|xattr)$' |
		paste -s -d ,
}

# The new sysfs shows the bed's interfaces; it hides the cgroup mounts, which are made anew and
# show the bed's groups as roots.
mount_sys()
{
	local target type options

	mkdir "$dir/links"
	find /sys/fs/cgroup -maxdepth 1 -type l -exec cp -P {} "$dir/links" ';'
	umount -R -l /sys
	mount -t sysfs sysfs /sys
	if ! grep -q '^/sys/fs/cgroup cgroup2 ' "$dir/cgroups"; then
		mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	fi
	cp -P "$dir"/links/* /sys/fs/cgroup 2>/dev/null || true
	while read -r target type options; do
		mkdir -p "$target"
		if [[ $type == cgroup2 ]]; then
			mount -t cgroup2 cgroup2 "$target"
		else
			options=$(hierarchy "$options")
			[[ $options != name=* ]] || options=none,$options
			mount -t cgroup -o "$options" cgroup "$target"
		fi
	done <"$dir/cgroups"
}

# On a pure cgroup v2 host the root of the bed is no real root: with processes in it, no
# controller could be handed down.
leave_root()
{
	local controller

	grep -q '^/sys/fs/cgroup cgroup2 ' "$dir/cgroups" || return 0
	mkdir /sys/fs/cgroup/bed
	echo 0 >/sys/fs/cgroup/bed/cgroup.procs
	for controller in $(</sys/fs/cgroup/cgroup.controllers); do
		echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
	done
}

# Make the directory $1 without writing to the host: a tmpfs over its parent, into which
# everything that the parent has is bound.
shadow()
{
	local parent=${1%/*} new=$dir/shadow entry name

	mkdir -p "$new"
	mount -t tmpfs -o mode=755 tmpfs "$new"
	for entry in "$parent"/* "$parent"/.[!.]*; do
		name=$new/${entry##*/}
		if [[ -L $entry ]]; then
			cp -P "$entry" "$name"
		elif [[ -d $entry ]]; then
			mkdir "$name"
			mount --rbind "$entry" "$name"
		elif [[ -e $entry ]]; then
			: >"$name"
			mount --bind "$entry" "$name"
		fi
	done
	mkdir "$new/${1##*/}"
	mount --move "$new" "$parent"
}

mount_libvirt()
{
	local name target

	for name in run lib cache log etc; do
		case $name in
		run) target=/run/libvirt ;;
		etc) target=/etc/libvirt ;;
		*) target=/var/$name/libvirt ;;
		esac
		mkdir "$dir/$name"
		[[ -d $target ]] || shadow "$target"
		mount --bind "$dir/$name" "$target"
	done
	mkdir "$dir/log/qemu"
	if [[ -e /dev/kvm && ${PRALLOC_BED_ACCEL:-tcg} == tcg ]]; then
		: >"$dir/nokvm"
		chmod 000 "$dir/nokvm"
		mount --bind "$dir/nokvm" /dev/kvm
	fi
}

# Without this user and group libvirtd does not start its QEMU driver, and they come with a package
# (libvirt-daemon-system) that nothing else here needs.
add_user()
{
	local file line

	for file in passwd group; do
		getent "$file" libvirt-qemu >/dev/null && continue
		line=libvirt-qemu:x:64055:
		[[ $file == group ]] || line+="64055::/nonexistent:/usr/sbin/nologin"
		{ cat "/etc/$file"; echo "$line"; } >"$dir/$file"
		mount --bind "$dir/$file" "/etc/$file"
	done
}

configure_libvirt()
{
	cat >"$dir/etc/libvirtd.conf" <<-END
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		log_outputs = "3:file:$dir/libvirtd.log"
	END
	cat >"$dir/etc/qemu.conf" <<-END
		security_driver = "none"
		stdio_handler = "file"
		namespaces = []
		remember_owner = 0
	END
}

setup_network()
{
	ip link set lo up
	ip link add "$bridge" type bridge forward_delay 0 stp_state 0
	# Router solicitations would be traffic that no test has sent.
	if [[ -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ]]; then
		echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	fi
	ip link set "$bridge" up
}

# Programs that name things after their PID in /tmp and in shared memory (Criterion does) would meet
# those of other beds, where the same small numbers are in use.
spread_pids()
{
	local highest

	highest=$(</proc/sys/kernel/pid_max)
	mount -t tmpfs tmpfs /dev/shm
	echo $(((RANDOM * 32768 + RANDOM) % (highest / 2) + highest / 4)) \
		>/proc/sys/kernel/ns_last_pid 2>/dev/null || true
}

if [[ $stage == join ]]; then
	join_cgroups
	exec unshare --cgroup "$here/bed_init.sh" setup "$dir" "$@"
fi
spread_pids
mount_sys
leave_root
mount_libvirt
add_user
configure_libvirt
setup_network
export PRALLOC_BED_DIR=$dir
export PRALLOC_BED_URI="qemu+unix:///system?socket=$dir/run/libvirt-sock"
export PRALLOC_BED_IMAGE=$dir/image
export PRALLOC_BED_BRIDGE=$bridge
export PRALLOC_BED_SH=$here/bed.sh
cd "$PWD"
"$here/bed.sh" libvirtd start 9>&-
status=0
# PID 1 stays: its end is the end of every process in the bed.
"$@" 9>&- || status=$?
exit "$status"
