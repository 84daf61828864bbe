#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The Debian packages: they build, hold what they should, and work from a directory that they are
# unpacked into.  No root.
# Usage: packages.sh SOURCE_DIR      prints TAP; exit status 1 when a case fails
set -u

source_dir=${1:?usage: packages.sh SOURCE_DIR}
. "$source_dir/tests/abi/tap.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset PRALLOC_URI PRALLOC_MODULE_DIR DESTDIR
export LC_ALL=C
debs=$work/debs
root=$work/root

# need COMMAND PACKAGE
need() {
	command -v "$1" >/dev/null && return
	skip "Debian packages" "$1 ($2) is not installed"
	done_testing
}

need dpkg-buildpackage dpkg-dev
need dh debhelper
if ! missing=$(dpkg-checkbuilddeps "$source_dir/pkgconfig/debian/control" 2>&1); then
	skip "Debian packages" "${missing#*error: }"
	done_testing
fi

deb() {
	echo "$debs/$1"_*.deb
}

# The files of a package but for its documentation, without the architecture's directory.
files() {
	dpkg-deb --fsys-tarfile "$(deb "$1")" | tar --list | grep -v '/$\|/usr/share/doc/' |
		sed "s|^\.||; s|/$triplet/|/|" | sort
}

# holds PACKAGE FILE...
holds() {
	local package=$1

	shift
	empty "$package holds what it should, and nothing else" \
		"$(diff <(printf '%s\n' "$@" | sort) <(files "$package"))"
}

# depends PACKAGE FIELD PATTERN
depends() {
	local found

	found=$(dpkg-deb --field "$(deb "$1")" "$2")
	empty "$1: $2 has $3" "$(grep -q "$3" <<<"$found" || echo "it is: $found")"
}

# output PATTERN COMMAND...: all that it prints matches
# shellcheck disable=SC2317 # it is run that calls it
output() {
	local pattern=$1 found

	shift
	found=$("$@" 2>&1)
	[[ $found =~ $pattern ]] && return
	printf 'wanted: %s\nfound: %s\n' "$pattern" "$found"
	return 1
}

DEB_BUILD_OPTIONS=noautodbgsym run "the packages build" \
	"$source_dir/pkgconfig/packages.sh" "$debs"
triplet=$(dpkg-architecture -q DEB_HOST_MULTIARCH)
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$source_dir/meson.build")
empty "there are five, of the version that is built" "$(diff <(
	printf "%s_$version-1\n" libpralloc-dev libpralloc0 libpralloc0-libvirt libpralloc0-tc \
		pralloc | sort
) <(cd "$debs" && for file in *.deb; do echo "${file%_*}"; done | sort))"

holds libpralloc0 /usr/lib/libpralloc.so.0 "/usr/lib/libpralloc.so.$version"
holds libpralloc0-libvirt /usr/lib/pralloc/pralloc-libvirt.so
holds libpralloc0-tc /usr/lib/pralloc/pralloc-tc.so
holds pralloc /usr/bin/pralloc /usr/share/bash-completion/completions/pralloc \
	/usr/share/man/man1/pralloc.1.gz /usr/share/man/man5/pralloc-plan.5.gz \
	/usr/share/man/man7/pralloc.7.gz /usr/share/man/man7/pralloc-attributes.7.gz
mapfile -t headers < <(cd "$source_dir/include" && find . -name '*.h' | sed 's|^\.|/usr/include|')
mapfile -t pages < <(
	{
		sed -n 's/^\t\(pr_[a-z0-9_]*\);$/\1/p' "$source_dir/src/libpralloc.map"
		cd "$source_dir/doc" && for page in *.3; do echo "${page%.3}"; done
	} | sed 's|.*|/usr/share/man/man3/&.3.gz|'
)
holds libpralloc-dev "${headers[@]}" "${pages[@]}" /usr/lib/libpralloc.a /usr/lib/libpralloc.so \
	/usr/lib/pkgconfig/libpralloc.pc /usr/share/pralloc/metadata.rng

depends libpralloc0-libvirt Depends "libpralloc0 (= $version-1)"
depends libpralloc0-libvirt Depends 'libvirt0'
depends libpralloc0-tc Depends "libpralloc0 (= $version-1)"
depends libpralloc0-tc Depends 'libnl-3'
depends libpralloc-dev Depends "libpralloc0 (= $version-1)"
depends pralloc Depends 'libpralloc0 (>= '
depends libpralloc0 Recommends '^libpralloc0-libvirt, libpralloc0-tc$'
empty "libpralloc0 needs neither libvirt nor libnl" "$(dpkg-deb --field "$(deb libpralloc0)" Depends |
	grep -E 'libvirt|libnl')"

for package in libpralloc0 pralloc libpralloc-dev; do
	dpkg-deb --extract "$(deb $package)" "$root"
done
export LD_LIBRARY_PATH=$root/usr/lib/$triplet
# Not that of a package that is installed here.
export PRALLOC_MODULE_DIR=$root/usr/lib/$triplet/pralloc
run "pralloc runs from its package" output 'vm1 +running.*vm2 +running' \
	"$root/usr/bin/pralloc" -c fake:///2 list
run "without the module package libvirt is refused with the reason" \
	output 'the libvirt backend is not installed' "$root/usr/bin/pralloc" -c qemu:///system list
PKG_CONFIG_PATH=$LD_LIBRARY_PATH/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
	run "a program builds with libpralloc-dev" sh -c "cc -o '$work/consumer' \
	'$source_dir/pkgconfig/consumer.c' \$(pkg-config --cflags --libs libpralloc)"
run "and runs with libpralloc0" output '^vm1 2048' "$work/consumer" fake:///1
dpkg-deb --extract "$(deb libpralloc0-libvirt)" "$root"
run "with the module package a libvirt host opens" output 'test +running' \
	"$root/usr/bin/pralloc" -c test:///default list
done_testing
