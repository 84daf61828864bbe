#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Map, headers and libraries name the same functions.
#   symbols.sh MAP HEADERS_DIR SHARED_LIBRARY [STATIC_LIBRARY [MODULE]]
# An empty STATIC_LIBRARY or MODULE is left out.
set -u
export LC_ALL=C
. "$(dirname "$0")/tap.sh"

map=$1
headers=$2
shared=$3
static=${4-}
module=${5-}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The map without comments: "NODE name" for each global symbol.
map_symbols() {
	sed 's:/\*[^*]*\*/::g' "$map" | sed '/\/\*/,/\*\//d' | awk '
		/\{/ { node = $1; sub(/\{.*/, "", node); scope = "" }
		/^[ \t]*global:/ { scope = "global"; next }
		/^[ \t]*local:/ { scope = "local"; next }
		scope == "global" && /;/ { gsub(/[ \t;]/, ""); print node, $0 }'
}

# Every function that the headers declare with PRALLOC_API.
header_symbols() {
	cat "$headers"/*.h | sed -n '/^PRALLOC_API/,/;/p' | tr '\n' ' ' | tr ';' '\n' |
		sed -n 's/.*[ *]\(pr_[a-z0-9_]*\)(.*/\1/p'
}

# "NODE name" for each symbol that is exported; no node: "- name".
exported() {
	nm -D --defined-only "$1" | awk '$2 != "A" {
		name = $3; node = "-"
		if (index(name, "@")) { node = name; sub(/.*@/, "", node); sub(/@.*/, "", name) }
		print node, name }'
}

only_in() {
	comm -23 "$1" "$2" | sed "s/^/$3: /"
}

map_symbols | sort >"$work/map"
cut -d' ' -f2 "$work/map" | sort >"$work/map_names"
header_symbols | sort >"$work/headers"
exported "$shared" | sort >"$work/shared"

# Without names every comparison below would pass.
if [ -s "$work/map" ] && [ -s "$work/headers" ] && [ -s "$work/shared" ]; then
	ok "map, headers and library name functions ($(wc -l <"$work/map"))"
else
	not_ok "map, headers and library name functions" "one of them names none"
fi
empty "every name stands once in the map" "$(uniq -d "$work/map_names")"
empty "every name stands once in the headers" "$(uniq -d "$work/headers")"
empty "the map is sorted" "$(map_symbols | sort -c 2>&1)"
empty "every function of the headers is in the map" \
	"$(only_in "$work/headers" "$work/map_names" "not in the map")"
empty "every name of the map is in the headers" \
	"$(only_in "$work/map_names" "$work/headers" "not in a header")"
empty "the library exports what the map says, in its node" \
	"$(only_in "$work/map" "$work/shared" "not exported")"
empty "the library exports nothing else" \
	"$(only_in "$work/shared" "$work/map" "not in the map")"
empty "every exported symbol has a version node" "$(grep '^- ' "$work/shared")"

if [ -n "$static" ]; then
	nm -g --defined-only "$static" 2>/dev/null | awk 'NF == 3 { print $3 }' |
		grep -v '^__asan\|^__odr_asan\|^__gcov\|^__llvm' >"$work/static"
	if [ -s "$work/static" ]; then
		empty "the static library defines pr_* and pri_* only" \
			"$(grep -v '^pr_\|^pri_' "$work/static")"
	else
		not_ok "the static library defines pr_* and pri_* only" "it defines nothing"
	fi
	empty "the static library has every function of the map" \
		"$(sort "$work/static" | comm -13 - "$work/map_names")"
fi
if [ -n "$module" ]; then
	exported "$module" | cut -d' ' -f2 | grep -v '^__asan\|^__odr_asan' >"$work/module"
	entry=$(sed -n 's/^#define PRI_BACKEND_ENTRY \(.*\)$/\1/p' \
		"$headers/../../src/backend/backend.h")
	if [ "$(cat "$work/module")" = "$entry" ]; then
		ok "the module exports $entry alone"
	else
		not_ok "the module exports $entry alone" "$(cat "$work/module")"
	fi
fi
done_testing
