#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=dash
#
# microvm_init.sh - /init of the micro VM's initramfs: the host's root, read-only by 9p, below a
# tmpfs that takes what is written. If anything fails the kernel panics, and QEMU ends.
set -e

# With /proc the shell finds busybox's other programs.
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do
	insmod "/modules/$module"
done </modules/order

dir=$(sed -n 's/.*pralloc\.dir=\([^ ]*\).*/\1/p' /proc/cmdline)
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /host
# shellcheck source=/dev/null # cgroup, systemd, zram, share, image, here: from microvm.sh
. "/host$dir/options"
mount -t tmpfs -o mode=755 tmpfs /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/host,upperdir=/upper/files,workdir=/upper/work overlay /root

mount -t proc proc /root/proc
mount -t sysfs sysfs /root/sys
mount -t devtmpfs devtmpfs /root/dev
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /root/run
# shellcheck disable=SC2154
chroot /root "$here/microvm_root.sh" prepare "$dir"
if [ "$systemd" ]; then
	exec switch_root /root /lib/systemd/systemd
fi
exec switch_root /root "$here/microvm_root.sh" run "$dir"
