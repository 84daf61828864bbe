#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The pralloc command against the fake host and libvirt's test driver.  No root, no VM.
# Usage: command.sh PRALLOC      prints TAP; exit status 1 when a case fails

set -u

pralloc=${1:?usage: command.sh PRALLOC}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

unset NO_COLOR PRALLOC_URI POSIXLY_CORRECT
export LC_ALL=C.UTF-8
export PRALLOC_URI=fake:///3

number=0
failed=0

# result NAME PROBLEM: one TAP line; an empty problem is a pass
result() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
		return
	fi
	failed=$((failed + 1))
	echo "not ok $number - $1"
	printf '%s\n' "$2" | sed 's/^/# /'
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# run ARG...: into status, out and err
run() {
	"$pralloc" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	out=$(cat "$dir/out")
	err=$(cat "$dir/err")
}

# judge NAME STATUS OUT ERR: the last run against its exit status and two extended regular
# expressions; an empty one means: nothing at all
judge() {
	local problem=

	[ "$status" -eq "$2" ] || problem="exit status $status, not $2"
	if [ -z "$3" ]; then
		[ -z "$out" ] || problem+=$'\n'"unexpected output"
	elif ! [[ $out =~ $3 ]]; then
		problem+=$'\n'"no output like: $3"
	fi
	if [ -z "$4" ]; then
		[ -z "$err" ] || problem+=$'\n'"unexpected errors"
	elif ! [[ $err =~ $4 ]]; then
		problem+=$'\n'"no error like: $4"
	fi
	[ -z "$problem" ] || problem+=$'\n'"output: $out"$'\n'"errors: $err"
	result "$1" "${problem#$'\n'}"
}

# expect NAME STATUS OUT ERR ARG...
expect() {
	local name=$1 want=$2 want_out=$3 want_err=$4

	shift 4
	run "$@"
	judge "$name" "$want" "$want_out" "$want_err"
}

# json NAME STATUS EXPRESSION ARG...: the output is one JSON object, for which the Python
# expression over d is true; nothing on the standard error
json() {
	local name=$1 want=$2 expression=$3 problem=

	shift 3
	if ! command -v python3 >/dev/null; then
		skip "$name" "python3 is not installed"
		return
	fi
	run "$@"
	[ "$status" -eq "$want" ] || problem="exit status $status, not $want"
	[ -z "$err" ] || problem+=$'\n'"errors: $err"
	python3 - "$dir/out" "$expression" 2>"$dir/err" <<'PYTHON' || problem+=$'\n'"$(cat "$dir/err")"
import json, sys
d = json.load(open(sys.argv[1], encoding="utf-8"))
assert isinstance(d, dict), "not an object"
assert eval("(" + sys.argv[2] + ")"), sys.argv[2] + " is false of " + json.dumps(d)[:2000]
PYTHON
	result "$name" "${problem#$'\n'}"
}

usage_cases() {
	expect "help lists every sub-command" 0 \
		'list .*show .*get .*set .*reset .*restore .*save .*move .*plan .*recover .*apply .*events .*net .*host .*attributes ' '' --help
	for name in list show get set reset restore save move plan recover apply events net host attributes; do
		run "$name" --help
		local problem=
		[ "$status" -eq 0 ] || problem="exit status $status"
		[ "$(sed '1,/^Examples:/d' "$dir/out" | grep -c '^  [^ ]')" -eq 2 ] ||
			problem+=" not two examples: $out"
		result "help of $name has two examples" "$problem"
	done
	expect "version" 0 '^pralloc [0-9]+\.[0-9]+\.[0-9]+, libpralloc ' '' --version
	expect "no sub-command is a usage error" 2 '' 'pralloc: a sub-command is missing'
	expect "misspelt sub-command" 2 '' 'no sub-command lsit.*did you mean pralloc list' lsit
	expect "misspelt option" 2 '' 'unknown option --jsn.*did you mean --json' list --jsn
	expect "option that the sub-command cannot use" 2 '' 'list takes no --config' \
		list --config
	expect "option without its value" 2 '' '--timeout needs SECONDS' list --timeout
	expect "option with a value that it has not" 2 '' '--json takes no value' list --json=1
	expect "time that is no number" 2 '' 'timeout: 1e3 is not a number' --timeout 1e3 list
	expect "time of zero" 2 '' 'timeout: 0 is not' --timeout 0 list
	expect "too few arguments" 2 '' 'get needs VM ATTR' get vm1
	expect "too many arguments" 2 '' 'one argument too many: b' show a b
	expect "reading live and persistent at once" 2 '' 'not both' get vm1 cpu.shares \
		--live --config
	expect "assignment before any domain" 2 '' 'stands before any domain' set cpu.shares=4 vm1
	expect "domain without assignment at the end" 2 '' 'nothing to set for vm2' \
		set vm1 cpu.shares=4 vm2
	expect "domain without assignment in the middle" 2 '' 'nothing to set for vm1' \
		set vm1 vm2 cpu.shares=4
	expect "options before the sub-command" 0 'vm1 .*vm2 ' '' -c fake:///2 list
	expect "options between the arguments" 0 '5  ' '' set vm1 --timeout 2.5 cpu.shares=5
	POSIXLY_CORRECT=1 expect "options behind, also in a POSIX environment" 0 'vm2' '' \
		list -c fake:///2
	expect "words behind --" 0 '^vm1  cpu.shares  1024  fake$' '' -- get vm1 cpu.shares
}

show_cases() {
	expect "list" 0 'NAME +STATE .*vm1 +running +2/4 +1024 +1G of 2G .*100/100.*vm3 ' '' list
	expect "list shows a domain that is off" 0 'vm2 +off' '' \
		-c 'fake:///3?inject=stop+domain=vm2' list
	expect "list tells what it could not read" 1 'vm1 .*vm2 .*vm3 ' 'pralloc: .* of vm2: ' \
		-c 'fake:///3?inject=failread+error=EIO+domain=vm2' list
	expect "show" 0 '^vm2  running .*cpu.pin\[1\] .*net.rate.in\[52:54:00:00:00:02\] ' '' \
		show vm2
	expect "show of a domain that is off" 0 'off .*persistent configuration' '' \
		-c 'fake:///3?inject=stop+domain=vm2' show vm2
	expect "show of the host" 0 'mem.total +64G' '' show @host
	expect "get takes all instances apart" 0 'cpu.pin\[0\].*cpu.pin\[1\]' '' get vm1 cpu.pin
	expect "get of the host" 0 '^@host  mem.total  64G  fake$' '' get @host mem.total
	expect "get of an instance that is not there" 1 'cpu.pin\[9\] +-' 'pralloc: cpu.pin\[9\]' \
		get vm1 'cpu.pin[9]'
	expect "get of a misspelt attribute" 1 '' 'cpu.sares.*did you mean cpu.shares' \
		get vm1 cpu.sares
	expect "misspelt domain" 1 '' 'did you mean vm1' get vn1 cpu.shares
	expect "get from a domain that is off" 1 '-' 'off.*--config reads' \
		-c 'fake:///3?inject=stop+domain=vm1' get vm1 cpu.shares
	expect "host" 0 'backend +fake.*CPUs +8.*cpu.shares +fake' '' host
	expect "attributes" 0 'cpu.shares +shares +2 to 262144 +soft +1024' '' attributes
	expect "attributes of a family" 0 'ksm.run' '' attributes ksm
	expect "misspelt attribute name" 1 '' 'no attribute "cpu.s"' attributes cpu.s
	expect "host that there is not" 1 '' 'pralloc: ' -c fake:///0 list
}

set_cases() {
	expect "set of two domains" 0 \
		'^vm1  cpu.shares  1024 → 512   fake'$'\n''vm2  cpu.shares  1024 → 2048  fake$' '' \
		set vm1 cpu.shares=512 vm2 cpu.shares=2048
	expect "set of an instance" 0 'cpu.pin\[1\] +default → 0,2-3' '' set vm1 'cpu.pin[1]=0,2-3'
	expect "set of the host" 0 '^@host  ksm.run  0 → 1' '' set @host ksm.run=1
	LC_ALL=C expect "an arrow of ASCII where the locale has no other" 0 '1024 -> 5 ' '' \
		set vm1 cpu.shares=5
	expect "a balloon says what moved and how long it took" 0 \
		'vm2 .*1G → 1.5G +took 512M .*vm3 .*1G → 512M +gave 512M in 0\.[0-9] s ' '' \
		-c 'fake:///3?inject=balloon+domain=vm3+rate=1GiB/s' \
		set vm2 mem.balloon=1536M vm3 mem.balloon=512M
	expect "value out of range" 1 '' 'cpu.shares of vm1: 1 is out of range.*nothing was changed' \
		set vm1 cpu.shares=1
	expect "the same twice" 1 '' 'twice.*nothing was changed' \
		set vm1 cpu.shares=4 cpu.shares=5
	expect "each bad value is told" 1 'vm3 cpu.burst .* ok.*1 of 1 other steps can' "$(printf '%s.*' \
		'cpu.shares of vm1: 1 is out' 'vn2: .*did you mean vm2' 'vn2: cpu.shares: 0 is out' \
		'vm3: there is no attribute "cpu.share"' 'mem.rss of vm3 can' 'nothing was changed')" \
		set --dry-run vm1 cpu.shares=1 vn2 cpu.shares=0 'cpu.pin[0]=0-1' vm3 cpu.share=5 \
		cpu.burst=0 mem.rss=1
	expect "what is refused is told beside bad values" 1 'REFUSED: the guest cannot' \
		'cpu.shares of vm1: 1 is .*1 of 2 other steps cannot be done; nothing was changed' \
		set --dry-run vm1 cpu.shares=1 vm2 mem.balloon=64M cpu.burst=0
	json "json of bad values" 1 'len(d["error"]["problems"]) == 2' \
		set --json vm1 cpu.shares=1 vm2 cpu.shares=0
	expect "more than a guest can spare" 1 '' '--allow-harm.*nothing was changed' \
		set vm1 mem.balloon=100M
	expect "the same with --allow-harm" 0 '1G → 100M' '' set vm1 mem.balloon=100M --allow-harm
	expect "a failure takes the rest back" 1 '' 'cpu.shares of vm2.*taken back: nothing is' \
		-c 'fake:///3?inject=fail+error=EIO+at=2' set vm1 cpu.shares=4 vm2 cpu.shares=4
	expect "what cannot be taken back is named" 1 '' \
		'vm1 cpu.shares could not be taken back.*the rest was not changed' \
		-c 'fake:///3?inject=fail+error=EIO+at=2;fail+error=EIO+at=3' \
		set vm1 cpu.shares=4 vm2 cpu.shares=4
	expect "a value that reads back differently" 1 '' 'reads back.*nothing is changed' \
		-c 'fake:///3?inject=lie' set vm1 cpu.shares=4
	expect "the same with --no-verify" 0 '1024 → 4  not verified' '' \
		-c 'fake:///3?inject=lie' set vm1 cpu.shares=4 --no-verify
	expect "a guest that stops giving" 1 '' '--timeout SECONDS.*nothing is changed' \
		-c 'fake:///3?inject=stall+domain=vm1+at_bytes=800MiB' --timeout 0.3 \
		set vm1 mem.balloon=512M
	expect "persistent" 0 'default → 4  persistent' '' set vm1 cpu.shares=4 --config
	expect "live and persistent" 0 'also persistent' '' set vm1 cpu.shares=4 --config --live
	expect "dry run" 0 \
		'^step .*1 +vm3 mem.balloon +1G +512M +ok, gives 512M.*ok, after step 1.*2 of 2' '' \
		--dry-run set vm3 mem.balloon=512M vm2 mem.balloon=1536M
	expect "dry run of what is refused" 1 'ok.*REFUSED: the guest cannot' \
		'1 of 2 steps cannot be done; nothing was changed' \
		set --dry-run vm1 cpu.shares=4 vm2 mem.balloon=64M
}

# Each names the object, the value and what is allowed, and nothing is printed or changed.
refusal_cases() {
	local word text

	while IFS='|' read -r word text; do
		expect "refused: vm1 $word" 1 '' "$text"'.*nothing was changed' set vm1 "$word"
	done <<-'END'
		cpu.shares=1|cpu.shares of vm1: 1 is out of range \(2 to 262144\)
		cpu.shares=-5|cpu.shares of vm1: "-5" is not a number of shares \(such as 1024
		cpu.shares=|cpu.shares of vm1: "" is not a number of shares
		cpu.shares=50%|cpu.shares of vm1: 50% of what\?
		cpu.shares[3]=5|cpu.shares has no instances, but \[3\] was given
		cpu.period=2s|cpu.period of vm1: 2s is out of range \(1ms to 1s\)
		cpu.count=0|cpu.count of vm1: 0 is out of range \(1 to 8192\)
		cpu.pin[99]=0|cpu.pin\[99\] of vm1: fake: there is no such vCPU: there are 0 to 1
		cpu.pin=0|cpu.pin of vm1: which one\? there are several instances \(0, 1\)
		mem.balloon=12q|mem.balloon of vm1: "12q" is not a size \(such as 512MiB
		mem.balloon=150%|mem.balloon of vm1: 3GiB is beyond the maximum of 2GiB
		mem.rss=5|mem.rss of vm1 can only be read
		io.weight=0|io.weight of vm1: 0 is out of range \(1 to 10000\)
		io.weight[/dev/no]=1|io.weight of vm1: there is no instance "/dev/no" \(there are: /dev/fake0\)
		io.weight[/dev/no=1|"io.weight\[/dev/no" is malformed
		ksm.run=1|ksm.run belongs to the host, not to a domain \(vm1\)
	END
	expect "refused: no name" 1 '' 'the name of the domain is empty.*nothing was changed' \
		set '' cpu.shares=5
}

reset_cases() {
	expect "reset of one attribute" 0 '^vm1  cpu.shares  1024 → 1024  fake$' '' \
		reset vm1 cpu.shares
	expect "reset of everything" 0 '^vm1  ' '' reset vm1
	expect "reset with a slip changes nothing" 1 '' 'cpu.sares.*nothing was changed' \
		reset vm1 cpu.shares cpu.sares
	expect "reset that fails tells that nothing was changed" 1 '' 'cpu.pin.*nothing was' \
		reset vm1 cpu.shares 'cpu.pin[9]'
	expect "reset that is looked at" 0 'vm1 cpu.shares +512 +1024 +ok.*nothing was changed' '' \
		-c 'fake:///3?inject=set+domain=vm1+attribute=cpu.shares+value=512' reset vm1 --dry-run
	expect "reset that is looked at, where nothing is set" 0 '^vm1  was at its defaults' '' \
		reset vm1 --dry-run
	expect "reset of both modes cannot be looked at" 2 '' 'not both' \
		reset vm1 --dry-run --live --config
	expect "reset of the host" 1 '' 'pralloc set @host' reset @host
}

move_cases() {
	expect "move memory" 0 'vm3 .*1G → 512M +gave 512M.*vm2 .*1G → 1.5G +took 512M' '' \
		move mem 512MiB vm3 vm2
	expect "move shares from several to several" 0 \
		'vm1 +cpu.shares +1024 → 974 .*vm3 .*1074 .*vm2 .*974 .*vm4 .*1074' '' \
		-c fake:///4 move cpu 100 vm1,vm2 vm3,vm4
	expect "two donors share what one takes" 0 \
		'vm1 .*1G → 924M +gave 100M.*vm3 .*took 200M.*vm2 .*gave 100M' '' \
		move mem 200MiB vm1,vm2 vm3
	expect "move without doing it" 0 'gives 512M.*ok, after step 1.*2 of 2 steps can be done' '' \
		move --dry-run mem 512M vm3 vm2
	expect "move of a persistent value" 0 'vm1 +cpu.shares +.* → 924 .*persistent' '' \
		move --config cpu 100 vm1 vm2
	expect "a donor that has not that much" 1 '' 'vm3: the guest cannot give.*nothing was changed' \
		move mem 900MiB vm3 vm2
	expect "more than there is" 1 '' 'cpu.shares of vm1 is 1024, and 1023 of it cannot be given' \
		move cpu 1023 vm1 vm2
	expect "what is no amount" 1 '' 'cpu.period is no amount that one gives' \
		move cpu.period 5000us vm1 vm2
	expect "rescaled where all fits" 0 '^vm1  io.weight  100 → 3000  fake$' '' \
		set --rescale vm1 io.weight=3000
	expect "rescaled by two scales at once" 2 '' '--live or --config values, not both' \
		set --rescale --live --config vm1 io.weight=3000
	expect "move to itself" 1 '' 'vm1 cannot give to itself' move cpu 5 vm1 vm1
	expect "move live and persistent values" 2 '' 'not both' move --live --config cpu 5 vm1 vm2
	expect "move of nothing" 1 '' '0 is out of range' move mem 0 vm1 vm2
	expect "move of no amount" 2 '' 'unlimited is no amount' \
		move mem.hard_limit unlimited vm1 vm2
	expect "a name that is missing" 2 '' 'between commas' move mem 1M vm1, vm2
	expect "the host cannot give" 2 '' 'neither gives' move mem 1M @host vm2
	json "move as JSON" 0 'd["steps"][0]["status"] == "applied" and
		d["steps"][0]["after"]["value"] + d["steps"][1]["after"]["value"] == 2 << 30' \
		move --json mem 100MiB vm1 vm2
	expect "a donor that stops" 1 '' \
		'stopped at 800M of 512M.*--keep-partial.*taken back: nothing is changed' \
		-c 'fake:///3?inject=stall+domain=vm3+at_bytes=800MiB' move mem 512M vm3 vm2
	expect "recipients get what arrives" 0 \
		'vm3 .*1G → 800M +it has come to 800M of 512M.*vm2 .*took 224M' '' \
		-c 'fake:///3?inject=stall+domain=vm3+at_bytes=800MiB' \
		move --keep-partial mem 512M vm3 vm2
}

journal_cases() {
	expect "a plan with a journal" 0 '1024 → 5' '' set --journal "$dir/j" vm1 cpu.shares=5
	expect "nothing to recover" 0 'came to its end' '' recover "$dir/j"
	sed -i '/^end/d' "$dir/j"
	expect "a journal is not written over" 1 '' 'recover that first' \
		set --journal "$dir/j" vm1 cpu.shares=6
	json "recover that only looks" 0 'd["steps"][0]["status"] in ("ok", "undone")' \
		recover --dry-run --json "$dir/j"
	json "recover as JSON" 0 'd["steps"][0]["status"] == "undone"' recover --json "$dir/j"
	expect "a journal that is not there" 1 '' 'cannot open the journal .*none: No such' \
		recover "$dir/none"
	echo "my diary" >"$dir/diary"
	expect "something else than a journal" 1 '' 'something else' recover "$dir/diary"
	expect "check of a plan file" 1 'vm1 mem.balloon .*REFUSED.*vm1 cpu.shares .*ok' \
		'1 of 2 steps cannot be done' plan "$dir/problem.plan"
	rm "$dir/j" "$dir/diary"
}

apply_cases() {
	printf '# plan\nvm1 cpu.shares=512\n"vm2" cpu.shares=4096 mem.balloon=25%%\n@host ksm.run=1\n' \
		>"$dir/a.plan"
	expect "apply of a file" 0 'vm1 .*512.*vm2 .*4096.*1G → 512M.*@host .*ksm.run' '' \
		apply "$dir/a.plan"
	expect "what never acts is told" 0 'ok, but 900000 us in each 100000 us are more than the 8 CPUs' '' \
		--dry-run set vm1 cpu.quota=900000
	expect "apply without doing it" 0 '4 of 4 steps can be done' '' --dry-run apply "$dir/a.plan"
	out=$("$pralloc" apply - <"$dir/a.plan" 2>"$dir/err")
	status=$? err=$(cat "$dir/err")
	judge "apply from the standard input" 0 'vm1 .*512' ''
	printf 'vm1 cpu.shares=512\nvm2 cpu.shares=x\n' >"$dir/b.plan"
	expect "an error names file and line" 1 '' 'b.plan: line 2: .*nothing was changed' \
		apply "$dir/b.plan"
	printf '%s\n' 'vm1 cpu.shares=1' 'vm2 mem.hard_limit=0' 'vn3 cpu.shares=5' \
		'vm3 cpu.share=5' '@host net.link.in[eth9]=5' >"$dir/five.plan"
	expect "each bad line of a file is told" 1 '' "$(printf '%s.*' \
		'five.plan: line 1: cpu.shares of vm1: 1 is out of range \(2 to 262144\)' \
		'five.plan: line 2: mem.hard_limit of vm2: 0 is no limit; use unlimited' \
		'five.plan: line 3: vn3: .*\(did you mean vm3\?\)' \
		'five.plan: line 4: vm3: .*cpu.share" \(did you mean cpu.shares\?\)' \
		'five.plan: line 5: .*"eth9" \(there are: fakebr0' 'nothing was changed')" \
		plan "$dir/five.plan"
	json "json of bad lines" 1 '[p.split(": ")[1] for p in d["error"]["problems"]] ==
		["line 1", "line 2", "line 3", "line 4", "line 5"] and
		d["error"]["text"] == d["error"]["problems"][0] and
		d["error"]["code"] == "ERANGE"' apply --json "$dir/five.plan"
	echo 'vm2 mem.balloon=64M cpu.shares=5' >>"$dir/five.plan"
	expect "what is refused is told beside bad lines" 1 'vm2 mem.balloon .*REFUSED.*ok' \
		'line 1: .*line 5: .*1 of 2 other steps cannot be done; nothing was changed' \
		plan "$dir/five.plan"
	expect "nothing is done where a line is bad" 1 '' 'line 5: .*nothing was changed' \
		apply "$dir/five.plan"
	json "json of both" 1 'len(d["error"]["problems"]) == 6 and
		[s["status"] for s in d["steps"]] == ["refused", "ok"]' plan --json "$dir/five.plan"
	yes 'vm1 cpu.shares=1' | head -n 100 >"$dir/five.plan"
	expect "so many bad lines are told" 1 '' \
		'line 64: .* and 36 more problems.*nothing was changed' apply "$dir/five.plan"
	expect "a file that is not there" 1 '' 'cannot read .*c.plan: No such' apply "$dir/c.plan"
	expect "a directory" 1 '' 'cannot read' apply "$dir"
	expect "an empty plan" 1 '' 'holds no change' apply -
	head -c 9 /dev/zero >"$dir/d.plan"
	expect "a plan of zero bytes" 1 '' 'zero byte' apply "$dir/d.plan"
}

restore_cases() {
	local burst='attribute=cpu.burst+value=7ms+config=yes'
	local two_bursts="fake:///3?inject=set+domain=vm1+$burst;set+domain=vm2+$burst"

	expect "restore where nothing is to be done" 0 '^vm1  has what its configuration says$' '' \
		restore vm1
	PRALLOC_URI='fake:///3?inject=set+domain=vm2+attribute=cpu.burst+value=7ms+config=yes'
	expect "restore of one value" 0 '^vm2  cpu.burst  0 s → 7 ms  fake$' '' restore vm2
	expect "restore of all, of which one has something" 0 \
		$'^vm1  has .*\nvm2  cpu.burst .*\nvm3  has ' '' restore --all
	json "json of a restored value" 0 \
		'[c["name"] for c in d["changes"]] == ["vm2"] and
		d["changes"][0]["after"]["value"] == 7000' restore --all --json
	PRALLOC_URI+=';fail+error=EIO+attribute=cpu.burst'
	expect "restore of all goes on behind a failure" 1 $'^vm1  has .*\nvm3  has ' \
		'cpu.burst of vm2' restore --all
	PRALLOC_URI=fake:///3
	expect "restore of all" 0 $'(vm[123]  has .*\n?){3}' '' restore --all
	expect "restore that is looked at" 0 \
		'vm2 cpu.burst +0 s +7 ms +ok.*vm3  has what its configuration says' '' \
		-c 'fake:///3?inject=set+domain=vm2+attribute=cpu.burst+value=7ms+config=yes' \
		restore vm2 vm3 --dry-run
	json "json of restores that are looked at" 0 'd["dry_run"] and
		[s["name"] for s in d["steps"]] == ["vm1", "vm2"]' -c "$two_bursts" \
		restore --all --dry-run --json
	expect "restore of nobody" 2 '' 'either domains or --all' restore
	expect "restore of all and one" 2 '' 'either domains or --all' restore --all vm1
	expect "restore of one that is not there" 1 '^vm2  has .*' 'did you mean vm' \
		restore vm22 vm2
	expect "restore of the host" 1 '' 'a host has no persistent values' restore @host
	json "json of restore" 0 'd["changes"] == []' restore --all --json
}

save_cases() {
	local plan=$'^vm1 mem.balloon=1GiB\nvm1 cpu.count=2\nvm1 cpu.guest_count=2$'

	expect "save" 0 "$plan" '' save vm1
	expect "save of the configuration" 0 $'^vm1 mem.balloon=1GiB\nvm1 cpu.count=2$' '' \
		save --config vm1
	"$pralloc" save vm1 >"$dir/saved.plan"
	expect "apply takes what save has printed" 0 'cpu.count +2 → 2 ' '' apply "$dir/saved.plan"
	expect "save of a domain that is off" 1 '' 'is off.*--config saves' \
		-c 'fake:///3?inject=stop+domain=vm1' save vm1
	expect "save of the host" 1 '' 'show @host' save @host
	json "json of save" 0 'd["plan"].startswith("vm1 mem.balloon=") and
		d["domain"]["name"] == "vm1"' save vm1 --json
}

net_cases() {
	expect "net" 0 \
		'fakebr0 .*0 bit/s .*  vm1  .*100/100 +- +- +[1-9][0-9.]* kbit/s/[0-9.]* kbit/s +0/0' \
		'' net
	expect "net without the domain that is off" 0 '  vm3 ' '' \
		-c 'fake:///3?inject=stop+domain=vm2' net
	result "net does not show a domain that is off" "$(grep vm2 "$dir/out")"
	expect "net of a host without domains" 0 '^LINK/VM .*fakebr0 +0 bit/s' '' \
		-c 'fake:///1?inject=stop+domain=vm1' net
	json "json of net" 0 'd["links"]["fakebr0"]["committed"]["value"] == 0 and
		d["domains"][1]["name"] == "vm2" and
		d["domains"][1]["links"]["fakebr0"]["weight"]["in"]["value"] == 100 and
		d["domains"][1]["interfaces"]["52:54:00:00:00:02"]["now"]["out"]["value"] > 0 and
		d["domains"][1]["interfaces"]["52:54:00:00:00:02"]["ceiling"]["in"]["value"] ==
			"unlimited"' net --json
	expect "rates of a link" 0 \
		'net.link.out\[fakebr0\] .* 800 Mbit/s .*net.link.in\[fakebr0\] .* 80 Mbit/s' '' \
		net link fakebr0 800mbit 80mbit
	expect "one rate for both directions" 0 'out.* 800 Mbit/s .*in.* 800 Mbit/s' '' \
		net link fakebr0 800mbit
	expect "reset of a link" 0 'net.link.in\[fakebr0\] .*default' '' net reset fakebr0
	expect "rates of a link, checked" 0 'nothing was changed' '' \
		net link fakebr0 800mbit --dry-run
	json "json of a link" 0 'd["steps"][0]["wanted"]["value"] == 100000000' \
		net link fakebr0 800mbit --json
	expect "link that there is not" 1 '' 'no instance "br7" \(there are: fakebr0' \
		net link br7 800mbit
	expect "rate that is none" 1 '' 'net.link.out.*fast' net link fakebr0 fast
	expect "rate of zero" 1 '' 'net.link.out.*0 is out of range' net link fakebr0 0
	expect "link without a rate" 2 '' 'net link needs LINK RATE' net link fakebr0
	expect "reset of two links" 2 '' 'net reset needs LINK' net reset fakebr0 fakebr0
	expect "net of something else" 2 '' 'set is neither link nor reset' net set fakebr0
	expect "force where nothing is changed" 2 '' 'changes nothing without' net --replace
	expect "watch of a change" 2 '' 'net link takes no --watch' net link fakebr0 1mbit --watch
	json "json of net --watch" 2 '"--watch shows tables" in d["error"]["text"]' \
		net --watch --json
	timeout --signal INT 2 "$pralloc" net --watch=0.2 >"$dir/out" 2>"$dir/err"
	result "net --watch shows again" "$(
		[ "$(grep -c '^fakebr0 ' "$dir/out")" -gt 2 ] || cat "$dir/out"
		cat "$dir/err")"
}

watch_cases() {
	json "json of watch" 2 '"--watch shows tables" in d["error"]["text"]' \
		show vm1 --watch --json
	expect "watch of a time that is none" 2 '' 'watch: x is not a number' show vm1 --watch=x
	expect "watch of a domain that there is not" 1 '' 'did you mean vm1' show vn1 --watch=0.1
	timeout --signal INT 2 "$pralloc" show vm1 --watch=0.2 >"$dir/out" 2>"$dir/err"
	status=$?
	result "watch shows again until it is interrupted, and marks what has changed" "$(
		[ $status -eq 124 ] || echo "it ended before"
		[ "$(grep -c '^vm1  running' "$dir/out")" -gt 2 ] || cat "$dir/out"
		[ "$(grep -c '^cpu.time .* \* ' "$dir/out")" -gt 1 ] || echo "cpu.time is not marked"
		grep '^cpu.shares .*\*' "$dir/out"
		sed '/^vm1/q' "$dir/out" | grep '\*'
		cat "$dir/err")"
	timeout 10 "$pralloc" show vm1 --watch=60 2>"$dir/err" | head -1 >"$dir/out"
	local codes=("${PIPESTATUS[@]}")
	result "watch ends when its reader does" "$(
		[ "${codes[0]}" -eq 0 ] || echo "exit status ${codes[0]}"
		cat "$dir/err")"
}

events_cases() {
	local soon='fake:///2?inject=stop+domain=vm1+ms=50;reboot+domain=vm2+ms=100'
	local lines='import json,sys; d=[json.loads(x) for x in sys.stdin]; sys.exit(not ('

	expect "events until the count" 0 'Z  vm1 +stopped.*Z  vm2 +rebooted$' '' \
		-c "$soon" events --count 2 --timeout 30
	expect "events until the time is over" 0 '' '' events --timeout 0.2
	expect "fewer events than asked for" 1 'stopped' 'pralloc: 2 of 3 events came in time' \
		-c "$soon" events --count 3 --timeout 3
	expect "events of a count that is none" 2 '' 'count: 0 is not a number' events --count 0
	expect "count where it means nothing" 2 '' 'list takes no --count' list --count 1
	run -c "$soon" events --json --count 3 --timeout 3
	result "events as lines of json, also the error" "$(
		python3 -c "$lines"'[x.get("event") for x in d] == ["stopped", "rebooted", None] and
			d[0]["domain"] == "vm1" and d[0]["uuid"] and d[0]["after"] is None and
			d[0]["time_ns"] > 0 and d[2]["error"]["code"] == "ETIMEDOUT"))' \
			<"$dir/out" 2>&1 || cat "$dir/out"
		[ "$status" -eq 1 ] || echo "exit status $status"
		cat "$dir/err")"
	timeout 10 "$pralloc" -c "$soon" events 2>"$dir/err" | head -1 >"$dir/out"
	local codes=("${PIPESTATUS[@]}")
	result "events end when their reader does" "$(
		[ "${codes[0]}" -eq 0 ] || echo "exit status ${codes[0]}"
		cat "$dir/err")"
}

json_cases() {
	json "json of list" 0 \
		'[x["name"] for x in d["domains"]] == ["vm1", "vm2", "vm3"] and
		 d["domains"][0]["attributes"]["mem.actual"]["value"] == 1 << 30' list --json
	json "json of show" 0 \
		'd["domain"]["attributes"]["mem.soft_limit"]["value"] == "default" and
		 d["domain"]["attributes"]["cpu.pin[0]"]["value"] == "default"' show vm1 --json
	json "json of get" 0 'd["domain"]["attributes"]["cpu.shares"] ==
		{"value": 1024, "text": "1024", "backend": "fake"}' get vm1 cpu.shares --json
	json "json of a get that fails in part" 1 'd["error"]["code"] == "ENODEV" and
		d["domain"]["attributes"]["cpu.pin[9]"]["value"] is None and
		d["domain"]["attributes"]["cpu.shares"]["value"] == 1024' \
		get vm1 cpu.shares 'cpu.pin[9]' --json
	json "json of set" 0 'd["dry_run"] is False and d["steps"][0]["name"] == "vm1" and
		d["steps"][0]["status"] == "applied" and
		d["steps"][0]["before"]["value"] == 1024 and d["steps"][0]["after"]["value"] == 7' \
		set vm1 cpu.shares=7 --json
	json "json of a set that is taken back" 1 'd["error"]["code"] == "EIO" and
		[s["status"] for s in d["steps"]] == ["undone", "failed"]' --json \
		-c 'fake:///3?inject=fail+error=EIO+at=2' set vm1 cpu.shares=4 vm2 cpu.shares=4
	json "json of a dry run" 1 'd["dry_run"] is True and
		[s["status"] for s in d["steps"]] == ["ok", "refused"]' \
		--dry-run --json set vm1 cpu.shares=4 vm2 mem.balloon=64M
	json "json of a value out of range" 1 'd["error"]["code"] == "ERANGE" and
		"262144" in d["error"]["text"] and "nothing was changed" in d["error"]["hints"]' \
		set vm1 cpu.shares=1 --json
	json "json of a domain that there is not" 1 'd["error"]["code"] == "ENOENT" and
		"did you mean vm1?" in d["error"]["hints"]' get vn1 cpu.shares --json
	json "json of a usage error, wherever --json stands" 2 'd["error"]["code"] == "EINVAL"' \
		--bogus list --json
	json "json of bytes that are no text" 1 'd["error"]["code"] == "ENOENT"' \
		--json get $'a\xff\xc3' cpu.shares
	json "json of reset" 0 'd["changes"][0]["after"]["value"] == 1024' \
		reset vm1 cpu.shares --json
	json "json of host" 0 'd["uri"] == "fake:///3" and d["cpus"] == 8 and
		d["attributes"]["cpu.shares"] == {"backend": "fake", "reason": None}' host --json
	json "json of attributes" 0 '[a for a in d["attributes"] if
		a["attribute"] == "cpu.shares"][0]["maximum"] == 262144' attributes --json
}

output_cases() {
	for args in 'list' 'list --json' 'set vm1 cpu.shares=4' 'show vm1 -v' '--help'; do
		local problem=
		# shellcheck disable=SC2086 # words on purpose
		"$pralloc" $args >/dev/full 2>"$dir/err" && problem="exit status 0"
		grep -q '^pralloc: cannot write the output: ' "$dir/err" ||
			problem+=" $(cat "$dir/err")"
		result "a full device: $args" "$problem"
	done
	"$pralloc" set vm1 cpu.shares=1 --json >/dev/full 2>"$dir/err"
	result "an error that --json cannot tell goes to the standard error" \
		"$(grep -q 'out of range' "$dir/err" || cat "$dir/err" - <<<none)"
	"$pralloc" list >&- 2>"$dir/err"
	result "no output at all" "$(grep -q 'cannot write' "$dir/err" || cat "$dir/err" - <<<none)"
	for args in '-c fake:///5000 list' 'attributes --json'; do
		# shellcheck disable=SC2086 # words on purpose
		"$pralloc" $args 2>"$dir/err" | head -1 >"$dir/out"
		local codes=("${PIPESTATUS[@]}")
		result "a pipe into head ends quietly: $args" "$(
			cat "$dir/err"
			[ -s "$dir/out" ] || echo "no output"
			[ "${codes[0]}" -eq 0 ] || echo "exit status ${codes[0]}")"
	done
	run list
	result "no colours in a file" "$(grep -q '^vm1' "$dir/out" || echo none; grep $'\033' "$dir/out")"
	run host
	result "no blanks at the end of lines" \
		"$(grep -q '^cpu.shares' "$dir/out" || echo none; grep ' $' "$dir/out")"
	terminal_cases
}

terminal_cases() {
	if ! command -v script >/dev/null; then
		skip "colours on a terminal" "script(1) is not installed"
		skip "no colours with NO_COLOR" "script(1) is not installed"
		return
	fi
	TERM=xterm script -qec "'$pralloc' list" "$dir/tty" >/dev/null </dev/null
	result "colours on a terminal" "$(grep -q $'\033\\[32m' "$dir/tty" || cat "$dir/tty")"
	TERM=xterm NO_COLOR=1 script -qec "'$pralloc' list" "$dir/tty" >/dev/null </dev/null
	result "no colours with NO_COLOR" \
		"$(grep -q '^vm1' "$dir/tty" || echo none; grep $'\033\\[' "$dir/tty")"
}

libvirt_cases() {
	PRALLOC_URI=test:///default
	run host
	if [[ $err == *"is not installed"* ]]; then
		skip "libvirt's test driver" "${err%%$'\n'*}"
		return
	fi
	judge "host of the test driver" 0 'backend +libvirt.*memory +[0-9.]+G' ''
	expect "list of the test driver" 0 '(^|'$'\n'')test +running ' '' list
	expect "show -v tells what libvirt does not serve, and why" 0 \
		'NOT READ .*mem.guarantee +.*memory.min' '' show test -v
	expect "set through libvirt" 0 '^test  cpu.pin\[0\]  .* → 0 +libvirt$' '' \
		set test 'cpu.pin[0]=0'
	expect "a weight beyond the range here" 1 '' \
		'3000 is outside the range.*--rescale brings it into.*nothing was changed' \
		set test io.weight=3000
	expect "a weight is rescaled into the range" 0 \
		'^test io.weight: 3000 was rescaled to 1000'$'\n''test  io.weight  100 → 1000  libvirt$' '' \
		set --rescale test io.weight=3000
	echo 'test io.weight=3000' >"$dir/rescale.plan"
	expect "a plan with a weight that would be rescaled" 0 '3000 was rescaled to 1000.*1 of 1 steps can' '' \
		plan --rescale "$dir/rescale.plan"
	expect "a plan is applied rescaled" 0 '100 → 1000  libvirt$' '' apply --rescale "$dir/rescale.plan"
	json "json of what was rescaled" 0 \
		'd["rescaled"][0]["given"]["value"] == 3000 and d["steps"][0]["after"]["value"] == 1000' \
		set --rescale --json test io.weight=3000
	expect "what libvirt does not serve is refused" 1 '' 'mem.guarantee.*nothing was changed' \
		set test mem.guarantee=1G
	expect "misspelt domain of libvirt" 1 '' 'did you mean test' set tets cpu.shares=512
	json "json of the test driver" 0 'd["domains"][0]["name"] == "test"' list --json
}

usage_cases
show_cases
set_cases
refusal_cases
reset_cases
restore_cases
move_cases
echo 'vm1 mem.balloon=100M cpu.shares=5' >"$dir/problem.plan"
journal_cases
apply_cases
save_cases
net_cases
watch_cases
events_cases
json_cases
output_cases
libvirt_cases

echo "1..$number"
[ "$failed" -eq 0 ]
