#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A change of the map needs a line in the CHANGELOG.
#   changelog.sh MAP CHANGELOG
# The newest entry carries "ABI: N symbols, list DIGEST", where DIGEST stands for the sorted
# names of the map.  Whoever changes the map has to open the CHANGELOG to renew it, and there says
# what was added.  The line to write is printed with the failure.
set -u
export LC_ALL=C
. "$(dirname "$0")/tap.sh"

names=$(sed 's:/\*[^*]*\*/::g' "$1" | sed '/\/\*/,/\*\//d' | sed '/^[ \t]*local:/,/}/d' |
	sed -n 's/^[ \t]*\(pr_[a-z0-9_]*\);.*/\1/p' | sort)
digest=$(printf '%s\n' "$names" | sha256sum | cut -c1-12)
wanted="ABI: $(printf '%s\n' "$names" | grep -c .) symbols, list $digest"

if [ ! -r "$2" ]; then
	not_ok "there is a CHANGELOG" "$2 cannot be read; its newest entry has to say \"$wanted\""
	done_testing
fi
found=$(grep -m1 -o 'ABI: [0-9]* symbols, list [0-9a-f]*' "$2")
if [ "$found" = "$wanted" ]; then
	ok "the CHANGELOG knows the $wanted"
else
	not_ok "the CHANGELOG knows the symbols of the map" \
		"it says \"${found:-nothing}\"; tell what changed, with the line \"$wanted\""
fi
done_testing
