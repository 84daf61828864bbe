#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# microvm_root.sh DIR - in a micro VM, as its init or as a service of systemd: mounts the cgroups if
# systemd does not, runs the command that DIR/job describes, tells its exit status and ends the VM.
set -euo pipefail

dir=$1
cgroup='' systemd='' share=''
# shellcheck source=/dev/null # microvm.sh has written them
. "$dir/options"

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

[[ $systemd ]] || mount_cgroups
run_job
[[ ! $share ]] || umount -l "$share"
exec /run/pralloc/busybox poweroff -f
