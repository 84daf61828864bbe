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
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover
	net_failover virtio_console virtio_blk virtio_net virtio_balloon)
agent_sources=("$here"/agent*.c)
talk_sources=("$here/talk_main.c" "$here/talk.c")

skip()
{
	echo "image.sh: $*" >&2
	exit 77
}

# "PACKAGE VERSION" of the kernel that the distribution's cloud kernel package depends on.
kernel_package()
{
	apt-cache show --no-all-versions linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^Depends: \(linux-image-[^ ]*\) (= \([^)]*\)).*/\1 \2/p' | head -n 1
}

sources_sum()
{
	cat "$here"/agent*.[ch] "$here"/talk*.[ch] "$here/image.sh" | sha256sum |
		cut -c 1-16
}

# The packages are fetched as root into a directory that apt's own user may write.
fetch()
{
	mkdir "$work/deb"
	chmod 755 "$work"
	if id -u _apt >/dev/null 2>&1; then
		chown _apt "$work/deb"
	fi
	(cd "$work/deb" && apt-get -qq download "$@" >/dev/null 2>"$work/apt.log") ||
		skip "cannot download $*: $(tail -n 1 "$work/apt.log")"
}

build()
{
	local kernel=$1 module deb

	fetch "$kernel" busybox-static
	mkdir -p "$work/tree" "$work/root/bin" "$work/root/modules" "$work/image"
	for deb in "$work"/deb/*.deb; do
		dpkg-deb -x "$deb" "$work/tree"
	done
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
	chmod 755 "$work/image"
}

# One rename makes the image; who has the old one open keeps it.
publish()
{
	echo "$1" >"$work/image/stamp"
	rm -rf "$out.old"
	if [[ -e $out ]]; then
		mv -T "$out" "$out.old"
	fi
	mv -T "$work/image" "$out"
	rm -rf "$out.old"
}

[[ $# == 1 ]] || { echo "usage: image.sh OUTDIR" >&2; exit 2; }
out=$(realpath -m "$1")
mkdir -p "$(dirname "$out")"
# Two builders of one image wait for each other.
exec 8>"$out.lock"
flock 8

sum=$(sources_sum)
complete=
if [[ -e $out/stamp && $(<"$out/stamp") == *" $sum" ]]; then
	complete=1
fi
# apt-cache takes half a second: ask it only when the package lists are newer than the image.
if [[ $complete && $out/stamp -nt /var/lib/apt/lists ]]; then
	exit 0
fi
kernel=$(kernel_package || true)
if [[ -z $kernel ]]; then
	# Without package lists an image of the same sources is still good, whatever its kernel.
	[[ $complete ]] ||
		skip "linux-image-cloud-amd64 is not in the package lists (apt-get update)"
	exit 0
fi
if [[ $complete && $(<"$out/stamp") == "$kernel $sum" ]]; then
	touch "$out/stamp"
	exit 0
fi
work=$(mktemp -d "$(dirname "$out")/.image.XXXXXX")
trap 'rm -rf "$work"' EXIT
build "${kernel% *}"
publish "$kernel $sum"
