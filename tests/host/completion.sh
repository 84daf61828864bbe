#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What bash offers behind the words of a pralloc line, with the fake host.
# Usage: completion.sh PRALLOC SOURCE_DIR      prints TAP; exit status 1 when a case fails
set -u

pralloc=${1:?usage: completion.sh PRALLOC SOURCE_DIR}
source_dir=${2:?}
. "$source_dir/tests/abi/tap.sh"
# shellcheck source=/dev/null
. "$source_dir/examples/pralloc/completion.bash"
export PRALLOC_URI=fake:///3
export LC_ALL=C.UTF-8

# offers NAME EXPECTED WORD...: the words as bash splits them, the last one under the cursor.
# EXPECTED is a pattern of the offered words, each with a blank before and behind it.
offers() {
	local name=$1 expected=$2

	shift 2
	COMP_WORDS=("$pralloc" "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_pralloc
	# shellcheck disable=SC2053 # a pattern
	if [[ " ${COMPREPLY[*]} " == $expected ]]; then
		ok "$name"
	else
		not_ok "$name" "offered: ${COMPREPLY[*]}"
	fi
}

nothing='  '
offers "every sub-command" ' list show get set reset restore save *attributes ' ''
offers "the beginning of a sub-command" ' show ' sh
offers "a sub-command behind options" ' list ' -c fake : ///2 --json l
offers "options of all sub-commands" '* --connect * --json *' --
offers "options of one sub-command" ' --watch ' show --wa
offers "no option that the sub-command refuses" "$nothing" list --wa
offers "hosts" ' qemu:///system test:///default fake:///3 ' -c ''
offers "hosts behind a colon, without what is there already" ' ///system ' -c qemu :
offers "no word for a number" "$nothing" list --timeout ''
offers "domains" ' vm1 vm2 vm3 @host ' show ''
offers "domains of the host that is named" ' vm1 vm2 ' -c fake : ///2 reset v
offers "domains of the host that is named with =" ' vm1 ' --connect = fake : ///1 save ''
offers "no domain where there can be only one" "$nothing" show vm1 ''
offers "attributes" '* cpu.shares *' get vm1 ''
offers "the beginning of an attribute" ' mem.hard_limit ' get vm1 cpu.shares mem.h
offers "readings too" ' mem.rss ' get vm1 mem.rss
offers "attributes that can be set" ' cpu.shares= ' set vm1 cpu.sh
offers "no reading to be set" "$nothing" set vm1 mem.rss
offers "no domain behind a domain" "$nothing" set vm1 vm
offers "another domain behind an assignment" ' vm1 vm2 vm3 ' set vm1 cpu.shares = 512 vm
offers "values" ' default unlimited ' set vm1 cpu.shares =
offers "the beginning of a value" ' unlimited ' set vm1 mem.hard_limit = unl
offers "what can be moved" ' mem mem.balloon *mem.hard_limit *' move mem
offers "no amount" "$nothing" move mem ''
offers "donors" ' vm1 vm2 vm3 ' move mem 1G ''
offers "another donor behind a comma" ' vm1\\,vm2 vm1\\,vm3 ' move mem 1G vm1,
offers "recipients" ' vm3 ' move mem 1G vm1,vm2 vm3
offers "what net can do" ' link reset ' net ''
offers "links" ' fakebr0 ' net reset fa
offers "no link where a rate stands" "$nothing" net link fakebr0 ''
offers "names of attributes" ' ksm.run ' attributes ksm.r
cd "$source_dir/tests/abi" || exit 1
offers "files" ' layout.c ' apply lay
offers "files of plan and recover" ' layout.c ' recover lay
offers "a file for the journal" ' layout.c ' set vm1 --journal lay
offers "no domain of a host that is not there" ' @host ' -c fake : ///0 show ''

run "the function is bound to the command" sh -c "bash -c '. \"$source_dir/examples/pralloc/\
completion.bash\"; complete -p pralloc' | grep -q -- '-F _pralloc pralloc'"
done_testing
