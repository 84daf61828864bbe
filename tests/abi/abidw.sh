# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh disable=SC2154 # here: of the script that sources this
# How a library is described, for abidiff.sh and update-baseline.sh; to be sourced.
# describe INCLUDE_DIR LIBRARY OUTPUT: only the types of the public headers, and no paths of the
# machine it was built on.  $here is the directory of the scripts.
describe() {
	abidw --exported-interfaces-only --headers-dir "$1" --drop-private-types \
		--suppressions "$here/private.suppr" --no-corpus-path --no-comp-dir-path \
		--no-show-locs --out-file "$3" "$2" &&
		sed -i "s#path='[^']*/\(src/[^']*\)'#path='\1'#" "$3"
}
