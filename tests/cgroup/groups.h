/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of a test's own in the hierarchies of this kernel, whatever version, and loads in them. */
#ifndef PRALLOC_TEST_GROUPS_H
#define PRALLOC_TEST_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pralloc.h>

#define GROUPS_MOUNTS_MAX 16
#define GROUPS_MAX 4
#define GROUPS_WINDOWS 3
#define LOADS_MAX 8

#define MIB (UINT64_C(1) << 20)

struct groups_mount {
	int version;
	char path[256];
	char controllers[128]; /* ",cpu,cpuacct," on v1 */
};

/* A parent group and groups below it, in every hierarchy, and a host that is the parent. */
struct groups {
	struct groups_mount mounts[GROUPS_MOUNTS_MAX];
	size_t mount_count;
	char name[64]; /* of the parent: "pralloc-effect.123" */
	char uri[96];  /* "cgroup:///pralloc-effect.123" */
	const char *children[GROUPS_MAX];
	size_t child_count;
	struct pr_ctx *ctx;
	struct pr_host *host;
	struct pr_domain *doms[GROUPS_MAX];
	pid_t loads[LOADS_MAX];
	size_t load_count;
};

/* Make the groups (names NULL-terminated) and open them as domains, but for those below another
 * ("a/vcpu0"). */
void groups_open(struct groups *groups, const char *const *names);
/* End the loads, remove the groups. */
void groups_close(struct groups *groups);

/* 1 or 2: the version that has a controller ("cpu", "memory", "io"); 0 for none. */
int groups_version(const struct groups *groups, const char *controller);
/* The file of a group, as `cat` shows it; child -1: the parent's. */
void groups_cat(const struct groups *groups, const char *controller, int child, const char *file,
		char *text, size_t size);
uint64_t groups_number(const struct groups *groups, const char *controller, int child,
		       const char *file);

/* Run a function for ever in a child process in that group; returns its index. */
size_t groups_load(struct groups *groups, int child, void (*load)(void *data), void *data);
/* CPU time of a load so far, in nanoseconds, as the kernel's clock of the process has it. */
uint64_t groups_cpu_ns(const struct groups *groups, size_t load);

/* Memory that is zeroed, seen by the loads too, and never given back. */
void *groups_shared(size_t size);

/* An endless loop on that CPU (a pointer to an int). */
void load_cpu(void *cpu);

void pause_ms(unsigned int ms);
uint64_t monotonic_ns(void);
/* The middle one of n values, n at most 3; of two the mean. */
double median(const double *values, size_t n);
/* Whether a value is that percentage of the ideal one away from it at most. */
bool is_within(double value, double ideal, double percent);

/* Print what was measured: it is what the test is for. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXPECT_OK(call, handle_message) cr_assert_eq((call), 0, #call ": %s", handle_message)
#define SET_OK(groups, child, call) EXPECT_OK(call, pr_domain_errmsg((groups)->doms[child]))

#endif /* PRALLOC_TEST_GROUPS_H */
