#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# net_bench.sh CHANGES PACKETS: run both programs in network namespaces, for 10 to 5000 VMs.  A
# bridge has room for 1023 ports, so 5000 VMs are on five.
set -euo pipefail

alone()
{
	unshare --net --mount --propagation private bash -c \
		'mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && exec "$@"' alone "$@"
}

for size in 10 100 1000 '1000 5'; do
	# shellcheck disable=SC2086 # two words
	alone "$1" $size
done
for vms in 10 100 1000; do
	alone "$2" "$vms"
done
