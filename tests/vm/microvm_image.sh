#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# microvm_image.sh OUTDIR - make what the micro VM boots: OUTDIR/kernel, OUTDIR/initrd
# and OUTDIR/modules/VERSION with all modules of the kernel that a VM can use.
#
# The kernel is the distribution's stock full kernel (the cloud kernel has no 9p). A complete
# result is kept and used again until the kernel package or our sources change. Exit status 77: the
# packages cannot be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=image_common.sh
. "$here/image_common.sh"
boot_modules=(virtio_pci virtio_console 9pnet_virtio 9p overlay virtio_blk)
# Without hardware nobody needs these; and an emulated CPU has SVM, so that a guest of libvirt in
# the VM would be tried with KVM.
unused=(sound arch/x86/kvm drivers/gpu drivers/media drivers/scsi drivers/usb drivers/infiniband
	drivers/iio drivers/staging drivers/net/ethernet drivers/net/wireless)

# The files of module $1 and of what it needs, in the order of loading.
load_order()
{
	sed -n "s|^\([^ ]*/$1\.ko\): *|\1 |p" "$work/image/modules/$version/modules.dep" |
		tr ' ' '\n' | sed '/^$/d' | tac
}

# Unpacking the kernel takes the host a moment and an emulated CPU 2 s: the VM boots the program
# inside of the compressed file $1, if it is one that we know, else the whole file.
extract_kernel()
{
	local offset

	offset=$(LC_ALL=C grep -aboP -m 1 '\xfd7zXZ\x00' "$1" | head -n 1 | cut -d : -f 1)
	tail -c "+$((${offset:-0} + 1))" "$1" | xz -dc --single-stream >"$2" 2>/dev/null || true
	[[ $(head -c 4 "$2" | tail -c 3) == ELF ]] || cp "$1" "$2"
}

build()
{
	local version module file

	unpack "$1" busybox-static
	version=$(basename "$work"/tree/lib/modules/*)
	for file in "${unused[@]}"; do
		rm -r "$work/tree/lib/modules/$version/kernel/$file"
	done
	"$work/tree/bin/busybox" depmod -b "$work/tree" "$version"
	extract_kernel "$work"/tree/boot/vmlinuz-* "$work/image/kernel"
	mv "$work/tree/lib/modules" "$work/image/modules"
	mkdir -p "$work"/root/{bin,dev,host,modules,proc,root,sys,upper}
	for module in "${boot_modules[@]}"; do
		[[ $(load_order "$module") ]] || skip "no module $module in $1"
		for file in $(load_order "$module"); do
			cp "$work/image/modules/$version/$file" "$work/root/modules"
			echo "${file##*/}"
		done
	done | awk '!seen[$0]++' >"$work/root/modules/order"
	cp "$work/tree/bin/busybox" "$work/root/bin/busybox"
	cp "$here/microvm_init.sh" "$work/root/init"
	mknod -m 600 "$work/root/dev/console" c 5 1
	(cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/image/initrd"
}

[[ $# == 1 ]] || { echo "usage: microvm_image.sh OUTDIR" >&2; exit 2; }
make_image "$1" linux-image-amd64 "$here/microvm_image.sh" "$here/microvm_init.sh"
