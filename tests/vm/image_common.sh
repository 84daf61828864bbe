# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What image.sh and microvm_image.sh share, to be sourced: a directory made of the distribution's
# kernel, kept until the kernel package or our sources change. The sourcing script has a function
# build() that makes $work/image from the package it is given, with fetch() and unpack().

skip()
{
	echo "${0##*/}: $*" >&2
	exit 77
}

# "PACKAGE VERSION" of the kernel that the distribution's kernel package $1 depends on.
kernel_package()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null |
		sed -n 's/^Depends: \(linux-image-[^ ]*\) (= \([^)]*\)).*/\1 \2/p' | head -n 1
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

# Fetch packages and unpack them into $work/tree.
unpack()
{
	local deb

	fetch "$@"
	mkdir "$work/tree"
	for deb in "$work"/deb/*.deb; do
		dpkg-deb -x "$deb" "$work/tree"
	done
}

# One rename makes the image; who has the old one open keeps it.
publish()
{
	echo "$2" >"$work/image/stamp"
	rm -rf "$1.old"
	if [[ -e $1 ]]; then
		mv -T "$1" "$1.old"
	fi
	mv -T "$work/image" "$1"
	rm -rf "$1.old"
}

# Is the image in $1, of the kernel package $2 and sources of the sum $3, good as it is? Sets $stamp
# to what a new one would be.
fresh()
{
	local complete='' kernel

	if [[ -e $1/stamp && $(<"$1/stamp") == *" $3" ]]; then
		complete=1
	fi
	# apt-cache takes half a second: ask it only when the package lists are newer than the image.
	if [[ $complete && $1/stamp -nt /var/lib/apt/lists ]]; then
		return 0
	fi
	kernel=$(kernel_package "$2" || true)
	if [[ -z $kernel ]]; then
		# Without package lists an image of the same sources is still good, whatever its kernel.
		[[ $complete ]] || skip "$2 is not in the package lists (apt-get update)"
		return 0
	fi
	stamp="$kernel $3"
	[[ $complete && $(<"$1/stamp") == "$stamp" ]] || return 1
	touch "$1/stamp"
}

# make_image OUTDIR KERNEL-PACKAGE SOURCE...: who uses an image holds a shared lock on OUTDIR.lock;
# two builders of one image wait for each other and for the users.
make_image()
{
	local out kernel=$2 sum stamp

	out=$(realpath -m "$1")
	shift 2
	sum=$(cat "$@" "${BASH_SOURCE[0]}" | sha256sum | cut -c 1-16)
	mkdir -p "$(dirname "$out")"
	exec 8>"$out.lock"
	flock -s 8
	fresh "$out" "$kernel" "$sum" && return 0
	flock 8
	fresh "$out" "$kernel" "$sum" && return 0
	# What a killed builder has left.
	rm -rf "$out".new.??????
	work=$(mktemp -d "$out.new.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/image"
	build "${stamp%% *}"
	chmod 755 "$work/image"
	publish "$out" "$stamp"
}
