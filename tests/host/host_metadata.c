/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Persistent values that libvirt has no element for stand in the domain's metadata. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"

#define GUEST "metadata"
#define WRITES "200"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define NAMESPACE "urn:x-libpralloc:settings:1"
#define METADATA "metadata " GUEST " --config --uri " NAMESPACE
#define SET_BY_VIRSH METADATA " --key pralloc --set "
#define PERSISTENT "dumpxml --inactive " GUEST

/* "link" and "nic" stand for the guest's. */
static const struct {
	const char *attribute, *instance, *value, *raw;
} settings[] = {
	{"mem.guarantee", "", "64M", "67108864"},
	{"mem.throttle", "", "unlimited", "unlimited"},
	{"cpu.burst", "", "7ms", "7000"},
	{"net.rate.in", "nic", "80mbit", "10000000"},
	{"net.rate.in.peak", "nic", "160mbit", "20000000"},
	{"net.rate.out.burst", "nic", "64K", "65536"},
	{"net.weight.in", "link", "300", "300"},
	{"net.weight.out", "link", "30", "30"},
	{"net.guarantee.in", "link", "8mbit", "1000000"},
	{"net.guarantee.out", "link", "1001", "1001"},
};

static struct host_bed bed;
static char nic[64];

static void clear(void)
{
	bed_virsh(NULL, 0, METADATA " --remove");
}

static void open_guest(void)
{
	static const struct bed_guest_options options = {.memory_mib = 256};
	const char *mac = NULL;
	int r;

	host_need_bed();
	host_need_guest(GUEST, &options);
	host_open(&bed, GUEST, 0);
	r = pr_domain_instance(bed.dom, "net.rate.in", 0, &mac);
	cr_assert_eq(r, 0, "no interface: %s", pr_domain_errmsg(bed.dom));
	snprintf(nic, sizeof(nic), "%s", mac);
	clear();
}

static void close_guest(void)
{
	host_close(&bed);
}

TestSuite(host_metadata, .init = open_guest, .fini = close_guest, .timeout = HOST_TEST_SECONDS);
HOST_GUESTS(GUEST)

static const char *instance_of(size_t i)
{
	if (strcmp(settings[i].instance, "nic") == 0)
		return nic;
	return strcmp(settings[i].instance, "link") == 0 ? bed_bridge() : NULL;
}

static void set_all(void)
{
	for (size_t i = 0; i < LENGTH(settings); i++)
		host_set(bed.dom, settings[i].attribute, instance_of(i), settings[i].value,
			 PRALLOC_CONFIG);
}

static void expect_all(const char *when)
{
	char xml[HOST_OUTPUT_MAX], wanted[512];

	host_virsh(xml, PERSISTENT);
	for (size_t i = 0; i < LENGTH(settings); i++) {
		const char *instance = instance_of(i);

		snprintf(wanted, sizeof(wanted),
			 "<pralloc:setting attribute=\"%s\"%s%s%s value=\"%s\"/>",
			 settings[i].attribute, instance ? " instance=\"" : "",
			 instance ? instance : "", instance ? "\"" : "", settings[i].raw);
		cr_assert(strstr(xml, wanted), "%s: no %s in %s", when, wanted, xml);
		host_expect(bed.dom, settings[i].attribute, instance, settings[i].value,
			    PRALLOC_CONFIG);
	}
}

static void expect_none(void)
{
	char xml[HOST_OUTPUT_MAX];

	host_virsh(xml, PERSISTENT);
	cr_assert(!strstr(xml, "pralloc:set"), "the element is still there: %s", xml);
}

static void expect_schema(void)
{
	char out[HOST_OUTPUT_MAX];

	if (bed_virsh(NULL, 0, "version >/dev/null && command -v xmllint") != 0) {
		fprintf(stderr, "not checked with the schema: xmllint is not installed\n");
		return;
	}
	host_virsh(out, PERSISTENT " | xmllint --xpath \"//*[namespace-uri()='" NAMESPACE
				   "' and local-name()='settings']\" - | xmllint --noout --relaxng "
				   "'" METADATA_SCHEMA "' - && echo valid");
	cr_assert_str_eq(out, "valid", "the schema does not take it: %s", out);
}

Test(host_metadata, set_here_and_shown_by_virsh)
{
	char xml[HOST_OUTPUT_MAX], out[HOST_OUTPUT_MAX];

	set_all();
	expect_all("set");
	host_virsh(out, METADATA);
	cr_assert(strstr(out, "attribute=\"cpu.burst\" value=\"7000\""), "got %s", out);
	/* Nothing of the running domain has changed, and no element of libvirt's. */
	host_virsh(xml, "dumpxml " GUEST);
	cr_assert(!strstr(xml, NAMESPACE), "live: %s", xml);
	host_virsh(xml, PERSISTENT);
	cr_assert(!strstr(xml, "<bandwidth>") && !strstr(xml, "<memtune>"), "got %s", xml);
	expect_schema();
	for (size_t i = 0; i < LENGTH(settings); i++) {
		host_set(bed.dom, settings[i].attribute, instance_of(i), "default", PRALLOC_CONFIG);
		host_expect(bed.dom, settings[i].attribute, instance_of(i), "default",
			    PRALLOC_CONFIG);
	}
	expect_none();
}

Test(host_metadata, set_by_virsh_and_read_here)
{
	int r = bed_virsh(NULL, 0,
			  SET_BY_VIRSH "\"<settings>"
				       "<setting attribute='mem.guarantee' value='1048576'/>"
				       "<setting instance='%s' value='77' "
				       "attribute='net.weight.out'/></settings>\"",
			  bed_bridge());

	cr_assert_eq(r, 0, "%s", bed_error());
	host_expect(bed.dom, "mem.guarantee", NULL, "1M", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.weight.out", NULL, "77", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.weight.in", NULL, "default", PRALLOC_CONFIG);
}

/* Until it is set again or removed, what cannot be understood is an error. */
static const struct {
	const char *content, *attribute;
	const char *part;
	bool repaired; /* by setting it */
} malformed[] = {
	{"<limits/>", "mem.guarantee", "<settings>", false},
	{"<settings><setting attribute='mem.guarantee' value='64M'/></settings>", "mem.guarantee",
	 "\"64M\"", true},
	{"<settings><setting attribute='mem.guarantee'/></settings>", "mem.guarantee", "\"\"",
	 true},
	{"<settings><setting attribute='net.weight.in' instance='pralloc0' value='0'/></settings>",
	 "net.weight.in", "\"0\"", true},
	{"<settings><setting attribute='net.weight.in' instance='pralloc0' value='unlimited'/>"
	 "</settings>",
	 "net.weight.in", "\"unlimited\"", true},
	{"<settings><setting attribute='cpu.burst' value='99999999999999999999'/></settings>",
	 "cpu.burst", "99999999999999999999", true},
	{"<settings><setting attribute='cpu.burst' value='1'/>"
	 "<setting attribute='cpu.burst' value='2'/></settings>",
	 "cpu.burst", "twice", true},
};

Test(host_metadata, what_is_malformed)
{
	for (size_t i = 0; i < LENGTH(malformed); i++) {
		const char *name = malformed[i].attribute, *text;
		int r = bed_virsh(NULL, 0, SET_BY_VIRSH "\"%s\"", malformed[i].content);

		cr_assert_eq(r, 0, "%s: %s", malformed[i].content, bed_error());
		host_expect_refused(bed.dom, pr_get_str(bed.dom, name, NULL, &text, PRALLOC_CONFIG),
				    -EIO, malformed[i].part);
		/* What stands beside it can be read. */
		if (malformed[i].repaired)
			host_expect(bed.dom, "mem.throttle", NULL, "default", PRALLOC_CONFIG);
		r = pr_set_str(bed.dom, name, NULL, "500", PRALLOC_CONFIG | PRALLOC_ALLOW_HARM);
		if (!malformed[i].repaired) {
			host_expect_refused(bed.dom, r, -EIO, malformed[i].part);
			continue;
		}
		cr_assert(r == 0 || r == -ERANGE, "case %zu: %d: %s", i, r,
			  pr_domain_errmsg(bed.dom));
		host_set(bed.dom, name, NULL, "4096", PRALLOC_CONFIG);
		host_expect(bed.dom, name, NULL, "4096", PRALLOC_CONFIG);
	}
}

Test(host_metadata, what_is_foreign_stays)
{
	static const char *const kept[] = {
		"<pralloc:setting attribute=\"new.one\" value=\"a b\"/>",
		"<other:note xmlns:other=\"urn:other\" of=\"me\">text</other:note>",
		"other:by=\"me\"",
	};
	char xml[HOST_OUTPUT_MAX];
	int r = bed_virsh(NULL, 0,
			  SET_BY_VIRSH
			  "\"<settings><setting attribute='new.one' value='a b'/>"
			  "<setting attribute='cpu.burst' value='5' other:by='me' "
			  "xmlns:other='urn:other'/>"
			  "<other:note of='me' xmlns:other='urn:other'>text</other:note>"
			  "</settings>\"");

	cr_assert_eq(r, 0, "%s", bed_error());
	r = bed_virsh(NULL, 0,
		      "metadata " GUEST " --config --uri urn:another --key another "
		      "--set \"<a><b/></a>\"");
	cr_assert_eq(r, 0, "%s", bed_error());
	host_set(bed.dom, "cpu.burst", NULL, "6000", PRALLOC_CONFIG);
	host_set(bed.dom, "mem.guarantee", NULL, "1M", PRALLOC_CONFIG);
	host_set(bed.dom, "mem.guarantee", NULL, "default", PRALLOC_CONFIG);
	host_virsh(xml, PERSISTENT);
	for (size_t i = 0; i < LENGTH(kept); i++)
		cr_assert(strstr(xml, kept[i]), "no %s in %s", kept[i], xml);
	cr_assert(strstr(xml, "<another:b/>"), "another's element is gone: %s", xml);
	host_expect(bed.dom, "cpu.burst", NULL, "6000", PRALLOC_CONFIG);
	/* A setting that this library does not know keeps the element. */
	host_set(bed.dom, "cpu.burst", NULL, "default", PRALLOC_CONFIG);
	host_virsh(xml, PERSISTENT);
	cr_assert(strstr(xml, kept[0]) && strstr(xml, kept[1]), "got %s", xml);
	clear();
	expect_none();
	bed_virsh(NULL, 0, "metadata " GUEST " --config --uri urn:another --remove");
}

/* A link that no interface is on any more is listed while it has a setting, and can be unset. */
Test(host_metadata, a_link_that_is_gone)
{
	const char *text;
	int r = bed_virsh(NULL, 0,
			  SET_BY_VIRSH "\"<settings><setting attribute='net.weight.in' "
				       "instance='gone0' value='9'/></settings>\"");

	cr_assert_eq(r, 0, "%s", bed_error());
	host_expect(bed.dom, "net.weight.in", "gone0", "9", PRALLOC_CONFIG);
	host_set(bed.dom, "net.weight.in", "gone0", "default", PRALLOC_CONFIG);
	r = pr_get_str(bed.dom, "net.weight.in", "gone0", &text, PRALLOC_CONFIG);
	host_expect_refused(bed.dom, r, -ENODEV, bed_bridge());
}

/* Where there is no rate in the metadata, libvirt's own is what the domain will start with. */
Test(host_metadata, rates_of_libvirt)
{
	int r = bed_virsh(NULL, 0, "domiftune " GUEST " %s --inbound 500 --config", nic);

	cr_assert_eq(r, 0, "%s", bed_error());
	host_expect(bed.dom, "net.rate.in", NULL, "512000", PRALLOC_CONFIG);
	host_set(bed.dom, "net.rate.in", NULL, "300000", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.rate.in", NULL, "300000", PRALLOC_CONFIG);
	host_set(bed.dom, "net.rate.in", NULL, "default", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.rate.in", NULL, "512000", PRALLOC_CONFIG);
	r = bed_virsh(NULL, 0, "domiftune " GUEST " %s --inbound 0 --config", nic);
	cr_assert_eq(r, 0, "%s", bed_error());
	host_expect(bed.dom, "net.rate.in", NULL, "default", PRALLOC_CONFIG);
}

Test(host_metadata, several_values_are_one_write)
{
	int r = pr_net_set_rate(bed.dom, NULL, PRALLOC_NET_OUT, 1000, 2000, 3000, PRALLOC_CONFIG);

	cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed.dom));
	host_expect(bed.dom, "net.rate.out", NULL, "1000", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.rate.out.peak", NULL, "2000", PRALLOC_CONFIG);
	host_expect(bed.dom, "net.rate.out.burst", NULL, "3000", PRALLOC_CONFIG);
}

static pid_t start_writer(const char *attribute)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(METADATA_WRITER, METADATA_WRITER, bed_uri(), GUEST, attribute, WRITES,
		      (char *)NULL);
		_exit(127);
	}
	cr_assert_gt(pid, 0);
	return pid;
}

/* All values stand in one element, which is read, changed and written as a whole. */
Test(host_metadata, two_processes_lose_nothing)
{
	static const char *const attributes[] = {"mem.guarantee", "mem.throttle"};
	pid_t pids[LENGTH(attributes)];

	for (size_t i = 0; i < LENGTH(attributes); i++)
		pids[i] = start_writer(attributes[i]);
	for (size_t i = 0; i < LENGTH(attributes); i++) {
		int status = -1;

		cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %#x",
			  attributes[i], (unsigned int)status);
	}
	for (size_t i = 0; i < LENGTH(attributes); i++)
		host_expect(bed.dom, attributes[i], NULL, WRITES "M", PRALLOC_CONFIG);
}

/* Whether a backend beside libvirt sets it in the running domain. */
static bool is_served(const char *attribute)
{
	const char *backend = NULL;

	cr_assert_eq(pr_host_route(bed.host, attribute, &backend, NULL), 0);
	if (!backend || strcmp(backend, "libvirt") == 0)
		return false;
	fprintf(stderr, "%s: %s serves it here\n", attribute, backend);
	return true;
}

Test(host_metadata, live_is_refused_with_the_reason)
{
	static const char *const names[] = {"mem.guarantee", "mem.throttle",  "cpu.burst",
					    "net.rate.in",   "net.weight.in", "net.guarantee.out"};

	for (size_t i = 0; i < LENGTH(names); i++) {
		const char *backend = NULL, *reason = NULL;
		int r;

		if (is_served(names[i]))
			continue;
		cr_assert_eq(pr_host_route(bed.host, names[i], &backend, &reason), 0);
		cr_assert(reason && *reason, "%s: no reason", names[i]);
		r = pr_set_u64(bed.dom, names[i], NULL, 4096, 0);
		host_expect_refused(bed.dom, r, -EOPNOTSUPP, reason);
		r = pr_set_u64(bed.dom, names[i], NULL, 4096, PRALLOC_LIVE | PRALLOC_CONFIG);
		host_expect_refused(bed.dom, r, -EOPNOTSUPP, reason);
	}
	expect_none();
}

/* What another backend would restore is its own tests' to see. */
static void expect_unserved(void)
{
	bool all = true;
	int r;

	for (size_t i = 0; i < LENGTH(settings); i++)
		if (is_served(settings[i].attribute))
			host_set(bed.dom, settings[i].attribute, instance_of(i), "default",
				 PRALLOC_CONFIG);
		else
			all = false;
	r = pr_domain_restore(bed.dom, 0);
	cr_assert_eq(r == 0, all, "restore: %d: %s", r, pr_domain_errmsg(bed.dom));
	for (size_t i = 0; i < LENGTH(settings); i++)
		if (!is_served(settings[i].attribute))
			host_expect_refused(bed.dom, r, -EOPNOTSUPP, settings[i].attribute);
	r = pr_domain_restore(bed.dom, PRALLOC_RESTORE_SERVED);
	cr_assert_eq(r, 0, "%s", pr_domain_errmsg(bed.dom));
}

/* What libvirt gives the domain itself is nothing to restore. */
Test(host_metadata, restore_tells_what_nobody_serves)
{
	char before[HOST_OUTPUT_MAX], after[HOST_OUTPUT_MAX];
	int r;

	host_virsh(before, "schedinfo " GUEST);
	host_set(bed.dom, "cpu.shares", NULL, "3000", PRALLOC_CONFIG);
	r = pr_domain_restore(bed.dom, 0);
	cr_assert_eq(r, 0, "nothing to restore: %d: %s", r, pr_domain_errmsg(bed.dom));
	set_all();
	expect_unserved();
	host_virsh(after, "schedinfo " GUEST);
	cr_assert_str_eq(after, before, "restore changed the domain");
	host_set(bed.dom, "cpu.shares", NULL, "default", PRALLOC_CONFIG);
}

static void save_definition(void)
{
	int r = bed_virsh(NULL, 0, PERSISTENT " --security-info >%s/metadata.xml", bed_dir());

	cr_assert_eq(r, 0, "%s", bed_error());
}

static void define(void)
{
	int r = bed_virsh(NULL, 0, "define %s/metadata.xml", bed_dir());

	cr_assert_eq(r, 0, "%s", bed_error());
}

Test(host_metadata, survives_a_start_and_a_definition)
{
	set_all();
	cr_assert_eq(bed_guest_stop(GUEST), 0, "%s", bed_error());
	expect_all("off");
	host_expect_refused(bed.dom, pr_domain_restore(bed.dom, 0), -ENOTCONN, "is off");
	save_definition();
	cr_assert_eq(bed_virsh(NULL, 0, "undefine " GUEST), 0, "%s", bed_error());
	define();
	expect_all("defined anew");
	cr_assert_eq(bed_guest_boot(GUEST), 0, "%s", bed_error());
	expect_all("running again");
	/* Now the running domain has it in its metadata too. */
	expect_unserved();
	for (size_t i = 0; i < LENGTH(settings); i++)
		host_set(bed.dom, settings[i].attribute, instance_of(i), "default", PRALLOC_CONFIG);
	expect_none();
}

Test(host_metadata, transient_domain)
{
	const char *text;
	int r;

	save_definition();
	cr_assert_eq(bed_virsh(NULL, 0, "undefine " GUEST), 0, "%s", bed_error());
	r = pr_set_str(bed.dom, "mem.guarantee", NULL, "64M", PRALLOC_CONFIG);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "transient");
	r = pr_get_str(bed.dom, "net.weight.in", NULL, &text, PRALLOC_CONFIG);
	host_expect_refused(bed.dom, r, -EOPNOTSUPP, "transient");
	r = pr_domain_restore(bed.dom, 0);
	cr_assert_eq(r, 0, "nothing to restore: %d: %s", r, pr_domain_errmsg(bed.dom));
	define();
}
