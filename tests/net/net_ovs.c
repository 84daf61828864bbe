/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net_ovs.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/openvswitch.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX 8192

struct request {
	struct nlmsghdr header;
	struct genlmsghdr generic;
	char rest[256];
};

static void begin(struct request *request, uint16_t family, uint8_t command, uint8_t version)
{
	*request = (struct request){
		.header = {.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
			   .nlmsg_type = family,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.generic = {.cmd = command, .version = version},
	};
}

static void append(struct request *request, const void *data, size_t size)
{
	memcpy((char *)request + request->header.nlmsg_len, data, size);
	request->header.nlmsg_len += NLMSG_ALIGN((uint32_t)size);
}

static void put(struct request *request, uint16_t type, const void *data, size_t size)
{
	const struct nlattr attr = {.nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type};

	append(request, &attr, sizeof(attr));
	append(request, data, size);
}

/* The answer is in reply, before the acknowledgement; 0 or a negative errno. */
static int ask(int fd, const struct request *request, char *reply)
{
	char part[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)part;
		ssize_t size = recv(fd, part, sizeof(part), 0);

		if (size < 0)
			return -errno;
		if (header->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
		if (reply)
			memcpy(reply, part, (size_t)size);
	}
}

/* The number of a family, whose module the kernel loads; or a negative errno. */
static int family_of(int fd, const char *name)
{
	char reply[REPLY_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)reply;
	struct request request;
	int r;

	begin(&request, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	put(&request, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	r = ask(fd, &request, reply);
	if (r < 0)
		return r;
	for (size_t at = NLMSG_LENGTH(GENL_HDRLEN); at + NLA_HDRLEN < header->nlmsg_len;) {
		const struct nlattr *attr = (const struct nlattr *)(const void *)(reply + at);
		uint16_t id;

		memcpy(&id, reply + at + NLA_HDRLEN, sizeof(id));
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return id;
		at += NLA_ALIGN(attr->nla_len);
	}
	return -ENOENT;
}

static int make(int fd, const char *datapath, const char *device)
{
	const uint32_t nobody = 0, type = OVS_VPORT_TYPE_NETDEV;
	struct ovs_header header = {0};
	struct request request;
	int family = family_of(fd, OVS_DATAPATH_FAMILY), r;

	if (family < 0)
		return family;
	begin(&request, (uint16_t)family, OVS_DP_CMD_NEW, OVS_DATAPATH_VERSION);
	append(&request, &header, sizeof(header));
	put(&request, OVS_DP_ATTR_NAME, datapath, strlen(datapath) + 1);
	put(&request, OVS_DP_ATTR_UPCALL_PID, &nobody, sizeof(nobody));
	r = ask(fd, &request, NULL);
	if (r < 0)
		return r;
	family = family_of(fd, OVS_VPORT_FAMILY);
	if (family < 0)
		return family;
	header.dp_ifindex = (int)if_nametoindex(datapath);
	begin(&request, (uint16_t)family, OVS_VPORT_CMD_NEW, OVS_VPORT_VERSION);
	append(&request, &header, sizeof(header));
	put(&request, OVS_VPORT_ATTR_NAME, device, strlen(device) + 1);
	put(&request, OVS_VPORT_ATTR_TYPE, &type, sizeof(type));
	put(&request, OVS_VPORT_ATTR_UPCALL_PID, &nobody, sizeof(nobody));
	return ask(fd, &request, NULL);
}

int net_ovs_make(const char *datapath, const char *device)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), r;

	if (fd < 0)
		return -errno;
	r = make(fd, datapath, device);
	close(fd);
	return r;
}
