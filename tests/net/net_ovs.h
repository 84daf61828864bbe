/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A datapath of Open vSwitch in the kernel, without its programs. */
#ifndef PRALLOC_NET_OVS_H
#define PRALLOC_NET_OVS_H

/* A datapath of that name in this network namespace with a device as port; it stays until its device
 * is removed or the namespace ends.  0 or a negative errno. */
int net_ovs_make(const char *datapath, const char *device);

#endif
