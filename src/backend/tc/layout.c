/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what is wanted on a link to the classes of HTB; no kernel. */
#include <errno.h>
#include <stdlib.h>

#include "backend/tc/model.h"
#include "backend/tc/tree.h"

/* The kernel's clock of bursts. */
#define TICK_NS 64
#define NS_PER_SEC UINT64_C(1000000000)
/* Where it does not matter: without a link rate, and of classes that have classes below them. */
#define QUANTUM_ALONE 65536

__extension__ typedef unsigned __int128 wide;

static void count_ports(struct pri_tc_tree *tree)
{
	for (uint32_t i = 0; i < tree->vm_count; i++)
		tree->vms[i].ports = 0;
	for (uint32_t i = 0; i < tree->port_count; i++) {
		struct pri_tc_vm *vm = &tree->vms[tree->ports[i].vm];

		if (vm->ports++ == 0 || tree->ports[i].slot < vm->first)
			vm->first = tree->ports[i].slot;
	}
}

/* A peak is a limit of its own, above that of the average: it takes a second class. */
static bool has_peak(const struct pri_tc_port *port)
{
	return port->peak && port->average != PRALLOC_UNLIMITED;
}

static int nest_ports(struct pri_tc_tree *tree)
{
	for (uint32_t i = 0; i < tree->port_count; i++) {
		struct pri_tc_port *port = &tree->ports[i];
		bool several = tree->vms[port->vm].ports > 1;

		if (several && has_peak(port))
			return -EOPNOTSUPP;
		port->nested = several || has_peak(port);
	}
	return 0;
}

static uint32_t ticks_of(uint64_t ns)
{
	uint64_t ticks = ns / TICK_NS;

	return ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
}

/* Burst of a limit, with the bit that tells a limit from none of the same rate as the link's. */
static uint32_t limit_ticks(const struct pri_tc_port *port, uint32_t usual)
{
	uint32_t ticks = usual;

	if (port->average == PRALLOC_UNLIMITED)
		return usual & ~UINT32_C(1);
	if (port->burst)
		ticks = ticks_of((uint64_t)((wide)port->burst * NS_PER_SEC / port->average));
	return ticks | 1;
}

uint64_t pri_tc_class_limit(const struct pri_tc_class *c)
{
	return c->cbuffer & 1 ? c->ceil : PRALLOC_UNLIMITED;
}

/* What does not change from class to class. */
struct sums {
	struct pri_tc_tree *tree;
	struct pri_tc_class *classes;
	uint32_t count, ticks;
	uint64_t link; /* as HTB is told */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The limit of a VM with a class of its own: of its NICs together. */
static uint64_t ceil_of_vm(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
			   uint64_t link)
{
	uint64_t sum = 0;

	if (has_peak(port))
		return least(port->peak, link);
	for (uint32_t i = 0; i < tree->port_count; i++) {
		const struct pri_tc_port *other = &tree->ports[i];

		if (other->vm == port->vm && __builtin_add_overflow(sum, other->average, &sum))
			return link;
	}
	return least(sum, link);
}

static void add_vm(struct sums *sums, const struct pri_tc_port *port,
		   const struct pri_tc_shape *shape)
{
	struct pri_tc_class *c = &sums->classes[sums->count++];
	uint64_t ceil = ceil_of_vm(sums->tree, port, sums->link);

	*c = (struct pri_tc_class){.minor = pri_tc_vm_minor(sums->tree, port),
				   .parent = PRI_TC_MINOR_LINK,
				   .quantum = QUANTUM_ALONE,
				   .rate = least(shape->share, ceil),
				   .ceil = ceil,
				   .buffer = sums->ticks,
				   .cbuffer = sums->ticks};
}

static uint64_t at_least_one(uint64_t value)
{
	return value ? value : 1;
}

/* What a limit changes; share is the part of the port, link what the link has. */
static void put_limit(struct pri_tc_class *c, const struct pri_tc_port *port, uint64_t share,
		      uint64_t link)
{
	c->ceil = port->average == PRALLOC_UNLIMITED ? link : port->average;
	c->rate = at_least_one(least(share, c->ceil));
	c->cbuffer = limit_ticks(port, c->buffer);
}

void pri_tc_layout_limit(const struct pri_tc_tree *tree, const struct pri_tc_port *port,
			 struct pri_tc_class *c)
{
	put_limit(c, port, tree->vms[port->vm].share, tree->link);
}

static void add_port(struct sums *sums, const struct pri_tc_port *port,
		     const struct pri_tc_shape *shape)
{
	struct pri_tc_class *c = &sums->classes[sums->count++];
	uint32_t ports = sums->tree->vms[port->vm].ports, n = ports ? ports : 1;
	uint64_t share = shape->share == PRI_TC_NO_RATE ? shape->share : shape->share / n;

	if (port->nested)
		share = least(share, ceil_of_vm(sums->tree, port, sums->link) / n);
	*c = (struct pri_tc_class){
		.minor = pri_tc_port_minor(port),
		.parent = port->nested ? pri_tc_vm_minor(sums->tree, port) : PRI_TC_MINOR_LINK,
		.quantum = shape->quantum / n,
		.buffer = sums->ticks,
	};
	put_limit(c, port, share, sums->link);
}

static void add_fixed(struct sums *sums, const struct pri_tc_shape *rest)
{
	sums->classes[sums->count++] = (struct pri_tc_class){.minor = PRI_TC_MINOR_LINK,
							     .quantum = QUANTUM_ALONE,
							     .rate = sums->link,
							     .ceil = sums->link,
							     .buffer = sums->ticks,
							     .cbuffer = sums->ticks};
	sums->classes[sums->count++] = (struct pri_tc_class){.minor = PRI_TC_MINOR_REST,
							     .parent = PRI_TC_MINOR_LINK,
							     .quantum = rest->quantum,
							     .rate = rest->share,
							     .ceil = sums->link,
							     .buffer = sums->ticks,
							     .cbuffer = sums->ticks};
}

/* shapes[0..vm_count-1] are the VMs', the one after them is that of the rest. */
static int divide(const struct pri_tc_tree *tree, struct pri_tc_shape *shapes)
{
	struct pri_tc_demand *demands;
	int r;

	if (tree->link == PRALLOC_UNLIMITED) {
		for (uint32_t i = 0; i <= tree->vm_count; i++)
			shapes[i] = (struct pri_tc_shape){.share = PRI_TC_NO_RATE,
							  .quantum = QUANTUM_ALONE};
		return 0;
	}
	demands = calloc(tree->vm_count + 1, sizeof(*demands));
	if (!demands)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->vm_count; i++)
		demands[i] = (struct pri_tc_demand){.guarantee = tree->vms[i].guarantee,
						    .ceiling = PRALLOC_UNLIMITED,
						    .weight = tree->vms[i].weight};
	r = pri_tc_divide(tree->link, PRI_TC_REST_WEIGHT, demands, tree->vm_count, shapes,
			  &shapes[tree->vm_count]);
	free(demands);
	return r;
}

/* VMs whose last port has left share nothing. */
static void drop_empty(struct pri_tc_tree *tree)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tree->vm_count; i++) {
		if (tree->vms[i].ports == 0)
			continue;
		for (uint32_t p = 0; kept != i && p < tree->port_count; p++)
			if (tree->ports[p].vm == i)
				tree->ports[p].vm = (uint16_t)kept;
		tree->vms[kept++] = tree->vms[i];
	}
	tree->vm_count = kept;
}

static int lay_out(struct pri_tc_tree *tree, const struct pri_tc_shape *shapes,
		   struct pri_tc_class *classes)
{
	struct sums sums = {.tree = tree, .classes = classes, .link = tree->link};

	sums.ticks = ticks_of(pri_tc_burst_ns(sums.link)) & ~UINT32_C(1);
	add_fixed(&sums, &shapes[tree->vm_count]);
	tree->laid_out = true;
	for (uint32_t i = 0; i < tree->port_count; i++) {
		const struct pri_tc_port *port = &tree->ports[i];
		const struct pri_tc_vm *vm = &tree->vms[port->vm];

		tree->vms[port->vm].share = shapes[port->vm].share;
		if (port->nested && port->slot == vm->first)
			add_vm(&sums, port, &shapes[port->vm]);
		add_port(&sums, port, &shapes[port->vm]);
	}
	return pri_tc_tree_set_classes(tree, classes, sums.count);
}

/* The link, the rest, one for each port, one for each VM that has classes below its own. */
static size_t count_classes(const struct pri_tc_tree *tree)
{
	size_t n = 2 + tree->port_count;

	for (uint32_t i = 0; i < tree->port_count; i++) {
		const struct pri_tc_port *port = &tree->ports[i];

		n += port->nested && port->slot == tree->vms[port->vm].first;
	}
	return n;
}

int pri_tc_layout(struct pri_tc_tree *tree)
{
	struct pri_tc_shape *shapes;
	struct pri_tc_class *classes;
	int r;

	count_ports(tree);
	drop_empty(tree);
	r = nest_ports(tree);
	if (r < 0)
		return r;
	shapes = calloc(tree->vm_count + 1, sizeof(*shapes));
	classes = calloc(count_classes(tree), sizeof(*classes));
	r = shapes && classes ? divide(tree, shapes) : -ENOMEM;
	if (r == 0)
		r = lay_out(tree, shapes, classes);
	else
		free(classes);
	free(shapes);
	return r;
}
