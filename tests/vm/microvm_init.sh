#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
#
# microvm_init.sh - /init of the micro VM's initramfs. Makes the root file system, the host's by 9p
# below a tmpfs that takes what is written, with all that is in it before a command runs. If
# anything fails the kernel panics, and QEMU ends.
set -e

root=/root
systemd='' zram='' share='' image='' here=''

mount_9p()
{
	mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"
}

mount_root()
{
	mount_9p host /host ro,cache=loose
	mount -t tmpfs -o mode=755 tmpfs /upper
	mkdir /upper/files /upper/work
	mount -t overlay -o lowerdir=/host,upperdir=/upper/files,workdir=/upper/work overlay $root
	mount -t proc proc $root/proc
	mount -t sysfs sysfs $root/sys
	mount -t devtmpfs devtmpfs $root/dev
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs $root/run
	mkdir $root/run/lock $root/run/pralloc
	: >$root/etc/fstab
}

make_devices()
{
	cd $root/dev
	mkdir pts shm net
	mount -t devpts -o mode=620,ptmxmode=666 devpts pts
	mount -t tmpfs -o mode=1777 tmpfs shm
	ln -s /proc/self/fd fd
	ln -s fd/0 stdin
	ln -s fd/1 stdout
	ln -s fd/2 stderr
	# Opening one of these loads its module.
	mknod net/tun c 10 200
	mknod loop-control c 10 237
	mknod fuse c 10 229
	cd /
}

load_modules_on_demand()
{
	version=$(uname -r)
	cp /bin/busybox $root/run/pralloc/busybox
	ln -s busybox $root/run/pralloc/modprobe
	mkdir -p "$root/usr/lib/modules/$version"
	mount --bind "/host$image/modules/$version" "$root/usr/lib/modules/$version"
	ln -sf /run/pralloc/modprobe $root/usr/sbin/modprobe
	echo /run/pralloc/modprobe >/proc/sys/kernel/modprobe
}

make_swap()
{
	chroot $root /run/pralloc/modprobe zram
	echo "${zram}M" >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

# Systemd starts nothing but what the job needs, whatever the host has enabled; every unit can be
# started. The host may be a container, the VM is none.
prepare_systemd()
{
	units=$root/etc/systemd/system
	mkdir -p "$units"
	rm -rf "$units"/*.wants $root/lib/systemd/system/*.wants $root/.dockerenv
	[ -s $root/etc/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >$root/etc/machine-id
	cat >"$units/pralloc-microvm.target" <<-END
		[Unit]
		Description=A command in a micro VM
		Requires=dbus.socket pralloc-microvm.service
	END
	cat >"$units/pralloc-microvm.service" <<-END
		[Unit]
		Description=The command in a micro VM
		After=dbus.socket
		FailureAction=poweroff-immediate
		[Service]
		Type=exec
		ExecStart="$here/microvm_root.sh" "$dir"
		StandardOutput=append:/dev/ttyS0
		Delegate=yes
	END
}

# With /proc the shell finds busybox's other programs.
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
	insmod "/modules/$module"
done </modules/order
dir=$(sed -n 's/.*pralloc\.dir=\([^ ]*\).*/\1/p' /proc/cmdline)
mount_root
# shellcheck source=/dev/null # microvm.sh has written them
. "/host$dir/options"
make_devices
load_modules_on_demand
ip link set lo up
[ -z "$zram" ] || make_swap
[ -z "$share" ] || mount_9p share "$root$share" rw
if [ "$systemd" ]; then
	prepare_systemd
	exec switch_root $root /lib/systemd/systemd
fi
exec switch_root $root "$here/microvm_root.sh" "$dir"
