/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests with real guests share.  They run in a bed (tests/vm/bed.sh run) and use the
 * public headers alone.  A guest is started by the first test that needs it, stays for the tests
 * behind it, and goes with the program (HOST_GUESTS).
 */
#ifndef PRALLOC_TESTS_HOST_H
#define PRALLOC_TESTS_HOST_H

#include <stdint.h>

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <pralloc.h>

#include "bed.h"

#define MIB (UINT64_C(1) << 20)
/* For anything that a guest has to do while the machine is busy. */
#define HOST_PATIENCE_MS 60000
#define HOST_TEST_SECONDS 150

/* Remove guests when all tests are done, whatever became of them. */
#define HOST_GUESTS(...)                                                                           \
	ReportHook(POST_ALL)(struct criterion_global_stats * stats)                                \
	{                                                                                          \
		static const char *const names[] = {__VA_ARGS__};                                  \
		(void)stats;                                                                       \
		for (size_t i = 0; bed_available(NULL) && i < sizeof(names) / sizeof(*names); i++) \
			bed_guest_destroy(names[i]);                                               \
	}

/* An open domain. */
struct host_bed {
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *dom;
};

/* Skips the test outside a bed. */
void host_need_bed(void);
/* The guest runs and answers; it is started where it does not. */
void host_need_guest(const char *name, const struct bed_guest_options *options);

/* What fails in these fails the test. */
void host_open(struct host_bed *bed, const char *guest, uint32_t flags);
struct pr_domain *host_domain(struct host_bed *bed, const char *guest);
void host_close(struct host_bed *bed);

/* Set a value and read one, as text. */
void host_set(struct pr_domain *dom, const char *attribute, const char *instance, const char *value,
	      uint32_t flags);
void host_expect(struct pr_domain *dom, const char *attribute, const char *instance,
		 const char *value, uint32_t mode);
uint64_t host_number(struct pr_domain *dom, const char *attribute);
/* A call was refused with this code, and the text of dom has this part. */
void host_expect_refused(struct pr_domain *dom, int result, int code, const char *part);

/* What virsh prints, without blanks at the end.  The buffer is the caller's. */
#define HOST_OUTPUT_MAX 32768
void host_virsh(char out[HOST_OUTPUT_MAX], const char *arguments);
/* The balloon's size as virsh tells it, in bytes. */
uint64_t host_balloon(const char *guest);
/* Bring the balloon to a size, whatever the guest holds, and wait for it. */
void host_inflate(struct pr_domain *dom, uint64_t bytes);
void host_agent(const char *guest, const char *line);

/* It is gone when this returns. */
void host_kill_libvirtd(void);
/* Until it knows the guest's cgroup again: it answers before, and says that there is none. */
void host_restart_libvirtd(const char *guest);

uint64_t host_now_ms(void);
void host_sleep_ms(unsigned int ms);

/* Between the two, nothing may arrive on standard error. */
void host_silence_begin(void);
void host_silence_end(void);

/* A test with an open domain that lets nothing arrive there.  (An assertion in .fini fails
 * nothing.) */
#define HOST_QUIET_TEST(suite, name, bed, guest)                                                   \
	static void name(void);                                                                    \
	Test(suite, name)                                                                          \
	{                                                                                          \
		host_silence_begin();                                                              \
		host_open(bed, guest, 0);                                                          \
		name();                                                                            \
		host_close(bed);                                                                   \
		host_silence_end();                                                                \
	}                                                                                          \
	static void name(void)

#endif /* PRALLOC_TESTS_HOST_H */
