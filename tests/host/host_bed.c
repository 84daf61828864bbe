/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WORKER_END_MS 50

void host_need_bed(void)
{
	const char *why = "";

	if (!bed_available(&why))
		cr_skip_test("%s", why);
}

void host_need_guest(const char *name, const struct bed_guest_options *options)
{
	if (bed_virsh(NULL, 0, "domstate %s | grep -qx running", name) == 0)
		return;
	bed_guest_destroy(name);
	cr_assert_eq(bed_guest_start(name, options), 0, "%s: %s", name, bed_error());
}

struct pr_domain *host_domain(struct host_bed *bed, const char *guest)
{
	struct pr_domain *dom = NULL;
	int r = pr_domain_open(bed->host, guest, 0, &dom);

	cr_assert_eq(r, 0, "open %s: got %d: %s", guest, r, pr_host_errmsg(bed->host));
	return dom;
}

void host_open(struct host_bed *bed, const char *guest, uint32_t flags)
{
	int r;

	*bed = (struct host_bed){0};
	cr_assert_eq(pr_ctx_new(&bed->ctx), 0, "no context");
	r = pr_host_open(bed->ctx, bed_uri(), flags, &bed->host);
	cr_assert_eq(r, 0, "open %s: got %d: %s", bed_uri(), r, pr_ctx_errmsg(bed->ctx));
	if (guest)
		bed->dom = host_domain(bed, guest);
}

void host_close(struct host_bed *bed)
{
	pr_domain_close(bed->dom);
	pr_host_close(bed->host);
	pr_ctx_unref(bed->ctx);
	/* Threads end behind our back; leaks are looked for when this process ends, and what a
	 * library keeps for a thread that is just ending then looks like one. */
	host_sleep_ms(WORKER_END_MS);
}

void host_set(struct pr_domain *dom, const char *attribute, const char *instance, const char *value,
	      uint32_t flags)
{
	int r = pr_set_str(dom, attribute, instance, value, flags);

	cr_assert_eq(r, 0, "set %s[%s]=%s flags 0x%x: got %d: %s", attribute,
		     instance ? instance : "", value, flags, r, pr_domain_errmsg(dom));
}

/* The text that the library gives for a value that it took in another form. */
static void canonical(const char *attribute, const char *value, char *text, size_t size)
{
	struct pr_value parsed = {.size = sizeof(parsed)};
	char buffer[256];

	cr_assert_eq(pr_value_parse(NULL, attribute, value, 0, &parsed, buffer, sizeof(buffer)), 0,
		     "%s: \"%s\" does not parse", attribute, value);
	cr_assert_eq(pr_value_format(NULL, attribute, &parsed, text, size, 0), 0,
		     "%s: \"%s\" cannot be formatted", attribute, value);
}

void host_expect(struct pr_domain *dom, const char *attribute, const char *instance,
		 const char *value, uint32_t mode)
{
	const char *got = NULL;
	char wanted[256];
	int r;

	canonical(attribute, value, wanted, sizeof(wanted));
	r = pr_get_str(dom, attribute, instance, &got, mode);
	cr_assert_eq(r, 0, "get %s: wanted %s, got %d: %s", attribute, wanted, r,
		     pr_domain_errmsg(dom));
	cr_assert_str_eq(got, wanted, "%s[%s] mode %u: wanted %s, got %s", attribute,
			 instance ? instance : "", mode, wanted, got);
}

uint64_t host_number(struct pr_domain *dom, const char *attribute)
{
	uint64_t value = 0;
	int r = pr_get_u64(dom, attribute, NULL, &value, 0);

	cr_assert_eq(r, 0, "get %s: got %d: %s", attribute, r, pr_domain_errmsg(dom));
	return value;
}

void host_expect_refused(struct pr_domain *dom, int result, int code, const char *part)
{
	const char *text = pr_domain_errmsg(dom);

	cr_assert_eq(result, code, "wanted %d (%s), got %d: %s", code, strerror(-code), result,
		     text);
	cr_assert(strstr(text, part), "wanted a text with \"%s\", got: %s", part, text);
}

void host_virsh(char out[HOST_OUTPUT_MAX], const char *arguments)
{
	int r = bed_virsh(out, HOST_OUTPUT_MAX, "%s", arguments);
	size_t length;

	cr_assert_eq(r, 0, "virsh %s: status %d: %s", arguments, r, bed_error());
	length = strlen(out);
	while (length > 0 && (out[length - 1] == '\n' || out[length - 1] == ' '))
		out[--length] = '\0';
}

uint64_t host_balloon(const char *guest)
{
	unsigned long long kib = 0;
	char out[2048] = "";

	cr_assert_eq(bed_virsh(out, sizeof(out), "dommemstat %s", guest), 0, "%s: %s", guest,
		     bed_error());
	cr_assert_eq(sscanf(out, "actual %llu", &kib), 1, "%s: no actual in: %s", guest, out);
	return (uint64_t)kib * 1024;
}

void host_inflate(struct pr_domain *dom, uint64_t bytes)
{
	int r = pr_mem_balloon(dom, bytes, PRALLOC_ALLOW_HARM);

	cr_assert_eq(r, 0, "balloon: got %d: %s", r, pr_domain_errmsg(dom));
	r = pr_mem_balloon_wait(dom, bytes, HOST_PATIENCE_MS, NULL, 0);
	cr_assert_eq(r, 0, "balloon wait: got %d: %s", r, pr_domain_errmsg(dom));
}

void host_agent(const char *guest, const char *line)
{
	cr_assert_eq(bed_agent(NULL, 0, guest, "%s", line), 0, "%s: %s: %s", guest, line,
		     bed_error());
}

void host_kill_libvirtd(void)
{
	cr_assert_eq(bed_libvirtd_signal(SIGKILL), 0, "%s", bed_error());
	while (bed_libvirtd_pid() > 0)
		host_sleep_ms(20);
}

void host_restart_libvirtd(const char *guest)
{
	uint64_t end_ms = host_now_ms() + HOST_PATIENCE_MS;

	cr_assert_eq(bed_libvirtd_restart(), 0, "%s", bed_error());
	while (bed_virsh(NULL, 0, "schedinfo %s --live", guest) != 0 && host_now_ms() < end_ms)
		host_sleep_ms(20);
	cr_assert_eq(bed_virsh(NULL, 0, "schedinfo %s --live", guest), 0, "%s: %s", guest,
		     bed_error());
}

uint64_t host_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void host_sleep_ms(unsigned int ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* A test has one standard error, and one process of its own. */
static int kept_stderr = -1;

void host_silence_begin(void)
{
	int file = memfd_create("stderr", MFD_CLOEXEC);

	kept_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	cr_assert(file >= 0 && kept_stderr >= 0, "stderr: %s", strerror(errno));
	dup2(file, STDERR_FILENO);
	close(file);
}

void host_silence_end(void)
{
	char text[1024] = "";
	ssize_t n;

	if (kept_stderr < 0)
		return;
	n = pread(STDERR_FILENO, text, sizeof(text) - 1, 0);
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	kept_stderr = -1;
	cr_assert_eq(n, 0, "wanted nothing on stderr, got %zd bytes: %s", n, text);
}
