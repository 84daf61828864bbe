#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# image.sh OUTDIR - make the guest image of the test bed: OUTDIR/vmlinuz, OUTDIR/initrd and
# OUTDIR/talk, the host's end of the agent's channel.
#
# The kernel is the distribution's stock cloud kernel. A complete result is kept and used again
# until the kernel package or our sources change. Exit status 77: the packages cannot be had.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=image_common.sh
. "$here/image_common.sh"
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover
	net_failover virtio_console virtio_blk virtio_net virtio_balloon virtio_mem)
agent_sources=("$here"/agent*.c)
talk_sources=("$here/talk_main.c" "$here/talk.c")

build()
{
	local kernel=$1 module

	unpack "$kernel" busybox-static
	mkdir -p "$work/root/bin" "$work/root/modules"
	cp "$work"/tree/boot/vmlinuz-* "$work/image/vmlinuz"
	for module in "${modules[@]}"; do
		find "$work/tree/lib/modules" -name "$module.ko" -exec cp {} "$work/root/modules" ';'
		[[ -e $work/root/modules/$module.ko ]] || skip "no module $module in $kernel"
	done
	cp "$work/tree/bin/busybox" "$work/root/bin/busybox"
	ln -s busybox "$work/root/bin/sh"
	gcc -std=gnu11 -D_GNU_SOURCE -O2 -static -s -o "$work/root/init" "${agent_sources[@]}"
	gcc -std=gnu11 -D_GNU_SOURCE -O2 -s -o "$work/image/talk" "${talk_sources[@]}"
	mkdir "$work/root/dev"
	mknod -m 600 "$work/root/dev/console" c 5 1
	(cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/image/initrd"
}

[[ $# == 1 ]] || { echo "usage: image.sh OUTDIR" >&2; exit 2; }
make_image "$1" linux-image-cloud-amd64 "$here"/agent*.[ch] "$here"/talk*.[ch] "$here/image.sh"
