/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel (6.18) said of a link of 100 Mbit/s out and 90 Gbit/s in with one tap, as the fuzz
 * target has it as corpus.  The values are those that its bytes say, by hand.
 */
#include "tc_dump.h"

Test(tc_dumps, classes_out)
{
	static const struct pri_tc_class expected[] = {
		{0x10, 1, 65536, 1250000, 1250000, 81920, 81921, 90, 1, 0},
		{1, 0, 65536, 12500000, 12500000, 81920, 81920, 90, 1, 0},
		{2, 1, 65536, 403227, 12500000, 81920, 81920, 0, 0, 0},
	};
	struct dump dump = dump_read("classes_out");

	cr_assert_eq(dump.count, PRI_ARRAY_SIZE(expected), "%zu", dump.count);
	for (size_t i = 0; i < dump.count; i++) {
		struct pri_tc_class c;

		cr_assert(pri_tc_class_parse(dump.messages[i], &c), "%zu", i);
		cr_expect_arr_eq(&c, &expected[i], sizeof(c), "1:%x", c.minor);
	}
	dump_free(&dump);
}

/* Rates beyond 32 bits stand beside the ones of 32 bits, each for itself. */
Test(tc_dumps, classes_in)
{
	static const struct pri_tc_class expected[] = {
		{0x10, 1, 65536, 10000000000, 10000000000, 15624, 15625, 0, 0, 0},
		{1, 0, 65536, 11250000000, 11250000000, 15624, 15624, 254, 3, 0},
		{2, 1, 65536, 1022727274, 11250000000, 15624, 15624, 254, 3, 0},
	};
	struct dump dump = dump_read("classes_in");

	cr_assert_eq(dump.count, PRI_ARRAY_SIZE(expected), "%zu", dump.count);
	for (size_t i = 0; i < dump.count; i++) {
		struct pri_tc_class c;

		cr_assert(pri_tc_class_parse(dump.messages[i], &c), "%zu", i);
		cr_expect_arr_eq(&c, &expected[i], sizeof(c), "1:%x", c.minor);
	}
	dump_free(&dump);
}

struct expected_filter {
	uint32_t handle, classid, hash_mask;
	int hash_offset;
	uint8_t key_count;
	struct pri_tc_key keys[2];
};

static void expect_filters(const char *name, const struct expected_filter *expected, size_t n)
{
	struct dump dump = dump_read(name);
	struct pri_tc_filter filter;
	size_t found = 0;

	for (size_t i = 0; i < dump.count; i++) {
		const struct expected_filter *e = &expected[found];

		/* Hash tables are none. */
		if (!pri_tc_filter_parse(dump.messages[i], &filter))
			continue;
		cr_assert_lt(found++, n, "%s: 0x%x is one more", name, filter.handle);
		cr_expect_eq(filter.handle, e->handle, "%s: 0x%x", name, filter.handle);
		cr_expect_eq(filter.classid, e->classid, "%s: 0x%x", name, e->handle);
		cr_expect_eq(filter.hash_mask, e->hash_mask, "%s: 0x%x", name, e->handle);
		cr_expect_eq(filter.hash_offset, e->hash_offset, "%s: 0x%x", name, e->handle);
		cr_expect_eq(filter.redirect, 0, "%s: 0x%x", name, e->handle);
		cr_expect_eq(filter.key_count, e->key_count, "%s: 0x%x", name, e->handle);
		for (size_t k = 0; k < e->key_count && k < PRI_ARRAY_SIZE(e->keys); k++)
			cr_expect_arr_eq(&filter.keys[k], &e->keys[k], sizeof(e->keys[k]),
					 "%s: 0x%x: key %zu", name, e->handle, k);
	}
	cr_expect_eq(found, n, "%s: %zu", name, found);
	dump_free(&dump);
}

Test(tc_dumps, filters)
{
	static const struct expected_filter out[] = {
		{0x200010, 0x10010, 0, 0, 1, {{0, 0, 0}}},
		{0x101010,
		 0x10010,
		 0,
		 0,
		 2,
		 {{0x52540077, 0xffffffff, -8}, {0x00010000, 0xffff0000, -4}}},
		{0x80000001, 0, 0x00ff0000, -4, 1, {{0, 0, 0}}},
		{0x80000002, 0, 0, 0, 1, {{0, 0, 0}}},
		{0x310010, 0x10010, 0, 0, 19, {{PRI_TC_MAGIC, 0, -8}, {300, 0, -8}}},
	};
	static const struct expected_filter in[] = {
		{0x200010, 0x10010, 0, 0, 1, {{0, 0, 0}}},
		{0x101010,
		 0x10010,
		 0,
		 0,
		 2,
		 {{0x00005254, 0x0000ffff, -16}, {0x00770001, 0xffffffff, -12}}},
		{0x80000001, 0, 0x000000ff, -12, 1, {{0, 0, 0}}},
		{0x80000002, 0, 0, 0, 1, {{0, 0x00000100, -16}}},
		{0x310010, 0x10010, 0, 0, 19, {{PRI_TC_MAGIC, 0, -8}, {100, 0, -8}}},
	};

	expect_filters("filters_out", out, PRI_ARRAY_SIZE(out));
	expect_filters("filters_in", in, PRI_ARRAY_SIZE(in));
}

Test(tc_dumps, record)
{
	static const uint8_t id[] = {0xc9, 0xd1, 0xac, 0x07, 0xef, 0xfd, 0x83, 0xd9,
				     0xbc, 0x79, 0x3d, 0x79, 0x9a, 0x9f, 0x8c, 0x80};
	static const uint8_t mac[] = {0x52, 0x54, 0x00, 0x77, 0x00, 0x01};
	struct dump dump = dump_read("filters_out");
	size_t found = 0;

	for (size_t i = 0; i < dump.count; i++) {
		struct pri_tc_filter filter;
		struct pri_tc_port port;
		struct pri_tc_vm vm;

		if (!pri_tc_filter_parse(dump.messages[i], &filter) ||
		    !pri_tc_record_read(&filter, &port, &vm))
			continue;
		found++;
		cr_expect_eq(port.slot, 0x10);
		cr_expect_eq(port.ifindex, 4);
		cr_expect_str_eq(port.name, "tap1");
		cr_expect(port.has_mac);
		cr_expect_arr_eq(port.mac, mac, sizeof(mac));
		cr_expect_eq(port.peak, 0);
		cr_expect_eq(port.burst, 0);
		cr_expect_eq(vm.weight, 300);
		cr_expect_eq(vm.guarantee, 0);
		cr_expect_arr_eq(vm.id, id, sizeof(id));
	}
	cr_expect_eq(found, 1, "%zu records", found);
	dump_free(&dump);
}

/* The action of the filter at a tap. */
Test(tc_dumps, redirect)
{
	struct dump dump = dump_read("redirects");
	struct pri_tc_filter filter = {0};
	size_t found = 0;

	for (size_t i = 0; i < dump.count; i++)
		found += pri_tc_filter_parse(dump.messages[i], &filter);
	cr_expect_eq(found, 1, "%zu", found);
	cr_expect_eq(filter.ifindex, 4);
	cr_expect_eq(filter.parent, pri_tc_hook(PRI_TC_OUT));
	cr_expect_eq(filter.prio, PRI_TC_PRIO_REDIRECT);
	cr_expect_eq(filter.redirect, 5);
	cr_expect_eq(filter.keys[0].value, PRI_TC_MAGIC);
	cr_expect_eq(filter.keys[0].mask, 0);
	dump_free(&dump);
}

Test(tc_dumps, interfaces)
{
	static const struct pri_tc_interface expected[] = {
		{.ifindex = 1, .name = "lo"},
		{.ifindex = 2,
		 .name = "br0",
		 .kind = "bridge",
		 .mac = {0xa2, 0xfb, 0xf4, 0x22, 0xa6, 0xe3},
		 .rx_packets = 1,
		 .tx_packets = 2,
		 .rx_bytes = 76,
		 .tx_bytes = 164},
		{.ifindex = 3,
		 .name = "p1",
		 .kind = "veth",
		 .mac = {0xf6, 0x0d, 0xf6, 0x2f, 0xe8, 0x06},
		 .rx_packets = 3,
		 .tx_packets = 1,
		 .rx_bytes = 254,
		 .tx_bytes = 90},
		{.ifindex = 4,
		 .master = 2,
		 .name = "tap1",
		 .kind = "veth",
		 .slave_kind = "bridge",
		 .mac = {0xa2, 0xfb, 0xf4, 0x22, 0xa6, 0xe3},
		 .rx_packets = 1,
		 .tx_packets = 3,
		 .rx_bytes = 90,
		 .tx_bytes = 254},
		{.ifindex = 5,
		 .name = "pr-out-2",
		 .kind = "ifb",
		 .mac = {0x7e, 0xd9, 0x29, 0x58, 0xe0, 0x43},
		 .rx_packets = 2,
		 .tx_packets = 1,
		 .rx_bytes = 160,
		 .tx_bytes = 90,
		 .rx_drops = 1},
		{.ifindex = 6,
		 .name = "pr-in-2",
		 .kind = "ifb",
		 .mac = {0xca, 0x3f, 0x48, 0xf0, 0xef, 0x05},
		 .rx_packets = 4,
		 .tx_packets = 3,
		 .rx_bytes = 324,
		 .tx_bytes = 254,
		 .rx_drops = 1},
	};
	struct dump dump = dump_read("links");

	cr_assert_eq(dump.count, PRI_ARRAY_SIZE(expected), "%zu", dump.count);
	for (size_t i = 0; i < dump.count; i++) {
		const struct pri_tc_interface *e = &expected[i];
		struct pri_tc_interface is;

		cr_assert(pri_tc_interface_parse(dump.messages[i], &is), "%s", e->name);
		cr_expect_str_eq(is.name, e->name);
		cr_expect_str_eq(is.kind, e->kind, "%s: %s", e->name, is.kind);
		cr_expect_str_eq(is.slave_kind, e->slave_kind, "%s: %s", e->name, is.slave_kind);
		cr_expect_eq(is.ifindex, e->ifindex, "%s", e->name);
		cr_expect_eq(is.master, e->master, "%s", e->name);
		cr_expect_arr_eq(is.mac, e->mac, sizeof(is.mac), "%s", e->name);
		cr_expect_eq((is.flags & IFF_LOOPBACK) != 0, i == 0, "%s", e->name);
		cr_expect_eq(is.rx_bytes, e->rx_bytes, "%s", e->name);
		cr_expect_eq(is.tx_bytes, e->tx_bytes, "%s", e->name);
		cr_expect_eq(is.rx_packets, e->rx_packets, "%s", e->name);
		cr_expect_eq(is.tx_packets, e->tx_packets, "%s", e->name);
		cr_expect_eq(is.rx_drops, e->rx_drops, "%s", e->name);
		cr_expect_eq(is.tx_drops, 0, "%s", e->name);
	}
	dump_free(&dump);
}

/* The bridge's own MAC and those of groups are not learned ones. */
Test(tc_dumps, learned_macs)
{
	static const uint8_t expected[][6] = {{0xf6, 0x0d, 0xf6, 0x2f, 0xe8, 0x06},
					      {0x52, 0x54, 0x00, 0x77, 0x00, 0x01}};
	struct dump dump = dump_read("fdb");
	size_t found = 0;

	for (size_t i = 0; i < dump.count; i++) {
		uint8_t mac[6];

		cr_expect_not(pri_tc_fdb_parse(dump.messages[i], 3, mac), "of another port");
		if (!pri_tc_fdb_parse(dump.messages[i], 4, mac))
			continue;
		cr_assert_lt(found, PRI_ARRAY_SIZE(expected));
		cr_expect_arr_eq(mac, expected[found++], sizeof(mac));
	}
	cr_expect_eq(found, PRI_ARRAY_SIZE(expected));
	dump_free(&dump);
}
