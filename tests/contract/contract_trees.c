/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract over trees of files written after real hosts, without root: what is found, read and
 * written there is what these hosts have.  A plain file takes everything, so what a kernel refuses
 * is not tested here.
 */
#include <criterion/criterion.h>

#include "../unit/tree.h"
#include "contract.h"

static struct tree tree;
static struct contract contract = {
	.uri = "cgroup:",
	/* Most of these hosts schedule one disk with BFQ, and one without. */
	.write_flags = PRALLOC_ALLOW_HARM | PRALLOC_ALLOW_INEFFECTIVE | PRALLOC_ANCESTORS,
};

static void open_tree(const char *name, const char *domain)
{
	tree_open(&tree, name);
	contract.root = tree.root;
	contract.domain = domain;
}

static void close_tree(void)
{
	tree_close(&tree);
}

/* What does not depend on the host is left to the others: flags, NULL, persistent values. */
#define COMMON(X)                                                                                  \
	X(list_contains)                                                                           \
	X(open_by_uuid)                                                                            \
	X(unknown_domain)                                                                          \
	X(reads)                                                                                   \
	X(read_pass)                                                                               \
	X(unknown_attribute)                                                                       \
	X(unknown_instance)                                                                        \
	X(unserved_attribute)                                                                      \
	X(out_of_range)                                                                            \
	X(zero_limit)                                                                              \
	X(unlimited_weight)                                                                        \
	X(set_live)                                                                                \
	X(reset)                                                                                   \
	X(plan)

/* These take the first setting that the host serves. */
#define CASES(X)                                                                                   \
	COMMON(X)                                                                                  \
	X(error_texts)                                                                             \
	X(plan_single_step)

#define TREE(suite, cases, name, domain)                                                           \
	static void open_##suite(void)                                                             \
	{                                                                                          \
		open_tree(name, domain);                                                           \
	}                                                                                          \
	cases(suite##_CASE)

#define CASE(suite, name)                                                                          \
	Test(suite, name, .init = open_##suite, .fini = close_tree)                                \
	{                                                                                          \
		contract_##name(&contract);                                                        \
	}
#define v1_hybrid_CASE(name) CASE(v1_hybrid, name)
#define hybrid_CASE(name) CASE(hybrid, name)
#define hybrid_systemd_CASE(name) CASE(hybrid_systemd, name)
#define v2_CASE(name) CASE(v2, name)
#define v2_systemd_CASE(name) CASE(v2_systemd, name)
#define container_CASE(name) CASE(container, name)
#define v2_undelegated_CASE(name) CASE(v2_undelegated, name)

TREE(v1_hybrid, CASES, "v1-hybrid", "machine/qemu-1-vm1.libvirt-qemu")
TREE(hybrid, CASES, "hybrid", "machine/qemu-1-vm1.libvirt-qemu")
TREE(hybrid_systemd, CASES, "hybrid-systemd", "machine.slice/machine-qemu\\x2d1\\x2dvm1.scope")
TREE(v2, CASES, "v2", "machine/qemu-2-vm2.libvirt-qemu")
TREE(v2_systemd, CASES, "v2-systemd", "machine.slice/machine-qemu\\x2d2\\x2dvm2.scope")
TREE(container, CASES, "container", "app")
/* Its host serves memory, and its group has no memory controller. */
TREE(v2_undelegated, COMMON, "v2-undelegated", "jobs/one")
