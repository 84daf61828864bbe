#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each header compiles alone, as C99 and as C++11, without a warning.
#   headers.sh INCLUDE_DIR
set -u
. "$(dirname "$0")/tap.sh"

include=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# compile COMPILER LANGUAGE STANDARD HEADER: twice included, so that the guards are tried too
compile() {
	printf '#include <%s>\n#include <%s>\n' "$4" "$4" >"$work/alone.$2"
	"$1" "-std=$3" -pedantic -Wall -Wextra -Wundef -Werror -fsyntax-only \
		-I"$include" "$work/alone.$2"
}

# all_headers COMPILER LANGUAGE STANDARD
all_headers() {
	if ! command -v "$1" >/dev/null; then
		skip "headers as $3 with $1" "$1 is not installed"
		return
	fi
	for header in "$include"/pralloc.h "$include"/pralloc/*.h; do
		name=${header#"$include"/}
		run "$name as $3 with $1" compile "$1" "$2" "$3" "$name"
	done
}

# umbrella: it includes every other header
umbrella() {
	for header in "$include"/pralloc/*.h; do
		grep -q "^#include <pralloc/${header##*/}>" "$include/pralloc.h" ||
			echo "pralloc.h does not include ${header##*/}"
	done
}

all_headers gcc c c99
all_headers g++ cc c++11
all_headers clang c c99
all_headers clang++ cc c++11
empty "pralloc.h includes every header" "$(umbrella)"
done_testing
