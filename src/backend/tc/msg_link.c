/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces: IFBs that are made and removed, bridges and taps that are looked at. */
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "backend/tc/msg.h"

#define IFB_QUEUE_PACKETS 1000

void pri_tc_ifb(struct pri_tc_batch *batch, const char *name)
{
	const struct ifinfomsg header = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	size_t nest;

	pri_tc_message(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	pri_tc_put_string(batch, IFLA_IFNAME, name);
	pri_tc_put_u32(batch, IFLA_TXQLEN, IFB_QUEUE_PACKETS);
	nest = pri_tc_nest(batch, IFLA_LINKINFO);
	pri_tc_put_string(batch, IFLA_INFO_KIND, "ifb");
	pri_tc_nest_end(batch, nest);
}

void pri_tc_alias(struct pri_tc_batch *batch, const char *name, const char *alias)
{
	const struct ifinfomsg header = {0};

	pri_tc_message(batch, RTM_SETLINK, 0, &header, sizeof(header));
	pri_tc_put_string(batch, IFLA_IFNAME, name);
	pri_tc_put_string(batch, IFLA_IFALIAS, alias);
}

void pri_tc_link_delete(struct pri_tc_batch *batch, int ifindex)
{
	const struct ifinfomsg header = {.ifi_index = ifindex};

	pri_tc_message(batch, RTM_DELLINK, 0, &header, sizeof(header));
}

void pri_tc_link_get(struct pri_tc_batch *batch, int ifindex, const char *name)
{
	const struct ifinfomsg header = {.ifi_index = name ? 0 : ifindex};

	pri_tc_message(batch, RTM_GETLINK, 0, &header, sizeof(header));
	if (name)
		pri_tc_put_string(batch, IFLA_IFNAME, name);
}

void pri_tc_link_dump(struct pri_tc_batch *batch, int master, const char *kind)
{
	const struct ifinfomsg header = {0};
	size_t nest;

	pri_tc_message(batch, RTM_GETLINK, 0, &header, sizeof(header));
	pri_tc_put_u32(batch, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (master)
		pri_tc_put_u32(batch, IFLA_MASTER, (uint32_t)master);
	if (!kind)
		return;
	nest = pri_tc_nest(batch, IFLA_LINKINFO);
	pri_tc_put_string(batch, IFLA_INFO_KIND, kind);
	pri_tc_nest_end(batch, nest);
}

static void parse_kinds(struct nlattr *nest, struct pri_tc_interface *interface)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	if (nla_parse_nested(info, IFLA_INFO_MAX, nest, NULL) < 0)
		return;
	if (info[IFLA_INFO_KIND])
		nla_strlcpy(interface->kind, info[IFLA_INFO_KIND], sizeof(interface->kind));
	if (info[IFLA_INFO_SLAVE_KIND])
		nla_strlcpy(interface->slave_kind, info[IFLA_INFO_SLAVE_KIND],
			    sizeof(interface->slave_kind));
}

static void parse_stats(struct nlattr *attr, struct pri_tc_interface *interface)
{
	struct rtnl_link_stats64 stats = {0};

	nla_memcpy(&stats, attr, sizeof(stats));
	interface->rx_bytes = stats.rx_bytes;
	interface->tx_bytes = stats.tx_bytes;
	interface->rx_packets = stats.rx_packets;
	interface->tx_packets = stats.tx_packets;
	interface->rx_drops = stats.rx_dropped;
	interface->tx_drops = stats.tx_dropped;
}

/* libnl's reader of a number does not look at the size of what it reads. */
static const struct nla_policy link_policy[IFLA_MAX + 1] = {[IFLA_MASTER] = {.type = NLA_U32}};

bool pri_tc_interface_parse(const struct nlmsghdr *message, struct pri_tc_interface *ret)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	const struct ifinfomsg *header = nlmsg_data(message);

	if (message->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attrs, IFLA_MAX, link_policy) <
		    0 ||
	    !attrs[IFLA_IFNAME])
		return false;
	*ret = (struct pri_tc_interface){.ifindex = header->ifi_index, .flags = header->ifi_flags};
	nla_strlcpy(ret->name, attrs[IFLA_IFNAME], sizeof(ret->name));
	if (attrs[IFLA_MASTER])
		ret->master = (int)nla_get_u32(attrs[IFLA_MASTER]);
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == (int)sizeof(ret->mac))
		nla_memcpy(ret->mac, attrs[IFLA_ADDRESS], sizeof(ret->mac));
	if (attrs[IFLA_LINKINFO])
		parse_kinds(attrs[IFLA_LINKINFO], ret);
	if (attrs[IFLA_STATS64])
		parse_stats(attrs[IFLA_STATS64], ret);
	return true;
}

void pri_tc_fdb_dump(struct pri_tc_batch *batch, int port, int bridge)
{
	const struct ifinfomsg header = {.ifi_family = PF_BRIDGE, .ifi_index = port};

	pri_tc_message(batch, RTM_GETNEIGH, 0, &header, sizeof(header));
	pri_tc_put_u32(batch, IFLA_MASTER, (uint32_t)bridge);
}

bool pri_tc_fdb_parse(const struct nlmsghdr *message, int port, uint8_t mac[6])
{
	struct nlattr *attrs[NDA_MAX + 1];
	const struct ndmsg *header = nlmsg_data(message);

	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse((struct nlmsghdr *)message, sizeof(*header), attrs, NDA_MAX, NULL) < 0 ||
	    header->ndm_ifindex != port || (header->ndm_state & NUD_PERMANENT) ||
	    !attrs[NDA_LLADDR] || nla_len(attrs[NDA_LLADDR]) != 6)
		return false;
	nla_memcpy(mac, attrs[NDA_LLADDR], 6);
	return true;
}
