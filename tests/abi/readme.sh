#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The program in README.md compiles without warnings and runs.
#   readme.sh README INCLUDE_DIR LIBRARY
. "$(dirname "$0")/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
directory=$(dirname "$3")
sed -n '/^```c$/,/^```$/p' "$1" | sed '1d;$d' >"$work/program.c"
run "the program in the README compiles" "${CC:-cc}" -Wall -Wextra -Werror -I"$2" \
	"$work/program.c" -L"$directory" -lpralloc -Wl,-rpath,"$directory" -o "$work/program"
run "the program in the README runs" "$work/program"
done_testing
