#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run.sh [--quick] - build the library and run all its tests.
#
# Installs what is missing with apt (as root), builds with gcc, with clang (for its warnings) and with
# sanitizers, and ends with a line "N passed, N failed, N skipped". Exit status 0 when nothing failed.
# --quick: one build, no guests, no analysers: for the inner loop.
#
# What only needs a processor runs beside tests that mostly wait for a VM; what measures shares or
# times (suites *_measured, cgroup, net) runs alone, at the end.
# Builds are kept in build-test/ and reused; logs are in build-test/logs/.
set -uo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$top/build-test
logs=$work/logs
quick=0
passed=0 failed=0 skipped=0
beside_pid='' patience=1

packages=(
	meson ninja-build pkg-config gcc g++ python3
	libvirt-dev libxml2-dev libcgroup-dev libnl-3-dev libsystemd-dev libsmartcols-dev libjson-c-dev
	libcriterion-dev libglib2.0-dev
)
full_packages=(
	clang clang-tidy clang-format libclang-rt-14-dev cppcheck valgrind abigail-tools shellcheck
	mandoc libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils
	busybox-static cgroup-tools cpio iperf3 xz-utils iproute2 util-linux git debhelper dpkg-dev
	systemd systemd-container dbus
)

die()
{
	echo "run.sh: $*" >&2
	exit 1
}

install_packages()
{
	local package missing=()

	for package in "$@"; do
		dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' ||
			missing+=("$package")
	done
	((${#missing[@]})) || return 0
	((EUID == 0)) || die "these packages are missing, and only root can install: ${missing[*]}"
	echo "== installing ${missing[*]}"
	{
		apt-get update &&
			DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
				"${missing[@]}"
	} >"$logs/apt.log" 2>&1 || {
		tail -n 20 "$logs/apt.log"
		die "cannot install ${missing[*]}"
	}
}

# ok NAME, not_ok NAME [LOG], skip NAME REASON: one check that is no test program.
ok()
{
	echo "ok - $1"
	((++passed))
}

not_ok()
{
	echo "not ok - $1"
	[[ -z ${2:-} ]] || tail -n 40 "$2" | sed 's/^/    /'
	((++failed))
}

skip()
{
	echo "ok - $1 # SKIP $2"
	((++skipped))
}

# check NAME COMMAND...
check()
{
	local name=$1 log=$logs/${1//[^a-z0-9]/-}.log

	shift
	if "$@" >"$log" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$log"
	fi
}

# build NAME COMPILER MESON-OPTIONS...
build()
{
	local name=$1 compiler=$2 log=$logs/build-$1.log

	shift 2
	if [[ ! -e $work/$name/build.ninja ]]; then
		CC=$compiler meson setup "$work/$name" "$top" -Dwerror=true "$@" >"$log" 2>&1 || {
			not_ok "configure $name" "$log"
			return 1
		}
	fi
	if ninja -k 0 -C "$work/$name" >"$log" 2>&1; then
		ok "build $name without warnings"
	else
		sed -i '/^\[[0-9/]*\] /d' "$log"
		not_ok "build $name without warnings" "$log"
		return 1
	fi
}

# The results of a meson log: programs that speak TAP count each of their tests, others one.
# Prints failures, and skips with their reasons, and a last line with the three numbers.
count_tests()
{
	python3 - "$1" <<-'EOF'
		import json, re, sys

		passed = failed = skipped = 0
		for line in open(sys.argv[1]):
		    test = json.loads(line)
		    name, good = test["name"], test["result"] in ("OK", "SKIP")
		    out = (test.get("stdout") or "").splitlines()
		    lines = [l for l in out if re.match(r"(not )?ok\b", l)]
		    bad = [l for l in lines if l.startswith("not ok")]
		    skips = [l for l in lines if re.search(r"# SKIP", l, re.I) and l not in bad]
		    for l in skips:
		        print(f"skipped: {name}: {l}")
		    for l in bad:
		        print(f"failed: {name}: {l}")
		    if not good:
		        for l in out + (test.get("stderr") or "").splitlines():
		            if not re.match(r"ok\b", l):
		                print("    " + l)
		    if not lines:
		        passed += test["result"] == "OK"
		        skipped += test["result"] == "SKIP"
		        bad = [] if good else [name]
		    elif not good and not bad:
		        bad = [name]
		    if not good:
		        print(f"failed: {name}: {test['result']}")
		    passed += len(lines) - len([l for l in lines if l.startswith("not ok")]) - len(skips)
		    skipped += len(skips)
		    failed += len(bad)
		print(passed, failed, skipped)
	EOF
}

# suites NAME BUILD SUITE... [-- PREFIX...]: run suites of a build, under a command if given. A suite
# !SUITE is left out of the others. Several can run at once under different names.
suites()
{
	local name=$1 dir=$work/$2 args=() json=$work/$2/meson-logs/$1.json out numbers code
	local begun=$SECONDS reports=$logs/sanitizer-$1

	shift 2
	while (($#)) && [[ $1 != -- ]]; do
		case $1 in
		!*) args+=(--no-suite "${1#!}") ;;
		*) args+=(--suite "$1") ;;
		esac
		shift
	done
	(($# == 0)) || shift
	rm -f "$json" "$reports".*
	"$@" env ASAN_OPTIONS="log_path=$reports:detect_leaks=1" \
		UBSAN_OPTIONS="log_path=$reports:print_stacktrace=1" \
		meson test -C "$dir" --no-rebuild --logbase "$name" -t "$patience" "${args[@]}" \
		>"$logs/$name.log" 2>&1
	code=$?
	if ((code == 77)); then
		skip "$name" "$(tail -n 1 "$logs/$name.log")"
		return
	fi
	if [[ ! -s $json ]]; then
		not_ok "$name" "$logs/$name.log"
		return
	fi
	out=$(count_tests "$json")
	numbers=$(tail -n 1 <<<"$out")
	sed '$d' <<<"$out"
	read -r p f s <<<"$numbers"
	echo "== $name: $p passed, $f failed, $s skipped in $((SECONDS - begun)) s"
	((passed += p, failed += f, skipped += s))
	if ((code != 0 && f == 0)); then
		not_ok "$name ended with status $code" "$logs/$name.log"
	fi
	if compgen -G "$reports.*" >/dev/null; then
		cat "$reports".* >"$logs/$name-sanitizer.log"
		not_ok "$name: sanitizers report nothing" "$logs/$name-sanitizer.log"
	fi
}

# Work that only needs a processor, while tests that mostly wait leave one idle: begin the functions,
# in a process group of their own, and later print what they said and count it.
beside()
{
	rm -f "$logs/beside.numbers"
	set -m
	(
		renice -n 10 "$BASHPID" >/dev/null 2>&1
		passed=0 failed=0 skipped=0 patience=4
		for work_of; do
			"$work_of"
		done
		echo "$passed $failed $skipped" >"$logs/beside.numbers"
	) </dev/null >"$logs/beside.log" 2>&1 &
	beside_pid=$!
	set +m
}

join_beside()
{
	local p f s

	wait "$beside_pid"
	beside_pid=''
	cat "$logs/beside.log"
	if read -r p f s 2>/dev/null <"$logs/beside.numbers"; then
		((passed += p, failed += f, skipped += s))
	else
		not_ok "the work beside the tests came to its end" "$logs/beside.log"
	fi
}

# It ends with us, however we end; meson ends its tests.
end_beside()
{
	[[ ! $beside_pid ]] || kill -TERM -- "-$beside_pid" 2>/dev/null
}

sources()
{
	git -C "$top" ls-files -- "$@" 2>/dev/null | sed "s|^|$top/|"
}

analyse()
{
	local shell_files

	mapfile -t shell_files < <(sources '*.sh' .ci/run)
	mapfile -t c_files < <(sources '*.c' '*.h')
	mapfile -t library_files < <(sources 'src/*.c' 'examples/*.c')
	check "clang-format" clang-format --dry-run --Werror "${c_files[@]}"
	check "shellcheck" shellcheck -x -P SCRIPTDIR -S warning "${shell_files[@]}"
	check "cppcheck" cppcheck -j "$(nproc)" --quiet --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --std=c11 \
		-D_GNU_SOURCE '-DPRI_MODULE_DIR=""' -I"$top/include" -I"$top/src" \
		"$top/src" "$top/examples"
	check "clang-tidy" xargs -a <(printf '%s\n' "${library_files[@]}") -P "$(nproc)" -n 8 \
		clang-tidy -p "$work/clang" --quiet
}

# Criterion forks: what the children's valgrinds have to say stands in files of their own.
valgrind_tests()
{
	rm -f "$logs/valgrind".*
	"${valgrind[@]}" --trace-children=yes --vgdb=no --log-file="$logs/valgrind.%p" "$@" ||
		return
	! cat "$logs/valgrind".* | grep .
}

# In a network namespace of its own: links, weights and limits of a port of a bridge.
valgrind_tc()
{
	unshare -n bash -euc '
		link=pralloc0 port=pralloc1
		ip link add $link type bridge
		ip link add $port type veth peer name pralloc2
		ip link set $port master $link
		for name in $link $port pralloc2; do
			ip link set $name up
		done
		"$@" set @host net.link.out[$link]=100mbit net.link.in[$link]=100mbit
		"$@" set $port net.weight.in[$link]=300 net.guarantee.out[$link]=8mbit \
			net.rate.in=40mbit
		"$@" list
		"$@" show $port
		"$@" net
		"$@" reset $port
	' - "${valgrind[@]}" "$work/gcc/examples/pralloc/pralloc" -c tc:
}

# The command leaks nothing and reads nothing undefined, with the module loaded at run time too.
run_valgrind()
{
	local pralloc=$work/gcc/examples/pralloc/pralloc
	local valgrind=(valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite
		--error-exitcode=9)

	export PRALLOC_MODULE_DIR=$work/gcc/src/backend
	check "valgrind: list on fake" "${valgrind[@]}" "$pralloc" -c fake:///3 list
	check "valgrind: set on fake" "${valgrind[@]}" "$pralloc" -c fake:///3 set \
		vm1 cpu.shares=512 vm2 mem.balloon=512MiB
	check "valgrind: list on test driver" "${valgrind[@]}" "$pralloc" -c test:///default list
	check "valgrind: show on test driver" "${valgrind[@]}" "$pralloc" -c test:///default show test
	check "valgrind: cgroup on trees" valgrind_tests "$work/gcc/tests/unit/unit_cgroup_rows"
	if ((EUID == 0)); then
		check "valgrind: tc" valgrind_tc
	else
		skip "valgrind: tc" "a network namespace needs root"
	fi
	unset PRALLOC_MODULE_DIR
}

# The real agent for guests is only unpacked: installed, it would run on this machine.
fetch_guest_agent()
{
	local dir=$work/guest-agent

	export PRALLOC_QEMU_GA=$dir/usr/sbin/qemu-ga
	[[ ! -x $PRALLOC_QEMU_GA ]] || return 0
	rm -rf "$dir"
	mkdir -p "$dir"
	{
		(cd "$dir" && apt-get download qemu-guest-agent) &&
			dpkg-deb -x "$dir"/qemu-guest-agent_*.deb "$dir"
	} >"$logs/guest-agent.log" 2>&1 || unset PRALLOC_QEMU_GA
}

# What the beds' tests need, the tests of gcc's build, and for its warnings clang's, whose commands
# the analysers read.
other_builds()
{
	build asan gcc -Db_sanitize=address,undefined && : >"$work/asan.built"
	build clang clang
	suites gcc gcc unit contract fuzz command abi doc consumer packages
}

asan_tests()
{
	suites asan asan unit contract fuzz command
}

full()
{
	rm -f "$work/asan.built"
	build gcc gcc || return
	beside other_builds
	suites microvm gcc microvm
	# Emulated, the sanitizers would take as long again.
	suites vm gcc vm !vm_measured
	join_beside
	[[ -e $work/asan.built ]] || return
	fetch_guest_agent
	beside asan_tests run_valgrind analyse
	suites bed asan bed !bed_measured
	suites guests asan host !host_measured -- "$top/tests/vm/bed.sh" run --
	join_beside
	suites guests-measured asan host_measured -- "$top/tests/vm/bed.sh" run --
	suites bed-measured asan bed_measured
	suites cgroup asan cgroup
	suites vm-measured gcc vm_measured
	suites net asan net
}

case ${1:-} in
'') ;;
--quick) quick=1 ;;
*) die "usage: run.sh [--quick]" ;;
esac
mkdir -p "$logs"
started=$SECONDS

trap end_beside EXIT
if ((quick)); then
	install_packages "${packages[@]}"
	build gcc gcc && suites quick gcc unit contract fuzz command
else
	install_packages "${packages[@]}" "${full_packages[@]}"
	full
fi
echo "== $((SECONDS - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
