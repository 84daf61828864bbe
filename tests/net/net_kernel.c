/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What needs the stock kernel with its modules, in the micro VM: parts of it that are missing, ports
 * of Open vSwitch and other devices that cannot be divided, and policing that is put back.
 */
#include "net_host.h"
#include "net_ovs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK_BYTES (80 * MBIT_BYTES)
#define STATE_MAX (1 << 16)
/* Which the kernel runs to load a module; in the VM alone, whose files go with it. */
#define LOADER "/var/tmp/pralloc-loader"
#define LOADER_SETTING "/proc/sys/kernel/modprobe"

struct scene {
	struct net_bed bed;
	struct net_host host;
};

static void begin(struct scene *scene)
{
	net_bed_open(&scene->bed, 2);
	net_host_open(&scene->host, &scene->bed);
}

static void end(struct scene *scene)
{
	net_host_close(&scene->host);
	net_bed_close(&scene->bed);
}

/* What the kernel has been told of the taps, without what is counted and the numbers of actions,
 * which nobody can choose. */
static char *state(void)
{
	char *text = malloc(STATE_MAX);

	cr_assert_not_null(text);
	net_output(text, STATE_MAX,
		   "{ ip -br link; for d in tap1 tap2; do printf 'qdisc show dev %%s\\n"
		   "class show dev %%s\\nfilter show dev %%s\\nfilter show dev %%s ingress\\n' "
		   "$d $d $d $d; done | tc -force -b - || true; } 2>/dev/null |\n"
		   "sed 's/ (rule hit.*//; s/police 0x[0-9a-f]*/police/;"
		   " s/direct_packets_stat [0-9]*//'");
	return text;
}

static void expect_state(const char *before, const char *what)
{
	char *after = state();

	cr_expect_str_eq(after, before, "%s:\n%s\nnot\n%s", what, after, before);
	free(after);
}

static const struct {
	const char *modules; /* as the kernel asks for them, a pattern of sh */
	const char *unload, *name;
} parts[] = {
	{"*ifb*", "ifb", "IFB (module ifb)"},
	{"*htb*", "sch_htb", "HTB (module sch_htb)"},
	{"*u32*", "cls_u32", "u32 (module cls_u32)"},
	{"*clsact*|*ingress*", "sch_ingress", "clsact (module sch_ingress)"},
	{"*mirred*", "act_mirred", "mirred (module act_mirred)"},
};

/* From now on the kernel gets no module like this; what it has of it goes. */
static void take_away(size_t part)
{
	uint64_t limit = net_now_ns() + NET_PATIENCE_MS * UINT64_C(1000000);

	net_sh(NULL,
	       "printf '#!/bin/sh\\ncase \"$*\" in %s) exit 1 ;; esac\\n"
	       "exec /usr/sbin/modprobe \"$@\"\\n' >" LOADER "\nchmod 755 " LOADER "\necho " LOADER
	       " >" LOADER_SETTING,
	       parts[part].modules);
	/* Networks of tests before end some time after their process. */
	while (syscall(SYS_delete_module, parts[part].unload, O_NONBLOCK) < 0 && errno != ENOENT) {
		cr_assert(net_now_ns() < limit, "%s: %s", parts[part].unload, strerror(errno));
		net_sleep_ms(50);
	}
}

Test(net_kernel, parts_that_are_missing, .timeout = 120)
{
	char loader[256];
	struct scene scene;
	char *before;

	net_output(loader, sizeof(loader), "cat " LOADER_SETTING);
	begin(&scene);
	net_sh(NULL, "tc qdisc add dev tap2 root pfifo limit 77");
	before = state();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r;

		take_away(i);
		r = pr_net_set_link(scene.host.host, NET_LINK, LINK_BYTES, LINK_BYTES, 0);
		cr_expect_eq(r, -EOPNOTSUPP, "%s: %d: %s", parts[i].name, r,
			     pr_host_errmsg(scene.host.host));
		cr_expect(strstr(pr_host_errmsg(scene.host.host), parts[i].name), "%s: %s",
			  parts[i].name, pr_host_errmsg(scene.host.host));
		expect_state(before, parts[i].name);
	}
	free(before);
	net_sh(NULL, "echo '%.*s' >" LOADER_SETTING, (int)strcspn(loader, "\n"), loader);
	cr_expect_eq(pr_net_set_link(scene.host.host, NET_LINK, LINK_BYTES, LINK_BYTES, 0), 0,
		     "with all of them: %s", pr_host_errmsg(scene.host.host));
	end(&scene);
}

/* Opened, and given a rate: whichever refuses. */
static void expect_refused(struct scene *scene, const char *name, const char *part)
{
	struct pr_domain *dom = NULL;
	char *before = state();
	int r = pr_domain_open(scene->host.host, name, 0, &dom);
	const char *text = pr_host_errmsg(scene->host.host);

	if (r == 0) {
		r = pr_net_set_rate(dom, NULL, PRALLOC_NET_OUT, MBIT_BYTES, 0, 0, 0);
		text = pr_domain_errmsg(dom);
	}
	cr_expect_eq(r, -EOPNOTSUPP, "%s: %d: %s", name, r, text);
	cr_expect(strstr(text, part), "%s: %s", name, text);
	expect_state(before, name);
	free(before);
	pr_domain_close(dom);
}

/* As the kernel says what it is, not as somebody calls it. */
Test(net_kernel, devices_that_cannot_be_divided, .timeout = 60)
{
	struct scene scene;
	int r;

	begin(&scene);
	net_sh(NULL, "ip link add below type veth peer name other\n"
		     "ip link add link below name mv0 type macvtap\n"
		     "ip link add link other name ml0 type macvlan");
	expect_refused(&scene, "mv0@52:54:00:77:00:08", "macvtap");
	expect_refused(&scene, "ml0@52:54:00:77:00:09", "macvlan");
	net_sh(NULL, "ip link set tap1 nomaster");
	r = net_ovs_make("ovs0", "tap1");
	cr_assert_eq(r, 0, "a datapath: %s", strerror(-r));
	expect_refused(&scene, "tap1@52:54:00:77:00:01", "port of Open vSwitch");
	r = pr_net_set_link(scene.host.host, "ovs0", LINK_BYTES, LINK_BYTES, 0);
	cr_expect_eq(r, -ENODEV, "%d: %s", r, pr_host_errmsg(scene.host.host));
	cr_expect(strstr(pr_host_errmsg(scene.host.host), "Open vSwitch"), "%s",
		  pr_host_errmsg(scene.host.host));
	end(&scene);
}

/* What libvirt makes of <bandwidth> (virnetdevbandwidth.c): inbound 1000 KiB/s with a burst, and
 * outbound with a police filter. */
static const char libvirts[] =
	"tc qdisc add dev tap1 root handle 1: htb default 1\n"
	"tc class add dev tap1 parent 1: classid 1:1 htb rate 1000kbps ceil 2000kbps burst 1024kb\n"
	"tc qdisc add dev tap1 parent 1:1 handle 2: sfq perturb 10\n"
	"tc filter add dev tap1 parent 1:0 protocol all prio 1 handle 1 fw flowid 1\n"
	"tc qdisc add dev tap1 ingress\n"
	"tc filter add dev tap1 parent ffff: protocol all u32 match u32 0 0 police rate 1000kbps "
	"burst 1000kb mtu 64kb drop flowid :1\n";

Test(net_kernel, policing_is_taken_over_and_put_back, .timeout = 60)
{
	struct scene scene;
	char *before, *during;

	begin(&scene);
	net_sh(NULL, "%s", libvirts);
	before = state();
	cr_assert(strstr(before, "police"), "%s", before);
	cr_expect_eq(pr_net_set_link(scene.host.host, NET_LINK, LINK_BYTES, LINK_BYTES, 0), -EBUSY,
		     "%s", pr_host_errmsg(scene.host.host));
	expect_state(before, "refused");
	cr_assert_eq(
		pr_net_set_link(scene.host.host, NET_LINK, LINK_BYTES, LINK_BYTES, PRALLOC_REPLACE),
		0, "%s", pr_host_errmsg(scene.host.host));
	during = state();
	cr_expect_not(strstr(during, "police"), "%s", during);
	free(during);
	cr_assert_eq(pr_net_reset(scene.host.host, NET_LINK, 0), 0, "%s",
		     pr_host_errmsg(scene.host.host));
	expect_state(before, "put back");
	cr_expect(net_bed_reaches(&scene.bed, 0));
	free(before);
	end(&scene);
}
