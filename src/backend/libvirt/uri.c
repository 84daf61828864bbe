/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URIs of libvirt: driver[+transport]://[server]/path[?parameters]. */
#include <string.h>

#include "backend/libvirt/libvirt.h"

static const char *const drivers[] = {
	"qemu",	  "test",      "xen",	       "lxc",	   "ch",	   "bhyve",
	"vz",	  "esx",       "vpx",	       "gsx",	   "openvz",	   "vbox",
	"hyperv", "virtuozzo", "vmwareplayer", "vmwarews", "vmwarefusion",
};

bool pri_lv_claims(const char *uri)
{
	size_t scheme = strcspn(uri, ":");
	size_t driver = strcspn(uri, "+:");

	if (uri[scheme] != ':')
		return false;
	for (size_t i = 0; i < PRI_ARRAY_SIZE(drivers); i++)
		if (strlen(drivers[i]) == driver && strncmp(uri, drivers[i], driver) == 0)
			return true;
	return false;
}

bool pri_lv_uri_is_daemon(const char *uri)
{
	return strncmp(uri, "test:", 5) != 0;
}

bool pri_lv_uri_is_local(const char *uri)
{
	const char *transport = uri + strcspn(uri, "+:");
	const char *server = strstr(uri, "://");

	if (!server || server[3] != '/')
		return false;
	return *transport == ':' || strncmp(transport, "+unix:", 6) == 0;
}
