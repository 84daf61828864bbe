#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# guest_agent.sh - add qemu-guest-agent to the initrd of this bed's guests, with the libraries that
# it needs here. The program is $PRALLOC_QEMU_GA, else the installed one. Exit status 77 without.
set -euo pipefail

program=${PRALLOC_QEMU_GA:-$(command -v qemu-ga || true)}
if [[ ! -x $program ]]; then
	echo "qemu-ga is not installed (package qemu-guest-agent), nor named by PRALLOC_QEMU_GA"
	exit 77
fi
work=$(mktemp -d "$PRALLOC_BED_DIR/agent.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$program" "$work/qemu-ga"
# Lines "NAME => PATH (ADDRESS)" and, of the loader, "PATH (ADDRESS)".
while read -r library; do
	mkdir -p "$work${library%/*}"
	cp -L "$library" "$work$library"
done < <(ldd "$program" | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (0x.*/\1/p')
# The kernel unpacks one archive after the other, each at a multiple of 4 bytes.
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >>"$PRALLOC_BED_DIR/image/initrd"
