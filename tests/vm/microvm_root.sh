#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# microvm_root.sh STAGE DIR - the inside of a micro VM, in its root file system. Stage "prepare"
# makes what every VM has, before init starts; stage "run", as init or as a service of systemd,
# runs the command that DIR/job describes, tells its exit status and ends the VM.
set -euo pipefail

stage=$1
dir=$2
cgroup='' systemd='' zram='' share='' image=''
# shellcheck source=/dev/null # microvm.sh has written them
. "$dir/options"
tools=/run/pralloc

make_devices()
{
	mkdir -p /dev/pts /dev/shm /dev/net
	mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	ln -sf /proc/self/fd /dev/fd
	ln -sf fd/0 /dev/stdin
	ln -sf fd/1 /dev/stdout
	ln -sf fd/2 /dev/stderr
	# Opening one of these loads its module.
	mknod /dev/net/tun c 10 200
	mknod /dev/loop-control c 10 237
	mknod /dev/fuse c 10 229
}

load_modules_on_demand()
{
	local version

	version=$(uname -r)
	cp "$image/busybox" "$tools/modprobe"
	mkdir -p "/usr/lib/modules/$version"
	mount --bind "$image/modules/$version" "/usr/lib/modules/$version"
	ln -sf "$tools/modprobe" /usr/sbin/modprobe
	echo "$tools/modprobe" >/proc/sys/kernel/modprobe
}

make_swap()
{
	modprobe zram
	echo "${zram}M" >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

prepare()
{
	mkdir "$tools" /run/lock
	make_devices
	load_modules_on_demand
	ip link set lo up
	: >/etc/fstab
	[[ ! $zram ]] || make_swap
	[[ ! $share ]] || mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 share "$share"
}

mount_v2()
{
	local controller

	mount -t cgroup2 cgroup2 "$1"
	for controller in $(<"$1/cgroup.controllers"); do
		echo "+$controller" >"$1/cgroup.subtree_control"
	done
}

# As Debian's systemd mounts it.
mount_v1()
{
	local controllers name

	mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	for controllers in cpu,cpuacct cpuset memory blkio devices freezer net_cls,net_prio \
		perf_event hugetlb pids rdma; do
		mkdir "/sys/fs/cgroup/$controllers"
		mount -t cgroup -o "$controllers" cgroup "/sys/fs/cgroup/$controllers"
		[[ $controllers == *,* ]] || continue
		for name in ${controllers//,/ }; do
			ln -s "$controllers" "/sys/fs/cgroup/$name"
		done
	done
	mkdir /sys/fs/cgroup/systemd
	mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
}

mount_cgroups()
{
	case $cgroup in
	v2)
		mount_v2 /sys/fs/cgroup
		;;
	v1)
		mount_v1
		;;
	hybrid)
		mount_v1
		mkdir /sys/fs/cgroup/unified
		mount_v2 /sys/fs/cgroup/unified
		;;
	esac
}

port()
{
	local file

	for file in /sys/class/virtio-ports/*/name; do
		if [[ $(<"$file") == "pralloc.$1" ]]; then
			basename "$(dirname "$file")"
		fi
	done
}

# A port takes one opener and is no pipe: the command gets pipes, as programs expect. A daemon that
# keeps one of them open is not waited for.
run_job()
{
	local status=0 out err

	exec 3> >(exec cat >"/dev/$(port out)")
	out=$!
	exec 4> >(exec cat >"/dev/$(port err)")
	err=$!
	bash "$dir/job" >&3 2>&4 3>&- 4>&- </dev/null || status=$?
	exec 3>&- 4>&-
	timeout 2 tail --pid="$out" -f /dev/null || true
	timeout 2 tail --pid="$err" -f /dev/null || true
	echo "$status" >"/dev/$(port status)"
}

case $stage in
prepare)
	prepare
	;;
run)
	[[ $systemd ]] || mount_cgroups
	run_job
	[[ ! $share ]] || umount -l "$share"
	exec "$image/busybox" poweroff -f
	;;
esac
