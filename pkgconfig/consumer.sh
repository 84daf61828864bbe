#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs build and run against the installed library, found through pkg-config alone.
#   consumer.sh BUILD_DIR
# The library is built again, with BUILD_DIR's libvirt option, and installed below a temporary
# prefix; no root is needed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tests/abi/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset DESTDIR PRALLOC_MODULE_DIR

install_tree() {
	libvirt=$(meson introspect --buildoptions "$1" |
		python3 -c 'import json, sys
print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "libvirt"))') &&
		meson setup "$work/build" "$here/.." --prefix="$work/prefix" --libdir=lib \
			-Dlibvirt="$libvirt" -Dtests=disabled -Dexamples=disabled -Ddocs=false &&
		meson install -C "$work/build"
}

# build OUTPUT COMPILER… SOURCE: with what pkg-config says, -lpralloc replaced for static use
build() {
	output=$1
	shift
	# shellcheck disable=SC2046 # the words are meant to be split
	"$@" -Wall -Wextra -Werror $(pkg-config --cflags libpralloc) -o "$output" \
		$(pkg-config $static --libs libpralloc | sed "s/-lpralloc/$library/")
}

# output OUTPUT COMMAND…
output() {
	wanted=$1
	shift
	found=$("$@" 2>&1)
	[ "$found" = "$wanted" ] && return
	printf 'wanted: %s\nfound:  %s\n' "$wanted" "$found"
	return 1
}

# no_backend PROGRAM: refused with the reason
no_backend() {
	if found=$("$1" qemu:///system 2>&1); then
		echo "it opened qemu:///system"
		return 1
	fi
	case $found in
	*"the libvirt backend is not installed"*) return 0 ;;
	esac
	echo "$found"
	return 1
}

consumers() {
	run "consumer.c builds, $1" build "$work/consumer" cc -std=c99 -pedantic "$here/consumer.c"
	run "consumer.c runs, $1" output "$domains" "$work/consumer"
	run "consumer.cc builds, $1" build "$work/consumer++" c++ -std=c++11 -pedantic \
		"$here/consumer.cc"
	run "consumer.cc runs, $1" output "$domains" "$work/consumer++"
}

domains="vm1 2048
vm2 2048"
run "the library installs below a prefix" install_tree "$1"
export PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
version=$(meson introspect --projectinfo "$work/build" |
	sed -n 's/.*"version": "\([^"]*\)".*/\1/p')
run "pkg-config tells the version" output "$version" pkg-config --modversion libpralloc
run "pkg-config tells where modules are" output "$work/prefix/lib/pralloc" \
	pkg-config --variable=moduledir libpralloc

static=--static
library=-l:libpralloc.a
consumers static
empty "the static program needs no libpralloc.so" \
	"$(ldd "$work/consumer" | grep libpralloc)"

static=
library=-lpralloc
export LD_LIBRARY_PATH="$work/prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
consumers shared
run "the shared program uses the installed libpralloc.so.0" \
	sh -c "ldd '$work/consumer' | grep -q '$work/prefix/lib/libpralloc.so.0'"

rm -f "$work/prefix/lib/pralloc/pralloc-libvirt.so"
run "without the module qemu:///system is refused with the reason" no_backend "$work/consumer"
run "its code is -EOPNOTSUPP" sh -c "'$work/consumer' qemu:///system | grep -q '^-95 '"
done_testing
