#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bed.sh - a private libvirtd with small guests, removed whole when its command ends. README.md
# tells how it works.
#
#   bed.sh run [--] COMMAND...          make a bed, run COMMAND in it, remove the bed
#   bed.sh sweep                        remove what killed beds have left (run does it too)
# and inside a bed:
#   bed.sh guest NAME [OPTION...]       define and start a guest, wait until it is ready
#   bed.sh boot NAME                    start a guest again that is off, wait until it is ready
#   bed.sh wait NAME                    wait until a guest that has rebooted itself is ready
#   bed.sh agent NAME COMMAND...        one line to the guest's agent; prints the reply
#   bed.sh destroy NAME                 destroy and undefine; an absent guest is fine
#   bed.sh libvirtd start|stop|kill -SIGNAL
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Unix socket paths have 107 characters, and the guests' disks need O_DIRECT: not $TMPDIR.
base=/var/tmp

fail()
{
	echo "bed.sh: $*" >&2
	exit 1
}

skip()
{
	echo "bed.sh: $*" >&2
	exit 77
}

check_host()
{
	local tool

	((EUID == 0)) || skip "needs root"
	for tool in libvirtd virsh qemu-system-x86_64 ip flock setpriv unshare losetup findmnt; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}

# Lines "TARGET TYPE OPTIONS" for every cgroup hierarchy that we see from its root.
cgroup_mounts()
{
	findmnt -rn -t cgroup,cgroup2 -o FSROOT,TARGET,FSTYPE,FS-OPTIONS |
		awk '$1 == "/" { print $2, $3, $4 }'
}

make_cgroups()
{
	local target group file

	cgroup_mounts >"$dir/cgroups"
	while read -r target _; do
		group=$target/${dir##*/}
		mkdir -p "$group"
		# A new v1 cpuset is empty, and nothing can join it.
		for file in cpuset.cpus cpuset.mems; do
			if [[ -e $target/$file && -e $group/$file ]]; then
				cat "$target/$file" >"$group/$file"
			fi
		done
	done <"$dir/cgroups"
}

# The processes of a killed bed are still ending while we try.
remove_cgroups()
{
	local target group try left=0

	[[ -e $1/cgroups ]] || return 0
	while read -r target _; do
		group=$target/${1##*/}
		for ((try = 0; try < 100; try++)); do
			[[ -d $group ]] || continue 2
			find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
		done
		echo "bed.sh: cannot remove $group" >&2
		left=1
	done <"$1/cgroups"
	return "$left"
}

# The directory goes last: as long as it is there, the next sweep tries again.
remove_bed()
{
	local loop file

	losetup -n -O NAME,BACK-FILE | while read -r loop file; do
		if [[ $file == "$1"/* ]]; then
			losetup -d "$loop"
		fi
	done
	remove_cgroups "$1" || return 0
	rm -rf --one-file-system "$1"
}

# The owner of a bed holds the lock of its directory as long as it lives.
sweep()
{
	local old

	for old in "$base"/pralloc-bed.??????; do
		[[ -d $old && ! -L $old && -O $old ]] || continue
		(
			exec 9>"$old/lock"
			flock -n 9 || exit 0
			remove_bed "$old"
		)
	done
}

# Nobody may take the directory for a dead one between its making and its locking.
make_directory()
{
	exec 8<"$base"
	flock 8
	sweep
	dir=$(mktemp -d "$base/pralloc-bed.XXXXXX")
	exec 9>"$dir/lock"
	flock 9
	exec 8<&-
	chmod 755 "$dir"
}

# libvirtd runs guests as a user, who may not reach the cache; and a new image may replace the
# cached one while our guests still boot from it.
copy_image()
{
	local cache=${PRALLOC_BED_IMAGE:-${XDG_CACHE_HOME:-/var/cache}/pralloc-bed}

	# Package lists that are missing or old do not name what the mirror has.
	if ! "$here/image.sh" "$cache" 2>"$dir/image.log"; then
		apt-get -qq update >/dev/null 2>&1 || true
		"$here/image.sh" "$cache"
	fi
	mkdir "$dir/image"
	(
		exec 8>"$cache.lock"
		flock -s 8
		cp "$cache"/{vmlinuz,initrd,talk} "$dir/image"
	)
}

run()
{
	local status=0 child

	[[ ${1:-} != -- ]] || shift
	(($# > 0)) || fail "run: which command?"
	check_host
	make_directory
	trap 'remove_bed "$dir"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	copy_image
	make_cgroups
	# Killed with us, and every process of the bed with it: it holds their PID namespace.
	setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc \
		"$here/bed_init.sh" join "$dir" "$@" <&0 &
	child=$!
	trap '{ kill -KILL $child; wait $child || true; } 2>/dev/null; remove_bed "$dir"' EXIT
	wait "$child" || status=$?
	trap 'remove_bed "$dir"' EXIT
	return "$status"
}

need_bed()
{
	[[ ${PRALLOC_BED_DIR:-} ]] || fail "$1 works inside a bed only (bed.sh run)"
}

case ${1:-} in
run)
	shift
	run "$@"
	;;
sweep)
	check_host
	exec 8<"$base"
	flock 8
	sweep
	;;
guest | boot | wait | agent | destroy | libvirtd)
	need_bed "$1"
	exec "$here/bed_guest.sh" "$@"
	;;
*)
	sed -n 's/^#   bed.sh/usage: bed.sh/p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac
