#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# packages.sh OUTPUT_DIR - build the Debian packages libpralloc0, libpralloc0-libvirt,
# libpralloc-dev and pralloc.
#
# Works on a copy of the tree, where pkgconfig/debian stands at the top as the tools expect it.
# Needs what pkgconfig/debian/control names under Build-Depends, and no root.
# DEB_BUILD_OPTIONS is handed on (noautodbgsym: no packages of debug symbols).
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=${1:?usage: packages.sh OUTPUT_DIR}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All that is no build's: with git what it knows or would, without it all but build directories.
list_sources()
{
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -z --cached --others --exclude-standard
	else
		find . -path './build*' -prune -o -type f -print0
	fi
}

cd "$top"
mkdir -p "$output" "$work/libpralloc"
output=$(realpath "$output")
list_sources | tar --create --null --files-from=- | tar --extract --directory="$work/libpralloc"
mv "$work/libpralloc/pkgconfig/debian" "$work/libpralloc/debian"
cd "$work/libpralloc"
# Settings of a shell that is in a build directory are not those of the packages.
unset DESTDIR PRALLOC_MODULE_DIR CFLAGS LDFLAGS
dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary
mv "$work"/*.deb "$output"
