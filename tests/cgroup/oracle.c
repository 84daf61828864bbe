/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the library sets, libcgroup's cgget reads, and the library reads what cgset has set. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"

#define TEXT_MAX 256

struct setting {
	const char *attribute, *controller;
	uint64_t value;
	struct {
		const char *file, *text, *other;
	} on[2]; /* v1, v2: no file where there is none */
	uint64_t other;
};

static const struct setting settings[] = {
	{"cpu.shares",
	 "cpu",
	 2048,
	 {{"cpu.shares", "2048", "512"}, {"cpu.weight", "200", "50"}},
	 512},
	{"cpu.quota",
	 "cpu",
	 30000,
	 {{"cpu.cfs_quota_us", "30000", "70000"}, {"cpu.max", "30000 100000", "70000 100000"}},
	 70000},
	{"mem.hard_limit",
	 "memory",
	 512 * MIB,
	 {{"memory.limit_in_bytes", "536870912", "268435456"},
	  {"memory.max", "536870912", "268435456"}},
	 256 * MIB},
	{"mem.soft_limit",
	 "memory",
	 64 * MIB,
	 {{"memory.soft_limit_in_bytes", "67108864", "33554432"},
	  {"memory.low", "67108864", "33554432"}},
	 32 * MIB},
	{"mem.throttle",
	 "memory",
	 128 * MIB,
	 {{NULL, NULL, NULL}, {"memory.high", "134217728", "100663296"}},
	 96 * MIB},
	{"mem.guarantee",
	 "memory",
	 32 * MIB,
	 {{NULL, NULL, NULL}, {"memory.min", "33554432", "16777216"}},
	 16 * MIB},
};

static bool has_tools(void)
{
	return system("command -v cgget cgset >/dev/null") == 0; /* NOLINT(cert-env33-c) */
}

/* The first line that a command prints. */
static void ask(const char *command, char text[TEXT_MAX])
{
	FILE *pipe = popen(command, "re"); /* NOLINT(cert-env33-c) */

	cr_assert(pipe);
	if (!fgets(text, TEXT_MAX, pipe))
		*text = '\0';
	text[strcspn(text, "\n")] = '\0';
	cr_assert_eq(pclose(pipe), 0, "%s", command);
}

static void compare(struct groups *groups, const struct setting *setting)
{
	int version = groups_version(groups, setting->controller);
	const char *file = version ? setting->on[version - 1].file : NULL;
	struct pr_domain *dom = groups->doms[0];
	char command[2 * TEXT_MAX], text[TEXT_MAX];
	uint64_t value = 0;

	if (!file)
		return;
	SET_OK(groups, 0,
	       pr_set_u64(dom, setting->attribute, NULL, setting->value, PRALLOC_ANCESTORS));
	snprintf(command, sizeof(command), "cgget -nv -r %s %s/a", file, groups->name);
	ask(command, text);
	cr_expect_str_eq(text, setting->on[version - 1].text, "cgget reads %s of %s", text,
			 setting->attribute);
	groups_cat(groups, setting->controller, 0, file, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	cr_expect_str_eq(text, setting->on[version - 1].text, "cat reads %s of %s", text,
			 setting->attribute);
	snprintf(command, sizeof(command), "cgset -r '%s=%s' %s/a 2>&1", file,
		 setting->on[version - 1].other, groups->name);
	ask(command, text);
	SET_OK(groups, 0, pr_get_u64(dom, setting->attribute, NULL, &value, 0));
	cr_expect_eq(value, setting->other, "after cgset %s is %" PRIu64, setting->attribute,
		     value);
	SET_OK(groups, 0, pr_domain_reset(dom, setting->attribute, NULL, 0));
	tell("%s: cgget, cat and cgset agree (v%d)", setting->attribute, version);
}

Test(oracle, cgget_cat_and_cgset)
{
	static const char *const names[] = {"a", NULL};
	struct groups groups;

	if (!has_tools())
		cr_skip_test("cgget and cgset are not installed (cgroup-tools)");
	groups_open(&groups, names);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		compare(&groups, &settings[i]);
	groups_close(&groups);
}
