/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to the kernel, byte by byte, and what is read from its answers. */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include "backend/tc/msg.h"
#include "fixture.h"

static const struct nlmsghdr *message_at(const struct pri_tc_batch *batch, uint32_t index)
{
	cr_assert_lt(index, batch->count);
	return (const struct nlmsghdr *)(const void *)(batch->data + batch->marks[index].offset);
}

static const struct pri_tc_class sample = {.minor = 0x10,
					   .parent = 1,
					   .quantum = 65536,
					   .rate = 1250000,
					   .ceil = 10000000,
					   .buffer = 15624,
					   .cbuffer = 15625};

/* As the kernel of these tests gives it back, without the statistics. */
Test(tc_messages, class_is_compact)
{
	struct pri_tc_batch batch = {0};
	struct pri_tc_class read;

	pri_tc_class_change(&batch, 7, &sample);
	cr_assert_not(batch.failed);
	cr_expect_eq(batch.used, 96, "no rate tables: %zu bytes", batch.used);
	cr_expect_eq(message_at(&batch, 0)->nlmsg_len, 96);
	cr_expect_eq(message_at(&batch, 0)->nlmsg_flags, NLM_F_REQUEST, "a change makes nothing");
	cr_assert(pri_tc_class_parse(message_at(&batch, 0), &read));
	cr_expect_arr_eq(&read, &sample, sizeof(read));
	pri_tc_batch_clear(&batch);
}

Test(tc_messages, class_rates_of_64_bits)
{
	static const struct {
		const char *name;
		uint64_t rate, ceil;
		size_t size;
	} cases[] = {
		{"both short", 1, 4294967294, 96},
		{"ceil long", 1, 4294967295, 108},
		{"100 Gbit/s", 12500000000, 12500000000, 120},
		{"largest", INT64_MAX, INT64_MAX, 120},
		{"no limit", PRI_TC_NO_RATE, PRI_TC_NO_RATE, 120},
	};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_tc_class c = sample, read;
		struct pri_tc_batch batch = {0};

		c.rate = cases[i].rate;
		c.ceil = cases[i].ceil;
		pri_tc_class_new(&batch, 7, &c);
		cr_expect_eq(batch.used, cases[i].size, "%s: %zu", cases[i].name, batch.used);
		cr_assert(pri_tc_class_parse(message_at(&batch, 0), &read), "%s", cases[i].name);
		cr_expect_eq(read.rate, c.rate, "%s", cases[i].name);
		cr_expect_eq(read.ceil, c.ceil, "%s", cases[i].name);
		pri_tc_batch_clear(&batch);
	}
}

/* The bytes of the selector as u32 wants them: big-endian words at offsets of the network header. */
Test(tc_messages, filter_bytes)
{
	static const struct pri_tc_filter filter = {
		.ifindex = 7,
		.parent = PRI_TC_ROOT,
		.prio = 1,
		.handle = (1U << 20) | (0x03U << 12) | 0x10,
		.classid = PRI_TC_ROOT | 0x10,
		.indev = "tap0",
		.key_count = 1,
		.keys = {{0x52540000, 0xffffffff, -8}},
	};
	struct pri_tc_filter read;
	struct pri_tc_batch batch = {0};
	const struct tcmsg *header;

	pri_tc_filter_new(&batch, &filter);
	header = NLMSG_DATA(message_at(&batch, 0));
	cr_expect_eq(header->tcm_info, TC_H_MAKE(1 << 16, htons(0x0003)), "all protocols");
	cr_expect_eq(header->tcm_handle, 0x103010);
	cr_expect_not_null(memmem(batch.data, batch.used, "\xff\xff\xff\xff\x52\x54\0\0\xf8", 9),
			   "mask and value in network order, then the offset");
	cr_assert(pri_tc_filter_parse(message_at(&batch, 0), &read));
	cr_expect_eq(read.handle, filter.handle);
	cr_expect_eq(read.classid, filter.classid);
	cr_expect_eq(read.key_count, 1);
	cr_expect_eq(read.keys[0].value, 0x52540000);
	cr_expect_eq(read.keys[0].offset, -8);
	pri_tc_batch_clear(&batch);
}

Test(tc_messages, redirect_is_read_back)
{
	struct pri_tc_filter filter = {.ifindex = 3,
				       .prio = 2,
				       .handle = 1,
				       .redirect = 42,
				       .key_count = 1,
				       .keys = {{.value = PRI_TC_MAGIC}}};
	struct pri_tc_filter read;
	struct pri_tc_batch batch = {0};

	pri_tc_filter_new(&batch, &filter);
	cr_assert(pri_tc_filter_parse(message_at(&batch, 0), &read));
	cr_expect_eq(read.redirect, 42);
	cr_expect_eq(read.keys[0].value, PRI_TC_MAGIC);
	pri_tc_batch_clear(&batch);
}

/* More keys than there is room for, a selector cut short, another kind: none of ours. */
Test(tc_messages, filter_of_somebody_else)
{
	struct tc_u32_sel sel = {.nkeys = 17};
	const struct tcmsg header = {0};
	struct pri_tc_filter read;
	struct pri_tc_batch batch = {0};
	size_t nest;

	pri_tc_message(&batch, RTM_NEWTFILTER, 0, &header, sizeof(header));
	pri_tc_put_string(&batch, TCA_KIND, "u32");
	nest = pri_tc_nest(&batch, TCA_OPTIONS);
	pri_tc_put(&batch, TCA_U32_SEL, &sel, sizeof(sel));
	pri_tc_nest_end(&batch, nest);
	pri_tc_message(&batch, RTM_NEWTFILTER, 0, &header, sizeof(header));
	pri_tc_put_string(&batch, TCA_KIND, "flower");
	pri_tc_message(&batch, RTM_NEWTFILTER, 0, &header, sizeof(header));
	for (uint32_t i = 0; i < batch.count; i++)
		cr_expect_not(pri_tc_filter_parse(message_at(&batch, i), &read), "message %u", i);
	pri_tc_batch_clear(&batch);
}

Test(tc_messages, groups_and_empty_messages)
{
	struct pri_tc_batch batch = {0};

	pri_tc_group(&batch);
	pri_tc_link_delete(&batch, 1);
	pri_tc_no_message(&batch);
	pri_tc_group(&batch);
	pri_tc_link_delete(&batch, 2);
	cr_expect_eq(batch.count, 3);
	cr_expect(batch.marks[0].group);
	cr_expect_not(batch.marks[1].group);
	cr_expect(batch.marks[2].group);
	cr_expect_eq(batch.marks[1].offset, batch.marks[2].offset, "an empty one has no bytes");
	pri_tc_batch_reset(&batch);
	cr_expect_eq(batch.count, 0);
	pri_tc_batch_clear(&batch);
}

Test(tc_messages, interface)
{
	const struct ifinfomsg header = {.ifi_index = 9, .ifi_flags = IFF_UP};
	struct pri_tc_interface interface;
	struct pri_tc_batch batch = {0};
	size_t nest;

	pri_tc_message(&batch, RTM_NEWLINK, 0, &header, sizeof(header));
	pri_tc_put_string(&batch, IFLA_IFNAME, "vnet0");
	pri_tc_put_u32(&batch, IFLA_MASTER, 4);
	pri_tc_put(&batch, IFLA_ADDRESS, "\xfe\x54\0\1\2\3", 6);
	nest = pri_tc_nest(&batch, IFLA_LINKINFO);
	pri_tc_put_string(&batch, IFLA_INFO_KIND, "tun");
	pri_tc_put_string(&batch, IFLA_INFO_SLAVE_KIND, "bridge");
	pri_tc_nest_end(&batch, nest);
	cr_assert(pri_tc_interface_parse(message_at(&batch, 0), &interface));
	cr_expect_str_eq(interface.name, "vnet0");
	cr_expect_str_eq(interface.kind, "tun");
	cr_expect_str_eq(interface.slave_kind, "bridge");
	cr_expect_eq(interface.master, 4);
	cr_expect_arr_eq(interface.mac, "\xfe\x54\0\1\2\3", 6);
	pri_tc_batch_clear(&batch);
}
