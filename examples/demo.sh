#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# demo.sh [DIRECTORY] - three real virtual machines give CPU time and memory to each other.
#
# Installs what is missing (apt, as root), builds the library, starts vm1 and vm2 (of user 1) and
# vm3 (of user 2) under a private libvirtd, and moves their resources with the pralloc command.
# All figures are measured. Leaves a table and a plot of each resource in DIRECTORY (default:
# demo-result in the current directory) and removes everything else.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build-demo
bed=$top/tests/vm/bed.sh
# The vCPUs of all VMs share this CPU of the host: without contention shares do nothing.
cpu=0
window=8 # seconds that a share is measured over
packages=(
	meson ninja-build pkg-config gcc libvirt-dev libxml2-dev libsmartcols-dev libjson-c-dev
	libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils
	busybox-static cpio iproute2 util-linux gnuplot-nox
)

say()
{
	printf '\n== %s\n' "$*"
}

# Show a command and do it.
run()
{
	printf '$ pralloc %s\n' "$*"
	pralloc "$@"
}

install_packages()
{
	local package missing=()

	for package in "${packages[@]}"; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' ||
			missing+=("$package")
	done
	((${#missing[@]})) || return 0
	say "installing ${missing[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
		"${missing[@]}" >/dev/null
}

build_library()
{
	say "building"
	[[ -e $build/build.ninja ]] ||
		meson setup "$build" "$top" -Dtests=disabled -Dlibvirt=enabled >/dev/null
	ninja --quiet -C "$build"
}

now()
{
	date +%s.%N
}

# value VM ATTRIBUTE: the number, in base units.
value()
{
	local out

	# With --json the error is in the object too.
	if ! out=$(pralloc --json get "$1" "$2"); then
		echo "$out" >&2
		return 1
	fi
	sed -n 's/^ *"value": \([0-9]*\).*/\1/p' <<<"$out"
}

# sample ATTRIBUTE FILE INTERVAL VM...: "SECONDS VALUE…" lines until it is ended.
sample()
{
	local attribute=$1 file=$2 interval=$3 vm line

	shift 3
	while :; do
		line=$(now)
		for vm; do
			line+=" $(value "$vm" "$attribute")"
		done
		echo "$line" >>"$file"
		sleep "$interval"
	done
}

# phase NAME SHARES1 SHARES2 SHARES3: set the shares and measure what each VM gets.
phase()
{
	local name=$1 before after vm i sum_used=0 sum_shares=$(($2 + $3 + $4))
	local -a shares=("$2" "$3" "$4") first=() used=()

	say "shares $2 / $3 / $4"
	run set vm1 cpu.shares="$2" vm2 cpu.shares="$3" vm3 cpu.shares="$4"
	echo "$(now) $2 $3 $4" >>"$result/shares.dat"
	sleep 0.5
	for vm in vm1 vm2 vm3; do
		first+=("$(value "$vm" cpu.time)")
	done
	sleep "$window"
	for i in 0 1 2; do
		before=${first[i]}
		after=$(value "vm$((i + 1))" cpu.time)
		used[i]=$((after - before))
		((sum_used += used[i]))
	done
	for i in 0 1 2; do
		awk -v name="$name" -v vm="vm$((i + 1))" -v shares="${shares[i]}" \
			-v all="$sum_shares" -v used="${used[i]}" -v sum="$sum_used" 'BEGIN {
			ideal = 100 * shares / all; got = 100 * used / sum
			printf "%-8s %-4s %6d %8.1f %9.1f %+9.1f\n",
				name, vm, shares, ideal, got, got - ideal }' |
			tee -a "$result/cpu.txt"
	done
	echo "$(now) $2 $3 $4" >>"$result/shares.dat"
}

cpu_story()
{
	local vm sampler

	say "all vCPUs on CPU $cpu of the host, and all of them busy"
	for vm in vm1 vm2 vm3; do
		run set "$vm" "cpu.pin[0]=$cpu" "cpu.pin[1]=$cpu" cpu.emulator_pin="$cpu"
		"$bed" agent "$vm" cpu 2 >/dev/null
	done
	sample cpu.time "$result/cpu.dat" 0.3 vm1 vm2 vm3 &
	sampler=$!
	phase first 1024 1024 2048
	phase second 1024 2048 1024
	phase back 1024 1024 2048
	kill "$sampler"
	wait "$sampler" 2>/dev/null || true
	for vm in vm1 vm2 vm3; do
		"$bed" agent "$vm" cpu 0 >/dev/null
	done
}

memory_story()
{
	local sampler start end giver taker

	say "a quarter of vm3's memory goes to vm2"
	giver=$(value vm3 mem.actual)
	taker=$(value vm2 mem.actual)
	sample mem.actual "$result/memory.dat" 0.05 vm2 vm3 &
	sampler=$!
	sleep 1
	start=$(now)
	run set vm3 mem.balloon=$((giver - giver / 4)) vm2 mem.balloon=$((taker + giver / 4))
	end=$(now)
	sleep 1
	kill "$sampler"
	wait "$sampler" 2>/dev/null || true
	awk -v a="$start" -v b="$end" -v vm2="$(value vm2 mem.actual)" -v t="$taker" \
		-v vm3="$(value vm3 mem.actual)" -v g="$giver" 'BEGIN {
		printf "vm3      %6d MiB -> %6d MiB\n", g / 1048576, vm3 / 1048576
		printf "vm2      %6d MiB -> %6d MiB\n", t / 1048576, vm2 / 1048576
		printf "both arrived after %.2f s\n", b - a }' | tee "$result/memory.txt"
}

refusal_story()
{
	local before after status=0

	say "a request that cannot be met: vm3 uses 250 MiB of what it has"
	"$bed" agent vm3 mem $((250 << 20)) >/dev/null
	sleep 2 # until its statistics know
	before=$(value vm3 mem.actual)
	run set vm3 mem.balloon=128MiB vm2 mem.balloon=100% || status=$?
	after=$(value vm3 mem.actual)
	echo "exit status $status; vm3 had $((before >> 20)) MiB and has $((after >> 20)) MiB"
	((status == 1 && before == after))
}

plot()
{
	gnuplot <<-EOF
		set terminal pngcairo size 900,420
		set key outside
		set xlabel "seconds"
		set output "$result/cpu.png"
		set ylabel "share of the CPU time of the three VMs (%)"
		set title "CPU time by shares: ideal (steps) and measured"
		set yrange [0:75]
		t0 = system("head -n1 '$result/shares.dat' | cut -d' ' -f1") + 0
		plot for [i=2:4] "$result/shares.dat" using (\$1-t0):(100*column(i)/(\$2+\$3+\$4)) \
			with lines dashtype 2 linecolor i notitle, \
			for [i=2:4] "$result/cpu-share.dat" using (\$1-t0):(column(i)) \
			with linespoints pointsize 0.4 linecolor i title sprintf("vm%d", i-1)
		set output "$result/memory.png"
		set ylabel "size of the VM (MiB)"
		set title "Memory by ballooning: vm3 gives a quarter to vm2"
		set yrange [0:*]
		m0 = system("head -n1 '$result/memory.dat' | cut -d' ' -f1") + 0
		plot "$result/memory.dat" using (\$1-m0):(\$2/1048576) with steps title "vm2", \
			"" using (\$1-m0):(\$3/1048576) with steps title "vm3"
	EOF
}

# Shares between samples, over about a second each.
shares_over_time()
{
	awk '{ t[NR] = $1; for (i = 2; i <= 4; i++) v[NR, i] = $i }
	END {
		for (a = 1; a <= NR; a++) {
			for (b = a + 1; b <= NR && t[b] - t[a] < 1; b++);
			if (b > NR)
				break
			sum = 0
			for (i = 2; i <= 4; i++)
				sum += v[b, i] - v[a, i]
			if (sum <= 0)
				continue
			printf "%.3f", (t[a] + t[b]) / 2
			for (i = 2; i <= 4; i++)
				printf " %.2f", 100 * (v[b, i] - v[a, i]) / sum
			print ""
		}
	}' "$result/cpu.dat" >"$result/cpu-share.dat"
}

inside_bed()
{
	result=$1
	PATH=$build/examples/pralloc:$PATH
	export PRALLOC_URI=$PRALLOC_BED_URI
	export PRALLOC_MODULE_DIR=$build/src/backend
	say "starting vm1 and vm2 (user 1) and vm3 (user 2)"
	"$bed" guest vm1
	"$bed" guest vm2 --maximum 1024
	"$bed" guest vm3
	run list
	cpu_story
	memory_story
	refusal_story
	run list
	shares_over_time
	plot
	say "result"
	printf '%-8s %-4s %6s %8s %9s %9s\n' phase VM shares 'ideal %' 'achieved' 'difference'
	cat "$result/cpu.txt" "$result/memory.txt"
	echo "plots: $result/cpu.png $result/memory.png"
}

if [[ ${1:-} == --inside-bed ]]; then
	inside_bed "$2"
	exit
fi
install_packages
build_library
result=$(realpath -m "${1:-demo-result}")
mkdir -p "$result"
rm -f "$result"/*.dat "$result"/*.txt "$result"/*.png
"$bed" run -- "${BASH_SOURCE[0]}" --inside-bed "$result"
