/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statistics beside virsh's, same-page merging of the host; and what this
 * host does not serve, with its reason. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define GUEST "hoststats"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define WRITTEN 1048576
#define SENT 20000

static struct host_bed bed;

static void open_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256};

	host_need_bed();
	host_need_guest(GUEST, &options);
	host_open(&bed, GUEST, 0);
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_stats, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static uint64_t virsh_number(const char *arguments)
{
	char out[HOST_OUTPUT_MAX];

	host_virsh(out, arguments);
	cr_assert(*out >= '0' && *out <= '9', "virsh %s: no number: %s", arguments, out);
	return strtoull(out, NULL, 10);
}

static uint64_t stats_number(const char *group, const char *field)
{
	char arguments[256];

	snprintf(arguments, sizeof(arguments), "domstats " GUEST " --%s | sed -n 's/^ *%s=//p'",
		 group, field);
	return virsh_number(arguments);
}

static const char *mac(void)
{
	const char *instance = NULL;

	cr_assert_eq(pr_domain_instance(bed.dom, "net.rx_bytes", 0, &instance), 0, "%s",
		     pr_domain_errmsg(bed.dom));
	return instance;
}

static const struct {
	const char *attribute, *group, *field;
} stats[] = {
	{"io.read_bytes", "block", "block.0.rd.bytes"},
	{"io.write_bytes", "block", "block.0.wr.bytes"},
	{"io.read_ops", "block", "block.0.rd.reqs"},
	{"io.write_ops", "block", "block.0.wr.reqs"},
	{"net.rx_bytes", "interface", "net.0.rx.bytes"},
	{"net.tx_bytes", "interface", "net.0.tx.bytes"},
	{"net.rx_packets", "interface", "net.0.rx.pkts"},
	{"net.tx_packets", "interface", "net.0.tx.pkts"},
	{"net.rx_drops", "interface", "net.0.rx.drop"},
	{"net.tx_drops", "interface", "net.0.tx.drop"},
};

/* All of them in one pass, after the guest has written and sent. */
Test(host_stats, disks_and_interfaces)
{
	struct pr_reading readings[LENGTH(stats)];
	char address[64];
	int r;

	snprintf(address, sizeof(address), "%s", mac());
	cr_assert_eq(bed_agent(NULL, 0, GUEST, "write %d", WRITTEN), 0, "%s", bed_error());
	cr_assert_eq(bed_agent(NULL, 0, GUEST, "send broadcast %d", SENT), 0, "%s", bed_error());
	for (size_t i = 0; i < LENGTH(stats); i++)
		readings[i] = (struct pr_reading){
			.size = sizeof(readings[i]),
			.attribute = stats[i].attribute,
			.instance = strncmp(stats[i].attribute, "net.", 4) == 0 ? address : NULL,
		};
	r = pr_read(bed.dom, readings, LENGTH(readings), NULL, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(bed.dom));
	for (size_t i = 0; i < LENGTH(stats); i++) {
		uint64_t wanted = stats_number(stats[i].group, stats[i].field);

		cr_assert_eq(readings[i].error, 0, "%s: got %d", stats[i].attribute,
			     readings[i].error);
		cr_assert_eq(readings[i].value.number, wanted, "%s: wanted %ju from virsh, got %ju",
			     stats[i].attribute, (uintmax_t)wanted,
			     (uintmax_t)readings[i].value.number);
	}
	cr_assert_geq(readings[1].value.number, WRITTEN, "the guest wrote more than %ju bytes",
		      (uintmax_t)readings[1].value.number);
	cr_assert_geq(readings[5].value.number, SENT, "the guest sent more than %ju bytes",
		      (uintmax_t)readings[5].value.number);
}

/* With one disk, its figures are those of the domain. */
Test(host_stats, of_one_disk)
{
	uint64_t all = host_number(bed.dom, "io.write_bytes"), one = 0;
	int r = pr_get_u64(bed.dom, "io.write_bytes", "vda", &one, 0);

	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(bed.dom));
	cr_assert_eq(one, all, "vda %ju, all %ju", (uintmax_t)one, (uintmax_t)all);
	r = pr_get_u64(bed.dom, "io.write_bytes", "vdx", &one, 0);
	host_expect_refused(bed.dom, r, -ENODEV, "vda");
}

Test(host_stats, of_a_domain_that_is_off)
{
	uint64_t value = 42;
	int r;

	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	r = pr_get_u64(bed.dom, "io.write_bytes", NULL, &value, 0);
	host_expect_refused(bed.dom, r, -ENOTCONN, "does not run");
	cr_assert_eq(value, 42, "written on failure");
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
}

/* They are the whole host's: what is written is what was there. */
Test(host_stats, same_page_merging)
{
	static const struct {
		const char *attribute, *field;
		bool writable;
	} cases[] = {
		{"ksm.pages_to_scan", "shm_pages_to_scan", true},
		{"ksm.sleep_ms", "shm_sleep_millisecs", true},
		{"ksm.merge_across_nodes", "shm_merge_across_nodes", true},
		{"ksm.shared", "shm_pages_shared", false},
		{"ksm.sharing", "shm_pages_sharing", false},
	};
	char arguments[128];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t value = 0, wanted;
		int r = pr_host_get_u64(bed.host, cases[i].attribute, NULL, &value, 0);

		snprintf(arguments, sizeof(arguments),
			 "node-memory-tune | awk '$1 == \"%s\" { print $2 }'", cases[i].field);
		wanted = virsh_number(arguments);
		cr_assert_eq(r, 0, "%s: got %d: %s", cases[i].attribute, r,
			     pr_host_errmsg(bed.host));
		cr_assert_eq(value, wanted, "%s: wanted %ju, got %ju", cases[i].attribute,
			     (uintmax_t)wanted, (uintmax_t)value);
		if (!cases[i].writable)
			continue;
		r = pr_host_set_u64(bed.host, cases[i].attribute, NULL, value, 0);
		cr_assert_eq(r, 0, "%s: got %d: %s", cases[i].attribute, r,
			     pr_host_errmsg(bed.host));
		cr_assert_eq(virsh_number(arguments), wanted, "%s: it is another one now",
			     cases[i].attribute);
	}
}

/* Everything of libvirt's is served on this host, or says why not. */
Test(host_stats, what_is_not_served)
{
	static const char *const served[] = {
		"io.weight",   "io.host.read_bytes", "io.guest.total_bytes", "cpu.guest_count",
		"net.rate.in", "net.rx_bytes",	     "ksm.sleep_ms"};
	const char *name = NULL, *backend, *reason;

	while ((name = pr_attr_next(name))) {
		backend = reason = NULL;
		cr_assert_eq(pr_host_route(bed.host, name, &backend, &reason), 0);
		if (backend)
			continue;
		cr_assert(reason && *reason, "%s: no reason", name);
		cr_assert_null(strstr(reason, "not served yet"), "%s: %s", name, reason);
		fprintf(stderr, "not served here: %s: %s\n", name, reason);
		for (size_t i = 0; i < LENGTH(served); i++)
			cr_assert_str_neq(name, served[i], "%s: %s", name, reason);
	}
	fprintf(stderr, "only read here while the domain runs: net.rate.*\n");
}
