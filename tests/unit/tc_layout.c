/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what is wanted on a link to classes, and what is kept in records. */
#include "backend/tc/tree.h"
#include "fixture.h"

#define MBIT UINT64_C(125000)

static const uint8_t id_a[PRI_TC_ID_SIZE] = "vm a", id_b[PRI_TC_ID_SIZE] = "vm b";

static struct pri_tc_port *add(struct pri_tc_tree *tree, const uint8_t *id)
{
	struct pri_tc_port *port;

	cr_assert_eq(pri_tc_tree_add(tree, &port), 0);
	cr_assert_eq(pri_tc_tree_vm(tree, id, &port->vm), 0);
	return port;
}

static const struct pri_tc_class *class_of(const struct pri_tc_tree *tree, uint16_t minor)
{
	const struct pri_tc_class *c = pri_tc_tree_class(tree, minor);

	cr_assert_not_null(c, "no class 1:%x", minor);
	return c;
}

/* Every class has its parent before it, and the children's rates fit into their parent's. */
static void check_tree(const struct pri_tc_tree *tree)
{
	for (uint32_t i = 0; i < tree->class_count; i++) {
		const struct pri_tc_class *parent = &tree->classes[i];
		uint64_t sum = 0;

		for (uint32_t k = 0; k < tree->class_count; k++) {
			if (tree->classes[k].parent != parent->minor)
				continue;
			cr_expect_gt(k, i, "1:%x before its parent", tree->classes[k].minor);
			sum += tree->link == PRALLOC_UNLIMITED ? 0 : tree->classes[k].rate;
		}
		cr_expect_leq(sum, parent->rate, "1:%x", parent->minor);
	}
}

Test(tc_layout, weights)
{
	struct pri_tc_tree tree = {.link = 80 * MBIT};

	add(&tree, id_a);
	add(&tree, id_b);
	tree.vms[0].weight = 200;
	cr_assert_eq(pri_tc_layout(&tree), 0);
	check_tree(&tree);
	cr_expect_eq(tree.class_count, 4, "the link, the rest, two VMs");
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_LINK)->rate, 80 * MBIT);
	cr_expect_geq(class_of(&tree, 0x10)->rate, 40 * MBIT - 3);
	cr_expect_geq(class_of(&tree, 0x11)->rate, 20 * MBIT - 3);
	cr_expect_eq(class_of(&tree, 0x10)->quantum, 2 * class_of(&tree, 0x11)->quantum);
	cr_expect_eq(class_of(&tree, 0x10)->ceil, 80 * MBIT);
	cr_expect_eq(class_of(&tree, 0x10)->cbuffer & 1, 0, "no limit");
	pri_tc_tree_clear(&tree);
}

/* A limit changes one class, also one that is as fast as the link or faster. */
Test(tc_layout, limit_is_one_class)
{
	static const uint64_t limits[] = {1, 10 * MBIT, 80 * MBIT, 800 * MBIT, INT64_MAX};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(limits); i++) {
		struct pri_tc_tree tree = {.link = 80 * MBIT}, limited;

		add(&tree, id_a);
		add(&tree, id_b);
		cr_assert_eq(pri_tc_tree_copy(&limited, &tree), 0);
		limited.ports[0].average = limits[i];
		cr_assert_eq(pri_tc_layout(&tree), 0);
		cr_assert_eq(pri_tc_layout(&limited), 0);
		check_tree(&limited);
		for (uint32_t k = 0; k < tree.class_count; k++) {
			const struct pri_tc_class *c = &limited.classes[k];
			bool same = memcmp(c, &tree.classes[k], sizeof(*c)) == 0;

			cr_expect_eq(same, c->minor != 0x10, "1:%x", c->minor);
		}
		cr_expect_eq(class_of(&limited, 0x10)->ceil, limits[i]);
		cr_expect_eq(class_of(&limited, 0x10)->cbuffer & 1, 1);
		pri_tc_tree_clear(&tree);
		pri_tc_tree_clear(&limited);
	}
}

/* Several NICs of a VM have what the VM has. */
Test(tc_layout, several_nics_share)
{
	struct pri_tc_tree tree = {.link = 80 * MBIT};
	const struct pri_tc_class *vm;

	add(&tree, id_a);
	add(&tree, id_b);
	add(&tree, id_a);
	cr_assert_eq(pri_tc_layout(&tree), 0);
	check_tree(&tree);
	vm = class_of(&tree, PRI_TC_MINOR_VM | 0x10);
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_NIC | 0x10)->parent, vm->minor);
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_NIC | 0x12)->parent, vm->minor);
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_NIC | 0x10)->rate, vm->rate / 2);
	cr_expect_eq(class_of(&tree, 0x11)->quantum,
		     class_of(&tree, PRI_TC_MINOR_NIC | 0x10)->quantum * 2);
	pri_tc_tree_clear(&tree);
}

Test(tc_layout, peak_above_average)
{
	struct pri_tc_tree tree = {.link = PRALLOC_UNLIMITED};
	struct pri_tc_port *port = add(&tree, id_a);

	port->average = 10 * MBIT;
	port->peak = 40 * MBIT;
	port->burst = 1000000;
	cr_assert_eq(pri_tc_layout(&tree), 0);
	check_tree(&tree);
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_VM | 0x10)->ceil, 40 * MBIT);
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_NIC | 0x10)->ceil, 10 * MBIT);
	/* 1 MB at 1.25 MB/s are 0.8 s, in ticks of 64 ns. */
	cr_expect_eq(class_of(&tree, PRI_TC_MINOR_NIC | 0x10)->cbuffer, 12500000 | 1);
	add(&tree, id_a);
	cr_expect_eq(pri_tc_layout(&tree), -EOPNOTSUPP, "not beside another NIC");
	pri_tc_tree_clear(&tree);
}

Test(tc_layout, more_guaranteed_than_there_is)
{
	struct pri_tc_tree tree = {.link = 80 * MBIT};

	add(&tree, id_a);
	add(&tree, id_b);
	tree.vms[0].guarantee = 50 * MBIT;
	tree.vms[1].guarantee = 30 * MBIT;
	cr_expect_eq(pri_tc_layout(&tree), 0, "all of it");
	check_tree(&tree);
	tree.vms[1].guarantee++;
	cr_expect_eq(pri_tc_layout(&tree), -ENOSPC);
	pri_tc_tree_clear(&tree);
}

Test(tc_layout, who_has_left_shares_nothing)
{
	struct pri_tc_tree tree = {.link = 80 * MBIT};

	add(&tree, id_a);
	add(&tree, id_b);
	pri_tc_tree_remove(&tree, &tree.ports[0]);
	cr_assert_eq(pri_tc_layout(&tree), 0);
	cr_expect_eq(tree.vm_count, 1);
	cr_expect_arr_eq(tree.vms[tree.ports[0].vm].id, id_b, PRI_TC_ID_SIZE);
	cr_expect_eq(tree.class_count, 3);
	pri_tc_tree_clear(&tree);
}

Test(tc_layout, slots_run_out)
{
	struct pri_tc_tree tree = {.link = 80 * MBIT};
	struct pri_tc_port *port;

	for (int i = PRI_TC_SLOT_FIRST; i <= PRI_TC_SLOT_LAST; i++)
		cr_assert_eq(pri_tc_tree_add(&tree, &port), 0);
	cr_expect_eq(pri_tc_tree_add(&tree, &port), -ENOSPC);
	pri_tc_tree_clear(&tree);
}

Test(tc_layout, record_and_back)
{
	struct pri_tc_tree tree = {.link = 80 * MBIT, .ifindex = 7};
	struct pri_tc_port *port = add(&tree, id_b), read;
	struct pri_tc_filter filter;
	struct pri_tc_vm vm;

	tree.vms[0].weight = 10000;
	tree.vms[0].guarantee = UINT64_C(0x123456789abcdef0);
	port->has_mac = true;
	memcpy(port->mac, "\x52\x54\0\xff\xfe\xfd", PRI_TC_MAC_SIZE);
	port->ifindex = 2147483647;
	port->peak = INT64_MAX;
	port->burst = 4294967296;
	pri_tc_record_write(&tree, port, &filter);
	for (size_t i = 0; i < filter.key_count; i++)
		cr_expect_eq(filter.keys[i].mask, 0, "key %zu asks something of packets", i);
	cr_assert(pri_tc_record_read(&filter, &read, &vm));
	cr_expect_eq(vm.weight, 10000);
	cr_expect_eq(vm.guarantee, tree.vms[0].guarantee);
	cr_expect_arr_eq(vm.id, id_b, PRI_TC_ID_SIZE);
	cr_expect(read.has_mac);
	cr_expect_arr_eq(read.mac, port->mac, PRI_TC_MAC_SIZE);
	cr_expect_eq(read.ifindex, port->ifindex);
	cr_expect_eq(read.slot, port->slot);
	cr_expect_eq(read.peak, port->peak);
	cr_expect_eq(read.burst, port->burst);
	filter.keys[0].mask = 1;
	cr_expect_not(pri_tc_record_read(&filter, &read, &vm), "a filter that is none of ours");
	pri_tc_tree_clear(&tree);
}
