#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the schema of the metadata takes and what it does not.
# Usage: schema.sh SOURCE_DIR      prints TAP; exit status 1 when a case fails
set -u

source_dir=${1:?usage: schema.sh SOURCE_DIR}
. "$source_dir/tests/abi/tap.sh"
schema=$source_dir/doc/metadata.rng

if ! command -v xmllint >/dev/null; then
	echo "1..0 # SKIP xmllint is not installed"
	exit 0
fi

# judge NAME valid|invalid CONTENT: CONTENT in the element of the settings
judge() {
	local verdict=invalid text

	text="<p:settings xmlns:p='urn:x-libpralloc:settings:1' xmlns:q='urn:other'>$3</p:settings>"
	xmllint --noout --relaxng "$schema" - <<<"$text" 2>/dev/null && verdict=valid
	if [ "$verdict" = "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$verdict: $text"
	fi
}

judge "nothing" valid ''
judge "a setting" valid "<p:setting attribute='mem.guarantee' value='67108864'/>"
judge "a setting of an instance" valid \
	"<p:setting attribute='net.weight.in' instance='br0' value='300'/>"
judge "no limit" valid "<p:setting attribute='mem.throttle' value='unlimited'/>"
judge "what comes later" valid "<p:setting attribute='new.one' value='1'/>"
judge "what others put beside it" valid "<q:note of='x'>text<q:more/></q:note>"
judge "what others put into it" valid \
	"<p:setting attribute='cpu.burst' value='1' q:by='me'><q:note/></p:setting>"
judge "a setting without a value" invalid "<p:setting attribute='mem.guarantee'/>"
judge "a setting without an attribute" invalid "<p:setting value='1'/>"
judge "a value with a unit" invalid "<p:setting attribute='mem.guarantee' value='64M'/>"
judge "a negative value" invalid "<p:setting attribute='mem.guarantee' value='-1'/>"
judge "an empty instance" invalid \
	"<p:setting attribute='net.weight.in' instance='' value='300'/>"
judge "a name with blanks" invalid "<p:setting attribute='net weight' value='300'/>"
judge "another element of the namespace" invalid "<p:limit attribute='cpu.burst' value='1'/>"
judge "text" invalid "300"
done_testing
