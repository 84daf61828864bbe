/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates of interfaces: read as libvirt has them, and written where somebody has chosen libvirt. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>

#include "host.h"

#define GUEST "hostrates"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define TEST_URI "test:///default"
#define TEST_NIC "aa:bb:cc:dd:ee:ff"

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

TestSuite(host_rates, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static const struct {
	const char *attribute, *parameter, *value;
	unsigned int raw; /* KiB per second, and KiB */
	bool out, burst;
} rates[] = {
	{"net.rate.in", VIR_DOMAIN_BANDWIDTH_IN_AVERAGE, "1000K", 1000, false, false},
	{"net.rate.in.peak", VIR_DOMAIN_BANDWIDTH_IN_PEAK, "2000K", 2000, false, false},
	{"net.rate.in.burst", VIR_DOMAIN_BANDWIDTH_IN_BURST, "64K", 64, false, true},
	{"net.rate.out", VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE, "500K", 500, true, false},
	{"net.rate.out.peak", VIR_DOMAIN_BANDWIDTH_OUT_PEAK, "900K", 900, true, false},
	{"net.rate.out.burst", VIR_DOMAIN_BANDWIDTH_OUT_BURST, "32K", 32, true, true},
};

static void choose_libvirt(struct pr_host *host)
{
	for (size_t i = 0; i < LENGTH(rates); i++)
		cr_assert_eq(pr_host_set_route(host, rates[i].attribute, "libvirt", 0), 0, "%s",
			     pr_host_errmsg(host));
}

/* Unless somebody chooses it, libvirt does not write: another backend does, or none. */
Test(host_rates, only_read)
{
	for (size_t i = 0; i < LENGTH(rates); i++) {
		const char *backend = NULL;
		int r;

		cr_assert_eq(pr_host_route(bed.host, rates[i].attribute, &backend, NULL), 0);
		if (backend && strcmp(backend, "libvirt") != 0) {
			fprintf(stderr, "%s: %s serves it here\n", rates[i].attribute, backend);
			continue;
		}
		r = pr_set_str(bed.dom, rates[i].attribute, NULL, "1M", 0);
		host_expect_refused(bed.dom, r, -EOPNOTSUPP, "pr_host_set_route");
		host_expect(bed.dom, rates[i].attribute, NULL,
			    rates[i].burst ? "default" : "unlimited", PRALLOC_LIVE);
	}
}

/* Standard output of a command, one string. */
static void output_of(const char *command, char out[HOST_OUTPUT_MAX])
{
	FILE *pipe = popen(command, "r");
	size_t length;

	cr_assert(pipe, "%s: %s", command, strerror(errno));
	length = fread(out, 1, HOST_OUTPUT_MAX - 1, pipe);
	out[length] = '\0';
	pclose(pipe);
}

/* All that is on the guest's tap; the counters are not asked for. */
static void tap_state(char out[HOST_OUTPUT_MAX])
{
	char command[256], tap[HOST_OUTPUT_MAX];

	host_virsh(tap, "domiflist " GUEST " | awk '$2 == \"bridge\" { print $1 }'");
	snprintf(command, sizeof(command),
		 "tc qdisc show dev %.15s; tc class show dev %.15s; tc filter show dev %.15s", tap,
		 tap, tap);
	output_of(command, out);
}

/* An oracle of its own: tc makes the same parts on an interface that nobody uses. */
static bool kernel_has(const char *kind)
{
	static const struct {
		const char *kind, *command;
	} tries[] = {
		{"sfq", "tc qdisc add dev lo root sfq && tc qdisc del dev lo root"},
		{"fw", "tc qdisc add dev lo ingress && tc filter add dev lo parent ffff: protocol "
		       "all prio 1 handle 1 fw; r=$?; tc qdisc del dev lo ingress; exit $r"},
		{"police", "tc actions add action police rate 1mbit burst 10k drop index 71 && "
			   "tc actions del action police index 71"},
	};
	char command[512];

	for (size_t i = 0; i < LENGTH(tries); i++) {
		if (strcmp(tries[i].kind, kind) != 0)
			continue;
		snprintf(command, sizeof(command), "(%s) >/dev/null 2>&1", tries[i].command);
		return system(command) == 0;
	}
	return false;
}

/* The names of what is missing, and nothing done; or the rate, where nothing is. */
static void rate_on_a_guest(const char *attribute, const char *const *kinds, size_t n)
{
	char before[HOST_OUTPUT_MAX], after[HOST_OUTPUT_MAX];
	bool all = true;
	int r;

	tap_state(before);
	r = pr_set_str(bed.dom, attribute, NULL, "1000K", 0);
	for (size_t i = 0; i < n; i++) {
		bool has = kernel_has(kinds[i]);

		all = all && has;
		if (!has)
			host_expect_refused(bed.dom, r, -EOPNOTSUPP, kinds[i]);
	}
	fprintf(stderr, "%s on this kernel: %s\n", attribute,
		all ? "written" : pr_domain_errmsg(bed.dom));
	if (all) {
		cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(bed.dom));
		host_expect(bed.dom, attribute, NULL, "1000K", PRALLOC_LIVE);
		host_set(bed.dom, attribute, NULL, "unlimited", 0);
		return;
	}
	tap_state(after);
	cr_assert_str_eq(after, before, "refused, but the tap has now: %s", after);
	host_expect(bed.dom, attribute, NULL, "unlimited", PRALLOC_LIVE);
}

/* The same rate where libvirt would keep it: the domain starts only where the kernel has all. */
static void expect_no_start_with_libvirts(void)
{
	bool all = kernel_has("sfq") && kernel_has("fw");
	char mac[HOST_OUTPUT_MAX];

	host_virsh(mac, "domiflist " GUEST " | awk '$2 == \"bridge\" { print $5 }'");
	cr_assert_eq(bed_virsh(NULL, 0, "domiftune " GUEST " %.17s --config --inbound 500", mac), 0,
		     "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "start " GUEST) == 0, all, "it starts, or not: %s",
		     bed_error());
	if (all)
		cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	cr_assert_eq(bed_virsh(NULL, 0, "domiftune " GUEST " %.17s --config --inbound 0", mac), 0,
		     "%s", bed_error());
}

Test(host_rates, kernel_is_looked_at_before)
{
	static const char *const in[] = {"sfq", "fw"}, *const out[] = {"police"};

	choose_libvirt(bed.host);
	rate_on_a_guest("net.rate.in", in, LENGTH(in));
	rate_on_a_guest("net.rate.out", out, LENGTH(out));
	/* What deletes needs nothing. */
	host_set(bed.dom, "net.rate.in", NULL, "unlimited", 0);
	/* A persistent rate is in the metadata all the same, and the domain starts with it. */
	host_set(bed.dom, "net.rate.in", NULL, "123457", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.rate.in", NULL, "123457", PRALLOC_CONFIG);
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	expect_no_start_with_libvirts();
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	host_set(bed.dom, "net.rate.in", NULL, "default", PRALLOC_CONFIG);
}

/* The peak of what the guest sends is kept by libvirt, and no more. */
Test(host_rates, what_does_nothing_is_refused)
{
	int r;

	choose_libvirt(bed.host);
	r = pr_set_str(bed.dom, "net.rate.out.peak", NULL, "1M", 0);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "does nothing with it");
}

/* libvirt's test driver, in this process: the domain is opened by us and by the library. */
static struct pr_host *test_host;
static struct pr_domain *test_domain;
static virConnectPtr test_conn;
static virDomainPtr test_ptr;

/* Beside what the suite has opened. */
static void open_test(void)
{
	test_conn = virConnectOpen(TEST_URI);
	test_ptr = test_conn ? virDomainLookupByName(test_conn, "test") : NULL;
	cr_assert(test_ptr, "no domain of %s", TEST_URI);
	cr_assert_eq(pr_host_open(bed.ctx, TEST_URI, 0, &test_host), 0, "%s",
		     pr_ctx_errmsg(bed.ctx));
	cr_assert_eq(pr_domain_open(test_host, "test", 0, &test_domain), 0, "%s",
		     pr_host_errmsg(test_host));
}

static void close_test(void)
{
	pr_domain_close(test_domain);
	pr_host_close(test_host);
	virDomainFree(test_ptr);
	virConnectClose(test_conn);
}

static unsigned int shown(const char *parameter)
{
	virTypedParameter params[16];
	unsigned int raw = 0;
	int n = LENGTH(params);

	cr_assert_eq(virDomainGetInterfaceParameters(test_ptr, TEST_NIC, params, &n,
						     VIR_DOMAIN_AFFECT_LIVE),
		     0);
	virTypedParamsGetUInt(params, n, parameter, &raw);
	virTypedParamsClear(params, n);
	return raw;
}

Test(host_rates, read, .init = open_test, .fini = close_test)
{
	virTypedParameter params[LENGTH(rates)] = {0};

	host_expect(test_domain, "net.rate.in", TEST_NIC, "unlimited", PRALLOC_LIVE);
	for (size_t i = 0; i < LENGTH(rates); i++) {
		snprintf(params[i].field, sizeof(params[i].field), "%s", rates[i].parameter);
		params[i].type = VIR_TYPED_PARAM_UINT;
		params[i].value.ui = rates[i].raw;
	}
	cr_assert_eq(virDomainSetInterfaceParameters(test_ptr, TEST_NIC, params, (int)LENGTH(rates),
						     VIR_DOMAIN_AFFECT_LIVE),
		     0);
	for (size_t i = 0; i < LENGTH(rates); i++)
		host_expect(test_domain, rates[i].attribute, TEST_NIC, rates[i].value,
			    PRALLOC_LIVE);
}

Test(host_rates, written_where_libvirt_is_chosen, .init = open_test, .fini = close_test)
{
	int r = pr_set_str(test_domain, "net.rate.in", TEST_NIC, "1M", 0);

	host_expect_refused(test_domain, r, -EOPNOTSUPP, "pr_host_set_route");
	choose_libvirt(test_host);
	for (size_t i = 0; i < LENGTH(rates); i++) {
		host_set(test_domain, rates[i].attribute, TEST_NIC, rates[i].value, 0);
		cr_expect_eq(shown(rates[i].parameter), rates[i].raw, "%s: %u", rates[i].attribute,
			     shown(rates[i].parameter));
	}
	/* None of the later ones has reset an earlier one, and one call sets a direction. */
	cr_expect_eq(shown(VIR_DOMAIN_BANDWIDTH_IN_AVERAGE), 1000);
	r = pr_net_set_rate(test_domain, TEST_NIC, PRALLOC_NET_IN, 2048000, 4096000, 131072, 0);
	cr_assert_eq(r, 0, "got %d: %s", r, pr_domain_errmsg(test_domain));
	cr_expect_eq(shown(VIR_DOMAIN_BANDWIDTH_IN_PEAK), 4000);
	cr_expect_eq(shown(VIR_DOMAIN_BANDWIDTH_OUT_BURST), 32);
	r = pr_set_str(test_domain, "net.rate.in.peak", TEST_NIC, "1M", 0);
	host_expect_refused(test_domain, r, -EINVAL, "cannot be less than net.rate.in");
	host_set(test_domain, "net.rate.in", TEST_NIC, "unlimited", 0);
	host_expect(test_domain, "net.rate.in.burst", TEST_NIC, "default", PRALLOC_LIVE);
	r = pr_set_str(test_domain, "net.rate.in.peak", TEST_NIC, "1M", 0);
	host_expect_refused(test_domain, r, -EINVAL, "needs net.rate.in");
	/* The route is taken back, and with it the writing. */
	cr_assert_eq(pr_host_set_route(test_host, "net.rate.out", NULL, 0), 0);
	r = pr_set_str(test_domain, "net.rate.out", TEST_NIC, "1M", 0);
	host_expect_refused(test_domain, r, -EOPNOTSUPP, "pr_host_set_route");
	host_expect(test_domain, "net.rate.out", TEST_NIC, "500K", PRALLOC_LIVE);
}
