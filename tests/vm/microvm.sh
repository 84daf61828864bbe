#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# microvm.sh run [OPTION...] [--] COMMAND...
#
# Boot a small emulated VM with the distribution's stock kernel, run COMMAND in it as root and leave
# nothing behind. The VM sees the host's files; what it writes to them is gone with it. README.md
# tells what a VM has.
#
#   --cgroup v2|v1|hybrid|none  how the cgroup controllers are mounted (v2)
#   --systemd                   systemd is init
#   --memory MiB                of the VM (1024)
#   --cpus N                    of the VM (2)
#   --disk-bps BYTES            bytes per second of each of the disks vda and vdb (20971520)
#   --zram MiB                  swap of that size on zram (none)
#   --timeout SECONDS           the VM is killed then (120)
#   --tap                       COMMAND writes TAP: so do we where it cannot run
#
# Exit status: COMMAND's; 77 where VMs cannot be had, 124 when the time was up, 125 when the VM
# ended without a status.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=${TMPDIR:-/var/tmp}
cgroup=v2 systemd='' memory=1024 cpus=2 disk_bps=20971520 zram='' timeout=120 tap=''
share=${PRALLOC_MICROVM_SHARE:-}
qemu_pid='' timer_pid=''

fail()
{
	echo "microvm.sh: $*" >&2
	exit 2
}

skip()
{
	if [[ $tap ]]; then
		echo "1..0 # SKIP $*"
		exit 0
	fi
	echo "microvm.sh: $*" >&2
	exit 77
}

number()
{
	[[ ${2:-} =~ ^[1-9][0-9]{0,11}$ ]] || fail "$1 needs a whole number above 0, not '${2:-}'"
	echo "$2"
}

# Sets the options' variables and `command`.
parse()
{
	while (($#)); do
		case $1 in
		--cgroup)
			[[ ${2:-} =~ ^(v2|v1|hybrid|none)$ ]] ||
				fail "--cgroup needs v2, v1, hybrid or none, not '${2:-}'"
			cgroup=$2
			;;
		--memory) memory=$(number "$1" "${2:-}") ;;
		--cpus) cpus=$(number "$1" "${2:-}") ;;
		--disk-bps) disk_bps=$(number "$1" "${2:-}") ;;
		--zram) zram=$(number "$1" "${2:-}") ;;
		--timeout) timeout=$(number "$1" "${2:-}") ;;
		--systemd | --tap)
			printf -v "${1#--}" 1
			shift
			continue
			;;
		--)
			shift
			break
			;;
		-*) fail "unknown option $1" ;;
		*) break ;;
		esac
		shift 2
	done
	(($#)) || fail "run: which command?"
	[[ ! $systemd || $cgroup != none ]] || fail "systemd needs cgroups"
	command=("$@")
}

check_host()
{
	local tool

	((EUID == 0)) || skip "needs root"
	for tool in qemu-system-x86_64 ip flock setpriv; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	if [[ $systemd ]]; then
		[[ -x /lib/systemd/systemd ]] || skip "systemd is not installed"
		[[ -x /lib/systemd/systemd-machined ]] || skip "systemd-container is not installed"
		command -v dbus-daemon >/dev/null || skip "dbus-daemon is not installed"
	fi
}

# The owner of a directory holds its lock as long as it lives; a free one is of a killed VM.
sweep()
{
	local old

	for old in "$base"/pralloc-microvm.??????; do
		[[ -d $old && ! -L $old && -O $old ]] || continue
		(
			exec 9>"$old/lock"
			flock -n 9 && rm -rf "$old"
		) || true
	done
}

make_directory()
{
	exec 8<"$base"
	flock 8
	sweep
	dir=$(mktemp -d "$base/pralloc-microvm.XXXXXX")
	exec 9>"$dir/lock"
	flock 9
	exec 8<&-
}

# The image stays what it is while somebody holds its lock.
take_image()
{
	image=$(realpath -m "${PRALLOC_MICROVM_IMAGE:-${XDG_CACHE_HOME:-/var/cache}/pralloc-microvm}")
	# Package lists that are missing or old do not name what the mirror has.
	if ! "$here/microvm_image.sh" "$image" 2>"$dir/image.log"; then
		apt-get -qq update >/dev/null 2>&1 || true
		"$here/microvm_image.sh" "$image" 2>"$dir/image.log" ||
			skip "$(tail -n 1 "$dir/image.log")"
	fi
	exec 7>"$image.lock"
	flock -s 7
}

write_options()
{
	printf '%s=%q\n' cgroup "$cgroup" systemd "$systemd" zram "$zram" share "$share" \
		image "$image" here "$here" >"$dir/options"
}

# The command's directory and those parts of the environment that do not tell about this host.
write_job()
{
	local name

	{
		printf 'cd %q || exit\n' "$PWD"
		for name in $(compgen -e); do
			case $name in
			PATH | HOME | USER | LOGNAME | LANG | LC_* | TERM | LD_LIBRARY_PATH) ;;
			PRALLOC_* | MESON_* | CRITERION_* | MALLOC_* | [ALTU]*SAN_OPTIONS) ;;
			*) continue ;;
			esac
			printf 'export %s=%q\n' "$name" "${!name}"
		done
		# shellcheck disable=SC2016 # expanded in the VM
		echo 'export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin'
		echo "export PRALLOC_MICROVM=$cgroup${systemd:+-systemd} PRALLOC_MICROVM_DIR=$dir"
		printf 'exec'
		printf ' %q' "${command[@]}"
		echo
	} >"$dir/job"
}

kernel_command_line()
{
	local line="console=ttyS0 quiet panic=-1 psi=1 mitigations=off pralloc.dir=$dir"

	[[ ! $systemd ]] || line+=" systemd.unit=pralloc-microvm.target"
	case $systemd$cgroup in
	1v2) line+=" systemd.unified_cgroup_hierarchy=1" ;;
	1hybrid) line+=" systemd.unified_cgroup_hierarchy=0" ;;
	1v1) line+=" systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1" ;;
	esac
	echo "$line"
}

# port NAME FILE: a channel out of the VM.
port()
{
	args+=(-chardev "file,id=$1,path=$2"
		-device "virtserialport,chardev=$1,name=pralloc.$1")
}

# disk NAME: /dev/NAME in the VM, and slow.
disk()
{
	truncate -s 1G "$dir/$1.raw"
	args+=(-object "throttle-group,id=slow-$1,x-bps-total=$disk_bps"
		-blockdev "driver=file,node-name=file-$1,filename=$dir/$1.raw"
		-blockdev "driver=throttle,node-name=$1,throttle-group=slow-$1,file=file-$1"
		-device "virtio-blk-pci,drive=$1,serial=pralloc-$1")
}

# The host's root is shared without a way to write it.
qemu_arguments()
{
	local files="local,security_model=none,multidevs=remap"

	args=(-M q35 -accel "tcg,thread=multi" -cpu max -smp "$cpus" -m "$memory"
		-nodefaults -no-user-config -display none -no-reboot -serial "file:$dir/console"
		-kernel "$image/kernel" -initrd "$image/initrd" -append "$(kernel_command_line)"
		-fsdev "$files,id=host,path=/,readonly=on"
		-device "virtio-9p-pci,fsdev=host,mount_tag=host"
		-device virtio-serial-pci)
	if [[ $share ]]; then
		args+=(-fsdev "$files,id=share,path=${share//,/,,}"
			-device "virtio-9p-pci,fsdev=share,mount_tag=share")
	fi
	port out /proc/self/fd/5
	port err /proc/self/fd/6
	port status "$dir/status"
	disk vda
	disk vdb
}

# What we start dies with us, however we end.
tied()
{
	exec setpriv --pdeathsig KILL "$@" 7<&- 8<&- 9<&-
}

end_children()
{
	local pid

	for pid in $qemu_pid $timer_pid; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$dir"
}

# When the time is up the VM ends, and a file tells why.
start_timer()
{
	# shellcheck disable=SC2016 # for the other shell
	tied bash -c 'setpriv --pdeathsig KILL sleep "$1"; : >"$2/late"; kill -KILL "$3"' - \
		"$timeout" "$dir" "$qemu_pid" >/dev/null 2>&1 &
	timer_pid=$!
}

# Sets `status` to what the command has told, or what became of the VM instead. One process is
# waited for: bash's `wait -n` sleeps on when the end of the VM comes just behind another child's.
wait_vm()
{
	{ wait "$qemu_pid" || true; } 2>/dev/null
	if [[ -e $dir/late ]]; then
		status=124
		complain "the time is up ($timeout s)"
		return
	fi
	status=$(cat "$dir/status" 2>/dev/null || true)
	if [[ ! $status ]]; then
		status=125
		complain "the VM ended without a status"
	fi
}

complain()
{
	[[ ! $tap ]] || echo "Bail out! microvm.sh: $*"
	echo "microvm.sh: $*; its console's last lines:" >&2
	# Nobody needs the kernel's stack when init has ended.
	{ cat "$dir/qemu.log" && sed '/Kernel panic/q' "$dir/console"; } | tail -n 15 >&2 || true
}

run()
{
	local status args=() out err

	parse "$@"
	check_host
	make_directory
	trap end_children EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	take_image
	write_options
	write_job
	qemu_arguments
	exec 5> >(exec cat)
	out=$!
	exec 6> >(exec cat >&2)
	err=$!
	tied qemu-system-x86_64 "${args[@]}" </dev/null >"$dir/qemu.log" 2>&1 &
	qemu_pid=$!
	exec 5>&- 6>&-
	start_timer
	wait_vm
	# What the VM has written comes out whole before we end.
	wait "$out" "$err" || true
	return "$status"
}

case ${1:-} in
run)
	shift
	run "$@"
	;;
*)
	sed -n '/^# microvm.sh/,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac
