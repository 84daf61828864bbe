/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees as they are read: a process at the other end of the socket answers in the kernel's place. */
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tc_dump.h"

#define BUFFER 65536

struct kernel {
	struct pri_tc_nl nl;
	pid_t pid;
	int fd; /* of its end, in the process */
	struct dump links, classes, filters;
	uint32_t records; /* instead of filters, when not 0: of as many VMs */
};

static void answer(const struct kernel *kernel, void *message, size_t size, uint32_t sequence)
{
	((struct nlmsghdr *)message)->nlmsg_seq = sequence;
	if (write(kernel->fd, message, size) != (ssize_t)size)
		_exit(0); /* nobody reads on */
}

static void answer_end(const struct kernel *kernel, int type, uint32_t sequence)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} end = {.header = {.nlmsg_len = sizeof(end), .nlmsg_type = (uint16_t)type}};

	answer(kernel, &end, sizeof(end), sequence);
}

static void answer_records(const struct kernel *kernel, uint32_t sequence)
{
	for (uint32_t i = 0; i < kernel->records; i++) {
		struct pri_tc_vm vm = {.weight = 100};
		struct pri_tc_port port = {.slot = (uint16_t)(PRI_TC_SLOT_FIRST + i) & 0xfff};
		struct pri_tc_tree tree = {.vms = &vm, .ports = &port, .ifindex = 5};
		struct pri_tc_filter filter = {0};
		struct pri_tc_batch batch = {0};

		memcpy(vm.id, &i, sizeof(i));
		pri_tc_record_write(&tree, &port, &filter);
		pri_tc_filter_new(&batch, &filter);
		answer(kernel, batch.data, batch.used, sequence);
		pri_tc_batch_clear(&batch);
	}
}

static void answer_one(const struct kernel *kernel, struct nlmsghdr *message, uint32_t sequence)
{
	answer(kernel, message, message->nlmsg_len, sequence);
}

static void answer_dump(const struct kernel *kernel, const struct dump *dump, uint32_t sequence)
{
	for (size_t i = 0; i < dump->count; i++)
		answer_one(kernel, dump->messages[i], sequence);
}

static void run(const struct kernel *kernel)
{
	char request[BUFFER] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)request;

	while (read(kernel->fd, request, sizeof(request)) > 0) {
		uint32_t sequence = header->nlmsg_seq;

		switch (header->nlmsg_type) {
		case RTM_GETLINK:
			answer_one(kernel, kernel->links.messages[4], sequence); /* pr-out-2 */
			answer_end(kernel, NLMSG_ERROR, sequence);
			break;
		case RTM_GETTCLASS:
			answer_dump(kernel, &kernel->classes, sequence);
			answer_end(kernel, NLMSG_DONE, sequence);
			break;
		default:
			if (kernel->records)
				answer_records(kernel, sequence);
			else
				answer_dump(kernel, &kernel->filters, sequence);
			answer_end(kernel, NLMSG_DONE, sequence);
		}
	}
	_exit(0);
}

/* A socket of packets takes an address that it does not know, and ignores it. */
static void begin(struct kernel *kernel, uint32_t records)
{
	int fds[2];

	*kernel = (struct kernel){.records = records,
				  .links = dump_read("links"),
				  .classes = dump_read("classes_out"),
				  .filters = dump_read("filters_out")};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	kernel->pid = fork();
	cr_assert_geq(kernel->pid, 0);
	if (kernel->pid == 0) {
		close(fds[1]);
		kernel->fd = fds[0];
		run(kernel);
	}
	close(fds[0]);
	kernel->nl = (struct pri_tc_nl){.fd = fds[1], .buffer = malloc(BUFFER)};
	cr_assert_not_null(kernel->nl.buffer);
}

static void end(struct kernel *kernel)
{
	close(kernel->nl.fd);
	cr_assert_eq(waitpid(kernel->pid, NULL, 0), kernel->pid);
	free(kernel->nl.buffer);
	dump_free(&kernel->links);
	dump_free(&kernel->classes);
	dump_free(&kernel->filters);
}

Test(tc_load, what_the_kernel_said, .timeout = 30)
{
	struct pri_tc_tree tree = {.owner = 2, .direction = PRI_TC_OUT};
	struct kernel kernel;

	begin(&kernel, 0);
	cr_assert_eq(pri_tc_tree_load(&kernel.nl, &tree), 0);
	cr_expect(tree.built);
	cr_expect_eq(tree.ifindex, 5);
	cr_expect_eq(tree.link, 12500000);
	cr_assert_eq(tree.vm_count, 1);
	cr_assert_eq(tree.port_count, 1);
	cr_expect_eq(tree.vms[0].weight, 300);
	cr_expect_eq(tree.vms[0].ports, 1);
	cr_expect_eq(tree.ports[0].average, 1250000, "a limit, by the bit of cbuffer");
	cr_expect_not(tree.ports[0].nested);
	cr_expect_str_eq(tree.ports[0].name, "tap1");
	cr_expect_eq(tree.class_count, 3);
	pri_tc_tree_clear(&tree);
	end(&kernel);
}

/* Once it looked for a free place among 8192 that were taken, for ever. */
Test(tc_load, more_records_than_a_link_has_nics, .timeout = 30)
{
	static const struct {
		uint32_t records;
		int code;
	} cases[] = {{4080, 0}, {4081, -EOVERFLOW}, {8192, -EOVERFLOW}, {9000, -EOVERFLOW}};

	for (size_t i = 0; i < PRI_ARRAY_SIZE(cases); i++) {
		struct pri_tc_tree tree = {.owner = 2, .direction = PRI_TC_OUT};
		struct kernel kernel;

		begin(&kernel, cases[i].records);
		cr_expect_eq(pri_tc_tree_load(&kernel.nl, &tree), cases[i].code, "%u records",
			     cases[i].records);
		if (cases[i].code == 0)
			cr_expect_eq(tree.vm_count, cases[i].records);
		pri_tc_tree_clear(&tree);
		end(&kernel);
	}
}
